"""Presets: those that come with dmedia, where others are found, and what is refused."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from dmedia import presets
from dmedia.errors import PresetError
from dmedia.operations import find_operation
from dmedia.presets import BrokenPreset, Preset, find_presets, finding, list_presets, load_preset, read_preset
from tests.media.conftest import Processing, processed
from tests.media.products import product, seen
from tests.media_making import encoded

__all__ = ["processed"]

LISTED: dict[str, object] = {"format": "jpg", "quality": 90}
ON_WHITE: dict[str, object] = {"fit": "contain", "trim": 5.0, "whiten": True, "fill_percent": 85.0, **LISTED}

SHIPPED = [
    "amazon", "archive", "catalog", "ebay", "etsy", "google_shopping", "high_quality", "responsive", "shopify",
    "social_media", "thumbnail", "web_optimized",
]  # fmt: skip

GOOD = 'operation = "resize"\n[parameters]\nwidth = 10\n'


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty directory with an empty configuration directory."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write(path: Path, text: str | bytes = GOOD) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return os.fsencode(path)


@pytest.mark.parametrize(
    ("name", "operation", "accepts", "given"),
    [
        ("web_optimized", "resize", {"image"}, {"width": 1280, "format": "webp", "quality": 85}),
        (
            "social_media",
            "resize",
            {"image"},
            {"width": 1080, "height": 1080, "fit": "cover", "format": "jpg", "quality": 90},
        ),
        (
            "thumbnail",
            "thumbnail",
            {"image", "film"},
            {"width": 320, "height": 240, "fit": "cover", "format": "jpg", "quality": 75},
        ),
        ("high_quality", "convert", {"image"}, {"format": "png", "quality": 95, "metadata": "keep", "icc": "keep"}),
        ("amazon", "convert", {"image"}, {"width": 2000, "height": 2000, **ON_WHITE}),
        ("google_shopping", "convert", {"image"}, {"width": 1500, "height": 1500, **ON_WHITE}),
        ("ebay", "convert", {"image"}, {"long_edge": 1600, **LISTED}),
        ("etsy", "convert", {"image"}, {"width": 2000, "height": 2000, "fit": "outside", **LISTED}),
        ("shopify", "convert", {"image"}, {"width": 2048, "height": 2048, "fit": "contain", **LISTED}),
    ],
)
def test_the_shipped_presets_are_exactly_as_promised(
    name: str, operation: str, accepts: set[str], given: dict[str, object]
) -> None:
    preset = load_preset(name)
    assert preset.name == name
    assert preset.description
    assert preset.operation == operation
    assert preset.parameters.given() == given
    assert find_operation(operation).accepts == accepts


def test_these_presets_come_with_dmedia() -> None:
    assert list(find_presets()) == SHIPPED


@pytest.mark.parametrize("name", ["amazon", "ebay", "etsy", "google_shopping", "shopify"])
def test_a_marketplaces_preset_says_where_its_numbers_are_from_and_when_that_was_looked_up(name: str) -> None:
    comment = Path(os.fsdecode(load_preset(name).path)).read_text().split("description =")[0]
    assert all(line.startswith("#") for line in comment.splitlines())
    assert re.search(r"https://\S+", comment)
    assert re.search(r"\b20\d\d-\d\d-\d\d\b", comment)


MEASURES = [
    ("amazon", (2000, 2000), 1700), ("google_shopping", (1500, 1500), 1275), ("shopify", (2048, 2048), None),
    ("ebay", (1600, 1200), None), ("etsy", (2667, 2000), None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "size", "filled"), MEASURES)
def test_a_product_photo_comes_out_as_the_marketplace_asks_for(
    processed: Processing, name: str, size: tuple[int, int], filled: int | None
) -> None:
    photo = encoded(product((4000, 3000), (1300, 700, 2500, 2400)), "JPEG", quality=92)
    parameters = load_preset(name).parameters.given()
    result = processed(photo, "convert", **parameters)
    found = seen(result)
    assert (found.size, result.outputs[0].format, result.warnings) == (size, "jpg", ())
    if filled:
        assert abs(found.longest - filled) <= 2
        assert found.is_centred()
        assert found.edge == {(255, 255, 255)}


def test_presets_within_the_package_go_before_those_of_a_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "__file__", str(tmp_path / "site" / "dmedia" / "presets" / "finding.py"))
    assert presets.shipped_directory() == os.fsencode(tmp_path / "site" / "presets")
    installed = write(tmp_path / "site" / "dmedia" / "shipped_presets" / "a.toml")
    assert find_presets() == {"a": installed}


def test_a_later_place_takes_precedence(elsewhere: Path) -> None:
    user = write(elsewhere / "config" / "dmedia" / "presets" / "thumbnail.toml")
    assert find_presets()["thumbnail"] == user
    here = write(elsewhere / "work" / "presets" / "thumbnail.toml")
    assert find_presets()["thumbnail"] == here
    extra = write(elsewhere / "thumbnail.toml")
    assert find_presets([b"../thumbnail.toml"])["thumbnail"] == extra
    assert load_preset("thumbnail", [extra]).parameters.given() == {"width": 10}
    assert load_preset("thumbnail", [extra]).path == extra


def test_only_visible_toml_files_of_a_directory_are_presets(elsewhere: Path) -> None:
    write(elsewhere / "work" / "presets" / "README.md")
    write(elsewhere / "work" / "presets" / ".hidden.toml")
    assert list(find_presets()) == SHIPPED


def test_a_preset_is_read_with_everything_it_says(elsewhere: Path) -> None:
    text = 'description = "Ünïcode"\noperation = "watermark"\n[parameters]\ntext = "© <b>"\nopacity = 1\n'
    preset = read_preset(write(elsewhere / "My-mark_1.toml", b"\xef\xbb\xbf" + text.encode()))
    assert (preset.name, preset.description, preset.operation) == ("My-mark_1", "Ünïcode", "watermark")
    assert preset.parameters.given() == {"text": "© <b>", "opacity": 1.0}


def test_a_preset_makes_several_renditions_of_what_they_share_and_what_is_their_own(elsewhere: Path) -> None:
    text = """
