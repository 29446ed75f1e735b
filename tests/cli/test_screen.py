"""What a person sees: a bar on a terminal, lines on a pipe, the status of jobs, the presets."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dmedia.model import JobState
from dmedia.record.writer import RecordWriter
from tests.command import LIMIT_S, Dmedia
from tests.media_making import encoded, jpeg, photo
from tests.record.making import completed, failed, fill, make_files, make_spec


@pytest.fixture
def job(dmedia: Dmedia, tmp_path: Path) -> str:
    """A job of which one file failed."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jpg").write_bytes(jpeg())
    (tmp_path / "in/half.jpg").write_bytes(encoded(photo(), "JPEG")[:9000])
    identifier: str = dmedia("resize", "in", "-o", "out", "--width", "9", "--json").document["id"]
    return identifier


def on_a_terminal(dmedia: Dmedia, *arguments: str, columns: int = 100, **environment: str) -> str:
    """Run a command on a pseudo terminal; return all that it wrote there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dmedia", *arguments],
        cwd=dmedia.directory,
        env={**dmedia.environment, "TERM": "xterm", "COLUMNS": str(columns), **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        written += piece
    os.close(ours)
    process.wait(timeout=LIMIT_S)
    return written.decode()


@pytest.mark.parametrize("columns", [40, 120])
def test_a_terminal_gets_a_bar_with_files_rate_failures_and_the_dashboard(
    dmedia: Dmedia, tmp_path: Path, columns: int
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(12):
        (tmp_path / "in" / f"{number:02}.png").write_bytes(encoded(photo((600, 400), number), "PNG"))
    (tmp_path / "in/00.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    command = ("convert", "in", "-o", "out", "--format", "avif", "--effort", "6", "-j", "2")
    written = on_a_terminal(dmedia, *command, columns=columns)
    assert "dashboard: http://127.0.0.1:" in written
    assert "12 files, 12 to do" in written
    assert "11 done, 1 failed of 12 files" in written
    if columns == 120:
        assert re.search(r"\d+/12 \d+\.\d/s", written)
        assert "1 failed" in written


def test_no_color_is_respected(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    written = on_a_terminal(dmedia, "resize", "a.jpg", "-o", "out", "--width", "9", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", written)


def test_quiet_is_quiet(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    ran = dmedia("resize", "a.jpg", "-o", "out", "--width", "9", "--quiet")
    assert (ran.status, ran.out, ran.err) == (0, "", "")


def test_the_list_of_jobs_is_a_line_each_newest_first(dmedia: Dmedia, job: str) -> None:
    newer = dmedia("apply", "thumbnail", "in/a.jpg", "-o", "thumbs", "--json").document["id"]
    lines = dmedia("status").out.splitlines()
    assert [line.split()[0] for line in lines] == [newer, job]
    assert re.search(r"completed +100 %  thumbnail +1/1 files  \d+s", lines[0])
    assert "2/2 files, 1 failed" in lines[1]
    assert [entry["id"] for entry in dmedia("status", "--json").document] == [newer, job]


def test_the_list_of_jobs_does_not_count_cancelled_files_as_done(
    dmedia: Dmedia, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DMEDIA_HOME", dmedia.environment["DMEDIA_HOME"])
    with fill(RecordWriter.create(make_spec()), make_files(84)) as record:
        record.life.start("inproc://", None)
        record.commit([completed(0), failed(1)], [])
        record.cancel_pending()
        record.life.finish(JobState.CANCELLED)
    assert re.search(r"cancelled +100 %  convert +2/84 files, 1 failed, 82 cancelled  ", dmedia("status").out)


def test_the_status_of_a_job_names_the_failed_files_with_reason_and_hint(dmedia: Dmedia, job: str) -> None:
    text = dmedia("status", "last", "--failed").out
    assert "1 done, 1 failed of 2 files" in text
    assert "1 failed: corrupt_input" in text
    assert re.search(r"failed +\S+/in/half.jpg: Corrupt input: ", text)
    assert "a.jpg" not in text
    assert "completed  " in dmedia("status", "last", "--files").out
    assert list(dmedia("status", job[:12], "--json").document)[:2] == ["id", "operation"]


def test_watching_an_ended_job_ends(dmedia: Dmedia, job: str) -> None:
    ran = dmedia("status", job, "--watch", "--json")
    assert (ran.status, ran.out.count("\n")) == (0, 1)
    assert json.loads(ran.out)["id"] == job


def test_presets_are_listed_shown_and_checked(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/shop.toml").write_text('operation = "resize"\n[parameters]\nwidth = 900\n')
    (tmp_path / "presets/broken.toml").write_text('operation = "resiez"\n')
    listed = dmedia("presets", "list")
    assert listed.status == 0
    for name in ("web_optimized", "social_media", "thumbnail", "high_quality", "shop"):
        assert name in listed.out
    assert re.search(r"broken +not valid: .*did you mean 'resize'", listed.out)
    documents = {preset["name"]: preset for preset in dmedia("presets", "list", "--json").document}
    assert documents["shop"]["parameters"] == {"width": 900}
    assert "error" in documents["broken"]

    assert "width = 900" in dmedia("presets", "show", "shop").out
    assert dmedia("presets", "show", "social_media", "--json").document["operation"] == "resize"
    assert dmedia("presets", "check", "presets/shop.toml").out.startswith("shop: valid, resize")
    refused = dmedia("presets", "check", "presets/broken.toml")
    assert refused.status == 2
    assert "broken.toml" in refused.err


def test_demo_makes_media_and_runs_three_jobs_over_it(dmedia: Dmedia, tmp_path: Path) -> None:
    ran = dmedia("demo", "demo", "--run")
    assert ran.status == 0, ran.err
    assert ran.out.count("completed") == 3
    assert "Look at: demo-web, demo-social, demo-thumbs" in ran.out
    assert len(list((tmp_path / "demo").rglob("*.mp4"))) == 1
    assert {path.suffix for path in (tmp_path / "demo-web").rglob("*") if path.is_file()} == {".webp"}
    assert any("film" in path.stem or path.stem for path in (tmp_path / "demo-thumbs").rglob("*.jpg"))


def test_warnings_of_files_are_told_at_the_end_and_shown_by_status(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(size=(64, 48)))
    ran = dmedia("crop", "a.jpg", "-o", "out", "--width", "100", "--height", "20")
    assert ran.status == 0
    assert re.search(r"1 file with warnings, such as: \S+/a.jpg: ", ran.out)
    assert "status" in ran.out
    shown = dmedia("status", "last", "--warned")
    assert re.search(r"completed +\S+/a.jpg; ", shown.out)
    document = dmedia("status", "last", "--warned", "--json").document
    assert (document["warned"], len(document["files"])) == (1, 1)


def test_how_many_files_lost_their_position_is_told_at_the_end_and_by_status(dmedia: Dmedia, tmp_path: Path) -> None:
    for name, private in (("a.jpg", True), ("b.jpg", True), ("c.jpg", False)):
        (tmp_path / name).write_bytes(jpeg(private=private))
    ran = dmedia("resize", "a.jpg", "b.jpg", "c.jpg", "-o", "out", "--width", "20")
    assert "  GPS position removed from 2 files\n" in ran.out
    assert "  GPS position removed from 2 files\n" in dmedia("status", "last").out
    document = dmedia("status", "last", "--files", "--json").document
    assert document["gps_removed"] == 2
    assert [file["gps_removed"] for file in document["files"]] == [True, True, False]


def test_names_cannot_steer_the_terminal(dmedia: Dmedia, tmp_path: Path) -> None:
    name = "a\x1b[2J\nb\u202egpj.jpg"
    (tmp_path / name).write_bytes(b"\xff\xd8\xff" + bytes(200))
    ran = dmedia("resize", ".", "-o", "out", "--width", "9")
    for written in (
        ran.out,
        dmedia("status", "last", "--failed").out,
        dmedia("resize", ".", "-o", "x", "--width", "9", "-n").out,
    ):
        assert r"a\x1b[2J\nb\u202egpj.jpg" in written
        assert not set(written) & {"\x1b", "\u202e"}


def test_output_that_cannot_be_written_is_no_bug(dmedia: Dmedia) -> None:
    command = [sys.executable, "-m", "dmedia", "status"]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            command, cwd=dmedia.directory, env=dmedia.environment, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert ended.returncode == 5
    assert ended.stderr == b"dmedia: standard output cannot be written: No space left on device\n"
    piped = f"{sys.executable} -m dmedia --help | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", piped], cwd=dmedia.directory, env=dmedia.environment, check=False)
    assert ended.returncode == 0
