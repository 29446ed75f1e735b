from __future__ import annotations

import pytest

from dmedia.errors import MediaError
from dmedia.media import faults
from dmedia.media.opened import pixel_count
from dmedia.model import Task


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("unable to call jpegsave_target\n  target: write error\nsystem error: No space left on device\n", "disk_full"),
        ("unable to call jpegsave_target\n  VipsJpeg: premature end of JPEG image\n", "corrupt_input"),
        ("unable to copy to memory\n  vipspng: libpng read error\n", "corrupt_input"),
        ("unable to call webpsave_target\n  webpsave: image too large\n", "encode_failed"),
        (
            "unable to call jpegsave_target\n  VipsJpeg: Maximum supported image dimension is 65500 pixels\n",
            "encode_failed",
        ),
        ("unable to call tiffload_source\n  image: bad labq format\n", "unsupported_format"),
        ("tiff2vips: LZMA compression support is not configured\n", "unsupported_format"),
        ("tiff2vips: samples out of range\n", "unsupported_format"),
        ("unable to copy to memory\n  out of memory --- size == 3GB\n", "out_of_memory"),
        ("source: read error\nsystem error: Input/output error\n", "io_error"),
        ("heif: Memory allocation error: Security limit exceeded", "out_of_memory"),
        (
            "heif: Memory allocation error: Image size 60000x60000 exceeds the maximum image size 1073741824",
            "too_large",
        ),
        (
            "heif: Memory allocation error: iinf box has 65536 items, which exceeds the security limit of 256",
            "too_large",
        ),
        ('tiff2vips: Out of memory reading of "Compression"\n', "corrupt_input"),
        ("unable to call pngsave_target\n  vips2png: unable to write to target target\n", "corrupt_input"),
        ("", "corrupt_input"),
    ],
)
def test_what_libraries_say_has_its_code(text: str, code: str) -> None:
    failed = faults.media_error(text, "decode")
    assert failed.code == code
    assert failed.message.startswith(faults.REASON[code] + ": ")


def test_a_decoders_words_in_an_encoders_call_are_of_the_decoder() -> None:
    assert faults.media_error("VipsJpeg: premature end of JPEG image", "encode").stage == "decode"
    assert faults.media_error("webpsave: image too large", "encode").stage == "encode"


def test_a_gist_is_short_and_never_empty() -> None:
    assert faults.gist("unable to call x\n\n") == "the content cannot be read"
    assert faults.gist("same\nsame\nsame") == "same"
    assert faults.gist("unable to call x\nsource: bad seek to 5\nfirst\nsecond\nthird") == "second; third"
    assert len(faults.gist("x" * 5000)) == faults.LONGEST_TEXT


TASK = Task(0, b"/photos/a\n.jpg", b"/out/web/a.jpg", 0)


def test_every_failure_has_a_hint_and_the_nearer_one_counts() -> None:
    for code in faults.REASON:
        assert faults.failure_of(MediaError(code, "x", "decode"), TASK).hint == faults.HINTS[code]
    assert faults.failure_of(MediaError("too_large", "x", "decode", "do this"), TASK).hint == "do this"
    assert "report" in str(faults.failure_of(OSError("without a number"), TASK).hint)
    assert faults.failure_of(OSError("without a number"), TASK).code == "internal"
    assert "--slot-memory" in str(faults.failure_of(MemoryError(), TASK).hint)


def test_what_never_was_there_was_not_moved() -> None:
    missing = MediaError("not_found", "Not found: no such object", "open")
    for source, hint in (
        (b"/nowhere", faults.NEVER_SEEN), (b"s3://photos/a*", faults.NEVER_SEEN), (b"http://a/*.jpg", faults.NO_GLOBS),
    ):  # fmt: skip
        assert faults.failure_of(missing, Task(0, source, b"/out/a.jpg", -1)).hint == hint


def test_what_may_not_be_read_or_written_is_named() -> None:
    denied = "Permission denied: Permission denied"
    read = faults.failure_of(MediaError("permission_denied", denied, "open"), TASK)
    assert read.message == r"Permission denied: '/photos/a\n.jpg' may not be read"
    written = faults.failure_of(PermissionError(13, "Permission denied"), TASK)
    assert written.message == "Permission denied: '/out/web' may not be written"
    other = MediaError("permission_denied", "Permission denied: Read-only file system", "encode")
    assert faults.failure_of(other, TASK).message == other.message


def test_pixels_are_counted_in_words_that_are_never_nought() -> None:
    assert (pixel_count(76_800), pixel_count(268_435_456)) == ("76,800 pixels", "268.4 megapixels")
