"""Nothing outside of the roots is read, written or told of, whatever an assistant asks."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from mcp import Client, MCPError
from mcp.types import TextResourceContents

from tests.command import Dmedia, below
from tests.hostile.watching import Opened
from tests.media_making import encoded, jpeg, photo
from tests.serve.assistant import Assistant, ask, refusal, until_over
from tests.serve.wire import Wire

PNG: dict[str, Any] = {"operation": "convert", "parameters": {"format": "png"}}

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="watches with inotify, or needs names of any bytes")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a root with a picture and links that lead out of it, and beside it what nobody may touch."""
    root = tmp_path / "photos"
    (root / "sub").mkdir(parents=True)
    (root / "a.jpg").write_bytes(jpeg())
    outside = tmp_path / "photos-private"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(jpeg())
    (root / "file-link.jpg").symlink_to(outside / "secret.jpg")
    (root / "folder-link").symlink_to(outside)
    (root / "dangling.png").symlink_to(outside / "new.png")
    (root / "dangling-folder").symlink_to(outside / "not/there/yet")
    return root


@pytest.fixture
def outside(root: Path) -> Path:
    return root.parent / "photos-private"


INPUTS = (
    "..", "../photos-private", "../photos-private/secret.jpg", "../photos-private/*.jpg", "sub/../../photos-private",
    "{outside}", "{outside}/secret.jpg", "{outside}/*.jpg", "{outside}/none.jpg", "{outside}/**/*.png", "/",
    "/etc/passwd", "/*/passwd", "folder-link", "folder-link/secret.jpg", "folder-link/*.jpg", "file-link.jpg",
    "folder-link/../photos-private/secret.jpg", "dangling-folder/*.jpg", "{root}-private/secret.jpg",
    "{root}/../photos-private/secret.jpg",
)  # fmt: skip

OUTPUTS = (
    "../b.png", "../photos-private/b.png", "{outside}/b.png", "{outside}/new/b.png", "{root}-private/b.png",
    "folder-link/b.png", "folder-link/new/deep/b.png", "folder-link/", "folder-link", "dangling.png",
    "dangling-folder/b.png", "dangling-folder/x/y/", "sub/../../b.png", "/b.png", "/", "new/../../b.png",
)  # fmt: skip

NO_PATHS = (
    ("http://example.com/a.jpg", "outside_roots"), ("file:///etc/passwd", "outside_roots"),
    ("s3://bucket/a.jpg", "outside_roots"), ("a\0.jpg", "usage"), ("\0", "usage"), ("", "usage"),
)  # fmt: skip


