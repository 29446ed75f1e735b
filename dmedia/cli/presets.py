"""dmedia presets: list, show and check presets."""

from __future__ import annotations

import json
import os

import click

from dmedia.cli.options import PATH

PRESET_FILE = click.option("--preset-file", multiple=True, type=PATH, metavar="FILE", help="Read this preset file too.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(short_help="List, show and check presets.")
def command() -> None:
    """List, show and check presets: named operations with their parameters, in TOML files."""


@command.command("list")
@PRESET_FILE
@AS_JSON
def list_presets(preset_file: tuple[bytes, ...], *, as_json: bool) -> int:
    """List presets: dmedia's own, those in your configuration directory and in ./presets."""
    from dmedia.api.presets import list_presets as read_all

    presets = read_all(preset_file)
    if as_json:
        click.echo(json.dumps(presets))
        return 0
    for preset in presets:
        told = f"not valid: {preset['error']}" if "error" in preset else preset["description"]
        click.echo(f"{preset['name']:<16} {told}")
    return 0


@command.command()
@click.argument("name")
@PRESET_FILE
@AS_JSON
def show(name: str, preset_file: tuple[bytes, ...], *, as_json: bool) -> int:
    """Show what a preset does."""
    from dmedia.api.presets import preset_document
    from dmedia.presets import load_preset

    preset = load_preset(name, preset_file)
    if as_json:
        click.echo(json.dumps(preset_document(preset)))
        return 0
    click.echo(f"{preset.name}: {preset.description}")
    for recipe in preset.recipes:
        if recipe.name:
            click.echo(f"  rendition {recipe.name}")
        click.echo(f"  operation = {recipe.operation}")
        for parameter, value in recipe.parameters.given().items():
            click.echo(f"  {parameter} = {value}")
    for manifest in preset.manifests:
        click.echo(f"  manifest = {manifest}")
    click.echo(f"  from {os.fsdecode(preset.path)}")
    return 0


@command.command()
@click.argument("file", type=PATH)
def check(file: bytes) -> int:
    """Check a preset file; say what is wrong with it and where."""
    from dmedia.presets import read_preset

    preset = read_preset(file)
    several = f", {len(preset.recipes)} renditions" if len(preset.recipes) > 1 else ""
    click.echo(f"{preset.name}: valid, {preset.operation} with {len(preset.parameters.given())} parameters{several}")
    return 0
