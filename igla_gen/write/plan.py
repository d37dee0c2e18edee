"""What a run would write: every file with its text and its origin."""

from __future__ import annotations

from igla_gen.emit.render import Output, package_files, render_units
from igla_gen.emit.templates import is_unbuilt, template_texts
from igla_gen.frozen import frozen
from igla_gen.model.component import BlueprintSpec
from igla_gen.model.library import Library, Unit
from igla_gen.processes import in_parts
from igla_gen.write.manifest import Written, digest, source_digest
from igla_gen.write.reuse import Reuse

FEWEST = 2  # units of a process: to render one takes longer than to begin it


@frozen
class Plan:
    """The files of one run, by path below the output folder."""

    texts: dict[str, str]
    written: dict[str, Written]
    made: list[Output]  # what was not reused


def generating_units(library: Library) -> list[Unit]:
    """The units that become modules; a blueprint becomes one through its instances alone."""
    units = (u for u in library.units.values() if not isinstance(u.spec, BlueprintSpec))
    return sorted((u for u in units if not is_unbuilt(u)), key=lambda unit: unit.module)


def make_plan(
    library: Library, reuse: Reuse | None = None, only: str | None = None, *, processes: int = 1
) -> Plan:
    """Renders every unit of the library, or one module, but for what can be reused; it must be free of errors.

    With more processes than one they share the units.
    """
    units = [u for u in generating_units(library) if only in (None, u.module)]
    kept = {u.module: reuse.outputs(u) if reuse else None for u in units}
    missing = [library.units[module] for module, outputs in kept.items() if outputs is None]

    def rendered(part: list[Unit]) -> list[Output]:
        return render_units(library, part, *([reuse.text_of] if reuse else []))

    parts = in_parts(rendered, missing, processes, FEWEST)
    made = [output for part in parts for output in part]
    outputs = made + [output for found in kept.values() for output in found or []]
    outputs.sort(key=lambda output: (output.module, output.path))
    texts = {output.path: output.text for output in outputs}
    written = {output.path: _written(library, output) for output in outputs}
    for path, text in package_files(outputs):
        texts[path] = text
        written[path] = Written(digest(text), {}, "", "")
    return Plan(texts, written, made)


def _written(library: Library, output: Output) -> Written:
    sources = (unit.source for unit in library.closure(library.units[output.module]))
    return Written(
        sha256=digest(output.text),
        specs={source.shown: source_digest(source.text) for source in sources},
        template=f"templates/{output.template}",
        template_sha256=source_digest(template_texts()[output.template]),
    )
