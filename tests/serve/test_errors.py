"""Whatever is wrong is told as an error, with a code, a sentence and what helps, and never as a success."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, MCPError

from dmedia.serve.wording import for_assistant
from tests.command import Dmedia, below
from tests.media_making import jpeg
from tests.serve.assistant import ERAS, Assistant, Mode, ask, refusal, said, until_over
from tests.serve.wire import Wire

BATCH = {"input_pattern": "in/*.jpg", "operation": "convert", "output_directory": "out"}
PNG = {"parameters": {"format": "png"}}
ONE = {"inputPath": "in/a.jpg", "outputPath": "b.jpg"}

REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("batch_process", {**BATCH, "operation": "convrt"}, "unknown_operation", "did you mean 'convert'"),
    ("batch_process", {**BATCH, "operation": ""}, "unknown_operation", "''"),
    ("batch_process", {**BATCH, "preset": "social_medium"}, "invalid_preset", "did you mean 'social_media'"),
    ("batch_process", {**BATCH, "preset": "../../x"}, "invalid_preset", "cannot name a preset"),
    ("batch_process", {**BATCH, "preset": "social_media"}, "invalid_parameter", "does resize"),
    ("batch_process", BATCH, "invalid_parameter", "convert needs a format"),
    ("batch_process", {**BATCH, "parameters": {"formt": "png"}}, "invalid_parameter", "did you mean 'format'"),
    ("batch_process", {**BATCH, "parameters": {"format": "pgn"}}, "invalid_parameter", "did you mean 'png'"),
    ("batch_process", {**BATCH, "parameters": "webp"}, "invalid_parameter", "parameters is 'webp'"),
    ("batch_process", {**BATCH, **PNG, "on_collision": "nmber"}, "invalid_parameter", "did you mean 'number'"),
    ("batch_process", {**BATCH, **PNG, "recursive": "perhaps"}, "invalid_parameter", "recursive is 'perhaps'"),
    ("batch_process", {**BATCH, **PNG, "input_pattern": "none/*.jpg"}, "no_input", "No image found"),
    ("batch_process", {**BATCH, **PNG, "input_pattern": ["a.jpg"]}, "invalid_parameter", "input_pattern"),
    ("batch_process", {**BATCH, **PNG, "input_pattern": ""}, "usage", "no path"),
    ("batch_process", {**BATCH, **PNG, "input_pattern": "x" * 5000}, "usage", "5,000 characters"),
    ("batch_process", {**BATCH, **PNG, "input_pattern": "none.jpg"}, "no_input", "none.jpg"),
    ("batch_process", {**BATCH, **PNG, "input_pattern": "none", "dry_run": True}, "no_input", "none"),
    ("list_presets", {"x": 1}, "invalid_parameter", "there are none"),
    ("batch_process", {**BATCH, **PNG, "input_pattern": "in/same.*"}, "collision", "same"),
    ("batch_process", {**BATCH, **PNG, "input_pattern": "in/same.*", "dry_run": True}, "collision", "same"),
    ("batch_process", {**BATCH, **PNG, "input_pattern": "none/*.jpg", "dry_run": True}, "no_input", "No image found"),
    ("batch_process", {"operation": "convert", "output_directory": "out"}, "invalid_parameter", "needs input_pattern"),
    ("batch_process", {**BATCH, **PNG, "output_directory": "in/a.jpg"}, "preflight_refused", "a.jpg"),
    ("apply_preset", {**ONE, "preset": "none_such"}, "invalid_preset", "Unknown preset 'none_such'"),
    ("apply_preset", ONE, "invalid_parameter", "apply_preset needs preset"),
    ("apply_preset", {**ONE, "preset": "social_media", "outputPath": "b.webp"}, "invalid_parameter", "webp"),
    ("resize_image", {**ONE, "widht": 5}, "invalid_parameter", "did you mean 'width'"),
    ("resize_image", {**ONE, "width": "5 px"}, "invalid_parameter", "width is '5 px'"),
    ("resize_image", {**ONE, "width": 0}, "invalid_parameter", "width is 0"),
    ("resize_image", {**ONE, "width": 5, "background": "reddish"}, "invalid_parameter", "reddish"),
    ("resize_image", {**ONE, "outputPath": "b.txt", "width": 5}, "usage", "extension"),
    ("resize_image", {**ONE, "inputPath": "none.jpg", "width": 5}, "not_found", "none.jpg"),
    ("resize_image", {**ONE, "inputPath": "~/a.jpg", "width": 5}, "not_found", "~/a.jpg"),
    ("resize_image", {**ONE, "inputPath": "in", "width": 5}, "usage", "is a directory"),
    ("resize_image", {**ONE, "inputPath": "in/broken.jpg", "width": 5}, "corrupt_input", "Corrupt input"),
    ("resize_image", {**ONE, "inputPath": "in/text.jpg", "width": 5}, "unsupported_format", "Unsupported format"),
    ("resize_image", {**ONE, "inputPath": "in/empty.jpg", "width": 5}, "corrupt_input", "mpty"),
    ("resize_image", {**ONE, "outputPath": "mine.jpg", "width": 5}, "output_exists", "Output exists"),
    ("convert_image", {**ONE, "outputPath": "in/a.jpg", "overwrite": True}, "output_exists", "its own source"),
    ("convert_image", {**ONE, "format": "webp"}, "invalid_parameter", "ends like jpg"),
    ("crop_image", ONE, "invalid_parameter", "crop_image needs width"),
    ("add_watermark", {**ONE, "text": "a", "opacity": 2}, "invalid_parameter", "opacity is 2"),
    ("read_media_info", {"inputPath": "in"}, "unsupported_format", "this is a directory"),
    ("read_media_info", {"inputPath": "none.jpg"}, "not_found", "none.jpg"),
    ("read_media_info", {"inputPath": "in/text.jpg"}, "unsupported_format", "Unsupported format"),
    ("get_batch_status", {"job_id": "batch-1-abcdef"}, "unknown_job", "batch-1-abcdef"),
    ("get_batch_report", {"job_id": "../../x"}, "unknown_job", "../../x"),
    ("get_batch_report", {}, "invalid_parameter", "get_batch_report needs job_id"),
    ("cancel_batch", {"job_id": "nothing"}, "unknown_job", "nothing"),
    ("retry_batch", {"job_id": "none"}, "unknown_job", "no job"),
    ("resume_batch", {"job_id": ""}, "unknown_job", "''"),
]  # fmt: skip


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """Put pictures there, and what is none."""
    directory = tmp_path / "in"
    directory.mkdir()
    (directory / "a.jpg").write_bytes(jpeg())
    (directory / "same.jpg").write_bytes(jpeg())
    (directory / "same.jpeg").write_bytes(jpeg())
    (directory / "broken.jpg").write_bytes(jpeg(size=(400, 300))[:2000])
    (directory / "text.jpg").write_text("not a picture at all, but words")
    (directory / "empty.jpg").touch()
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    return directory


@pytest.mark.parametrize("mode", list(ERAS))
def test_what_cannot_be_done_is_an_error_with_code_message_and_hint(
    dmedia: Dmedia, media: Path, tmp_path: Path, mode: Mode
) -> None:
    before = below(tmp_path)
    wrong: list[Any] = []

    async def conversation(client: Client) -> None:
        for tool, arguments, code, words in REFUSED:
            error = await refusal(client, tool, **arguments)
            if error["code"] != code or words not in error["message"]:
                wrong.append((tool, arguments, error))
        assert not wrong, "\n".join(map(str, wrong))

    Assistant(dmedia, mode).talk(conversation)
    assert [name for name in below(tmp_path) if not name.startswith("home/")] == before
    assert (tmp_path / "mine.jpg").read_bytes() == b"mine"


def test_a_batchs_bad_files_fail_alone_with_their_reasons(dmedia: Dmedia, media: Path) -> None:
    (media / "same.jpeg").unlink()

    async def conversation(client: Client) -> None:
        started = await ask(client, "batch_process", **BATCH, **PNG, wait_seconds=60)
        assert (started["status"], started["completed"], started["failed"]) == ("completed", 2, 3)
        report = await ask(client, "get_batch_report", job_id=started["id"], status="failed")
        reasons = {Path(file["path"]).name: file["code"] for file in report["files"]}
        assert reasons == {
            "broken.jpg": "corrupt_input",
            "text.jpg": "unsupported_format",
            "empty.jpg": "corrupt_input",
        }
        assert any("corrupt_input" in line or "Corrupt" in line for line in report["summary"])
        error = await refusal(client, "retry_batch", job_id=started["id"], codes=["timeout"])
        assert error["code"] == "usage"
        assert "timeout" in error["message"]
        again = await ask(client, "retry_batch", job_id=started["id"], codes=["corrupt_input"], wait_seconds=60)
        assert (again["completed"], again["failed"]) == (2, 3)

    Assistant(dmedia).talk(conversation)


def test_an_ended_job_is_not_cancelled_and_that_is_told(dmedia: Dmedia, media: Path) -> None:
    async def conversation(client: Client) -> None:
        started = await ask(client, "batch_process", **{**BATCH, "input_pattern": "in/a.jpg"}, **PNG, wait_seconds=60)
        error = await refusal(client, "cancel_batch", job_id=started["id"])
        assert error["code"] == "usage"
        assert "completed" in error["message"]
        assert (await until_over(client, started["id"]))["status"] == "completed"

    Assistant(dmedia).talk(conversation)


@pytest.mark.parametrize("mode", list(ERAS))
def test_an_unknown_tool_and_an_unknown_resource_are_protocol_errors(dmedia: Dmedia, mode: Mode) -> None:
    async def conversation(client: Client) -> None:
        with pytest.raises(MCPError, match="did you mean 'resize_image'") as refused:
            await client.call_tool("resize_imag", {})
        assert refused.value.code == -32602
        for address in (
            "media://infos?path=a.jpg", "media://info", "media://info?path=", "media://info?path=a&path=b",
            "media://batch?job_id=batch-1-abcdef", "media://info?path=none.jpg", "file:///etc/passwd",
            "media://[info?path=a", "media://info?path=%00", "media:", "x", "media://info?path=~",
        ):  # fmt: skip
            with pytest.raises(MCPError) as refused:
                await client.read_resource(address)
            assert refused.value.code == -32602, (address, refused.value)
            assert "bug" not in refused.value.message
        assert (await ask(client, "get_batch_status"))["jobs"] == []

    Assistant(dmedia, mode).talk(conversation)


def test_a_bug_is_told_as_one_and_the_server_lives_on(dmedia: Dmedia, tmp_path: Path) -> None:
    starter = tmp_path / "starter.py"
    starter.write_text(
        textwrap.dedent("""
        import dmedia.serve.tools.knowledge as knowledge
        def broken(*_):
            raise ZeroDivisionError("a test's own bug")
        knowledge.find_presets = broken
        knowledge.read_capabilities = lambda: {"version": object(), "operations": {}}
        from dmedia.cli import main
        main()
        """)
    )
    with Wire(dmedia, program=(str(starter),)) as wire:
        error = wire.refusal("list_presets")
        assert error["code"] == "internal"
        assert "ZeroDivisionError" in error["message"]
        assert wire.refusal("get_capabilities")["code"] == "internal", "a result that is no JSON is a bug too"
        assert wire.document("get_batch_status") == {"jobs": []}
        assert wire.finish() == 0
    log = wire.log.read_text()
    assert "a test's own bug" in log
    assert "Traceback" in log


def test_what_is_no_message_is_not_answered_and_harms_nothing(dmedia: Dmedia) -> None:
    with Wire(dmedia) as wire:
        for line in (b"", b"{", b"[]", b"\xff\xfe", b'"a"', b"null", b'{"jsonrpc": "2.0"}', b"[" * 5000):
            wire.write(line)
        wire.write(b'{"jsonrpc": "2.0", "id": 900, "method": "tools/call", "params": {"name": 5}}')
        assert wire.answer(900)["error"]["code"] == -32602
        wire.write(
            b'{"jsonrpc": "2.0", "id": 901, "method": "tools/call", "params": {"name": "batch_process", "arguments": '
            + json.dumps({**BATCH, **PNG}).encode()[:-1]
            + b', "wait_seconds": NaN}}}'
        )
        answer = wire.answer(901)
        assert "error" in answer or answer["result"]["isError"]
        assert wire.document("get_batch_status") == {"jobs": []}


@pytest.mark.parametrize(
    ("said_to_people", "said_to_assistants"),
    [
        ("Use --overwrite to replace it.", "Use overwrite to replace it."),
        ("photos has some in its subdirectories: add -r.", "photos has some in its subdirectories: set recursive."),
        ("dmedia resume batch-1-abcdef", "resume_batch with batch-1-abcdef"),
        (
            "Watch it with `dmedia status b --watch`, or cancel it.",
            "Watch it with get_batch_status, or cancel it.",
        ),
        ("--max-pixels raises the limit", "--max-pixels (on the command line) raises the limit"),
        ("--frames first takes the first alone", "frames first takes the first alone"),
        ("It may use '/srv/a--b/--c'", "It may use '/srv/a--b/--c'"),
    ],
)
def test_advice_is_worded_for_assistants(said_to_people: str, said_to_assistants: str) -> None:
    assert for_assistant(said_to_people) == said_to_assistants


def test_advice_in_a_report_names_tools_and_its_pages_follow_each_other(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(5):
        (tmp_path / f"in/--name {number}.jpg").write_bytes(b"no picture at all")

    async def conversation(client: Client) -> None:
        started = await client.call_tool("batch_process", {**BATCH, **PNG, "wait_seconds": 60})
        assert "--name 0.jpg: " in said(started)
        assert "and 2 more: get_batch_report" in said(started)
        told: list[str] = []
        offset: int | None = 0
        while offset is not None:
            page = await ask(client, "get_batch_report", job_id="last", status="failed", limit=2, offset=offset)
            told += [file["path"] for file in page["files"]]
            offset = page["next_offset"]
        assert told == [f"{tmp_path}/in/--name {number}.jpg" for number in range(5)]
        assert page["files_total"] == 5

    Assistant(dmedia).talk(conversation)
