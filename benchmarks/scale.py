"""One launcher and one scheduler under a million files: rates, memory, and what a status costs meanwhile.

::

    python benchmarks/scale.py [--files 1000000] [--workers 64] [--quick] [--tree DIRECTORY]

Runs whole jobs, `dmedia convert TREE -r --scheduler ...` from command to exit, with a real `dask scheduler` process and
simulated workers (``simulated_workers.py``): all is real but the work on a file. Every file of the tree exists, is
found and is looked at when the job is planned, but is empty, and the tree lies in memory where there is room
(``/dev/shm``), so what a disk takes to find a file is not in these numbers. The record is written to disk. One file
of a hundred fails.

Four tables: what a file costs from 10^3 files to all of them; the largest job, and what `dmedia status` took while it
ran; the rate with 1 to 64 workers; and that with up to 1024 slots that take as long as real ones do. Costs of a file
are CPU without what a job costs whatever its size, which is measured with a job of a hundred files and printed first.
Scheduler, launcher and workers share this machine's cores.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from simulated_workers import FAILING, simulated_cluster

from dmedia.model import JobState
from dmedia.record import home
from dmedia.record.reader import list_jobs, read_job

if TYPE_CHECKING:
    from dmedia.model import JobReport

DIRECTORY_FILES = 1_000
"""Files in a directory of the tree."""

FILE_S = 0.001
"""Seconds that a simulated slot takes for a file: the smallest of thumbnails. Chunks are then of 250 files."""

PHOTO_S = 0.08
"""Seconds that a slot takes for a photo of 12 megapixels. Many slots are measured with such."""

PARTS = ["sizes", "largest", "curve", "slots"]
"""The tables."""

SIZES_WORKERS = 16
"""Workers of the first table: with more, a job of 1,000 files is cut into a few files for each."""

SMALLEST, SIZES = 100, (1_000, 10_000, 100_000, 1_000_000)
"""Files of the job that tells what every job costs, and of those that tell what a file costs."""

REPEATED, TIMES = 10_000, 3
"""Jobs up to this size run so often, and the median counts: they are short."""

WORKER_FILES, MOST_WORKER_FILES = 20_000, 200_000
"""Files for each worker in the second table, and at most: 20 s for one worker."""

WORKER_SLOTS, SLOT_FILES = (1, 4, 16), 200
"""Slots of a worker in the third table, and files for each slot: 16 s."""

WAYS = {"status": [], "status --failed": ["--failed"]}
"""What is asked while a job runs."""

ASK_PERIOD_S = 3.0
"""Seconds between two such questions."""


@dataclass(frozen=True)
class Account:
    """What one job came to.

    Attributes
    ----------
    files, workers, slots : int
        Files of the job, simulated workers, and slots of all of them.
    plan_s, run_s : float
        Seconds of planning, and from the start of work to the last result in the record.
    launcher_s, scheduler_s : float
        Seconds of CPU.
    launcher_bytes, scheduler_bytes : int
        Greatest resident memory.
    record_bytes : int
        The record's size at the end.
    asked_s : dict of str to list of float
        Seconds that each status took, from command to exit, while the job ran.
    """

    files: int
    workers: int
    slots: int
    plan_s: float
    run_s: float
    launcher_s: float
    scheduler_s: float
    launcher_bytes: int
    scheduler_bytes: int
    record_bytes: int
    asked_s: dict[str, list[float]] = field(default_factory=dict)


def plant(tree: Path, files: int) -> None:
    """Make a tree of empty files; those of an earlier run stay."""
    for first in range(0, files, DIRECTORY_FILES):
        folder = tree / f"{first // DIRECTORY_FILES:06}"
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(min(DIRECTORY_FILES, files - first)):
            os.close(os.open(folder / f"photo-{number:03}.jpg", os.O_CREAT | os.O_WRONLY, 0o600))


def run(
    tree: Path, files: int, workers: int, *, slots: int = 1, file_s: float = FILE_S, asking: bool = False
) -> Account:
    """Run one job on a new cluster, and tell what it came to."""
    with tempfile.TemporaryDirectory(prefix="dmedia-scale-") as directory, contextlib.ExitStack() as stack:
        scratch = Path(directory)
        os.environ["DMEDIA_HOME"] = str(scratch / "home")
        address, scheduler = stack.enter_context(simulated_cluster(workers, slots, file_s, scratch))
        command = ["convert", str(tree), "-r", "-o", str(scratch / "out"), "--format", "webp", "-q"]
        command += ["--limit", str(files), "--scheduler", address]
        launcher = subprocess.Popen([sys.executable, "-m", "dmedia", *command])
        asked_s = _ask(launcher) if asking else {}
        _, status, used = os.wait4(launcher.pid, 0)
        launcher.returncode = os.waitstatus_to_exitcode(status)
        (report,), _ = list_jobs()
        _check(report, files, launcher.returncode)
        times = psutil.Process(scheduler).cpu_times()
        return Account(
            files,
            workers,
            workers * slots,
            (report.started_at or 0) - report.created_at,
            (report.ended_at or 0) - (report.started_at or 0),
            used.ru_utime + used.ru_stime,
            times.user + times.system,
            used.ru_maxrss * 1024,  # Linux counts KiB
            peak_bytes(scheduler),
            sum(path.stat().st_size for path in home.job_folder(report.id).iterdir()),
            asked_s,
        )


def _ask(launcher: subprocess.Popen[bytes]) -> dict[str, list[float]]:
    """Ask for the job's status again and again while it runs."""
    asked_s: dict[str, list[float]] = {way: [] for way in WAYS}
    watched = psutil.Process(launcher.pid)  # which tells of its end without collecting it, and with it what it used
    while watched.status() != psutil.STATUS_ZOMBIE:
        time.sleep(ASK_PERIOD_S)
        jobs, _ = list_jobs()
        if not jobs or jobs[0].state is not JobState.RUNNING:
            continue
        for way, options in WAYS.items():
            command = [sys.executable, "-m", "dmedia", "status", jobs[0].id, *options]
            began_s = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            took_s = time.perf_counter() - began_s
            if read_job(jobs[0].id).state is JobState.RUNNING:
                asked_s[way].append(took_s)
    return asked_s


