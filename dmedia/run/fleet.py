"""The fleet: a job's workers and their slots, as they come and go."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmedia.run.fitness.demand import Lack, Testimony

ASIDE_S = 30.0
"""Seconds without files for a worker that has been set aside: as long as one that lacks something waits before it looks
again (`fitness.checkup`)."""


class Fleet:
    """The workers of a cluster that have said something about themselves.

    It is told by Dask's event loop, and asked by the launcher, who also says which workers are set aside.

    Parameters
    ----------
    assumed : int
        Slots to begin with, until a worker has said how many it has.
    """

    def __init__(self, assumed: int) -> None:
        self._heard = self._judged = 0  # each is counted by one thread only
        self._assumed = assumed
        self._slots = 0
        self._members: dict[str, Testimony] = {}
        self._unfit: dict[str, Testimony] = {}
        self._left: set[str] = set()
        self._aside: dict[str, tuple[float, Lack]] = {}
        self._allowed: list[str] | None = None
        self._allowed_since = 0

    @property
    def generation(self) -> int:
        """A number that changes whenever a worker has come, changed or gone, or is set aside or no longer so."""
        return self._heard + self._judged

    @property
    def slots(self) -> int:
        """Slots of all workers that are fit; what was assumed, until one has said anything."""
        idle = sum(testimony.slots for testimony in self._without_files().values())
        return self._slots - idle if self._heard else self._assumed

    @property
    def examined(self) -> dict[str, Testimony]:
        """What the workers said that are here, by address, and what was found of those that are set aside."""
        return {**self._members, **self._without_files()}

    @property
    def unfit(self) -> dict[str, Testimony]:
        """What those said that lack something, by address; those that are set aside are among them."""
        return {**self._unfit, **self._without_files()}

    def allowed(self) -> list[str] | None:
        """Name the workers that may get files; ``None``: all, which costs Dask nothing to look after."""
        self._take_back()
        if self._allowed_since != (generation := self.generation):  # asked several times a tick, and changes seldom
            unfit = self.unfit
            fit = [address for address in self.examined if address not in unfit]
            self._allowed, self._allowed_since = fit if unfit else None, generation
        return self._allowed

    def set_aside(self, address: str, lack: Lack) -> bool:
        """Send a worker no files for a while, if another one is fit; else all that were set aside get files again.

        Parameters
        ----------
        address : str
            Of the worker.
        lack : Lack
            What was found there.

        Returns
        -------
        bool
            Whether another one is fit.
        """
        unfit = self.unfit
        is_spare = any(other != address and other not in unfit for other in self.examined)
        if is_spare:
            self._aside[address] = time.monotonic() + ASIDE_S, lack
        else:
            self._aside.clear()
        self._judged += 1
        return is_spare

    def awaits(self, expected: frozenset[str]) -> frozenset[str]:
        """Name those of some workers that are still to say something, and have not left."""
        return frozenset(address for address in expected if address not in self._members and address not in self._left)

    def hear(self, testimony: Testimony) -> None:
        """Note what a worker said about itself."""
        address = testimony.worker
        if self._members.get(address) == testimony:
            return
        self._forget(address)
        self._left.discard(address)
        self._members[address] = testimony
        if testimony.lacks:
            self._unfit[address] = testimony
        else:
            self._slots += testimony.slots
        self._heard += 1

    def lose(self, address: str) -> None:
        """Note that a worker has left."""
        self._left.add(address)
        if address in self._members:
            self._forget(address)
            self._heard += 1

    def _forget(self, address: str) -> None:
        known = self._members.pop(address, None)
        if known and self._unfit.pop(address, None) is None:
            self._slots -= known.slots

    def _without_files(self) -> dict[str, Testimony]:
        """Tell of those that are fit and set aside."""
        found = {}
        for address, (_, lack) in self._aside.items():
            member = self._members.get(address)
            if member and not member.lacks:
                found[address] = replace(member, lacks=(lack,))
        return found

    def _take_back(self) -> None:
        """Let those have files again whose time is over, or all when nobody else is left."""
        if not self._aside:
            return
        now_s, unfit = time.monotonic(), self.unfit
        is_spare = any(address not in unfit for address in self.examined)
        for address, (until_s, _) in list(self._aside.items()):
            if until_s <= now_s or not is_spare:
                del self._aside[address]
                self._judged += 1
