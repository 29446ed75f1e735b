"""dmedia demo: something to try dmedia on."""

from __future__ import annotations

import os
import shlex
from typing import Any

import click

from dmedia.cli.options import PATH


@click.command(short_help="Make a small tree of photos and a film to try dmedia on.")
@click.argument("directory", metavar="DIR", type=PATH)
@click.option("--run", "and_run", is_flag=True, help="Also convert them, make social squares and film thumbnails.")
def command(directory: bytes, *, and_run: bool) -> int:
    """Make a small tree of generated photos and a film below DIR, to try dmedia on."""
    from dmedia.media.demo import make_demo

    made = make_demo(os.path.abspath(directory))
    click.echo(f"{len(made)} photos and films are in {click.format_filename(directory)}")
    return _run_all(directory) if and_run else 0


def _run_all(directory: bytes) -> int:
    """Run three jobs over the demo, as three command lines that a reader can repeat."""
    from dmedia.cli.app import app

    name = shlex.quote(os.path.normpath(os.fsdecode(directory)))
    lines = (
        f"convert {name} -r -o {name}-web --format webp --width 800 --quality 85",
        f"apply social_media {name} -r -o {name}-social",
        f"thumbnail {name} -r -o {name}-thumbs --width 320 --height 240 --format jpg",
    )
    worst = 0
    for line in lines:
        click.echo(f"\n$ dmedia {line}")
        status: Any = app.main(shlex.split(line), prog_name="dmedia", standalone_mode=False)
        worst = max(worst, int(status or 0))
    click.echo(f"\nLook at: {name}-web, {name}-social, {name}-thumbs")
    return worst
