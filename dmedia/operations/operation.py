"""What an operation is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dmedia.operations.parameters import Parameters

IMAGE = frozenset({"image"})
IMAGE_AND_FILM = frozenset({"image", "film"})


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that can be asked of a file.

    Attributes
    ----------
    name : str
        As it is typed.
    summary : str
        One sentence for people.
    parameters : type of Parameters
        Its typed arguments.
    accepts : frozenset of str
        Kinds of media it works on: ``image``, ``film``.
    example : str
        A command line that shows it.
    work : str
        ``package.module:function``, of an operation that another package brings: what it does to a picture. It is
        loaded only in a slot, and called with a ``pyvips.Image`` and the parameters; what it returns is encoded.
        Empty for dmedia's own.
    """

    name: str
    summary: str
    parameters: type[Parameters]
    accepts: frozenset[str]
    example: str
    work: str = ""
