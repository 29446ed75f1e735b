"""resize: another size, the same picture."""

from __future__ import annotations

from dataclasses import dataclass

from dmedia.operations.operation import IMAGE, Operation
from dmedia.operations.parameters import Box


@dataclass(frozen=True, kw_only=True)
class Resize(Box):
    """Parameters of ``resize``: a size, by at least one side."""

    def __post_init__(self) -> None:
        """Check what a range cannot say.

        Raises
        ------
        ValueError
            When no side is given.
        """
        super().__post_init__()
        if self.box() == (None, None):
            raise ValueError("resize needs width, height or both, or long_edge")


OPERATION = Operation(
    name="resize",
    summary="Give pictures another size.",
    parameters=Resize,
    accepts=IMAGE,
    example="dmedia resize photos -r -o small --width 1600",
)
