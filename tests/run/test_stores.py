"""Jobs whose sources or renditions lie in a store: a real S3 server, trouble in front of it, and kills."""

from __future__ import annotations

import hashlib
import io
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dmedia.run.scratch import PREFIX
from tests.command import Dmedia, below, wait_until
from tests.media_making import encoded, photo
from tests.run.conftest import ClusterMaker
from tests.run.small_disk import DISK_BYTES, SmallDisk, can_mount
from tests.run.test_pausing import status
from tests.servers.processes import Bucket, ProxyServer
from tests.servers.proxy import Rule

FILES = 12
TROUBLE = (
    Rule(method="GET", path=r".*\.jpg", times=2),
    Rule(method="GET", path=r".*\.jpg", action="cut", bytes=100, times=2),
    Rule(method="PUT", path=r".*\.webp", times=2),
    Rule(method="PUT", path=r".*\.webp", action="lose", times=1),
)
"""Refused, broken off, and done without an answer: each request is made again, and no file notices."""


def picture(seed: int = 1) -> bytes:
    return encoded(photo((90, 60), seed), "JPEG")


def fill(bucket: Bucket, *names: str) -> None:
    for seed, name in enumerate(names):
        bucket.put(f"in/{name}.jpg", picture(seed))


@pytest.fixture
def scratch(dmedia: Dmedia, tmp_path: Path) -> Path:
    """A directory for temporary files that only this test's job has."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    dmedia.environment["TMPDIR"] = str(directory)
    return directory


@pytest.fixture
def photos(dmedia: Dmedia, bucket: Bucket, scratch: Path) -> Bucket:
    """A dozen photos in a bucket that dmedia can use."""
    dmedia.environment |= bucket.server.environment()
    fill(bucket, *(f"{number:02}" for number in range(FILES)))
    return bucket


def completed(dmedia: Dmedia) -> int:
    """Tell how many files of a running job are done."""
    return int(dmedia("status", "last", "--json").document.get("completed", 0))


def left_in(scratch: Path) -> list[Path]:
    return list(scratch.glob(PREFIX + "*"))


def assert_whole(bucket: Bucket, files: dict[str, dict[str, Any]]) -> None:
    """Prove that what is in the bucket is what the record says, whole and ours."""
    for file in files.values():
        (output,) = file["outputs"]
        key = output["path"].removeprefix(bucket.url() + "/")
        content = bucket.get(key)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (output["sha256"], output["bytes"])
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            assert (image.format, image.size) == ("WEBP", (output["width"], output["height"]))


@pytest.mark.parametrize("way", ["store to store", "store to disk", "disk to store"])
def test_files_pass_between_stores_and_disks_whatever_a_server_does_to_some_requests(
    dmedia: Dmedia, photos: Bucket, s3_proxy: ProxyServer, tmp_path: Path, scratch: Path, way: str
) -> None:
    dmedia.environment |= photos.server.environment(s3_proxy.address) | {"DMEDIA_STORE_ATTEMPTS": "6"}
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        (tmp_path / "in" / f"{number:02}.jpg").write_bytes(picture(number))
    s3_proxy.obey(*TROUBLE)
    source, target = way.split(" to ")
    place = {"store": photos.url("in"), "disk": "in"}[source]
    out = {"store": photos.url("out"), "disk": "out"}[target]
    ended = dmedia("convert", place, "-r", "-o", out, "--format", "webp", "--width", "60", "-j", "2", "--json")
    assert (ended.status, ended.document["completed"]) == (0, FILES), ended.err
    files = dmedia.files()
    assert {(file["attempts"], file["outputs"][0]["width"]) for file in files.values()} == {(1, 60)}
    if target == "store":
        assert_whole(photos, files)
        assert photos.keys("out/") == [f"out/{number:02}.webp" for number in range(FILES)]
        found = photos.client.head_object(Bucket=photos.name, Key="out/00.webp")
        assert found["ContentType"] == "image/webp"
        assert ended.document["id"] in found["Metadata"].values()
    else:
        assert len(below(tmp_path / "out")) == FILES
    assert not left_in(scratch)


def test_a_server_that_is_down_for_longer_costs_an_attempt_and_no_file(
    dmedia: Dmedia, photos: Bucket, s3_proxy: ProxyServer
) -> None:
    dmedia.environment |= photos.server.environment(s3_proxy.address) | {"DMEDIA_STORE_ATTEMPTS": "2"}
    s3_proxy.obey(
        Rule(method="GET", path=r".*/03\.jpg", times=2), Rule(method="PUT", path=r".*/05\.webp", status=429, times=2)
    )
    ended = dmedia("convert", photos.url("in"), "-r", "-o", photos.url("out"), "--format", "webp", "-j", "2")
    assert ended.status == 0, ended.err
    files = dmedia.files()
    assert {name for name, file in files.items() if file["attempts"] == 2} == {"03.jpg", "05.jpg"}
    assert_whole(photos, files)


def test_what_comes_meanwhile_is_not_replaced_and_what_crashes_is_alone(
    dmedia: Dmedia, bucket: Bucket, scratch: Path
) -> None:
    dmedia.environment |= bucket.server.environment()
    fill(bucket, "slow", "crash", "good")
    begun = dmedia.sabotage()
    dmedia.environment["DMEDIA_SLOT_SLOW_S"] = "3"
    launcher = dmedia.start("convert", bucket.url("in"), "-r", "-o", bucket.url("out"), "--format", "webp", "-j", "2")
    wait_until(lambda: begun.exists() and b"slow" in begun.read_bytes())
    bucket.put("out/slow.webp", b"somebody else's")
    launcher.communicate(timeout=100)
    assert launcher.returncode == 3
    files = dmedia.files()
    assert {name: file.get("code") for name, file in files.items()} == {
        "slow.jpg": "output_exists", "crash.jpg": "decoder_crash", "good.jpg": None,
    }  # fmt: skip
    assert bucket.get("out/slow.webp") == b"somebody else's"
    assert bucket.keys("out/") == ["out/good.webp", "out/slow.webp"]
    assert not left_in(scratch)


def test_a_source_that_changes_after_the_plan_is_read_whole_and_done_again_by_the_next_job(
    dmedia: Dmedia, photos: Bucket, s3_proxy: ProxyServer
) -> None:
    dmedia.environment |= photos.server.environment(s3_proxy.address)
    command = ("convert", photos.url("in"), "-r", "-o", photos.url("out"), "--format", "webp", "-j", "1", "--json")
    s3_proxy.obey(Rule(method="GET", path=r".*/07\.jpg", action="delay", seconds=3))
    launcher = dmedia.start(*command)
    wait_until(lambda: any(seen["path"].endswith("/07.jpg") for seen in s3_proxy.requests("GET")))
    photos.put("in/07.jpg", encoded(photo((120, 100), 99), "JPEG"))
    launcher.communicate(timeout=100)
    assert launcher.returncode == 0
    files = dmedia.files()
    assert (files["07.jpg"]["outputs"][0]["width"], files["07.jpg"]["outputs"][0]["height"]) == (120, 100)
    again = dmedia(*command).document
    assert (again["completed"], again["skipped"]) == (1, FILES - 1)


def test_transfers_that_hang_take_no_slot_and_end_with_the_job(
    dmedia: Dmedia, photos: Bucket, s3_proxy: ProxyServer, scratch: Path
) -> None:
    """More of them than a worker has threads: what waits for a store holds up nothing."""
    dmedia.environment |= photos.server.environment(s3_proxy.address) | {"DMEDIA_STORE_READ_TIMEOUT_S": "600"}
    s3_proxy.obey(
        Rule(method="GET", path=r".*/0[7-9]\.jpg", action="hang", times=3),
        Rule(method="PUT", path=r".*/06\.webp", action="hang"),
    )
    launcher = dmedia.start("convert", photos.url("in"), "-r", "-o", photos.url("out"), "--format", "webp", "-j", "1")
    wait_until(lambda: len(photos.keys("out/")) == FILES - 4)
    assert dmedia("cancel", "last").status == 0
    launcher.communicate(timeout=60)
    assert launcher.returncode == 9
    ended = dmedia("status", "last", "--json").document
    assert (ended["completed"], ended["cancelled"]) == (FILES - 4, 4)
    assert photos.keys("out/") == [f"out/{number:02}.webp" for number in range(FILES) if number not in range(6, 10)]
    assert not left_in(scratch)


def test_a_launcher_that_is_killed_leaves_no_half_and_resume_goes_on(
    dmedia: Dmedia, bucket: Bucket, scratch: Path
) -> None:
    dmedia.environment |= bucket.server.environment()
    fill(bucket, *(f"slow{number:02}" for number in range(2 * FILES)))
    dmedia.slow_down(0.8)  # long enough for a busy machine to see it at work
    launcher = dmedia.start("convert", bucket.url("in"), "-r", "-o", bucket.url("out"), "--format", "webp", "-j", "2")
    wait_until(lambda: completed(dmedia) > 2)
    launcher.send_signal(signal.SIGKILL)
    launcher.communicate(timeout=60)
    assert left_in(scratch)
    dmedia.slow_down(0)
    resumed = dmedia("resume", "last", "-j", "2", "--json")
    assert (resumed.status, resumed.document["completed"]) == (0, 2 * FILES), resumed.err
    assert_whole(bucket, dmedia.files())
    assert not left_in(scratch)


def test_a_worker_that_is_killed_loses_nothing(
    dmedia: Dmedia,
    bucket: Bucket,
    scratch: Path,
    make_cluster: ClusterMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dmedia.environment |= bucket.server.environment()
    dmedia.slow_down(0.6)
    for name, value in dmedia.environment.items():
        monkeypatch.setenv(name, value)
    cluster = make_cluster(2, 1)
    fill(bucket, *(f"slow{number:02}" for number in range(2 * FILES)))
    out = bucket.url("out")
    command = ("convert", bucket.url("in"), "-r", "-o", out, "--format", "webp", "--scheduler", cluster.address)
    launcher = dmedia.start(*command, "--json")
    wait_until(lambda: completed(dmedia) > 3)
    cluster.worker_processes()[0].kill()
    ended, err = launcher.communicate(timeout=100)
    assert launcher.returncode == 0, (ended, err)
    files = dmedia.files()
    assert len(files) == 2 * FILES
    assert_whole(bucket, files)
    assert {file["attempts"] for file in files.values()} == {1}
    assert len({file["worker"] for file in files.values()}) >= 2
    assert not dmedia("convert", bucket.url("in"), "-r", "-o", out, "--format", "webp", "-j", "1").status
    assert not left_in(scratch)  # what the dead worker has left went with the next that came


def test_a_full_scratch_lets_the_job_wait_and_is_named(dmedia: Dmedia, photos: Bucket, tmp_path: Path) -> None:
    if not can_mount(tmp_path):
        pytest.skip("no file system can be mounted here: neither root nor user namespaces")
    dmedia.environment |= {"TMPDIR": str(tmp_path / "out")}
    photos.put("in/large.png", encoded(photo((1500, 1000)), "PNG"))
    command = ("convert", photos.url("in"), "-r", "-o", photos.url("out"), "--format", "webp", "--limit", "20")
    disk = SmallDisk(dmedia, *command, ballast_bytes=DISK_BYTES - 2**19)
    try:
        waiting = wait_until(lambda: (seen := status(dmedia, "paused")) and seen["warnings"])
        assert "directories for temporary files" in " ".join(map(str, waiting))
        disk.ballast.unlink()
        _, err = disk.launcher.communicate(timeout=100)
    finally:
        disk.launcher.kill()
        disk.launcher.communicate()
    assert disk.launcher.returncode == 0, err
    assert completed(dmedia) == FILES + 1


def test_a_job_without_stores_loads_nothing_of_them(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(picture())
    program = (
        "import os, sys; from dmedia.cli import main\n"
        "end = os._exit\n"
        "os._exit = lambda status: (print('loaded', *sys.modules, flush=True), end(status))\n"
        "sys.exit(main())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program, "convert", "in", "-r", "-o", "out", "--format", "webp", "-j", "1"],
        cwd=tmp_path,
        env=dmedia.environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    loaded = set(ended.stdout.rpartition("loaded ")[2].split())
    assert "dmedia.run.slots" in loaded
    assert not loaded & {
        "s3fs",
        "aiobotocore",
        "dmedia.run.transport.lanes",
        "dmedia.run.transport.transfers",
        "dmedia.run.transport.staging",
    }
    assert not [name for name in loaded if name.startswith("dmedia.storage.stores.s3")]


def test_several_renditions_go_to_a_store_and_are_up_to_date_there(
    dmedia: Dmedia, photos: Bucket, tmp_path: Path
) -> None:
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "two.toml").write_text(
        'operation = "resize"\nmanifest = "srcset"\n[parameters]\nwidth = 40\n'
        '[[renditions]]\nname = "a"\nformat = "webp"\n[[renditions]]\nname = "b"\nwidth = 20\nformat = "png"\n'
    )
    command = ("apply", "two", photos.url("in"), "-r", "-o", photos.url("out"), "--json")
    ran = dmedia(*command)
    assert (ran.status, ran.document["completed"]) == (0, FILES), ran.err
    keys: list[str] = photos.keys()
    made = [key for key in keys if key.startswith("out/")]
    numbers = [f"{number:02}" for number in range(FILES)]
    assert made == sorted(
        [*(f"out/{n}-a.webp" for n in numbers), *(f"out/{n}-b.png" for n in numbers), "out/srcset.json"]
    )
    ran = dmedia(*command)
    assert (ran.status, ran.document["skipped"]) == (0, FILES), ran.err
    photos.client.delete_object(Bucket=photos.name, Key="out/03-b.png")
    photos.put("out/04-b.png", b"mine")
    ran = dmedia(*command)
    assert (ran.document["skipped"], ran.document["completed"], ran.document["failed"]) == (FILES - 2, 1, 1)
    assert ran.document["warnings"] == []
