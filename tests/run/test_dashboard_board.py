"""What a scheduler remembers of jobs and what a launcher tells: bounded, and nothing of it concerns the job."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from dmedia.model import Failure, FileResult, JobState, Running
from dmedia.run.dashboard import broadcast as broadcasting
from dmedia.run.dashboard import markup
from dmedia.run.dashboard.board import MOST_ACTIVE, MOST_JOBS, MOST_WORDS, NEEDED, Board
from dmedia.run.dashboard.broadcast import Broadcast
from dmedia.run.dashboard.documents import WorkerOnBoard, board_document, failures_shown, workers_shown
from dmedia.run.dashboard.figures import Reasons
from dmedia.run.dashboard.history import MOST_POINTS, History, Point, summed
from dmedia.run.dashboard.plugin import DashboardPlugin
from dmedia.run.dashboard.rates import Rates
from dmedia.run.dashboard.telling import MOST_WORKERS_TOLD, as_it_ends
from tests.report.test_documents import RUNNING as REPORT

NOTHING = {"completed": 0, "failed": 0, "cancelled": 0, "errors": {}, "bytes_in": 0, "bytes_out": 0}


def told(number: int = 0, launcher: str = "Client-1", begun: dict[str, Any] | None = None, **job: Any) -> Any:
    """What a launcher says of a job."""
    document: dict[str, Any] = dict.fromkeys(sorted(NEEDED), 0)
    document |= {"id": f"batch-{number:010}-aaaaaa", "operation": "resize", "preset": None, "status": "running"}
    document |= {"total": 10, "duration": "running", "planning": False, "created_at": f"{number:010}", "eta_s": 5.0}
    document |= {"errors": {}, "warnings": [], "output_directory": "/out", **job}
    rates = {"files_per_s": 2.0, "bytes_in_per_s": 10.0, "bytes_out_per_s": 5.0}
    known = {"version": 1, "launcher": launcher, "begun": begun or NOTHING, "job": document}
    return {**known, "rates": rates, "workers": {}, "failures": []}


def test_the_last_jobs_are_kept_and_those_at_work_before_others() -> None:
    board = Board()
    board.hear(told(0), 0)
    for number in range(1, 100):
        board.hear(told(number, status="completed"), number)
    kept = [job.document["id"] for job in board.jobs()]
    assert len(kept) == MOST_JOBS
    assert kept[0] == "batch-0000000000-aaaaaa", "it is at work"
    assert kept[1] == "batch-0000000099-aaaaaa", "the newest of the others"
    for number in range(100, 300):
        board.hear(told(number), number)
    assert len(board.jobs()) == MOST_ACTIVE


def test_totals_count_what_was_done_here_and_never_shrink() -> None:
    board = Board()
    before = {**NOTHING, "completed": 5, "bytes_in": 500}
    board.hear(told(begun=before, completed=7, failed=1, errors={"timeout": 1}, bytes_in=700), 1)
    board.hear(told(completed=8, failed=1, errors={"timeout": 1}, bytes_in=800), 2)
    again = {**NOTHING, "completed": 8, "bytes_in": 800}
    board.hear(told(launcher="Client-2", begun=again, completed=8, failed=1, errors={"timeout": 1}, bytes_in=800), 3)
    totals = board.totals
    assert totals.files == {("resize", "completed"): 3, ("resize", "failed"): 2}
    assert (totals.failures, totals.bytes_read) == ({"timeout": 2}, 300)


def test_words_that_are_counted_by_name_are_bounded() -> None:
    board = Board()
    for number in range(3 * MOST_WORDS):
        board.hear(told(number, operation=f"op-{number}", completed=1, errors={f"code-{number}": 1}), number)
    assert len({operation for operation, _ in board.totals.files}) <= MOST_WORDS + 1
    assert board.totals.files["other", "completed"] == 2 * MOST_WORDS
    assert len(board.totals.failures) <= MOST_WORDS + 1


def test_a_launcher_that_left_leaves_its_unfinished_jobs_interrupted_and_no_others() -> None:
    board = Board()
    board.hear(told(1, processing=2, pending=3), 1)
    board.hear(told(2, status="completed"), 1)
    board.hear(told(3, launcher="Client-2"), 1)
    board.launcher_left("Client-1")
    assert [job.document["status"] for job in board.jobs()] == ["running", "completed", "interrupted"]
    (interrupted,) = (job for job in board.jobs() if job.document["status"] == "interrupted")
    assert (interrupted.document["processing"], interrupted.document["pending"]) == (0, 5)
    board.hear(told(1, launcher="Client-3"), 2)
    assert sum(job.active for job in board.jobs()) == 2, "another launcher goes on with it"


@pytest.mark.parametrize("state", ["completed", "cancelled", "interrupted"])
def test_a_job_that_nobody_works_on_does_nothing_a_second(state: str) -> None:
    board = Board()
    board.hear(told(1, status=state), 1)
    board.hear(told(2), 1)
    board.launcher_left("Client-1")
    board.hear(told(3), 1)
    names = ("files_per_s_now", "bytes_in_per_s", "bytes_out_per_s")
    rates = {job["id"][15:17]: [job[name] for name in names] for job in board_document(board, [], 2)["jobs"]}  # type: ignore[literal-required]
    assert rates == {"1-": [0, 0, 0], "2-": [0, 0, 0], "3-": [2.0, 10.0, 5.0]}


def test_tiles_and_charts_tell_of_the_same_jobs_and_say_of_which() -> None:
    board = Board()
    assert not board.shown()
    board.hear(told(3, status="failed", failed=2, errors={"timeout": 2}), 5)
    board.hear(told(9, status="completed", failed=1, errors={"corrupt_input": 1}), 1)
    reasons = Reasons()
    reasons.update(board.shown())
    cards = markup.cards(board.jobs(), board.shown(), [])
    assert (reasons.source.data["label"], "<b>2</b>" in cards) == (["2"], True), "the one that was at work last"
    assert "Tiles and charts: batch-0000000003-aaaaaa, the last job at work" in cards
    board.hear(told(4, failed=3, errors={"timeout": 3}), 6)
    board.hear(told(5, failed=4, errors={"timeout": 4}), 6)
    reasons.update(board.shown())
    cards = markup.cards(board.jobs(), board.shown(), [])
    assert (reasons.source.data["label"], "<b>7</b>" in cards) == (["7"], True)
    assert "Tiles and charts: the 2 jobs at work, together" in cards


def test_the_history_of_a_long_job_has_few_points_from_its_beginning_to_now() -> None:
    history = History()
    for second in range(100_000):
        rates: Any = {"files_per_s": float(second), "bytes_in_per_s": 1.0, "bytes_out_per_s": 1.0}
        history.add(second, rates, None)
    assert len(history.points) <= MOST_POINTS
    assert history.points[0].at_s == 0
    assert history.points[-1].at_s > 98_000


def test_rates_of_several_jobs_add_up_while_each_is_at_work() -> None:
    first = [Point(at, 1.0, None, 10.0, 1.0) for at in range(10)]
    second = [Point(at + 0.5, 2.0, None, 20.0, 2.0) for at in range(5, 20)]
    by_moment = {point.at_s: (point.bytes_in_per_s, point.files_per_s) for point in summed([first, second])}
    assert (by_moment[4], by_moment[8], by_moment[19.5]) == ((10.0, 1.0), (30.0, 3.0), (20.0, 2.0))


def test_a_worker_shows_what_all_jobs_do_on_it_and_failures_come_newest_first() -> None:
    board = Board()
    for number in (1, 2):
        event = told(number)
        event["workers"] = {
            "tcp://a": {"files_per_s": 1.5, "processing": number, "path": f"/in/{number}", "since_s": 1.0}
        }
        failure = {"path": f"/in/{number}", "code": "timeout", "error": "Timeout", "worker": "tcp://a", "at_s": number}
        event["failures"] = [failure]
        board.hear(event, 5)
    workers = [WorkerOnBoard("tcp://a", "one", 4), WorkerOnBoard("tcp://b", "two", 4)]
    busy, idle = workers_shown(board.jobs(), workers)
    assert (busy["files_per_s"], busy["processing"], len(busy["files"])) == (3.0, 3, 2)
    assert (idle["files_per_s"], idle["processing"], idle["files"]) == (0, 0, [])
    assert [entry["path"] for entry in failures_shown(board.jobs())] == ["/in/2", "/in/1"]
    assert [job["status"] for job in board_document(board, workers, 6)["jobs"]] == ["running", "running"]


def test_what_comes_from_outside_is_text_on_the_page() -> None:
    board = Board()
    evil = "<script>alert(1)</script>"
    event = told(output_directory=evil, warnings=[evil], operation=evil, status=evil)
    event["failures"] = [{"path": evil, "code": evil, "error": evil, "worker": evil, "at_s": 1}]
    event["workers"] = {evil: {"files_per_s": 1, "processing": 1, "path": evil, "since_s": 1}}
    board.hear(event, 1)
    jobs, workers = board.jobs(), [WorkerOnBoard(evil, evil, 1)]
    pieces = [
        markup.cards(jobs, board.shown(), workers),
        markup.job_rows(jobs),
        markup.worker_rows(workers_shown(jobs, workers)),
        markup.failure_rows(failures_shown(jobs)),
    ]
    assert not any("<script" in piece for piece in pieces)
    assert all("&lt;script" in piece for piece in pieces[1:])


def test_names_are_written_as_on_a_terminal_so_that_none_turns_or_hides_what_follows() -> None:
    board = Board()
    name = "/in/\u202egpj.exe\x1b[1m.jpg"
    event = told(output_directory=name, warnings=[name])
    event["failures"] = [{"path": name, "code": "timeout", "error": name, "worker": "tcp://a", "at_s": 1}]
    event["workers"] = {"tcp://a": {"files_per_s": 1, "processing": 1, "path": name, "since_s": 1}}
    board.hear(event, 1)
    jobs, workers = board.jobs(), [WorkerOnBoard("tcp://a", name, 1)]
    pieces = [
        markup.job_rows(jobs),
        markup.worker_rows(workers_shown(jobs, workers)),
        markup.failure_rows(failures_shown(jobs)),
    ]
    assert all("\\u202egpj.exe\\x1b[1m.jpg" in piece for piece in pieces)
    assert not any(character in piece for character in "\u202e\x1b" for piece in pieces)


def test_a_message_that_is_none_disturbs_no_scheduler(caplog: pytest.LogCaptureFixture) -> None:
    plugin = DashboardPlugin()
    nonsense: tuple[Any, ...] = (None, 7, {}, {"job": {}}, told(errors=None))
    for message in nonsense:
        plugin.log_event("dmedia-jobs", message)
    plugin.log_event("dmedia-jobs", told(1))
    assert [job.document["id"] for job in plugin.board.jobs()] == ["batch-0000000001-aaaaaa"]
    assert sum("cannot show jobs" in record.message for record in caplog.records) == 1, "it is said once"


@pytest.mark.parametrize(
    ("changes", "cancelled", "state"),
    [
        ({"total": 4, "completed": 3, "failed": 1}, False, JobState.COMPLETED),
        ({"total": 1, "completed": 0, "failed": 1, "skipped": 0}, False, JobState.FAILED),
        ({"total": 9, "completed": 3, "failed": 1}, False, JobState.INTERRUPTED),
        ({"total": 9, "completed": 3, "failed": 1}, True, JobState.CANCELLED),
    ],
)
def test_the_last_word_tells_the_end_that_the_record_will_have(
    changes: dict[str, int], cancelled: bool, state: JobState
) -> None:
    counts = {"skipped": 0, "cancelled": 0, "processing": 0, "state": JobState.RUNNING, "ended_at": None}
    ended = as_it_ends(replace(REPORT, **{**counts, **changes}), cancelled=cancelled)  # type: ignore[arg-type]
    assert ended.state is state
    assert state is JobState.INTERRUPTED or ended.done == ended.total


class FakeLoop:
    """Takes calls, and makes them when it is told to."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    def add_callback(self, function: Any, *arguments: Any) -> None:
        self.waiting.append(lambda: asyncio.run(function(*arguments)))


