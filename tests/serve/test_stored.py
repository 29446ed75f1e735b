"""A server whose root is a URL: it uses what lies below, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcp import Client

from tests.command import Dmedia
from tests.media_making import jpeg
from tests.serve.assistant import Assistant, ask, refusal, until_over
from tests.servers.processes import Bucket

PNG: dict[str, Any] = {"operation": "convert", "parameters": {"format": "png"}}


def test_a_root_that_is_a_url_lets_an_assistant_use_what_lies_below_it(
    dmedia: Dmedia, bucket: Bucket, tmp_path: Path
) -> None:
    dmedia.environment |= bucket.server.environment()
    for key in ("photos/a.jpg", "photos/x/b.jpg", "photos-private/c.jpg"):
        bucket.put(key, jpeg())
    (tmp_path / "d.jpg").write_bytes(jpeg())
    root = bucket.url("photos")

    async def converse(client: Client) -> None:
        made = await ask(client, "resize_image", inputPath="a.jpg", outputPath=f"{root}/small/a.webp", width=9)
        assert made["outputs"][0]["path"] == f"{root}/small/a.webp"
        assert (await ask(client, "read_media_info", inputPath=f"{root}/a.jpg"))["format"] == "jpg"
        started = await ask(client, "batch_process", input_pattern="**/*.jpg", output_directory="png", **PNG)
        status = await until_over(client, started["id"])
        assert (status["completed"], status["failed"]) == (2, 0)
        assert [job["id"] for job in await jobs(client)] == [started["id"]]
        for text in (bucket.url("photos-private/c.jpg"), bucket.url(), "s3://other/a.jpg", str(tmp_path / "d.jpg")):
            refused = await refusal(client, "read_media_info", inputPath=text)
            assert refused["code"] == "outside_roots"
            refused = await refusal(client, "batch_process", input_pattern=text, output_directory="o", **PNG)
            assert refused["code"] == "outside_roots"
            refused = await refusal(client, "batch_process", input_pattern="a.jpg", output_directory=text, **PNG)
            assert refused["code"] == "outside_roots"
        assert (await refusal(client, "batch_process", input_pattern="none.jpg", output_directory="o", **PNG))[
            "code"
        ] == "no_input"

    Assistant(dmedia, "auto", "--root", root).talk(converse)
    assert bucket.keys("photos/") == [
        "photos/a.jpg", "photos/png/a.png", "photos/png/x/b.png", "photos/small/a.webp", "photos/x/b.jpg",
    ]  # fmt: skip


async def jobs(client: Client) -> Any:
    """List the jobs that the server tells of."""
    return (await ask(client, "get_batch_status"))["jobs"]
