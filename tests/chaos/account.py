"""The account of a run: what became of every file, and what each kill cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos.hits import Hit
from tests.chaos.publications import Publications
from tests.chaos.witness import Chunk
from tests.command import below


@dataclass(frozen=True)
class Cost:
    """What a kill cost.

    Attributes
    ----------
    hit : Hit
        The kill.
    published : int
        Files that had been published before it.
    run_again : int
        Tasks that ran again because of it.
    allowed : int
        Tasks of the chunks that were running on what was killed and were not in the record.
    """

    hit: Hit
    published: int
    run_again: int
    allowed: int


@dataclass(frozen=True)
class Account:
    """What became of a job.

    Attributes
    ----------
    files : int
        How many there are.
    costs : tuple of Cost
        One for each kill.
    statuses : tuple of int
        Exit statuses of the job's launchers.
    lost, charged : frozenset of str
        Sources that are not completed in the record with a rendition on disk; sources with more than one attempt.
    twice : int
        Files that were published more than once, whatever their bytes.
    differing : frozenset of str
        Names under which other bytes than the undisturbed run's were ever published.
    partial : frozenset of str
        Names whose file at the end is another than the undisturbed run's, or that were written in place.
    left : tuple of str
        Files in the output directory that are no renditions.
    unexplained : frozenset of str
        Sources that ran again although no kill had interrupted them.
    standstill_s : float
        The longest time between two publications, in seconds.
    wall_s : float
        From the first launcher's start to the last one's end, in seconds.
    """

    files: int
    costs: tuple[Cost, ...]
    statuses: tuple[int, ...]
    lost: frozenset[str]
    charged: frozenset[str]
    twice: int
    differing: frozenset[str]
    partial: frozenset[str]
    left: tuple[str, ...]
    unexplained: frozenset[str]
    standstill_s: float
    wall_s: float

    def faults(self) -> list[str]:
        """Tell what is not as promised: nothing, when all is well."""
        found = {
            "lost": self.lost,
            "published with other bytes": self.differing,
            "partial": self.partial,
            "left behind": self.left,
            "charged with an attempt": self.charged,
            "run again although nothing had interrupted them": self.unexplained,
        }
        faults = [f"{len(names)} {what}: {', '.join(sorted(names)[:5])}" for what, names in found.items() if names]
        faults += [
            f"{cost.run_again} tasks ran again after the kill of {cost.hit.target}, {cost.allowed} may"
            for cost in self.costs
            if cost.run_again > cost.allowed
        ]
        if self.statuses != (-9, 0):
            faults.append(f"launchers ended with {self.statuses} instead of one killed and one done")
        return faults

    def table(self) -> str:
        """Write it for people."""
        lines = [f"{'killed':<10} {'after files':>11} {'re-run':>6} {'allowed':>7}  proof"]
        lines += [
            f"{cost.hit.target:<10} {cost.published:>11,} {cost.run_again:>6} {cost.allowed:>7}  {cost.hit.proof}"
            for cost in self.costs
        ]
        run_again = sum(cost.run_again for cost in self.costs) + len(self.unexplained)
        figures: dict[str, Any] = {
            "files": self.files,
            "lost": len(self.lost),
            "published with other bytes": len(self.differing),
            "published twice, same bytes": self.twice - len(self.differing),
            "partial": len(self.partial),
            "temporary files left": len(self.left),
            "attempts charged": len(self.charged),
            "tasks run again": run_again,
            "of them without a kill": len(self.unexplained),
            "launchers ended with": ", ".join(map(str, self.statuses)),
            "longest standstill": f"{self.standstill_s:.1f} s",
            "whole run": f"{self.wall_s:.1f} s",
        }
        return "\n".join([*lines, "", *(f"{name:<28} {value}" for name, value in figures.items())])


@dataclass(frozen=True)
class Evidence:
    """What was seen from outside.

    Attributes
    ----------
    hits : list of Hit
        The kills.
    chunks : list of Chunk
        What workers began.
    publications : Publications
        Closed.
    reports : list of dict
        The files of the job, as its status tells them at the end.
    output, undisturbed : Path
        Directories: of the job, and of the same job without any kill.
    """

    hits: list[Hit]
    chunks: list[Chunk]
    publications: Publications
    reports: list[dict[str, Any]]
    output: Path
    undisturbed: Path


def render(evidence: Evidence, statuses: Iterable[int], wall_s: float) -> Account:
    """Compare what was seen with what may be."""
    expected = {path.name: path.read_bytes() for path in evidence.undisturbed.iterdir()}
    seen = evidence.publications
    assert not seen.overflowed, "the kernel dropped events: nothing is proved"
    assert not seen.failed, seen.failed
    found = below(evidence.output)
    right = {name for name in found if (evidence.output / name).read_bytes() == expected.get(name)}
    completed = {
        Path(report["path"]).name
        for report in evidence.reports
        if report["status"] == "completed" and all(Path(output["path"]).name in found for output in report["outputs"])
    }
    costs, unexplained = _costs(evidence)
    counted = Counter(publication.name for publication in seen.seen)
    return Account(
        files=len(expected),
        costs=costs,
        statuses=tuple(statuses),
        lost=frozenset(set(expected) - completed),
        charged=frozenset(Path(report["path"]).name for report in evidence.reports if report["attempts"] != 1),
        twice=sum(count > 1 for count in counted.values()),
        differing=frozenset(one.name for one in seen.seen if one.kept.read_bytes() != expected.get(one.name)),
        partial=frozenset(set(expected) - right | seen.written_in_place),
        left=tuple(name for name in found if name not in expected),
        unexplained=unexplained,
        standstill_s=seen.longest_standstill_s(),
        wall_s=wall_s,
    )


def interrupted_by(chunk: Chunk, hits: Iterable[Hit]) -> Hit | None:
    """Find the kill that came first after a chunk had begun on what was killed."""
    return next((hit for hit in hits if chunk.pid in hit.took_down and chunk.began_s <= hit.settled_s), None)


def _costs(evidence: Evidence) -> tuple[tuple[Cost, ...], frozenset[str]]:
    allowed: dict[int, set[str]] = {number: set() for number in range(len(evidence.hits))}
    again: dict[int, set[str]] = {number: set() for number in range(len(evidence.hits))}
    unexplained: set[str] = set()
    former: dict[str, Chunk] = {}
    for chunk in evidence.chunks:
        hit = interrupted_by(chunk, evidence.hits)
        if hit:
            allowed[evidence.hits.index(hit)] |= chunk.names - hit.recorded
        for name in chunk.begun:
            if before := former.get(name):
                cause = interrupted_by(before, evidence.hits)
                if cause and cause.at_s <= chunk.begun[name] and name not in cause.recorded:
                    again[evidence.hits.index(cause)].add(name)
                else:
                    unexplained.add(name)
            former[name] = chunk
    seen = evidence.publications.seen
    costs = tuple(
        Cost(hit, len({one.name for one in seen if one.at_s < hit.at_s}), len(again[number]), len(allowed[number]))
        for number, hit in enumerate(evidence.hits)
    )
    return costs, frozenset(unexplained)
