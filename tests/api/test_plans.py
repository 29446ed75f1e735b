"""Plans from Python: what a batch would write, and whether it could; nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import dmedia
from tests.api.conftest import PHOTOS
from tests.command import Dmedia, below
from tests.media_making import jpeg


def test_a_plan_tells_all_and_leaves_nothing(here: Path, images: Path) -> None:
    before = below(here)
    plan = dmedia.plan("images/*.jpg", "convert", "out", {"format": "webp"})
    assert [plan[key] for key in ("planning", "total", "pending", "skipped", "failed", "files_shown")] == [
        False, PHOTOS + 1, PHOTOS + 1, 0, 0, PHOTOS + 1,
    ]  # fmt: skip
    assert plan["bytes_in"] == sum(path.stat().st_size for path in images.iterdir())
    assert plan["files"][0] == {
        "path": str(images / "0.jpg"),
        "status": "pending",
        "error": None,
        "rendition": str(here / "out/0.webp"),
    }
    assert below(here) == before
    assert dmedia.get_batch_status() == []


def test_a_plan_knows_what_is_up_to_date_and_what_cannot_be_done(here: Path, images: Path) -> None:
    asked = ("images", "resize", "out", {"width": 9})
    dmedia.batch_process(*asked, exclude=["broken*", "3*"]).wait(60)
    (here / "out/3.jpg").write_text("somebody's own")
    plan = dmedia.plan(*asked)
    assert {Path(file["path"]).name: file["status"] for file in plan["files"]} == {
        "0.jpg": "skipped", "1.jpg": "skipped", "2.jpg": "skipped", "3.jpg": "failed", "broken.jpg": "pending",
    }  # fmt: skip
    assert [str(file["error"])[:13] for file in plan["files"] if file["status"] == "failed"] == ["Output exists"]
    assert dmedia.plan(*asked, overwrite=True)["failed"] == 0


def test_a_plan_is_that_of_the_command_line(dmedia: Dmedia, here: Path, images: Path) -> None:
    import dmedia as package

    shown = dmedia("resize", "images", "-o", "out", "--width", "9", "--dry-run", "--json").document
    plan: dict[str, Any] = {**package.plan("images", "resize", "out", {"width": 9})}
    assert plan.pop("files_shown") == PHOTOS + 1
    assert {**plan, "free_bytes": 0} == {**shown, "free_bytes": 0}


@pytest.mark.parametrize(
    ("given", "options", "code", "words"),
    [
        (("none/*", "resize", "out", {"width": 9}), {}, "no_input", "No image found"),
        (("images", "convert", "out", {"format": "png"}), {"name": "same.{ext}"}, "collision", "same.png"),
        (("images", "resize", "images", {"width": 9}), {}, "collision", "0.jpg"),
        (("images", "resize", "file/out", {"width": 9}), {}, "preflight_refused", "file"),
        (("images", "reszie", "out"), {}, "unknown_operation", "did you mean 'resize'"),
        (("images", "web_optimised", "out"), {}, "unknown_operation", "did you mean 'web_optimized'?"),
        (("images", None, "out"), {}, "unknown_operation", "known are: amazon, archive, catalog, compress"),
        (("images", "resize", "out"), {"preset": "socialmedia"}, "invalid_preset", "did you mean 'social_media'?"),
        (("images", "crop", "out"), {"preset": "social_media"}, "invalid_parameter", "does resize"),
        (("images", "resize", "out", {"widht": 9}), {}, "invalid_parameter", "did you mean 'width'?"),
        (("images", "resize", "out", {"width": -9}), {}, "invalid_parameter", "width is -9"),
        (("images", "resize", "out", {"width": "wide"}), {}, "invalid_parameter", "width is 'wide'"),
        (("images", "resize", "out"), {}, "invalid_parameter", "needs width, height or both"),
        (("images", "resize", "out", ["width"]), {}, "invalid_parameter", "it is a dict"),
        (("images", "resize", "out", {9: "width"}), {}, "invalid_parameter", "9 is no name"),
        (("images", "resize", "out", {"width": 9}), {"overwite": True}, "invalid_parameter", "mean 'overwrite'?"),
        (("images", "resize", "out", {"width": 9}), {"recursive": "no"}, "invalid_parameter", "True or False"),
        (("images", "resize", "out", {"width": 9}), {"limit": 0}, "invalid_parameter", "limit is 0"),
        (("images", "resize", "out", {"width": 9}), {"limit": True}, "invalid_parameter", "limit is True"),
        (("images", "resize", "out", {"width": 9}), {"include": [b"*"]}, "invalid_parameter", "include is b'*'"),
        (("images", "resize", "out", {"width": 9}), {"exclude": 9}, "invalid_parameter", "exclude is 9"),
        (("images", "resize", "out", {"width": 9}), {"roots": [9]}, "invalid_parameter", "roots is 9"),
        (("images", "resize", "out", {"width": 9}), {"roots": "nowhere"}, "usage", "'nowhere' is no directory"),
        (("images", "resize", "out", {"width": 9}), {"limits": {}}, "invalid_parameter", "dmedia.Limits(...)"),
        (("images", "resize", "out", {"width": 9}), {"persistence": 3}, "invalid_parameter", "dmedia.Persistence"),
        (("images", "resize", "out", {"width": 9}), {"on_collision": "stop"}, "invalid_parameter", "known are: error"),
        (("images", "resize", "out", {"width": 9}), {"name": "{steam}"}, "usage", "'steam'"),
        (("images", "resize", "out", {"width": 9}), {"name": 9}, "invalid_parameter", "name is 9"),
        (([], "resize", "out", {"width": 9}), {}, "usage", "No input was given"),
        (("", "resize", "out", {"width": 9}), {}, "usage", "input is empty"),
        (("a\0b", "resize", "out", {"width": 9}), {}, "usage", "NUL"),
        (("ftp://host/a.jpg", "resize", "out", {"width": 9}), {}, "usage", "not read or written"),
        (("images", "resize", "", {"width": 9}), {}, "usage", "has no name"),
        (("images", "resize", "o\0t", {"width": 9}), {}, "usage", "NUL"),
        (("images", "resize", "memory://bucket/out", {"width": 9}), {}, "usage", "not read or written"),
        (("images", "resize", "https://host/out", {"width": 9}), {}, "usage", "which is only read"),
    ],
)  # fmt: skip
def test_a_plan_is_refused_with_code_and_reason(
    here: Path, images: Path, given: Any, options: Any, code: str, words: str
) -> None:
    (here / "file").write_text("a file")
    before = below(here)
    with pytest.raises(dmedia.DmediaError) as refused:
        dmedia.plan(*given, **options)
    error = refused.value
    assert (error.code, words in error.message) == (code, True), error.message
    assert error.hint is None or isinstance(error.hint, str)
    assert str(error) == error.message
    assert below(here) == before
    assert dmedia.get_batch_status() == []


def test_the_command_line_refuses_the_same_output_directories(dmedia: Dmedia, here: Path, images: Path) -> None:
    for output in ("", "memory://bucket/out", "https://host/out"):
        ran = dmedia("resize", "images", "--width", "9", "-o", output)
        assert (ran.status, ran.err.startswith("dmedia: ")) == (2, True)
    assert sorted(path.name for path in here.iterdir()) == ["images"]


def test_a_plan_tells_of_its_first_thousand_files(here: Path) -> None:
    (here / "in").mkdir()
    (here / "in/0000.jpg").write_bytes(jpeg())
    for number in range(1, 1003):
        (here / f"in/{number:04}.jpg").hardlink_to(here / "in/0000.jpg")
    plan = dmedia.plan("in", "resize", "out", {"width": 9})
    assert (plan["total"], plan["files_shown"], len(plan["files"])) == (1003, 1000, 1000)