def a_broadcast(monkeypatch: pytest.MonkeyPatch, running: list[Running]) -> tuple[Broadcast, Any]:
    monkeypatch.setattr(broadcasting, "read_job", lambda job: REPORT)
    monkeypatch.setattr(broadcasting, "PERIOD_S", 0.0)
    sources = SimpleNamespace(paths=lambda numbers: {number: b"/in/%d" % number for number in numbers}, close=int)
    monkeypatch.setattr(broadcasting, "Sources", lambda job: sources)
    sent: list[Any] = []

    async def log_event(topic: str, msg: Any) -> None:
        sent.append(msg)

    scheduler = SimpleNamespace(log_event=log_event)
    client: Any = SimpleNamespace(
        id="Client-1",
        loop=FakeLoop(),
        scheduler=scheduler,
        sent=sent,
        status="running",
        register_plugin=lambda one: None,
    )
    client.log_event = lambda topic, message: sent.append(message)
    record: Any = SimpleNamespace(job="batch-1-aaaaaa", requests=tuple, life=SimpleNamespace(warn=sent.append))
    broadcast = Broadcast(client, record, lambda: running)
    assert broadcast._welcome is not None
    broadcast._welcome.wait(10)
    broadcast.progress(REPORT)
    assert not client.loop.waiting, "nothing is told before the job is taken on"
    return broadcast.__enter__(), client


