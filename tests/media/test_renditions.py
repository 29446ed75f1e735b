"""Several renditions of one decode: the same pixels as one by one, decoded once, all or none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from dmedia.media import process as process_module
from dmedia.media.decoders.vips import VipsPicture
from dmedia.model import FileResult, Limits, Place, Recipe, Task, WorkOrder
from dmedia.operations.validation import validate
from dmedia.storage import local
from tests.command import below
from tests.media.films import make_film, scene
from tests.media_making import encoded, jpeg, photo

Asked = tuple[str, str, dict[str, Any]]

THREE: list[Asked] = [
    ("small.jpg", "resize", {"width": 60, "format": "jpg", "quality": 95}),
    ("square.webp", "thumbnail", {"width": 90, "height": 90, "format": "webp", "lossless": True}),
    ("marked.png", "watermark", {"text": "x", "width": 200, "format": "png"}),
]


def make(source: Path, out: Path, asked: list[Asked]) -> FileResult:
    """Run one task in this process, as a slot and its worker do."""
    (_, operation, arguments), *others = asked
    also = tuple(Recipe(other, "", done, validate(done, given)) for other, done, given in others)
    order = WorkOrder("batch-1-abcdef", operation, validate(operation, arguments), os.fsencode(out), Limits(), (), also)
    places = [os.fsencode(out / other) for other, _, _ in asked]
    task = Task(0, os.fsencode(source), places[0], 0, also=tuple(map(Place, places[1:])))
    descriptor = local.open_source(task.source)
    try:
        temporaries = tuple(local.temporary_path(place, order.job) for place in places)
        return process_module.process(order, task, temporaries, descriptor)
    finally:
        os.close(descriptor)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The formats of pictures whose pixels were asked for."""
    seen: list[str] = []
    decode = VipsPicture.decode

    def count(picture: VipsPicture, wanted: Any) -> Any:
        seen.append(picture.format)
        return decode(picture, wanted)

    monkeypatch.setattr(VipsPicture, "decode", count)
    return seen


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_source_is_decoded_once_and_gives_what_each_alone_would(
    tmp_path: Path, decoded: list[str], orientation: int
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(orientation, (800, 600)))
    result = make(tmp_path / "a.jpg", tmp_path / "out", THREE)
    assert result.failure is None, result
    assert decoded == ["jpg"]
    assert [os.path.basename(output.path) for output in result.outputs] == [b"small.jpg", b"square.webp", b"marked.png"]
    for one in THREE:
        alone = make(tmp_path / "a.jpg", tmp_path / "alone", [one])
        assert alone.failure is None
        with Image.open(tmp_path / "out" / one[0]) as together, Image.open(tmp_path / "alone" / one[0]) as apart:
            assert (together.size, together.format) == (apart.size, apart.format)
            differences = ImageChops.difference(together.convert("RGB"), apart.convert("RGB")).resize((1, 1))
            assert max(differences.getpixel((0, 0))) <= 3, one  # type: ignore[arg-type]  # of an RGB picture
    assert len(decoded) == 4


def test_what_does_not_fit_into_memory_at_once_is_decoded_for_each(
    tmp_path: Path, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "MOST_SHARED_PIXELS", 10_000)
    (tmp_path / "a.jpg").write_bytes(jpeg(1, (800, 600)))
    assert make(tmp_path / "a.jpg", tmp_path / "out", THREE).failure is None
    assert len(decoded) == 3
    assert below(tmp_path / "out") == ["marked.png", "small.jpg", "square.webp"]


def test_a_film_gives_one_poster_in_all_sizes(tmp_path: Path) -> None:
    make_film(tmp_path / "a.mp4", [scene()] * 15)
    asked: list[Asked] = [
        ("a.jpg", "thumbnail", {"width": 40, "height": 40, "format": "jpg"}),
        ("b.webp", "thumbnail", {"width": 100, "format": "webp"}),
    ]
    result = make(tmp_path / "a.mp4", tmp_path / "out", asked)
    assert [(output.width, output.format) for output in result.outputs] == [(40, "jpg"), (100, "webp")], result


@pytest.mark.parametrize("content", [encoded(photo((300, 200)), "PNG")[:3000], jpeg(1, (800, 600))[:-9000]])
def test_damage_leaves_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    result = make(tmp_path / "a", tmp_path / "out", THREE)
    assert result.failure is not None
    assert (result.failure.code, result.outputs) == ("corrupt_input", ())
    assert below(tmp_path / "out") == []


def test_compress_beside_a_resize_keeps_an_original_that_is_smaller(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(photo((300, 200)), "JPEG", quality=10))
    asked: list[Asked] = [("a.jpg", "compress", {"quality": 95}), ("b.jpg", "resize", {"width": 30})]
    result = make(tmp_path / "a.jpg", tmp_path / "out", asked)
    assert result.warnings == ("original kept: it is smaller",)
    assert [output.width for output in result.outputs] == [300, 30]
    assert (tmp_path / "out" / "a.jpg").stat().st_size <= (tmp_path / "a.jpg").stat().st_size


def test_each_rendition_has_its_own_way_to_be_small(tmp_path: Path, decoded: list[str]) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(photo((300, 200)), "JPEG", quality=90))
    asked: list[Asked] = [
        ("exact.jpg", "compress", {"lossless": True}),
        ("alike.webp", "convert", {"format": "webp", "min_ssim": 0.9}),
        ("small.jpg", "resize", {"width": 150, "format": "jpg", "max_bytes": 4000}),
        ("plain.png", "resize", {"width": 30, "format": "png"}),
    ]
    result = make(tmp_path / "a.jpg", tmp_path / "out", asked)
    assert result.failure is None, result
    exact, alike, small, plain = result.outputs
    assert (exact.identical, exact.quality, exact.ssim) == (True, None, None)
    assert (alike.identical, alike.ssim is not None and alike.ssim >= 0.9) == (None, True)
    assert small.size_bytes <= 4000
    assert None not in (alike.quality, small.quality)
    assert (plain.identical, plain.quality, plain.ssim) == (None, None, None)
    for one in asked[:3]:
        alone = make(tmp_path / "a.jpg", tmp_path / "alone", [one]).outputs[0]
        together = next(output for output in result.outputs if os.path.basename(output.path) == one[0].encode())
        assert (together.quality is None, together.identical) == (alone.quality is None, alone.identical)
        assert together.ssim == pytest.approx(alone.ssim, abs=0.02), "decoded at another scale, it is not the same"


def test_where_one_cannot_be_as_small_as_was_asked_for_none_is_made(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1, (300, 200)))
    asked: list[Asked] = [
        ("exact.jpg", "compress", {"lossless": True}),
        ("small.webp", "convert", {"format": "webp", "max_bytes": 20}),
    ]
    result = make(tmp_path / "a.jpg", tmp_path / "out", asked)
    assert result.failure is not None
    assert result.failure.code == "encode_failed"
    assert below(tmp_path / "out") == []
