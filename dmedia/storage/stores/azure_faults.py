"""What Azure and its client say when they refuse, as failures of files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dmedia.storage.faults import PASSING_STATUS, remote_fault
from dmedia.storage.stores.attempts import Refusal
from dmedia.storage.stores.web import is_untrusted, untrusted
from dmedia.words import gist

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

    from dmedia.errors import Stage

CREDENTIALS = (
    "Account and credentials come from AZURE_STORAGE_CONNECTION_STRING, or from AZURE_STORAGE_ACCOUNT_NAME with"
    " AZURE_STORAGE_ACCOUNT_KEY, AZURE_STORAGE_SAS_TOKEN, az login or a managed identity; on a cluster, the workers'"
)

SETTLED = frozenset({"BlobAlreadyExists", "ConditionNotMet", "BlobNotFound"})
"""Error codes of a condition that did not hold."""


def explain(error: Exception, container: str, stage: Stage) -> Refusal | None:
    """Turn what a request to Azure raised into a refusal.

    Parameters
    ----------
    error : Exception
        As the client raised it.
    container : str
        Name of the container that was asked.
    stage : Stage
        Where on the file's way it happened.

    Returns
    -------
    Refusal or None
        ``None`` for what is a bug.
    """
    from azure.core import exceptions

    if isinstance(error, exceptions.HttpResponseError) and error.status_code:
        return _answered(error, container, stage)
    if is_untrusted(error):
        return untrusted(f"az://{container}", stage)
    if isinstance(error, exceptions.ClientAuthenticationError):
        said = f"no usable credentials for az://{container}: {_line(error)}"
        return Refusal(remote_fault(403, said, stage, CREDENTIALS))
    if isinstance(error, exceptions.AzureError | asyncio.TimeoutError | OSError | EOFError):
        said = f"az://{container} cannot be reached or does not answer: {_line(error)}"
        return Refusal(remote_fault(0, said, stage, "Check the network and the account's name"), passes=True)
    return None


def _answered(error: HttpResponseError, container: str, stage: Stage) -> Refusal:
    told = getattr(error, "error_code", None)
    code = str(getattr(told, "value", told) or "")
    if code in SETTLED or error.status_code == 412:
        status = 404 if code == "BlobNotFound" else 412
        said = "no such blob" if status == 404 else "something else stands there now"
        return Refusal(remote_fault(status, said, stage), settled=True)
    if code == "ContainerNotFound":
        return Refusal(remote_fault(404, f"there is no container {container!r}", stage, "Check its name"))
    said = f"az://{container} answers {code or error.status_code}: {_line(error)}"
    hint = CREDENTIALS if error.status_code in {401, 403} else None
    return Refusal(remote_fault(error.status_code or 0, said, stage, hint), error.status_code in PASSING_STATUS)


def _line(error: Exception) -> str:
    return gist(str(error).partition("\n")[0] or error)  # ids of requests follow
