"""Batches from Python: with a launcher of their own, which outlives the program, or on the program's Dask client."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import dmedia
from dmedia.errors import NoInputError
from tests.api.conftest import PHOTOS, SLOW
from tests.api.program import WAYS, Program
from tests.command import LIMIT_S, ROOT, below
from tests.media_making import corners, encoded, jpeg
from tests.run.conftest import ClusterMaker, make_cluster

__all__ = ["make_cluster"]

START = """
job = dmedia.batch_process("images", "convert", "out", {"format": "webp"}, client=None)
print(json.dumps(job.id))
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_batch_outlives_any_kind_of_program(program: Program, images: Path, here: Path, way: str) -> None:
    job = dmedia.Job(program(START, way))
    end = job.wait(60)
    assert (end["status"], end["completed"], end["failed"]) == ("completed", PHOTOS, 1)
    assert below(here / "out") == [f"{number}.webp" for number in range(PHOTOS)]


NOT_INSTALLED = """
import os, sys
sys.path[:] = [path for path in sys.path if not os.path.exists(os.path.join(path, "dmedia", "__init__.py"))]
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
"""


def test_a_batch_runs_where_only_the_program_knows_dmedia(program: Program, images: Path, here: Path) -> None:
    (here / "site").mkdir()
    (here / "site/sitecustomize.py").write_text(NOT_INSTALLED)
    copy = here / "copy"
    shutil.copytree(ROOT / "dmedia", copy / "dmedia", ignore=shutil.ignore_patterns("__pycache__"))
    program.dmedia.environment["PYTHONPATH"] = str(here / "site")
    assert "No module named dmedia" in program.dmedia("--version").err
    script = f"""
import json, sys
sys.path.append({str(copy)!r})
import dmedia
job = dmedia.batch_process("images", "resize", "out", {{"width": 9}})
print(json.dumps([dmedia.__file__, job.wait(60)["completed"], dmedia.media_info("images/0.jpg")["width"]]))
"""
    (here / "alone.py").write_text(script)
    ended = subprocess.run(
        [sys.executable, "alone.py"],
        cwd=here,
        env=program.dmedia.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == [str(copy / "dmedia/__init__.py"), PHOTOS, 100]


def test_a_program_ends_long_before_its_batch(program: Program, slow: Path, here: Path) -> None:
    job = dmedia.Job(
        program("""
        asked = {"format": "avif", "effort": 3}
        print(json.dumps(dmedia.batch_process("slow", "convert", "out", asked, slots=1).id))
    """)
    )
    seen = job.status()
    assert seen["status"] in ("queued", "running")
    assert seen["completed"] < SLOW
    end = job.wait(100)
    assert (end["status"], end["completed"]) == ("completed", SLOW)


def test_paths_are_texts_bytes_and_paths_and_lists_of_them(here: Path, images: Path) -> None:
    odd = os.path.join(os.fsencode(here), b"odd-\xff.jpg") if sys.platform != "darwin" else b"odd.jpg"
    with open(odd, "wb") as file:
        file.write(jpeg())
    given: list[str | bytes | Path] = ["images/0.jpg", b"images/1.*", images / "2.jpg", odd]
    end = dmedia.batch_process(given, "resize", here / "out", {"width": 9}).wait(60)
    assert (end["status"], end["completed"]) == ("completed", 4)
    assert dmedia.batch_process(images / "3.jpg", "resize", b"out2", {"width": 9}).wait(60)["completed"] == 1
    assert dmedia.plan(iter(given), "resize", "out3", {"width": 9})["total"] == 4  # type: ignore[arg-type]
    (mixed,) = [job["id"] for job in dmedia.get_batch_status() if job["total"] == 4]
    told = [file.get("path_b64") or file["path"] for file in dmedia.Job(mixed).files()]
    assert sorted(told) == sorted([*(str(images / f"{number}.jpg") for number in range(3)), told_exactly(odd)])


def told_exactly(path: bytes) -> str:
    """Write a path as documents do."""
    try:
        return path.decode()
    except UnicodeDecodeError:
        return base64.b64encode(path).decode()


def planned(*given: Any, **options: Any) -> list[str]:
    """Name the renditions of a plan."""
    plan = dmedia.plan(*given, **options)
    return sorted(os.path.relpath(file["rendition"], "out") for file in plan["files"] if file["status"] != "failed")


def test_options_choose_files(here: Path) -> None:
    for name in ("a.jpg", "b.png", "deep/c.jpg", "deep/d.png"):
        (here / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "in" / name).write_bytes(jpeg() if name.endswith("jpg") else encoded(corners(), "PNG"))
    asked = ("in", "resize", "out", {"width": 9})
    assert planned(*asked) == ["a.jpg", "b.png"]
    assert planned(*asked, recursive=True) == ["a.jpg", "b.png", "deep/c.jpg", "deep/d.png"]
    assert planned(*asked, recursive=True, include="*.jpg") == ["a.jpg", "deep/c.jpg"]
    assert planned(*asked, recursive=True, include=["*.jpg", "deep/*"]) == ["a.jpg", "deep/c.jpg", "deep/d.png"]
    assert planned(*asked, recursive=True, exclude="deep/*") == ["a.jpg", "b.png"]
    assert planned(*asked, recursive=True, exclude=("*.jpg", "b.*")) == ["deep/d.png"]
    assert len(planned(*asked, recursive=True, limit=3)) == 3
    said_nothing = dict.fromkeys(
        ("recursive", "include", "exclude", "limit", "roots", "preset", "name", "on_collision")
    )
    assert planned(*asked, **said_nothing) == ["a.jpg", "b.png"]


def test_options_name_renditions(here: Path) -> None:
    (here / "in").mkdir()
    for name in ("a.jpg", "a.png"):
        (here / "in" / name).write_bytes(jpeg())
    asked = ("in", "convert", "out", {"format": "webp"})
    with pytest.raises(dmedia.DmediaError) as refused:
        dmedia.plan(*asked)
    assert (refused.value.code, refused.value.exit_status) == ("collision", 6)
    assert planned(*asked, on_collision="number") == ["a-2.webp", "a.webp"]
    assert planned(*asked, on_collision="keep-ext") == ["a.jpg.webp", "a.png.webp"]
    assert planned("in/a.jpg", *asked[1:], name="small/{stem}-{operation}.{ext}") == ["small/a-convert.webp"]


def test_options_reach_the_launcher(here: Path, images: Path) -> None:
    (here / "out").mkdir()
    (here / "out/0.jpg").write_text("somebody's own")
    asked = ("images", "social_media", "out", {"width": 20, "height": 20})
    limits = dmedia.Limits(max_page_pixels=20_000)
    careful = dmedia.batch_process(*asked, exclude="broken*", limits=limits, slots=1, roots=here)
    end = careful.wait(60)
    assert (end["completed"], end["errors"]) == (PHOTOS - 1, {"output_exists": 1})
    assert end["parameters"] == {"width": 20, "height": 20, "fit": "cover", "format": "jpg", "quality": 90}
    bold = dmedia.batch_process(*asked, overwrite=True, limits=limits, persistence=dmedia.Persistence(retries=0))
    end = bold.wait(60)
    assert (end["completed"], end["skipped"], end["errors"]) == (1, PHOTOS - 1, {"too_large": 1})


def test_a_batch_within_roots_fails_what_leads_outside(here: Path, images: Path) -> None:
    (here / "work").mkdir()
    (here / "work/own.jpg").write_bytes(jpeg())
    (here / "work/link.jpg").symlink_to(images / "0.jpg")
    end = dmedia.batch_process("work/*", "resize", "work/out", {"width": 9}, roots=["work"]).wait(60)
    assert (end["completed"], end["errors"]) == (1, {"permission_denied": 1})
    for given, output in (("images", "work/out"), ("work", "out"), ("work/../images/*", "work/out")):
        with pytest.raises(dmedia.DmediaError, match=r"leads out|outside") as refused:
            dmedia.plan(given, "resize", output, {"width": 9}, roots="work")
        assert refused.value.code == "outside_roots"
    assert not (here / "out").exists()


def test_a_refused_plan_is_an_error_and_its_job_says_why(here: Path) -> None:
    with pytest.raises(NoInputError) as refused:
        dmedia.batch_process("none/*.jpg", "resize", "out", {"width": 9})
    error = refused.value
    assert isinstance(error, dmedia.DmediaError)
    reason = f"No image found for resize: no file matches '{here}/none/*.jpg'"
    assert (error.code, error.exit_status, error.message) == ("no_input", 4, reason)
    (job,) = dmedia.get_batch_status()
    assert (job["status"], job["warnings"]) == ("failed", [reason])
    assert not (here / "out").exists()


def test_a_job_that_its_new_launcher_cannot_take_has_failed_and_says_why(
    program: Program, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(program.dmedia.environment, "DASK_SCHEDULER_ADDRESS", "tcp://127.0.0.1:1")
    job, message = program(
        f"""
        try:
            dmedia.batch_process({str(images / "0.jpg")!r}, "resize", "out", {{"width": 8}}, slots=2)
        except dmedia.errors.UsageError as error:
            job = dmedia.Job("last")
            print(json.dumps([job.wait(9), str(error)]))
        """
    )
    assert (job["status"], job["total"]) == ("failed", 0)
    assert "Dask's configuration names tcp://127.0.0.1:1" in message
    assert message in job["warnings"][0]
    assert message in program.dmedia("status", "last").out
    monkeypatch.delitem(program.dmedia.environment, "DASK_SCHEDULER_ADDRESS")
    assert program.dmedia("resume", "last").status == 0


def test_a_batch_runs_on_the_cluster_of_a_client(program: Program, images: Path) -> None:
    at, end, again, answer, known = program("""
        import logging, threading
        from dask.distributed import Client
        logging.disable()
        with Client(processes=False, threads_per_worker=2, dashboard_address=':0') as client:
            job = dmedia.batch_process("images", "convert", "out", {"format": "webp"}, client=client)
            end = job.wait(60)
            os.replace("images/0.jpg", "images/broken.jpg")
            job.retry("corrupt_input")
            again = job.wait(60)
            answer = client.submit(sum, [1, 2]).result()
            at = client.scheduler.address
            known = [os.path.exists(os.path.join(os.environ["DMEDIA_HOME"], "jobs", job.id, "launcher.log"))]
        print(json.dumps([at, end, again, answer, known]))
    """)
    assert (end["status"], end["completed"], end["failed"], end["scheduler"]) == ("completed", PHOTOS, 1, at)
    assert (again["status"], again["completed"], again["failed"]) == ("completed", PHOTOS + 1, 0)
    assert (answer, known) == (3, [False])  # no process was started for it


def test_a_batch_runs_on_a_scheduler_elsewhere(program: Program, images: Path, make_cluster: ClusterMaker) -> None:
    address = make_cluster(workers=1, threads=2).address
    ends = program(f"""
        from dask.distributed import Client
        with Client({address!r}) as client:
            jobs = [
                dmedia.batch_process("images", "convert", "one", {{"format": "webp"}}, client=client),
                dmedia.batch_process("images", "convert", "two", {{"format": "webp"}}, scheduler={address!r}),
            ]
            print(json.dumps([job.wait(60) for job in jobs]))
    """)
    assert [(end["completed"], end["failed"], end["scheduler"]) for end in ends] == [(PHOTOS, 1, address)] * 2
    assert below(program.directory / "one") == below(program.directory / "two")


def test_what_cannot_run_a_batch_leaves_no_job(program: Program, images: Path) -> None:
    told, jobs = program("""
        import asyncio
        from dask.distributed import Client
        def refused(**options):
            try:
                dmedia.batch_process("images", "convert", "out", {"format": "webp"}, **options)
            except dmedia.DmediaError as error:
                return [type(error).__name__, error.code, error.message]
        async def asynchronous():
            async with Client(processes=False, asynchronous=True, dashboard_address=':0') as client:
                return refused(client=client)
        with Client(processes=False, dashboard_address=':0') as client:
            told = [refused(client=client, slots=2), refused(client=client, scheduler="tcp://127.0.0.1:1")]
        told += [refused(client=client), asyncio.run(asynchronous()), refused(client="tcp://127.0.0.1:1")]
        told += [refused(slots=2, scheduler="tcp://127.0.0.1:1"), refused(scheduler_file="s", cluster="c")]
        told += [refused(workers=2), refused(cluster="nowhere.yaml"), refused(scheduler="")]
        told += [refused(slots=0), refused(slots="many"), refused(scheduler="tcp://8.8.8.8:1")]
        print(json.dumps([told, dmedia.get_batch_status()]))
    """)
    assert [error[0] for error in told] == ["UsageError"] * 10 + ["ParameterError"] * 2 + ["ClusterError"]
    words = ["slots", "scheduler", "closed", "asynchronous", "Client", "slots", "scheduler_file and cluster"]
    words += ["workers is for cluster", "nowhere.yaml cannot be read", "'' is no address"]
    words += ["slots is 0", "slots is 'many'", "tcp://8.8.8.8:1 is a public address"]
    assert [word for word, error in zip(words, told, strict=True) if word not in error[2]] == []
    assert jobs == []
