"""compress: fewer bytes, the same format; the original stays when it is the smaller one."""

from __future__ import annotations

from dataclasses import dataclass

from dmedia.operations.operation import IMAGE, Operation
from dmedia.operations.parameters import Box


@dataclass(frozen=True, kw_only=True)
class Compress(Box):
    """Parameters of ``compress``."""


OPERATION = Operation(
    name="compress",
    summary="Make picture files smaller; an original that is smaller already is kept.",
    parameters=Compress,
    accepts=IMAGE,
    example="dmedia compress photos -r -o small --quality 80",
)
