"""What is killed, and when: drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Kind = Literal["worker", "node", "scheduler", "launcher"]

KINDS: tuple[Kind, ...] = ("worker", "worker", "node", "scheduler", "launcher")
"""Two workers whose nannies live on, a whole node, the scheduler, the launcher."""

FIRST, LAST = 0.08, 0.80
"""Shares of the files after which the first kill comes at the earliest, and the last at the latest."""


@dataclass(frozen=True)
class Kill:
    """A kill that is going to be.

    Attributes
    ----------
    kind : str
        What is killed.
    after_files : int
        How many files are published before.
    node : int
        Which node, where it is one's; the other when that one is not at work.
    """

    kind: Kind
    after_files: int
    node: int


def draw_schedule(seed: int, files: int, nodes: int) -> list[Kill]:
    """Draw the five kills in random order at random moments, spread so that each finds work going on.

    Parameters
    ----------
    seed : int
        The same seed gives the same schedule.
    files, nodes : int
        How many there are.

    Returns
    -------
    list of Kill
        In the order in which they come.
    """
    chance = random.Random(seed)
    kinds = list(KINDS)
    chance.shuffle(kinds)
    step = (LAST - FIRST) / len(kinds)
    shares = [FIRST + step * (number + chance.uniform(0.0, 0.8)) for number in range(len(kinds))]
    return [
        Kill(kind, round(share * files), chance.randrange(nodes)) for kind, share in zip(kinds, shares, strict=True)
    ]
