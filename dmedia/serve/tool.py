"""What a tool is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.serve.answers import Answer
    from dmedia.serve.roots import Roots


@dataclass(frozen=True, slots=True)
class Nature:
    """What calling a tool does to the world; the protocol's hints.

    Attributes
    ----------
    writes : bool
        Whether it changes anything at all. What does not is offered by a read-only server too.
    destroys : bool
        Whether something that was there can be gone afterwards: a file that was overwritten, work that was given up.
    repeats : bool
        Whether the same call again does something again. Otherwise asking twice has the effect of asking once.
    """

    writes: bool = False
    destroys: bool = False
    repeats: bool = False


READS = Nature()
REPLACES = Nature(writes=True, destroys=True)
STARTS = Nature(writes=True, destroys=True, repeats=True)


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that an assistant can ask for.

    Attributes
    ----------
    name, title : str
        For the protocol, and for people.
    description : str
        When to use it and what comes of it.
    arguments : type
        A frozen dataclass whose fields all carry a `Help`: the input schema, and what checks the input.
    answer : type
        The shape of its document: the output schema.
    nature : Nature
        What it does to the world.
    run : callable
        Gets the roots and the arguments; returns an `Answer` within two seconds or so, or raises a `DmediaError`.
    """

    name: str
    title: str
    description: str
    arguments: type
    answer: Any
    nature: Nature
    run: Callable[[Roots, Any], Answer]
