from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pyvips
from PIL import Image, ImageCms, PngImagePlugin

from dmedia.media import exif
from dmedia.media.metadata import complete_tiff, copy_without_private, keep_metadata
from dmedia.media.owner import OWNER_TAGS
from tests.corpus import CORPUS, needs_corpus

if TYPE_CHECKING:
    from dmedia.operations.parameters import ImageFormat, MetadataPolicy

OWNER = "© Ana Müller, Ζωή"
ARTIST = "Анна Ш"
SECRETS = (b"SERIAL-77", b"MAKER-NOTE", b"XMP-SECRET", b"IPTC-SECRET", b"N\0\0\0", b"COMMENT-SECRET", b"LENS-55")
EXTENSIONS = {"jpg": "jpg", "png": "png", "webp": "webp", "avif": "avif", "tiff": "tif"}


def exif_block(orientation: int = 6) -> bytes:
    block = Image.Exif()
    block[exif.COPYRIGHT] = OWNER.encode()
    block[exif.ARTIST] = ARTIST.encode()
    block[exif.ORIENTATION] = orientation
    block[0x010F] = "Canon"
    block._ifds[0x8769] = {
        0xA431: "SERIAL-77",
        0x927C: b"MAKER-NOTE-BYTES",
        0xA435: "LENS-55",
        0x9003: "2024:01:01 10:00:00",
    }
    block._ifds[0x8825] = {1: "N", 2: (48.0, 12.0, 30.0), 3: "E", 4: (11.0, 34.0, 1.0)}
    return block.tobytes()


def photo(path: Path, **save: Any) -> bytes:
    """A picture with everything in its metadata that a camera or an editor puts there."""
    picture = Image.linear_gradient("L").resize((96, 64)).convert("RGB")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if path.suffix == ".png":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", "<x>XMP-SECRET</x>")
        text.add_text("Comment", "COMMENT-SECRET")
        text.add_text("Copyright", "Ana by text")
        save["pnginfo"] = text
    elif path.suffix in {".jpg", ".webp"}:
        save["xmp"] = b"<x:xmpmeta>XMP-SECRET</x:xmpmeta>"
    if path.suffix == ".jpg":
        save["comment"] = b"COMMENT-SECRET"
    settings: dict[str, Any] = {"exif": exif_block(), "icc_profile": profile, "dpi": (300, 300), "quality": 95}
    picture.save(path, **(settings | save))
    if path.suffix == ".jpg":
        data = path.read_bytes()
        iptc = b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x12\x1c\x02\x50\0\x0bIPTC-SECRET"
        path.write_bytes(data[:2] + b"\xff\xed" + (len(iptc) + 2).to_bytes(2, "big") + iptc + data[2:])
    return os.fsencode(path)


def is_copied(path: Path, copy: Path, kind: ImageFormat, policy: MetadataPolicy) -> bool:
    with path.open("rb") as file:
        return copy_without_private(file.fileno(), os.fsencode(copy), kind, policy)


def told(path: Path) -> dict[int, Any]:
    with Image.open(path) as picture:
        return dict(picture.getexif())


def everything(path: Path) -> bytes:
    """The file's bytes, and its text where that is compressed."""
    with Image.open(path) as picture:
        picture.load()
        return path.read_bytes() + repr(picture.info).encode()


def text_of(value: str) -> str:
    """Pillow reads EXIF text as Latin-1."""
    return value.encode("latin-1").decode()


@pytest.mark.parametrize("kind", EXTENSIONS)
def test_only_owner_profile_and_resolution_arrive_in_a_rendition(tmp_path: Path, kind: str) -> None:
    image = pyvips.Image.new_from_file(os.fsdecode(photo(tmp_path / "photo.jpg")))
    kept = keep_metadata(image, "copyright")
    target = tmp_path / f"out.{EXTENSIONS[kind]}"
    kept.write_to_file(str(target))
    if kind == "tiff":
        complete_tiff(os.fsencode(target), kept)
    tags = told(target)
    assert [secret for secret in SECRETS if secret in everything(target)] == []
    assert text_of(tags[exif.COPYRIGHT]) == OWNER
    assert text_of(tags[exif.ARTIST]) == ARTIST
    assert tags.get(exif.ORIENTATION, 1) == 1
    assert 0x8825 not in tags
    assert tags[0x011A] == 300
    with Image.open(target) as picture:
        picture.load()
        assert picture.info.get("icc_profile")


