"""The parameters that operations share, with their units, ranges and defaults.

Parameters are plain frozen dataclasses, so that a slot unpickles them without loading a validation library.
Ranges and help texts stand in the annotations: validation, command line and schemas all read them from there.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, ClassVar, Literal, get_type_hints

from annotated_types import Ge, Le

from dmedia.operations.colour import check_colour
from dmedia.operations.sizes import UNIT

ImageFormat = Literal["jpg", "png", "webp", "avif", "tiff", "gif"]
Fit = Literal["inside", "cover", "contain", "fill", "outside"]
Side = Literal["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"]
Gravity = Literal["center", Side, "attention", "entropy"]
Position = Literal["center", Side, "tile"]
MetadataPolicy = Literal["copyright", "keep", "strip"]
IccPolicy = Literal["srgb", "keep"]

SPELLINGS: dict[str, dict[str, str]] = {"format": {"jpeg": "jpg", "tif": "tiff"}}
"""Other words for a parameter's values. Case does not matter in either."""

LONGEST_SIDE = 65_535
"""Pixels. What a JPEG frame header can say (ITU-T T.81, B.2.2: 16 bits each for lines and samples a line)."""

LATER = frozenset({"min_ssim", "max_bytes"})
"""Parameters that came after the first jobs: where nobody gives them, what those have written is still up to date."""

WITH_QUALITY = ("jpg", "webp", "avif")
"""Formats whose encoders have a quality."""


@dataclass(frozen=True, slots=True)
class Help:
    """A parameter's help text and unit, for people and for schemas.

    Attributes
    ----------
    text : str
        What the parameter does.
    unit : str
        Unit of its value, empty for names and switches.
    """

    text: str
    unit: str = ""

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> Any:
        """Put the text into a JSON schema as its description."""
        schema = handler(core_schema)
        schema["description"] = f"{self.text} [{self.unit}]" if self.unit else self.text
        return schema


Pixels = Annotated[int, Ge(1), Le(LONGEST_SIDE)]
Percent = Annotated[float, Ge(0), Le(100)]


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The typed arguments of an operation. Subclasses say which."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def digest(self) -> str:
        """Fingerprint these parameters, so that a later job can tell that it was asked for the same.

        Returns
        -------
        str
            SHA-256 over the values in a canonical form, hexadecimal.
        """
        values = {name: value for name, value in asdict(self).items() if name not in LATER or value is not None}
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def given(self) -> dict[str, Any]:
        """Tell the parameters that differ from their defaults, as a record or a status shows them."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name)) != f.default}


@dataclass(frozen=True, kw_only=True)
class Encoding(Parameters):
    """How a rendition is written: common to all operations on images."""

    format: Annotated[
        ImageFormat | None,
        Help("Format of the rendition; without it the source's if it can be written, else jpg, png with alpha"),
    ] = None
    quality: Annotated[
        int | None,
        Ge(1),
        Le(100),
        Help("Visual quality of a lossy format; with min_ssim or max_bytes the highest that is tried", "1-100"),
    ] = None
    min_ssim: Annotated[
        float | None,
        Ge(0),
        Le(1),
        Help("Take the lowest quality at which the luma's structural similarity (SSIM) is still this", "0-1"),
    ] = None
    max_bytes: Annotated[int | None, Ge(1), Help("Take the highest quality at which the file is not larger", UNIT)] = (
        None
    )
    effort: Annotated[
        int | None, Ge(0), Le(9), Help("CPU time spent on a smaller file; one scale for all formats", "0-9")
    ] = None
    progressive: Annotated[bool, Help("Write an image that sharpens while it loads (JPEG, PNG, GIF)")] = False
    lossless: Annotated[
        bool, Help("Write the pixels exactly (WebP, AVIF, and of compress JPEG; PNG, TIFF and GIF always are)")
    ] = False
    background: Annotated[
        str, Help("Colour behind transparency and beside a contained picture: #rrggbb[aa] or a CSS name")
    ] = "#ffffff"
    metadata: Annotated[
        MetadataPolicy,
        Help("copyright keeps copyright, artist and ICC profile; keep keeps all; strip keeps none"),
    ] = "copyright"
    icc: Annotated[IccPolicy, Help("srgb converts the colours to sRGB; keep leaves them in the source's profile")] = (
        "srgb"
    )

    def __post_init__(self) -> None:
        """Check what a range cannot say.

        Raises
        ------
        ValueError
            When the background is no colour, or what shall be lossless cannot be, or a quality is to be found where
            there is none.
        """
        check_colour("background", self.background)
        if self.lossless:
            self._check_lossless()
        for name in ("min_ssim", "max_bytes"):
            if getattr(self, name) is not None:
                self._check_search(name)

    def _check_lossless(self) -> None:
        """Refuse what cannot be lossless: pixels that are encoded anew as JPEG."""
        if self.format == "jpg":
            other = "choose webp, avif, png or tiff as the format"
            raise ValueError(f"lossless: a JPEG cannot be; {other} (compress makes JPEGs smaller without loss)")

    def _check_search(self, name: str) -> None:
        """Refuse to search for a quality where there is none."""
        if self.lossless:
            raise ValueError(f"{name}: without loss there is no quality to choose; leave it or lossless out")
        if self.format is not None and self.format not in WITH_QUALITY:
            formats = ", ".join(WITH_QUALITY)
            raise ValueError(f"{name}: {self.format} has no quality to choose; the formats that have one are {formats}")


@dataclass(frozen=True, kw_only=True)
class Box(Encoding):
    """The size a rendition gets, and how a picture of another shape is fitted into it."""

    width: Annotated[Pixels | None, Help("Width of the rendition", "px")] = None
    height: Annotated[Pixels | None, Help("Height of the rendition", "px")] = None
    fit: Annotated[
        Fit | None,
        Help("inside: within the box; outside: around; cover: fill, crop; contain: fit, pad; fill: stretch"),
    ] = None
    gravity: Annotated[Gravity, Help("What stays when a picture is cropped, or where it lies when it is padded")] = (
        "center"
    )
    enlarge: Annotated[bool, Help("Let fit inside and outside make a small picture larger")] = False

    def fitting(self) -> Fit:
        """Tell how the picture is fitted, where nobody said."""
        return self.fit or "inside"


def parameter_fields(parameters: type[Any]) -> dict[str, tuple[Any, Any, Help]]:
    """List an operation's parameters for a command line or a schema.

    Parameters
    ----------
    parameters : type
        The operation's parameter class, or another dataclass whose fields all carry a `Help`.

    Returns
    -------
    dict of str to (annotation, default, Help)
        In the order they are declared; the annotation is an ``Annotated`` type. A parameter without default
        has ``dataclasses.MISSING``.
    """
    hints = get_type_hints(parameters, include_extras=True)
    listed: dict[str, tuple[Any, Any, Help]] = {}
    for field in fields(parameters):
        help_text = next(note for note in hints[field.name].__metadata__ if isinstance(note, Help))
        listed[field.name] = (hints[field.name], field.default, help_text)
    return listed
