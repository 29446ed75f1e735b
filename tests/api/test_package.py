"""What ``import dmedia`` gives: the documented names, lightly, also to type checkers and in the wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import dmedia
from tests.api.program import Program
from tests.cli.test_start_up import HEAVY
from tests.command import ROOT

NAMES = {
    "DmediaError", "Job", "Limits", "MediaError", "Persistence", "apply_preset", "batch_process", "get_batch_status",
    "list_presets", "media_info", "plan", "process_file",
}  # fmt: skip


def test_import_loads_nothing_of_others(program: Program) -> None:
    loaded = program("print(json.dumps([sorted(sys.modules), sorted(name for name in dir(dmedia))]))")
    modules, names = map(set, loaded)
    assert modules & (HEAVY | {"click", "rich", "mcp", "pydantic", "platformdirs", "psutil", "fsspec"}) == set()
    assert {name for name in modules if name.startswith("dmedia")} == {"dmedia"}
    assert names >= NAMES


def test_a_star_gives_the_documented_names(program: Program) -> None:
    given, plan, known = program("""
        before = set(globals())
        from dmedia import *
        given = sorted(set(globals()) - before - {"before"})
        print(json.dumps([given, callable(plan), sorted(dmedia.__all__)]))
    """)
    assert set(given) == set(known) == NAMES
    assert plan


def test_public_names_stay_what_they_are_when_everything_was_used(program: Program, images: Path) -> None:
    kinds = program("""
        import dmedia.planning, dmedia.presets, dmedia.run, dmedia.cli, dmedia.serve, dmedia.api.batches
        job = dmedia.batch_process("images", "resize", "out", {"width": 9})
        job.wait(60), list(job.events()), dmedia.get_batch_status(), dmedia.list_presets()
        dmedia.plan("images", "resize", "out", {"width": 9})
        dmedia.process_file("images/0.jpg", "a.png", "resize", {"width": 9}), dmedia.media_info("a.png")
        print(json.dumps({name: type(getattr(dmedia, name)).__name__ for name in dmedia.__all__}))
    """)
    assert {name for name, kind in kinds.items() if kind == "function"} == NAMES - {
        "DmediaError", "Job", "Limits", "MediaError", "Persistence",
    }  # fmt: skip
    assert set(kinds.values()) == {"function", "type"}


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'dmedia' has no attribute 'bacth_process'"):
        dmedia.bacth_process  # type: ignore[attr-defined]  # noqa: B018


TYPED = """
import dmedia

job = dmedia.batch_process("a", "b", "c", {"width": 3}, recursive=True, limit=3, include="*.jpg", client=None)
reveal_type(job)
reveal_type(job.wait()["status"])
reveal_type(dmedia.plan)
reveal_type(dmedia.get_batch_status(job.id)["files"])
reveal_type(dmedia.get_batch_status()[0]["id"])
reveal_type(dmedia.process_file(b"a", "b", "resize")["outputs"][0]["width"])
for event in job.events():
    if event["event"] == "file":
        reveal_type(event["file"]["error"])
dmedia.batch_process("a", "b", "c", recursive="yes")
dmedia.batch_process("a", "b", "c", recursiv=True)
dmedia.bacth_process
dmedia.process_file("a", "b")
job.status()["stat"]
"""


def test_type_checkers_know_the_interface(tmp_path: Path) -> None:
    (tmp_path / "typed.py").write_text(TYPED)
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file=",
            "--follow-imports=silent",
            "--no-error-summary",
            "--cache-dir",
            str(ROOT / ".mypy_cache/programs"),
            str(tmp_path / "typed.py"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    said = [line.split(":", 1)[1].split(": ", 1) for line in ran.stdout.splitlines() if "typed.py" in line]
    numbers = dict(reversed(said))  # what is said first of a line
    assert [numbers.get(str(line), "") for line in (5, 6)] == [
        'note: Revealed type is "dmedia.api.job.Job"',
        'note: Revealed type is "str"',
    ], ran.stdout
    assert numbers["7"].startswith('note: Revealed type is "def (')
    assert "FileDocument" in numbers["8"]
    assert [numbers[str(line)] for line in (9, 10, 13)] == [
        'note: Revealed type is "str"', 'note: Revealed type is "int"', 'note: Revealed type is "str | None"',
    ]  # fmt: skip
    assert [numbers[str(line)].split(":")[0] for line in range(14, 19)] == ["error"] * 5
    assert len(numbers) == 12


def test_the_wheel_has_the_types(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=170,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert names >= {"dmedia/py.typed", "dmedia/api/batches.py", "dmedia/shipped_presets/social_media.toml"}
