"""A server whose root is a URL: it uses what lies below, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcp import Client

from tests.command import Dmedia
from tests.media_making import jpeg
from tests.serve.assistant import Assistant, ask, refusal, until_over
from tests.servers.processes import Bucket, PageServer, ProxyServer
from tests.servers.proxy import Rule

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


def test_no_page_below_a_root_leads_an_assistant_out_of_it(
    dmedia: Dmedia, page_server: PageServer, page_proxy: ProxyServer, tmp_path: Path
) -> None:
    for folder in ("shop", "private"):
        (page_server.files / tmp_path.name / folder).mkdir(parents=True)
        (page_server.files / tmp_path.name / folder / "b.jpg").write_bytes(jpeg())
    shop, private = f"/{tmp_path.name}/shop", f"/{tmp_path.name}/private"
    to = {"Location": f"{private}/b.jpg"}
    page_proxy.obey(Rule(path=f"^{shop}/a.jpg", status=302, headers=to, times=999))
    root = f"{page_proxy.address}{shop}"

    async def converse(client: Client) -> None:
        assert (await ask(client, "read_media_info", inputPath=f"{root}/b.jpg"))["format"] == "jpg"
        for tool, rest in (("read_media_info", {}), ("resize_image", {"outputPath": "x.webp", "width": 9})):
            refused = await refusal(client, tool, inputPath=f"{root}/a.jpg", **rest)
            assert refused["code"] == "permission_denied"
        await refusal(client, "batch_process", input_pattern=f"{root}/a.jpg", output_directory="png", **PNG)

    Assistant(dmedia, "auto", "--root", str(tmp_path), "--root", root).talk(converse)
    assert not [seen for seen in page_proxy.requests() if private in seen["path"]]


async def jobs(client: Client) -> Any:
    """List the jobs that the server tells of."""
    return (await ask(client, "get_batch_status"))["jobs"]
