"""Real media that is too large for the repository: tests that want it are skipped where it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CORPUS = Path(os.environ.get("DMEDIA_CORPUS") or Path(__file__).parents[2] / "shared" / "corpus")
"""A folder with a ``MANIFEST.tsv``: named by the environment, else beside the checkout."""

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no corpus of real media at {CORPUS}: set DMEDIA_CORPUS")
