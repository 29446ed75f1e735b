"""The server's life: how it starts, ends and is killed, and that jobs do not need it."""

from __future__ import annotations

import functools
import os
import signal
import textwrap
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.command import Dmedia, below, wait_until
from tests.media_making import encoded, jpeg, photo
from tests.serve.wire import Wire

SLOW: dict[str, Any] = {"operation": "convert", "parameters": {"format": "avif", "effort": 3}}


def many(directory: Path, count: int = 12) -> None:
    """Put pictures there that keep this machine busy for some seconds."""
    directory.mkdir(exist_ok=True)
    picture = encoded(photo((1000, 800)), "JPEG", quality=90)
    for number in range(count):
        (directory / f"m{number:02}.jpg").write_bytes(picture)


def start(wire: Wire, **more: Any) -> str:
    job: str = wire.document("batch_process", input_pattern="many", output_directory="out", **SLOW, **more)["id"]
    return job


def is_over(wire: Wire, job: str) -> Any:
    status = wire.document("get_batch_status", job_id=job)
    return status if status["status"] in ("completed", "failed", "cancelled", "interrupted") else None


def is_running(wire: Wire, job: str) -> bool:
    return bool(wire.document("get_batch_status", job_id=job)["status"] == "running")


def family(wire: Wire) -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process(wire.process.pid).children(recursive=True)
    return found


def launchers(processes: list[psutil.Process]) -> set[int]:
    """The processes that are launchers, or belong to one."""
    found = {process.pid for process in processes if "resume" in process.cmdline() or "retry" in process.cmdline()}
    return found | {child.pid for pid in found for child in psutil.Process(pid).children(recursive=True)}


def test_a_job_goes_on_when_the_server_is_killed_and_a_new_one_reports_it(dmedia: Dmedia, tmp_path: Path) -> None:
    many(tmp_path / "many")
    with Wire(dmedia) as wire:
        job = start(wire)
        wait_until(lambda: is_running(wire, job))
        waiting = wire.begin("tools/call", name="resume_batch", arguments={"job_id": job, "wait_seconds": 60})
        wire.process.send_signal(signal.SIGKILL)
        wire.process.wait()
        assert not wire.has_answered(waiting)
    with Wire(dmedia) as wire:
        assert [entry["id"] for entry in wire.document("get_batch_status")["jobs"]] == [job]
        status = wait_until(lambda: is_over(wire, job), 120)
        assert (status["status"], status["completed"], status["total"]) == ("completed", 12, 12)
        assert len(wire.document("get_batch_report", job_id="last")["files"]) == 12
    assert len(below(tmp_path / "out")) == 12


def test_the_end_of_input_ends_the_server_but_no_launcher(dmedia: Dmedia, tmp_path: Path) -> None:
    """Whatever is under way: a wait for a job, and a file in a slot."""
    many(tmp_path / "many")
    (tmp_path / "large.jpg").write_bytes(encoded(photo((6000, 4000)), "JPEG", quality=90))
    with Wire(dmedia) as wire:
        job = start(wire)
        wait_until(lambda: is_running(wire, job))
        wire.begin("tools/call", name="get_batch_status", arguments={})
        wire.begin(
            "tools/call",
            name="convert_image",
            arguments={"inputPath": "large.jpg", "outputPath": "large.avif", "effort": 9},
        )
        slots = wait_until(lambda: [child for child in family(wire) if child.pid not in launchers(family(wire))])
        wait_until(lambda: list(tmp_path.glob(".dmedia-single-*")))
        asked_at = time.monotonic()
        assert wire.finish() == 0
        assert time.monotonic() - asked_at < 20, "seconds; the file alone would take minutes"
        psutil.wait_procs(slots, 20)
        assert not any(slot.is_running() and slot.status() != psutil.STATUS_ZOMBIE for slot in slots)
        assert wire.log.read_text() == ""
    with Wire(dmedia) as wire:
        assert wait_until(lambda: is_over(wire, job), 120)["status"] == "completed"
    left = {name for name in below(tmp_path) if not name.startswith(("home/", "many/", "out/", "server-"))}
    assert left == {"large.jpg"}, "what was begun is taken away"


def test_a_server_whose_client_is_gone_before_it_began_ends_too(dmedia: Dmedia) -> None:
    wire = Wire(dmedia)
    try:
        assert wire.finish() == 0
    finally:
        wire.__exit__(None, None, None)


def test_two_servers_at_once_tell_of_each_others_jobs(dmedia: Dmedia, tmp_path: Path) -> None:
    many(tmp_path / "many", 8)
    with Wire(dmedia) as one, Wire(dmedia) as other:
        job = start(one)
        assert other.document("get_batch_status", job_id=job)["id"] == job
        second = other.document(
            "batch_process", input_pattern="many", output_directory="out2", operation="resize", parameters={"width": 9}
        )["id"]
        for server in (one, other):
            for each in (job, second):
                assert wait_until(functools.partial(is_over, server, each), 100)["completed"] == 8
        assert one.finish() == other.finish() == 0


