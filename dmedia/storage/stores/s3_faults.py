"""What S3 and its client say when they refuse, as failures of files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dmedia.storage.faults import PASSING_STATUS, remote_fault
from dmedia.storage.stores.attempts import Refusal, asked_wait_s
from dmedia.storage.stores.web import is_untrusted, untrusted
from dmedia.words import gist

if TYPE_CHECKING:
    from types import ModuleType

    from botocore.exceptions import ClientError

    from dmedia.errors import Stage

CREDENTIALS = (
    "Credentials come from where AWS's own tools find them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE,"
    " ~/.aws, or the machine's role; on a cluster, those of the workers"
)
ADDRESS = "Check the network and, for a store that is not Amazon's, AWS_ENDPOINT_URL"

CREDENTIAL_ERRORS = (
    "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError",
    "UnauthorizedSSOTokenError", "SSOTokenLoadError", "LoginError", "ProfileNotFound", "ConfigParseError",
    "ConfigNotFound",
)  # fmt: skip
"""Classes of ``botocore.exceptions`` that speak of credentials or of where they are kept."""

STATUS_OF_CODE = {
    "ExpiredToken": 403,
    "ExpiredTokenException": 403,
    "InvalidToken": 403,
    "InvalidAccessKeyId": 403,
    "TokenRefreshRequired": 403,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "RequestTimeout": 408,
    "Throttling": 429,
    "SlowDown": 503,
    "QuotaExceeded": 507,
    "XMinioAdminBucketQuotaExceeded": 507,
    "XMinioStorageFull": 507,
}
"""HTTP status that says better what an S3 error code means than the one it comes with (S3 API reference, "Error
responses"; the last two are MinIO's)."""


class ConditionError(Exception):
    """What stands at a place is not what it was to be replaced, or something stands where nothing was to."""


def explain(error: Exception, bucket: str, stage: Stage) -> Refusal | None:
    """Turn what a request to S3 raised into a refusal.

    Parameters
    ----------
    error : Exception
        As the client raised it.
    bucket : str
        Name of the bucket that was asked.
    stage : Stage
        Where on the file's way it happened.

    Returns
    -------
    Refusal or None
        ``None`` for what is a bug.
    """
    from aiohttp import ClientError as TransportError
    from botocore import exceptions

    if isinstance(error, ConditionError):
        return _unmet(stage)
    if isinstance(error, exceptions.ClientError):
        return _answered(error, bucket, stage)
    if is_untrusted(error):
        return untrusted(f"s3://{bucket}", stage)
    line, credentials = gist(error), _kinds(exceptions, CREDENTIAL_ERRORS)
    known: tuple[tuple[tuple[type[Exception], ...], int, str, str | None], ...] = (
        (credentials, 403, f"no usable credentials for s3://{bucket}: {line}", CREDENTIALS),
        ((exceptions.ParamValidationError,), 404, f"s3://{bucket} is asked for what it cannot have: {line}", None),
        ((exceptions.SSLError,), 0, f"no safe connection to s3://{bucket}: {line}", ADDRESS),
    )
    for kinds, status, said, hint in known:
        if isinstance(error, kinds):
            return Refusal(remote_fault(status, said, stage, hint))
    if isinstance(error, exceptions.BotoCoreError | TransportError | asyncio.TimeoutError | OSError | EOFError):
        said = f"s3://{bucket} cannot be reached or does not answer: {line}"
        return Refusal(remote_fault(0, said, stage, ADDRESS), passes=True)
    return None


def _kinds(module: ModuleType, names: tuple[str, ...]) -> tuple[type[Exception], ...]:
    return tuple(getattr(module, name) for name in names if hasattr(module, name))  # later versions have more of them


def is_beyond_end(error: Exception) -> bool:
    """Tell whether a range was asked for that the object does not have."""
    return _status(error) == 416


def is_gone(error: Exception) -> bool:
    """Tell whether nothing is there."""
    return _status(error) == 404


def is_not_implemented(error: Exception) -> bool:
    """Tell whether a store does not know what it was asked for, such as a condition."""
    return _status(error) == 501


def _unmet(stage: Stage) -> Refusal:
    return Refusal(remote_fault(412, "something else stands there now", stage), settled=True)


def _answered(error: ClientError, bucket: str, stage: Stage) -> Refusal:
    status = _status(error)
    code = error.response.get("Error", {}).get("Code", "")
    text = error.response.get("Error", {}).get("Message", "")
    if code == "NoSuchBucket":
        return Refusal(remote_fault(404, f"there is no bucket {bucket!r}", stage, "Check its name, and the endpoint"))
    if code == "NoSuchUpload":  # it was completed and the answer was lost, or somebody has aborted it
        return Refusal(remote_fault(0, "the upload was aborted", stage), passes=True, settled=True)
    if status == 404:
        return Refusal(remote_fault(404, "no such object", stage), settled=code == "NoSuchKey")
    if status == 412:
        return _unmet(stage)
    said = (
        f"s3://{bucket} says {code}: {gist(text)}" if text and code != text else f"s3://{bucket} says {code or status}"
    )
    hint = CREDENTIALS if status in {401, 403} else None
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    wait_s = asked_wait_s(str(headers.get("retry-after", "")))
    return Refusal(remote_fault(status, said, stage, hint), status in PASSING_STATUS, wait_s)


def _status(error: Exception) -> int:
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return 0
    code = str(response.get("Error", {}).get("Code", ""))
    return STATUS_OF_CODE.get(code) or int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
