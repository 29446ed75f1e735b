"""What the README shows for shops is what happens."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from tests.command import ROOT, Dmedia, below
from tests.media.products import product
from tests.media.test_logo import mark
from tests.media_making import encoded, jpeg

README = (ROOT / "README.md").read_text("utf-8")


def shown(part: str) -> list[str]:
    """The words of the README's command with a part."""
    (line,) = re.findall(rf"^dmedia (.*{re.escape(part)}[^#\n]*)", README, re.MULTILINE)
    return shlex.split(line)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for folder in ("photos", "products"):
        (tmp_path / folder / "sub").mkdir(parents=True)
        (tmp_path / folder / "sub/a.jpg").write_bytes(jpeg(size=(1800, 1200)))
    (tmp_path / "products/mug.png").write_bytes(encoded(product((1200, 900), (400, 200, 800, 760), noise=4), "PNG"))
    (tmp_path / "logo.png").write_bytes(encoded(mark(), "PNG"))
    return tmp_path


def sizes(folder: Path) -> dict[str, tuple[int, int]]:
    return {name: Image.open(folder / name).size for name in below(folder)}


def test_the_readmes_commands_for_shops_do_what_they_say(dmedia: Dmedia, shop: Path) -> None:
    assert dmedia(*shown("--logo")).status == 0
    assert sizes(shop / "branded") == {"sub/a.jpg": (1800, 1200)}
    with Image.open(shop / "branded/sub/a.jpg") as branded, Image.open(shop / "photos/sub/a.jpg") as photo:
        assert branded.getpixel((40, 1200 - 40)) != photo.getpixel((40, 1200 - 40))
        assert branded.getpixel((1760, 1160)) == photo.getpixel((1760, 1160))
    assert dmedia(*shown("--long-edge")).status == 0
    assert sizes(shop / "web1600") == {"sub/a.jpg": (1600, 1067)}
    ran = dmedia(*shown("apply amazon"), "--json")
    assert (ran.status, ran.document["parameters"]["fill_percent"]) == (0, 85)
    assert sizes(shop / "amazon") == {"mug.jpg": (2000, 2000), "sub/a.jpg": (2000, 2000)}
    with Image.open(shop / "amazon/mug.jpg") as mug:
        assert mug.getpixel((3, 3)) == mug.getpixel((1996, 1000)) == (255, 255, 255)


def test_what_contradicts_itself_is_refused_before_anything_is_written(dmedia: Dmedia, shop: Path) -> None:
    for arguments, said in (
        (("--long-edge", "10", "--width", "10"), "long_edge takes the place of width and height"),
        (("--width", "10", "--fill-percent", "85"), "fill_percent is of a box"),
        (("--width", "10", "--whiten"), "whiten needs trim"),
        (("--width", "10", "--trim", "80"), "trim is"),
        (("--width", "10", "--sharpen", "2"), "sharpen is"),
    ):
        ran = dmedia("resize", "photos", "-r", "-o", "out", *arguments)
        assert (ran.status, (shop / "out").exists()) == (2, False), ran
        assert said in ran.err
