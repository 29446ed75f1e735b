from __future__ import annotations

import io
import os
import struct
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, UnidentifiedImageError

from dmedia.errors import MediaError
from dmedia.media.decoders import pillow, raw, vips
from dmedia.media.geometry import Size
from dmedia.media.libvips import pyvips
from dmedia.media.pixels import from_memory, without_padding
from dmedia.model import FileResult, Limits
from tests.corpus import CORPUS, needs_corpus
from tests.media.negatives import dng
from tests.media_making import CORNERS, corners, encoded, exif, jpeg, matrix_profile, photo, work

if TYPE_CHECKING:
    from tests.media.conftest import Processing


def opened(result: FileResult) -> Image.Image:
    assert result.failure is None, result.failure
    image = Image.open(os.fsdecode(result.outputs[0].path))
    image.load()
    return image


def code_of(result: FileResult) -> str:
    assert result.failure is not None
    return result.failure.code


def has_corners(image: Image.Image) -> bool:
    width, height = image.size
    pixels = [
        image.convert("RGB").getpixel((x, y))
        for y in (height // 6, height * 5 // 6)
        for x in (width // 6, width * 5 // 6)
    ]
    return all(
        abs(one - other) < 14
        for found, wanted in zip(pixels, CORNERS, strict=True)
        for one, other in zip(found, wanted, strict=True)  # type: ignore[arg-type]  # three bands
    )


@pytest.mark.parametrize(
    ("size", "wanted", "shrink"),
    [
        ((4000, 3000), (500, 375), 8), ((4000, 3000), (501, 375), 4), ((4000, 3000), (1000, 750), 4),
        ((4000, 3000), (1001, 750), 2), ((4000, 3000), (2000, 1500), 2), ((4000, 3000), (3000, 2250), 1),
        ((3841, 2560), (961, 641), 2), ((100, 4000), (50, 1), 2),
    ],
)  # fmt: skip
def test_a_jpeg_is_decoded_at_the_smallest_scale_that_is_large_enough(
    size: tuple[int, int], wanted: tuple[int, int], shrink: int
) -> None:
    assert vips.jpeg_shrink(*size, Size(*wanted)) == shrink


def test_a_webp_is_decoded_at_twice_the_wanted_size(processed: Processing) -> None:
    assert vips.webp_scale(4000, 3000, Size(500, 375)) == 0.25
    assert vips.webp_scale(400, 300, Size(300, 225)) == 1
    image = opened(processed(encoded(corners((400, 300)), "WEBP", quality=95), "resize", width=40, out="o.png"))
    assert has_corners(image)
    assert image.size == (40, 30)


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        ("a.bmp", "BMP", {}), ("a.ico", "ICO", {"sizes": [(64, 48)]}),
        ("a.tga", "TGA", {}), ("a.jp2", "JPEG2000", {"irreversible": False}),
    ],
)  # fmt: skip
def test_pillow_decodes_what_libvips_does_not(
    processed: Processing, name: str, content: str, options: dict[str, Any]
) -> None:
    result = processed(encoded(corners(), content, **options), "convert", name=name, format="jpg", quality=95)
    assert result.decoder == "pillow"
    assert has_corners(opened(result))


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "LA", "PA", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "I;16", "I;16B", "I", "F"]
)
def test_every_mode_of_pillow_becomes_pixels(mode: str) -> None:
    image = Image.new(mode, (4, 3))
    assert (pillow._to_vips(image).width, pillow._to_vips(image).height) == (4, 3)


def test_pillows_premultiplied_modes_become_pixels_and_unknown_ones_are_refused() -> None:
    assert pillow._to_vips(Image.new("RGBA", (4, 3)).convert("RGBa")).bands == 4
    assert pillow._to_vips(Image.new("LA", (4, 3)).convert("La")).bands == 2
    transparent = Image.new("P", (4, 3))
    transparent.info["transparency"] = 0
    assert pillow._to_vips(transparent).bands == 4
    with pytest.raises(NotImplementedError):
        pillow._to_vips(SimpleNamespace(mode="XYZ", size=(1, 1), info={}))


