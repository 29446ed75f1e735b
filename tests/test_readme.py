"""What the README shows is what happens."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client
from PIL import Image

from tests.command import LIMIT_S, ROOT, Dmedia, below
from tests.media.negatives import dng
from tests.media_making import encoded, jpeg, photo
from tests.serve.assistant import Assistant, ask, said, until_over

README = (ROOT / "README.md").read_text("utf-8")


def section(title: str) -> str:
    """The text below a title."""
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


def block(title: str, language: str) -> str:
    """The first block of code of a section."""
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", section(title), re.DOTALL)
    return found[0]


def make_shop(directory: Path) -> None:
    """Photos like those in the README, of which one is broken."""
    (directory / "images").mkdir()
    for name in ("ball", "mug", "vase"):
        (directory / "images" / f"{name}.jpg").write_bytes(jpeg(size=(1000, 700)))
    (directory / "images/kettle.jpg").write_bytes(jpeg(size=(1000, 700))[:5000])


def test_the_conversation_goes_as_the_readme_shows(dmedia: Dmedia, tmp_path: Path) -> None:
    make_shop(tmp_path)
    shown = block("With an AI assistant", "text")
    calls = {name: json.loads(arguments) for name, arguments in re.findall(r"^(\w+) (\{.*\})$", shown, re.MULTILINE)}
    there = str(tmp_path)

    async def conversation(client: Client) -> None:
        started = await client.call_tool("batch_process", calls["batch_process"])
        job = started.structured_content["id"]
        assert said(started).replace(job, calls["get_batch_status"]["job_id"]) in shown
        status = await until_over(client, job)
        told = [f'"{key}": {json.dumps(status[key])}' for key in ("status", "progress", "completed", "failed", "total")]
        assert ", ".join(told) in re.sub(r"\s+", " ", shown)
        (failed,) = [file for file in status["files"] if file["status"] == "failed"]
        for key in ("path", "error", "code", "stage"):
            assert f'"{key}": {json.dumps(failed[key])}'.replace(there, "/home/ana/shop") in re.sub(r"\s+", " ", shown)
        refused = await client.call_tool("convert_image", calls["convert_image"])
        for line in said(refused).splitlines():
            assert line.replace(there, "/home/ana/shop") in shown
        assert await ask(client, "get_batch_report", job_id=job)

    Assistant(dmedia).talk(conversation)


def test_the_readmes_client_configuration_starts_a_server_with_a_root() -> None:
    server = json.loads(block("With an AI assistant", "json"))["mcpServers"]["dmedia"]
    assert server["args"][:2] == ["mcp", "--root"]


def test_the_commands_about_small_files_do_what_is_said(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "photos/sub").mkdir(parents=True)
    (tmp_path / "photos/a.jpg").write_bytes(encoded(photo((400, 300)), "JPEG", quality=95))
    (tmp_path / "photos/sub/b.png").write_bytes(encoded(photo((200, 150)), "PNG"))
    told = []
    for command in block("As small as it can be", "sh").splitlines():
        program, *arguments = shlex.split(command, comments=True)
        assert program == "dmedia"
        ran = dmedia(*arguments)
        assert ran.status == 0, ran.out + ran.err
        told.append([file["outputs"][0] for file in dmedia.files().values()])
    exact, alike, web = told
    assert [output["identical"] for output in exact] == [True, True]
    assert [output["ssim"] >= 0.98 for output in alike if "ssim" in output] == [True]
    assert all(output["bytes"] <= 200_000 and 1 <= output["quality"] <= 100 for output in web)


def test_the_readmes_program_runs_without_a_main_guard(dmedia: Dmedia, tmp_path: Path) -> None:
    make_shop(tmp_path)
    (tmp_path / "program.py").write_text(block("From Python", "python"))
    ended = subprocess.run(
        [sys.executable, "program.py"],
        cwd=tmp_path,
        env=dmedia.environment,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert sorted(lines[:-1]) == sorted(
        f"{tmp_path}/images/{name}.jpg {status}"
        for name, status in (("ball", "completed"), ("kettle", "failed"), ("mug", "completed"), ("vase", "completed"))
    )
    assert lines[-1].startswith("3 ['Corrupt input: ")
    assert below(tmp_path / "out") == ["ball.webp", "mug.webp", "vase.webp"]


def test_raw_files_and_drawings_become_what_the_readme_says(dmedia: Dmedia, tmp_path: Path) -> None:
    pytest.importorskip("rawpy")
    raws, drawings = re.findall(r"^dmedia (convert (?:shoot|logos) .*?) +#", README, re.MULTILINE)
    (tmp_path / "shoot").mkdir()
    (tmp_path / "shoot/a.dng").write_bytes(dng())
    (tmp_path / "logos").mkdir()
    (tmp_path / "logos/a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="5"/>')
    os.utime(tmp_path / "shoot/a.dng", ns=(10**18, 10**18))
    assert dmedia(*raws.split()).status == 0
    assert dmedia(*drawings.split()).status == 0
    assert (tmp_path / "delivery/a.jpg").stat().st_mtime_ns == 10**18
    with Image.open(tmp_path / "icons/a.png") as icon:
        assert icon.size == (512, 256)
