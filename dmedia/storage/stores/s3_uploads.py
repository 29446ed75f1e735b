"""Multipart uploads to S3: nothing is seen of one before it is completed, and nothing is left of one that failed."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dmedia.storage.stores.attempts import persist
from dmedia.storage.stores.bodies import Body, size_of
from dmedia.storage.stores.s3_faults import explain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Request = Callable[..., Mapping[str, Any]]

MOST_SINGLE_BYTES = 64 << 20
"""Larger objects are sent in parts: what broke off is sent again, and no single request takes minutes."""

PART_BYTES = 16 << 20
"""A part's least size; S3's own least is 5 MiB."""

MOST_PARTS = 10_000
"""S3's own limit (User Guide, "Amazon S3 multipart upload limits")."""


def upload(
    request: Request, descriptor: int, options: dict[str, Any], condition: Mapping[str, Any]
) -> Mapping[str, Any]:
    """Send an open file in parts, and complete it.

    Parameters
    ----------
    request : callable
        Makes one, see `S3.request`.
    descriptor : int
        The file.
    options : dict
        ``Bucket``, ``Key`` and what the object shall have.
    condition : mapping
        Under which it is completed, such as ``IfNoneMatch``.

    Returns
    -------
    mapping
        The last answer.
    """
    place = {"Bucket": options["Bucket"], "Key": options["Key"]}
    begun = request("create_multipart_upload", **options)
    place["UploadId"] = begun["UploadId"]
    try:
        parts = _send(request, descriptor, place)
        return request("complete_multipart_upload", **place, MultipartUpload={"Parts": parts}, **condition)
    except BaseException:
        with suppress(Exception):  # the failure above is what is told; stores can be told to clear up after days
            request("abort_multipart_upload", **place)
        raise


def _send(request: Request, descriptor: int, place: dict[str, str]) -> list[dict[str, Any]]:
    whole = size_of(descriptor)
    step = max(PART_BYTES, -(-whole // MOST_PARTS))
    parts = []
    for number, start in enumerate(range(0, whole, step), 1):
        body = Body(descriptor, start, min(step, whole - start))

        def send(number: int = number, body: Body = body) -> Mapping[str, Any]:
            body.seek(0)
            return request("upload_part", **place, PartNumber=number, Body=body)

        answer = persist(send, lambda error: explain(error, place["Bucket"], "publish"))
        checksums = {name: value for name, value in answer.items() if name.startswith("Checksum") and value}
        checksums.pop("ChecksumType", None)
        parts.append({"PartNumber": number, "ETag": answer["ETag"], **checksums})
    return parts