def test_a_psd_without_layers_is_read(processed: Processing) -> None:
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 2, 3, 8, 3) + bytes(12)
    planes = b"".join(bytes([value] * 6) for value in (200, 100, 50))
    result = processed(head + b"\0\0" + planes, "convert", name="a.psd", out="o.png", format="png")
    assert opened(result).getpixel((1, 1)) == (200, 100, 50)


def test_broken_files_for_pillow_are_corrupt_and_leave_nothing(processed: Processing) -> None:
    whole = encoded(photo(), "BMP")
    assert code_of(processed(whole[: len(whole) // 2], "convert", name="a.bmp", format="jpg")) == "corrupt_input"
    assert code_of(processed(whole[:60], "convert", name="a.bmp", format="jpg")) == "corrupt_input"
    assert code_of(processed(b"8BPS\0\1" + bytes(100), "convert", name="a.psd", format="jpg")) == "corrupt_input"
    assert code_of(processed(b"\0\0\1\0\1\0" + bytes(40), "convert", name="a.ico", format="jpg")) == "corrupt_input"
    bad_compression = whole[:30] + b"\x09" + whole[31:]
    assert code_of(processed(bad_compression, "convert", name="a.bmp", format="jpg")) == "unsupported_format"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Image.DecompressionBombError("too many pixels"), "too_large"),
        (NotImplementedError("mode"), "unsupported_format"),
        (OSError(5, "Input/output error"), "io_error"), (OSError("image file is truncated"), "corrupt_input"),
        (SyntaxError("broken"), "corrupt_input"), (UnidentifiedImageError("?"), "corrupt_input"),
        (ValueError("unsupported thing"), "unsupported_format"),
    ],
)  # fmt: skip
def test_what_pillow_raises_has_its_code(error: Exception, code: str) -> None:
    with pytest.raises(MediaError) as raised, pillow._faults():
        raise error
    assert raised.value.code == code


def test_a_tiff_for_pillow_is_turned_upright_once_and_its_first_page_taken(processed: Processing) -> None:
    lab = encoded(Image.new("LAB", (40, 20), (150, 0, 0)), "TIFF", tiffinfo={0x0112: 6})
    result = processed(lab, "convert", name="a.tif", format="jpg")
    assert (result.decoder, opened(result).size) == ("pillow", (20, 40))
    pages = encoded(Image.new("LAB", (4, 4)), "TIFF", save_all=True, append_images=[Image.new("LAB", (4, 4))])
    assert "first of 2" in processed(pages, "convert", name="a.tif", format="jpg").warnings[0]


def heic(image: Image.Image, **options: Any) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    try:
        return encoded(image, "HEIF", quality=95, **options)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"this pillow-heif writes no HEIC: {error}")


def test_heic_is_read_upright_in_srgb_with_its_owner_and_without_gps(processed: Processing) -> None:
    source = heic(corners((65, 48)), exif=exif(private=True), icc_profile=matrix_profile())
    result = processed(source, "convert", name="a.heic", format="jpg", quality=95)
    assert (result.decoder, result.warnings) == ("pillow-heif", ())
    image = opened(result)
    assert image.size == (65, 48)
    assert image.getexif()[0x8298] == "(c) Ana Souza"
    assert not image.getexif().get_ifd(0x8825)
    assert image.convert("RGB").getpixel((5, 5))[0] > 225  # type: ignore[index]  # red of P3 is more than red of sRGB


def test_heic_of_other_modes_and_depths_is_read(processed: Processing) -> None:
    for mode in ("L", "RGBA"):
        result = processed(heic(corners(mode=mode)), "convert", name="a.heic", out="o.png", format="png")
        assert opened(result).mode in {mode, "RGB"}


