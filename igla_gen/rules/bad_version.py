"""A version is one that can be stepped from."""

from __future__ import annotations

from igla_gen.compare.versions import is_version
from igla_gen.model.library import Library, Unit
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Three numbers, as `igla-gen diff` and `breaking` compare them."""
    version = unit.spec.version
    if not is_version(version.text):
        finder.report(
            f"the version is {version.text!r}", version.span, 'write "MAJOR.MINOR.PATCH", as "1.0.0"'
        )


RULE = Rule(
    code="IG428",
    name="bad-version",
    what="A `version` that is not MAJOR.MINOR.PATCH, three numbers.",
    why=(
        "`igla-gen breaking` holds a change against the step that the version made; from one that "
        "is no version there is no step, so that every change of the module would be refused."
    ),
    bad=component(SOUND.replace('"1.0.0"', '"1.0"')),
    good=component(SOUND),
    suppressible=True,
    severity="warning",
    check=check,
)