@pytest.mark.parametrize("kind", EXTENSIONS)
def test_strip_leaves_the_resolution_alone(tmp_path: Path, kind: str) -> None:
    image = pyvips.Image.new_from_file(os.fsdecode(photo(tmp_path / "photo.jpg")))
    kept = keep_metadata(image, "strip")
    target = tmp_path / f"out.{EXTENSIONS[kind]}"
    kept.write_to_file(str(target))
    tags = told(target)
    assert [secret for secret in (*SECRETS, OWNER.encode()) if secret in everything(target)] == []
    assert exif.COPYRIGHT not in tags
    assert tags[0x011A] == 300
    with Image.open(target) as picture:
        assert not picture.info.get("icc_profile")


def test_strip_keeps_a_profile_that_the_colours_need(tmp_path: Path) -> None:
    image = pyvips.Image.black(9, 9, bands=3).copy(interpretation="srgb").icc_transform("p3", input_profile="srgb")
    assert "icc-profile-data" in keep_metadata(image, "strip").get_fields()


@pytest.mark.parametrize("kind", EXTENSIONS)
def test_keep_keeps_all_but_orientation_and_thumbnail(tmp_path: Path, kind: str) -> None:
    image = pyvips.Image.new_from_file(os.fsdecode(photo(tmp_path / "photo.jpg")))
    kept = keep_metadata(image, "keep")
    target = tmp_path / f"out.{EXTENSIONS[kind]}"
    kept.write_to_file(str(target))
    if kind == "tiff":
        complete_tiff(os.fsencode(target), kept)
    tags = told(target)
    assert text_of(tags[exif.COPYRIGHT]) == OWNER
    assert tags[0x010F] == "Canon"
    assert tags.get(exif.ORIENTATION, 1) == 1
    with Image.open(target) as picture:
        assert picture.getexif().get_ifd(0x8825)[2] == (48.0, 12.0, 30.0)
        assert picture.getexif().get_ifd(0x8769)[0xA431] == "SERIAL-77"
    assert b"XMP-SECRET" in everything(target)


def test_an_embedded_thumbnail_never_leaves(tmp_path: Path) -> None:
    thumbnail = b"\xff\xd8\xff\xdb-THUMBNAIL-\xff\xd9"
    entries = (
        b"\0\2\x02\x01\0\4\0\0\0\1"
        + (44).to_bytes(4, "big")
        + b"\x02\x02\0\4\0\0\0\1"
        + len(thumbnail).to_bytes(4, "big")
    )
    block = b"Exif\0\0MM\0*\0\0\0\x08" + b"\0\0" + (14).to_bytes(4, "big") + entries + b"\0\0\0\0" + thumbnail
    path = tmp_path / "photo.jpg"
    photo(path, exif=block)
    assert b"THUMBNAIL" in path.read_bytes()
    policies: tuple[MetadataPolicy, ...] = ("keep", "copyright", "strip")
    for policy in policies:
        image = keep_metadata(pyvips.Image.new_from_file(str(path)), policy)
        assert b"THUMBNAIL" not in image.jpegsave_buffer()
        if policy != "keep":
            assert is_copied(path, tmp_path / "copy.jpg", "jpg", policy)
            assert b"THUMBNAIL" not in (tmp_path / "copy.jpg").read_bytes()


