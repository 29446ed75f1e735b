"""What somebody put where a rendition was to go stays, whatever became of the job that was to write it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmedia.model import Limits, Task, WorkOrder
from dmedia.operations.validation import validate
from dmedia.run.slot import Slot
from dmedia.storage import local
from tests.command import Dmedia, below, wait_until
from tests.marks import needs_marks
from tests.media_making import encoded, jpeg, photo

FILES = 10
FILE_S = 1.0
COMMAND = ("convert", "in", "-o", "out", "--format", "avif", "--effort", "0", "-j", "2")
OWN = b"of my own"

pytestmark = needs_marks


@pytest.fixture
def at_work(dmedia: Dmedia, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A job of which some files are done and the last are not begun."""
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        (tmp_path / "in" / f"slow{number:02}.png").write_bytes(encoded(photo((48, 36), number), "PNG"))
    dmedia.slow_down(FILE_S)
    launcher = dmedia.start(*COMMAND)
    wait_until(lambda: list((tmp_path / "out").glob("*.avif")))
    dmedia.slow_down(0)
    yield launcher
    launcher.kill()
    launcher.communicate()


@pytest.fixture
def own(at_work: subprocess.Popen[bytes], tmp_path: Path) -> Path:
    """Where somebody puts a file of his own."""
    path = tmp_path / "out" / f"slow{FILES - 1:02}.avif"
    assert not path.exists()
    return path


def end(launcher: subprocess.Popen[bytes], dmedia: Dmedia, how: str) -> None:
    if how == "cancelled":
        assert dmedia("cancel", "last").status == 0
    else:
        launcher.kill()
    launcher.communicate(timeout=60)
    assert dmedia("status", "last", "--json").document["status"] == how


def only_own_refused(ran: dict[str, object], own: Path) -> None:
    assert ran["errors"] == {"output_exists": 1}
    assert own.read_bytes() == OWN
    assert not [name for name in below(own.parent) if name.endswith(".tmp")]


@pytest.mark.parametrize("how", ["cancelled", "interrupted"])
@pytest.mark.parametrize("again", [(*COMMAND, "--json"), ("resume", "last", "--json")], ids=["new job", "resume"])
def test_a_file_of_ones_own_at_the_path_of_a_job_that_was_ended_stays(
    dmedia: Dmedia, at_work: subprocess.Popen[bytes], own: Path, how: str, again: tuple[str, ...]
) -> None:
    end(at_work, dmedia, how)
    own.write_bytes(OWN)
    ran = dmedia(*again)
    assert (ran.status, ran.document["completed"] + ran.document["skipped"]) == (3, FILES - 1)
    only_own_refused(ran.document, own)
    replaced = dmedia(*COMMAND, "--overwrite", "--json")
    assert (replaced.status, replaced.document["errors"]) == (0, {})
    assert own.read_bytes() != OWN


def test_a_file_of_ones_own_at_the_path_of_a_job_at_work_stays(
    dmedia: Dmedia, at_work: subprocess.Popen[bytes], own: Path
) -> None:
    at_work.send_signal(signal.SIGSTOP)
    wait_until(lambda: not list(own.parent.glob(".dmedia-*")))  # its slots end what they have begun
    own.write_bytes(OWN)
    ran = dmedia(*COMMAND, "--json")
    assert ran.status == 3
    only_own_refused(ran.document, own)
    at_work.send_signal(signal.SIGCONT)
    at_work.communicate(timeout=100)
    assert at_work.returncode == 3
    first = dmedia("status", "--json").document[1]
    assert first["completed"] == FILES - 1
    only_own_refused(first, own)


def test_a_job_that_may_overwrite_does_so_too_where_nothing_stood(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("slow-a", "slow-b"):
        (tmp_path / "in" / f"{name}.png").write_bytes(encoded(photo((48, 36)), "PNG"))
    dmedia.slow_down(5)
    command = dmedia.start(*COMMAND[:-1], "1", "--overwrite")
    wait_until(lambda: (tmp_path / "out").is_dir() and list((tmp_path / "out").glob("*.avif")))
    late = not (tmp_path / "out/slow-b.avif").exists()
    (tmp_path / "out/slow-b.avif").write_bytes(OWN)
    command.communicate(timeout=100)
    assert (command.returncode, late) == (0, True)
    assert (tmp_path / "out/slow-b.avif").read_bytes() != OWN


def test_a_slot_marks_what_it_publishes(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    output = os.fsencode(tmp_path / "out")
    order = WorkOrder("batch-1-aaaaaa", "convert", validate("convert", {"format": "png"}), output, Limits())
    rendition = os.fsencode(tmp_path / "out" / "a.png")
    slot = Slot(order)
    try:
        (written,) = slot.work(Task(0, os.fsencode(tmp_path / "a.jpg"), rendition, 0)).outputs
    finally:
        slot.close()
    assert local.marked_by(rendition) == order.job
    assert os.stat(rendition).st_mtime_ns == written.mtime_ns
