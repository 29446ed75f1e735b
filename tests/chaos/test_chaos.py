"""Whatever is killed while work goes on, nothing is lost, nothing is half, and little is done again."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.chaos.account import Account
from tests.chaos.ordeal import Trial, prepare, undergo
from tests.chaos.schedule import KINDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="publications are watched by inotify")

FEW, MANY = 600, 10_000


def assert_nothing_was_lost(account: Account) -> None:
    print(account.table())
    assert sorted(cost.hit.kill.kind for cost in account.costs) == sorted(KINDS)
    assert account.faults() == []


def test_five_kills_lose_nothing(tmp_path: Path) -> None:
    trial = prepare(tmp_path / "plain", FEW, (960, 720), "resize", "--width", "800")
    assert_nothing_was_lost(undergo(trial, tmp_path / "kills", seed=1))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return prepare(tmp_path_factory.mktemp("many"), MANY, (160, 120), "resize", "--width", "100")


@pytest.mark.chaos
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_thousand_files_survive_five_kills(many: Trial, tmp_path: Path, seed: int) -> None:
    assert_nothing_was_lost(undergo(many, tmp_path, seed))