def test_an_owner_in_latin_1_stays_the_bytes_it_is(tmp_path: Path) -> None:
    block = Image.Exif()
    block[exif.COPYRIGHT] = "© Müller".encode("latin-1")
    photo(tmp_path / "photo.jpg", exif=block)
    kept = keep_metadata(pyvips.Image.new_from_file(str(tmp_path / "photo.jpg")), "copyright")
    kept.write_to_file(str(tmp_path / "out.webp"))
    assert told(tmp_path / "out.webp")[exif.COPYRIGHT] == "© Müller"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_a_filtered_copy_has_the_same_pixels_and_nothing_private(
    tmp_path: Path, kind: ImageFormat, orientation: int
) -> None:
    path = tmp_path / f"photo.{kind}"
    photo(path, exif=exif_block(orientation))
    copy = tmp_path / f"copy.{kind}"
    assert is_copied(path, copy, kind, "copyright")
    tags = told(copy)
    assert [secret for secret in SECRETS if secret in everything(copy)] == []
    assert text_of(tags[exif.COPYRIGHT]) == OWNER
    assert text_of(tags[exif.ARTIST]) == ARTIST
    assert tags[exif.ORIENTATION] == orientation
    with Image.open(path) as before, Image.open(copy) as after:
        assert before.tobytes() == after.tobytes()
        assert before.info["icc_profile"] == after.info["icc_profile"]
        assert before.info.get("dpi") == after.info.get("dpi")
    one, other = (
        pyvips.Image.new_from_file(str(path), fail_on="error"),
        pyvips.Image.new_from_file(str(copy), fail_on="error"),
    )
    assert (one - other).abs().max() == 0


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_a_stripped_copy_is_still_upright(tmp_path: Path, kind: ImageFormat) -> None:
    path, copy = tmp_path / f"photo.{kind}", tmp_path / f"copy.{kind}"
    photo(path)
    descriptor = os.open(path, os.O_RDONLY)
    os.lseek(descriptor, 7, os.SEEK_SET)
    assert copy_without_private(descriptor, os.fsencode(copy), kind, "strip")
    os.close(descriptor)
    assert exif.COPYRIGHT not in told(copy)
    assert told(copy)[exif.ORIENTATION] == 6
    assert b"Ana by text" not in copy.read_bytes()


@pytest.mark.parametrize("save", [{"progressive": True}, {"restart_marker_blocks": 2}, {"mode": "CMYK"}, {"mode": "L"}])
def test_jpegs_of_every_build_are_copied_bit_by_bit(tmp_path: Path, save: dict[str, Any]) -> None:
    path, copy = tmp_path / "photo.jpg", tmp_path / "copy.jpg"
    picture = Image.effect_noise((200, 150), 60).convert(save.pop("mode", "RGB"))
    picture.save(path, exif=exif_block(), **save)
    path.write_bytes(path.read_bytes() + b"motion photo COMMENT-SECRET")
    assert is_copied(path, copy, "jpg", "copyright")
    with Image.open(path) as before, Image.open(copy) as after:
        assert before.tobytes() == after.tobytes()
    assert b"SECRET" not in copy.read_bytes()


def test_animations_and_lossless_webp_are_copied(tmp_path: Path) -> None:
    frames = [Image.new("RGBA", (40, 30), colour) for colour in ("red", "#00ff0080", "blue")]
    settings: dict[str, dict[str, Any]] = {"a.webp": {"lossless": True}, "a.png": {}}
    for name, save in settings.items():
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], duration=90, exif=exif_block(), **save)
        copy = tmp_path / f"copy {name}"
        kind: ImageFormat = "webp" if name.endswith("webp") else "png"
        assert is_copied(tmp_path / name, copy, kind, "copyright")
        with Image.open(tmp_path / name) as before, Image.open(copy) as after:
            assert before.n_frames == after.n_frames == 3  # type: ignore[attr-defined]  # of animated pictures only
            after.seek(2)
            before.seek(2)
            assert before.tobytes() == after.tobytes()
    frames[0].save(tmp_path / "plain.webp", lossless=True)
    assert is_copied(tmp_path / "plain.webp", tmp_path / "b.webp", "webp", "copyright")
    assert (tmp_path / "plain.webp").read_bytes() == (tmp_path / "b.webp").read_bytes()