operation = "resize"
manifest = "checksums"
parameters = {width = 10, format = "webp"}
renditions = [{name = "a"}, {name = "a", format = "jpg"}, {name = "b", operation = "thumbnail", height = 5}]
"""
    preset = read_preset(write(elsewhere / "three.toml", text))
    assert [(recipe.name, recipe.preset, recipe.operation) for recipe in preset.recipes] == [
        ("a", "three", "resize"), ("a", "three", "resize"), ("b", "three", "thumbnail"),
    ]  # fmt: skip
    assert [recipe.parameters.given() for recipe in preset.recipes] == [
        {"width": 10, "format": "webp"}, {"width": 10, "format": "jpg"}, {"width": 10, "height": 5, "format": "webp"},
    ]  # fmt: skip
    assert (preset.operation, preset.manifests) == ("resize", ("checksums",))


def test_the_shipped_presets_of_several_renditions_are_as_promised() -> None:
    responsive = load_preset("responsive")
    made = [(recipe.name, recipe.parameters.given()["format"]) for recipe in responsive.recipes]
    assert sorted(made) == sorted((width, form) for width in ("480", "960", "1600") for form in ("webp", "avif", "jpg"))
    assert responsive.manifests == ("srcset",)
    assert [recipe.name for recipe in load_preset("catalog").recipes] == ["thumbnail", "preview"]
    assert load_preset("archive").manifests == ("checksums",)


def test_a_preset_needs_no_parameters_where_the_operation_needs_none(elsewhere: Path) -> None:
    preset = read_preset(write(elsewhere / "a.toml", 'operation = "compress"'))
    assert preset.parameters.given() == {}
    assert preset.description == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("operation = resize\n", r"a\.toml': not TOML: .*\(at line 1, column 13\)"),
        ('operation = "resize"\n\n[parameters\n', r"not TOML: .*\(at line 3"),
        (b'operation = "resize"\n# \xff\n', r"not UTF-8 \(at line 2\)"),
        ("a = " + "[" * 100_000, "not TOML"),
        ("a = " + "1" * 10_000, "not TOML"),
        ("", "the operation is missing"),
        ('opration = "resize"', "unknown key 'opration': did you mean 'operation'"),
        ('operation = "rezise"', "Unknown operation 'rezise': did you mean 'resize'"),
        ("operation = 1", "are texts"),
        ('operation = "compress"\ndescription = 5', "are texts"),
        ('operation = "compress"\nparameters = 5', r"\[parameters\]"),
        ('operation = "resize"\n[parameters]\nwith = 5', "unknown parameter 'with': did you mean 'width'"),
        ('operation = "resize"\n[parameters]\nwidth = 0', "width is 0"),
        ('operation = "resize"\n[parameters]\nwidth = true', "width is True"),
        ('operation = "resize"\n[parameters]\nwidth = 2024-01-01', "width is"),
        ('operation = "resize"', "resize needs width, height or both"),
        ('operation = "compress"\nrenditions = 5', r"\[\[renditions\]\]"),
        ('operation = "compress"\n[[renditions]]\nquality = 5', "rendition 1 has no name"),
        ('operation = "compress"\n[[renditions]]\nname = "../a"', "cannot name"),
        ('operation = "compress"\n[[renditions]]\nname = "a"\n[[renditions]]\nname = "a"', "two renditions are called"),
        ('operation = "compress"\n[[renditions]]\nname = "a"\nqality = 5', "did you mean 'quality'"),
        ('operation = "compress"\n' + '[[renditions]]\nname = "a"\n' * 65, "65 renditions, and 64 can be"),
        ('operation = "compress"\nmanifest = "checksum"', "did you mean 'checksums'"),
        ('operation = "compress"\nmanifest = 5', "manifest is one of"),
        ("#" * 1_000_001, "larger than 1 MB"),
    ],
)
def test_a_file_that_is_no_preset_is_refused_by_name(elsewhere: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(PresetError, match=message) as caught:
        read_preset(write(elsewhere / "a.toml", text))
    assert str(elsewhere / "a.toml") in caught.value.message


def test_what_is_no_regular_file_is_refused_without_waiting(elsewhere: Path) -> None:
    os.mkfifo(elsewhere / "pipe.toml")
    (elsewhere / "directory.toml").mkdir()
    (elsewhere / "dangling.toml").symlink_to("nothing")
    for name in ("pipe.toml", "directory.toml", "dangling.toml", "missing.toml", "/dev/null"):
        with pytest.raises(PresetError):
            read_preset(os.fsencode(elsewhere / name))


def test_a_file_that_cannot_be_read_to_its_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    path = b"/proc/self/mem"
    if not Path(os.fsdecode(path)).exists():
        pytest.skip("no file here fails while it is read")
    assert stat.S_ISREG(os.stat(path).st_mode)
    with pytest.raises(PresetError, match="cannot be read"):
        read_preset(path)


@pytest.mark.parametrize("name", ["../thumbnail", "a/b", "", "thumb nail", "thumbnail.toml", "ä", "a\n"])
def test_a_name_of_other_characters_is_refused(name: str) -> None:
    with pytest.raises(PresetError, match="letters, digits, - and _"):
        load_preset(name)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(PresetError, match="Unknown preset 'web_optimised': did you mean 'web_optimized'"):
        load_preset("web_optimised")


def test_a_missing_preset_file_is_refused_whatever_is_asked_for() -> None:
    with pytest.raises(PresetError, match=r"no\.toml': no such preset file"):
        load_preset("thumbnail", [b"no.toml"])


def test_a_broken_preset_is_listed_with_its_reason_and_hides_no_other(elsewhere: Path) -> None:
    write(elsewhere / "work" / "presets" / "broken.toml", "operation = ")
    write(elsewhere / "work" / "presets" / "odd name.toml")
    listed = {preset.name: preset for preset in list_presets()}
    assert list(listed) == sorted([*SHIPPED, "broken", "odd name"])
    broken, odd = listed["broken"], listed["odd name"]
    assert isinstance(broken, BrokenPreset)
    assert "line 1" in broken.error.message
    assert isinstance(odd, BrokenPreset)
    assert "letters, digits" in odd.error.message
    assert isinstance(listed["thumbnail"], Preset)
    assert load_preset("thumbnail").name == "thumbnail"
    with pytest.raises(PresetError, match="broken"):
        load_preset("broken")


def test_a_shipped_preset_is_found_by_a_package_that_was_copied_whole(tmp_path: Path) -> None:
    checkout = Path(presets.__file__).parents[1]
    ignore = shutil.ignore_patterns("__pycache__", "media", "run", "cli", "report", "record")
    shutil.copytree(checkout, tmp_path / "site" / "dmedia", ignore=ignore)
    shutil.copytree(
        os.fsdecode(presets.shipped_directory()),
        tmp_path / "site" / "dmedia" / "shipped_presets",
        dirs_exist_ok=True,
    )
    script = "from dmedia.presets import load_preset; print(load_preset('thumbnail').path.decode())"
    answer = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )
    assert answer.stdout.strip() == str(tmp_path / "site" / "dmedia" / "shipped_presets" / "thumbnail.toml")
