"""Real media, row by row: what a manifest says of each file is what becomes of it."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.corpus import CORPUS, needs_corpus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.command import Dmedia

CODES = {
    "corrupt": {"corrupt_input", "incomplete_input"},
    "unsupported": {"unsupported_format"},
    "security": {"unsupported_format"},
    "too_large": {"too_large"},
    "not_found": {"not_found"},
}
"""Error codes by the manifest's kinds."""

SLOW = (b"bad/pillow_heif_200MP.heic",)
"""Left out: its 200 megapixels take longer than all the others."""

LONGEST_SIDE = 65_500
"""Of a JPEG: a longer picture is scaled down, with a warning."""


@dataclass(frozen=True)
class Row:
    """A file of the manifest."""

    path: bytes
    size: str
    expected: tuple[str, ...]
    tag: str

    def mismatch(self, file: dict[str, Any]) -> str:
        """Tell how what became of it differs from what was expected; empty where it does not."""
        if file["status"] == "completed":
            return self._completed(file)
        codes = [CODES.get(word.removeprefix("error:"), set()) for word in self.expected if word.startswith("error:")]
        if "error" in self.expected or any(file["code"] in accepted for accepted in codes):
            return ""
        return f"{os.fsdecode(self.path)}: {file['error']} instead of {'|'.join(self.expected)}"

    def _completed(self, file: dict[str, Any]) -> str:
        (output,) = file["outputs"]
        found = f"{output['width']}x{output['height']}"
        name = os.fsdecode(self.path)
        if not {"ok", "error:wrong_ext"} & {*self.expected}:
            return f"{name}: completed instead of {'|'.join(self.expected)}"
        if self.tag == "wrong_ext" and not any(warning.startswith("named .") for warning in file["warnings"]):
            return f"{name}: no warning of its extension"
        is_held = any("the format holds no longer side" in warning for warning in file["warnings"])
        if self.size and found != self.size and not (is_held and str(LONGEST_SIDE) in found):
            return f"{name}: {found} instead of {self.size}"
        return ""


def rows(*folders: str) -> Iterator[Row]:
    for line in (CORPUS / "MANIFEST.tsv").read_bytes().splitlines():
        if line.startswith(b"#"):
            continue
        path, *others = line.split(b"\t")
        cells = [cell.decode() for cell in others]
        name = re.sub(rb"\\(n|t|\\|x[0-9a-f]{2})", unescaped, path)
        if name.startswith(tuple(f"{folder}/".encode() for folder in folders)) and name not in SLOW:
            yield Row(name, cells[6], tuple(cells[9].split("|")), cells[10])


def unescaped(found: re.Match[bytes]) -> bytes:
    code = found[1]
    return bytes([int(code[1:], 16)]) if code.startswith(b"x") else {b"n": b"\n", b"t": b"\t", b"\\": b"\\"}[code]


def mismatches(dmedia: Dmedia, place: Path, wanted: list[Row]) -> list[str]:
    """Convert all in one job, and compare each with its row."""
    listed = b"\0".join(os.path.join(bytes(place), row.path) for row in wanted)
    ran = dmedia(
        "convert", "--files-from", "-", "-0", "-o", "out", "--format", "jpg", "--allow-svg",
        "--on-collision", "number", "--json", stdin=listed,
    )  # fmt: skip
    assert ran.status == 3, ran.err
    files = dmedia("status", "last", "--files", "--json").document["files"]
    assert len(files) == len(wanted)
    return [told for row, file in zip(wanted, files, strict=True) if (told := row.mismatch(file))]


@needs_corpus
def test_good_files_are_done_at_their_size_and_others_are_refused_with_their_reason(dmedia: Dmedia) -> None:
    wanted = [*rows("images", "orientation", "raw")]
    assert len(wanted) > 50
    assert mismatches(dmedia, CORPUS, wanted) == []


@needs_corpus
def test_each_bad_file_gets_the_code_of_its_kind(dmedia: Dmedia, tmp_path: Path) -> None:
    shutil.copytree(CORPUS / "bad", tmp_path / "in/bad")
    with tarfile.open(tmp_path / "in/bad/odd_names.tar") as archive:
        archive.extractall(tmp_path / "in/bad", filter="fully_trusted")
    wanted = [*rows("bad")]
    assert len(wanted) > 50
    assert mismatches(dmedia, tmp_path / "in", wanted) == []