@linux_only
def test_no_path_leads_out_of_the_roots(dmedia: Dmedia, root: Path, outside: Path) -> None:
    def spelled(text: str) -> str:
        return text.format(root=root, outside=outside)

    async def conversation(client: Client) -> None:
        for text in map(spelled, INPUTS):
            for tool, arguments in (
                ("batch_process", {**PNG, "input_pattern": text, "output_directory": "out"}),
                ("batch_process", {**PNG, "input_pattern": text, "output_directory": "out", "dry_run": True}),
                ("read_media_info", {"inputPath": text}),
                ("convert_image", {"inputPath": text, "outputPath": "b.png"}),
                ("apply_preset", {"inputPath": text, "outputPath": "b.jpg", "preset": "social_media"}),
            ):
                error = await refusal(client, tool, **arguments)
                assert error["code"] == "outside_roots", (tool, text, error)
                assert str(root) in error["hint"]
            with pytest.raises(MCPError, match="leads out") as refused:
                await client.read_resource(f"media://info?path={quote(text)}")
            assert refused.value.data["code"] == "outside_roots"
        for text in map(spelled, OUTPUTS):
            for tool, arguments in (
                ("batch_process", {**PNG, "input_pattern": "a.jpg", "output_directory": text}),
                ("batch_process", {**PNG, "input_pattern": "a.jpg", "output_directory": text, "overwrite": True}),
                ("batch_process", {**PNG, "input_pattern": "a.jpg", "output_directory": text, "dry_run": True}),
                ("convert_image", {"inputPath": "a.jpg", "outputPath": text, "format": "png", "overwrite": True}),
                ("apply_preset", {"inputPath": "a.jpg", "outputPath": text, "preset": "social_media"}),
            ):
                error = await refusal(client, tool, **arguments)
                assert error["code"] == "outside_roots", (tool, text, error)
        for text, code in NO_PATHS:
            for tool, arguments in (
                ("batch_process", {**PNG, "input_pattern": text, "output_directory": "out"}),
                ("batch_process", {**PNG, "input_pattern": "a.jpg", "output_directory": text}),
                ("read_media_info", {"inputPath": text}),
                ("convert_image", {"inputPath": text, "outputPath": "b.png"}),
                ("convert_image", {"inputPath": "a.jpg", "outputPath": text}),
            ):
                error = await refusal(client, tool, **arguments)
                assert error["code"] == code, (tool, text, error)
        assert (await ask(client, "get_batch_status"))["jobs"] == [], "refused before there is a job"

    with Opened([outside / "secret.jpg"]) as opened:
        Assistant(dmedia, "auto", "--root", root).talk(conversation)
        assert opened.names() == []
    assert below(outside) == ["secret.jpg"]
    assert below(root) == ["a.jpg", "dangling-folder", "dangling.png", "file-link.jpg"]


@linux_only
def test_what_a_batch_finds_behind_links_is_not_read(dmedia: Dmedia, root: Path, outside: Path) -> None:
    async def conversation(client: Client) -> None:
        started = await ask(
            client, "batch_process", **PNG, input_pattern="**/*.jpg", output_directory="out", recursive=True,
            wait_seconds=60,
        )  # fmt: skip
        files = (await ask(client, "get_batch_status", job_id=started["id"]))["files"]
        assert {Path(file["path"]).name: file["code"] for file in files} == {
            "a.jpg": None, "file-link.jpg": "permission_denied",
        }  # fmt: skip

    with Opened([outside / "secret.jpg"]) as opened:
        Assistant(dmedia, "auto", "--root", root).talk(conversation)
        assert opened.names() == []
    assert below(root / "out") == ["a.png"]
    assert below(outside) == ["secret.jpg"]


def test_a_tilde_is_a_name_like_any_other(dmedia: Dmedia, root: Path) -> None:
    (root / "~").mkdir()
    (root / "~/a.jpg").write_bytes(jpeg())

    async def conversation(client: Client) -> None:
        assert (await ask(client, "read_media_info", inputPath="~/a.jpg"))["path"] == str(root / "~/a.jpg")
        assert (await ask(client, "convert_image", inputPath="~/a.jpg", outputPath="~root/", format="png"))["outputs"]

    Assistant(dmedia, "auto", "--root", root).talk(conversation)
    assert below(root / "~root") == ["a.png"]


def test_several_roots_may_be_used_and_relative_paths_are_below_the_first(dmedia: Dmedia, tmp_path: Path) -> None:
    for name in ("one", "two", "real"):
        (tmp_path / name).mkdir()
    (tmp_path / "one/a.jpg").write_bytes(jpeg())
    (tmp_path / "real/b.jpg").write_bytes(jpeg())
    (tmp_path / "link").symlink_to("real")

    async def conversation(client: Client) -> None:
        assert (await ask(client, "get_capabilities"))["roots"] == [
            str(tmp_path / name) for name in ("one", "two", "real")
        ]
        for given in (
            "a.jpg",
            str(tmp_path / "one/a.jpg"),
            "../one/a.jpg",
            str(tmp_path / "link/b.jpg"),
            "../real/b.jpg",
        ):
            assert (await ask(client, "read_media_info", inputPath=given))["format"] == "jpg"
        started = await ask(
            client, "batch_process", **PNG, input_pattern=str(tmp_path / "link"),
            output_directory=str(tmp_path / "two/new"), wait_seconds=60,
        )  # fmt: skip
        assert started["status"] == "completed"
        assert [job["id"] for job in (await ask(client, "get_batch_status"))["jobs"]] == [started["id"]]
        error = await refusal(client, "read_media_info", inputPath=str(tmp_path / "three/a.jpg"))
        assert all(str(tmp_path / name) in error["hint"] for name in ("one", "two", "real"))

    roots = [word for name in ("one", "two", "link") for word in ("--root", str(tmp_path / name))]
    Assistant(dmedia, "auto", *roots).talk(conversation)
    assert below(tmp_path / "two") == ["new/b.png"]


