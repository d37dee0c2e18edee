"""The generated trainer as a user runs it: real processes, signals, kills, damage, full disks, bad input.

The text is CPython's own standard library, cut short; the model is that of --smoke.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from igla.data.shards import verify_shards
from igla.distributed.checkpointing import verify_checkpoint
from igla.recipes import quickstart
from tests.oracles.forking import Server, serve

STDLIB = Path(sysconfig.get_path("stdlib"))
TRAINER = [sys.executable, "-m", "igla.recipes.quickstart", "--smoke"]
SMALL = [
    *("--training.threads", "1", "--tokenizer.num-threads", "1", "--tokenizer.vocab-size", "360"),
    *("--training.steps", "40", "--training.sequence-length", "64", "--training.batch-size", "8"),
    *("--documents.held-out-fraction", "0.2", "--checkpoint.every-steps", "4"),
    *("--training.precision", "float32", "--export.gguf", "f32", "q8_0"),
]  # 40 steps of 512 tokens go over the text about twice
TINY = [
    *("--training.steps", "16", "--training.sequence-length", "32", "--training.batch-size", "4"),
    *("--checkpoint.every-steps", "2", "--export.gguf", "f32"),
]  # a second, of which the steps are a half
KILLS = 50
RESULTS = ("model/model.safetensors", "model-f32.gguf", "model-q8_0.gguf", "log.jsonl")
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten short files."""
    folder = tmp_path_factory.mktemp("texts")
    for path in sorted((STDLIB / "email").glob("*.py"))[:10]:
        (folder / path.name).write_bytes(path.read_bytes()[:2500])
    return folder


def command(texts: Path, out: Path, *more: str) -> list[str]:
    return [*TRAINER, "--data", str(texts), "--out", str(out), *SMALL, *more]


def run(arguments: list[str], timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, capture_output=True, text=True, timeout=timeout, env=ENVIRONMENT, check=False
    )


def listen() -> None:
    """In the child, before it becomes the trainer: what runs in the background of a shell ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        preexec_fn=listen,
    )


def wait_until(process: subprocess.Popen[str], condition: Callable[[], object]) -> None:
    """Returns when the condition holds or the process has ended."""
    deadline = time.monotonic() + 120
    while process.poll() is None and not condition():
        assert time.monotonic() < deadline, "nothing happened in two minutes"


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def steps_done(out: Path) -> int:
    log = out / "log.jsonl"  # its first line is the evaluation before step 1
    return max(log.read_bytes().count(b"\n") - 1, 0) if log.exists() else 0


def leftovers(folder: Path) -> list[str]:
    """Files and folders of something half-written, whatever their part of the run."""
    marks = (".partial", ".tmp", ".old", ".replaced")
    return [str(p) for p in folder.rglob("*") if p.name.startswith(".") or p.name.endswith(marks)]


def assert_same_results(out: Path, unbroken: Path, names: Sequence[str] = RESULTS) -> None:
    assert not leftovers(out)
    for name in names:
        assert (out / name).read_bytes() == (unbroken / name).read_bytes(), name
    results = [json.loads((folder / "result.json").read_bytes()) for folder in (out, unbroken)]
    assert results[0] == results[1]


def assert_sentence(done: subprocess.CompletedProcess[str], saying: str) -> None:
    """Standard error ends with a sentence, and the exit status is 1."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    *_, last = done.stderr.splitlines()  # after the progress of a run that had begun
    assert last.startswith("error: ") and saying.lower() in last.lower(), done.stderr


