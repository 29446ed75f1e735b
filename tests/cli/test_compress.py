"""compress, from outside: without loss, to a similarity, into a number of bytes; and what the record tells of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from tests.command import ROOT, Dmedia, below
from tests.media_making import encoded, exif, photo


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Photos in two formats and two folders."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(encoded(photo((400, 300)), "JPEG", quality=92, exif=exif(6, private=True)))
    (folder / "sub/b.png").write_bytes(encoded(photo((200, 150), 2), "PNG", compress_level=2))
    return folder


def test_without_loss_each_file_is_smaller_and_the_record_says_that_no_pixel_changed(
    dmedia: Dmedia, photos: Path, tmp_path: Path
) -> None:
    command = ("compress", "photos", "-r", "-o", "small", "--lossless")
    ran = dmedia(*command)
    assert ran.status == 0, ran.err
    assert below(tmp_path / "small") == ["a.jpg", "sub/b.png"]
    for name, file in dmedia.files().items():
        (output,) = file["outputs"]
        assert output["identical"] is True, name
        assert output["bytes"] < file["bytes_in"]
        assert not {"quality", "ssim"} & set(output)
        with Image.open(file["path"]) as before, Image.open(output["path"]) as after:
            assert before.convert("RGB").tobytes() == after.convert("RGB").tobytes()
            assert not after.getexif().get_ifd(0x8825), "GPS left"
    assert dmedia(*command, "--json").document["skipped"] == 2
    assert all(file["outputs"][0]["identical"] for file in dmedia.files().values())


def test_a_similarity_and_a_number_of_bytes_are_kept_and_told(dmedia: Dmedia, photos: Path) -> None:
    assert dmedia("compress", "photos/a.jpg", "-o", "alike", "--min-ssim", "0.95").status == 0
    (output,) = dmedia.files()["a.jpg"]["outputs"]
    assert 0.95 <= output["ssim"] <= 1
    assert 1 <= output["quality"] < 92
    assert dmedia("convert", "photos", "-r", "-o", "web", "--format", "webp", "--max-bytes", "15k").status == 0
    for file in dmedia.files().values():
        assert file["outputs"][0]["bytes"] <= 15_000
        assert 1 <= file["outputs"][0]["quality"] <= 100
    ran = dmedia("compress", "photos/a.jpg", "-o", "tiny", "--max-bytes", "100")
    assert ran.status == 3
    assert "Encoding failed: it takes " in ran.out
    assert "--width" in dmedia.files()["a.jpg"]["hint"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("compress", "--lossless", "--width", "100"), "lossless: compress then changes no pixel"),
        (("compress", "--lossless", "--max-bytes", "9k"), "max_bytes: without loss"),
        (("compress", "--lossless", "--quality", "80"), "quality: without loss"),
        (("compress", "--max-bytes", "9x"), "'9x' is no size; write for instance 400M or 2GiB"),
        (("convert", "--format", "png", "--min-ssim", "0.9"), "min_ssim: png has no quality"),
        (("convert", "--format", "jpg", "--lossless"), "lossless: a JPEG cannot be; choose webp, avif, png or tiff"),
    ],
)
def test_what_cannot_be_is_refused_before_the_job(
    dmedia: Dmedia, photos: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    operation, *options = arguments
    ran = dmedia(operation, "photos", "-r", "-o", "out", *options)
    assert ran.status == 2
    assert said in ran.err
    assert not (tmp_path / "out").exists()


def test_without_the_extra_nothing_is_begun(dmedia: Dmedia, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "poor").mkdir()
    (tmp_path / "poor/sitecustomize.py").write_text("import sys\nsys.modules['oxipng'] = None\n")
    dmedia.environment["PYTHONPATH"] = f"{tmp_path / 'poor'}{os.pathsep}{ROOT}"
    ran = dmedia("compress", "photos", "-r", "-o", "small", "--lossless")
    assert ran.status == 5
    assert "What writes PNG without loss is not installed" in ran.err
    assert "pip install 'dmedia[optimize]'" in ran.err
    assert below(tmp_path / "small") == []
    assert dmedia("compress", "photos/a.jpg", "-o", "small", "--lossless").status == 0