def _check(report: JobReport, files: int, status: int) -> None:
    """Refuse figures of a job that has not done all its files."""
    outcome = (report.state, report.total, report.completed, report.failed, status)
    failed = files // FAILING
    if outcome != (JobState.COMPLETED, files, files - failed, failed, 3):
        raise SystemExit(f"not as it should be: {outcome}")


def peak_bytes(pid: int) -> int:
    """Read a process's greatest resident memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("this needs Linux")


HEAD = (
    f"{'':>9} {'':>7} {'':>5} {'':>7} {'':>7} {'':>8} | {'CPU us/file':>20} | {'greatest MB':>20} | {'record':>10}\n"
    f"{'files':>9} {'workers':>7} {'slots':>5} {'plan s':>7} {'run s':>7} {'files/s':>8} | "
    f"{'launcher':>10} {'scheduler':>9} | {'launcher':>10} {'scheduler':>9} | {'bytes/file':>10}"
)


def row(account: Account, least: Account) -> str:
    """Write one job's line, without what every job costs."""
    files = account.files
    launcher_us = max(0.0, account.launcher_s - least.launcher_s) / files * 1e6
    scheduler_us = max(0.0, account.scheduler_s - least.scheduler_s) / files * 1e6
    return (
        f"{files:>9,} {account.workers:>7} {account.slots:>5} {account.plan_s:>7.2f} {account.run_s:>7.2f} "
        f"{files / account.run_s:>8,.0f} | "
        f"{launcher_us:>10.0f} {scheduler_us:>9.0f} | "
        f"{account.launcher_bytes / 1e6:>10.0f} {account.scheduler_bytes / 1e6:>9.0f} | "
        f"{account.record_bytes / files:>10.0f}"
    )