def test_a_heic_that_is_cut_off_is_corrupt(processed: Processing) -> None:
    whole = heic(photo())
    for length in (len(whole) // 2, len(whole) - 10, 40):
        assert code_of(processed(whole[:length], "resize", name="a.heic", width=10)) == "corrupt_input"
    middle = len(whole) // 2
    damaged = whole[:middle] + bytes(200) + whole[middle + 200 :]
    assert processed(damaged, "resize", name="a.heic", width=10).number == 0
    assert (
        code_of(processed(whole[:28] + b"\xff" * (len(whole) - 28), "resize", name="a.heic", width=10))
        == "corrupt_input"
    )


def test_an_avif_that_is_cut_off_is_corrupt(processed: Processing) -> None:
    whole = encoded(photo(), "AVIF")
    assert code_of(processed(whole[: len(whole) // 2], "resize", name="a.avif", width=10)) == "corrupt_input"
    assert opened(processed(whole, "resize", name="a.avif", width=10)).size == (10, 8)


@pytest.mark.parametrize(("module", "content"), [("pillow_heif", "heic"), ("rawpy", "raw")])
def test_without_the_library_the_hint_says_how_to_get_it(
    processed: Processing, monkeypatch: pytest.MonkeyPatch, module: str, content: str
) -> None:
    source = heic(corners()) if content == "heic" else b"IIRO" + bytes(100)
    monkeypatch.setitem(sys.modules, module, None)
    failure = processed(source, "resize", name="a.x", width=10).failure
    assert failure is not None
    assert failure.code == "unsupported_format"
    assert "pip install 'dmedia[" in str(failure.hint)


def flic(width: int = 4, height: int = 2) -> bytes:
    """Make a FLI of one frame: its palette, and its pixels as they are (chunks 11 and 16)."""
    palette = struct.pack("<HBB", 1, 0, 2) + bytes([0, 0, 0, 63, 0, 0])
    parts = [
        struct.pack("<IH", 6 + len(body), kind) + body for kind, body in ((11, palette), (16, b"\1" * width * height))
    ]
    frame = struct.pack("<IHH8x", 16 + sum(map(len, parts)), 0xF1FA, len(parts)) + b"".join(parts)
    head = struct.pack("<IHHHHHHI", 128 + len(frame), 0xAF11, 1, width, height, 8, 3, 5)
    return head.ljust(128, b"\0") + frame


def test_a_flic_animation_gives_its_first_frame(processed: Processing) -> None:
    result = processed(flic(), "convert", name="a.fli", out="o.png", format="png")
    image = opened(result)
    assert (image.size, image.convert("RGB").getpixel((1, 1)), result.decoder) == ((4, 2), (252, 0, 0), "pillow")
    assert code_of(processed(flic()[:150], "convert", name="a.fli", format="png")) == "corrupt_input"


def test_a_tiff_of_twelve_bits_is_as_bright_as_it_says(processed: Processing) -> None:
    tags = {256: 2, 257: 1, 258: 12, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: 3}
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, v) for tag, v in tags.items())
    source = struct.pack("<2sHI", b"II", 42, 12) + b"\xff\xf8\x00\0" + directory + bytes(4)
    image = opened(processed(source, "convert", name="a.tif", out="o.png", format="png"))
    assert [image.getpixel((x, 0)) for x in (0, 1)] in ([65535, 32775], [65535, 32776])


def test_a_sequence_of_heif_without_a_still_is_not_called_damaged(processed: Processing) -> None:
    pytest.importorskip("pillow_heif")
    for brand in (b"hevc", b"msf1"):
        source = struct.pack(">I", 20) + b"ftyp" + brand + bytes(4) + b"iso8" + struct.pack(">I", 8) + b"moov"
        assert code_of(processed(source, "convert", name="a.heics", format="jpg")) == "unsupported_format"


def test_grey_heic_of_ten_bits_is_decoded(processed: Processing) -> None:
    pillow_heif, buffer = pytest.importorskip("pillow_heif"), io.BytesIO()
    grey = pillow_heif.from_bytes("I;16", (64, 48), struct.pack("<H", 40_000) * (64 * 48))
    grey.save(buffer, quality=-1)
    image = opened(processed(buffer.getvalue(), "convert", name="a.heic", out="o.png", format="png"))
    assert image.size == (64, 48)
    assert abs(int(image.getpixel((5, 5))) - 40_000) < 600  # type: ignore[arg-type]  # one band


def test_a_raw_file_is_developed_and_upright(processed: Processing) -> None:
    pytest.importorskip("rawpy")
    result = processed(dng(), "convert", name="a.dng", format="jpg")
    assert result.decoder == "rawpy"
    assert opened(result).size == (64, 48)
    turned = processed(dng(orientation=6), "convert", name="a.dng", format="jpg")
    assert opened(turned).size == (48, 64)
    assert opened(processed(dng(), "resize", name="a.dng", width=20)).size == (20, 15)
    assert (
        code_of(processed(dng(), "resize", name="a.dng", width=20, limits=Limits(max_page_pixels=100))) == "too_large"
    )


def test_a_raw_file_that_is_cut_off_is_corrupt(processed: Processing) -> None:
    pytest.importorskip("rawpy")
    assert code_of(processed(dng()[:300], "convert", name="a.dng", format="jpg")) == "corrupt_input"
    assert (
        code_of(processed(b"FUJIFILMCCD-RAW " + bytes(2000), "convert", name="a.raf", format="jpg")) == "corrupt_input"
    )
    assert code_of(processed(b"FUJIFILMCCD-RAW " + bytes(200_000), "convert", name="a.raf", format="jpg")) in {
        "unsupported_format", "corrupt_input",
    }  # fmt: skip


class FakeRaw:
    """A RAW file of a camera whose sensor data LibRaw cannot decode."""

    sizes = SimpleNamespace(iwidth=640, iheight=480, flip=5)

    def __init__(self, thumb: Any) -> None:
        self.thumb = thumb

    def postprocess(self, **_: Any) -> Any:
        raise __import__("rawpy").LibRawFileUnsupportedError(b"Unsupported file format")

    @property
    def other(self) -> None:
        raise __import__("rawpy").LibRawFileUnsupportedError(b"Unsupported file format")

    def extract_thumb(self) -> Any:
        if self.thumb is None:
            raise __import__("rawpy").LibRawNoThumbnailError(b"No thumbnail")
        return self.thumb


def test_a_raw_file_that_cannot_be_developed_gives_its_preview_and_says_so() -> None:
    rawpy = pytest.importorskip("rawpy")
    numpy = pytest.importorskip("numpy")
    previews = (
        SimpleNamespace(format=rawpy.ThumbFormat.JPEG, data=jpeg(6)),
        SimpleNamespace(format=rawpy.ThumbFormat.BITMAP, data=numpy.zeros((48, 64, 3), "uint8")),
    )
    for preview in previews:
        picture = raw.RawPicture(FakeRaw(preview), 0, Limits())
        assert (picture.width, picture.height) == (480, 640)
        image = picture.decode(Size(10, 10))
        assert (image.width, image.height) == (picture.width, picture.height) == (64, 48)
        assert "embedded preview" in picture.warnings[0]
    with pytest.raises(MediaError) as raised:
        raw.RawPicture(FakeRaw(None), 0, Limits()).decode(Size(10, 10))
    assert raised.value.code == "unsupported_format"
    with pytest.raises(MediaError) as raised:
        raw.RawPicture(FakeRaw(previews[0]), 0, Limits(max_page_pixels=10)).decode(Size(10, 10))
    assert raised.value.code == "too_large"


def test_a_strict_job_takes_no_preview(processed: Processing, monkeypatch: pytest.MonkeyPatch) -> None:
    rawpy = pytest.importorskip("rawpy")
    fake = FakeRaw(SimpleNamespace(format=rawpy.ThumbFormat.JPEG, data=jpeg(6)))
    monkeypatch.setattr(rawpy, "imread", lambda file: fake)
    failure = processed(dng(), "resize", name="a.dng", width=32, raw="strict").failure
    assert failure is not None
    assert (failure.code, failure.hint) == ("unsupported_format", raw.STRICT_HINT)
    monkeypatch.undo()
    assert opened(processed(dng(), "resize", name="a.dng", width=32, raw="strict")).size == (32, 24)


@pytest.mark.parametrize("arguments", [{}, {"width": 12}])
def test_a_sensor_whose_pixels_are_not_square_keeps_its_shape(
    processed: Processing, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any]
) -> None:
    rawpy, numpy = pytest.importorskip("rawpy"), pytest.importorskip("numpy")

    class Stretched(FakeRaw):
        sizes = SimpleNamespace(iwidth=40, iheight=20, flip=0)

        def postprocess(self, **options: Any) -> Any:
            return numpy.zeros((10, 40, 3) if options["half_size"] else (20, 80, 3), "uint8")

    monkeypatch.setattr(rawpy, "imread", lambda file: Stretched(None))
    result = processed(dng(), "convert", name="a.dng", format="jpg", **arguments)
    assert opened(result).size == ((12, 3) if arguments else (80, 20))


def test_a_size_that_only_decoding_tells_is_laid_out_anew(
    processed: Processing, monkeypatch: pytest.MonkeyPatch
) -> None:
    rawpy = pytest.importorskip("rawpy")
    fake = FakeRaw(SimpleNamespace(format=rawpy.ThumbFormat.JPEG, data=jpeg(6)))
    monkeypatch.setattr(rawpy, "imread", lambda file: fake)
    result = processed(dng(), "resize", name="a.dng", width=32, quality=95)
    assert opened(result).size == (32, 24)
    assert has_corners(opened(result))
    assert "embedded preview" in result.warnings[0]


def film(path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_image(corners())))
        container.mux(stream.encode())


