"""watermark: a text over the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le, MaxLen, MinLen

from dmedia.operations.colour import check_colour
from dmedia.operations.operation import IMAGE, Operation
from dmedia.operations.parameters import Box, Help, Percent, Position


@dataclass(frozen=True, kw_only=True)
class Watermark(Box):
    """Parameters of ``watermark``: the text is required, and is data, not markup."""

    text: Annotated[str, MinLen(1), MaxLen(500), Help("The text, as it is: & and < mean themselves")]
    position: Annotated[Position, Help("Where the text stands; tile repeats it over the whole picture")] = "southeast"
    opacity: Annotated[float, Ge(0), Le(1), Help("0 is invisible, 1 hides what is below", "0-1")] = 0.6
    size: Annotated[float, Gt(0), Le(100), Help("Height of a line of text", "% of the picture's width")] = 4.0
    margin: Annotated[
        Percent, Help("Distance from the picture's edge, at most a quarter of a side", "% of the picture's width")
    ] = 2.0
    color: Annotated[str, Help("Colour of the text: #rrggbb[aa] or a CSS name")] = "#ffffff"

    def __post_init__(self) -> None:
        """Check what a range cannot say.

        Raises
        ------
        ValueError
            When the colour is none, or the text shows nothing or cannot be shown.
        """
        super().__post_init__()
        check_colour("color", self.color)
        if not self.text.strip():
            raise ValueError("text: only spaces; a watermark needs something to show")
        if "\0" in self.text:
            raise ValueError("text: a NUL character would end it")


OPERATION = Operation(
    name="watermark",
    summary="Write a text over pictures.",
    parameters=Watermark,
    accepts=IMAGE,
    example="dmedia watermark photos -r -o marked --text '© Ana Souza' --position southeast",
)
