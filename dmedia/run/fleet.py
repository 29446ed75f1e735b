"""The fleet: a job's workers and their slots, as they come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmedia.run.fitness.demand import Testimony


class Fleet:
    """The workers of a cluster that have said something about themselves.

    It is told by Dask's event loop, and asked by the launcher.

    Parameters
    ----------
    assumed : int
        Slots to begin with, until a worker has said how many it has.

    Attributes
    ----------
    generation : int
        Changes whenever a worker has come, changed or gone.
    """

    def __init__(self, assumed: int) -> None:
        self.generation = 0
        self._assumed = assumed
        self._slots = 0
        self._members: dict[str, Testimony] = {}
        self._unfit: dict[str, Testimony] = {}
        self._left: set[str] = set()
        self._allowed: list[str] | None = None
        self._allowed_since = 0

    @property
    def slots(self) -> int:
        """Slots of all workers that are fit; what was assumed, until one has said anything."""
        return self._slots if self.generation else self._assumed

    @property
    def examined(self) -> dict[str, Testimony]:
        """What the workers said that are here, by address."""
        return dict(self._members)

    @property
    def unfit(self) -> dict[str, Testimony]:
        """What those said that lack something, by address."""
        return dict(self._unfit)

    def allowed(self) -> list[str] | None:
        """Name the workers that may get files; ``None``: all, which costs Dask nothing to look after."""
        if self._allowed_since != (generation := self.generation):  # asked several times a tick, and changes seldom
            fit = [address for address in self.examined if address not in self._unfit]
            self._allowed, self._allowed_since = fit if self._unfit else None, generation
        return self._allowed

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
        self.generation += 1

    def lose(self, address: str) -> None:
        """Note that a worker has left."""
        self._left.add(address)
        if address in self._members:
            self._forget(address)
            self.generation += 1

    def _forget(self, address: str) -> None:
        known = self._members.pop(address, None)
        if known and self._unfit.pop(address, None) is None:
            self._slots -= known.slots
