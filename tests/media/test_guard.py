from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from dmedia.media import guard
from dmedia.model import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 2**20
SMALL = Limits(image_slot_bytes=150 * MIB, film_slot_bytes=300 * MIB)
ENTER = "from dmedia.media import guard; from dmedia.model import Limits; import os, sys, time\n"
SMALL_ENTER = ENTER + f"guard.enter({SMALL!r}); guard.watch()\n"


def run(script: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=timeout_s, check=False
    )


def in_a_slot(check: Callable[[], None]) -> None:
    process = multiprocessing.get_context("spawn").Process(target=check)
    process.start()
    process.join()
    assert process.exitcode == 0


def test_code_that_holds_the_interpreters_lock_is_ended_by_the_kernel_at_the_deadline() -> None:
    begun = time.monotonic()
    done = run(ENTER + "guard.enter(Limits()); guard.begin(0.5)\nimport re; re.match('(a+)+$', 'a' * 60 + 'b')")
    assert done.returncode == -signal.SIGALRM
    assert time.monotonic() - begun < 20


def test_an_extended_deadline_counts_from_the_begin() -> None:
    script = ENTER + "guard.enter(Limits()); guard.begin(0.5); guard.extend({}); time.sleep({})"
    assert run(script.format(30, 1)).returncode == 0
    assert run(script.format(0.6, 30)).returncode == -signal.SIGALRM
    assert run(script.format(0.0, 30)).returncode == -signal.SIGALRM


def test_an_ended_file_has_no_deadline() -> None:
    assert (
        run(ENTER + "guard.enter(Limits()); guard.begin(0.3); guard.end(); guard.extend(0.1); time.sleep(1)").returncode
        == 0
    )


def test_an_eater_of_memory_is_ended_with_its_own_exit_status() -> None:
    eat = "guard.begin(60); eaten = []\ntry:\n  while True: eaten.append(b'x' * 2**20)\n"
    quicker_than_the_watcher = "except MemoryError: guard.check_memory()"
    assert run(SMALL_ENTER + eat + quicker_than_the_watcher).returncode == guard.EXIT_OUT_OF_MEMORY


@pytest.mark.parametrize(("size_mib", "status"), [(50, 0), (220, guard.EXIT_OUT_OF_MEMORY)])
def test_a_slot_that_is_too_large_ends_when_it_checks_itself_before_any_watcher_comes_by(
    size_mib: int, status: int
) -> None:
    unwatched = ENTER + f"guard.enter({SMALL!r}); guard.begin(60); eaten = b'x' * ({size_mib} * 2**20)\n"
    assert run(unwatched + "guard.check_memory()").returncode == status


@pytest.mark.parametrize(
    ("allow", "size_mib", "status"),
    [
        ("", 220, guard.EXIT_OUT_OF_MEMORY),
        ("guard.film(1920 * 1080)", 220, 0),
        ("guard.film(1920 * 1080)", 450, guard.EXIT_OUT_OF_MEMORY),
        ("guard.film(3840 * 2160)", 450, 0),
        ("guard.film(3840 * 2160); guard.end()", 450, guard.EXIT_OUT_OF_MEMORY),
        ("guard.film(3840 * 2160); guard.begin(60)", 220, guard.EXIT_OUT_OF_MEMORY),
    ],
)
def test_a_film_may_use_more_memory_than_a_picture_and_a_large_film_still_more(
    allow: str, size_mib: int, status: int
) -> None:
    done = run(SMALL_ENTER + f"guard.begin(60); {allow}\neaten = b'x' * ({size_mib} * 2**20); time.sleep(0.5)")
    assert done.returncode == status, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited on Linux only")
def test_an_allocation_that_no_watcher_would_survive_is_refused() -> None:
    done = run(SMALL_ENTER + "guard.begin(60)\ntry: bytearray(2 * 2**30)\nexcept MemoryError: sys.exit(5)")
    assert done.returncode == 5


def wait_until_gone(pid: int) -> bool:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with (
            open(f"/proc/{pid}/stat", encoding="utf-8")
            if os.path.exists(f"/proc/{pid}/stat")
            else open(os.devnull) as stat
        ):
            if ") Z " in stat.read():
                return True
        time.sleep(0.05)
    return False


def test_a_slot_ends_with_its_parent() -> None:
    slot = SMALL_ENTER + "print(os.getpid(), flush=True); time.sleep(60)"
    parent = (
        f"import subprocess, sys, os\np = subprocess.Popen([sys.executable, '-c', {slot!r}], stdout=subprocess.PIPE)\n"
    )
    parent += "print(p.stdout.readline().decode(), flush=True); os._exit(0)"
    pid = int(run(parent).stdout)
    assert wait_until_gone(pid)


def test_a_slot_outlives_the_thread_that_started_it() -> None:
    slot = SMALL_ENTER + "print(1, flush=True); time.sleep(1); sys.exit(7)"
    parent = "import subprocess, sys, threading\nstarted = []\n"
    parent += f"def start(): started.append(subprocess.Popen([sys.executable, '-c', {slot!r}]))\n"
    parent += "t = threading.Thread(target=start); t.start(); t.join(); sys.exit(started[0].wait())"
    assert run(parent).returncode == 7


def check_entered() -> None:
    guard.enter(SMALL)
    guard.enter(SMALL)
    guard.watch()
    guard.watch()
    assert [thread.name for thread in threading.enumerate()].count("dmedia-guard") == 1
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    assert os.environ["VIPS_CONCURRENCY"] == "1"
    guard.begin(60)
    assert 50 < signal.getitimer(signal.ITIMER_REAL)[0] <= 60
    guard.extend(100)
    assert 90 < signal.getitimer(signal.ITIMER_REAL)[0] <= 100
    guard.film(100)
    guard.end()
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    os.kill(os.getpid(), signal.SIGINT)


def test_a_slot_ignores_interrupts_and_writes_no_core() -> None:
    in_a_slot(check_entered)


def test_outside_of_a_slot_nothing_happens() -> None:
    alarm = signal.getitimer(signal.ITIMER_REAL)[0]  # the test runner's own
    before = resource.getrlimit(resource.RLIMIT_AS)
    guard.begin(0.001)
    guard.extend(0.001)
    guard.film(1)
    guard.end()
    time.sleep(0.05)
    assert alarm - 10 < signal.getitimer(signal.ITIMER_REAL)[0] <= alarm
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_resident_memory_is_read_without_proc_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with_proc = guard._resident_memory()()
    monkeypatch.setattr(os, "open", lambda *arguments: (_ for _ in ()).throw(FileNotFoundError()))
    without_proc = guard._resident_memory()()
    assert abs(with_proc - without_proc) < 50 * MIB
    assert with_proc > MIB
