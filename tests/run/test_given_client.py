"""A job on the cluster of a Dask client that a program has: it runs beside the program, and changes nothing of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.supervisor import Supervisor, owner
from tests.command import Dmedia, below, wait_until
from tests.media_making import encoded, photo
from tests.run.conftest import ClusterMaker

FILES = 12
LIMIT_S = 120
FILE_S = 1.0

IN_PROCESS = "Client(processes=False, threads_per_worker=2, dashboard_address=':0')"
PROCESSES = "Client(LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=':0'))"


@pytest.fixture
def program(dmedia: Dmedia, tmp_path: Path) -> Program:
    """Runs programs in a directory with photos, and with a broken one among them."""
    for folder in ("in", "more"):
        (tmp_path / folder).mkdir()
        for number in range(FILES - 1):
            (tmp_path / folder / f"{number:02}.png").write_bytes(encoded(photo((400, 300), number), "PNG"))
        (tmp_path / folder / "bad.png").write_bytes(b"no picture at all")
    return Program(dmedia, tmp_path)


class Program:
    """Starts a script as a process of its own, which has a client."""

    def __init__(self, dmedia: Dmedia, directory: Path) -> None:
        self.dmedia, self.directory = dmedia, directory

    def start(self, client: str, body: str, *, guarded: bool = False) -> subprocess.Popen[str]:
        lines = [f"client = {client}", *textwrap.dedent(body).strip().splitlines()]
        if guarded:
            lines = ["if __name__ == '__main__':", *("    " + line for line in lines)]
        imports = (
            "import asyncio, functools, gc, json, logging, os, signal, sys, threading, time, warnings",
            "from dask.distributed import Client, LocalCluster",
            "from dmedia.errors import *",
            "from dmedia.record.happenings import follow",
            "from tests.run.program import begin",
            "async def asynchronous():",
            "    return await Client(processes=False, asynchronous=True, dashboard_address=':0')",
        )
        script = self.directory / "program.py"
        script.write_text("\n".join((*imports, *lines)) + "\n")
        return subprocess.Popen(
            [sys.executable, script],
            cwd=self.directory,
            env=self.dmedia.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, client: str, body: str, *, guarded: bool = False) -> Any:
        """Run one to its good end; return what it printed last, as JSON."""
        process = self.start(client, body, guarded=guarded)
        out, err = process.communicate(timeout=LIMIT_S)
        assert process.returncode == 0, err
        return json.loads(out.splitlines()[-1])


WHOLE = """
launcher = begin(client)
ended = launcher.wait()
answers = client.submit(sum, [1, 2]).result()
print(json.dumps([ended.state, ended.completed, ended.failed, answers, client.status]))
"""


@pytest.mark.parametrize("guarded", [False, True])
def test_a_job_runs_on_a_cluster_in_the_program(program: Program, guarded: bool) -> None:
    told = program(IN_PROCESS, WHOLE, guarded=guarded)
    assert told == ["completed", FILES - 1, 1, 3, "running"]
    assert len(below(program.directory / "out")) == FILES - 1


def test_a_job_runs_on_a_cluster_of_processes_of_the_program(program: Program) -> None:
    told = program(PROCESSES, WHOLE, guarded=True)
    assert told == ["completed", FILES - 1, 1, 3, "running"]
    workers = {file["worker"] for file in program.dmedia.files().values() if file["worker"]}
    assert {worker.split(":")[0] for worker in workers} == {"tcp"}


def test_a_job_runs_on_a_remote_cluster_from_a_script_without_a_guard(
    program: Program, make_cluster: ClusterMaker
) -> None:
    cluster = make_cluster(workers=2, threads=1)
    told = program(f"Client({cluster.address!r})", WHOLE)
    assert told == ["completed", FILES - 1, 1, 3, "running"]
    assert program.dmedia("status", "last", "--json").document["scheduler"] == cluster.address
    wait_until(lambda: not cluster.slots())


def test_two_jobs_run_at_once_through_one_client(program: Program) -> None:
    body = """
    heard = []
    client.subscribe_topic("all", heard.append)
    client.subscribe_topic("mine", heard.append)
    first, second = begin(client, "in", "out", format="avif"), begin(client, "more", "out2", format="avif")
    both = first.thread.is_alive() and second.thread.is_alive()
    ends = [launcher.wait() for launcher in (first, second)]
    heard.clear()
    client.log_event("mine", "still here")
    until = time.monotonic() + 30
    while "still here" not in [message for _, message in heard] and time.monotonic() < until:
        time.sleep(0.05)
    print(json.dumps([both, [[end.state, end.completed, end.failed] for end in ends], [m for _, m in heard][-1]]))
    """
    both, ends, heard = program(IN_PROCESS, body)
    assert both
    assert ends == [["completed", FILES - 1, 1]] * 2
    assert heard == "still here"
    assert len(below(program.directory / "out")) == len(below(program.directory / "out2")) == FILES - 1


def test_the_program_stays_as_it_is(program: Program) -> None:
    body = """
    from distributed import default_client
    def state():
        levels = {name: logging.getLogger(name).level for name in sorted(known)}
        return [levels, warnings.filters[:], gc.isenabled(), gc.get_freeze_count(), gc.get_threshold(),
                {n: repr(signal.getsignal(n)) for n in (2, 15, 1)}, dict(os.environ), os.getcwd(),
                default_client() is client, set(signal.pthread_sigmask(signal.SIG_BLOCK, []))]
    import distributed.client, distributed.scheduler, distributed.worker
    known = list(logging.root.manager.loggerDict)
    before = state()
    begin(client).wait()
    after = state()
    loud = sorted(n for n in logging.root.manager.loggerDict if logging.getLogger(n).level > logging.CRITICAL)
    threads = [t.name for t in threading.enumerate() if t.name.startswith("dmedia-launcher")]
    print(json.dumps([[a == b for a, b in zip(before, after)], loud, threads]))
    """
    same, loud, threads = program(IN_PROCESS, body)
    assert all(same), same
    assert (loud, threads) == ([], [])


@pytest.mark.parametrize("kind", [IN_PROCESS, PROCESSES], ids=["in process", "processes"])
def test_the_end_of_the_program_stops_the_job_in_order(program: Program, kind: str) -> None:
    body = """
    launcher = begin(client, "slow", format="avif", effort=0)
    for event in follow(launcher.job, 0.02):
        if getattr(event, "state", None) and event.completed:
            break
    print(json.dumps(launcher.job), flush=True)
    """
    make_slow(program)
    job = program(kind, body, guarded=True)
    seen = program.dmedia("status", job, "--json").document
    assert seen["status"] == "interrupted"
    assert 0 < seen["completed"] < 2 * FILES
    assert len(below(program.directory / "out")) == seen["completed"]  # what was at work was drained, and noted
    assert not [name for name in below(program.directory / "out") if ".tmp" in name]
    program.dmedia.slow_down(0)
    resumed = program.dmedia("resume", job, "--json")
    assert (resumed.status, resumed.document["completed"]) == (0, 2 * FILES)
    assert len(below(program.directory / "out")) == 2 * FILES


@pytest.mark.parametrize("kind", [IN_PROCESS, PROCESSES], ids=["in process", "processes"])
def test_a_file_that_never_ends_does_not_keep_the_program_from_ending(program: Program, kind: str) -> None:
    (program.directory / "in" / "hang.png").write_bytes(encoded(photo((400, 300)), "PNG"))
    begun = program.dmedia.sabotage()
    body = f"""
    launcher = begin(client, format="avif")
    while not os.path.exists({str(begun)!r}) or "hang.png" not in open({str(begun)!r}).read():
        time.sleep(0.05)
    print(json.dumps(launcher.job), flush=True)
    """
    job = program(kind, body, guarded=True)
    seen = program.dmedia("status", job, "--json").document
    assert (seen["status"], seen["processing"]) == ("interrupted", 0)
    assert not [name for name in below(program.directory / "out") if ".tmp" in name]
    del program.dmedia.environment["DMEDIA_SLOT_SABOTAGE"]
    resumed = program.dmedia("resume", job, "--json").document
    assert (resumed["completed"], resumed["failed"]) == (FILES, 1)


def make_slow(program: Program, size: tuple[int, int] = (70, 50)) -> None:
    """Make photos that take a second each, in slots that a program starts."""
    (program.directory / "slow").mkdir()
    for number in range(2 * FILES):
        content = encoded(photo(size, number), "PNG")
        (program.directory / "slow" / f"slow{number:02}.png").write_bytes(content)
    program.dmedia.slow_down(FILE_S)


def test_an_interrupted_program_ends_and_leaves_a_job_that_goes_on(program: Program) -> None:
    make_slow(program)
    (program.directory / "slow" / "hang.png").write_bytes(encoded(photo((400, 300)), "PNG"))  # and it takes for ever
    body = """
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with it ignored
    launcher = begin(client, "slow", format="avif", effort=0)
    print(launcher.job, flush=True)
    launcher.wait()
    """
    process = program.start(IN_PROCESS, body)
    assert process.stdout
    job = process.stdout.readline().strip()
    wait_until(lambda: program.dmedia("status", job, "--json").document["completed"])
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LIMIT_S)
    assert program.dmedia("status", job, "--json").document["status"] == "interrupted"
    assert not [name for name in below(program.directory / "out") if ".tmp" in name]


def test_what_a_plan_refuses_is_raised_where_the_job_was_asked_for_and_kept_in_its_record(program: Program) -> None:
    body = """
    try:
        begin(client, "in/*.tif")
    except NoInputError as error:
        print(json.dumps(error.message))
    """
    said = program(IN_PROCESS, body)
    seen = program.dmedia("status", "last", "--json").document
    assert "No image found" in said
    assert (seen["status"], seen["warnings"][0].startswith(said)) == ("failed", True)


def test_a_job_that_is_still_planned_ends_with_the_program(program: Program) -> None:
    body = """
    from dmedia.run import threaded
    threaded.PLAN_LIMIT_S = 0
    launcher = begin(client)
    print(json.dumps(launcher.job), flush=True)
    """
    process = program.start(IN_PROCESS, body)
    out, err = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, err) == (0, "")
    assert json.loads(out).startswith("batch-")
    jobs = program.dmedia("status", "--json").document
    assert [job["status"] for job in jobs] in (["queued"], ["interrupted"], ["completed"])
    assert not [name for name in below(program.directory) if ".tmp" in name]


def test_a_bug_in_the_launchers_thread_is_told_even_if_nobody_waits_for_it(program: Program) -> None:
    body = """
    from dmedia.run.threaded import start_in_thread
    def start(choice, observer, stop):
        observer.planned(None)
        raise RuntimeError("a bug of ours")
    start_in_thread(start, client)
    """
    process = program.start(IN_PROCESS, body)
    _, err = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, "a bug of ours" in err) == (0, True)


@pytest.mark.parametrize(
    ("client", "words"),
    [
        ("asyncio.run(asynchronous())", "asynchronous"),
        ("(lambda one: one.close() or one)(Client(processes=False, dashboard_address=':0'))", "closed"),
        ("'tcp://127.0.0.1:8786'", "str"),
    ],
)
def test_a_client_that_no_job_can_use_is_refused(program: Program, client: str, words: str) -> None:
    body = """
    try:
        begin(client)
    except UsageError as error:
        print(json.dumps(error.message), flush=True)
        os._exit(0)
    """
    assert words in program(client, body)


def test_a_client_that_is_closed_with_its_cluster_ends_the_job_as_interrupted(program: Program) -> None:
    make_slow(program)
    body = """
    launcher = begin(client, "slow", format="avif", effort=0)
    for event in follow(launcher.job, 0.02):
        if getattr(event, "state", None) and event.completed:
            break
    client.close()
    print(json.dumps([launcher.job, launcher.wait().warnings]))
    """
    job, warnings = program(IN_PROCESS, body)
    assert "The launcher ended: " in warnings[0]
    seen = program.dmedia("status", job, "--json").document
    assert (seen["status"], seen["failed"]) == ("interrupted", 0)
    assert program.dmedia("resume", job, "--json").document["completed"] == 2 * FILES


LOSING = """
from dmedia.run import threaded
threaded.WORKER_WAIT_S = {wait_s}
launcher = begin(client, "slow", format="avif", effort=5)
for event in follow(launcher.job, 0.02):
    if getattr(event, "state", None) and event.completed:
        break
os.kill({scheduler}, signal.SIGKILL)
ended = launcher.wait()
print(json.dumps([launcher.job, ended.state, ended.warnings]))
"""


@pytest.mark.parametrize(("restart_s", "wait_s"), [(1.0, 600), (1e9, 3)], ids=["comes back", "stays away"])
def test_a_lost_scheduler_is_waited_for(program: Program, restart_s: float, wait_s: float) -> None:
    make_slow(program, (700, 500))  # the slots of this cluster's workers compute
    with ExitStack() as stack:
        cluster = stack.enter_context(Supervisor(program.directory, nodes=1, restart_s=restart_s))
        scheduler = owner(cluster.scheduler.port)
        client = f"Client({cluster.address!r})"
        job, state, warnings = program(client, LOSING.format(wait_s=wait_s, scheduler=scheduler))
        seen = program.dmedia("status", job, "--json").document
        if restart_s < wait_s:
            assert (state, seen["status"], seen["completed"]) == ("completed", "completed", 2 * FILES)
        else:
            assert "could not be reached again for 3 s" in " ".join(warnings)
            assert (seen["status"], seen["failed"]) == ("interrupted", 0)
