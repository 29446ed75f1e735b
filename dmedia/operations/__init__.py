"""What can be asked: one module per operation. Loads no codec and no validation library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmedia.errors import UnknownOperationError, nearest
from dmedia.operations import compress, convert, crop, resize, thumbnail, watermark

if TYPE_CHECKING:
    from dmedia.operations.operation import Operation

OPERATIONS: dict[str, Operation] = {
    module.OPERATION.name: module.OPERATION for module in (resize, convert, compress, watermark, thumbnail, crop)
}


def find_operation(name: str) -> Operation:
    """Look up an operation.

    Parameters
    ----------
    name : str
        As it was typed.

    Returns
    -------
    Operation
        The operation of this name.

    Raises
    ------
    UnknownOperationError
        When there is none; the message names the nearest.
    """
    try:
        return OPERATIONS[name]
    except KeyError:
        raise UnknownOperationError(f"Unknown operation {name!r}: {nearest(name, OPERATIONS)}") from None
