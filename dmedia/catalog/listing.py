"""Listings: files that name sources, one a line, separated by NUL bytes, as CSV or as JSON lines."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import stat
import sys
import tempfile
import weakref
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from dmedia.catalog.bounds import Bounds
from dmedia.catalog.given import absolute, reason
from dmedia.errors import MediaError, OutsideRootsError, UsageError
from dmedia.storage.local import leading_out, refuse_outside, refuse_outside_descriptor
from dmedia.storage.locations import is_url, parent
from dmedia.storage.locations import name as name_of
from dmedia.words import nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST_LINE = 2**20
"""Bytes. Far above Linux' longest path (4,096): what has longer lines is no listing."""

LONGEST_NAME = 255
"""Bytes. What a file name may take on ext4, XFS, APFS and NTFS."""


class Entry(NamedTuple):
    """One source of a listing: its absolute path or URL, and the rendition's name where one is asked for."""

    path: bytes
    name: str | None


class Listing:
    """A listing that can be read several times: what is no regular file is copied to a temporary one first.

    Parameters
    ----------
    path : bytes
        Its path; ``-`` is standard input. ``.csv`` and ``.jsonl`` are read as such.
    null_separated : bool
        Whether NUL bytes separate the entries; the extension means nothing then.
    bounds : Bounds
        Where it lies, and what it names.

    Raises
    ------
    UsageError
        When it cannot be read.
    OutsideRootsError
        When it lies outside the bounds: what is no list is told line by line.
    """

    def __init__(self, path: bytes, *, null_separated: bool, bounds: Bounds | None = None) -> None:
        self._title = "standard input" if path == b"-" else quoted(path)
        if is_url(path):
            raise UsageError(f"The listing {self._title} is a URL", "copy it here, or write it to --files-from -")
        self._null_separated = null_separated
        self._bounds = bounds or Bounds()
        self._suffix = b"" if null_separated or path == b"-" else os.path.splitext(path)[1].lower()
        try:
            self._file = self._hold(path)
        except OSError as error:
            raise UsageError(f"Cannot read the listing {self._title}: {reason(error)}") from None
        except MediaError:
            raise leading_out(f"The listing {self._title}", self._bounds.roots) from None
        weakref.finalize(self, self._file.close)

    def _hold(self, path: bytes) -> IO[bytes]:
        if path == b"-":
            return self._spool(sys.stdin.buffer)
        refuse_outside(path, self._bounds.roots, "open")  # before opening: that can do something, or wait
        file = open(path, "rb")  # noqa: SIM115  # kept open: what is read twice must be the same file
        try:
            refuse_outside_descriptor(file.fileno(), path, self._bounds.roots)
        except MediaError:
            file.close()
            raise
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
        with file:
            return self._spool(file)

    def _spool(self, stream: IO[bytes]) -> IO[bytes]:
        copy = tempfile.TemporaryFile(prefix="dmedia-listing-")  # noqa: SIM115  # lives as long as the listing
        shutil.copyfileobj(stream, copy)
        return copy

    def entries(self) -> Iterator[Entry]:
        """Read it from the beginning.

        Yields
        ------
        Entry
            In the order of the listing. Blank lines are skipped.

        Raises
        ------
        UsageError
            When a line cannot be understood; the message names the listing and the line.
        OutsideRootsError
            When one names a file outside the bounds, likewise.
        """
        self._file.seek(0)
        rows = {b".csv": self._csv_rows, b".jsonl": self._json_rows}.get(self._suffix, self._plain_rows)
        for number, path, name in rows():
            try:
                entry = Entry(absolute(path), _checked_name(name))
                self._bounds.refuse(parent(entry.path), entry.path)
            except OutsideRootsError as error:
                raise OutsideRootsError(self._fault(number, error.message).message, error.hint) from None
            except UsageError as error:
                raise self._fault(number, error.message) from None
            if not name_of(entry.path):
                raise self._fault(number, "the root directory is no file")
            yield entry

    def _fault(self, number: int, message: str) -> UsageError:
        unit = "entry" if self._null_separated else "line"
        return UsageError(f"{self._title}, {unit} {number}: {message}")

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        number = 0
        while line := self._file.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                raise self._fault(number, "longer than any path; is it a listing?")
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield number, line.removesuffix(b"\n").removesuffix(b"\r")

    def _plain_rows(self) -> Iterator[tuple[int, bytes, str | None]]:
        if self._null_separated:
            yield from ((number, path, None) for number, path in self._null_separated_entries() if path.strip())
            return
        for number, line in self._lines():
            if b"\0" in line:
                raise self._fault(number, "a NUL byte; paths separated by NUL bytes are read with -0")
            yield number, line, None

    def _null_separated_entries(self) -> Iterator[tuple[int, bytes]]:
        number, rest = 1, b""
        while block := self._file.read(LONGEST_LINE):
            *whole, rest = (rest + block).split(b"\0")
            yield from enumerate(whole, number)
            number += len(whole)
            if len(rest) >= LONGEST_LINE:
                raise self._fault(number, "longer than any path; is it separated by NUL bytes?")
        yield number, rest

    def _csv_rows(self) -> Iterator[tuple[int, bytes, str | None]]:
        text = io.TextIOWrapper(self._file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        try:
            yield from self._csv_rows_of(text)
        finally:
            text.detach()

    def _csv_rows_of(self, text: io.TextIOWrapper) -> Iterator[tuple[int, bytes, str | None]]:
        header_text = text.readline(LONGEST_LINE)
        separator = max(",;\t", key=header_text.count)
        header = [title.strip().lower() for title in next(csv.reader([header_text], delimiter=separator), [])]
        if "source" not in header:
            raise self._fault(1, f"no column 'source': {nearest('source', header) if header else 'the line is empty'}")
        source = header.index("source")
        name = header.index("name") if "name" in header else len(header)
        reader = csv.reader(text, delimiter=separator, strict=True)
        number = 2
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield number, _bytes_of(_cell(row, source)), _cell(row, name).strip() or None
                number = reader.line_num + 2
        except (csv.Error, UnicodeEncodeError) as error:
            raise self._fault(number, f"not CSV: {error}") from None

    def _json_rows(self) -> Iterator[tuple[int, bytes, str | None]]:
        for number, line in self._lines():
            try:
                row: Any = json.loads(line.decode("utf-8", "surrogateescape"))
                if not isinstance(row, dict):
                    raise self._fault(number, "not a JSON object")
                if "source" not in row:
                    raise self._fault(number, f"no 'source': {nearest('source', row)}")
                source, name = row["source"], row.get("name")
                if not isinstance(source, str) or not isinstance(name, str | None):
                    raise self._fault(number, "'source' and 'name' are texts")
                yield number, _bytes_of(source), name
            except (ValueError, RecursionError) as error:
                raise self._fault(number, f"not JSON: {error}") from None


def _cell(row: Sequence[str], index: int) -> str:
    return row[index] if index < len(row) else ""


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _checked_name(name: str | None) -> str | None:
    if name is None:
        return None
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise UsageError(f"the name {name!r} is no file name")
    if len(name.encode("utf-8", "replace")) > LONGEST_NAME:
        raise UsageError(f"the name {name[:20]!r}... is longer than {LONGEST_NAME} bytes")
    return name
