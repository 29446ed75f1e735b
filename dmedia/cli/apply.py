"""dmedia apply: process files by a preset."""

from __future__ import annotations

from typing import Any

import click

from dmedia.cli.launch import launch
from dmedia.cli.options import (
    INPUT,
    JOB_PARAMETERS,
    PATH,
    make_command,
    option,
    output_directory,
    read_inputs,
    read_limits,
    read_policies,
)
from dmedia.model import JobSpec
from dmedia.operations import find_operation


def apply(**values: Any) -> int:
    """Process files by a preset."""
    from dmedia.presets import load_preset

    inputs = read_inputs(values)
    preset = load_preset(values["preset"], values["preset_file"])
    spec = JobSpec(
        operation=preset.operation,
        parameters=preset.parameters,
        inputs=inputs,
        output_directory=output_directory(values),
        policies=read_policies(values),
        limits=read_limits(values),
        preset=preset.name,
        accepts=find_operation(preset.operation).accepts,
    )
    return launch(spec, values)


command = make_command(
    "apply",
    "Process files by a preset: a named operation with its parameters. See: dmedia presets list",
    [
        click.Argument(["preset"], metavar="PRESET"),
        *JOB_PARAMETERS,
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
