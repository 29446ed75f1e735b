"""Before a job starts, all workers of a cluster say what they are: what does not fit is told, and nothing is begun."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shlex
import signal
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import dmedia as package
from dmedia.model import Recipe
from dmedia.operations.compress import Compress
from dmedia.operations.convert import Convert
from dmedia.operations.resize import Resize
from dmedia.run.fitness.census import demanded_reads, demanded_writes, summary
from dmedia.run.fitness.demand import Lack, Sample
from dmedia.run.fitness.demand import Testimony as Said  # pytest takes what is called Test... for a test
from dmedia.run.fitness.samples import is_as_planned
from dmedia.run.fitness.store_examination import look_into_store
from tests.command import SABOTAGE, Dmedia, below, wait_until
from tests.media_making import encoded, jpeg, photo
from tests.record.making import make_spec
from tests.run.conftest import ClusterMaker, StartWorker, free_port
from tests.servers.processes import Bucket, PageServer, ProxyServer
from tests.servers.proxy import Rule


def shadow(folder: Path, module: str, text: str) -> Path:
    """Make a directory whose module hides another one of its name."""
    folder.mkdir()
    (folder / f"{module}.py").write_text(text)
    return folder


def without(folder: Path, module: str) -> Path:
    return shadow(folder, module, f'raise ModuleNotFoundError("No module named {module}", name={module!r})\n')


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(6):
        (tmp_path / "in" / f"{number}.jpg").write_bytes(jpeg())
    return tmp_path / "in"


def test_workers_of_another_version_or_without_dmedia_are_counted_and_named(
    dmedia: Dmedia, photos: Path, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    cluster = make_cluster(threads=1)
    start_worker(cluster, shadow(tmp_path / "old", "dmedia", "__version__ = '0.0.9'\n"))
    start_worker(cluster, without(tmp_path / "none", "dmedia"))
    ran = dmedia("resize", "in", "-o", "out", "--width", "9", "--scheduler", cluster.address)
    assert ran.status == 5, ran.out + ran.err
    assert "1 of 3 workers has another version of dmedia: 0.0.9 on tcp://127.0.0.1:" in ran.err
    assert "1 of 3 workers does not have dmedia: tcp://127.0.0.1:" in ran.err
    assert f"install dmedia {package.__version__} in every worker's environment" in ran.err
    assert "Traceback" not in ran.err
    assert below(tmp_path / "out") == []
    assert dmedia("status", "--json").document == []
    wait_until(lambda: not cluster.slots())


def test_workers_that_cannot_read_heic_are_refused_to_jobs_that_need_it_and_to_no_other(
    dmedia: Dmedia, photos: Path, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    cluster = make_cluster(threads=1)
    start_worker(cluster, without(tmp_path / "poor", "pillow_heif"))
    command = ("convert", "in", "--format", "webp", "--scheduler", cluster.address)
    assert dmedia(*command, "-o", "out").status == 0
    (photos / "a.heic").write_bytes(encoded(photo((64, 48), 1), "JPEG"))
    ran = dmedia(*command, "-o", "more")
    assert ran.status == 5, ran.out + ran.err
    assert "1 of 2 workers cannot read HEIC: tcp://127.0.0.1:" in ran.err
    assert "pip install 'dmedia[heif]' in every worker's environment" in ran.err
    assert below(tmp_path / "more") == []


def test_workers_that_cannot_optimise_are_refused_to_jobs_that_need_it(
    dmedia: Dmedia, photos: Path, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    cluster = make_cluster(threads=1)
    start_worker(cluster, without(tmp_path / "poor", "oxipng"))
    command = ("compress", "in", "--lossless", "--scheduler", cluster.address)
    assert dmedia(*command, "-o", "out").status == 0
    (photos / "a.png").write_bytes(encoded(photo((64, 48), 1), "PNG"))
    ran = dmedia(*command, "-o", "more")
    assert ran.status == 5, ran.out + ran.err
    assert "1 of 2 workers cannot write PNG without loss: tcp://127.0.0.1:" in ran.err
    assert "pip install 'dmedia[optimize]' in every worker's environment" in ran.err
    assert below(tmp_path / "more") == []


OTHER = "mount -t tmpfs none {0}"
READ_ONLY = "mount --bind {0} {0} && mount -o remount,bind,ro {0}"


def elsewhere(mount: str, place: Path) -> tuple[str, ...]:
    """A command that runs another one where a directory is another, empty one, or cannot be written."""
    own = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    return ("unshare", *own, "--mount", "sh", "-c", f'{mount.format(shlex.quote(str(place)))} && exec "$@"', "sh")


@functools.cache
def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(OSError):
        return (
            subprocess.run([*elsewhere(READ_ONLY, Path(folder)), "true"], capture_output=True, check=False).returncode
            == 0
        )
    return False


def test_a_source_that_nobody_can_read_says_nothing_about_workers(
    dmedia: Dmedia, photos: Path, make_cluster: ClusterMaker
) -> None:
    os.mkfifo(photos / "00.jpg")
    (photos / "01.jpg").symlink_to("nowhere")
    cluster = make_cluster(threads=1)
    ran = dmedia(
        "resize",
        "in/00.jpg",
        "in/01.jpg",
        "in/0.jpg",
        "-o",
        "out",
        "--width",
        "9",
        "--scheduler",
        cluster.address,
        "--json",
    )
    assert (ran.status, ran.document["completed"], ran.document["failed"]) == (3, 1, 2), ran.err


@pytest.mark.skipif(not can_mount(), reason="nothing can be mounted for one process here (unshare --mount)")
def test_workers_that_see_other_directories_are_refused(
    dmedia: Dmedia, photos: Path, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    cluster = make_cluster(threads=1)
    start_worker(cluster, within=elsewhere(OTHER, photos))
    start_worker(cluster, within=elsewhere(OTHER, out))
    start_worker(cluster, within=elsewhere(READ_ONLY, out))
    command = ("resize", "in", "--width", "9", "--scheduler", cluster.address)
    ran = dmedia(*command, "-o", "out")
    assert ran.status == 5, ran.out + ran.err
    assert f"1 of 4 workers does not see {photos / '0.jpg'}: tcp://127.0.0.1:" in ran.err
    assert f"1 of 4 workers sees another directory at {out}: tcp://127.0.0.1:" in ran.err
    assert f"1 of 4 workers cannot write into {out}: Read-only file system on tcp://127.0.0.1:" in ran.err
    assert "mount it at the same path on every worker" in ran.err
    assert below(out) == []
    assert dmedia("status", "--json").document == []


def test_a_sentence_names_some_workers_and_counts_the_others() -> None:
    lacks = [(), *[(Lack("have another version of dmedia", "0.0.9\n "),)] * 5, (Lack("cannot read HEIC", "", "cure"),)]
    told = {f"tcp://{number}": Said(f"tcp://{number}", 1, lack) for number, lack in enumerate(lacks)}
    sentence, hint = summary(told)
    versions, formats = sentence.split("; ")
    assert versions == "5 of 7 workers have another version of dmedia: 0.0.9 on tcp://1, tcp://2, tcp://3 and 2 more"
    assert formats == "1 of 7 workers cannot read HEIC: tcp://6"
    assert hint == "cure"


@pytest.mark.parametrize(
    ("extensions", "reads", "kept"),
    [
        ({"jpg", "jpeg"}, ("jpg",), ("jpg",)),
        ({"heic", "png"}, ("heif", "png"), ("jpg", "png")),
        ({"mov", "nef", "svg", "txt"}, ("film", "raw"), ("jpg", "png")),
        (set(), (), ()),
    ],
)
def test_what_must_be_decoded_and_encoded_follows_from_the_names(
    extensions: set[str], reads: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    assert demanded_reads(extensions) == reads
    assert demanded_writes(make_spec(parameters=Resize(width=9)), reads) == kept
    assert demanded_writes(make_spec(parameters=Convert(format="avif")), reads) == ("avif",)


def test_without_loss_optimisers_are_demanded_for_what_stays_as_it_is() -> None:
    def demanded(*reads: str, **arguments: Any) -> tuple[str, ...]:
        spec = replace(make_spec(parameters=Compress(lossless=True, **arguments)), operation="compress")
        return demanded_writes(spec, reads)

    assert demanded("jpg") == ("exactly jpg",)
    assert demanded("jpg", "png", "webp") == ("exactly jpg", "exactly png", "webp")
    assert demanded("jpg", "png", format="webp") == ("webp",)
    assert demanded("jpg", "png", format="png") == ("exactly png",)
    assert demanded("jpg", format="png") == ("png",)
    exact = Recipe("exact", "", "compress", Compress(lossless=True))
    both = make_spec(parameters=Convert(format="webp"), also=(exact,))
    assert demanded_writes(both, ("jpg", "png")) == ("exactly jpg", "exactly png", "webp")


MANY = 200
"""Slow files: with one slot they take longer than workers need to come, on a busy machine too."""


@pytest.fixture
def slow_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let files whose name begins with ``slow`` take their time on workers that start from now on."""
    monkeypatch.setenv("PYTHONPATH", str(SABOTAGE))
    monkeypatch.setenv("DMEDIA_SLOT_SABOTAGE", str(tmp_path / "begun"))
    monkeypatch.setenv("DMEDIA_SLOT_SLOW_S", "0.4")
    return tmp_path / "begun"


