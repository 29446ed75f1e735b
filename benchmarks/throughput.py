"""The whole command against a bare process pool that makes the same libvips calls with the same settings.

::

    python benchmarks/throughput.py FOLDER [--rounds 5] [--slots 4]

FOLDER holds photos (JPEG). Both contenders make 800 px WebP of quality 85, alternating, each as a process of its own
from start to exit. Printed are wall seconds, CPU seconds of the whole process tree, peak memory of the tree, and for
each round the ratio of dmedia to the pool; the medians of the ratios are the result.

The pool does nothing that a batch tool needs: no record, no verification, no checksum, no fsync, no metadata policy, no
progress, no isolation of bad files. What dmedia costs above it is the price of those.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

WIDTH, QUALITY = 800, 85


@dataclass(frozen=True)
class Figures:
    """What one run cost.

    Attributes
    ----------
    wall_s, cpu_s : float
        Seconds from start to exit; CPU of the whole process tree.
    peak_bytes : int
        Greatest sum of unshared memory over the tree, sampled twice a second.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int


def shrink(path: str, output: str) -> None:
    """Make one rendition: the calls that dmedia makes for its pixels, and no others."""
    import pyvips

    from dmedia.media.profile import is_srgb

    header = pyvips.Image.jpegload(path)
    wanted = WIDTH / header.width
    factor = next((factor for factor in (8, 4, 2) if wanted * factor <= 1), 1)
    with open(path, "rb") as file:
        source = pyvips.Source.new_from_descriptor(file.fileno())
        image = pyvips.Image.jpegload_source(source, shrink=factor, fail_on="error", access="sequential")
        turned = header.get("orientation") in (5, 6, 7, 8) if header.get_typeof("orientation") else False
        image = image.resize(WIDTH / (image.height if turned else image.width))
        if header.get_typeof("icc-profile-data") and not is_srgb(header.get("icc-profile-data")):
            image = image.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True)
        if turned:
            image = image.copy_memory().autorot()
        name = os.path.splitext(os.path.basename(path))[0]
        image.webpsave(os.path.join(output, f"{name}.webp"), Q=QUALITY, effort=2, keep="none")


def begin() -> None:
    """Prepare a process of the pool as a slot is prepared."""
    os.environ["VIPS_CONCURRENCY"] = "1"
    import pyvips

    pyvips.cache_set_max(0)


def run_pool(folder: str, output: str, slots: int) -> None:
    """Be the bare pool."""
    import multiprocessing

    paths = sorted(str(path) for path in Path(folder).rglob("*.jpg"))
    with multiprocessing.get_context("fork").Pool(slots, begin) as pool:
        pool.starmap(shrink, [(path, output) for path in paths], chunksize=1)


def measure(command: list[str]) -> Figures:
    """Run a command to its end and tell what it cost."""
    before = os.times()
    started_s = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak_bytes = [0]
    watcher = threading.Thread(target=_watch, args=(process.pid, peak_bytes), daemon=True)
    watcher.start()
    if process.wait() != 0:
        raise SystemExit(f"failed with status {process.returncode}: {' '.join(command)}")
    wall_s = time.perf_counter() - started_s
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return Figures(wall_s, cpu_s, peak_bytes[0])


def _watch(pid: int, peak_bytes: list[int]) -> None:
    try:
        root = psutil.Process(pid)
        while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            family = [root, *root.children(recursive=True)]
            peak_bytes[0] = max(peak_bytes[0], sum(_unshared_bytes(member) for member in family))
            time.sleep(0.5)  # reading it takes CPU time of the machine that is being measured
    except psutil.NoSuchProcess:
        pass


def _unshared_bytes(process: psutil.Process) -> int:
    try:
        unshared: int = process.memory_full_info().uss
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
    return unshared


def contenders(folder: str, slots: int, scratch: str) -> dict[str, list[str]]:
    """Write down both command lines."""
    output = os.path.join(scratch, "out")
    dmedia = [
        *(sys.executable, "-m", "dmedia", "convert", folder, "-r", "-o", output, "--format", "webp"),
        *("--width", str(WIDTH), "--quality", str(QUALITY), "-j", str(slots), "-q"),
    ]
    return {"dmedia": dmedia, "pool": [sys.executable, __file__, folder, "--as-pool", output, "--slots", str(slots)]}


def main() -> None:
    """Compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slots", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--as-pool", metavar="OUT", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.as_pool:
        run_pool(options.folder, options.as_pool, options.slots)
        return
    rounds: list[dict[str, Figures]] = []
    for number in range(options.rounds + 1):
        figures: dict[str, Figures] = {}
        for name in ("dmedia", "pool") if number % 2 else ("pool", "dmedia"):
            with tempfile.TemporaryDirectory() as scratch:
                os.environ["DMEDIA_HOME"] = os.path.join(scratch, "home")
                os.mkdir(os.path.join(scratch, "out"))
                figures[name] = measure(contenders(options.folder, options.slots, scratch)[name])
                made = sum(1 for path in Path(scratch, "out").rglob("*.webp"))
        if number == 0:
            print(f"{made} photos, {options.slots} slots, {options.rounds} rounds after a warm-up")
            continue
        rounds.append(figures)
    show(rounds)


def show(rounds: list[dict[str, Figures]]) -> None:
    """Print medians, and the medians of the ratios."""
    print(f"{'':8} {'wall s':>8} {'CPU s':>8} {'peak MB':>8}")
    for name in ("dmedia", "pool"):
        row = [statistics.median(values) for values in zip(*(_row(figures[name]) for figures in rounds), strict=True)]
        print(f"{name:8} {row[0]:8.2f} {row[1]:8.2f} {row[2] / 1e6:8.0f}")
    ratios = [
        [mine / theirs for mine, theirs in zip(_row(figures["dmedia"]), _row(figures["pool"]), strict=True)]
        for figures in rounds
    ]
    row = [statistics.median(values) for values in zip(*ratios, strict=True)]
    print(f"{'ratio':8} {row[0]:8.2f} {row[1]:8.2f} {row[2]:8.2f}")


def _row(figures: Figures) -> tuple[float, float, int]:
    return figures.wall_s, figures.cpu_s, figures.peak_bytes


if __name__ == "__main__":
    main()
