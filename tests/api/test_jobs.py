"""The handle of a job: what a program knows of it and asks of it, whoever runs it."""

from __future__ import annotations

import itertools
import os
import re
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import dmedia
from dmedia.record.home import LOCK_FILE, job_folder
from dmedia.record.lock import holder
from tests.api.conftest import PHOTOS, SLOW
from tests.command import Dmedia, below, wait_until
from tests.media_making import jpeg


def start_slowly(effort: int = 4) -> dmedia.Job:
    return dmedia.batch_process("slow", "convert", "out", {"format": "avif", "effort": effort}, slots=1)


def test_status_files_and_failed_tell_of_the_job(here: Path, images: Path) -> None:
    job = dmedia.batch_process("images", "resize", "out", {"width": 9})
    end = job.wait(60)
    assert job.status() == end
    assert re.fullmatch(r"Job\('batch-\d+-[0-9a-z]{6}'\)", repr(job))
    assert [os.path.basename(file["path"]) for file in job.files()] == sorted(os.listdir(images))
    assert {file["status"] for file in job.files("completed")} == {"completed"}
    assert len(list(job.files("completed", "failed"))) == PHOTOS + 1
    (failed,) = job.failed()
    assert [failed[key] for key in ("status", "code", "stage", "attempts")] == ["failed", "corrupt_input", "decode", 1]
    with pytest.raises(dmedia.DmediaError, match=r"did you mean 'failed'\?") as refused:
        job.files("faild")
    assert refused.value.code == "usage"


def test_a_job_is_found_by_its_id_its_beginning_or_as_the_last(here: Path, images: Path) -> None:
    job = dmedia.batch_process("images", "resize", "out", {"width": 9})
    assert {dmedia.Job(text).id for text in (job.id, "last", job.id[:-1], job.id.removeprefix("batch-"))} == {job.id}
    job.wait(60)
    for text in ("batch-1-nobody", "", "../jobs", "nothing"):
        for asked in (dmedia.Job, dmedia.get_batch_status):
            with pytest.raises(dmedia.DmediaError) as refused:
                asked(text)
            assert (refused.value.code, refused.value.exit_status) == ("unknown_job", 10)


def test_a_status_tells_of_all_files_when_they_are_few_and_of_the_urgent_ones_first(here: Path, images: Path) -> None:
    (images / "worse.jpg").write_bytes(b"no picture")
    job = dmedia.batch_process("images", "resize", "out", {"width": 9})
    job.wait(60)

    def told(most_files: int) -> tuple[int, list[str]]:
        status = dmedia.get_batch_status(job.id, most_files=most_files)
        assert status["total"] == PHOTOS + 2
        return status["files_shown"], [os.path.basename(file["path"]) for file in status["files"]]

    assert told(PHOTOS + 2) == (PHOTOS + 2, sorted(os.listdir(images)))
    assert told(3) == (3, ["broken.jpg", "worse.jpg", "0.jpg"])
    assert told(1) == (1, ["broken.jpg"])
    assert told(0) == (0, [])


def test_a_status_tells_of_files_being_worked_on_before_those_that_wait(here: Path, slow: Path) -> None:
    (slow / f"{SLOW - 1:02}.png").write_bytes(b"no picture")
    (slow / "00.png").write_bytes(b"no picture")
    job = start_slowly(effort=9)

    def busy() -> Any:
        status = dmedia.get_batch_status(job.id, most_files=3)
        states = [file["status"] for file in status["files"]]
        return "processing" in states and states

    assert wait_until(busy)[:2] == ["failed", "processing"]
    job.cancel()
    assert job.wait(60)["status"] == "cancelled"


def test_events_tell_each_file_once_and_end_with_the_job(here: Path, images: Path) -> None:
    job = dmedia.batch_process("images", "resize", "out", {"width": 9})
    for _ in range(2):  # while it runs, and when it is over
        events = list(job.events())
        assert {event["event"] for event in events} == {"file", "job"}
        files = [event["file"]["path"] for event in events if event["event"] == "file"]
        assert sorted(files) == [str(images / name) for name in sorted(os.listdir(images))]
        assert events[-1] == {"event": "job", "job": job.status()}
        assert job.status()["status"] == "completed"


def test_waiting_for_a_paused_job_times_out_and_it_goes_on_when_it_is_resumed(here: Path, slow: Path) -> None:
    job = start_slowly()
    job.pause()
    wait_until(lambda: job.status()["status"] == "paused")
    with pytest.raises(TimeoutError, match=f"{job.id} is paused after 0.2 s"):
        job.wait(0.2)
    heard: list[str] = []
    listener = threading.Thread(
        target=lambda: heard.extend(event["job"]["status"] for event in job.events() if event["event"] == "job")
    )
    listener.start()
    job.resume()
    assert job.wait(100)["completed"] == SLOW
    listener.join(60)
    assert (heard[-1], "running" in heard) == ("completed", True)


