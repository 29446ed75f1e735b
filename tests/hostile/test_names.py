"""File names are data: whatever their bytes, they name one file, and say nothing to anybody."""

from __future__ import annotations

import base64
import os
import re
import tarfile
from pathlib import Path

import pytest

from tests.command import Dmedia
from tests.corpus import CORPUS, needs_corpus
from tests.media.films import make_film, scene
from tests.media_making import encoded, jpeg, photo

ODD = (
    b"options[Q=1,strip].jpg", b"pages[n=-1].jpg", b"--help.jpg", b"-o.jpg", b"@list.jpg", b"~root.jpg", b"$HOME.jpg",
    b"new\nline.jpg", b"return\r.jpg", b"tab\t.jpg", b"two  blanks .jpg", b" ahead.jpg", b"escape\x1b]0;title\x07.jpg",
    b"clear\x1b[2J\x1b[H.jpg", b"c1\xc2\x9b31m.jpg", b"bell\x07.jpg", b"delete\x7f\x08.jpg", b"not-utf8-\xff\xfe.jpg",
    b"half-\xc3.jpg", b"surrogate-\xed\xa0\x80.jpg", "bidi-\u202egpj.exe.jpg".encode(), "e\u0301.jpg".encode(),
    "\U0001f600.jpg".encode(), b"percent%s%n%d.jpg", b"braces{0}{dir}{stem}.jpg", b"[bold red]markup[bold].jpg",
    b"`touch x`$(touch y);&|.jpg", b"quote'\".jpg", b"back\\slash.jpg", b"..\\..\\up.jpg", b"...dots.jpg",
    b"http:colon.jpg", b"file:a.jpg", b"concat:a|b.jpg", b"glob*?[a-z].jpg", b"comma,semi;colon.jpg",
    b"#hash?query=1.jpg", b"<b>alert(1)<.jpg", b"CON.jpg", b"UPPER.JPG", b"a.jpg.jpg", b"x" * 251 + b".jpg",
)  # fmt: skip

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys instead of showing it; a line's end is the only one that is ours."""


@pytest.fixture
def odd(tmp_path: Path) -> list[bytes]:
    """Put a good picture under each name; tell their paths."""
    place = os.path.join(os.fsencode(tmp_path), b"in")
    os.mkdir(place)
    paths = []
    for number, name in enumerate(ODD):
        path = os.path.join(place, name)
        Path(os.fsdecode(path)).write_bytes(jpeg(size=(64 + number, 48)))
        paths.append(path)
    return paths


def is_hidden(path: bytes) -> bool:
    return os.path.basename(path).startswith(b".")


def widths(dmedia: Dmedia, job: str = "last") -> dict[bytes, tuple[str, int]]:
    """Tell status and width by source, through the JSON that a program would read."""
    found = {}
    for file in dmedia("status", job, "--files", "--json").document["files"]:
        path = base64.b64decode(file["path_b64"]) if "path_b64" in file else file["path"].encode()
        found[path] = (file["status"], file["outputs"][0]["width"] if file["outputs"] else 0)
    return found


def test_every_name_of_a_walk_gives_its_own_rendition(dmedia: Dmedia, odd: list[bytes], tmp_path: Path) -> None:
    ran = dmedia("convert", "in", "-r", "-o", "out", "--format", "jpg")
    assert ran.status == 0, ran
    expected = {path: ("completed", 64 + number) for number, path in enumerate(odd) if not is_hidden(path)}
    assert widths(dmedia) == expected
    out = os.path.join(os.fsencode(tmp_path), b"out")
    names = [os.path.basename(path).replace(b".JPG", b".jpg") for path in expected]
    assert sorted(os.listdir(out)) == sorted(names)
    assert sorted(os.listdir(tmp_path)) == ["home", "in", "out"]
    again = dmedia("convert", "in", "-r", "-o", "out", "--format", "jpg", "--json")
    assert (again.status, again.document["skipped"]) == (0, len(expected))


def test_every_name_can_be_given_and_listed(dmedia: Dmedia, odd: list[bytes], tmp_path: Path) -> None:
    expected = {path: ("completed", 64 + number) for number, path in enumerate(odd)}
    assert dmedia("convert", *odd, "-o", "given", "--format", "jpg").status == 0
    assert widths(dmedia) == expected
    listed = dmedia("convert", "--files-from", "-", "-0", "-o", "listed", "--format", "jpg", stdin=b"\0".join(odd))
    assert listed.status == 0
    assert widths(dmedia) == expected


