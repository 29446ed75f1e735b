"""Commands start fast because they load only what they need; jobs start from any kind of program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import LIMIT_S, ROOT, Dmedia, below
from tests.media_making import jpeg

HEAVY = {"av", "pyvips", "PIL", "numpy", "dask", "distributed", "rawpy", "pillow_heif", "bokeh"}
LISTING = """
import os, sys
os._exit = sys.exit
sys.argv = ["dmedia", *{arguments!r}]
try:
    {run}
finally:
    print(sorted(sys.modules))
"""
MAIN = "from dmedia.cli import main; main()"


@pytest.mark.parametrize(
    ("arguments", "run"),
    [
        (["--help"], MAIN),
        (["status"], MAIN),
        (["resize", "--help"], MAIN),
        (["presets", "list"], MAIN),
        (["info", "--help"], MAIN),
        ([], "import dmedia"),
    ],
)
def test_help_status_and_import_load_neither_dask_nor_codecs(dmedia: Dmedia, arguments: list[str], run: str) -> None:
    program = LISTING.format(arguments=arguments, run=run)
    ended = subprocess.run(
        [sys.executable, "-c", program], env=dmedia.environment, capture_output=True, text=True, check=False
    )
    modules = set(eval(ended.stdout.splitlines()[-1]))
    assert modules & HEAVY == set()


@pytest.mark.parametrize("arguments", [["status"], ["resize", "--help"], ["convert", "--help"], ["cancel", "--help"]])
def test_commands_of_dmedia_itself_do_not_look_for_other_packages(dmedia: Dmedia, arguments: list[str]) -> None:
    program = LISTING.format(arguments=arguments, run=MAIN)
    ended = subprocess.run(
        [sys.executable, "-c", program], env=dmedia.environment, capture_output=True, text=True, check=False
    )
    assert "importlib.metadata" not in eval(ended.stdout.splitlines()[-1])


JOB = "import sys; sys.argv = ['dmedia', 'resize', 'a.jpg', '-o', 'out', '--width', '9', '-q']; " + MAIN


@pytest.mark.parametrize("way", ["script without a main guard", "-c", "standard input", "console script"])
def test_a_job_starts_from_any_kind_of_program(dmedia: Dmedia, tmp_path: Path, way: str) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "script.py").write_text("print('once')\n" + JOB)
    console_script = os.path.join(os.path.dirname(sys.executable), "dmedia")
    if way == "console script" and not os.path.exists(console_script):
        pytest.skip("dmedia is not installed in this environment: pip install -e '.[dev]'")
    command = {
        "script without a main guard": [sys.executable, "script.py"],
        "-c": [sys.executable, "-c", JOB],
        "standard input": [sys.executable],
        "console script": [console_script, "resize", "a.jpg", "-o", "out", "--width", "9", "-q"],
    }[way]
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        env=dmedia.environment,
        input=JOB,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (ended.returncode, below(tmp_path / "out")) == (0, ["a.jpg"]), ended.stderr
    assert ended.stdout.count("once") == (way == "script without a main guard")


def test_options_can_come_from_the_environment(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    dmedia.environment["DMEDIA_RESIZE_WIDTH"] = "9"
    assert dmedia("resize", "a.jpg", "-o", "out").status == 0


def test_the_module_is_the_command(dmedia: Dmedia) -> None:
    assert dmedia("--version").out.startswith("dmedia ")
    assert ROOT.joinpath("dmedia", "__main__.py").exists()
