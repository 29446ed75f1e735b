"""What can be asked: one module per operation. Loads no codec and no validation library.

Other packages can bring operations of their own: see ``installed``, which is loaded only when one is asked for.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dmedia.errors import UnknownOperationError
from dmedia.operations import compress, convert, crop, resize, thumbnail, watermark
from dmedia.words import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dmedia.model import Recipe
    from dmedia.operations.operation import Operation

OPERATIONS: dict[str, Operation] = {
    module.OPERATION.name: module.OPERATION for module in (resize, convert, compress, watermark, thumbnail, crop)
}
"""dmedia's own."""


def find_operation(name: str) -> Operation:
    """Look up an operation: dmedia's own, or one that another package brings.

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
        When there is none; the message names the nearest. When it is another package's and is broken; the message
        names the package and says why.
    """
    if name in OPERATIONS:
        return OPERATIONS[name]
    from dmedia.operations import installed

    if name in installed.offers():
        return installed.load(name)
    raise UnknownOperationError(f"Unknown operation {name!r}: {nearest(name, [*OPERATIONS, *installed.offers()])}")


def known_operations() -> dict[str, Operation]:
    """List all operations that can be used: dmedia's own, then those of other packages.

    Returns
    -------
    dict of str to Operation
        By name. Those of other packages are loaded for it, and sorted; what is broken is left out.
    """
    known = dict(OPERATIONS)
    for name in foreign_names():
        try:
            known[name] = find_operation(name)
        except UnknownOperationError:
            continue
    return known


def broken_operations() -> dict[str, str]:
    """Tell what is wrong with operations of other packages.

    Returns
    -------
    dict of str to str
        For each name that cannot be used a sentence that names the package and says why.
    """
    from dmedia.operations import installed

    broken: dict[str, str] = {}
    for name in installed.offers():
        if name in OPERATIONS:
            packages = " and ".join(offer.package for offer in installed.offers()[name])
            broken[name] = f"The operation {name!r} of {packages} is not used: dmedia has one of this name itself"
            continue
        try:
            find_operation(name)
        except UnknownOperationError as error:
            broken[name] = error.message
    return broken


def request_digest(recipes: Sequence[Recipe], content: bytes = b"") -> str:
    """Fingerprint what is asked for, so that a later job can tell that it was asked for the same.

    Parameters
    ----------
    recipes : sequence of Recipe
        How each rendition of a source is made; the operation of the first is compared by itself.
    content : bytes
        Of the file that they name; empty where they name none.

    Returns
    -------
    str
        Hexadecimal. Of an operation of another package the package's version counts too: a new one may do otherwise.
    """
    first, *others = map(_digest, recipes)
    named = [f"{recipe.operation} {digest}" for recipe, digest in zip(recipes[1:], others, strict=True)]
    digest = hashlib.sha256(" ".join((first, *named)).encode()).hexdigest() if named else first
    return hashlib.sha256(digest.encode() + content).hexdigest() if content else digest


def _digest(recipe: Recipe) -> str:
    package = package_of(recipe.operation)
    digest = recipe.parameters.digest()
    return hashlib.sha256(f"{digest} {package}".encode()).hexdigest() if package else digest


def foreign_names() -> list[str]:
    """Name the operations of other packages, without loading them; broken ones too."""
    from dmedia.operations import installed

    return [name for name in installed.offers() if name not in OPERATIONS]


def package_of(name: str) -> str:
    """Tell which package brings an operation, as ``name version``; empty for dmedia's own, and where none does."""
    if name in OPERATIONS:
        return ""
    from dmedia.operations import installed

    return " and ".join(offer.package for offer in installed.offers().get(name, ()))
