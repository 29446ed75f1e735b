"""How long answers take, and what is told to whoever waits."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from tests.command import Dmedia, below
from tests.media_making import encoded, jpeg, photo
from tests.serve.assistant import ERAS, Assistant, Mode, ask, said, until_over

FILES = 300_000
LIMIT_S = 10.0
"""Generous: the promise is 2 s, and other tests run beside this one."""

PNG: dict[str, Any] = {"operation": "convert", "parameters": {"format": "png"}, "output_directory": "out"}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a folder of very many files; empty, for only their names are asked for."""
    directory = tmp_path_factory.mktemp("full")
    os.mkdir(directory / "in")
    folder = os.open(directory / "in", os.O_RDONLY)
    for number in range(FILES):
        os.mknod(f"{number}.jpg", dir_fd=folder)
    os.close(folder)
    yield directory
    for entry in os.scandir(directory / "in"):
        os.unlink(entry.path)


def test_a_batch_of_very_many_files_is_answered_in_time(full: Path) -> None:
    dmedia = Dmedia(full)
    del dmedia.environment["DMEDIA_PLAN_WAIT_S"]
    told: list[tuple[float, float | None, str | None]] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async def conversation(client: Client) -> None:
        for given in ("in/*.jpg", "in"):
            before = time.monotonic()
            result = await client.call_tool("batch_process", {**PNG, "input_pattern": given, "dry_run": True})
            taken = time.monotonic() - before
            print(f"dry_run of {given}: {taken:.2f} s, {said(result)}")
            document = result.structured_content
            assert taken < LIMIT_S
            assert document["planning"]
            assert 0 <= document["total"] < FILES, "none yet where other work keeps the machine busy"
            assert document["files_shown"] == len(document["files"]) <= 50
            assert said(result).startswith(f"Would process at least {document['total']:,} file")
            before = time.monotonic()
            result = await client.call_tool("batch_process", {**PNG, "input_pattern": given}, progress_callback=tell)
            taken = time.monotonic() - before
            print(f"batch of {given}: {taken:.2f} s, {said(result)}")
            job, found = result.structured_content["id"], result.structured_content["total"]
            assert taken < LIMIT_S
            assert said(result) == f"Started batch job {job}: processing files ({found:,} found so far)"
            assert result.structured_content["planning"]
            assert told, "progress is told while files are counted too"
            assert [done for done, _, _ in told] == sorted({done for done, _, _ in told})
            assert all(total is None and done < 1 for done, total, _ in told)
            told.clear()
            assert 0 <= found < FILES
            await ask(client, "cancel_batch", job_id=job)
            status = await until_over(client, job)
            assert (status["status"], status["completed"]) == ("cancelled", 0)
            assert status["files_shown"] == len(status["files"]) <= 50

    Assistant(dmedia).talk(conversation)
    assert not (full / "out").exists()


def test_a_dry_run_that_finds_nothing_among_very_many_files_is_answered_in_time(full: Path) -> None:
    async def conversation(client: Client) -> None:
        before = time.monotonic()
        result = await client.call_tool("batch_process", {**PNG, "input_pattern": "in/*x*.tif", "dry_run": True})
        taken = time.monotonic() - before
        print(f"dry_run of nothing: {taken:.2f} s, {said(result)}")
        assert taken < LIMIT_S
        assert said(result).startswith(("Would process at least 0 files", "no_input"))

    Assistant(Dmedia(full)).talk(conversation)


@pytest.mark.parametrize("mode", list(ERAS))
def test_progress_is_told_to_whoever_asks_for_it(dmedia: Dmedia, tmp_path: Path, mode: Mode) -> None:
    (tmp_path / "in").mkdir()
    picture = encoded(photo((800, 600)), "JPEG", quality=90)
    for number in range(12):
        (tmp_path / f"in/{number}.jpg").write_bytes(picture)
    (tmp_path / "in/broken.jpg").write_bytes(jpeg()[:200])
    told: list[tuple[float, float | None, str | None]] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    async def conversation(client: Client) -> None:
        asked = {
            "input_pattern": "in", "operation": "convert", "output_directory": "out", "wait_seconds": 100,
            "parameters": {"format": "avif", "effort": 2},
        }  # fmt: skip
        result = await client.call_tool("batch_process", asked, progress_callback=tell)
        assert result.structured_content
        assert result.structured_content["status"] == "completed"
        assert [done for done, _, _ in told] == sorted({done for done, _, _ in told}), "always more"
        assert {total for _, total, _ in told} == {13}
        assert told[-1][0] == 13
        assert all(message for _, _, message in told)
        before = len(told)
        await client.call_tool("batch_process", {**asked, "overwrite": True, "output_directory": "more"})
        assert len(told) == before
        await client.call_tool("retry_batch", {"job_id": "last", "wait_seconds": 60}, progress_callback=tell)
        assert told[-1][:2] == (13, 13)

    Assistant(dmedia, mode).talk(conversation)
    assert len(below(tmp_path / "out")) == 12


def test_a_wait_ends_when_it_is_over_and_tells_where_the_job_stands(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    picture = encoded(photo((1200, 1000)), "JPEG", quality=90)
    for number in range(40):
        (tmp_path / f"in/{number}.jpg").write_bytes(picture)

    async def conversation(client: Client) -> None:
        asked = {
            "input_pattern": "in", "operation": "convert", "output_directory": "out", "wait_seconds": 0.5,
            "parameters": {"format": "avif", "effort": 6},
        }  # fmt: skip
        result = await client.call_tool("batch_process", asked)
        assert result.structured_content
        job, state = (result.structured_content[key] for key in ("id", "status"))
        assert state in ("queued", "running")
        first, second = said(result).splitlines()
        assert first == f"Started batch job {job}: processing 40 files"
        assert second.startswith(f"{state}: ")
        await ask(client, "cancel_batch", job_id=job)
        assert (await until_over(client, job))["status"] == "cancelled"

    Assistant(dmedia).talk(conversation)
