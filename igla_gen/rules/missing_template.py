"""A spec has its templates."""

from __future__ import annotations

from pathlib import Path

from igla_gen.emit.templates import is_unbuilt, template_texts
from igla_gen.model.library import Library, Unit
from igla_gen.resources import templates_folder
from igla_gen.rules.base import Finder, Rule
from igla_gen.rules.examples import SOUND, component
from igla_gen.rules.templates import templates_of


def check(finder: Finder, library: Library, unit: Unit) -> None:
    """Module and test template stand at the spec's relative path, unless all of it is pending."""
    names = None if is_unbuilt(unit) else templates_of(library, unit)
    for name in names or ():
        if name not in template_texts():
            hint = "write it, or correct the module path"
            if (Path("templates") / name).is_file():  # here, where nobody looks for it
                hint = f"the one here is not read: move it to {templates_folder().as_posix()}"
            finder.report(f"there is no templates/{name}", unit.spec.module.span, hint)


RULE = Rule(
    code="IG414",
    name="missing-template",
    what="A spec whose module template or test template does not exist.",
    why=(
        "The spec says what is wanted, the template how it is built: without it nothing can be "
        "generated."
    ),
    bad=component(SOUND.replace("architecture.normalization", "architecture.no_such_thing")),
    good=component(SOUND),
    check=check,
)
