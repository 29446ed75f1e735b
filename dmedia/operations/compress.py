"""compress: fewer bytes, the same format; the original stays when it is the smaller one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from dmedia.operations.operation import IMAGE, Operation
from dmedia.operations.parameters import Box, Help


@dataclass(frozen=True, kw_only=True)
class Compress(Box):
    """Parameters of ``compress``. What is lossless here has the very pixels of its source."""

    lossless: Annotated[
        bool, Help("Change no pixel, and prove it: JPEG and PNG are optimised, other formats encoded exactly")
    ] = False

    def _check_lossless(self) -> None:
        """Refuse what would change pixels. A JPEG can be lossless here: its coefficients are coded anew, and stay."""
        if self.box() != (None, None) or self.trim is not None:
            raise ValueError(
                "lossless: compress then changes no pixel, and another size does; leave width, height, long_edge and "
                "trim out, or ask resize for a format that can be lossless"
            )
        if self.quality is not None:
            raise ValueError("quality: without loss there is none to choose; leave it or lossless out")


OPERATION = Operation(
    name="compress",
    summary="Make picture files smaller; an original that is smaller already is kept.",
    parameters=Compress,
    accepts=IMAGE,
    example="dmedia compress photos -r -o small --quality 80",
)
