"""S3: a real server process, and a proxy in front of it that makes trouble."""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from dataclasses import replace

import pytest

from dmedia.errors import MediaError
from dmedia.storage.stores import Identity, Store, Terms, store_of
from tests.servers.processes import Bucket, ProxyServer
from tests.servers.proxy import Rule
from tests.storage.conftest import Leads, code_of, content_of, fill

OURS = Terms("batch-1", replaces=False, content_type="image/jpeg")
OTHERS = Terms("batch-2", replaces=False, content_type="image/jpeg")
RENEWING = replace(OURS, renews=True)
SLOW_DOWN = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
ANY = 1 << 40
PERSISTENT = {"DMEDIA_STORE_ATTEMPTS": "6"}
"""Where waiting is short, for a busy machine may be slow too."""


@pytest.fixture
def store(bucket: Bucket, lead: Leads) -> Store:
    lead(bucket.server.environment())
    return store_of(bucket.url().encode())


@pytest.fixture
def troubled(bucket: Bucket, s3_proxy: ProxyServer, lead: Leads) -> Store:
    """The same, behind the proxy."""
    lead(bucket.server.environment(s3_proxy.address))
    return store_of(bucket.url().encode())


@pytest.mark.parametrize("key", ["a.jpg", "so rt/ä ö/%20?#&+[x].jpg", "a//b/../c.jpg", "日本/\U0001f600.jpg"])
def test_what_is_put_is_seen_by_others_and_fetched_as_it_was(
    store: Store, bucket: Bucket, descriptor: int, key: str
) -> None:
    location, content = bucket.url(key).encode(), os.urandom(100_000)
    put = store.put(fill(descriptor, content), location, OURS)
    assert (put.size_bytes, put.version) == (100_000, hashlib.md5(content).hexdigest())
    assert bucket.get(key) == content
    found = bucket.client.head_object(Bucket=bucket.name, Key=key)
    assert (found["ContentType"], found["Metadata"]["dmedia-job"]) == ("image/jpeg", "batch-1")

    looked = store.look(location)
    assert looked is not None
    assert (looked.size_bytes, looked.version, looked.mtime_ns // 10**9) == (
        *(put.size_bytes, put.version),
        int(found["LastModified"].timestamp()),
    )
    fill(descriptor, b"")
    assert store.fetch(location, descriptor, ANY) == looked
    assert content_of(descriptor) == content
    assert store.head(location, 16) == content[:16]
    assert store.mark_of(location) == "batch-1"
    assert [entry.location for entry in store.entries(bucket.url().encode(), recursive=True)] == [location]
    assert [entry.identity for entry in store.entries(bucket.url().encode(), recursive=True)] == [looked]
    store.remove(location)
    store.remove(location)
    assert store.look(location) is None
    assert store.mark_of(location) is None


def test_an_empty_object_has_no_head_and_no_content(store: Store, bucket: Bucket, descriptor: int) -> None:
    bucket.put("empty", b"")
    assert store.head(bucket.url("empty").encode(), 64) == b""
    assert store.fetch(bucket.url("empty").encode(), descriptor, ANY).size_bytes == 0
    assert store.put(descriptor, bucket.url("empty too").encode(), OURS).size_bytes == 0


def test_a_listing_comes_page_by_page_and_keeps_to_its_directory(
    troubled: Store, s3_proxy: ProxyServer, bucket: Bucket
) -> None:
    for number in range(45):
        bucket.put(f"photos/{number:02}.jpg", b"x")
    for key in ("photos/", "photos/deep/er/a.jpg", "photos2/a.jpg", "a.jpg"):
        bucket.put(key, b"x")
    listing = troubled.entries(bucket.url("photos").encode(), recursive=True)
    first = list(itertools.islice(listing, 10))
    assert len(s3_proxy.requests()) == 1
    everything = {entry.location.decode() for entry in [*first, *listing]}
    assert everything == {bucket.url(key) for key in bucket.keys("photos/") if key != "photos/"}
    assert len(s3_proxy.requests()) == 3
    flat = {entry.location for entry in troubled.entries(bucket.url("photos/").encode(), recursive=False)}
    assert len(flat) == 45
    assert list(troubled.entries(bucket.url("nothing").encode(), recursive=True)) == []
    assert [entry.location for entry in troubled.entries(bucket.url().encode(), recursive=False)] == [
        bucket.url("a.jpg").encode()
    ]