def test_a_cancelled_job_ends_and_goes_on_when_it_is_resumed(here: Path, slow: Path) -> None:
    job = start_slowly()
    wait_until(lambda: job.status()["completed"])
    job.cancel()
    end = job.wait(60)
    assert (end["status"], end["progress"]) == ("cancelled", 100)
    assert end["completed"] + end["cancelled"] == SLOW
    assert len(below(here / "out")) == end["completed"]
    for ask in (job.cancel, job.pause):
        with pytest.raises(dmedia.DmediaError, match="there is nothing to") as refused:
            ask()
        assert refused.value.code == "usage"
    job.resume()
    end = job.wait(100)
    assert (end["status"], end["completed"], end["cancelled"]) == ("completed", SLOW, 0)


def test_an_interrupted_job_is_told_waited_for_and_resumed(here: Path, slow: Path) -> None:
    job = start_slowly()
    wait_until(lambda: job.status()["completed"])
    with pytest.raises(dmedia.DmediaError, match="is held by") as held:
        job.resume()
    assert (held.value.code, held.value.exit_status) == ("job_held", 8)
    found = holder(job_folder(job.id) / LOCK_FILE)
    assert found
    os.kill(found[1], signal.SIGKILL)
    assert job.wait(60)["status"] == "interrupted"
    assert list(job.events())[-1]["event"] == "job"
    with pytest.raises(dmedia.DmediaError, match="interrupted before its end") as refused:
        job.retry()
    assert refused.value.hint == f"dmedia resume {job.id}"
    job.resume()
    assert job.wait(100)["completed"] == SLOW


def test_failed_files_are_tried_again_by_their_codes(here: Path, images: Path) -> None:
    (images / "none.jpg").symlink_to("nowhere.jpg")
    job = dmedia.batch_process("images/*", "resize", "out", {"width": 9})
    assert job.wait(60)["errors"] == {"corrupt_input": 1, "not_found": 1}
    with pytest.raises(
        dmedia.DmediaError, match=r"its failures are (corrupt_input, not_found|not_found, corrupt_input)"
    ):
        job.retry("timeout")
    with pytest.raises(dmedia.DmediaError, match=r"did you mean 'not_found'\?"):
        job.retry("corrupt_input", "notfound")
    for name in ("broken.jpg", "nowhere.jpg"):
        (images / name).write_bytes(jpeg())
    job.retry("not_found", "timeout")
    assert job.wait(60)["errors"] == {"corrupt_input": 1}
    assert {file["attempts"] for file in job.files()} == {1, 2}
    job.retry()
    assert job.wait(60)["completed"] == PHOTOS + 2
    with pytest.raises(dmedia.DmediaError, match="Nothing to try again"):
        job.retry()


def test_what_is_taken_up_is_not_over_however_slowly_its_launcher_starts(
    here: Path, images: Path, monkeypatch: pytest.MonkeyPatch, dmedia: Dmedia
) -> None:
    import dmedia as package

    job = package.batch_process("images", "resize", "out", {"width": 9})
    job.wait(60)
    (images / "broken.jpg").write_bytes(jpeg())
    (here / "site").mkdir()
    (here / "site/sitecustomize.py").write_text("import sys, time\nif '--quiet' in sys.orig_argv: time.sleep(2.5)\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(here / "site"), os.environ["PYTHONPATH"])))
    job.retry()
    assert job.wait(60)["completed"] == PHOTOS + 1
    (images / "broken.jpg").write_bytes(b"no picture")
    other = package.batch_process("images", "resize", "out2", {"width": 9})
    other.wait(60)
    (images / "broken.jpg").write_bytes(jpeg())
    dmedia.environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    assert dmedia("retry", other.id, "--detach", "--json").document["status"] in ("queued", "running")
    assert other.wait(60)["completed"] == PHOTOS + 1


def test_many_jobs_are_started_from_many_threads(here: Path, images: Path) -> None:
    jobs: list[dmedia.Job] = []

    def start(number: int) -> None:
        jobs.append(dmedia.batch_process("images", "resize", f"out{number}", {"width": 9}, slots=1))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [job.wait(100)["completed"] for job in jobs] == [PHOTOS] * 6
    assert len({job.id for job in jobs} & {document["id"] for document in dmedia.get_batch_status()}) == 6


def test_a_list_of_jobs_has_the_newest_first(here: Path, images: Path) -> None:
    assert dmedia.get_batch_status() == []
    jobs = []
    for number in range(2):
        jobs.append(dmedia.batch_process("images", "resize", f"out{number}", {"width": 9}))
        time.sleep(0.01)
    for job in jobs:
        job.wait(60)
    assert dmedia.get_batch_status() == [job.status() for job in reversed(jobs)]
    assert all(one["created_at"] >= other["created_at"] for one, other in itertools.pairwise(dmedia.get_batch_status()))


def test_a_job_goes_on_where_its_handle_says_and_tells_at_once_that_nobody_is_there(here: Path) -> None:
    (here / "bad.jpg").write_bytes(b"no picture")
    job = dmedia.batch_process("bad.jpg", "resize", "out", {"width": 9})
    assert job.wait(60)["failed"] == 1
    there = dmedia.Job(job.id, scheduler="tcp://127.0.0.1:1")
    there.retry()
    end = there.wait(60)
    assert (end["status"], end["pending"]) == ("interrupted", 1)
    assert "tcp://127.0.0.1:1" in end["warnings"][0]
    for wrong, words in ((3, "id is 3"), (None, "id is None")):
        with pytest.raises(dmedia.DmediaError, match=words):
            dmedia.Job(wrong)  # type: ignore[arg-type]