def test_no_name_reaches_the_terminal_as_a_command(dmedia: Dmedia, odd: list[bytes], tmp_path: Path) -> None:
    for path in odd:
        Path(os.fsdecode(path)).write_bytes(encoded(photo(), "JPEG")[:9000])
    (tmp_path / "clear\x1b[2J").mkdir()
    said = [
        dmedia("convert", "in", "-r", "-o", "out", "--format", "jpg"),
        dmedia("status", "last", "--failed"),
        dmedia("status", "last", "--files"),
        dmedia("status"),
        dmedia("convert", "in", "-r", "-o", "out", "--format", "jpg", "--dry-run"),
        dmedia("convert", "in", "-r", "-o", "in/new\nline.jpg", "--format", "jpg"),
        dmedia("convert", "in/no\x1b[2Jthing*", "-o", "out", "--format", "jpg"),
        dmedia("convert", "clear\x1b[2J", "-o", "out", "--format", "jpg"),
        dmedia("convert", "in", "-o", "in", "--format", "jpg"),
        dmedia("apply", "no\x1b[2Jthing", "in", "-o", "out"),
        dmedia("status", "no\x1b[2Jthing"),
        dmedia("apply", "web_optimized", "in", "-o", "out", "--preset-file", "no\x1b[2Jthing"),
        dmedia("convert", "in", "-o", "out", "--format", "jpg", "--name", "\x1b[2J{x}.{ext}"),
        dmedia("convert", "--files-from", "no\x1b[2Jthing", "-o", "out", "--format", "jpg"),
    ]
    for ran in said:
        assert ran.status != 1, ran.err
        assert not CONTROL.search(ran.out + ran.err), CONTROL.sub("\N{WHITE QUESTION MARK ORNAMENT}", ran.out + ran.err)


def test_a_name_that_grows_too_long_fails_alone(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / ("x" * 251 + ".jpg")).write_bytes(jpeg())
    (tmp_path / "in/good.jpg").write_bytes(jpeg())
    ran = dmedia("convert", "in", "-o", "out", "--format", "webp", "--json")
    assert (ran.status, ran.document["completed"], ran.document["failed"]) == (3, 1, 1)
    (failed,) = (file for file in dmedia.files().values() if file["status"] == "failed")
    assert failed["error"].startswith("File name too long: 256 bytes")


def test_films_of_any_name_are_opened_as_files(dmedia: Dmedia, tmp_path: Path) -> None:
    make_film(tmp_path / "film.mp4", [scene() for _ in range(5)])
    film = (tmp_path / "film.mp4").read_bytes()
    place = os.path.join(os.fsencode(tmp_path), b"in")
    os.mkdir(place)
    names = [os.path.splitext(name)[0][:200] + b".mp4" for name in ODD if not is_hidden(name)]
    for name in names:
        Path(os.fsdecode(os.path.join(place, name))).write_bytes(film)
    ran = dmedia("thumbnail", "in", "-r", "-o", "out", "--width", "32", "--json")
    assert (ran.status, ran.document["completed"]) == (0, len(names)), ran
    assert sorted(os.listdir(os.path.join(os.fsencode(tmp_path), b"out"))) == sorted(n[:-3] + b"jpg" for n in names)


@needs_corpus
def test_odd_names_of_the_corpus_are_all_processed(dmedia: Dmedia, tmp_path: Path) -> None:
    with tarfile.open(CORPUS / "bad/odd_names.tar", encoding="utf-8", errors="surrogateescape") as archive:
        archive.extractall(tmp_path / "in", filter="fully_trusted")
    sources = sorted(os.fsencode(path) for path in (tmp_path / "in").rglob("*") if not path.is_dir())
    command = ("convert", "--files-from", "-", "-0", "-o", "out", "--format", "webp", "--on-collision", "number")
    assert dmedia(*command, stdin=b"\0".join(sources)).status in {0, 3}
    found = widths(dmedia)
    lost = {path for path in sources if os.path.islink(path) and not os.path.exists(path)}
    assert sorted(found) == sources
    assert {path for path, (status, _) in found.items() if status == "failed"} == lost
    assert len(found) - len(lost) > 30
    assert sum(len(files) for _, _, files in os.walk(tmp_path / "out")) == len(found) - len(lost)
