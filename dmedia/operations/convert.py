"""convert: another format."""

from __future__ import annotations

from dataclasses import dataclass

from dmedia.operations.operation import IMAGE, Operation
from dmedia.operations.parameters import Box


@dataclass(frozen=True, kw_only=True)
class Convert(Box):
    """Parameters of ``convert``: the format is required."""

    def __post_init__(self) -> None:
        """Check what a range cannot say.

        Raises
        ------
        ValueError
            When no format is given.
        """
        super().__post_init__()
        if self.format is None:
            raise ValueError("convert needs a format")


OPERATION = Operation(
    name="convert",
    summary="Write pictures in another format.",
    parameters=Convert,
    accepts=IMAGE,
    example="dmedia convert 'photos/**/*.png' -o web --format webp --quality 85",
)