@pytest.fixture(scope="module")
def unbroken(texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nothing interrupts."""
    out = tmp_path_factory.mktemp("unbroken") / "run"
    done = run(command(texts, out))
    assert done.returncode == 0, done.stderr
    state = json.loads((out / "checkpoints" / "step-00000040" / "state.json").read_bytes())
    assert state["reader"]["epoch"] >= 1, "the run must cross an epoch bound"
    assert not leftovers(out)
    return out


# 1. A whole run.


def test_a_whole_run_is_proved_by_llama_cpp(texts: Path, tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp")
    out = tmp_path / "run"
    kinds = ["--export.llama-cpp", "--export.gguf", "f32", "f16", "q8_0"]
    done = run(command(texts, out, *kinds))
    assert done.returncode == 0, done.stderr
    assert "llama.cpp goes on from" in done.stdout and done.stdout.count("max |d logit|") == 3
    for name in ("unigram", "gzip -9", "bits per byte:"):
        assert name in done.stdout
    assert "tokens/s" in done.stdout + done.stderr and "ETA" in done.stdout + done.stderr
    assert {path.name for path in out.iterdir()} == {
        "checkpoints",
        "data",
        "log.jsonl",
        "loss.png",
        "model",
        "model-f16.gguf",
        "model-f32.gguf",
        "model-q8_0.gguf",
        "report.html",
        "result.json",
        "speed.jsonl",
    }
    assert {path.name for path in (out / "model").iterdir()} >= {"config.json", "model.safetensors"}
    assert not leftovers(out)
    parity = json.loads((out / "result.json").read_bytes())["parity"]
    assert parity["f32"]["max_abs"] <= 1e-4 and parity["f32"]["argmax_agreement"] == 1
    assert parity["f32"]["max_abs"] < parity["f16"]["max_abs"] < parity["q8_0"]["max_abs"] < 0.5


# 2. Signals and kills: the same command again ends with the same bits.


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_state(
    texts: Path, unbroken: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "run"
    process = start(command(texts, out, "--checkpoint.every-steps", "100"))
    wait_until(process, lambda: steps_done(out) >= 9)
    process.send_signal(number)
    status, said, wrong = finish(process)
    assert status == 128 + number, wrong
    done = steps_done(out)
    assert 9 <= done < 40, "the signal came too late"
    assert f"interrupted after step {done}, state saved; run the same command again" in said
    assert "Traceback" not in wrong
    assert (out / "checkpoints" / f"step-{done:08d}").is_dir()
    assert not leftovers(out)
    again = run(command(texts, out, "--checkpoint.every-steps", "100"))
    assert again.returncode == 0, again.stderr
    assert f"going on from the checkpoint of step {done}" in again.stdout
    assert_same_results(out, unbroken)


@pytest.mark.slow
def test_signals_at_one_step_after_the_other(texts: Path, unbroken: Path, tmp_path: Path) -> None:
    """Both signals in turn, in many places of one run, until it ends."""
    out, stops = tmp_path / "run", []
    for step in (1, 6, 13, 14, 22, 31, 39):
        process = start(command(texts, out))
        process.stdout.readline()  # it runs, all is imported
        wait_until(process, lambda least=step: steps_done(out) >= least)
        process.send_signal((signal.SIGINT, signal.SIGTERM)[len(stops) % 2])
        stops.append(finish(process)[0])
        assert not leftovers(out)
    assert set(stops) <= {130, 143, 0} and stops[:3] == [130, 143, 130]
    assert run(command(texts, out)).returncode == 0
    assert_same_results(out, unbroken)


def test_a_kill_in_a_step_costs_the_steps_since_the_checkpoint(
    texts: Path, unbroken: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    process = start(command(texts, out))
    wait_until(process, lambda: steps_done(out) >= 10)
    process.kill()
    assert finish(process)[0] == -signal.SIGKILL
    assert 10 <= steps_done(out) < 40, "the kill came too late"
    again = run(command(texts, out))
    assert again.returncode == 0, again.stderr
    assert "going on from the checkpoint of step " in again.stdout
    assert_same_results(out, unbroken)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(__file__)
    yield server
    server.close()


@pytest.mark.slow
def test_killed_at_any_moment_ends_as_if_never_stopped(
    server: Server, texts: Path, tmp_path: Path
) -> None:
    """From the first document to the exported model: killed until the run has ended, again and again."""
    arguments = ["--data", str(texts), *SMALL, *TINY]
    begin = time.monotonic()
    assert server.call("train", *arguments, "--out", tmp_path / "whole") == 0
    seconds = time.monotonic() - begin
    chance, latest = random.Random(0), 0.7 * seconds
    killed, runs, phases = 0, 0, dict.fromkeys(("data", "first", "steps", "results"), 0)
    while killed < KILLS:
        runs += 1
        assert runs < KILLS, "the kills come too late"
        out, status = tmp_path / str(runs), -signal.SIGKILL
        while status != 0:
            pid = server.start("train", *arguments, "--out", out)
            if killed < KILLS:
                time.sleep(chance.uniform(0, latest))
                with contextlib.suppress(ProcessLookupError):  # it has finished
                    os.kill(pid, signal.SIGKILL)
            status = server.wait()
            assert status in (0, -signal.SIGKILL)
            killed += status != 0
            latest *= 1.02 if status else 0.9  # other work may slow the machine down, or end
            phases[phase(out)] += status != 0
            assert_what_has_a_name_is_whole(out)
        assert_same_results(out, tmp_path / "whole", [name for name in RESULTS if "q8_0" not in name])
    print(f"{killed} kills in {runs} runs: {phases}; one run takes {seconds:.1f} s")
    assert all(phases.values()), f"not every part of a run was cut off: {phases}"


def phase(out: Path) -> str:
    """How far a run came."""
    if (out / "checkpoints" / "step-00000016").exists():
        return "results"
    if any(out.glob("checkpoints/step-*")):
        return "steps"
    return "first" if (out / "data" / "prepared.json").exists() else "data"


def assert_what_has_a_name_is_whole(out: Path) -> None:
    """Checkpoints, shards and results are there in full or not at all."""
    for checkpoint in out.glob("checkpoints/step-*"):
        assert verify_checkpoint(checkpoint) == []
    for manifest in out.glob("data/shards/*/manifest.json"):
        assert verify_shards(manifest.parent) == []
    if (out / "result.json").exists():
        json.loads((out / "result.json").read_bytes())


def train(*arguments: str) -> None:
    """What the forked processes do."""
    assert quickstart.main(["--smoke", *arguments]) == 0


@pytest.mark.slow
def test_kills_in_the_middle_of_saving(texts: Path, unbroken: Path, tmp_path: Path) -> None:
    """Killed as soon as half a checkpoint is seen, a few times in one run."""
    out, torn = tmp_path / "run", 0
    each_step = command(texts, out, "--checkpoint.every-steps", "1")
    checkpoints = out / "checkpoints"
    for attempt in range(10):
        process = start(each_step)
        least = 3 * attempt + 2
        wait_until(
            process,
            lambda enough=least: steps_done(out) >= enough and any(checkpoints.glob(".*.partial")),
        )
        process.kill()
        finish(process)
        torn += bool(list(checkpoints.glob(".*.partial")))
    assert torn >= 3, "too few kills came while a checkpoint was written"
    again = run(each_step)
    assert again.returncode == 0, again.stderr
    assert_same_results(out, unbroken)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("moment", [0.0, 0.1, 0.3, 0.6])
def test_a_signal_while_the_data_are_prepared(
    tmp_path: Path, number: signal.Signals, moment: float
) -> None:
    """So many seconds after the tokenizer's training has begun; a late one meets the first steps."""
    out = tmp_path / "run"
    arguments = command(
        STDLIB / "email", out, "--tokenizer.vocab-size", "1000", "--training.steps", "60",
        "--documents.held-out-fraction", "0.2",
    )  # fmt: skip
    process = start(arguments)
    assert any("training a tokenizer" in line for line in process.stdout)
    time.sleep(moment)
    process.send_signal(number)
    status, said, wrong = finish(process)
    assert "Traceback" not in wrong
    if number == signal.SIGKILL:
        assert status == -number
    else:
        assert status == 128 + number, wrong
        assert "run the same command again" in said
        assert not leftovers(out)
    again = run(arguments)
    assert again.returncode == 0, again.stderr
    assert not leftovers(out)


# 3. Damage: refused by name, and the checkpoint before it used.


@pytest.fixture(scope="module")
def stopped(texts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that was killed after the second checkpoint at the earliest."""
    out = tmp_path_factory.mktemp("stopped") / "run"
    process = start(command(texts, out))
    wait_until(process, lambda: steps_done(out) >= 13)
    process.kill()
    finish(process)
    assert len(list((out / "checkpoints").glob("step-*"))) >= 2
    return out


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage, name",
    [
        (cut, "model.safetensors"),
        (flip, "optimizer.safetensors"),
        pytest.param(flip, "model.safetensors", marks=pytest.mark.slow),
        pytest.param(flip, "state.json", marks=pytest.mark.slow),
        pytest.param(cut, "rng.safetensors", marks=pytest.mark.slow),
        pytest.param(cut, "manifest.json", marks=pytest.mark.slow),
        pytest.param(Path.unlink, "optimizer.json", marks=pytest.mark.slow),
    ],
)
def test_a_damaged_checkpoint_is_refused_by_name(
    texts: Path,
    unbroken: Path,
    stopped: Path,
    tmp_path: Path,
    damage: Callable[[Path], None],
    name: str,
) -> None:
    out = tmp_path / "run"
    shutil.copytree(stopped, out)
    *_, previous, newest = sorted((out / "checkpoints").glob("step-*"))
    damage(newest / name)
    done = run(command(texts, out))
    assert done.returncode == 0, done.stderr
    assert f"{newest.name}/{name}" in done.stdout
    number = int(previous.name.removeprefix("step-"))
    assert f"going on from the checkpoint of step {number}\n" in done.stdout
    assert_same_results(out, unbroken)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tokenizer.model", "tokenizer.json", "shards/train/shard-00000.bin"])
@pytest.mark.parametrize("damage", [cut, flip, Path.unlink])
def test_damaged_data_are_made_again(
    texts: Path,
    unbroken: Path,
    stopped: Path,
    tmp_path: Path,
    damage: Callable[[Path], None],
    name: str,
) -> None:
    out = tmp_path / "run"
    shutil.copytree(stopped, out)
    damage(out / "data" / name)
    done = run(command(texts, out))
    assert done.returncode == 0, done.stderr
    assert_same_results(out, unbroken)


def test_a_report_that_nobody_reads_ends_no_run(texts: Path, tmp_path: Path, unbroken: Path) -> None:
    """As of a run whose `| tee` was killed: not at a line, and not when the process ends."""
    out = tmp_path / "run"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        command(texts, out), stdout=writing, stderr=writing, env=ENVIRONMENT, timeout=120, check=False
    )
    os.close(writing)
    assert done.returncode == 0
    assert_same_results(out, unbroken)


# 4. Bad input: a sentence, exit status 1, nothing half-written.


def test_a_missing_folder(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert_sentence(run(command(tmp_path / "nowhere", out)), "nowhere does not exist")
    assert not out.exists()


def test_a_folder_without_text(tmp_path: Path) -> None:
    out = tmp_path / "run"
    (tmp_path / "bare").mkdir()
    assert_sentence(run(command(tmp_path / "bare", out)), "bare fits *.py")
    for name in ("a.txt", "b.txt", "c.txt"):
        (tmp_path / "bare" / name).write_bytes("é".encode("latin-1"))
    assert_sentence(run(command(tmp_path / "bare", out)), "3 not utf8")
    assert not out.exists()


def test_some_files_that_are_not_utf_8_are_counted(texts: Path, tmp_path: Path) -> None:
    shutil.copytree(texts, tmp_path / "texts")
    (tmp_path / "texts" / "latin.txt").write_bytes("é".encode("latin-1"))
    done = run(command(tmp_path / "texts", tmp_path / "run", "--training.steps", "1"))
    assert done.returncode == 0, done.stderr
    assert ", 1 not utf8\n" in done.stdout


def test_a_vocabulary_that_the_text_cannot_give(texts: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = run(command(texts, out, "--tokenizer.vocab-size", "30000"))
    assert_sentence(done, "a vocabulary of 30000 pieces is larger than the text can give: lower")
    assert not [path for path in out.rglob("*") if path.is_file()]


def test_other_options_than_those_of_the_checkpoint(texts: Path, stopped: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (stopped / "checkpoints").rglob("*")}
    done = run(command(texts, stopped, "--optimizer.learning-rate", "0.5"))
    rate = quickstart.SMOKE.optimizer.learning_rate
    assert_sentence(done, f"optimizer.learning_rate: {rate} then, 0.5 now")
    assert before == {p: p.stat().st_mtime_ns for p in (stopped / "checkpoints").rglob("*")}


@pytest.mark.parametrize(
    "arguments, saying",
    [
        (["--training.step", "3"], "--training.steps"),
        (["--training.steps", "0"], "TrainingConfig needs steps > 0, got steps=0"),
        (["--training.steps", "many"], "Error parsing --training.steps"),
    ],
)
def test_options_that_are_none(tmp_path: Path, arguments: list[str], saying: str) -> None:
    done = run([*TRAINER, "--out", str(tmp_path / "run"), *arguments])
    assert done.returncode == 2
    assert saying in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_query_heads_that_key_heads_do_not_divide(tmp_path: Path) -> None:
    spec = Path(__file__).parents[2] / "specs" / "models" / "igla_tiny.vibee"
    changed = tmp_path / "igla_tiny.vibee"
    changed.write_text(spec.read_text().replace("num_heads: 8", "num_heads: 7"))
    done = run([sys.executable, "-m", "igla_gen", "check", str(changed)])
    assert done.returncode == 1
    assert "num_heads % num_kv_heads == 0 does not hold" in done.stderr + done.stdout
    assert "igla_tiny.vibee:16:14" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


# 5. Disks that cannot be written or are full.

# Room that ends in each part of a run: while the data are prepared, in the first, the second and the third
# checkpoint, and, with one checkpoint alone, in the log's picture and in each exported file.
ROOM = [("8k", 4), ("48k", 4), ("80k", 4), ("120k", 4), ("1m", 4), ("3m", 4)]
ROOM += [(f"{kibibytes}k", 100) for kibibytes in (1268, 1400, 1800, 2150, 2204)]
DISK = """
    mount -t tmpfs -o "$1" tmpfs "$2" || exit 77
    shift 2
    "$@"
"""
FULL_THEN_WIDER = """
    mount -t tmpfs -o "size=$1" tmpfs "$2" || exit 77
    folder="$2"; saved="$3"; shift 3
    "$@"; first=$?
    (cd "$folder" && find . -type f) > "$saved/files"
    mount -o remount,size=100m "$folder"
    "$@" > "$saved/again.txt" 2>&1; echo "$?" > "$saved/status"
    cp -r "$folder/run" "$saved/run"
    exit $first
"""


def on_a_disk(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Mounted for these processes alone; skipped where that is not allowed."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("mounting a disk needs root on Linux")
    done = run(["unshare", "-m", "sh", "-c", script, "sh", *arguments])
    if done.returncode == 77 or done.stderr.startswith("unshare"):
        pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")
    return done


def test_a_read_only_disk(texts: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    done = on_a_disk(DISK, "ro", str(disk), *command(texts, disk / "run"))
    assert_sentence(done, "Read-only file system); name another folder")


@pytest.mark.parametrize(
    "size, every",
    [("4k", 4), ("2m", 4), *(pytest.param(*room, marks=pytest.mark.slow) for room in ROOM)],
)
def test_a_full_disk(size: str, every: int, texts: Path, unbroken: Path, tmp_path: Path) -> None:
    """Wherever the run stops for want of room, the same command goes on when there is more."""
    disk, saved = tmp_path / "disk", tmp_path / "saved"
    disk.mkdir()
    saved.mkdir()
    trainer = command(texts, disk / "run", "--checkpoint.every-steps", str(every))
    arguments = [size, str(disk), str(saved), *trainer]
    done = on_a_disk(FULL_THEN_WIDER, *arguments)
    assert_sentence(done, "no space left on")
    assert str(disk) in done.stderr
    files = [Path(line) for line in (saved / "files").read_text().splitlines()]
    assert not [path for path in files if ".partial" in str(path) or ".tmp" in str(path)]
    assert (saved / "status").read_text() == "0\n", (saved / "again.txt").read_text()
    assert_same_results(saved / "run", unbroken)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        # imports what is imported late, once for all forks
        train("--data", str(STDLIB / "email"), "--out", folder, *SMALL, *TINY)
    serve({"train": train})
