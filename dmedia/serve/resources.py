"""Documents that can be read by an address: what a media file says about itself, and how a job stands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from mcp.types import Resource, ResourceTemplate

from dmedia.errors import UsageError
from dmedia.serve.tools.files import ReadMediaInfo, read_media_info
from dmedia.serve.tools.reports import GetBatchStatus, get_batch_status
from dmedia.words import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.serve.answers import Answer
    from dmedia.serve.roots import Roots

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document.

    Attributes
    ----------
    name, description : str
        For the protocol.
    variable : str
        What stands in the address: ``media://<name>?<variable>=...``.
    argument : str
        What the tool that answers calls it.
    arguments : type
        That tool's.
    run : callable
        The tool.
    """

    name: str
    description: str
    variable: str
    argument: str
    arguments: type
    run: Callable[[Roots, Any], Answer]


KINDS = {
    kind.name: kind
    for kind in (
        Kind("info", "What a media file says about itself", "path", "inputPath", ReadMediaInfo, read_media_info),
        Kind("batch", "A batch job with its files", "job_id", "job_id", GetBatchStatus, get_batch_status),
    )
}


def list_templates() -> list[ResourceTemplate]:
    """List the kinds of addresses (RFC 6570, form-style queries)."""
    return [
        ResourceTemplate(
            name=kind.name,
            uri_template=f"media://{kind.name}{{?{kind.variable}}}",
            description=kind.description,
            mime_type=JSON,
        )
        for kind in KINDS.values()
    ]


def list_resources(roots: Roots) -> list[Resource]:
    """List the active and recent jobs."""
    return [
        Resource(
            name=report.id,
            uri=f"media://batch?{urlencode({'job_id': report.id})}",
            description=f"{report.preset or report.operation}, {report.state}, {report.total:,} files",
            mime_type=JSON,
        )
        for report in roots.list_jobs()
    ]


def read_resource(roots: Roots, address: str) -> str:
    """Read a document.

    Parameters
    ----------
    roots : Roots
        What may be used.
    address : str
        Such as ``media://info?path=photos/a.jpg``.

    Returns
    -------
    str
        JSON.

    Raises
    ------
    DmediaError
        When there is no such document.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        raise UsageError(f"{address!r} is no address", "for example media://info?path=PATH") from None
    if parts.scheme != "media" or parts.netloc not in KINDS:
        raise UsageError(
            f"No resource {address!r}: {nearest(parts.netloc, KINDS)}", "for example media://info?path=PATH"
        )
    kind = KINDS[parts.netloc]
    given = parse_qs(parts.query, keep_blank_values=True, errors="surrogateescape").get(kind.variable)
    if not given or len(given) > 1:
        raise UsageError(f"The address {address!r} lacks its {kind.variable}: media://{kind.name}?{kind.variable}=...")
    asked = kind.arguments(**{kind.argument: given[0]})  # which may hold bytes that no text in JSON can
    return json.dumps(kind.run(roots, asked).document, ensure_ascii=False)
