"""dmedia apply: process files by a preset."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from dmedia.cli.command import make_command, option
from dmedia.cli.launch import launch
from dmedia.cli.options import HOW_PARAMETERS, INPUT, OUTPUT, PATH, WHERE_PARAMETERS, read_spec
from dmedia.errors import OutsideRootsError, UsageError
from dmedia.words import quoted


def apply(**values: Any) -> int:
    """Process files by a preset."""
    from dmedia.api.logo import with_logo
    from dmedia.api.work import Work
    from dmedia.presets import load_preset

    refuse_outside(values["preset_file"], values["root"])
    presets = [load_preset(name, values["preset_file"]) for name in (values["preset"], *values["also"])]
    work = Work.by(*presets)
    if values["logo"] is not None:
        recipes = tuple(with_logo(recipe, values["logo"]) for recipe in work.recipes)
        if recipes == work.recipes:
            raise UsageError(
                f"--logo: the preset {work.preset} lays no logo over pictures", "leave it out, or use watermark"
            )
        work = replace(work, recipes=recipes)
    return launch(read_spec(work, values), values)


def refuse_outside(files: tuple[bytes, ...], roots: tuple[bytes, ...]) -> None:
    """Refuse preset files outside the roots: what is wrong with one is told in its own words.

    Raises
    ------
    OutsideRootsError
        It names the first.
    """
    from dmedia.storage.local import is_inside

    for path in files:
        if not is_inside(path, roots):
            raise OutsideRootsError(
                f"The preset file {quoted(path)} leads out of the directories that this job may use",
                "Put it inside one of them, or into the directories that `dmedia presets list --json` names.",
            )


command = make_command(
    "apply",
    "Process files by a preset: a named operation with its parameters. See: dmedia presets list",
    [
        click.Argument(["preset"], metavar="PRESET"),
        *WHERE_PARAMETERS,
        *HOW_PARAMETERS,
        option(
            "--also",
            group=OUTPUT,
            metavar="PRESET",
            multiple=True,
            help="Make this preset's renditions too, of one decoded picture; may be repeated.",
        ),
        option(
            "--preset-file",
            group=INPUT,
            metavar="FILE",
            type=PATH,
            multiple=True,
            help="Read presets from this file too.",
        ),
        option("--logo", group=INPUT, metavar="FILE", help="The logo of a watermark preset that has no text."),
    ],
    apply,
    "dmedia apply social_media photos -r -o social",
)
