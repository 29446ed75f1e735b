"""A launcher's course through the pending files of a job, whatever becomes of the cluster on the way."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from dmedia.errors import ClusterError, ClusterLostError, DmediaError, RecordFullError
from dmedia.model import WorkOrder
from dmedia.record.reader import read_job
from dmedia.report.observer import tell
from dmedia.run.brake import DRAIN_S, Brake, EndedError
from dmedia.run.clusters.cluster import connect
from dmedia.run.clusters.waiting import Waiting
from dmedia.run.collect import Harvest
from dmedia.run.dashboard.broadcast import Broadcast
from dmedia.run.dispatch import Window
from dmedia.run.fitness.census import Census
from dmedia.run.fleet import Fleet
from dmedia.run.ledger import Ledger
from dmedia.run.live import Live
from dmedia.run.patience import TICK_S
from dmedia.run.pulse import Pulse

if TYPE_CHECKING:
    from dmedia.record.writer import RecordWriter
    from dmedia.report.observer import Observer
    from dmedia.run.clusters.cluster import ConnectedCluster
    from dmedia.run.clusters.places import ClusterChoice
    from dmedia.run.stop import Stop

OBSERVE_PERIOD_S = 0.25
"""Seconds between two looks of the observer."""

RECONNECT_PERIOD_S = 1.0
"""Seconds between two attempts to reach a scheduler that was lost."""

INPROC = "inproc://"
"""How Dask begins the address of a scheduler in this process."""

STOPPING = f"stopping: files being worked on may end, for at most {DRAIN_S:g} s; a second signal gives them up"


class Course:
    """The work of one launcher on one job.

    Parameters
    ----------
    record : RecordWriter
        Planned.
    observer : Observer
        Is told how it goes.
    stop : Stop
        Ends it early.
    failed_before : int
        Failed files that do not count for ``--max-failures``.

    Attributes
    ----------
    brake : Brake
        Tells afterwards whether the job was cancelled or given up.
    ledger : Ledger
        The way into the record.
    left_behind : bool
        Whether workers were lost, which could not tidy up after their slots.
    """

    def __init__(self, record: RecordWriter, observer: Observer, stop: Stop, failed_before: int) -> None:
        self.brake = Brake(stop, record)
        self.ledger = Ledger(record, self.brake, failed_before)
        self.left_behind = False
        self._record, self._observer = record, observer
        self._observed_s = 0.0
        self._broadcast: Broadcast | None = None
        self._begun = False
        self._said: str | None = None

    def run(self, choice: ClusterChoice) -> None:
        """Work until nothing is pending or the job is asked to end; a scheduler that is lost is looked for.

        Parameters
        ----------
        choice : ClusterChoice
            Where to work.

        Raises
        ------
        PreflightError
            When a worker lacks something that the job needs, and no file was begun.
        ClusterError
            When the cluster cannot be reached, or was lost and did not come back.
        """
        lost: ClusterLostError | None = None
        lost_s = 0.0
        while True:
            try:
                waiting = Waiting(None if lost else choice.awaited, self._record, self._tick)
                with connect(choice, waiting.look, again=lost is not None) as cluster:
                    waiting.over()
                    if lost:
                        self._record.life.withdraw_warning(_looking_for(lost))
                        lost = None
                    self._follow(cluster)
                    return
            except EndedError:
                return
            except ClusterLostError as error:
                if not choice.may_come_back:
                    raise
                lost, lost_s, self.left_behind = error, time.monotonic(), True
                self._record.life.warn(_looking_for(error), passing=True)
            except ClusterError:
                waiting.over()
                if not (lost and choice.may_come_back):
                    raise
            if time.monotonic() - lost_s > choice.worker_wait_s:
                raise ClusterError(
                    f"{lost.message}, and could not be reached again for {choice.worker_wait_s:g} s", lost.hint
                )
            try:
                self._wait(RECONNECT_PERIOD_S)
            except EndedError:
                return

    def _follow(self, cluster: ConnectedCluster) -> None:
        """Work on one connection."""
        record = self._record
        order = WorkOrder.of(record.job, record.spec)
        fleet = Fleet(cluster.slots)
        window = Window(cluster.client, record, order.operation, fleet, self.ledger.retries.alone)
        census = Census(record, fleet, cluster.scheduler, self._tick)
        live = Live(cluster, order, fleet, census.demand, self._tick)
        self._broadcast = broadcast = Broadcast(cluster.client, record, live.running)
        try:
            with census, live:
                if not self._begun:
                    census.refuse_unfit()
                self._begin(cluster)
                with broadcast, contextlib.closing(Harvest(cluster.client, window)) as harvest:
                    self._feed(window, harvest, live, (Pulse(cluster, record, fleet), census))
        except DmediaError:
            record.give_back(window.abandon())
            raise
        except Exception as error:
            if not cluster.is_lost:
                raise  # asked to end, or a bug of ours
            record.give_back(window.abandon())
            raise ClusterLostError(f"The scheduler at {cluster.scheduler} was lost: {error}") from error
        finally:
            self.left_behind |= live.worker_was_lost

    def _begin(self, cluster: ConnectedCluster) -> None:
        """Declare that the job runs here."""
        record = self._record
        self._begun = True
        before = read_job(record.job).scheduler
        self.ledger.write(lambda: record.life.start(cluster.scheduler, cluster.dashboard))
        if self.brake.waits:
            self.ledger.write(record.life.pause)
        if cluster.warning:
            record.life.warn(cluster.warning)
        record.life.withdraw_warning(_left(cluster.scheduler))
        if before and cluster.scheduler.startswith(INPROC) and not before.startswith(INPROC):
            record.life.warn(_left(before))

    def _feed(self, window: Window, harvest: Harvest, live: Live, watches: tuple[Pulse, Census]) -> None:
        """Keep the window full and note what comes of it, until there is nothing more to do."""
        held = False
        pulse, census = watches
        while not self.brake.expired:
            self.brake.look()
            self._record.give_back(self.ledger.retries.due())
            if self.brake.holds and not held:
                live.drain(window.next_wave())
                if self.brake.ending and not self.brake.kills:
                    tell(self._observer.say, STOPPING)
            held = self.brake.holds
            self._say_untold()
            if self.brake.kills:
                live.kill()
            if not held:
                harvest.expect(window.refill(self.ledger.failures_left))
            if not window and self._is_over(window):
                break
            outcome = harvest.next(TICK_S)
            ended = self.ledger.enter(outcome, live.running(), live.fleet)
            window.pace.learn(ended)
            if self._broadcast:
                self._broadcast.hear(ended)
            pulse.hear(outcome, at_work=live.is_at_work)
            self._observe()
            if outcome.lost and not outcome.results:
                time.sleep(TICK_S)  # whatever gives tasks back at once shall not be asked without end
            pulse.check(waits=self.brake.waits)
            census.look()
        pulse.close()

    def _is_over(self, window: Window) -> bool:
        """Tell whether nothing is left to do, or shall be done."""
        if self.brake.ending:
            return True
        if self.brake.waits or window.is_held:
            report = read_job(self._record.job)
            return report.done == report.total
        return self.ledger.is_clear

    def _say_untold(self) -> None:
        """Say why the job waits where the record, for want of room, cannot be told."""
        if self.brake.untold and self.brake.untold != self._said:
            self._said = self.brake.untold
            tell(self._observer.say, f"warning: {self._said}")

    def _observe(self) -> None:
        if time.monotonic() - self._observed_s > OBSERVE_PERIOD_S:
            self._observed_s = time.monotonic()
            report = read_job(self._record.job)
            tell(self._observer.progress, report)
            if self._broadcast:
                self._broadcast.progress(report)

    def _tick(self) -> None:
        """Show that the launcher lives, and heed requests, while it waits for a cluster.

        Raises
        ------
        EndedError
            When the job was asked to end.
        """
        with contextlib.suppress(RecordFullError):
            self._record.commit([], [])
        self._observe()
        self.brake.look()
        if self.brake.ending:
            raise EndedError

    def _wait(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self._tick()
            time.sleep(TICK_S)


def _looking_for(lost: ClusterLostError) -> str:
    return f"{lost.message}: trying to reach it again"


def _left(scheduler: str) -> str:
    return (
        f"The job was worked on at {scheduler} before, and went on on this machine: the dashboard there does not "
        "follow it. To go on on a cluster: --scheduler ADDRESS or --cluster FILE"
    )
