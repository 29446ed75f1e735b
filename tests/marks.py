"""Where the file system of the tests keeps no extended attributes, there is nothing to prove about marks."""

from __future__ import annotations

import os
import tempfile

import pytest


def are_kept() -> bool:
    with tempfile.NamedTemporaryFile() as file:
        try:
            os.setxattr(file.fileno(), "user.dmedia", b"try")
        except (OSError, AttributeError):
            return False
    return True


needs_marks = pytest.mark.skipif(not are_kept(), reason="the temporary directory's file system keeps no attributes")
