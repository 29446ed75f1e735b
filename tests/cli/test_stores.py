"""Stores from the command line: a plan of them, a job, and the same job once more, which has nothing to do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.command import ROOT, Dmedia, below
from tests.media_making import jpeg
from tests.servers.processes import Bucket, PageServer, ProxyServer, S3Server, SftpServer
from tests.servers.proxy import Rule

TREE = ("a.jpg", "x/b.JPG", "x/y/c.jpeg", "x/notes.txt", "x/.hidden.jpg")
MADE = ("a.png", "x/b.png", "x/y/c.png")


class Place(NamedTuple):
    """A directory somewhere, and how to look into it without dmedia."""

    name: str
    put: Callable[[str, bytes], object]
    below: Callable[[], list[str]]


def put_file(directory: Path) -> Callable[[str, bytes], object]:
    def put(name: str, content: bytes) -> None:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    return put


@pytest.fixture
def places(dmedia: Dmedia, bucket: Bucket, sftp_server: SftpServer, tmp_path: Path) -> dict[str, Place]:
    """Directories of this machine, of a bucket and of a server, which the command line can reach."""
    dmedia.environment |= bucket.server.environment() | sftp_server.environment()
    there = sftp_server.files / tmp_path.name
    (tmp_path / "disk").mkdir()
    (there / "dir").mkdir(parents=True)
    return {
        "disk": Place(str(tmp_path / "disk"), put_file(tmp_path / "disk"), lambda: below(tmp_path / "disk")),
        "s3": Place(bucket.url("dir"), lambda name, content: bucket.put(f"dir/{name}", content), bucket_below(bucket)),
        "sftp": Place(sftp_server.url(f"{tmp_path.name}/dir"), put_file(there / "dir"), lambda: below(there / "dir")),
    }


def bucket_below(bucket: Bucket) -> Callable[[], list[str]]:
    return lambda: [key.removeprefix("dir/") for key in bucket.keys("dir/")]


@pytest.mark.parametrize(("source", "target"), [("s3", "sftp"), ("sftp", "s3")])
def test_a_job_and_the_same_once_more(dmedia: Dmedia, places: dict[str, Place], source: str, target: str) -> None:
    given, out = places[source], places[target]
    for name in TREE:
        given.put(f"in/{name}", jpeg())
    command = ("convert", f"{given.name}/in", "-r", "-o", f"{out.name}/out", "--format", "png", "--json")

    plan = dmedia(*command, "--dry-run").document
    assert (plan["pending"], plan["ignored"]) == (3, {"txt": 1})
    assert [file["rendition"] for file in plan["files"]] == [f"{out.name}/out/{name}" for name in MADE]
    assert plan["no_forecast"]
    assert not [name for name in out.below() if name.startswith("out")]

    first = dmedia(*command)
    assert (first.status, first.document["completed"]) == (0, 3), first.err
    assert first.document["output_directory"] == f"{out.name}/out"
    expected = [f"out/{name}" for name in MADE]
    assert out.below() == expected

    again = dmedia(*command).document
    assert (again["skipped"], again["completed"], again["status"]) == (3, 0, "completed")
    given.put("in/x/b.JPG", jpeg(size=(50, 40)))
    out.put("out/a.png", b"of my own")
    changed = dmedia(*command)
    assert (changed.status, changed.document["completed"], changed.document["skipped"]) == (3, 1, 1)
    assert changed.document["errors"] == {"output_exists": 1}
    assert out.below() == expected


def test_pages_are_read_by_their_names_and_no_signature_is_told(
    dmedia: Dmedia, bucket: Bucket, page_server: PageServer, tmp_path: Path
) -> None:
    dmedia.environment |= bucket.server.environment()
    folder = page_server.files / tmp_path.name
    put_file(folder)("a b.jpg", jpeg())
    put_file(folder)("c.jpg", jpeg())
    page = page_server.url(tmp_path.name)
    listed = [f"{page}/a%20b.jpg?width=9&X-Amz-Signature=topsecret", f"{page}/c.jpg", f"{page}/no.jpg?token=topsecret"]
    (tmp_path / "list").write_text("\n".join(listed))
    command = ("convert", "--files-from", "list", "-o", bucket.url("out"), "--format", "png")

    ran = dmedia(*command)
    assert ran.status == 3
    assert bucket.keys() == ["out/a b.png", "out/c.png"]
    files = dmedia("status", "last", "--files", "--json")
    failed = dmedia("status", "last", "--failed")
    assert "not_found" in files.out
    told = [ran.out, ran.err, files.out, failed.out, dmedia(*command, "--dry-run").out]
    assert not [text for text in told if "topsecret" in text]
    assert f"{page}/a%20b.jpg?width=9&X-Amz-Signature=..." in files.out
    again = dmedia(*command, "--json").document
    assert (again["skipped"], again["failed"]) == (2, 1)


def test_roots_may_be_directories_and_urls(dmedia: Dmedia, bucket: Bucket, tmp_path: Path) -> None:
    dmedia.environment |= bucket.server.environment()
    bucket.put("in/a.jpg", jpeg())
    command = ("convert", bucket.url("in"), "-o", "out", "--format", "png", "--dry-run")
    assert dmedia(*command, "--root", ".").status == 2
    assert dmedia(*command, "--root", bucket.url("in")).status == 2
    assert dmedia(*command, "--root", ".", "--root", bucket.url("in")).status == 0
    dmedia.environment["DMEDIA_CONVERT_ROOT"] = f"{bucket.url('in')}:{tmp_path}"
    assert dmedia(*command).status == 0
    ran = dmedia("convert", bucket.url("inner"), "-o", "out", "--format", "png")
    assert ran.status == 2
    assert "leads out of the directories that this job may use" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_page_below_a_root_that_leads_out_of_it_fails_alone_and_nothing_outside_is_asked_for(
    dmedia: Dmedia, page_server: PageServer, page_proxy: ProxyServer, tmp_path: Path
) -> None:
    for folder in ("shop", "private"):
        put_file(page_server.files)(f"{tmp_path.name}/{folder}/b.jpg", jpeg())
    shop, private = f"/{tmp_path.name}/shop", f"/{tmp_path.name}/private"
    out = {"Location": f"{private}/b.jpg"}
    page_proxy.obey(Rule(path=f"^{shop}/(a.jpg|noextension)", status=302, headers=out, times=999))
    pages = [f"{page_proxy.address}{shop}/{name}" for name in ("a.jpg", "b.jpg", "noextension")]
    (tmp_path / "list").write_text("\n".join(pages))
    command = ("resize", pages[0], "--files-from", "list", "-o", "out", "--width", "9", "--json")
    ran = dmedia(*command, "--root", ".", "--root", f"{page_proxy.address}{shop}")
    assert (ran.status, ran.document["completed"], ran.document["errors"]) == (3, 1, {"permission_denied": 2})
    assert below(tmp_path / "out") == ["b.jpg"]
    assert not [seen for seen in page_proxy.requests() if private in seen["path"]]
    failed = dmedia("status", "last", "--failed")
    assert "leads out of the directories that this job may use" in failed.out
    assert dmedia(*command[:-1], "--overwrite").status == 0
    assert [seen for seen in page_proxy.requests() if private in seen["path"]]


def test_a_package_that_is_missing_is_named_before_anything_is_made(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "block").mkdir()
    (tmp_path / "block/s3fs.py").write_text("raise ImportError('not installed')")
    (tmp_path / "a.jpg").write_bytes(jpeg())
    dmedia.environment["PYTHONPATH"] = f"{tmp_path / 'block'}:{dmedia.environment['PYTHONPATH']}"
    for command in (("s3://bucket/a.jpg", "-o", "out"), ("a.jpg", "-o", "s3://bucket/out")):
        ran = dmedia("convert", *command, "--format", "png")
        assert (ran.status, ran.out) == (2, "")
        assert "pip install 'dmedia[s3]'" in ran.err
    assert not (tmp_path / "out").exists()
    assert dmedia("status", "--json").document == []


def test_the_commands_of_the_readme_run_as_they_are_written(
    dmedia: Dmedia, s3_server: S3Server, tmp_path: Path
) -> None:
    dmedia.environment |= s3_server.environment()
    client = s3_server.client()
    for bucket in ("shop-photos", "shop-web"):
        client.create_bucket(Bucket=bucket)
    for key in ("2024/mug.jpg", "2024/may/vase.JPG", "2023/ball.jpg"):
        client.put_object(Bucket="shop-photos", Key=key, Body=jpeg())
    put_file(tmp_path / "images")("ball.jpg", jpeg())
    shown = (ROOT / "README.md").read_text("utf-8").split("## Object storage\n")[1].split("\n## ")[0]
    commands = [shlex.split(line) for line in re.findall(r"^dmedia (.*)$", shown, re.MULTILINE)]
    assert len(commands) == 5
    for command in commands:
        ran = dmedia(*command)
        assert ran.status == 0, (command, ran.err)
    made = Bucket(s3_server, "shop-web", client).keys()
    assert made == ["2024/may/vase.webp", "2024/mug.webp", "images/ball.avif"]
    assert below(tmp_path / "thumbnails") == ["may/vase.jpg", "mug.jpg"]


def test_what_a_dead_jobs_workers_left_on_a_server_is_removed_by_the_next(
    dmedia: Dmedia, places: dict[str, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dmedia.record.writer import RecordWriter
    from tests.record.making import fill, make_files, make_spec

    out = places["sftp"]
    monkeypatch.setenv("DMEDIA_HOME", dmedia.environment["DMEDIA_HOME"])
    url = f"{out.name}/out".encode()
    with fill(RecordWriter.create(make_spec(url)), make_files(3, url)) as dead:
        dead.life.start(None, None)
    others = ["out/0/.dmedia-batch-1-abcdef-0a0a0a0a.tmp", f"out/0/.dmedia-{dead.job}.tmp.jpg"]
    for name in (*others, f"out/0/.dmedia-{dead.job}-0a0a0a0a.tmp"):
        out.put(name, b"half")
    places["disk"].put("a.jpg", jpeg())
    ran = dmedia("convert", f"{places['disk'].name}/a.jpg", "-o", url, "--format", "png")
    assert ran.status == 0, ran.err
    assert out.below() == sorted([*others, "out/a.png"])
