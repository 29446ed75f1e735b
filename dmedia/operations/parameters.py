"""The parameters that operations share, with their units, ranges and defaults.

Parameters are plain frozen dataclasses, so that a slot unpickles them without loading a validation library.
Ranges and help texts stand in the annotations: validation, command line and schemas all read them from there.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from dmedia.operations.colour import check_colour
from dmedia.operations.sizes import UNIT

ImageFormat = Literal["jpg", "png", "webp", "avif", "tiff", "gif"]
Fit = Literal["inside", "cover", "contain", "fill", "outside"]
Side = Literal["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"]
Gravity = Literal["center", Side, "attention", "entropy"]
Position = Literal["center", Side, "tile"]
MetadataPolicy = Literal["copyright", "keep", "strip"]
IccPolicy = Literal["srgb", "keep"]
Frames = Literal["all", "first"]
RawPolicy = Literal["preview", "strict"]

SPELLINGS: dict[str, dict[str, str]] = {"format": {"jpeg": "jpg", "tif": "tiff"}}
"""Other words for a parameter's values. Case does not matter in either."""

FILE = "file"
"""Unit of a parameter that names a file. It is read where the job is asked for, and no preset can give it."""

MOST_TOLERANT = 50
"""Percent of full scale. From there on even mid-grey is no other colour than black or white, and nothing is left."""

LONGEST_SIDE = 65_535
"""Pixels. What a JPEG frame header can say (ITU-T T.81, B.2.2: 16 bits each for lines and samples a line)."""

LATER = frozenset({
    "min_ssim", "max_bytes", "frames", "raw", "keep_dates", "long_edge", "trim", "whiten", "fill_percent", "sharpen",
    "logo",
})  # fmt: skip
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
        given = self.given()
        values = {name: value for name, value in asdict(self).items() if name in given or name not in LATER}
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
    max_bytes: Annotated[int | None, Ge(1), Help("Take the highest quality whose file is not larger", UNIT)] = None
    effort: Annotated[
        int | None, Ge(0), Le(9), Help("CPU time spent on a smaller file; one scale for all formats", "0-9")
    ] = None
    progressive: Annotated[bool, Help("Write an image that sharpens while it loads (JPEG, PNG, GIF)")] = False
    lossless: Annotated[
        bool, Help("Write the pixels exactly (WebP, AVIF, and of compress JPEG and GIF; PNG and TIFF always are)")
    ] = False
    background: Annotated[
        str, Help("Colour behind transparency and beside a contained picture: #rrggbb[aa] or a CSS name")
    ] = "#ffffff"
    metadata: Annotated[
        MetadataPolicy,
        Help("copyright keeps copyright, artist, description and ICC profile; keep keeps all; strip keeps none"),
    ] = "copyright"
    icc: Annotated[IccPolicy, Help("srgb converts the colours to sRGB; keep leaves them in the source's profile")] = (
        "srgb"
    )
    raw: Annotated[
        RawPolicy,
        Help("A camera's RAW file that cannot be developed: preview takes its embedded preview, strict lets it fail"),
    ] = "preview"
    keep_dates: Annotated[bool, Help("Give the rendition its source's time of change; not in stores")] = False
    frames: Annotated[
        Frames, Help("all keeps an animation animated where the format can (WebP, GIF); first takes its first frame")
    ] = "all"

    def __post_init__(self) -> None:
        """Check what a range cannot say.

        Raises
        ------
        ValueError
            When the background is no colour, what shall be lossless cannot be, or no quality is there to be found.
        """
        check_colour("background", self.background)
        if self.lossless:
            self._check_lossless()
        for name in ("min_ssim", "max_bytes"):
            if getattr(self, name) is not None:
                self._check_search(name)

    def _check_lossless(self) -> None:
        """Refuse what cannot be lossless: pixels that are encoded anew as JPEG, or with the 256 colours of a GIF."""
        if self.format in {"jpg", "gif"}:
            other = "choose webp, avif, png or tiff as the format (compress makes files smaller without loss)"
            raise ValueError(f"lossless: a {'JPEG' if self.format == 'jpg' else 'GIF'} cannot be; {other}")

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
    long_edge: Annotated[
        Pixels | None, Help("Length of the longer side, in place of width and height; the ratio stays", "px")
    ] = None
    trim: Annotated[
        float | None,
        Ge(0),
        Le(MOST_TOLERANT),
        Help(
            "Cut off a border of one colour first; what differs from it by no more than this is border",
            "% of full scale",
        ),
    ] = None
    whiten: Annotated[
        bool, Help("Make what trim takes for border, and what is as light, pure white; a nearly white one is needed")
    ] = False
    fill_percent: Annotated[
        float | None, Gt(0), Le(100), Help("How much of a box the picture takes with fit contain", "% of its sides")
    ] = None
    sharpen: Annotated[
        float, Ge(0), Le(1), Help("Sharpen edges of a picture that was made smaller; 0 not, 0.5 clearly", "0-1")
    ] = 0.0

    def __post_init__(self) -> None:
        """Check what a range cannot say.

        Raises
        ------
        ValueError
            When the longer side is given beside a side or a fit that it contradicts; when a part of a box shall be
            filled and there is none, or another fit; when a border shall be white that nobody looks for.
        """
        super().__post_init__()
        if self.long_edge is not None:
            if self.width is not None or self.height is not None:
                raise ValueError("long_edge takes the place of width and height: give one or the other")
            if self.fit not in {None, "inside"}:
                raise ValueError(
                    f"long_edge keeps the whole picture and its ratio: fit {self.fit} needs width and height"
                )
        if self.whiten and self.trim is None:
            raise ValueError("whiten needs trim: its tolerance tells what is border")
        if self.fill_percent is not None:
            if self.width is None or self.height is None:
                raise ValueError("fill_percent is of a box: give width and height")
            if self.fit not in {None, "contain"}:
                raise ValueError(f"fill_percent leaves room around the picture: fit {self.fit} leaves none")

    def box(self) -> tuple[int | None, int | None]:
        """Tell the box that the picture is fitted into, in pixels: ``None`` where a side is free."""
        return (self.width, self.height) if self.long_edge is None else (self.long_edge, self.long_edge)

    def tolerance(self) -> float:
        """Tell by how much what is border may differ from the border's colour, of 255."""
        return (self.trim or 0) / 100 * 255

    def fitting(self) -> Fit:
        """Tell how the picture is fitted, where nobody said."""
        return self.fit or ("inside" if self.fill_percent is None else "contain")
