"""crop: a part of the picture, by its corner or by gravity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from dmedia.operations.operation import IMAGE, Operation
from dmedia.operations.parameters import LONGEST_SIDE, Encoding, Gravity, Help, Pixels


@dataclass(frozen=True, kw_only=True)
class Crop(Encoding):
    """Parameters of ``crop``: width and height with x and y, or with gravity."""

    width: Annotated[Pixels, Help("Width of the part", "px")]
    height: Annotated[Pixels, Help("Height of the part", "px")]
    x: Annotated[int | None, Ge(0), Le(LONGEST_SIDE), Help("Left edge of the part, in the upright picture", "px")] = (
        None
    )
    y: Annotated[int | None, Ge(0), Le(LONGEST_SIDE), Help("Upper edge of the part, in the upright picture", "px")] = (
        None
    )
    gravity: Annotated[Gravity | None, Help("Where the part lies; center unless x and y are given")] = None

    def __post_init__(self) -> None:
        """Check what a range cannot say.

        Raises
        ------
        ValueError
            When only one of x and y is given, or gravity besides.
        """
        super().__post_init__()
        if (self.x is None) != (self.y is None):
            raise ValueError("x and y go together: give both, or gravity")
        if self.x is not None and self.gravity is not None:
            raise ValueError("the part lies at x and y or by gravity: give one of them")


OPERATION = Operation(
    name="crop",
    summary="Cut a part out of pictures.",
    parameters=Crop,
    accepts=IMAGE,
    example="dmedia crop scans -r -o cut --x 100 --y 80 --width 1200 --height 800",
)