def test_what_somebody_else_has_put_stays_unless_it_may_be_replaced(
    store: Store, bucket: Bucket, descriptor: int
) -> None:
    location = bucket.url("a.jpg").encode()
    bucket.put("a.jpg", b"theirs")
    assert code_of(lambda: store.put(fill(descriptor, b"ours"), location, OURS))[0] == "output_exists"
    assert store.mark_of(location) is None
    assert bucket.get("a.jpg") == b"theirs"
    store.put(descriptor, location, Terms("batch-1", replaces=True, content_type=""))
    assert bucket.get("a.jpg") == b"ours"


def test_what_jobs_of_ours_have_put_may_be_put_again_or_replaced(store: Store, bucket: Bucket, descriptor: int) -> None:
    location = bucket.url("a.jpg").encode()
    first = store.put(fill(descriptor, b"one"), location, OURS)
    assert store.put(descriptor, location, OURS).version == first.version
    second = store.put(fill(descriptor, b"another"), location, OURS)
    assert second.version != first.version
    assert bucket.get("a.jpg") == b"another"
    store.put(descriptor, location, OTHERS)
    assert store.mark_of(location) == "batch-2"


def test_what_was_ours_is_renewed_only_while_it_is_ours_and_not_twice(
    troubled: Store, s3_proxy: ProxyServer, bucket: Bucket, descriptor: int
) -> None:
    location = bucket.url("a.jpg").encode()
    first = troubled.put(fill(descriptor, b"one"), location, OTHERS)
    s3_proxy.obey()
    renewed = troubled.put(fill(descriptor, b"two"), location, RENEWING)
    assert [sent["headers"]["If-Match"] for sent in s3_proxy.requests("PUT")] == [f'"{first.version}"']
    assert (bucket.get("a.jpg"), troubled.mark_of(location)) == (b"two", "batch-1")
    s3_proxy.obey()
    assert troubled.put(descriptor, location, RENEWING).version == renewed.version
    bucket.put("a.jpg", b"theirs")
    assert code_of(lambda: troubled.put(descriptor, location, RENEWING))[0] == "output_exists"
    assert s3_proxy.requests("PUT") == []
    assert troubled.checksum_of(location) is None
    troubled.remove(location)
    troubled.put(descriptor, location, RENEWING)
    assert troubled.checksum_of(location) == hashlib.sha256(b"two").hexdigest()
    troubled.remove(location)
    assert troubled.checksum_of(location) is None


