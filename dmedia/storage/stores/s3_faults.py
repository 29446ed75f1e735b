"""What S3 and its client say when they refuse, as failures of files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dmedia.storage.faults import PASSING_STATUS, remote_fault
from dmedia.storage.stores.attempts import Refusal

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

    from dmedia.errors import Stage

CREDENTIALS = (
    "Credentials come from where AWS's own tools find them: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE,"
    " ~/.aws, or the machine's role; on a cluster, those of the workers"
)
ADDRESS = "Check the network and, for a store that is not Amazon's, AWS_ENDPOINT_URL"

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

    if isinstance(error, exceptions.ClientError):
        return _answered(error, bucket, stage)
    if isinstance(
        error,
        exceptions.NoCredentialsError
        | exceptions.PartialCredentialsError
        | exceptions.CredentialRetrievalError
        | exceptions.TokenRetrievalError
        | exceptions.UnauthorizedSSOTokenError
        | exceptions.ProfileNotFound
        | exceptions.ConfigParseError
        | exceptions.ConfigNotFound,
    ):
        return Refusal(remote_fault(403, f"no usable credentials for s3://{bucket}: {error}", stage, CREDENTIALS))
    if isinstance(error, exceptions.ParamValidationError):
        said = f"s3://{bucket} is asked for what it cannot have: {_line(error)}"
        return Refusal(remote_fault(404, said, stage))
    if isinstance(error, exceptions.SSLError):
        return Refusal(
            remote_fault(0, f"the certificate of s3://{bucket} is not trusted: {_line(error)}", stage, ADDRESS)
        )
    if isinstance(error, exceptions.BotoCoreError | TransportError | asyncio.TimeoutError | OSError | EOFError):
        said = f"s3://{bucket} cannot be reached or does not answer: {_line(error)}"
        return Refusal(remote_fault(0, said, stage, ADDRESS), passes=True)
    return None


def is_beyond_end(error: Exception) -> bool:
    """Tell whether a range was asked for that the object does not have."""
    return _status(error) == 416


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
        return Refusal(remote_fault(412, "something else stands there now", stage), settled=True)
    said = (
        f"s3://{bucket} says {code}: {text}"[:500] if text and code != text else f"s3://{bucket} says {code or status}"
    )
    hint = CREDENTIALS if status in {401, 403} else None
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    asked = str(headers.get("retry-after", ""))
    wait_s = float(asked) if asked.isdecimal() else 0.0
    return Refusal(remote_fault(status, said, stage, hint), status in PASSING_STATUS, wait_s)


def _status(error: Exception) -> int:
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return 0
    code = str(response.get("Error", {}).get("Code", ""))
    return STATUS_OF_CODE.get(code) or int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _line(error: Exception) -> str:
    return " ".join((str(error) or type(error).__name__).split())[:300]
