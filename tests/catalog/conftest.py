"""Buckets as inputs."""

from __future__ import annotations

import pytest

from tests.servers.processes import Bucket
from tests.storage.conftest import Leads, lead

__all__ = ["lead"]


@pytest.fixture
def photos(bucket: Bucket, lead: Leads) -> Bucket:
    """An empty bucket that this process reads."""
    lead(bucket.server.environment())
    return bucket
