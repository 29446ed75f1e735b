"""What is offered: names, arguments, schemas and annotations, and that results keep to them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from mcp import Client, MCPError
from mcp.types import Tool

from dmedia.operations import OPERATIONS
from dmedia.operations.validation import adapter
from dmedia.serve.tools.files import camel_case
from tests.command import Dmedia, below
from tests.media.films import make_film, scene
from tests.media_making import jpeg
from tests.serve.assistant import ERAS, Assistant, Mode, ask, refusal, until_over

ENCODING = {
    "format", "quality", "minSsim", "maxBytes", "effort", "progressive", "lossless", "background", "metadata", "icc",
    "frames", "raw", "keepDates",
}  # fmt: skip
BOX = ENCODING | {
    "width", "height", "fit", "gravity", "enlarge", "longEdge", "trim", "whiten", "fillPercent", "sharpen",
}  # fmt: skip
FILE = {"inputPath", "outputPath", "overwrite"}

ARGUMENTS = {
    "batch_process": {
        "input_pattern", "operation", "output_directory", "parameters", "preset", "also", "recursive",
        "overwrite", "on_collision", "dry_run", "wait_seconds",
    },
    "get_batch_status": {"job_id"},
    "apply_preset": {"inputPath", "outputPath", "preset", "overwrite"},
    "resize_image": FILE | BOX | {"maintainAspect"},
    "convert_image": FILE | BOX,
    "crop_image": FILE | ENCODING | {"width", "height", "x", "y", "gravity"},
    "add_watermark": FILE | BOX | {"text", "logo", "position", "opacity", "size", "margin", "color"},
    "read_media_info": {"inputPath"},
    "cancel_batch": {"job_id"},
    "retry_batch": {"job_id", "codes", "wait_seconds"},
    "resume_batch": {"job_id", "wait_seconds"},
    "get_batch_report": {"job_id", "status", "offset", "limit"},
    "list_presets": set(),
    "get_capabilities": set(),
}  # fmt: skip

REQUIRED = {
    "batch_process": {"input_pattern", "operation", "output_directory"},
    "apply_preset": {"inputPath", "outputPath", "preset"},
    "resize_image": {"inputPath", "outputPath"},
    "convert_image": {"inputPath", "outputPath"},
    "crop_image": {"inputPath", "outputPath", "width", "height"},
    "add_watermark": {"inputPath", "outputPath"},
    "read_media_info": {"inputPath"},
    "cancel_batch": {"job_id"},
    "retry_batch": {"job_id"},
    "resume_batch": {"job_id"},
    "get_batch_report": {"job_id"},
}

READING = {"get_batch_status", "get_batch_report", "read_media_info", "list_presets", "get_capabilities"}
ADDING_AGAIN = {"batch_process", "retry_batch"}
"""The same call again starts another job, or tries again."""

FILM_TOOLS = {"convert_video", "trim_video", "create_gif", "extract_audio"}

OWN = {"resize_image": "resize", "convert_image": "convert", "crop_image": "crop", "add_watermark": "watermark"}
"""The operations of tools for one file."""

PAIR = {"inputPath": "a.jpg", "outputPath": "b.jpg"}
BATCH = {"input_pattern": "*.jpg", "operation": "convert", "output_directory": "out"}

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("batch_process", {**BATCH, "parameters": {"width": 800, "format": "webp", "quality": 85}}),
    ("batch_process", {**BATCH, "preset": "p", "recursive": True, "overwrite": True, "dry_run": True}),
    ("batch_process", {**BATCH, "on_collision": "keep-ext", "wait_seconds": 1.5}),
    ("get_batch_status", {}),
    ("get_batch_status", {"job_id": "last"}),
    ("apply_preset", {**PAIR, "preset": "thumbnail"}),
    ("resize_image", {**PAIR, "width": 1, "height": 65535, "maintainAspect": False}),
    ("crop_image", {**PAIR, "width": 1, "height": 1, "x": 0, "y": 0}),
    ("add_watermark", {**PAIR, "text": "(c)", "position": "tile", "opacity": 0.25}),
    ("add_watermark", {**PAIR, "logo": "logo.png", "size": 30, "longEdge": 900, "sharpen": 0.5}),
    ("convert_image", {**PAIR, "trim": 5, "whiten": True, "width": 9, "height": 9, "fillPercent": 85}),
    ("retry_batch", {"job_id": "last", "codes": ["timeout"]}),
    ("get_batch_report", {"job_id": "last", "status": "failed", "offset": 0, "limit": 500}),
]

BAD: list[tuple[str, dict[str, Any]]] = [
    ("batch_process", {"operation": "convert", "output_directory": "out"}),
    ("batch_process", {**BATCH, "parameters": {"width": 0}}),
    ("batch_process", {**BATCH, "parameters": {"colour": "red"}}),
    ("batch_process", {**BATCH, "parameters": [1]}),
    ("batch_process", {**BATCH, "on_collision": "whatever"}),
    ("batch_process", {**BATCH, "wait_seconds": -1}),
    ("batch_process", {**BATCH, "wait_seconds": 3601}),
    ("batch_process", {**BATCH, "wait_seconds": "soon"}),
    ("batch_process", {**BATCH, "recursive": 2}),
    ("batch_process", {**BATCH, "scheduler": "tcp://10.0.0.1:8786"}),
    ("get_batch_status", {"job_id": 5}),
    ("apply_preset", PAIR),
    ("resize_image", {**PAIR, "width": 65536}),
    ("resize_image", {**PAIR, "width": "wide"}),
    ("resize_image", {**PAIR, "width": True}),
    ("resize_image", {**PAIR, "fit": "stretch"}),
    ("resize_image", {**PAIR, "quality": 101}),
    ("resize_image", {**PAIR, "input_path": "a.jpg"}),
    ("add_watermark", {**PAIR, "text": "(c)", "opacity": 1.1}),
    ("add_watermark", {**PAIR, "text": ""}),
    ("retry_batch", {"job_id": "last", "codes": ["no_such_code"]}),
    ("get_batch_report", {"job_id": "last", "limit": 501}),
    ("get_batch_report", {"job_id": "last", "offset": -1}),
    ("list_presets", {"all": True}),
]


async def listed(client: Client) -> dict[str, Tool]:
    return {tool.name: tool for tool in (await client.list_tools()).tools}


def schema_of(tool: Tool) -> dict[str, Any]:
    assert tool.output_schema
    return tool.output_schema


@pytest.mark.parametrize("mode", list(ERAS))
def test_the_tools_have_the_names_arguments_and_annotations_that_assistants_know(dmedia: Dmedia, mode: Mode) -> None:
    tools = Assistant(dmedia, mode).talk(listed)
    assert {name: set(tool.input_schema["properties"]) for name, tool in tools.items()} == ARGUMENTS
    assert {name: set(tool.input_schema.get("required", ())) for name, tool in tools.items()} == {
        name: REQUIRED.get(name, set()) for name in ARGUMENTS
    }
    assert not FILM_TOOLS & set(tools)
    for name, tool in tools.items():
        hints = tool.annotations
        assert hints
        told = (hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint)
        assert told == (name in READING, name not in READING, name not in ADDING_AGAIN, False), name
        assert tool.description
        assert tool.title
        assert all(argument["description"] for argument in tool.input_schema["properties"].values()), name
    print(
        f"tools/list: {len(json.dumps([tool.model_dump(mode='json', exclude_none=True) for tool in tools.values()]))}"
    )


def test_every_schema_is_one_and_stands_by_itself(dmedia: Dmedia) -> None:
    for tool in Assistant(dmedia).talk(listed).values():
        for schema in (tool.input_schema, schema_of(tool)):
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object", "as the protocol asks for"
        assert "$ref" not in json.dumps(tool.input_schema), "assistants' programs do not all follow references"
        assert tool.input_schema["additionalProperties"] is False


def test_schemas_and_the_server_take_and_refuse_the_same_arguments(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())

    async def conversation(client: Client) -> None:
        tools = await listed(client)
        for name, arguments in GOOD:
            jsonschema.validate(arguments, tools[name].input_schema)
        for name, arguments in BAD:
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate(arguments, tools[name].input_schema)
            error = await refusal(client, name, **arguments)
            assert error["code"] == "invalid_parameter", (name, arguments, error)

    Assistant(dmedia).talk(conversation)
    assert below(tmp_path) == ["a.jpg"]


def plain(schema: Any) -> Any:
    """What a schema allows, without words about it; nobody needs to say null."""
    if "anyOf" in schema:
        (schema,) = [inner for inner in schema["anyOf"] if inner != {"type": "null"}]
    return {key: value for key, value in schema.items() if key not in ("title", "description", "default")}


def test_ranges_are_the_operations_own(dmedia: Dmedia) -> None:
    tools = Assistant(dmedia).talk(listed)
    offered = tools["batch_process"].input_schema["properties"]["parameters"]["properties"]
    known: dict[str, Any] = {}
    for name, operation in OPERATIONS.items():
        own = adapter(operation.parameters).json_schema()["properties"]
        known |= own
        for parameter, schema in own.items():
            assert plain(offered[parameter]) == plain(schema), (name, parameter)
        for tool in (tool for tool, meant in OWN.items() if meant == name):
            taken = tools[tool].input_schema["properties"]
            assert {parameter: plain(taken[camel_case(parameter)]) for parameter in own} == {
                parameter: plain(schema) for parameter, schema in own.items()
            }
    assert set(offered) == set(known)


def test_every_result_keeps_to_its_tools_schema_and_so_does_every_error(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.jpg").write_bytes(jpeg(private=True))
    (tmp_path / "in/b.jpg").write_bytes(jpeg()[:300])
    make_film(tmp_path / "film.mp4", [scene()] * 10)
    one = {"inputPath": "in/a.jpg"}
    batch = {"input_pattern": "in", "operation": "convert", "output_directory": "out", "parameters": {"format": "png"}}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("batch_process", {**batch, "dry_run": True}),
        ("batch_process", batch),
        ("batch_process", {**batch, "wait_seconds": 60}),
        ("get_batch_status", {}),
        ("get_batch_status", {"job_id": "last"}),
        ("get_batch_report", {"job_id": "last"}),
        ("get_batch_report", {"job_id": "last", "status": "failed", "limit": 1}),
        ("retry_batch", {"job_id": "last", "wait_seconds": 60}),
        ("cancel_batch", {"job_id": "batch-1-zzzzzz"}),
        ("resume_batch", {"job_id": "last", "wait_seconds": 60}),
        ("apply_preset", {**one, "outputPath": "p.jpg", "preset": "social_media"}),
        ("resize_image", {**one, "outputPath": "r.webp", "width": 20}),
        ("convert_image", {**one, "outputPath": "c.avif"}),
        ("crop_image", {**one, "outputPath": "c.gif", "width": 5, "height": 6}),
        ("add_watermark", {**one, "outputPath": "w.tif", "text": "(c)"}),
        ("convert_image", {"inputPath": "in/b.jpg", "outputPath": "x.png"}),
        ("read_media_info", one),
        ("read_media_info", {"inputPath": "film.mp4"}),
        ("list_presets", {}),
        ("get_capabilities", {}),
    ]
    wrong = {"cancel_batch", "convert_image of in/b.jpg"}

    async def conversation(client: Client) -> None:
        tools = await listed(client)
        for name, arguments in calls:
            if arguments.get("job_id") == "last" and name in ("retry_batch", "resume_batch"):
                jobs = (await ask(client, "get_batch_status"))["jobs"]
                await until_over(client, jobs[0]["id"])
            result = await client.call_tool(name, arguments)
            meant = wrong & {name, f"{name} of {arguments.get('inputPath')}"}
            assert bool(result.is_error) is bool(meant), (name, arguments, result.content)
            jsonschema.validate(result.structured_content, schema_of(tools[name]))
            fault = jsonschema.Draft202012Validator(schema_of(tools[name])["$defs"]["ErrorDocument"])
            assert fault.is_valid(result.structured_content) is bool(meant), "no result looks like an error"

    Assistant(dmedia).talk(conversation)


def test_a_tool_for_one_file_does_what_its_arguments_say(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(size=(80, 40)))

    async def made(client: Client, tool: str, **arguments: Any) -> tuple[Any, ...]:
        document = await ask(client, tool, inputPath="a.jpg", **arguments)
        (output,) = document["outputs"]
        assert Path(output["path"]).is_absolute()
        return (Path(output["path"]).name, output["width"], output["height"], output["format"])

    async def conversation(client: Client) -> None:
        assert await made(client, "resize_image", outputPath="r.jpg", width=20) == ("r.jpg", 20, 10, "jpg")
        stretched = await made(client, "resize_image", outputPath="s.jpg", width=20, height=20, maintainAspect=False)
        assert stretched == ("s.jpg", 20, 20, "jpg")
        assert await made(client, "convert_image", outputPath="new/", format="png") == ("a.png", 80, 40, "png")
        assert await made(client, "convert_image", outputPath="c.webp", quality=50) == ("c.webp", 80, 40, "webp")
        assert await made(client, "crop_image", outputPath="k.png", width=7, height=9) == ("k.png", 7, 9, "png")
        marked = await made(client, "add_watermark", outputPath="w.png", text="(c)", position="center", opacity=1)
        assert marked == ("w.png", 80, 40, "png")
        assert await made(client, "apply_preset", outputPath="p.jpg", preset="social_media") == (
            "p.jpg", 1080, 1080, "jpg",
        )  # fmt: skip
        error = await refusal(
            client, "resize_image", inputPath="a.jpg", outputPath="n.jpg", width=5, height=5, fit="cover",
            maintainAspect=False,
        )  # fmt: skip
        assert "maintainAspect" in error["message"]

    Assistant(dmedia).talk(conversation)
    assert "n.jpg" not in below(tmp_path)


@pytest.mark.parametrize("mode", list(ERAS))
def test_a_read_only_server_offers_and_allows_only_what_reads(dmedia: Dmedia, tmp_path: Path, mode: Mode) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())

    async def conversation(client: Client) -> None:
        assert set(await listed(client)) == READING
        for name in sorted(set(ARGUMENTS) - READING):
            with pytest.raises(MCPError) as refused:
                await client.call_tool(name, {**PAIR, **BATCH, "job_id": "last", "preset": "thumbnail"})
            assert refused.value.code == -32602
        assert (await ask(client, "read_media_info", inputPath="a.jpg"))["format"] == "jpg"
        assert client.instructions
        assert not re.search("batch_process|starts a job", client.instructions)

    Assistant(dmedia, mode, "--root", tmp_path, "--read-only").talk(conversation)
    assert below(tmp_path) == ["a.jpg"]


def test_a_parameter_that_is_not_given_is_the_presets(dmedia: Dmedia, tmp_path: Path) -> None:
    """Many clients fill in null for whatever their assistant has not said."""
    (tmp_path / "a.jpg").write_bytes(jpeg())
    nothing = {"width": None, "height": None, "progressive": None, "format": ""}

    async def conversation(client: Client) -> None:
        status = await ask(
            client, "batch_process", input_pattern="a.jpg", operation="social_media", output_directory="out",
            parameters=nothing, wait_seconds=60, preset=None, recursive=None, on_collision="", dry_run=None,
        )  # fmt: skip
        assert status["completed"] == 1
        (output,) = (await ask(client, "get_batch_status", job_id=status["id"]))["files"][0]["outputs"]
        assert (output["width"], output["height"]) == (1080, 1080)
        assert (await ask(client, "get_batch_status", job_id=""))["jobs"]
        assert (await ask(client, "get_batch_status", job_id=None))["jobs"]
        report = await ask(client, "get_batch_report", job_id=status["id"], status="", offset=None, limit=None)
        assert len(report["files"]) == 1
        for nobody in (None, ""):
            made = await ask(
                client, "resize_image", inputPath="a.jpg", outputPath=f"r{nobody}.jpg", width=8, height=nobody,
                fit=nobody, gravity=nobody, quality=nobody, background=nobody, maintainAspect=nobody, overwrite=nobody,
            )  # fmt: skip
            assert made["outputs"][0]["width"] == 8
        for tool, argument in (("cancel_batch", "job_id"), ("read_media_info", "inputPath")):
            error = await refusal(client, tool, **{argument: None})
            assert error["message"] == f"{tool} needs {argument}"

    Assistant(dmedia).talk(conversation)