def warnings(dmedia: Dmedia, word: str) -> list[str]:
    return [text for text in dmedia("status", "last", "--json").document["warnings"] if word in text]


@pytest.mark.usefixtures("slow_slots")
def test_a_worker_that_comes_later_and_is_not_fit_gets_no_files_and_one_that_is_gets_some(
    dmedia: Dmedia, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    (tmp_path / "in").mkdir()
    for name in ("slow.heic", *(f"slow{number:02}.jpg" for number in range(MANY))):
        (tmp_path / "in" / name).write_bytes(jpeg())
    cluster = make_cluster(threads=1)
    launcher = dmedia.start("resize", "in", "-o", "out", "--width", "9", "--scheduler", cluster.address, "--json")
    wait_until((tmp_path / "out" / "slow00.jpg").exists)
    poor = address_of(start_worker(cluster, without(tmp_path / "poor", "pillow_heif")))
    (told,) = wait_until(lambda: warnings(dmedia, "HEIC"))
    assert f"1 of 2 workers cannot read HEIC: {poor}. No files are sent there: pip install 'dmedia[heif]'" in told
    bare = address_of(start_worker(cluster, without(tmp_path / "none", "dmedia")))
    (told,) = wait_until(lambda: warnings(dmedia, "does not have dmedia"))
    assert f"1 of 3 workers does not have dmedia: {bare}" in told
    assert f"1 of 3 workers cannot read HEIC: {poor}" in told
    rich = address_of(start_worker(cluster, DMEDIA_SLOT_SLOW_S="0"))
    out, err = launcher.communicate(timeout=120)
    assert launcher.returncode == 0, out + err
    files = dmedia.files().values()
    assert {file["attempts"] for file in files} == {1}
    workers = {file["worker"] for file in files}
    assert not workers & {poor, bare}
    assert rich in workers
    assert dmedia("status", "last", "--json").document["completed"] == MANY + 1


@pytest.mark.usefixtures("slow_slots")
def test_a_job_whose_only_worker_is_not_fit_waits_until_it_is(
    dmedia: Dmedia, photos: Path, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    for name in ("slow.heic", *(f"slow{number:02}.jpg" for number in range(MANY))):
        (photos / name).write_bytes(jpeg())
    cluster = make_cluster(threads=1)
    launcher = dmedia.start("resize", "in", "-o", "out", "--width", "9", "--scheduler", cluster.address, "--json")
    wait_until((tmp_path / "out" / "0.jpg").exists)
    folder = without(tmp_path / "poor", "pillow_heif")
    start_worker(cluster, folder, DASK_DMEDIA__LOOK_AGAIN_S="1", DMEDIA_SLOT_SLOW_S="0")
    wait_until(lambda: warnings(dmedia, "HEIC"))
    for worker in cluster.workers:
        os.killpg(worker.pid, signal.SIGKILL)
    (folder / "pillow_heif.py").unlink()
    out, err = launcher.communicate(timeout=120)
    assert launcher.returncode == 0, out + err
    assert len(below(tmp_path / "out")) == MANY + 7


def test_a_job_that_is_taken_up_again_on_unfit_workers_stays_as_it_is(
    dmedia: Dmedia, photos: Path, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    (photos / "slow.heic").write_bytes(jpeg())
    dmedia.slow_down(60)
    launcher = dmedia.start("resize", "in", "-o", "out", "--width", "9", "-j", "1")
    wait_until((tmp_path / "out" / "0.jpg").exists)
    launcher.kill()
    launcher.communicate()
    del dmedia.environment["DMEDIA_SLOT_SABOTAGE"]
    cluster = make_cluster(threads=1)
    start_worker(cluster, without(tmp_path / "poor", "pillow_heif"))
    ran = dmedia("resume", "last", "--scheduler", cluster.address)
    assert ran.status == 5, ran.out + ran.err
    assert "1 of 2 workers cannot read HEIC" in ran.err
    assert dmedia("status", "last", "--json").document["status"] == "interrupted"
    assert warnings(dmedia, "The launcher ended: 1 of 2 workers cannot read HEIC")
    assert dmedia("resume", "last", "-j", "1").status == 0


def test_the_file_by_which_workers_know_the_output_directory_does_not_outlive_the_job(
    dmedia: Dmedia, tmp_path: Path, make_cluster: ClusterMaker, slow_slots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "slow.jpg").write_bytes(jpeg())
    monkeypatch.setenv("DMEDIA_SLOT_SLOW_S", "60")
    cluster = make_cluster(threads=1)
    out = tmp_path / "out"
    command = ("resize", "in", "-r", "-o", "out", "--width", "9")
    launcher = dmedia.start(*command, "--scheduler", cluster.address)
    wait_until(slow_slots.exists)
    assert [path.name[:8] for path in out.iterdir() if path.is_file()] == [".dmedia-"]
    launcher.kill()
    launcher.communicate()
    assert dmedia("resume", "last", "-j", "1").status == 0
    assert below(out) == ["a/slow.jpg", "b/slow.jpg"]


@pytest.fixture
def store(dmedia: Dmedia, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """A bucket with a photo, which the launcher and workers reach."""
    for name, value in bucket.server.environment().items():
        monkeypatch.setenv(name, value)
        dmedia.environment[name] = value
    bucket.client.put_object(Bucket=bucket.name, Key="in/a.jpg", Body=jpeg())
    return bucket


def test_workers_that_lack_what_speaks_to_a_store_or_cannot_reach_it_are_refused(
    dmedia: Dmedia, store: Bucket, tmp_path: Path, make_cluster: ClusterMaker, start_worker: StartWorker
) -> None:
    for name in ("b.jpg", *(f"{part}/{number}.jpg" for part in ("before", "after") for number in range(8))):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(jpeg())
    cluster = make_cluster(threads=1)
    start_worker(cluster, without(tmp_path / "poor", "s3fs"))
    start_worker(cluster, AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    start_worker(cluster, AWS_ENDPOINT_URL="127.0.0.1:9")
    place = f"s3://{store.name}"
    inputs = "before", f"{place}/in/a.jpg", "after"  # one object among many files is looked at too
    ran = dmedia("resize", *inputs, "-o", "out", "--width", "9", "--scheduler", cluster.address)
    assert ran.status == 5, ran.out + ran.err
    assert "1 of 4 workers lacks dmedia[s3]: tcp://127.0.0.1:" in ran.err
    assert f"1 of 4 workers cannot read {place}/in/a.jpg: " in ran.err, ran.err
    assert f"1 of 4 workers cannot use {place}/in/a.jpg: " in ran.err
    assert "as it is configured: Invalid endpoint: 127.0.0.1:9" in ran.err
    assert "pip install 'dmedia[s3]' in every worker's environment" in ran.err
    ran = dmedia("resize", "b.jpg", "-o", f"{place}/out", "--width", "9", "--scheduler", cluster.address)
    assert ran.status == 5, ran.out + ran.err
    assert "1 of 4 workers lacks dmedia[s3]: tcp://127.0.0.1:" in ran.err
    assert f"1 of 4 workers cannot write into {place}/out: " in ran.err
    assert [found["Key"] for found in store.client.list_objects_v2(Bucket=store.name)["Contents"]] == ["in/a.jpg"]


def test_neither_launcher_nor_worker_is_led_out_of_roots_by_a_page_that_they_look_at(
    page_server: PageServer, page_proxy: ProxyServer
) -> None:
    (page_server.files / "census.jpg").write_bytes(b"abc")
    out = Rule(path="^/shop/", status=302, headers={"Location": "/census.jpg"}, times=999)
    page_proxy.obey(out)
    sample, roots = Sample(f"{page_proxy.address}/shop/a.jpg".encode(), 3), (f"{page_proxy.address}/shop".encode(),)
    assert is_as_planned(sample)
    assert look_into_store(sample) is None
    page_proxy.obey(out)
    assert not is_as_planned(sample, roots)
    lack = look_into_store(sample, roots)
    assert lack is not None
    assert "leads out of the directories" in lack.detail
    assert {seen["path"] for seen in page_proxy.requests()} == {"/shop/a.jpg"}


def test_fit_workers_pass_and_leave_nothing_in_a_store(
    dmedia: Dmedia, store: Bucket, make_cluster: ClusterMaker
) -> None:
    cluster = make_cluster(threads=1)
    place = f"s3://{store.name}"
    ran = dmedia("resize", f"{place}/in/a.jpg", "-o", f"{place}/out", "--width", "9", "--scheduler", cluster.address)
    assert ran.status == 0, ran.out + ran.err
    found = store.client.list_objects_v2(Bucket=store.name)["Contents"]
    assert [entry["Key"] for entry in found] == ["in/a.jpg", "out/a.jpg"]


def address_of(log: Path) -> str:
    found = re.search(rb"Start worker at: +(\S+)", log.read_bytes())
    assert found
    return found[1].decode()