def test_a_film_becomes_a_thumbnail_through_the_same_boxes(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4")
    cases: tuple[tuple[dict[str, Any], tuple[int, int]], ...] = (
        ({"width": 32, "height": 32}, (32, 32)),
        ({"width": 32}, (32, 24)),
        ({"width": 640, "height": 480}, (640, 480)),
    )
    for arguments, size in cases:
        result = work(bytes(tmp_path / "a.mp4"), bytes(tmp_path / "out/o.jpg"), "thumbnail", quality=95, **arguments)
        assert (result.decoder, opened(result).size) == ("pyav", size)
        assert any("enlarged" in text for text in result.warnings) == (size == (640, 480))
    too_big = work(
        bytes(tmp_path / "a.mp4"), bytes(tmp_path / "out/p.jpg"), "thumbnail", limits=Limits(max_film_bytes=10)
    )
    assert code_of(too_big) == "too_large"


def test_a_still_under_thumbnail_is_a_still_whatever_its_name(processed: Processing) -> None:
    result = processed(jpeg(), "thumbnail", name="a.mp4", width=32, height=24)
    assert result.decoder == "libvips"
    assert "named .mp4" in result.warnings[0]


def test_padding_behind_rows_is_taken_away() -> None:
    rows = b"".join(bytes([row] * 6) + b"##" for row in range(3))
    packed = without_padding(rows, 8, 6, 3)
    assert bytes(packed) == bytes([0] * 6 + [1] * 6 + [2] * 6)
    image = from_memory(packed, (2, 3), 3)
    assert (image.interpretation, image.getpoint(1, 2)) == ("srgb", [2, 2, 2])
    assert isinstance(image, pyvips.Image)


@needs_corpus
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("images/test_IMG_2682.heic", (4032, 3024)), ("images/pillow_hopper.psd", (128, 128)),
        ("images/pillow_deerstalker.cur", (32, 32)),
        ("images/pillow_star.avifs", (159, 159)), ("images/image_rgb32f_color.tiff", (32, 32)),
        ("raw/gen_bayer_600x400.dng", (600, 400)),
        ("images/pillow_heif_RGBA_10__128x128.heif", (128, 128)), ("images/pillow_rot1mir0.avif", (640, 427)),
        ("bad/truncated.png", "corrupt_input"), ("bad/truncated.heic", "corrupt_input"),
        ("bad/exiv2_Canon-R6-pruned.CR3", "corrupt_input"),
        ("bad/bomb_40000x20000_gray.png", "too_large"), ("images/test_8-bpp.jxl", "unsupported_format"),
        ("bad/pillow_decompression_bomb.ico", "too_large"), ("bad/random_bytes.jpg", "unsupported_format"),
    ],
)  # fmt: skip
def test_real_files_come_out_as_they_should(tmp_path: Path, path: str, expected: object) -> None:
    result = work(os.fsencode(CORPUS / path), bytes(tmp_path / "o.jpg"), "convert", format="jpg")
    found = result.failure.code if result.failure else (result.outputs[0].width, result.outputs[0].height)
    assert found == expected