@linux_only
def test_names_that_are_not_utf_8_are_worked_on_and_told_exactly(dmedia: Dmedia, tmp_path: Path) -> None:
    root = os.fsencode(tmp_path) + b"/r\xff"
    os.mkdir(root)
    with open(root + b"/\xfe.jpg", "wb") as file:
        file.write(jpeg())
    with open(root + b"/bad.jpg", "wb") as file:
        file.write(jpeg()[:200])

    async def conversation(client: Client) -> None:
        started = await ask(
            client, "batch_process", **PNG, input_pattern="*.jpg", output_directory="out", wait_seconds=60
        )
        assert (started["completed"], started["failed"]) == (1, 1)
        again = await ask(client, "retry_batch", job_id=started["id"], wait_seconds=60)
        assert again["failed"] == 1, "the launcher has got the roots as they are"
        (entry,) = (await client.read_resource("media://info?path=%FE.jpg")).contents
        assert isinstance(entry, TextResourceContents)
        assert '"path_b64"' in entry.text

    Assistant(dmedia, "auto", "--root", os.fsdecode(root)).talk(conversation)
    assert os.listdir(root + b"/out") == [b"\xfe.png"]


def test_jobs_outside_of_the_roots_do_not_exist_for_the_server(dmedia: Dmedia, root: Path, outside: Path) -> None:
    """By output or by input: neither listed, nor told of, cancelled, resumed, retried or reported."""
    jobs = {}
    for name, source, output in (
        ("all", outside, outside / "out"),
        ("input", outside / "secret.jpg", root / "out"),
        ("output", root / "a.jpg", outside / "out2"),
        ("linked", root / "folder-link/secret.jpg", root / "out"),
        ("many", root, root / "out"),
    ):
        more = (outside / "secret.jpg",) if name == "many" else ()
        ran = dmedia("convert", source, *more, "-o", output, "--format", "png", "--json")
        jobs[name] = ran.document["id"]
    refused = dmedia("convert", outside / "*.tif", "-o", root / "none", "--format", "png", "--json", "--detach")
    assert refused.status == 4
    own = dmedia("convert", root / "a.jpg", "-o", root / "own", "--format", "png", "--json").document["id"]

    async def conversation(client: Client) -> None:
        assert [job["id"] for job in (await ask(client, "get_batch_status"))["jobs"]] == [own]
        assert (await ask(client, "get_batch_status", job_id="last"))["id"] == own
        assert [entry.name for entry in (await client.list_resources()).resources] == [own]
        for job in (*jobs.values(), "batch-"):
            for tool in ("get_batch_status", "get_batch_report", "cancel_batch", "retry_batch", "resume_batch"):
                error = await refusal(client, tool, job_id=job)
                assert error["code"] == "unknown_job"
                told = error["message"].replace(job, "") + (error["hint"] or "")
                assert not any(other in told for other in (*jobs.values(), str(outside), "photos-private"))
            with pytest.raises(MCPError) as unknown:
                await client.read_resource(f"media://batch?job_id={job}")
            assert unknown.value.data["code"] == "unknown_job"

    Assistant(dmedia, "auto", "--root", root).talk(conversation)


