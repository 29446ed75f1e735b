"""Several renditions of one decode against a job for each.

::

    python benchmarks/renditions.py FOLDER [--rounds 5] [--slots 2]

FOLDER holds photos. Each contender makes three renditions of each, 320, 800 and 1600 pixels wide: one job with a
preset of three ``[[renditions]]``, and three jobs one after the other. Each job is a process of its own from start to
exit; the contenders alternate. Printed are medians of CPU seconds of the whole process trees, of wall seconds, and the
medians of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from throughput import Figures, measure

WIDTHS = (320, 800, 1600)
FORMATS = ("jpg", "webp")


def write_preset(directory: str, image_format: str) -> str:
    """Write the preset of three renditions."""
    tables = "".join(f'[[renditions]]\nname = "{width}"\nwidth = {width}\n' for width in WIDTHS)
    path = Path(directory, f"three_{image_format}.toml")
    path.write_text(f'operation = "resize"\n[parameters]\nformat = "{image_format}"\n{tables}')
    return str(path)


def contenders(folder: str, image_format: str, slots: int, scratch: str) -> dict[str, list[list[str]]]:
    """Write down the command lines of each: what one task does, and what three jobs do."""
    dmedia, how = [sys.executable, "-m", "dmedia"], ["-r", "-j", str(slots), "-q"]
    preset = write_preset(scratch, image_format)
    together = [*dmedia, "apply", Path(preset).stem, folder, "-o", f"{scratch}/one", "--preset-file", preset, *how]
    apart = [
        [*dmedia, "resize", folder, "-o", f"{scratch}/{width}", "--width", str(width), "--format", image_format, *how]
        for width in WIDTHS
    ]
    return {"one job": [together], "three jobs": apart}


def run(commands: list[list[str]]) -> Figures:
    """Run commands one after the other; tell what they cost together."""
    figures = [measure(command) for command in commands]
    return Figures(
        sum(one.wall_s for one in figures), sum(one.cpu_s for one in figures), max(one.peak_bytes for one in figures)
    )


def compare(folder: str, image_format: str, rounds: int, slots: int) -> None:
    """Let the contenders alternate, and print a row for each and the ratio."""
    seen: dict[str, list[Figures]] = {}
    for number in range(rounds + 1):
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["DMEDIA_HOME"] = os.path.join(scratch, "home")
            commands = contenders(folder, image_format, slots, scratch)
            for name in commands if number % 2 else reversed(commands):
                figures = run(commands[name])
                if number:  # the first round warms the disk's cache
                    seen.setdefault(name, []).append(figures)
            made = sum(1 for _ in Path(scratch, "one").rglob(f"*.{image_format}"))
    print(f"\n{made} renditions, {image_format}:      wall s    CPU s")
    for name, figures_of in seen.items():
        wall_s = statistics.median(figures.wall_s for figures in figures_of)
        cpu_s = statistics.median(figures.cpu_s for figures in figures_of)
        print(f"{name:22} {wall_s:8.2f} {cpu_s:8.2f}")
    pairs = list(zip(seen["one job"], seen["three jobs"], strict=True))
    wall = statistics.median(one.wall_s / three.wall_s for one, three in pairs)
    cpu = statistics.median(one.cpu_s / three.cpu_s for one, three in pairs)
    print(f"{'ratio':22} {wall:8.2f} {cpu:8.2f}")


def main() -> None:
    """Compare for each format."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slots", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    for image_format in FORMATS:
        compare(os.path.abspath(options.folder), image_format, options.rounds, options.slots)


if __name__ == "__main__":
    main()