def test_a_scheduler_that_does_not_answer_gets_no_second_message(monkeypatch: pytest.MonkeyPatch) -> None:
    broadcast, client = a_broadcast(monkeypatch, [])
    for _ in range(5):
        broadcast.progress(REPORT)
    (first,) = client.loop.waiting
    first()
    broadcast.progress(REPORT)
    assert (len(client.sent), len(client.loop.waiting)) == (1, 2)


def test_a_message_tells_failures_workers_and_rates_of_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    running = [Running(number, f"tcp://{number % 1000}", 100.0 - number) for number in range(3000)]
    broadcast, client = a_broadcast(monkeypatch, running)
    failure = Failure("timeout", "Timeout: too long", "decode")
    broadcast.progress(REPORT)
    broadcast.hear([FileResult(number, failure=failure, worker="tcp://5") for number in range(50)])
    client.loop.waiting.clear()
    broadcast._idle.set()
    broadcast.progress(REPORT)
    client.loop.waiting[0]()
    message: Any = client.sent[0]
    assert [entry["path"] for entry in message["failures"]] == [f"/in/{number}" for number in range(49, 39, -1)]
    assert len(message["workers"]) == MOST_WORKERS_TOLD
    worker = message["workers"]["tcp://5"]
    assert (worker["processing"], worker["path"]) == (3, "/in/2005"), "what it began first"
    assert worker["files_per_s"] > 0


