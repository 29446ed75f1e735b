"""The board's numbers in ``/metrics``, where Dask answers Prometheus. Needs prometheus-client, as that does."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import prometheus_client
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from dmedia.run.dashboard.documents import workers_shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from dmedia.run.dashboard.board import JobOnBoard, Totals

STATUSES = ("completed", "failed", "skipped", "cancelled", "processing", "pending")
"""Of files, as a job's document counts them; see `dmedia.model.FileStatus`."""

MOST_WORKERS = 1024
"""Workers with a number of their own: the label's values are kept by Prometheus."""


class BoardCollector:
    """Answers Prometheus with the boards of all schedulers of this process, of which there is mostly one.

    prometheus-client has one registry a process, and Dask answers ``/metrics`` from it.
    """

    def __init__(self) -> None:
        self._plugins: weakref.WeakSet[Any] = weakref.WeakSet()

    def show(self, plugin: Any) -> None:
        """Answer with the board of this plugin too, for as long as it lives."""
        if not self._plugins:
            self._plugins.add(plugin)
            prometheus_client.REGISTRY.register(self)
        self._plugins.add(plugin)

    def hide(self, plugin: Any) -> None:
        """Answer without this plugin's board from now on."""
        self._plugins.discard(plugin)
        if not self._plugins:
            prometheus_client.REGISTRY.unregister(self)

    def describe(self) -> list[Metric]:
        """Say no names beforehand; the registry would otherwise collect to learn them."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Tell all numbers."""
        plugins = list(self._plugins)
        yield from _jobs([job for plugin in plugins for job in plugin.board.jobs()])
        yield from _workers(plugins)
        yield from _totals([plugin.board.totals for plugin in plugins])


COLLECTOR = BoardCollector()
"""Of this process."""


def _jobs(jobs: list[JobOnBoard]) -> Iterator[Metric]:
    labels = ["job", "operation"]
    files = GaugeMetricFamily("dmedia_job_files", "Files of a job, by status", labels=[*labels, "status"])
    progress = GaugeMetricFamily("dmedia_job_progress_ratio", "Share of a job's files with an outcome", labels=labels)
    rate = GaugeMetricFamily("dmedia_job_files_per_second", "Files a second in the last seconds", labels=labels)
    eta = GaugeMetricFamily("dmedia_job_eta_seconds", "Time left at the rate since the start", labels=labels)
    for job in jobs:
        document = job.document
        names = [document["id"], document["operation"]]
        for status in STATUSES:
            files.add_metric([*names, status], document[status])
        done = sum(document[status] for status in STATUSES[:4])
        progress.add_metric(names, 1.0 if job.ended else done / document["total"] if document["total"] else 0.0)
        if job.active:
            rate.add_metric(names, job.told["rates"]["files_per_s"] or 0.0)
            if document["eta_s"] is not None:
                eta.add_metric(names, document["eta_s"])
    yield from (files, progress, rate, eta)


def _workers(plugins: list[Any]) -> Iterator[Metric]:
    rate = GaugeMetricFamily("dmedia_worker_files_per_second", "Files a second of a worker", labels=["worker"])
    processing = GaugeMetricFamily("dmedia_worker_processing", "Files that a worker is working on", labels=["worker"])
    shown = [entry for plugin in plugins for entry in workers_shown(plugin.board.jobs(), plugin.workers())]
    for worker in shown[:MOST_WORKERS]:
        rate.add_metric([worker["address"]], worker["files_per_s"])
        processing.add_metric([worker["address"]], worker["processing"])
    yield from (rate, processing)


def _totals(totals: list[Totals]) -> Iterator[Metric]:
    files = CounterMetricFamily("dmedia_files", "Files worked on, by outcome", labels=["operation", "outcome"])
    failures = CounterMetricFamily("dmedia_failures", "Failed files, by reason", labels=["reason"])
    for (operation, outcome), count in sum((one.files for one in totals), start=_nothing()).items():
        files.add_metric([operation, outcome], count)
    for code, count in sum((one.failures for one in totals), start=_nothing()).items():
        failures.add_metric([code], count)
    yield from (files, failures)
    read, written = sum(one.bytes_read for one in totals), sum(one.bytes_written for one in totals)
    yield CounterMetricFamily("dmedia_bytes_read", "Bytes of sources of completed files", value=read)
    yield CounterMetricFamily("dmedia_bytes_written", "Bytes of renditions of completed files", value=written)


def _nothing() -> Any:
    from collections import Counter

    return Counter()
