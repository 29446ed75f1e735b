"""Where renditions go."""

from __future__ import annotations

from pathlib import Path

import pytest

from dmedia.errors import MediaError, UsageError
from dmedia.model import Inputs, JobSpec, Policies, Source
from dmedia.operations.compress import Compress
from dmedia.operations.convert import Convert
from dmedia.planning.name_length import too_long
from dmedia.planning.naming import Naming, keep_extension, kept_format, number, stem_of

PNG_HEAD = b"\x89PNG\r\n\x1a\n" + bytes(64)


def naming(template: str = "{dir}/{stem}.{ext}", preset: str | None = None) -> Naming:
    policies = Policies(name_template=template)
    return Naming(JobSpec("convert", Convert(format="tiff"), Inputs(), b"/out", policies, preset=preset))


@pytest.mark.parametrize(
    ("template", "path", "name", "expected"),
    [
        ("{dir}/{stem}.{ext}", b"/in/a.jpg", None, b"/out/a.tif"),
        ("{dir}/{stem}.{ext}", b"/in/x/y/a.b.JPG", None, b"/out/x/y/a.b.tif"),
        ("{dir}/{stem}.{ext}", b"/in/x/\xff\n.jpg", None, b"/out/x/\xff\n.tif"),
        ("{dir}/{stem}.{ext}", b"/in/x/.hidden", None, b"/out/x/.hidden.tif"),
        ("{dir}/{stem}.{ext}", b"/in/x/page.jpg[page=3]", None, b"/out/x/page.jpg[page=3].tif"),
        ("{dir}/{stem}.{ext}", b"/elsewhere/a.jpg", None, b"/out/a.tif"),
        ("{dir}/{stem}.{ext}", b"/in/x/a.jpg", "b", b"/out/x/b.tif"),
        ("{dir}/{stem}.{ext}", b"/in/x/a.jpg", "sub/b.c", b"/out/x/sub/b.c.tif"),
        ("{stem}.{ext}", b"/in/x/a.jpg", None, b"/out/a.tif"),
        ("{dir}/{name}.{ext}", b"/in/x/a.jpg", None, b"/out/x/a.jpg.tif"),
        ("{preset}/{operation}/./{dir}//{stem}-small.{ext}", b"/in/a.jpg", None, b"/out/we_b/convert/a-small.tif"),
        ("{{x}}/é/{stem}.{ext}", b"/in/a.jpg", None, "/out/{x}/é/a.tif".encode()),
    ],
)
def test_a_template_names_a_rendition(template: str, path: bytes, name: str | None, expected: bytes) -> None:
    assert naming(template, "we/b").renditions(Source(path, b"/in", 1, 1, name)) == (expected,)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{dir}/{stam}.{ext}", "did you mean 'stem'"),
        ("{dir}/{}.{ext}", "unknown field ''"),
        ("{dir}/{stem", "cannot be read"),
        ("{dir}/{stem!r}.{ext}", "format specification"),
        ("{dir}/{stem:>8}.{ext}", "format specification"),
        ("{dir}/{stem}.webp", r"does not end in a name and \.\{ext\}"),
        ("{dir}/.{ext}", r"does not end in a name and \.\{ext\}"),
        ("/tmp/{stem}.{ext}", "leads out"),
        ("../{stem}.{ext}", "leads out"),
        ("{dir}/../{stem}.{ext}", "leads out"),
        ("{preset}/{stem}.{ext}", "the job has none"),
    ],
)
def test_a_template_that_cannot_work_is_refused(template: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        naming(template)


@pytest.mark.parametrize("name", ["../b", "x/../../b", "/etc/b", "a/../b", "a\0b"])
def test_a_name_of_a_listing_never_leads_out(name: str) -> None:
    source = Source(b"/in/x/a.jpg", b"/in", 1, 1, name)
    with pytest.raises(MediaError) as caught:
        naming().renditions(source)
    assert (caught.value.code, caught.value.stage) == ("permission_denied", "plan")
    assert naming().fallback(source) == (b"/out/unnamed.tif",)


def test_a_directory_that_leads_upward_never_leads_out() -> None:
    with pytest.raises(MediaError):
        naming().renditions(Source(b"/in/../../a.jpg", b"/in", 1, 1))


def test_without_a_format_the_content_decides_then_the_name_then_jpg(tmp_path: Path) -> None:
    def kept(name: str, content: bytes | None) -> str:
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        return kept_format(Source(bytes(path), bytes(tmp_path), 1, 1))

    film = b"\0\0\0\x18ftypisom" + bytes(64)
    assert kept("a.jpg", PNG_HEAD) == "png"
    assert kept("b.mp4", film) == "jpg"
    assert kept("c.TIF", b"") == "tiff"
    assert kept("d.heic", b"") == "jpg"
    assert kept("e.webp", None) == "webp"
    assert kept("f", None) == "jpg"
    spec = JobSpec("compress", Compress(), Inputs(), b"/out")
    source = Source(bytes(tmp_path / "a.jpg"), bytes(tmp_path), 1, 1)
    assert Naming(spec).renditions(source) == (b"/out/a.png",)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        (b"a.jpg", b"a"),
        (b"a.tar.JPEG", b"a.tar"),
        (b"a", b"a"),
        (b".jpg", b".jpg"),
        (b"v1.2", b"v1.2"),
        (b"f.mp4", b"f"),
    ],
)
def test_only_a_media_extension_is_taken_off(name: bytes, stem: bytes) -> None:
    assert stem_of(name) == stem


def test_names_that_keep_apart() -> None:
    assert keep_extension(b"/out/a.b/a.webp", b"/in/a.JPG") == b"/out/a.b/a.JPG.webp"
    assert keep_extension(b"/out/a.webp", b"/in/a") == b"/out/a.webp"
    assert number(b"/out/a.webp", 2) == b"/out/a-2.webp"


def test_a_name_that_the_file_system_cannot_hold_says_so() -> None:
    assert too_long([b"/out/" + b"x" * 255], 255) is None
    error = too_long([b"/out/" + b"x" * 256 + b"/a.webp"], 255)
    assert error
    assert error.message.startswith("File name too long: 256 bytes")
