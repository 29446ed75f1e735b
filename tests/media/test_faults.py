from __future__ import annotations

import pytest

from dmedia.media import faults


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
