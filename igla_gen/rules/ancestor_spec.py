"""A spec in the form of the ancestor is not compiled."""

from __future__ import annotations

from igla_gen.rules.base import Rule
from igla_gen.rules.examples import OLD_SPEC, SOUND, component, old

RULE = Rule(
    code="IG511",
    name="ancestor-spec",
    what=(
        "A spec in the form of the public ancestor: another language, keys of its own, no "
        "module path."
    ),
    why=(
        "Such a spec says in prose what igla-gen wants as data, and a compiler that skipped it "
        "would leave out a module without a word. `igla-gen import OLD.vibee -o NEW.vibee` "
        "writes it in the form of today with every line kept, each behaviour pending."
    ),
    bad=old(OLD_SPEC),
    good=component(SOUND),
    severity="error",
)
