"""Clients are configured by others than dmedia: what they cannot be set up with is said, and is no bug of dmedia."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dmedia.errors import DmediaError, UsageError
from dmedia.words import gist

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURED_BY: dict[str, str] = {
    "s3": "AWS_ENDPOINT_URL (a whole URL: http://host:9000), ~/.aws/config, and fsspec's FSSPEC_S3_...",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, STORAGE_EMULATOR_HOST, and fsspec's FSSPEC_GCS_...",
    "az": "AZURE_STORAGE_..., and fsspec's FSSPEC_ABFS_...",
    "sftp": "~/.ssh/config, and fsspec's FSSPEC_SFTP_...",
    "https": "fsspec's FSSPEC_HTTPS_... and FSSPEC_HTTP_...",
    "http": "fsspec's FSSPEC_HTTP_...",
}
"""Where a client takes its configuration from, by scheme."""

TELLING = (TypeError, ValueError, AttributeError, LookupError, AssertionError)
"""What Python raises for arguments that do not fit. Their words repeat a name or an address; those of other errors may
hold a token."""

_USER = re.compile(r"[^\s@]+@")
"""What an address may have in front of its host: a password among it."""


@contextmanager
def configured(scheme: str) -> Iterator[None]:
    """Set a client up, within this context: no request is made in it.

    Parameters
    ----------
    scheme : str
        Of the store.

    Raises
    ------
    UsageError
        When an argument does not fit, all of which come from the client's own configuration.
    """
    try:
        yield
    except DmediaError:
        raise
    except TELLING as error:
        raise misconfigured(scheme, _USER.sub("...@", gist(error))) from error


def misconfigured(scheme: str, said: str) -> UsageError:
    """Make the error of a client that cannot be set up, to be raised by the caller.

    Parameters
    ----------
    scheme : str
        Of the store.
    said : str
        What the client said, without secrets.

    Returns
    -------
    UsageError
        With a hint that names where the configuration comes from.
    """
    hint = f"Check {CONFIGURED_BY[scheme]} and ~/.config/fsspec; on a cluster, those of the workers"
    return UsageError(f"{scheme}:// cannot be used as it is configured: {said}", hint)
