"""The logo that a request names becomes part of it."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from dmedia.api.anchors import anchored
from dmedia.errors import ParameterError
from dmedia.operations.watermark import LATER, Watermark

if TYPE_CHECKING:
    from dmedia.model import Logo
    from dmedia.operations.parameters import Parameters


def take_logo(parameters: Parameters, roots: tuple[bytes, ...]) -> tuple[Parameters, Logo | None]:
    """Read the logo that parameters name, if they do.

    Parameters
    ----------
    parameters : Parameters
        With the path of the logo, relative to the current directory.
    roots : tuple of bytes
        Absolute real paths and URLs outside of which it is not read. Empty: anywhere.

    Returns
    -------
    tuple of Parameters and Logo or None
        The parameters then have no path, but only the file's name: what is in it counts, and not where it was.

    Raises
    ------
    ParameterError
        When a preset leaves it open, and nobody has said which.
    UsageError, PreflightError
        See `read_logo`.
    """
    if not isinstance(parameters, Watermark) or parameters.logo is None:
        return parameters, None
    if parameters.logo == LATER:
        raise ParameterError(
            "The preset lays a logo over pictures, and leaves open which", "give it: logo, or --logo FILE"
        )
    from dmedia.run.logo import read_logo

    logo = read_logo(anchored(os.fsencode(parameters.logo)), roots)
    return replace(parameters, logo=logo.name), logo
