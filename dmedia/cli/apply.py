"""dmedia apply: process files by a preset."""

from __future__ import annotations

from typing import Any

import click

from dmedia.cli.command import make_command, option
from dmedia.cli.launch import launch
from dmedia.cli.options import HOW_PARAMETERS, INPUT, PATH, WHERE_PARAMETERS, read_spec
from dmedia.operations import find_operation


def apply(**values: Any) -> int:
    """Process files by a preset."""
    from dmedia.presets import load_preset

    preset = load_preset(values["preset"], values["preset_file"])
    operation = find_operation(preset.operation)
    return launch(read_spec(operation, preset.parameters, values, preset.name), values)


command = make_command(
    "apply",
    "Process files by a preset: a named operation with its parameters. See: dmedia presets list",
    [
        click.Argument(["preset"], metavar="PRESET"),
        *WHERE_PARAMETERS,
        *HOW_PARAMETERS,
        option(
            "--preset-file",
            group=INPUT,
            metavar="FILE",
            type=PATH,
            multiple=True,
            help="Read presets from this file too.",
        ),
    ],
    apply,
    "dmedia apply social_media photos -r -o social",
)
