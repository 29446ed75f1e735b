"""dmedia info: what media files say about themselves."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from dmedia.cli.options import PATH
from dmedia.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.model import MediaInfo
    from dmedia.report.media_document import MediaDocument, UndescribedDocument

SOME_FAILED = 3


@click.command(short_help="Show what photos and films say about themselves: size, colours, camera, codecs.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=PATH)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list with one object a file.")
def command(files: tuple[bytes, ...], *, as_json: bool) -> int:
    """Show what photos and films say about themselves.

    Only headers are read, in the sandbox of a slot: whether a file is whole shows when it
    is processed. Whether a file tells a position is shown, the position itself is not.
    """
    documents = []
    failed = False
    for path, found in _told(files):
        failed |= isinstance(found, MediaError)
        if as_json:
            documents.append(_document(path, found))
        else:
            click.echo(_line(path, found))
    if as_json:
        click.echo(json.dumps(documents))
    return SOME_FAILED if failed else 0


def _told(files: tuple[bytes, ...]) -> Iterator[tuple[bytes, MediaInfo | MediaError]]:
    """Ask one slot about all files, one after the other."""
    from dmedia.api.anchors import anchored
    from dmedia.catalog.given import absolute
    from dmedia.run.single import describe_by, describing

    with describing() as slot:
        for path in [absolute(anchored(file)) for file in files]:
            try:
                yield path, describe_by(slot, path)
            except MediaError as error:
                yield path, error


def _document(path: bytes, found: MediaInfo | MediaError) -> MediaDocument | UndescribedDocument:
    from dmedia.report.media_document import media_document, undescribed_document

    return undescribed_document(found, path) if isinstance(found, MediaError) else media_document(found, path)


def _line(path: bytes, found: MediaInfo | MediaError) -> str:
    from dmedia.report.media_document import media_line
    from dmedia.report.summary import printable

    if isinstance(found, MediaError):
        told = found.message + (f" (hint: {found.hint})" if found.hint else "")
        return f"{printable(path)}: {printable(told.encode())}"
    return f"{printable(path)}: {media_line(found)}"