def test_whatever_breaks_in_telling_is_said_once_and_the_job_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broadcast, client = a_broadcast(monkeypatch, [])
    client.loop = None
    with broadcast:
        for _ in range(3):
            broadcast.progress(REPORT)
        broadcast.hear([None])  # type: ignore[list-item]
    assert sum("not told of this job" in record.message for record in caplog.records) == 1
    assert not client.sent


def test_a_job_that_ends_before_it_was_ever_told_of_is_told_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broadcast, client = a_broadcast(monkeypatch, [])
    with broadcast:
        broadcast.hear([FileResult(1, worker="tcp://a")])
    assert [message["job"]["id"] for message in client.sent] == [REPORT.id]
    assert not caplog.records


def test_rates_are_those_of_the_last_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("dmedia.run.dashboard.rates.time", SimpleNamespace(monotonic=lambda: clock[0]))
    rates = Rates()
    rates.look(replace(REPORT, completed=0, failed=0))
    assert rates.of_job()["files_per_s"] is None
    for second in range(1, 101):
        clock[0] = float(second)
        rates.count([FileResult(second, worker="tcp://a")] * (1 if second <= 50 else 3))
        done = second if second <= 50 else 50 + 3 * (second - 50)
        rates.look(replace(REPORT, completed=done, failed=0, bytes_in=100 * done, bytes_out=10 * done))
    assert rates.of_job() == {"files_per_s": 3.0, "bytes_in_per_s": 300.0, "bytes_out_per_s": 30.0}
    assert rates.of_workers() == {"tcp://a": 3.0}