def test_a_request_that_is_cancelled_leaves_the_job_running_and_the_server_answering(
    dmedia: Dmedia, tmp_path: Path
) -> None:
    many(tmp_path / "many")
    with Wire(dmedia) as wire:
        waiting = wire.begin(
            "tools/call",
            name="batch_process",
            arguments={**SLOW, "input_pattern": "many", "output_directory": "out", "wait_seconds": 600},
        )
        jobs = wait_until(lambda: wire.document("get_batch_status")["jobs"])  # others answer while one waits
        job = jobs[0]["id"]
        wait_until(lambda: is_running(wire, job))
        assert not wire.has_answered(waiting)
        wire.tell("notifications/cancelled", requestId=waiting, reason="the person has changed their mind")
        assert wire.document("list_presets")["presets"]
        status = wait_until(lambda: is_over(wire, job), 120)
        assert (status["status"], status["completed"]) == ("completed", 12)
        assert not wire.has_answered(waiting) or "error" in wire.answer(waiting), "a cancelled request has no result"


def test_many_waiting_requests_keep_nobody_waiting(dmedia: Dmedia, tmp_path: Path) -> None:
    many(tmp_path / "many")
    with Wire(dmedia) as wire:
        job = start(wire)
        waiting = [
            wire.begin(
                "tools/call",
                name="batch_process",
                arguments={
                    "input_pattern": "many/m00.jpg", "operation": "resize", "parameters": {"width": 5 + number},
                    "output_directory": f"out{number}", "wait_seconds": 100,
                },
            )
            for number in range(3)
        ]  # fmt: skip
        assert is_over(wire, job) is None
        for request in waiting:
            assert wire.answer(request)["result"]["structuredContent"]["status"] == "completed"
        assert wait_until(lambda: is_over(wire, job), 120)


def test_nothing_but_the_protocol_comes_out(dmedia: Dmedia, tmp_path: Path) -> None:
    """Whatever a library, another package's operation or a child of the server prints."""
    (tmp_path / "a.jpg").write_bytes(jpeg())
    starter = tmp_path / "starter.py"
    starter.write_text(
        textwrap.dedent("""
        import os, subprocess
        import dmedia.serve.tools.knowledge as knowledge
        asked = knowledge.find_presets
        def noisy():
            print("printed by a library", flush=True)
            os.write(1, b"written by a library\\n")
            subprocess.run(["echo", "printed by a child"], check=True)
            return asked()
        knowledge.find_presets = noisy
        from dmedia.cli import main
        main()
        """)
    )
    with Wire(dmedia, program=(str(starter),)) as wire:
        assert wire.document("list_presets")["presets"]
        assert wire.document("get_capabilities")["version"]
        started = wire.document(
            "batch_process", input_pattern="a.jpg", operation="resize", parameters={"width": 9},
            output_directory="out", wait_seconds=60,
        )  # fmt: skip
        assert started["status"] == "completed"
        assert wire.document("read_media_info", inputPath="a.jpg")["format"] == "jpg"
        assert wire.finish() == 0
        assert wire.noise == []
        assert all(note["method"].startswith("notifications/") for note in wire.notes)
    assert "printed by a child" in wire.log.read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "--root"),
        (("--read-only",), "--root"),
        (("--root", "none"), "'none' is no directory"),
        (("--root", "a.jpg"), "'a.jpg' is no directory"),
        (("--root", "."), ""),
        (("--root", ".", "--root", "none"), "'none' is no directory"),
        (("--root", ""), "root"),
        (("--root", "ftp://host"), "not read or written"),
        (("--root", "s3://"), "no bucket"),
    ],
)
def test_a_server_without_usable_roots_does_not_start(
    dmedia: Dmedia, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    ran = dmedia("mcp", *options)
    assert ran.out == ""
    if words:
        assert ran.status == 2
        assert words in ran.err
        assert "Traceback" not in ran.err
    else:
        assert (ran.status, ran.err) == (0, "")


@pytest.mark.parametrize("missing", ["mcp", "mcp_types", "anyio"])
def test_a_server_without_the_extra_says_what_to_install(dmedia: Dmedia, tmp_path: Path, missing: str) -> None:
    (tmp_path / "block").mkdir()
    (tmp_path / "block/sitecustomize.py").write_text(
        textwrap.dedent(f"""
        import sys
        class Block:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == {missing!r}:
                    raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
        sys.meta_path.insert(0, Block())
        """)
    )
    dmedia.environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "block"), dmedia.environment["PYTHONPATH"]])
    ran = dmedia("mcp", "--root", ".")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "dmedia: The MCP server needs the extra mcp\nhint: pip install 'dmedia[mcp]'\n"
    assert dmedia("--help").status == 0


def test_a_server_that_is_asked_to_end_ends(dmedia: Dmedia) -> None:
    with Wire(dmedia) as wire:
        wire.process.terminate()
        assert wire.process.wait(20) in (-signal.SIGTERM, 143)
