"""A test that lacks what it needs is skipped with the reason, and fails where everything must run."""

from __future__ import annotations

import pytest

from tests.machines import need


def test_a_missing_program_skips_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="not-there not installed: apt-get install its-package"):
        need("bash", "not-there", package="its-package")


def test_a_missing_program_fails_in_continuous_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not-there"):
        need("not-there", package="its-package")
