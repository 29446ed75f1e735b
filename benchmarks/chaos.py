"""One run under kills, and the table of what became of every file.

::

    python benchmarks/chaos.py [--files 10000] [--seed 1] [--keep DIRECTORY]

Makes that many small pictures, resizes them undisturbed in one process, then again on a cluster of `dask scheduler` and
two `dask worker` nodes while two workers, one whole node with its nanny, the scheduler and the launcher are killed with
SIGKILL, in an order and at moments drawn from the seed. Printed are, for each kill, how far the job was, how many
tasks ran again because of it, how many may (those of the chunks that were running on what was killed and were not in
the record), and what was seen of its process before and after; then what became of the files. The exit status is 0
when nothing was lost, published with other bytes, partial or left behind, and nothing ran again without need.

The engine is that of ``tests/chaos``; it needs Linux (inotify) and the extra ``dev``.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.chaos.ordeal import prepare, undergo


def main() -> int:
    """Run once, and print the table."""
    parser = argparse.ArgumentParser(description="One run under kills, and what became of every file.")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a directory for pictures, records and logs, which is kept")
    asked = parser.parse_args()
    with contextlib.ExitStack() as stack:
        directory = (asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))).absolute()
        trial = prepare(directory / "plain", asked.files, (160, 120), "resize", "--width", "100")
        account = undergo(trial, directory / "kills", asked.seed)
    print(f"{asked.files:,} files, seed {asked.seed}\n")
    print(account.table())
    for fault in account.faults():
        print(f"NOT AS PROMISED: {fault}", file=sys.stderr)
    return 1 if account.faults() else 0


if __name__ == "__main__":
    raise SystemExit(main())
