"""The wish to stop a job, from the process that runs it."""

from __future__ import annotations

from dmedia.errors import StoppedError


class Stop:
    """Asks a job to stop: set by a signal handler, heeded by the job's loop.

    Attributes
    ----------
    signal : int or None
        The signal that asked.
    at_once : bool
        Whether a second one came.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self.at_once = False

    def request(self, signal: int) -> None:
        """Ask the job to end what it is doing; asked a second time, to stop at once."""
        self.at_once = self.signal is not None
        self.signal = self.signal or signal

    def raise_if_asked(self) -> None:
        """End a plan that is being made.

        Raises
        ------
        StoppedError
            When a signal has asked.
        """
        if self.signal is not None:
            raise StoppedError(self.signal)
