"""Which store a location belongs to, and what stores do to the process that uses them."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dmedia.errors import UsageError
from dmedia.storage.stores import store_of
from dmedia.storage.stores.settings import settings
from tests.command import ROOT
from tests.servers.processes import Bucket
from tests.storage.conftest import Leads

LIMIT_S = 60


@pytest.mark.parametrize(
    ("location", "words"),
    [
        (b"memory://a/b.jpg", "s3://"),
        (b"ftp://host/b.jpg", "s3://"),
        (b"file:///a/b.jpg", "name its path"),
        (b"https://ana:secret@host/b.jpg", "credentials come from"),
        (b"sftp://ana:secret@host/b.jpg", "credentials come from"),
        (b"s3:///b.jpg", "bucket"),
    ],
)
def test_other_schemes_and_passwords_are_refused(location: bytes, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        store_of(location)
    told = f"{caught.value.message} {caught.value.hint}"
    assert words in told
    assert told.count("known are") <= 1
    assert "secret" not in told


def test_a_location_has_one_store_in_a_process_whatever_thread_asks(bucket: Bucket, lead: Leads) -> None:
    lead(bucket.server.environment())
    with ThreadPoolExecutor(8) as pool:
        stores = set(pool.map(store_of, [bucket.url(str(number)).encode() for number in range(32)]))
    assert len(stores) == 1
    assert store_of(b"http://one/a") is not store_of(b"http://two/a")


def test_a_package_that_is_missing_is_named_with_its_extra(lead: Leads, monkeypatch: pytest.MonkeyPatch) -> None:
    lead({})
    for package in ("s3fs", "gcsfs", "adlfs", "paramiko", "aiohttp"):
        monkeypatch.setitem(sys.modules, package, None)
    for location, extra in ((b"s3://a", "s3"), (b"gcs://a", "gcs"), (b"abfs://a", "azure"), (b"https://a", "http")):
        with pytest.raises(UsageError) as caught:
            store_of(location)
        assert f"pip install 'dmedia[{extra}]'" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("environment", "location", "named"),
    [
        ({"AWS_ENDPOINT_URL": "127.0.0.1:5765"}, b"s3://a/b.jpg", "AWS_ENDPOINT_URL"),
        ({"AWS_ENDPOINT_URL": "ana:secret@127.0.0.1:5765"}, b"s3://a/b.jpg", "AWS_ENDPOINT_URL"),
        ({"FSSPEC_S3_BOGUS": "1"}, b"s3://a/b.jpg", "FSSPEC_S3_"),
        ({"FSSPEC_S3_CLIENT_KWARGS": "no dictionary"}, b"s3://a/b.jpg", "FSSPEC_S3_"),
        ({"FSSPEC_S3_CONFIG_KWARGS": "no dictionary"}, b"s3://a/b.jpg", "FSSPEC_S3_"),
        ({"FSSPEC_SFTP_BOGUS": "1"}, b"sftp://127.0.0.1:9/b.jpg", "FSSPEC_SFTP_"),
        ({"FSSPEC_HTTP_CLIENT_KWARGS": "no dictionary"}, b"http://127.0.0.1:9/b.jpg", "FSSPEC_HTTP_"),
        ({"FSSPEC_GCS_TOKEN": "secret", "https_proxy": "http://127.0.0.1:9"}, b"gs://a/b.jpg", "GOOGLE_APP"),
    ],
)
def test_a_client_that_cannot_be_set_up_is_a_matter_of_its_configuration(
    lead: Leads, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], location: bytes, named: str
) -> None:
    import fsspec.config

    monkeypatch.setattr(fsspec.config, "conf", {})
    lead({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "us-east-1", **environment})
    fsspec.config.set_conf_env(fsspec.config.conf)
    with pytest.raises(UsageError) as caught:
        store_of(location).look(location)
    assert named in str(caught.value.hint)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["none", "0", "-1", "inf", "0.5"])
def test_a_setting_that_makes_no_sense_is_named(lead: Leads, text: str) -> None:
    lead({"DMEDIA_STORE_ATTEMPTS": text})
    with pytest.raises(UsageError, match="DMEDIA_STORE_ATTEMPTS"):
        settings()


USING = """
import multiprocessing, os, sys, threading
from dmedia.storage.stores import store_of

def look(location):
    assert store_of(location).look(location).size_bytes == 1

if __name__ == "__main__":
    location = sys.argv[2].encode()
    threads = [threading.Thread(target=look, args=(location,)) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    if sys.argv[1] == "fork":
        child = os.fork()
        if child == 0:
            look(location)
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    if sys.argv[1] == "spawn":
        child = multiprocessing.get_context("spawn").Process(target=look, args=(location,))
        child.start()
        child.join()
        assert child.exitcode == 0
    print("done")
"""


@pytest.mark.parametrize("way", ["threads", "fork", "spawn"])
def test_a_process_that_used_a_store_ends_at_once_and_in_silence(bucket: Bucket, tmp_path: Path, way: str) -> None:
    bucket.put("a.jpg", b"x")
    program = tmp_path / "program.py"
    program.write_text(USING)
    ended = subprocess.run(
        [sys.executable, program, way, bucket.url("a.jpg")],
        env={**os.environ, **bucket.server.environment(), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done\n", "")


def test_a_program_that_names_no_url_loads_no_client() -> None:
    program = "import dmedia.storage.stores, sys; print({'fsspec', 's3fs', 'aiohttp', 'asyncio'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout == "set()\n"
