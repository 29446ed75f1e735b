"""The sandbox, from inside of processes that enter it. What a whole slot is refused is in ``tests/run``."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dmedia.media import libraries
from tests.command import ROOT
from tests.sandboxes import kernel_abi, needs_landlock

BEGIN = """
import ctypes, errno, json, os, sys
from dmedia.media import sandbox
def tried(what, *arguments):
    try: what(*arguments)
    except OSError as error: return errno.errorcode[error.errno]
    return "done"
def told(**facts): print(json.dumps(facts))
"""


def run(script: str, *arguments: str, place: Path = ROOT) -> Any:
    """Run a script in a process of its own; give what it told."""
    command = [sys.executable, "-c", BEGIN + script, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_landlock
@pytest.mark.parametrize("abi", range(1, 8))
def test_an_older_kernel_refuses_what_it_knows(tmp_path: Path, abi: int) -> None:
    if abi > kernel_abi():
        pytest.skip(f"this kernel's Landlock is version {kernel_abi()}")
    (tmp_path / "out").mkdir()
    (tmp_path / "secret").write_text("secret")
    told = run(
        f"sandbox._restrict({abi}, [b'out'])\n"
        "told(read=tried(open, 'secret'), write=tried(open, 'new', 'w'), out=tried(open, 'out/new', 'w'),"
        " again=tried(open, 'out/new', 'w'), fonts=tried(open, sys.argv[1]))",
        str(Path(libraries.__file__).parent / "fonts" / "DejaVuSans.ttf"),
        place=tmp_path,
    )
    assert told == {"read": "EACCES", "write": "EACCES", "out": "done", "again": "done", "fonts": "done"}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSYS, "this kernel has no Landlock"),
        (errno.EOPNOTSUPP, "switched off"),
        (errno.EPERM, "forbids Landlock"),
        (errno.EINVAL, "Landlock failed: Invalid argument"),
    ],
)
def test_without_landlock_a_process_runs_on_and_knows_why(number: int, words: str) -> None:
    told = run(
        f"def refuse(*arguments): raise OSError({number}, os.strerror({number}))\n"
        "sandbox._call = refuse\nentered = sandbox.enter([])\n"
        "told(abi=entered.abi, reason=entered.reason, refuses=entered.refuses, tight=sandbox.is_tight(),"
        " failing=bool(entered.failing))"
    )
    assert words in told.pop("reason")
    assert told == {"abi": 0, "refuses": [], "tight": False, "failing": words.startswith("Landlock failed")}


@pytest.mark.parametrize("lie", ["sandbox.sys.platform = 'darwin'", "sandbox.platform.machine = lambda: 'alpha'"])
def test_on_other_systems_and_machines_no_system_call_is_tried(lie: str) -> None:
    told = run(
        f"def fail(*arguments): raise AssertionError\nsandbox._call = fail\n{lie}\nentered = sandbox.enter([])\n"
        "told(abi=entered.abi, is_told=bool(entered.reason))"
    )
    assert told == {"abi": 0, "is_told": True}


@needs_landlock
def test_threads_that_ran_before_are_told_of() -> None:
    told = run(
        "import threading\nthreading.Thread(target=threading.Event().wait, args=(5,), daemon=True).start()\n"
        "entered = sandbox.enter([])\ntold(abi=entered.abi, reason=entered.reason)\nsys.stdout.flush(); os._exit(0)"
    )
    assert told == {"abi": kernel_abi(), "reason": "1 threads ran before the sandbox was entered"}


@needs_landlock
def test_one_bad_path_among_the_libraries_does_not_cost_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "secret").write_text("secret")
    bad = [str(tmp_path / "loop"), "/" + "x" * 5000, f"{tmp_path}/secret/below", "/proc/self/fd/0"]
    monkeypatch.setenv("LD_LIBRARY_PATH", os.pathsep.join(bad))
    told = run(
        "entered = sandbox.enter([])\nimport wave\n"
        "told(abi=entered.abi, reason=entered.reason, tight=sandbox.is_tight(), secret=tried(open, sys.argv[1]))",
        str(tmp_path / "secret"),
    )
    assert told == {"abi": kernel_abi(), "reason": "", "tight": True, "secret": "EACCES"}


@needs_landlock
def test_a_missing_proc_does_not_cost_the_sandbox() -> None:
    told = run(
        "listdir = os.listdir\n"
        "def missing(path):\n"
        "    if path.startswith('/proc'): raise FileNotFoundError(errno.ENOENT, 'none')\n"
        "    return listdir(path)\n"
        "os.listdir = missing\nentered = sandbox.enter([])\n"
        "told(abi=entered.abi, reason=entered.reason, tight=sandbox.is_tight())"
    )
    assert told == {"abi": kernel_abi(), "reason": "", "tight": True}


def test_the_folder_of_a_checkout_or_a_script_is_not_readable_for_being_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a_package").mkdir()
    (tmp_path / "a_package" / "__init__.py").write_text("")
    (tmp_path / "a_module.py").write_text("")
    (tmp_path / "site-packages").mkdir()
    monkeypatch.setattr(libraries, "CODECS", ("a_package", "a_module", "nowhere"))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    paths = {os.path.realpath(path) for path in libraries.readable_paths()}
    package = Path(libraries.__file__).parents[1]
    assert str(package) in paths
    named = {str(tmp_path / name) for name in ("a_package", "site-packages", "a_module.py")}
    assert named <= paths
    assert not {str(package.parent), str(tmp_path), os.path.expanduser("~"), "/", "/tmp", "/etc", "/proc"} & paths


def test_versions_are_those_of_the_loaded_libraries() -> None:
    versions = libraries.versions()
    assert {"libvips", "ffmpeg", "libavcodec", "pillow", "av"} <= set(versions)
    assert versions["libvips"].startswith("8.")


def test_a_library_that_does_not_load_is_told_of() -> None:
    told = run(
        "sys.modules['pyvips'] = sys.modules['av'] = None\nfrom dmedia.media import libraries\n"
        "told(**{name: text for name, text in libraries.versions().items() if name in ('libvips', 'ffmpeg')})"
    )
    assert told["libvips"].startswith("does not load: ")
    assert told["ffmpeg"].startswith("does not load: ")
