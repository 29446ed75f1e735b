"""The launcher's side: tells the scheduler of its job, once a second and when the job's state changes."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from dmedia.errors import ClusterError, DmediaError
from dmedia.record.reader import read_job
from dmedia.record.sources import Sources
from dmedia.report.dashboard_link import NO_PAGE
from dmedia.report.documents import job_document
from dmedia.run.dashboard.board import MOST_FAILURES, VERSION
from dmedia.run.dashboard.plugin import TOPIC, DashboardPlugin
from dmedia.run.dashboard.rates import Rates
from dmedia.run.dashboard.telling import as_it_ends, first_begun, tell_workers
from dmedia.run.patience import Call
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from distributed import Client

    from dmedia.model import FileResult, JobReport, JobState, Running
    from dmedia.record.writer import RecordWriter
    from dmedia.report.shapes import JobDocument
    from dmedia.run.dashboard.shapes import FailureTold, JobTold

PERIOD_S = 1.0
"""Seconds between two messages while the job's state stays the same."""

LAST_WORD_S = 1.0
"""Seconds to wait at the end until the scheduler has heard how the job ended."""

DMEDIA_MISSING = "No module named 'dmedia'"
"""What a scheduler says in whose environment there is none. Dask's scheduler looks into all work that it passes on."""

LOG = logging.getLogger(__name__)


class Broadcast:
    """Tells a scheduler of a job for as long as a launcher is connected to it.

    Nothing that goes wrong here concerns the job: it is said once, in the job's warnings where a person can help.

    Parameters
    ----------
    client : distributed.Client
        The job's own connection.
    record : RecordWriter
        The job.
    running : callable
        Tells what slots are working on.
    """

    def __init__(self, client: Client, record: RecordWriter, running: Callable[[], list[Running]]) -> None:
        self._client: Any = client
        self._record, self._running = record, running
        self._rates = Rates()
        self._failures: deque[tuple[float, FileResult]] = deque(maxlen=MOST_FAILURES)
        self._told_s = 0.0
        self._told_state: JobState | None = None
        self._open = self._silent = False
        self._idle = threading.Event()  # no message is on its way
        self._idle.set()
        self._welcome: Call | None = Call(lambda: client.register_plugin(DashboardPlugin()))
        self._sources: Sources | None = None
        self._begun: JobDocument | None = None
        self._refusal: ClusterError | None = None
        with self._guard():
            self._begun = job_document(read_job(record.job))

    def __enter__(self) -> Broadcast:
        """Begin: before, workers are still examined, and the job may be refused."""
        self._open = True
        return self

    def __exit__(self, kind: type[BaseException] | None, *ended: object) -> None:
        """Tell how the job ended, unless the cluster is lost."""
        with self._guard():
            if kind is None and not self._silent and self._is_welcome(LAST_WORD_S):
                report = as_it_ends(read_job(self._record.job), cancelled="cancel" in self._record.requests())
                self._rates.look(report)
                message = self._message(report)
                self._idle.wait(LAST_WORD_S)  # messages can overtake each other
                Call(lambda: self._client.log_event(TOPIC, message)).wait(LAST_WORD_S)
        with self._guard():
            self._silent = True
            if self._sources:
                self._sources.close()

    def hear(self, results: Sequence[FileResult]) -> None:
        """Count files that have ended."""
        with self._guard():
            self._rates.count(results)
            failed = [(time.time(), result) for result in results if result.failure]
            self._failures.extend(failed[-MOST_FAILURES:])

    def progress(self, report: JobReport) -> None:
        """Tell of the job, unless it was told of a moment ago.

        Raises
        ------
        ClusterError
            When the scheduler has no dmedia: then it refuses every chunk, too, and in worse words.
        """
        if self._refusal:
            raise self._refusal
        with self._guard():
            now_s = time.monotonic()
            if not self._open:
                self._is_welcome(0)
                return
            if self._silent or (now_s - self._told_s < PERIOD_S and report.state is self._told_state):
                return
            self._rates.look(report)
            self._told_s, self._told_state = now_s, report.state
            if self._is_welcome(0) and self._idle.is_set():
                self._idle.clear()
                self._client.loop.add_callback(self._send, self._message(report))

    async def _send(self, message: JobTold) -> None:
        try:
            await self._client.scheduler.log_event(topic=TOPIC, msg=message)
        except Exception:  # a scheduler that is gone is noticed elsewhere; losing one message harms nothing
            LOG.debug("a message to the dashboard was lost", exc_info=True)
        finally:
            self._idle.set()

    def _is_welcome(self, wait_s: float) -> bool:
        """Tell whether the scheduler has the page by now; warn when it never will."""
        if self._welcome is None:
            return True
        if not self._welcome.wait(wait_s):
            return False
        error, self._welcome = self._welcome.error, None
        if error is None:
            return True
        self._silent = True
        if self._client.status == "running":
            if str(error) == DMEDIA_MISSING:
                self._refusal = ClusterError(
                    f"The scheduler at {self._client.scheduler.address} has no dmedia: it cannot pass on its work",
                    "install the same version of dmedia in its environment as in the workers'",
                )
            else:
                self._record.life.warn(f"{NO_PAGE}: {type(error).__name__}: {error}")
        return False

    def _message(self, report: JobReport) -> JobTold:
        running = self._running()
        firsts = first_begun(running)
        failures = list(self._failures)
        numbers = {entry.number for entry in firsts.values()} | {result.number for _, result in failures}
        if self._sources is None:
            self._sources = Sources(self._record.job)
        paths = {number: shown(path) for number, path in self._sources.paths(numbers).items()}
        told: list[FailureTold] = []
        for at_s, result in reversed(failures):
            assert result.failure is not None, "noted by `hear`"
            told.append(
                {
                    "path": paths.get(result.number, ""),
                    "code": result.failure.code,
                    "error": result.failure.message,
                    "worker": result.worker,
                    "at_s": at_s,
                }
            )
        document = job_document(report)
        return {
            "version": VERSION,
            "launcher": self._client.id,
            "begun": self._begun or document,
            "job": document,
            "rates": self._rates.of_job(),
            "workers": tell_workers(running, firsts, self._rates.of_workers(), paths),
            "failures": told,
        }

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        """Keep from the job whatever goes wrong; say it once, and nothing more then."""
        try:
            yield
        except (DmediaError, OSError):
            LOG.debug("the dashboard was not told", exc_info=True)  # a full disk, a lost scheduler: told elsewhere
        except Exception:
            if not self._silent:
                LOG.warning("the dashboard is not told of this job any longer", exc_info=True)
            self._silent = True