def test_jobs_within_the_roots_are_found_behind_many_others(dmedia: Dmedia, root: Path, outside: Path) -> None:
    own = dmedia("convert", root / "a.jpg", "-o", root / "own", "--format", "png", "--json").document["id"]
    template = dmedia("convert", outside / "secret.jpg", "-o", outside / "o", "--format", "png", "--json").document[
        "id"
    ]
    home = Path(dmedia.environment["DMEDIA_HOME"]) / "jobs"
    for number in range(25):  # copies of a record, each newer than the last
        job = f"batch-{int(template.split('-')[1]) + 1 + number}-aaaaaa"
        (home / job).mkdir()
        for path in (home / template).iterdir():
            (home / job / path.name).write_bytes(path.read_bytes())
        with sqlite3.connect(home / job / "record.db") as record:
            record.execute("UPDATE job SET id = ?", (job,))
        record.close()

    async def conversation(client: Client) -> None:
        assert [job["id"] for job in (await ask(client, "get_batch_status"))["jobs"]] == [own]
        assert (await ask(client, "get_batch_status", job_id="last"))["id"] == own

    Assistant(dmedia, "auto", "--root", root).talk(conversation)


@linux_only
def test_a_job_that_a_person_made_is_taken_up_again_and_kept_within_the_roots(
    dmedia: Dmedia, root: Path, outside: Path
) -> None:
    (root / "broken.jpg").write_bytes(jpeg()[:200])
    for link in ("file-link.jpg", "dangling.png"):
        (root / link).unlink()
    job = dmedia("convert", root, "-o", root / "out", "--format", "png", "--json").document["id"]
    assert below(root / "out") == ["a.png"]
    (root / "broken.jpg").unlink()
    (root / "broken.jpg").symlink_to(outside / "secret.jpg")  # which a person's own retry would follow

    async def conversation(client: Client) -> None:
        status = await ask(client, "get_batch_status", job_id=job)
        assert (status["completed"], status["failed"]) == (1, 1)
        again = await ask(client, "retry_batch", job_id=job, wait_seconds=60)
        assert again["errors"] == {"permission_denied": 1}
        (root / "broken.jpg").unlink()
        (root / "broken.jpg").write_bytes(jpeg())
        assert (await ask(client, "retry_batch", job_id=job, wait_seconds=60))["failed"] == 0

    with Opened([outside / "secret.jpg"]) as opened:
        Assistant(dmedia, "auto", "--root", root).talk(conversation)
        assert opened.names() == []
    assert below(root / "out") == ["a.png", "broken.png"]


def test_a_job_that_a_person_cancelled_is_resumed(dmedia: Dmedia, root: Path) -> None:
    picture = encoded(photo((800, 600)), "JPEG", quality=90)
    for number in range(20):
        (root / f"sub/{number}.jpg").write_bytes(picture)
    slowly = ("--format", "avif", "--effort", "3", "-j", "1")
    job = dmedia("convert", root / "sub", "-o", root / "out", *slowly, "--detach", "--json").document["id"]

    async def conversation(client: Client) -> None:
        cancelled = await ask(client, "cancel_batch", job_id=job)
        assert cancelled["id"] == job
        status = await until_over(client, job)
        assert (status["status"], status["cancelled"] > 0) == ("cancelled", True)
        assert (await ask(client, "cancel_batch", job_id=job))["status"] == "cancelled", "asking twice is asking once"
        resumed = await ask(client, "resume_batch", job_id=job, wait_seconds=100)
        assert (resumed["status"], resumed["completed"]) == ("completed", 20)

    Assistant(dmedia, "auto", "--root", root).talk(conversation)


