"""A store is tried before anybody relies on it: by the launcher and by each worker, which judge alike."""

from __future__ import annotations

import pytest

from dmedia.errors import MediaError, PreflightError
from dmedia.model import Inputs, JobSpec
from dmedia.operations.convert import Convert
from dmedia.planning.destination import destination_of
from dmedia.run.fitness.store_examination import put_into_store
from dmedia.storage import trial

OUT = b"s3://bucket/out"
SPEC = JobSpec("convert", Convert(format="webp"), Inputs((b"/in",)), OUT)


class Strict:
    """A store that does not allow everything."""

    def __init__(self, *forbidden: str) -> None:
        self._forbidden = forbidden

    def put(self, *_: object) -> None:
        self._refuse("put")

    def remove(self, _: bytes) -> None:
        self._refuse("remove")

    def _refuse(self, what: str) -> None:
        if what in self._forbidden:
            raise MediaError("permission_denied", f"you may not {what}", "publish", "ask somebody")


def allow(monkeypatch: pytest.MonkeyPatch, store: Strict) -> None:
    monkeypatch.setattr(trial, "store_of", lambda _: store)


def test_a_store_that_takes_objects_and_keeps_them_is_warned_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, Strict("remove"))
    (warning,) = destination_of(SPEC).make("batch-1-a")
    assert "cannot be removed: you may not remove" in warning
    assert put_into_store(OUT, "batch-1-a") is None


def test_a_store_that_takes_no_objects_is_refused_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch, Strict("put", "remove"))
    with pytest.raises(PreflightError, match="s3://bucket/out cannot be written: you may not put") as refused:
        destination_of(SPEC).make("batch-1-a")
    assert refused.value.hint == "ask somebody"
    lack = put_into_store(OUT, "batch-1-a")
    assert lack is not None
    assert (lack.phrase, lack.hint) == ("cannot write into s3://bucket/out", "ask somebody")
