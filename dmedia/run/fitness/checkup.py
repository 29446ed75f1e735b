"""The checkup of one worker: its examination, which may never end, and which is made again while it lacks something."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import dask.config

from dmedia.run.fitness.demand import UNEXAMINED, Lack
from dmedia.run.patience import Call

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

LIMIT_S = 30.0
"""Seconds after which a worker says that it has not ended examining itself, and lets chunks go elsewhere: a network
file system whose server is gone keeps whoever looks at it without end. Dask's setting ``dmedia.examination-limit-s``,
on a worker also ``DASK_DMEDIA__EXAMINATION_LIMIT_S``, changes it."""

LOOK_AGAIN_S = 30.0
"""Seconds after which a worker that lacks something looks again: a directory may have been mounted meanwhile. Dask's
setting ``dmedia.look-again-s``, on a worker also ``DASK_DMEDIA__LOOK_AGAIN_S``, changes it."""

LOOK_AGAIN_SHARE = 0.1
"""After a long time it looks again only when so much of that time has passed once more: a launcher that was killed
leaves it to look for ever, and each look may put a small object into a store and remove it."""


class Checkup:
    """Examines a worker in a thread of its own.

    Parameters
    ----------
    examine : callable
        Finds out what the worker lacks.
    address : str
        Of the worker, for its log.
    """

    def __init__(self, examine: Callable[[], tuple[Lack, ...]], address: str) -> None:
        self._examine, self._address = examine, address
        self._call: Call | None = None
        self._began_s = self._ended_s = time.monotonic()

    def first(self) -> tuple[Lack, ...]:
        """Examine the worker.

        Returns
        -------
        tuple of Lack
            Empty when it is fit; `UNEXAMINED` when the examination has not ended in time. It then goes on.
        """
        return self._begun(float(dask.config.get("dmedia.examination-limit-s", LIMIT_S)), (UNEXAMINED,))

    def again(self, before: tuple[Lack, ...]) -> tuple[Lack, ...]:
        """Examine the worker again when it lacked something a while ago. To be called now and then: it does not wait.

        Parameters
        ----------
        before : tuple of Lack
            What it lacked.

        Returns
        -------
        tuple of Lack
            What is known to be lacking now.
        """
        if self._call is not None:
            return self._found(self._call, 0.0, before)
        return self._begun(0.0, before) if before and self._is_due() else before

    def _is_due(self) -> bool:
        least_s = float(dask.config.get("dmedia.look-again-s", LOOK_AGAIN_S))
        now_s = time.monotonic()
        return now_s - self._ended_s > max(least_s, LOOK_AGAIN_SHARE * (now_s - self._began_s))

    def _begun(self, limit_s: float, otherwise: tuple[Lack, ...]) -> tuple[Lack, ...]:
        try:
            self._call = Call(self._examine)
        except RuntimeError as error:  # the system has no further thread
            return self._failed(error)
        return self._found(self._call, limit_s, otherwise)

    def _found(self, call: Call, limit_s: float, otherwise: tuple[Lack, ...]) -> tuple[Lack, ...]:
        if not call.wait(limit_s):
            return otherwise
        if call.error:
            return self._failed(call.error)
        self._call, self._ended_s = None, time.monotonic()
        found: tuple[Lack, ...] = call.answer
        return found

    def _failed(self, error: Exception) -> tuple[Lack, ...]:
        self._call, self._ended_s = None, time.monotonic()
        logger.error("dmedia: the worker %s cannot be examined", self._address, exc_info=error)
        return (Lack("cannot be examined", f"{type(error).__name__}: {error}"),)
