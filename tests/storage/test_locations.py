"""Paths and URLs have one set of questions."""

from __future__ import annotations

import os

import pytest

from dmedia.errors import UsageError
from dmedia.storage import locations
from dmedia.storage.ancestry import common_parent
from dmedia.words import shown


def test_a_url_has_a_scheme_and_a_path_has_none() -> None:
    assert locations.is_url(b"s3://bucket/a.jpg")
    assert locations.scheme(b"S3://bucket/a.jpg") == "s3"
    assert not locations.is_url(b"/photos/s3://x")
    assert locations.scheme(b"/photos/a.jpg") == ""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b"S3://Bucket/photos/", b"s3://Bucket/photos"),
        (b"gcs://b/k", b"gs://b/k"),
        (b"abfss://box@account.dfs.core.windows.net/k", b"az://box@account.dfs.core.windows.net/k"),
        (b"s3://b/a//b/../c", b"s3://b/a//b/../c"),
        (b"sftp://me@Host.example/a//b/../c.jpg", b"sftp://me@host.example/a/c.jpg"),
        (b"HTTPS://Host/a/../b.jpg?x=/y#part", b"https://host/b.jpg?x=/y"),
        (b"s3://b", b"s3://b"),
    ],
)
def test_a_url_has_one_spelling(given: bytes, expected: bytes) -> None:
    assert locations.normal(given) == expected
    assert locations.normal(expected) == expected


@pytest.mark.parametrize(
    "host",
    [b"nas", b"me@nas-2.example", b"nas_2:2222", b"10.0.0.1:22", b"[::1]", b"[2001:db8::1]:22", b"[fe80::1%en0]"],
)
def test_hosts_are_names_or_addresses_with_a_port_if_need_be(host: bytes) -> None:
    assert locations.parted(locations.normal(b"sftp://" + host + b"/a.jpg")).place == host


def test_a_path_is_made_absolute() -> None:
    assert locations.normal(b"a/../b.jpg") == os.path.join(os.getcwdb(), b"b.jpg")


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (b"memory://x/a.jpg", "s3://, gs://, az://, sftp://, https://, http://"),
        (b"file:///x/a.jpg", "/x/a.jpg"),
        (b"ftp://host/a.jpg", "sftp"),
        (b"s3:///a.jpg", "no bucket"),
        (b"sftp://me:secret@host/a", "credentials come from"),
        (b"s3://key:secret@bucket/a", "credentials come from"),
        (b"https://me@host/a", "credentials come from"),
        (b"s3://b/a\0b", "NUL"),
        (b'sftp://x:1 "-oproxycommand=touch pwned" y/a.jpg', "no name of a host"),
        (b"sftp://-oProxyCommand=x/a.jpg", "no name of a host"),
        (b"sftp://me@-oProxyCommand=x/a.jpg", "no name of a host"),
        (b"sftp://$(touch pwned)/a.jpg", "no name of a host"),
        (b"sftp://h%20x/a.jpg", "no name of a host"),
        (b"sftp://h:22x/a.jpg", "no name of a host"),
        (b"sftp://h:22:22/a.jpg", "no name of a host"),
        (b"sftp://h\n/a.jpg", "no name of a host"),
        (b"sftp://[::1%-x;y]/a.jpg", "no name of a host"),
        (b"sftp://[::1/a.jpg", "no name of a host"),
        ("sftp://b\u00fccher/a.jpg".encode(), "xn--"),
        (b"https://h\\x/a.jpg", "no name of a host"),
        (b"http://h?x=/a.jpg", "no name of a host"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_with_what_to_do(given: bytes, part: str) -> None:
    with pytest.raises(UsageError) as caught:
        locations.normal(given)
    told = f"{caught.value.message} {caught.value.hint}"
    assert part in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("location", "parent", "name"),
    [
        (b"/photos/a.jpg", b"/photos", b"a.jpg"),
        (b"s3://b/x/a.jpg", b"s3://b/x", b"a.jpg"),
        (b"s3://b/a.jpg", b"s3://b", b"a.jpg"),
        (b"s3://b", b"s3://b", b""),
        (b"s3://b/x?y/a?b.jpg", b"s3://b/x?y", b"a?b.jpg"),
        (b"https://h/x/a%20b.jpg?size=/1", b"https://h/x", b"a b.jpg"),
        (b"https://h/a%2fb%00.jpg", b"https://h", b"a_b_.jpg"),
    ],
)
def test_a_location_lies_in_a_directory_and_has_a_name(location: bytes, parent: bytes, name: bytes) -> None:
    assert locations.parent(location) == parent
    assert locations.name(location) == name


def test_names_are_put_behind_a_directory() -> None:
    assert locations.join(b"/out", b"a", b"b.jpg") == b"/out/a/b.jpg"
    assert locations.join(b"s3://b", b"a", b"b.jpg") == b"s3://b/a/b.jpg"


@pytest.mark.parametrize(
    ("several", "expected"),
    [
        ([b"/a/b", b"/a/c"], b"/a"),
        ([b"s3://b/x/y", b"s3://b/x/z"], b"s3://b/x"),
        ([b"s3://b/x", b"s3://b/xy"], b"s3://b"),
        ([b"s3://b/x", b"s3://b"], b"s3://b"),
        ([b"s3://b/x//y", b"s3://b/x//z"], b"s3://b/x/"),
        ([b"s3://b/x", b"s3://c/x"], b""),
        ([b"s3://b/x", b"/x"], b""),
    ],
)
def test_directories_of_one_place_have_a_common_one(several: list[bytes], expected: bytes) -> None:
    assert common_parent(several) == expected


def test_what_lies_below_a_directory_is_told_name_by_name() -> None:
    assert locations.is_below(b"s3://b/x/y", b"s3://b/x")
    assert locations.is_below(b"s3://b/x", b"s3://b/x")
    assert not locations.is_below(b"s3://b/xy", b"s3://b/x")
    assert locations.is_below(b"s3://b/x", b"s3://b")
    assert locations.is_below(b"/a", b"/")


def test_a_signed_url_is_shown_without_its_signature() -> None:
    url = b"https://h/a.jpg?width=3&X-Amz-Signature=abc123&X-Amz-Credential=me%2F1&name=x"
    assert shown(url) == "https://h/a.jpg?width=3&X-Amz-Signature=...&X-Amz-Credential=...&name=x"
    assert shown(b"/photos/what?key=1") == "/photos/what?key=1"
