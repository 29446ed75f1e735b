"""What a job writes beside its renditions: how web pages name them, and their checksums."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from dmedia.storage.locations import join
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dmedia.model import FileReport, JobReport, Manifest, Output

MEDIA_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg", "png": "image/png", "gif": "image/gif"}
"""What ``<source type>`` says of formats that browsers show, the smallest files first: a browser takes the first that
it knows (HTML, 4.8.2, The source element). https://www.iana.org/assignments/media-types."""

FALLBACKS = ("jpg", "png", "gif", "webp", "avif")
"""Formats for ``<img>``, those that most browsers know first."""

URL_CHARACTERS = "/~"
"""What stays as it is in a URL beside letters, digits and ``_.-``: a comma or a blank would end a candidate of a srcset
(HTML, 4.8.4.2.1, Srcset attributes)."""


def write_srcset(job: JobReport, files: Iterable[FileReport]) -> Iterator[bytes]:
    """Write how web pages name the renditions of each source: for ``<picture>``, ``<source>`` and ``<img>``.

    Parameters
    ----------
    job : JobReport
        Whose they are.
    files : iterable of FileReport
        Its files that have renditions.

    Yields
    ------
    bytes
        Pieces of a JSON document: ``images`` has, by each source's path below the inputs' base, the ``src``, ``width``
        and ``height`` of an ``<img>`` and ``sources``, each with ``type`` and ``srcset``. Paths are URLs relative to
        the output directory. What is of another shape than the largest rendition is no candidate: it shows another
        part of the picture.
    """
    yield b'{"images": {'
    separator = ""
    for file in files:
        outputs = _alike([output for output in file.outputs if output.format in MEDIA_TYPES])
        if not outputs:
            continue
        name = json.dumps(shown(_below(file.source, job.base)))
        yield f"{separator}\n  {name}: {json.dumps(_picture(job, outputs))}".encode()
        separator = ","
    yield b"\n}}\n"


def write_checksums(job: JobReport, files: Iterable[FileReport]) -> Iterator[bytes]:
    """Write the renditions' checksums as ``sha256sum --check`` reads them, in the output directory.

    Parameters
    ----------
    job, files
        See `write_srcset`.

    Yields
    ------
    bytes
        A line for each rendition. A name with a newline or a backslash is escaped, and its line begins with one
        (GNU coreutils, 6.6, sha2 utilities).
    """
    for file in files:
        for output in file.outputs:
            path = _below(output.path, job.output_directory)
            escaped = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
            yield b"%b%b  %b\n" % (b"\\" if escaped != path else b"", output.sha256.encode(), escaped)


WRITERS: dict[Manifest | str, tuple[str, str, Callable[[JobReport, Iterable[FileReport]], Iterator[bytes]]]] = {
    "srcset": ("srcset{}.json", "application/json", write_srcset),
    "checksums": ("SHA256SUMS{}", "text/plain", write_checksums),
}
"""Of each manifest its name, with a place for the shard's; its media type; and what writes it."""


def _alike(outputs: list[Output]) -> list[Output]:
    """Leave out renditions of another shape than the largest, by more than rounding to whole pixels makes."""
    if not outputs:
        return []
    largest = max(outputs, key=lambda output: output.width * output.height)
    share = largest.height / largest.width
    return [output for output in outputs if abs(output.width * share - output.height) <= 1 + share]


def _picture(job: JobReport, outputs: list[Output]) -> dict[str, object]:
    by_format: dict[str, dict[int, Output]] = {}
    for output in outputs:
        by_format.setdefault(output.format, {}).setdefault(output.width, output)  # a small source has one width often
    fallback = next(by_format[name] for name in FALLBACKS if name in by_format)
    largest = fallback[max(fallback)]
    return {
        "src": _url(job, largest),
        "width": largest.width,
        "height": largest.height,
        "sources": [
            {
                "type": MEDIA_TYPES[name],
                "srcset": ", ".join(
                    f"{_url(job, output)} {width}w" for width, output in sorted(by_format[name].items())
                ),
            }
            for name in MEDIA_TYPES
            if name in by_format
        ],
    }


def _url(job: JobReport, output: Output) -> str:
    return quote(_below(output.path, job.output_directory), safe=URL_CHARACTERS)


def _below(path: bytes, directory: bytes) -> bytes:
    """Tell a path or URL relative to a directory; as it is where it lies elsewhere, or there is none."""
    return path.removeprefix(join(directory, b"")) if directory else path