def test_presets_behind_links_out_of_the_roots_are_not_told(dmedia: Dmedia, root: Path, outside: Path) -> None:
    (outside / "private.toml").write_text('operation = "watermark"\n[parameters]\ntext = "a secret"\n')
    (outside / "passwords.toml").write_text('hunter2 = "x"\n')
    (root / "presets").mkdir()
    (root / "presets/private.toml").symlink_to(outside / "private.toml")
    (root / "presets/passwords.toml").symlink_to(outside / "passwords.toml")
    (root / "presets/tiny.toml").write_text('operation = "resize"\n[parameters]\nwidth = 5\n')

    async def conversation(client: Client) -> None:
        named = {preset["name"] for preset in (await ask(client, "list_presets"))["presets"]}
        assert "tiny" in named
        assert not named & {"private", "passwords"}
        for name in ("private", "passwords"):
            for error in (
                await refusal(client, "apply_preset", inputPath="a.jpg", outputPath="b.jpg", preset=name),
                await refusal(client, "batch_process", input_pattern="a.jpg", operation=name, output_directory="out"),
                await refusal(
                    client, "batch_process", input_pattern="a.jpg", operation=name, preset=name, output_directory="out"
                ),
            ):
                assert error["code"] == "outside_roots"
                assert "hunter2" not in str(error)
        made = await ask(client, "apply_preset", inputPath="a.jpg", outputPath="b.jpg", preset="tiny")
        assert made["outputs"][0]["width"] == 5

    Assistant(dmedia, "auto", "--root", root).talk(conversation)


def test_a_job_that_is_still_being_planned_outside_of_the_roots_is_not_told_of(
    dmedia: Dmedia, root: Path, outside: Path
) -> None:
    for number in range(30_000):
        (outside / f"{number}.jpg").touch()
    job = dmedia("convert", outside, "-o", root / "out", "--format", "png", "--detach", "--json").document["id"]
    with Wire(dmedia, "--root", root) as wire:
        assert wire.document("get_batch_status") == {"jobs": []}
        assert wire.refusal("cancel_batch", job_id=job)["code"] == "unknown_job"
    dmedia("cancel", job)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_way_through_proc_is_told_by_its_real_name(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())

    async def conversation(client: Client) -> None:
        for given in ("/proc/self/cwd/a.jpg", "/proc/self/cwd/*.jpg", "/proc/self/cwd"):
            started = await ask(
                client, "batch_process", input_pattern=given, operation="convert", wait_seconds=60,
                output_directory="/proc/self/cwd/out", parameters={"format": "webp"},
            )  # fmt: skip
            status = await ask(client, "get_batch_status", job_id=started["id"])
            assert status["output_directory"] == str(tmp_path / "out")
            assert [file["path"] for file in status["files"]] == [str(tmp_path / "a.jpg")]

    Assistant(dmedia).talk(conversation)


LOGOS = (
    "../photos-private/secret.jpg",
    "{outside}/secret.jpg",
    "file-link.jpg",
    "folder-link/secret.jpg",
    "/etc/passwd",
)


@linux_only
def test_no_logo_leads_out_of_the_roots(dmedia: Dmedia, root: Path, outside: Path) -> None:
    (root / "logo.png").write_bytes(encoded(photo((80, 40)), "PNG"))
    one = {"inputPath": "a.jpg", "outputPath": "marked.png"}
    batch = {"input_pattern": "a.jpg", "operation": "watermark", "output_directory": "out"}

    async def conversation(client: Client) -> None:
        for text in LOGOS:
            logo = text.format(outside=outside)
            for tool, arguments in (
                ("add_watermark", {**one, "logo": logo}),
                ("batch_process", {**batch, "parameters": {"logo": logo}}),
                ("batch_process", {**batch, "parameters": {"logo": logo}, "dry_run": True}),
            ):
                assert (await refusal(client, tool, **arguments))["code"] == "outside_roots", (tool, logo)
        made = await ask(client, "add_watermark", **one, logo="logo.png")
        assert made["outputs"][0]["path"] == str(root / "marked.png")
        started = await ask(client, "batch_process", **batch, parameters={"logo": "./sub/../logo.png"}, wait_seconds=60)
        assert (started["completed"], started["parameters"]["logo"]) == (1, "logo.png")

    with Opened([outside / "secret.jpg"]) as opened:
        Assistant(dmedia, "auto", "--root", root).talk(conversation)
        assert opened.names() == []