def test_policy_keep_copies_every_byte(tmp_path: Path) -> None:
    (tmp_path / "a.gif").write_bytes(b"anything at all")
    assert is_copied(tmp_path / "a.gif", tmp_path / "b.gif", "gif", "keep")
    assert (tmp_path / "b.gif").read_bytes() == b"anything at all"


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.6, 0.99])
def test_half_a_file_is_not_copied(tmp_path: Path, kind: ImageFormat, part: float) -> None:
    path, copy = tmp_path / f"photo.{kind}", tmp_path / f"copy.{kind}"
    photo(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    assert not is_copied(path, copy, kind, "copyright")
    assert not copy.exists()


def test_other_formats_and_odd_structures_are_not_copied(tmp_path: Path) -> None:
    odd: dict[ImageFormat, bytes] = {
        "jpg": b"\xff\xd8\xff\x01\0\4ab\xff\xd9",
        "png": b"\x89PNG\r\n\x1a\n\0\0\0\0ABCD\0\0\0\0\0\0\0\0IEND\0\0\0\0",
        "webp": b"RIFF\x14\0\0\0WEBPICCP\1\0\0\0ab",
        "gif": b"GIF89a",
    }
    for kind, data in odd.items():
        (tmp_path / "odd").write_bytes(data)
        assert not is_copied(tmp_path / "odd", tmp_path / "copy", kind, "copyright")
        assert not (tmp_path / "copy").exists()


def test_a_tiff_source_tells_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    Image.new("RGB", (20, 10)).save(path, tiffinfo={exif.COPYRIGHT: "Ana", exif.ARTIST: "Bea", 0x010F: "Canon"})
    with open(path, "rb") as file:
        block = exif.exif_of_tiff(file.fileno())
    assert block is not None
    main, _ = exif.read_exif(block)
    assert main[exif.COPYRIGHT].data == b"Ana\0"
    assert main[0x010F].data == b"Canon\0"
    Image.new("RGB", (20, 10)).save(tmp_path / "plain.tif")
    with open(tmp_path / "plain.tif", "rb") as file:
        assert exif.exif_of_tiff(file.fileno()) is None


def test_a_completed_tiff_keeps_its_pages_and_a_bigtiff_stays(tmp_path: Path) -> None:
    frames = pyvips.Image.black(30, 40, bands=3).copy(interpretation="srgb").copy()
    frames.set_type(pyvips.GValue.gint_type, "page-height", 20)
    frames.set_type(pyvips.GValue.blob_type, "exif-data", exif_block())
    path, big = tmp_path / "pages.tif", tmp_path / "big.tif"
    frames.tiffsave(str(path))
    complete_tiff(os.fsencode(path), frames)
    with Image.open(path) as picture:
        assert picture.n_frames == 2  # type: ignore[attr-defined]  # of TIFF only
        assert text_of(picture.getexif()[exif.ARTIST]) == ARTIST
    frames.tiffsave(str(big), bigtiff=True)
    before = big.read_bytes()
    complete_tiff(os.fsencode(big), frames)
    assert big.read_bytes() == before
    complete_tiff(os.fsencode(big), pyvips.Image.black(1, 1))


@pytest.mark.parametrize(
    "block", [b"", b"Exif\0\0", b"II*\0", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff" + b"\1" * 64]
)
def test_a_damaged_exif_block_tells_nothing(block: bytes) -> None:
    assert exif.read_exif(block) == ({}, {})


def test_directories_come_back_in_both_byte_orders() -> None:
    main = {
        exif.COPYRIGHT: exif.Entry(exif.ASCII, OWNER.encode() + b"\0"),
        exif.ORIENTATION: exif.Entry(exif.SHORT, b"\0\6"),
        0x011A: exif.Entry(5, b"\0\0\1\x2c\0\0\0\1"),
    }
    gps = {2: exif.Entry(5, bytes(range(24)))}
    for order, head in (("<", b"II*\0\x08\0\0\0"), (">", b"MM\0*\0\0\0\x08")):
        block = head + exif.write_directory(main, {exif.GPS_DIRECTORY: gps}, 8, order)
        assert exif.read_exif(block) == (main, {exif.GPS_DIRECTORY: gps})
    assert main[exif.ORIENTATION].number == 6


@needs_corpus
def test_no_place_or_serial_number_of_real_photos_leaves(tmp_path: Path) -> None:
    copied = 0
    for path in sorted([*CORPUS.glob("photos/*.jpg"), *CORPUS.glob("orientation/*.jpg")]):
        copy = tmp_path / "copy.jpg"
        if is_copied(path, copy, "jpg", "copyright"):
            copied += 1
            with Image.open(path) as before, Image.open(copy) as after:
                assert before.size == after.size
                assert before.tobytes() == after.tobytes(), path.name
                left = after.getexif()
                assert {*left} <= {*OWNER_TAGS, exif.ORIENTATION, *exif.RESOLUTION}, path.name
                assert left.get(exif.ORIENTATION) == before.getexif().get(exif.ORIENTATION), path.name
        kept = keep_metadata(pyvips.Image.new_from_file(str(path)), "copyright")
        kept.crop(0, 0, 8, 8).write_to_file(str(copy))
        tags = told(copy)
        assert not {*tags} - {*OWNER_TAGS, exif.ORIENTATION, *exif.RESOLUTION, 0x8769, 0x0213}, path.name
        with Image.open(copy) as after:
            assert {*after.getexif().get_ifd(0x8769)} <= {0x9000, 0x9101, 0xA000, 0xA001, 0xA002, 0xA003}
    assert copied > 20
