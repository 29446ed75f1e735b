"""One run: pictures, the undisturbed job, the same job under kills, and the account."""

from __future__ import annotations

import contextlib
import io
import random
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from tests.chaos import witness
from tests.chaos.account import Account, Evidence, render
from tests.chaos.hits import Hit, find_node_at_work, strike
from tests.chaos.launching import Launching
from tests.chaos.publications import Publications
from tests.chaos.schedule import Kill, draw_schedule
from tests.chaos.supervisor import Supervisor, Unit
from tests.command import Dmedia, wait_until

STAGE_LIMIT_S = 300.0
"""Seconds between two kills, and from the last to the end, after which a job counts as standing still."""

NODES = 2


@dataclass(frozen=True)
class Trial:
    """What is worked on.

    Attributes
    ----------
    sources : Path
        Directory of pictures.
    arguments : tuple of str
        The operation with its parameters.
    undisturbed : Path
        What they come to without any kill.
    """

    sources: Path
    arguments: tuple[str, ...]
    undisturbed: Path


def prepare(directory: Path, files: int, size: tuple[int, int], *arguments: str) -> Trial:
    """Make pictures, each of its own, and run the job undisturbed.

    Parameters
    ----------
    directory : Path
        Gets everything.
    files : int
        How many pictures.
    size : tuple of int
        Of each, in pixels.
    *arguments : str
        The operation with its parameters; it keeps the format, so that a rendition's name is its source's.

    Returns
    -------
    Trial
    """
    sources = directory / "in"
    sources.mkdir(parents=True)
    chance = random.Random(files)
    for number in range(files):
        noise = Image.frombytes(
            "RGB", (size[0] // 8, size[1] // 8), chance.randbytes(size[0] // 8 * (size[1] // 8) * 3)
        )
        buffer = io.BytesIO()
        noise.resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=85)
        (sources / f"{number:05}.jpg").write_bytes(buffer.getvalue())
    ran = Dmedia(directory)(arguments[0], str(sources), "-o", "undisturbed", *arguments[1:], "-q")
    assert ran.status == 0, ran.err
    return Trial(sources, arguments, directory / "undisturbed")


def undergo(trial: Trial, directory: Path, seed: int) -> Account:
    """Run the job on a cluster under the kills of a seed.

    Parameters
    ----------
    trial : Trial
        What is worked on.
    directory : Path
        Gets output, records and logs; of one file system.
    seed : int
        Of the schedule.

    Returns
    -------
    Account
    """
    directory.mkdir(parents=True, exist_ok=True)
    output = directory / "out"
    output.mkdir()
    dmedia = Dmedia(directory)
    files = len(list(trial.undisturbed.iterdir()))
    hits: list[Hit] = []
    with (
        Supervisor(directory, NODES) as cluster,
        contextlib.closing(Publications(output, directory / "kept")) as publications,
    ):
        began_s = time.monotonic()
        command = (trial.arguments[0], str(trial.sources), "-o", "out", *trial.arguments[1:])
        with contextlib.closing(Launching(dmedia, cluster.address, *command)) as launching:
            for kill in draw_schedule(seed, files, NODES):

                def find_target(kill: Kill = kill) -> Unit | None:
                    assert not launching.tend(), "the job ended before all kills had come"
                    return find_node_at_work(kill, cluster) if len(publications.names) >= kill.after_files else None

                unit = wait_until(find_target, STAGE_LIMIT_S)
                hits.append(strike(kill, unit, cluster, launching))
                assert len(hits[-1].recorded) < files, "it came too late"
            wait_until(launching.tend, STAGE_LIMIT_S)
        wall_s = time.monotonic() - began_s
    reports = dmedia("status", launching.job, "--files", "--json").document["files"]
    evidence = Evidence(hits, witness.read(cluster.notes), publications, reports, output, trial.undisturbed)
    return render(evidence, launching.statuses, wall_s)