def measure(tree: Path, files: int, workers: int, times: int) -> Account:
    """Run a job, a short one several times: the one with the median of the launcher's CPU time counts."""
    accounts = [run(tree, files, workers) for _ in range(times if files <= REPEATED else 1)]
    return sorted(accounts, key=lambda account: account.launcher_s)[len(accounts) // 2]


def show_sizes(tree: Path, sizes: list[int], least: Account, times: int) -> None:
    """Print what a file costs in small jobs and in large ones."""
    print(f"\n{HEAD}", flush=True)
    for size in sizes:
        print(row(measure(tree, size, least.workers, times), least), flush=True)


def show_largest(tree: Path, files: int, workers: int, least: Account) -> None:
    """Print what the largest job came to, and what a status took while it ran."""
    print(f"\n{HEAD}", flush=True)
    largest = run(tree, files, workers, asking=True)
    print(row(largest, least), flush=True)
    for way, took_s in largest.asked_s.items():
        if took_s:
            median_s, longest_s = statistics.median(took_s), max(took_s)
            print(f"meanwhile dmedia {way}: median {median_s:.2f} s, longest {longest_s:.2f} s of {len(took_s)}")


def show_curve(tree: Path, most_files: int, most_workers: int, least: Account) -> None:
    """Print the rate with 1, 2, 4 ... workers."""
    print(f"\n{HEAD}", flush=True)
    workers = 1
    while workers <= most_workers:
        print(row(run(tree, min(most_files, WORKER_FILES * workers), workers), least), flush=True)
        workers *= 2


def show_slots(tree: Path, most_files: int, workers: int, least: Account) -> None:
    """Print the rate with many slots, and what it would be if nothing but the slots took time."""
    print(f"\n{PHOTO_S * 1e3:g} ms a file\n{HEAD}", flush=True)
    for slots in WORKER_SLOTS:
        files = min(most_files, SLOT_FILES * slots * workers)
        account = run(tree, files, workers, slots=slots, file_s=PHOTO_S)
        print(f"{row(account, least)}   the slots alone: {account.slots / PHOTO_S:,.0f} files/s", flush=True)


def main() -> None:
    """Run all, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=SIZES[-1], help="of the largest job")
    parser.add_argument("--workers", type=int, default=64, help="at most")
    parser.add_argument("--quick", action="store_true", help="10,000 files, two workers, nothing repeated")
    parser.add_argument("--only", choices=PARTS, help="a part of it")
    parser.add_argument("--tree", type=Path, help="a directory for the files, which stay there")
    asked = parser.parse_args()
    most, workers, times = (10_000, 2, 1) if asked.quick else (asked.files, asked.workers, TIMES)
    sizes = [size for size in SIZES if size < most] + [most]
    with contextlib.ExitStack() as stack:
        memory = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
        tree = asked.tree or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dmedia-scale-", dir=memory)))
        plant(tree, most)
        print(f"{os.cpu_count()} cores, load before {os.getloadavg()[0]:.1f}, {FILE_S * 1e3:g} ms a file", flush=True)
        least = measure(tree, SMALLEST, min(workers, SIZES_WORKERS), times)
        print(f"every job: launcher {least.launcher_s:.2f} s, scheduler {least.scheduler_s:.2f} s of CPU", flush=True)
        parts = ["largest", "curve"] if asked.quick else [asked.only] if asked.only else PARTS
        if "sizes" in parts:
            show_sizes(tree, sizes, least, times)
        if "largest" in parts:
            show_largest(tree, most, workers, least)
        if "curve" in parts:
            show_curve(tree, 2_000 if asked.quick else min(most, MOST_WORKER_FILES), workers, least)
        if "slots" in parts:
            show_slots(tree, most, workers, least)


if __name__ == "__main__":
    main()
