"""watermark: a text or a logo over the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le, MaxLen, MinLen

from dmedia.operations.colour import check_colour
from dmedia.operations.operation import IMAGE, Operation
from dmedia.operations.parameters import FILE, Box, Help, Percent, Position

COLOUR = "#ffffff"

LATER = "?"
"""In place of a logo's path: it is given when the preset is used."""

TEXT_SIZE, LOGO_SIZE = 4.0, 20.0
"""Percent of the picture's width, where nobody says otherwise: the height of a line, the width of a logo."""


@dataclass(frozen=True, kw_only=True)
class Watermark(Box):
    """Parameters of ``watermark``: a text, which is data and not markup, or a logo."""

    text: Annotated[str | None, MinLen(1), MaxLen(500), Help("The text, as it is: & and < mean themselves")] = None
    logo: Annotated[
        str | None,
        MinLen(1),
        Help("In place of a text: a PNG, WebP, JPEG or GIF of at most 10 MB and 16 megapixels", FILE),
    ] = None
    position: Annotated[Position, Help("Where it stands; tile repeats it over the whole picture")] = "southeast"
    opacity: Annotated[float, Ge(0), Le(1), Help("0 is invisible, 1 hides what is below", "0-1")] = 0.6
    size: Annotated[
        float | None,
        Gt(0),
        Le(100),
        Help("Height of a line of text, 4 where not said, or width of a logo, 20", "% of the picture's width"),
    ] = None
    margin: Annotated[
        Percent, Help("Distance from the picture's edge, at most a quarter of a side", "% of the picture's width")
    ] = 2.0
    color: Annotated[str, Help("Colour of the text: #rrggbb[aa] or a CSS name")] = COLOUR

    def __post_init__(self) -> None:
        """Check what a range cannot say.

        Raises
        ------
        ValueError
            When not exactly one of text and logo is given; when the colour is none, or is given for a logo, or the text
            shows nothing or cannot be shown.
        """
        super().__post_init__()
        check_colour("color", self.color)
        if self.text is None:
            self._check_logo()
            return
        if self.logo is not None:
            raise ValueError("text and logo: a watermark is one of them; make two, one after the other, for both")
        if not self.text.strip():
            raise ValueError("text: only spaces; a watermark needs something to show")
        if "\0" in self.text:
            raise ValueError("text: a NUL character would end it")

    def _check_logo(self) -> None:
        if self.logo is None:
            raise ValueError("watermark needs text or logo")
        if self.color != COLOUR:
            raise ValueError("color is of a text; a logo has its own")

    def extent(self) -> float:
        """Tell the height of a line of text, or the width of a logo, in percent of the picture's width."""
        if self.size is not None:
            return self.size
        return TEXT_SIZE if self.logo is None else LOGO_SIZE


OPERATION = Operation(
    name="watermark",
    summary="Write a text, or lay a logo, over pictures.",
    parameters=Watermark,
    accepts=IMAGE,
    example="dmedia watermark photos -r -o marked --text '© Ana Souza' --position southeast",
)