def test_a_checksum_that_is_known_is_kept_and_not_computed_again(
    store: Store, bucket: Bucket, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("dmedia.storage.stores.objects.digest_of")
    location, sha256 = bucket.url("a.jpg").encode(), hashlib.sha256(b"one").hexdigest()
    store.put(fill(descriptor, b"one"), location, replace(OURS, sha256=sha256))
    assert store.checksum_of(location) == sha256


def test_a_store_without_conditions_is_looked_at_before(
    troubled: Store, s3_proxy: ProxyServer, bucket: Bucket, descriptor: int
) -> None:
    refusal = Rule(method="PUT", status=501, body="<Error><Code>NotImplemented</Code></Error>")
    s3_proxy.obey(refusal)
    troubled.put(fill(descriptor, b"ours"), bucket.url("a.jpg").encode(), OURS)
    assert bucket.get("a.jpg") == b"ours"
    bucket.put("b.jpg", b"theirs")
    s3_proxy.obey(refusal)
    assert code_of(lambda: troubled.put(descriptor, bucket.url("b.jpg").encode(), OURS))[0] == "output_exists"
    assert bucket.get("b.jpg") == b"theirs"
    s3_proxy.obey()
    troubled.put(fill(descriptor, b"ours"), bucket.url("c.jpg").encode(), OURS)
    assert ["If-None-Match" in sent["headers"] for sent in s3_proxy.requests("PUT")] == [False]  # it is remembered


def test_a_store_without_checksums_is_sent_none(
    bucket: Bucket, s3_proxy: ProxyServer, lead: Leads, descriptor: int
) -> None:
    for calculation, is_sent in (("when_supported", True), ("when_required", False)):
        environment = bucket.server.environment(s3_proxy.address)
        lead({**environment, "AWS_REQUEST_CHECKSUM_CALCULATION": calculation})
        s3_proxy.obey()
        store_of(b"s3://b").put(fill(descriptor, b"x"), bucket.url(calculation).encode(), OURS)
        (sent,) = s3_proxy.requests("PUT")
        assert any("checksum" in name.lower() for name in sent["headers"]) == is_sent


@pytest.mark.parametrize(
    "trouble",
    [
        Rule(status=503, body=SLOW_DOWN, times=2),
        Rule(status=503, times=2),
        Rule(status=500, times=1),
        Rule(status=429, headers={"Retry-After": "0"}, times=2),
        Rule(action="cut", bytes=70_000, times=2),
        Rule(action="lose", times=2),
    ],
    ids=lambda rule: f"{rule.action} {rule.status}",
)
def test_trouble_that_passes_is_not_noticed(
    troubled: Store, s3_proxy: ProxyServer, bucket: Bucket, descriptor: int, trouble: Rule
) -> None:
    content = os.urandom(200_000)
    bucket.put("source", content)
    s3_proxy.obey(trouble)
    assert troubled.fetch(bucket.url("source").encode(), descriptor, ANY).size_bytes == len(content)
    assert content_of(descriptor) == content
    s3_proxy.obey(trouble)
    put = troubled.put(fill(descriptor, content[::-1]), bucket.url("rendition").encode(), OURS)
    assert bucket.get("rendition") == content[::-1]
    assert put.version == hashlib.md5(content[::-1]).hexdigest()
    s3_proxy.obey(trouble)
    assert len(list(troubled.entries(bucket.url().encode(), recursive=True))) == 2


def test_a_server_that_falls_silent_is_asked_again(
    bucket: Bucket, s3_proxy: ProxyServer, lead: Leads, descriptor: int
) -> None:
    lead({**bucket.server.environment(s3_proxy.address), **PERSISTENT, "DMEDIA_STORE_READ_TIMEOUT_S": "1"})
    bucket.put("source", b"x" * 1000)
    s3_proxy.obey(Rule(action="hang"))
    store_of(b"s3://b").fetch(bucket.url("source").encode(), descriptor, ANY)
    assert content_of(descriptor) == b"x" * 1000
    s3_proxy.obey(Rule(action="hang"))
    store_of(b"s3://b").put(descriptor, bucket.url("rendition").encode(), OURS)
    assert bucket.get("rendition") == b"x" * 1000


def test_an_upload_that_nobody_takes_is_tried_again(
    bucket: Bucket, s3_proxy: ProxyServer, lead: Leads, descriptor: int
) -> None:
    lead(
        {
            **bucket.server.environment(s3_proxy.address),
            "DMEDIA_STORE_READ_TIMEOUT_S": "2",
            "DMEDIA_STORE_CONNECT_TIMEOUT_S": "2",
            **PERSISTENT,
        }
    )
    os.ftruncate(descriptor, 30 << 20)  # more than what lies between two sockets
    s3_proxy.obey(Rule(action="hang"))
    store_of(b"s3://b").put(descriptor, bucket.url("rendition").encode(), OURS)
    assert [seen["rule"] for seen in s3_proxy.requests("PUT")][:2] == ["hang", ""]
    assert len(bucket.get("rendition")) == 30 << 20


def test_a_broken_download_goes_on_where_it_broke(
    troubled: Store, s3_proxy: ProxyServer, bucket: Bucket, descriptor: int
) -> None:
    content = os.urandom(3 << 20)
    bucket.put("a", content)
    s3_proxy.obey(Rule(action="cut", bytes=5 << 19))
    troubled.fetch(bucket.url("a").encode(), descriptor, ANY)
    assert content_of(descriptor) == content
    ranges = [seen["headers"].get("Range") for seen in s3_proxy.requests("GET")]
    assert ranges[0] is None
    assert int(ranges[1].removeprefix("bytes=").removesuffix("-")) > 0


def test_an_object_that_changes_while_it_is_read_is_never_read_half_and_half(
    troubled: Store, s3_proxy: ProxyServer, bucket: Bucket, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("a", b"1" * (3 << 20))
    s3_proxy.obey(Rule(action="cut", bytes=2 << 20))
    monkeypatch.setattr("dmedia.storage.stores.attempts.time.sleep", lambda _: bucket.put("a", b"2" * (1 << 20)))
    identity = troubled.fetch(bucket.url("a").encode(), descriptor, ANY)
    assert content_of(descriptor) == b"2" * (1 << 20)
    assert identity.version == hashlib.md5(b"2" * (1 << 20)).hexdigest()


def test_a_server_that_stays_down_is_asked_a_bounded_number_of_times(
    troubled: Store, s3_proxy: ProxyServer, bucket: Bucket, descriptor: int
) -> None:
    for request in (
        lambda: troubled.fetch(bucket.url("a").encode(), descriptor, ANY),
        lambda: troubled.put(fill(descriptor, b"x"), bucket.url("b").encode(), OURS),
        lambda: list(troubled.entries(bucket.url().encode(), recursive=True)),
        lambda: troubled.look(bucket.url("a").encode()),
    ):
        s3_proxy.obey(Rule(status=503, body=SLOW_DOWN, times=99))
        code, message = code_of(request)
        assert (code, message.startswith("Remote error: ")) == ("remote_error", True)
        assert len(s3_proxy.requests()) == 3


def test_nobody_at_the_endpoint_is_a_remote_error(lead: Leads, bucket: Bucket, descriptor: int) -> None:
    lead(bucket.server.environment("http://127.0.0.1:9"))
    code, message = code_of(lambda: store_of(b"s3://bucket").fetch(b"s3://bucket/a", descriptor, ANY))
    assert code == "remote_error"
    assert "127.0.0.1:9" in message


def test_a_download_that_crawls_is_given_up(
    bucket: Bucket, s3_proxy: ProxyServer, lead: Leads, descriptor: int
) -> None:
    lead(
        {
            **bucket.server.environment(s3_proxy.address),
            "DMEDIA_STORE_READ_TIMEOUT_S": "0.5",
            "DMEDIA_STORE_CONNECT_TIMEOUT_S": "0.5",
            "DMEDIA_STORE_ATTEMPTS": "1",
        }
    )
    bucket.put("a", b"x" * 1000)
    s3_proxy.obey(Rule(action="drip", bytes=1, seconds=0.2))
    before_s = time.monotonic()
    code, _ = code_of(lambda: store_of(b"s3://b").fetch(bucket.url("a").encode(), descriptor, 2000))
    assert code == "remote_error"
    assert time.monotonic() - before_s < 60


REFUSALS = [
    (403, "AccessDenied", "permission_denied"),
    (400, "ExpiredToken", "permission_denied"),
    (404, "NoSuchBucket", "not_found"),
    (507, "XMinioStorageFull", "disk_full"),
    (400, "InvalidRequest", "remote_error"),
]


def test_nothing_is_written_into_a_file_after_its_download_was_given_up(
    store: Store, bucket: Bucket, descriptor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def write_slowly(*_: object) -> None:
        time.sleep(1)
        written.append(time.monotonic())

    monkeypatch.setattr("dmedia.storage.stores.downloads.write", write_slowly)
    bucket.put("a", b"x" * (8 << 20))
    monkeypatch.setattr("dmedia.storage.stores.settings.Settings.limit_s", lambda *_: 1.5)
    code, _ = code_of(lambda: store.fetch(bucket.url("a").encode(), descriptor, ANY))
    given_up_s = time.monotonic()
    assert code == "remote_error"
    assert written
    time.sleep(1.5)
    assert max(written) < given_up_s


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal[1])
def test_what_does_not_pass_is_told_at_once(
    troubled: Store, s3_proxy: ProxyServer, bucket: Bucket, descriptor: int, refusal: tuple[int, str, str]
) -> None:
    status, word, code = refusal
    body = f"<Error><Code>{word}</Code><Message>No.</Message></Error>"
    for request in (
        lambda: troubled.fetch(bucket.url("a").encode(), descriptor, ANY),
        lambda: troubled.put(fill(descriptor, b"x"), bucket.url("b").encode(), OURS),
    ):
        s3_proxy.obey(Rule(status=status, body=body))
        told, message = code_of(request)
        assert told == code
        assert (word if code != "not_found" else "no bucket 'test-") in message
        assert len(s3_proxy.requests()) == 1


def test_without_credentials_nothing_is_asked_and_the_hint_says_where_they_come_from(
    bucket: Bucket, s3_proxy: ProxyServer, lead: Leads, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = bucket.server.environment(s3_proxy.address)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
        del environment[name]
    lead(environment)
    with pytest.raises(MediaError, match="no usable credentials") as caught:
        store_of(b"s3://b").look(bucket.url("a").encode())
    assert caught.value.code == "permission_denied"
    assert "AWS_ACCESS_KEY_ID" in str(caught.value.hint)
    assert s3_proxy.requests() == []


def test_missing_things_and_large_ones_are_told_apart(store: Store, bucket: Bucket, descriptor: int) -> None:
    bucket.put("a", b"x" * 100)
    assert code_of(lambda: store.fetch(bucket.url("b").encode(), descriptor, ANY))[0] == "not_found"
    assert code_of(lambda: store.fetch(bucket.url("a").encode(), descriptor, 99))[0] == "too_large"
    assert code_of(lambda: list(store.entries(b"s3://no-such-bucket/a", recursive=True))) == (
        "not_found",
        "Not found: there is no bucket 'no-such-bucket'",
    )
    assert code_of(lambda: store.look(b"s3:///a"))[0] == "not_found"
    assert code_of(lambda: store.put(descriptor, bucket.url().encode() + b"/\xff.jpg", OURS))[0] == "not_found"


def test_a_full_disk_is_told_as_such(store: Store, bucket: Bucket) -> None:
    bucket.put("a", b"x" * 100)
    with open("/dev/full", "r+b", buffering=0) as full:
        assert code_of(lambda: store.fetch(bucket.url("a").encode(), full.fileno(), ANY))[0] == "disk_full"


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Let uploads go in parts above 6 MiB; what is larger."""
    monkeypatch.setattr("dmedia.storage.stores.s3.MOST_SINGLE_BYTES", 6 << 20)
    monkeypatch.setattr("dmedia.storage.stores.s3_uploads.PART_BYTES", 5 << 20)
    return os.urandom(1 << 20) * 11


def test_large_renditions_go_in_parts_and_appear_at_once(
    troubled: Store, s3_proxy: ProxyServer, bucket: Bucket, descriptor: int, small_parts: bytes
) -> None:
    location = bucket.url("film.mp4").encode()
    s3_proxy.obey(Rule(method="PUT", times=1), Rule(method="PUT", action="lose", times=1))
    put = troubled.put(fill(descriptor, small_parts), location, OURS)
    assert bucket.get("film.mp4") == small_parts
    assert troubled.look(location) == Identity(len(small_parts), troubled.look(location).mtime_ns, put.version)  # type: ignore[union-attr]
    assert troubled.mark_of(location) == "batch-1"
    assert troubled.put(descriptor, location, OURS).version == put.version
    bucket.put("film.mp4", b"theirs")
    s3_proxy.obey()
    assert code_of(lambda: troubled.put(descriptor, location, OURS))[0] == "output_exists"
    assert {asked["method"] for asked in s3_proxy.requests()} == {"HEAD"}  # no part was sent in vain
    assert bucket.uploads() == []


def test_an_upload_whose_last_answer_is_lost_has_succeeded(
    troubled: Store, s3_proxy: ProxyServer, bucket: Bucket, descriptor: int, small_parts: bytes
) -> None:
    location = bucket.url("film.mp4").encode()
    s3_proxy.obey(Rule(method="POST", path="uploadId", action="lose"))
    put = troubled.put(fill(descriptor, small_parts), location, OURS)
    assert put == Identity(len(small_parts), put.mtime_ns, put.version)
    assert bucket.get("film.mp4") == small_parts
    assert bucket.uploads() == []


def test_an_upload_that_fails_leaves_nothing(
    troubled: Store, s3_proxy: ProxyServer, bucket: Bucket, descriptor: int, small_parts: bytes
) -> None:
    s3_proxy.obey(Rule(method="PUT", path="partNumber=2", times=99))
    code, _ = code_of(lambda: troubled.put(fill(descriptor, small_parts), bucket.url("film.mp4").encode(), OURS))
    assert code == "remote_error"
    assert bucket.keys() == []
    assert bucket.uploads() == []
