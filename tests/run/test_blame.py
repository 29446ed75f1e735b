"""Whatever a file does to its slot is the result of exactly that file."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.command import SABOTAGE, Dmedia, below, wait_until
from tests.media_making import encoded, jpeg, photo
from tests.processes import slots_of
from tests.run.conftest import Cluster, ClusterMaker, StartWorker

GOOD = 40
REMOTE_FILES = 40


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Forty good photos, one that will crash, one that takes too long and one that needs too much memory.

    The two slow ones are pictures whose AVIF takes minutes at the greatest effort; the hungry one is an interlaced PNG,
    of which libvips must hold every pixel.
    """
    directory = tmp_path / "in"
    directory.mkdir()
    for number in range(GOOD):
        (directory / f"good{number:02}.jpg").write_bytes(jpeg(size=(64, 48)))
    slow = encoded(photo((2000, 1600)), "PNG", compress_level=1)
    (directory / "crash.png").write_bytes(slow)
    (directory / "hang.png").write_bytes(slow)
    (directory / "hungry.png").write_bytes(interlaced_png(14_000))
    return directory


def interlaced_png(side: int) -> bytes:
    """Make a small file of many pixels that cannot be decoded line by line."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    passes = ((8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2))  # columns and rows between pixels of each pass
    compressor = zlib.compressobj(1)
    data = b""
    for across, down in passes:
        line = b"\0" * (1 + 3 * -(-side // across))
        for _ in range(-(-side // down)):
            data += compressor.compress(line)
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 1)
    body = chunk(b"IDAT", data + compressor.flush())
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


def test_a_crash_a_hang_and_a_memory_bomb_fail_alone_and_the_worker_lives_on(
    dmedia: Dmedia, sources: Path, tmp_path: Path, make_cluster: ClusterMaker
) -> None:
    cluster = make_cluster(workers=1, threads=4)
    before = [process.pid for process in cluster.worker_processes()]
    launcher = dmedia.start(
        *("convert", "in", "-o", "out", "--format", "avif", "--effort", "9", "--json", "--scheduler", cluster.address),
        *("--timeout", "12", "--slot-memory", "300M", "--retries", "0"),
    )
    crash_slot_working_on(b"crash.png", cluster, tmp_path)
    out, _ = launcher.communicate(timeout=120)
    assert launcher.returncode == 3, out

    files = dmedia.files()
    failed = {name: file["code"] for name, file in files.items() if file["status"] == "failed"}
    assert failed == {"crash.png": "decoder_crash", "hang.png": "timeout", "hungry.png": "out_of_memory"}
    assert sum(file["status"] == "completed" for file in files.values()) == GOOD
    assert all(file["attempts"] == 1 for file in files.values())
    assert [process.pid for process in cluster.worker_processes()] == before
    assert len(below(tmp_path / "out")) == GOOD
    wait_until(lambda: not cluster.slots())


def crash_slot_working_on(name: bytes, cluster: Cluster, tmp_path: Path) -> None:
    """Send SIGSEGV to the slot that has a source open."""
    source = os.path.join(os.fsencode(tmp_path), b"in", name)

    def owner() -> psutil.Process | None:
        for slot in cluster.slots():
            try:
                if any(os.fsencode(file.path) == source for file in slot.open_files()):
                    return slot
            except psutil.NoSuchProcess:
                continue
        return None

    wait_until(owner).send_signal(signal.SIGSEGV)


@pytest.mark.parametrize("nanny", [True, False])
def test_workers_need_no_option_of_ours(
    dmedia: Dmedia, tmp_path: Path, make_cluster: ClusterMaker, nanny: bool
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    cluster = make_cluster(nanny=nanny)
    ran = dmedia("resize", "a.jpg", "-o", "out", "--width", "9", "--json", "--scheduler", cluster.address)
    assert (ran.status, ran.document["completed"]) == (0, 1)
    assert [warning for warning in ran.document["warnings"] if "tls://" in warning]
    assert dmedia.files()["a.jpg"]["worker"].startswith("tcp://127.0.0.1:")
    wait_until(lambda: not cluster.slots())


def test_a_killed_worker_costs_no_file_and_no_attempt(
    dmedia: Dmedia, tmp_path: Path, make_cluster: ClusterMaker
) -> None:
    (tmp_path / "in").mkdir()
    content = encoded(photo((900, 700)), "JPEG")
    for number in range(30):
        (tmp_path / "in" / f"{number:02}.jpg").write_bytes(content)
    cluster = make_cluster(workers=2, threads=1, nanny=False)
    launcher = dmedia.start(
        *("convert", "in", "-o", "out", "--format", "avif", "--effort", "4", "--json", "--scheduler", cluster.address)
    )
    wait_until(lambda: len(list((tmp_path / "out").glob("*.avif"))) > 3)
    os.killpg(cluster.workers[0].pid, signal.SIGKILL)
    launcher.communicate(timeout=170)
    assert launcher.returncode == 0
    files = dmedia.files()
    assert {(file["status"], file["attempts"]) for file in files.values()} == {("completed", 1)}
    assert len(below(tmp_path / "out")) == 30


def has_begun(log: Path, attempts: int) -> bool:
    """Tell whether a slot has noted so many attempts."""
    return log.exists() and log.read_bytes().count(b"hang") == attempts


def test_a_file_whose_slot_is_killed_from_outside_is_tried_once_more(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "hang.jpg").write_bytes(jpeg())
    begun = dmedia.sabotage()
    launcher = dmedia.start("resize", "hang.jpg", "-o", "out", "--width", "9", "-j", "1", "--timeout", "100")
    for attempt in (1, 2):
        wait_until(functools.partial(has_begun, begun, attempt))
        (slot,) = slots_of(launcher.pid)
        slot.kill()
    launcher.communicate(timeout=60)
    assert launcher.returncode == 3
    failed = dmedia.files()["hang.jpg"]
    assert (failed["code"], failed["attempts"]) == ("out_of_memory", 2)


def test_a_worker_without_slots_costs_no_file_beside_a_good_one(
    dmedia: Dmedia, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(40):
        (tmp_path / "in" / f"{number:02}.png").write_bytes(encoded(photo((400, 300), number), "PNG"))
    cluster = make_cluster(workers=1, threads=1)
    start_worker(cluster, SABOTAGE, NO_SLOTS="1")
    ran = dmedia("convert", "in", "-o", "out", "--format", "avif", "--scheduler", cluster.address, "--json")
    assert (ran.status, ran.document["completed"]) == (0, 40)
    assert {file["attempts"] for file in dmedia.files().values()} == {1}


def test_a_worker_without_slots_does_not_end_a_job_whose_files_take_long_elsewhere(
    dmedia: Dmedia,
    tmp_path: Path,
    make_cluster: ClusterMaker,
    start_worker: StartWorker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(2):
        (tmp_path / "in" / f"slow{number}.png").write_bytes(encoded(photo((40, 30), number), "PNG"))
    dmedia.slow_down(12)
    for name in ("PYTHONPATH", "DMEDIA_SLOT_SABOTAGE", "DMEDIA_SLOT_SLOW_S"):
        monkeypatch.setenv(name, dmedia.environment[name])
    cluster = make_cluster(workers=1, threads=1)
    start_worker(cluster, SABOTAGE, NO_SLOTS="1")
    command = ("convert", "in", "-o", "out", "--format", "webp", "--scheduler", cluster.address, "--json")
    ran = dmedia(*command, "--worker-wait", "6")
    assert ran.status == 0, ran.err
    assert {file["attempts"] for file in dmedia.files().values()} == {1}


def test_a_cluster_without_slots_is_given_up_and_the_job_can_be_resumed(
    dmedia: Dmedia, tmp_path: Path, make_cluster: ClusterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    monkeypatch.setenv("PYTHONPATH", str(SABOTAGE))
    monkeypatch.setenv("NO_SLOTS", "1")
    cluster = make_cluster(workers=1, threads=1)
    monkeypatch.delenv("NO_SLOTS")
    ran = dmedia("resize", "a.jpg", "-o", "out", "--width", "9", "--scheduler", cluster.address, "--worker-wait", "3")
    assert ran.status == 7
    assert "no slot can be started" in ran.err
    assert "Traceback" not in ran.err
    resumed = dmedia("resume", "last", "-j", "1", "--json")
    assert (resumed.status, resumed.document["completed"]) == (0, 1)


def test_slots_end_with_the_launcher(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(photo((2000, 1600)), "PNG", compress_level=1))
    launcher = dmedia.start("convert", "a.png", "-o", "out", "--format", "avif", "--effort", "9", "-j", "2")
    slots = wait_until(lambda: slots_of(launcher.pid))
    wait_until(lambda: list((tmp_path / "out").glob(".dmedia-*")))
    launcher.kill()
    launcher.wait()
    assert not psutil.wait_procs(slots, timeout=30)[1]


def test_slots_of_a_launcher_that_was_killed_end_on_the_workers(
    dmedia: Dmedia, tmp_path: Path, make_cluster: ClusterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_DMEDIA__SLOT_REST_S", "1")
    (tmp_path / "in").mkdir()
    for number in range(8):
        (tmp_path / "in" / f"{number}.png").write_bytes(encoded(photo((700, 500), number), "PNG"))
    cluster = make_cluster()
    command = ("convert", "in", "-o", "out", "--format", "avif", "--effort", "6", "--scheduler", cluster.address)
    launcher = dmedia.start(*command)
    wait_until(cluster.slots)
    wait_until(lambda: below(tmp_path / "out"))
    launcher.kill()
    launcher.wait()
    wait_until(lambda: not cluster.slots())
    resumed = dmedia("resume", "last", "--scheduler", cluster.address, "--json")
    assert (resumed.status, resumed.document["completed"]) == (0, 8)


@pytest.fixture
def remote_job(dmedia: Dmedia, tmp_path: Path, make_cluster: ClusterMaker) -> tuple[subprocess.Popen[bytes], Cluster]:
    """A job on a cluster of which some files are done; it waits ten seconds for a worker or an answer."""
    (tmp_path / "in").mkdir()
    content = encoded(photo((900, 700)), "JPEG")
    for number in range(REMOTE_FILES):
        (tmp_path / "in" / f"{number:02}.jpg").write_bytes(content)
    cluster = make_cluster(workers=1, threads=1, nanny=False)
    command = ("convert", "in", "-o", "out", "--format", "avif", "--effort", "4", "--worker-wait", "10")
    launcher = dmedia.start(*command, "--scheduler", cluster.address)
    wait_until(lambda: dmedia("status", "last", "--json").document.get("completed"))
    return launcher, cluster


RemoteJob = tuple[subprocess.Popen[bytes], Cluster]


def test_a_frozen_scheduler_is_told_and_the_job_can_be_resumed(dmedia: Dmedia, remote_job: RemoteJob) -> None:
    launcher, cluster = remote_job
    cluster.scheduler.send_signal(signal.SIGSTOP)
    _, err = launcher.communicate(timeout=100)
    assert launcher.returncode == 7
    assert b"does not answer" in err
    assert b"dmedia resume batch-" in err
    assert dmedia("status", "last", "--json").document["status"] == "interrupted"
    resumed = dmedia("resume", "last", "-j", "2", "--json")
    assert (resumed.status, resumed.document["completed"]) == (0, REMOTE_FILES)


def test_a_job_on_a_frozen_cluster_is_cancelled_and_stopped_all_the_same(dmedia: Dmedia, remote_job: RemoteJob) -> None:
    launcher, cluster = remote_job
    cluster.scheduler.send_signal(signal.SIGSTOP)
    assert dmedia("cancel", "last").status == 0
    launcher.communicate(timeout=60)
    assert launcher.returncode == 9


def test_a_cluster_that_has_lost_all_workers_is_told_and_given_up(dmedia: Dmedia, remote_job: RemoteJob) -> None:
    launcher, cluster = remote_job
    os.killpg(cluster.workers[0].pid, signal.SIGKILL)
    wait_until(lambda: "no workers" in str(dmedia("status", "last", "--json").document["warnings"]))
    _, err = launcher.communicate(timeout=100)
    assert launcher.returncode == 7
    assert b"no workers" in err
    assert b"see that workers are started there again" in err
    assert b"Traceback" not in err


def test_a_killed_scheduler_is_one_clear_sentence(dmedia: Dmedia, remote_job: RemoteJob) -> None:
    launcher, cluster = remote_job
    os.killpg(cluster.scheduler.pid, signal.SIGKILL)
    _, err = launcher.communicate(timeout=100)
    assert launcher.returncode == 7
    assert b"was lost" in err
    assert b"Traceback" not in err
    assert b"distributed" not in err
