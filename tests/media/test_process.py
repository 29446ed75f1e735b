from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dmedia.errors import MediaError
from dmedia.media import draft, encoders, metadata
from dmedia.media import process as process_module
from dmedia.media.decoders import vips
from dmedia.media.libvips import pyvips
from dmedia.model import Failure, FileResult, Limits, Task, WorkOrder
from dmedia.operations.resize import Resize
from tests.media.conftest import Processing
from tests.media_making import corners, encoded, exif, jpeg, photo, work


def failure_of(result: FileResult) -> Failure:
    assert result.failure is not None
    assert result.failure.hint
    assert result.outputs == ()
    return result.failure


def opened(result: FileResult) -> Image.Image:
    assert result.failure is None, result.failure
    image = Image.open(os.fsdecode(result.outputs[0].path))
    image.load()
    return image


def test_a_result_tells_what_was_published(processed: Processing) -> None:
    result = processed(jpeg(size=(400, 300)), "resize", width=200)
    output = result.outputs[0]
    content = Path(os.fsdecode(output.path)).read_bytes()
    assert (output.width, output.height, output.format) == (200, 150, "jpg")
    assert (output.size_bytes, output.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert output.mtime_ns == os.stat(output.path).st_mtime_ns
    assert (result.decoder, result.warnings, result.worker) == ("libvips", (), "")
    assert result.bytes_in == len(jpeg(size=(400, 300)))
    assert result.seconds > 0


@pytest.mark.parametrize(
    ("image_format", "name"),
    [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("avif", "AVIF"), ("tiff", "TIFF"), ("gif", "GIF")],
)
def test_convert_writes_the_format_asked_for_and_respects_the_width(
    processed: Processing, image_format: str, name: str
) -> None:
    extension = {"tiff": "tif"}.get(image_format, image_format)
    image = opened(processed(jpeg(size=(400, 300)), "convert", out=f"o.{extension}", format=image_format, width=100))
    assert (image.format, image.size) == (name, (100, 75))


@pytest.mark.parametrize("content", ["JPEG", "PNG", "GIF", "WEBP", "TIFF"])
def test_half_a_picture_fails_as_corrupt_and_leaves_nothing(processed: Processing, content: str) -> None:
    whole = encoded(photo(), content)
    for arguments in ({"width": 200}, {"width": 10, "height": 100, "fit": "cover", "gravity": "northwest"}):
        failure = failure_of(processed(whole[: len(whole) // 2], "resize", **arguments))
        assert (failure.code, failure.stage) == ("corrupt_input", "decode")
        assert failure.message.startswith("Corrupt input: ")


def test_damage_below_a_cropped_part_is_found_too(processed: Processing) -> None:
    whole = encoded(photo(), "JPEG")
    failure = failure_of(processed(whole[: len(whole) * 9 // 10], "crop", width=50, height=50, x=0, y=0))
    assert failure.code == "corrupt_input"


def test_an_empty_and_a_tiny_file_are_corrupt(processed: Processing) -> None:
    assert failure_of(processed(b"", "resize", width=10)).message == "Corrupt input: empty file"
    assert failure_of(processed(b"\x89P", "resize", width=10)).message == "Corrupt input: only 2 bytes"
    assert failure_of(processed(b"\x89", "resize", width=10)).message == "Corrupt input: only 1 byte"
    assert failure_of(processed(b"\xff\xd8\xff\xe0", "resize", width=10)).code == "corrupt_input"


def test_a_wrong_extension_is_decoded_by_content_with_a_warning(processed: Processing) -> None:
    result = processed(encoded(corners(), "PNG"), "convert", name="in.jpg", out="o.webp", format="webp")
    assert opened(result).format == "WEBP"
    assert result.warnings == ("named .jpg, but the content is png: decoded by content",)


def test_bytes_match_the_extension_that_was_planned(processed: Processing) -> None:
    assert opened(processed(encoded(corners(), "PNG"), "resize", out="o.jpg", width=10)).format == "JPEG"
    assert (
        opened(processed(encoded(corners(), "BMP"), "resize", name="in.bmp", out="noextension", width=10)).format
        == "JPEG"
    )


def test_what_nothing_here_reads_is_named(processed: Processing) -> None:
    for content, found in (
        (b"some text that is no picture at all", "no known media format"),
        (b"%PDF-1.7 and so on and so on", "PDF"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), "JPEG XL"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'></svg>", "SVG is off"),
    ):
        failure = failure_of(processed(content, "resize", width=10))
        assert failure.code == "unsupported_format"
        assert found in failure.message
        assert failure.hint


def test_nothing_in_a_raw_files_name_is_corrupt(processed: Processing) -> None:
    failure = failure_of(processed(bytes(range(256)) * 4, "resize", name="shot.nef", width=10))
    assert (failure.code, "nef" in failure.message) == ("corrupt_input", True)


def test_a_film_is_refused_where_images_are_meant(processed: Processing) -> None:
    failure = failure_of(processed(b"\0\0\0\x18ftypisom" + bytes(100), "resize", name="a.mp4", width=10))
    assert failure.code == "unsupported_format"
    assert "film; resize works on images" in failure.message


def test_limits_hold_before_anything_is_decoded(processed: Processing) -> None:
    for limits, option in (
        (Limits(max_page_pixels=1000), "--max-pixels"),
        (Limits(max_file_pixels=1000), "--max-pixels"),
        (Limits(max_image_bytes=100), "--max-input-bytes"),
    ):
        for content in (jpeg(), encoded(corners(), "BMP")):
            failure = failure_of(processed(content, "resize", width=10, limits=limits))
            assert failure.code == "too_large"
            assert option in str(failure.hint)
            assert option != "--max-pixels" or "3,072 pixels, the limit is 1,000 pixels" in failure.message


def test_a_rendition_beyond_the_limit_is_refused(processed: Processing) -> None:
    failure = failure_of(processed(jpeg(size=(2, 4000)), "resize", width=2000, fit="fill"))
    assert (failure.code, failure.stage) == ("too_large", "process")


def test_a_size_that_the_format_cannot_hold_is_refused_and_its_own_is_scaled_down(processed: Processing) -> None:
    tall = encoded(Image.new("RGB", (1, 20_000), "red"), "PNG")
    result = processed(tall, "convert", name="i.png", out="o.webp", format="webp")
    assert opened(result).size == (1, 16_383)
    assert "scaled down from 1x20000 to 1x16383" in result.warnings[0]
    arguments: dict[str, Any] = {"format": "webp", "width": 20_000, "height": 10, "fit": "fill"}
    assert failure_of(processed(tall, "convert", name="i.png", out="o.webp", **arguments)).code == "encode_failed"


def test_a_named_pipe_called_jpg_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    result = work(bytes(tmp_path / "pipe.jpg"), bytes(tmp_path / "out/o.jpg"), "resize", width=10)
    assert failure_of(result).code == "unsupported_format"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", [b"a.jpg[Q=1]", b"photo[shrink=8].jpg", b"\xff\xfe.jpg", b"new\nline.jpg", b"--help.jpg", b"%s.jpg"]
)
def test_any_bytes_may_be_a_name(tmp_path: Path, name: bytes) -> None:
    source, rendition = os.path.join(bytes(tmp_path), name), os.path.join(bytes(tmp_path), b"out", name + b".webp")
    with open(source, "wb") as file:
        file.write(jpeg())
    result = work(source, rendition, "convert", format="webp")
    assert result.failure is None
    assert os.listdir(os.path.dirname(rendition)) == [name + b".webp"]
    assert result.outputs[0].width == 64


def test_a_source_is_never_its_own_rendition(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    for name in ("a.jpg", "b.jpg"):
        result = work(bytes(tmp_path / "a.jpg"), bytes(tmp_path / name), "resize", width=10)
        assert failure_of(result).code == "output_exists"
    assert (tmp_path / "a.jpg").read_bytes() == jpeg()


def test_a_rendition_below_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "out").mkdir()
    (tmp_path / "private").mkdir()
    (tmp_path / "out/link").symlink_to(tmp_path / "private")
    result = work(
        bytes(tmp_path / "a.jpg"),
        bytes(tmp_path / "out/link/a.jpg"),
        "resize",
        output=bytes(tmp_path / "out"),
        width=10,
    )
    assert failure_of(result).code == "permission_denied"
    assert os.listdir(tmp_path / "private") == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    directory = tmp_path / "small"
    directory.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=64k", "none", str(directory)]
    if (
        mount is None
        or os.geteuid() != 0
        or subprocess.run([mount, *options], check=False, capture_output=True).returncode
    ):
        pytest.skip("a full disk needs the right to mount a small one")
    yield directory
    subprocess.run(["umount", "-l", str(directory)], check=True)


@pytest.mark.parametrize("image_format", ["jpg", "png", "webp", "avif", "tif", "gif"])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, small_disk: Path, image_format: str) -> None:
    noise = Image.frombytes("RGB", (400, 400), os.urandom(400 * 400 * 3))
    (tmp_path / "a.png").write_bytes(encoded(noise, "PNG"))
    arguments: dict[str, Any] = {"format": image_format, "quality": 100, "effort": 0}
    result = work(bytes(tmp_path / "a.png"), os.fsencode(small_disk / f"o.{image_format}"), "convert", **arguments)
    assert (failure_of(result).code, failure_of(result).stage) == ("disk_full", "encode")
    assert os.listdir(small_disk) == []


def test_a_disk_that_is_full_at_the_sync_is_told(processed: Processing, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    failure = failure_of(processed(jpeg(), "resize", width=10))
    assert (failure.code, failure.stage) == ("disk_full", "publish")


def test_an_error_while_the_finished_file_is_changed_is_told(
    processed: Processing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(metadata, "complete_tiff", fail)
    failure = failure_of(processed(jpeg(), "convert", out="o.tif", format="tiff"))
    assert (failure.code, failure.stage) == ("disk_full", "encode")


def test_a_bug_becomes_one_files_failure(processed: Processing, monkeypatch: pytest.MonkeyPatch) -> None:
    for error, code in (
        (RuntimeError("oops"), "internal"),
        (MemoryError(), "out_of_memory"),
        (OSError(5, "I/O"), "io_error"),
    ):

        def fail(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(process_module, "verify", fail)
        failure = failure_of(processed(jpeg(), "resize", width=10))
        assert failure.code == code


def test_what_was_written_must_be_what_was_asked_for(processed: Processing, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(content: bytes) -> Any:
        return lambda image, descriptor, image_format, parameters: os.write(descriptor, content)

    for content, reason in (
        (encoded(corners(), "PNG"), "png was written instead of jpg"),
        (b"nothing of ours, but long enough", "nothing known was written"),
        (jpeg()[:30], "cannot be opened"),
        (jpeg(size=(9, 9)), "9x9 was written instead of 10x8"),
    ):
        monkeypatch.setattr(draft, "encode", write(content))
        failure = failure_of(processed(jpeg(), "resize", width=10))
        assert (failure.code, failure.stage) == ("verify_failed", "verify")
        assert reason in failure.message
    assert vips.LOADERS.keys() == encoders.ENCODERS.keys()


@pytest.mark.parametrize("content", ["JPEG", "PNG", "WEBP"])
def test_compress_keeps_the_format_and_an_original_that_is_smaller(processed: Processing, content: str) -> None:
    image, name = corners((300, 200)), {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}[content]
    options: dict[str, Any] = {"exif": exif(private=True)} | (
        {"optimize": True} if content == "PNG" else {"quality": 5}
    )
    original = encoded(image, content, **options)
    result = processed(original, "compress", name=f"in.{name}", out=f"o.{name}", quality=95)
    kept = opened(result)
    assert kept.format == content
    assert result.warnings == ("original kept: it is smaller",)
    assert result.outputs[0].size_bytes <= len(original)
    assert kept.convert("RGB").tobytes() == Image.open(io.BytesIO(original)).convert("RGB").tobytes()
    assert not kept.getexif().get_ifd(0x8825), "GPS left"


def test_an_original_that_is_kept_keeps_its_orientation(processed: Processing) -> None:
    tiny = encoded(corners((48, 64)), "JPEG", quality=5, exif=exif(6))
    result = processed(tiny, "compress", quality=100)
    assert result.warnings == ("original kept: it is smaller",)
    assert (result.outputs[0].width, result.outputs[0].height) == (64, 48)
    assert opened(result).getexif()[0x0112] == 6


def test_compress_encodes_anew_where_that_is_smaller_or_more_was_asked(processed: Processing) -> None:
    big = encoded(photo(), "JPEG", quality=100)
    result = processed(big, "compress", quality=50)
    assert result.outputs[0].size_bytes < len(big)
    assert result.warnings == ()
    small = encoded(corners((300, 200)), "JPEG", quality=5)
    assert opened(processed(small, "compress", quality=95, width=100)).size == (100, 67)
    assert processed(small, "compress", quality=95, progressive=True).warnings == ()
    assert processed(encoded(corners(), "PNG"), "compress", name="i.png", format="jpg").warnings == ()


def test_gps_and_serial_numbers_do_not_leave_and_the_owner_does(processed: Processing) -> None:
    for image_format, extension in (
        ("jpg", "jpg"),
        ("png", "png"),
        ("webp", "webp"),
        ("avif", "avif"),
        ("tiff", "tif"),
    ):
        block = opened(processed(jpeg(private=True), "convert", out=f"o.{extension}", format=image_format)).getexif()
        assert not block.get_ifd(0x8825)
        assert 0xA431 not in block.get_ifd(0x8769)
        assert block[0x8298] == "(c) Ana Souza", image_format


def test_a_decoder_that_refuses_hands_over_to_the_next(processed: Processing, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = encoded(Image.new("LAB", (20, 10), (150, 128, 128)), "TIFF")
    result = processed(lab, "convert", name="in.tif", format="jpg")
    assert result.decoder == "pillow"
    red, green, blue = opened(result).convert("RGB").getpixel((5, 5))  # type: ignore[misc]  # three bands
    assert max(red, green, blue) - min(red, green, blue) <= 3
    assert abs(red - 140) < 4

    def refuse(source: object, limits: object) -> None:
        raise MediaError("unsupported_format", "Unsupported format: first", "decode")

    monkeypatch.setattr(process_module, "decoders_for", lambda source: (refuse, refuse))
    assert failure_of(processed(lab, "convert", name="in.tif", format="jpg")).message.endswith("first")
    monkeypatch.setattr(process_module, "decoders_for", lambda source: (refuse,))
    assert failure_of(processed(lab, "convert", name="in.tif", format="jpg")).message.endswith("first")


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    source, rendition = bytes(tmp_path / "a.png"), bytes(tmp_path / "out/o.png")
    for colour in ("red", "blue"):
        (tmp_path / "a.png").write_bytes(encoded(Image.new("RGB", (8, 8), colour), "PNG"))
        work(source, rendition, "convert", format="png")
        with Image.open(os.fsdecode(rendition)) as image:
            assert image.convert("RGB").getpixel((4, 4)) == {"red": (255, 0, 0), "blue": (0, 0, 255)}[colour]


def test_libvips_has_one_thread_and_no_cache() -> None:
    script = "from dmedia.media.libvips import pyvips as p; v = p.vips_lib\n"
    script += "print(v.vips_concurrency_get(), v.vips_cache_get_max())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "0"]


def test_the_inner_loop_loads_neither_numpy_nor_pillow_nor_av(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    script = f"""
import os, sys
from dmedia.media.process import process
from dmedia.model import Limits, Task, WorkOrder
from dmedia.operations.resize import Resize
out, source = {bytes(tmp_path / "out")!r}, {bytes(tmp_path / "a.jpg")!r}
order = WorkOrder("j", "resize", Resize(width=10), out, Limits())
result = process(order, Task(0, source, out + b"/a.jpg", 0), (out + b"/t",), os.open(source, os.O_RDONLY))
assert result.failure is None, result
print(sorted({{"numpy", "PIL", "av", "rawpy", "pillow_heif", "pydantic"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_limits_can_be_raised(processed: Processing) -> None:
    limits = replace(Limits(), max_page_pixels=10**9, timeout_s=5.0)
    assert processed(jpeg(), "resize", width=10, limits=limits).failure is None


def test_pyvips_is_the_one_that_everybody_imports() -> None:
    import pyvips as same

    assert same is pyvips


def test_a_rendition_gets_its_sources_date_where_that_is_asked_for(tmp_path: Path) -> None:
    source, rendition = tmp_path / "a.jpg", tmp_path / "out/a.jpg"
    source.write_bytes(jpeg())
    os.utime(source, ns=(10**18, 10**18 + 7))
    result = work(bytes(source), bytes(rendition), "resize", width=20, keep_dates=True)
    assert result.outputs[0].mtime_ns == rendition.stat().st_mtime_ns == 10**18 + 7
    again = work(bytes(source), bytes(tmp_path / "out/b.jpg"), "resize", width=20)
    assert again.outputs[0].mtime_ns > 10**18 + 7


def test_the_date_of_a_source_from_a_store_is_not_known_and_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "fetched").write_bytes(jpeg())
    rendition = bytes(tmp_path / "out/a.jpg")
    order = WorkOrder("batch-1-abcdef", "resize", Resize(width=20, keep_dates=True), bytes(tmp_path / "out"), Limits())
    with (tmp_path / "fetched").open("rb") as file:
        task = Task(0, b"s3://bucket/a.jpg", rendition, 0)
        result = process_module.process(order, task, (rendition + b".tmp",), file.fileno())
    assert (result.failure, result.warnings) == (None, ("the source's date was not kept: it lies in a store",))
