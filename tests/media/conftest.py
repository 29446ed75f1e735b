"""What the tests of one file's way share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dmedia.model import FileResult
from tests.media_making import work

Processing = Callable[..., FileResult]


@pytest.fixture
def processed(tmp_path: Path) -> Processing:
    """Write bytes as a source, run one operation on it, and hold that nothing but the rendition is there afterwards."""

    def run(content: bytes, operation: str, name: str = "in.jpg", out: str = "out.jpg", **arguments: Any) -> FileResult:
        place = Path(tempfile.mkdtemp(dir=tmp_path))
        source, output = place / name, place / "renditions"
        source.write_bytes(content)
        result = work(os.fsencode(source), os.fsencode(output / out), operation, **arguments)
        left = sorted(os.listdir(output)) if output.exists() else []
        assert left == ([] if result.failure else [out])
        return result

    return run
