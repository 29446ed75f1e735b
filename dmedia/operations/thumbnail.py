"""thumbnail: a small picture of a photo or a film."""

from __future__ import annotations

from dataclasses import dataclass

from dmedia.operations.operation import IMAGE_AND_FILM, Operation
from dmedia.operations.parameters import Box, Fit

DEFAULT_SIZE = (320, 240)
"""Width and height in pixels where neither is given: the size of the preset of the same name."""


@dataclass(frozen=True, kw_only=True)
class Thumbnail(Box):
    """Parameters of ``thumbnail``: 320 x 240 where no side is given."""

    def __post_init__(self) -> None:
        """Check what a range cannot say, and fill in the size where neither side is given."""
        super().__post_init__()
        if self.box() == (None, None):
            object.__setattr__(self, "width", DEFAULT_SIZE[0])
            object.__setattr__(self, "height", DEFAULT_SIZE[1])

    def fitting(self) -> Fit:
        """Fill the box where both sides are given: thumbnails lie in grids."""
        both_sides = self.width is not None and self.height is not None
        return super().fitting() if self.fill_percent or not both_sides else self.fit or "cover"


OPERATION = Operation(
    name="thumbnail",
    summary="Make small pictures of photos, and of films from one chosen frame.",
    parameters=Thumbnail,
    accepts=IMAGE_AND_FILM,
    example="dmedia thumbnail videos -r -o thumbs --width 320 --height 240 --format jpg",
)
