"""dmedia info, from outside."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

import pytest

from tests.command import Dmedia
from tests.media_making import encoded, jpeg, photo

KEYS = [
    *("path", "kind", "format", "width", "height", "bytes", "frames", "animated", "has_alpha", "bits", "colour"),
    *("icc_profile", "orientation", "dpi", "taken_at", "camera", "lens", "artist", "copyright", "has_gps"),
    *("duration_s", "frame_rate", "video_codec", "audio_codec", "audio_channels", "rotation", "video_streams"),
    *("audio_streams", "decoder", "warnings"),
]


def test_info_tells_people_a_line_for_each_file_and_a_reason_for_bad_ones(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(6, private=True))
    (tmp_path / "bad.png").write_bytes(b"no picture at all, but enough of it")
    ran = dmedia("info", "a.jpg", "bad.png", "gone.jpg")
    assert ran.status == 3, ran.err
    good, bad, gone = ran.out.splitlines()
    assert good.startswith(f"{tmp_path}/a.jpg: jpg 64 x 48, ")
    assert good.endswith("stored with orientation 6, artist Ana Souza, copyright (c) Ana Souza, tells a position")
    assert bad.startswith(f"{tmp_path}/bad.png: Unsupported format: ")
    assert gone == f"{tmp_path}/gone.jpg: Not found: No such file or directory"
    assert not (tmp_path / "home").exists()


def test_info_prints_one_document_with_every_key(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(encoded(photo(), "WEBP"))
    ran = dmedia("info", "a.webp", "gone.jpg", "--json")
    assert ran.status == 3, ran.err
    good, gone = ran.document
    assert list(good) == KEYS
    assert (good["path"], good["kind"], good["format"]) == (str(tmp_path / "a.webp"), "image", "webp")
    assert (good["width"], good["height"], good["camera"], good["has_gps"]) == (640, 480, None, False)
    assert good["bytes"] == (tmp_path / "a.webp").stat().st_size
    message = "Not found: No such file or directory"
    assert gone == {"path": str(tmp_path / "gone.jpg"), "error": message, "code": "not_found", "hint": None}


def test_info_ends_well_when_every_file_is_good(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    assert dmedia("info", "a.jpg").status == 0


def test_info_without_a_file_is_a_wrong_usage(dmedia: Dmedia) -> None:
    assert dmedia("info").status == 2


@pytest.mark.skipif(sys.platform == "darwin", reason="names must be UTF-8 there")
def test_info_takes_any_name(dmedia: Dmedia, tmp_path: Path) -> None:
    name = b"\xff\x1b[2J\n.jpg[Q=1]"
    with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:
        file.write(jpeg())
    (document,) = dmedia("info", "--json", b"./" + name).document
    assert base64.b64decode(document["path_b64"]) == os.path.join(os.fsencode(tmp_path), name)
    assert document["width"] == 64
    line = dmedia("info", name).out
    assert line.count("\n") == 1
    assert "\x1b" not in line


def test_info_names_what_keeps_slots_from_starting(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "sitecustomize.py").write_text("import os, sys\n'-c' in sys.orig_argv and os._exit(3)\n")
    dmedia.environment["PYTHONPATH"] += f":{tmp_path}"
    ran = dmedia("info", "a.jpg", "--json")
    assert ran.status == 5
    assert "no slot could start" in ran.document["error"]
