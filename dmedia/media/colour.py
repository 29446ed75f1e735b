"""Colours: whatever a source has becomes sRGB, or stays in its profile when that is asked for.

Pixels are converted with their profile, never relabelled. After this stage a picture is grey or RGB, with or without
alpha, in 8 or 16 bits a sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dmedia.media.libvips import BITS_FIELD, ICC_FIELD
from dmedia.media.profile import describes, is_srgb

if TYPE_CHECKING:
    from dmedia.media.encoders import Encoder
    from dmedia.operations.parameters import IccPolicy

LAB_SPACES = {"lab", "labs", "labq", "lch"}
OWN_SPACES = LAB_SPACES | {"scrgb", "xyz", "cmyk"}
GREY = {"b-w", "grey16"}
DAMAGED_PROFILE = "the colour profile is damaged or of other colours: the picture is taken as sRGB"
NO_PROFILE = "the colours were converted to sRGB: renditions of this format cannot keep the profile"
DEEP_SAMPLES = {"ushort", "short", "uint", "int", "float", "double"}


@dataclass(frozen=True, slots=True)
class Coloured:
    """A picture whose colours are settled.

    Attributes
    ----------
    image : pyvips.Image
        Grey or RGB, with or without alpha.
    converted : bool
        Whether colours were changed: a copy of the source's bytes would then look different.
    warnings : tuple of str
        What a person should know.
    """

    image: Any
    converted: bool = False
    warnings: tuple[str, ...] = ()


def settle(image: Any, icc: IccPolicy, encoder: Encoder) -> Coloured:
    """Bring a picture's colours into the form renditions have.

    Parameters
    ----------
    image : pyvips.Image
        As a decoder gives it: grey, RGB, CMYK, Lab, linear light; 1 to 32 bits a sample.
    icc : IccPolicy
        ``srgb`` converts RGB and grey that are in another profile; ``keep`` leaves them in it where the format can say
        so. Neither leaves CMYK: only few formats hold it, and few programs show it.
    encoder : Encoder
        Of the rendition's format. Where it holds more than 8 bits, a source of more is kept at 16.

    Returns
    -------
    Coloured
        The picture.
    """
    deep = encoder.deep and _is_deep(image)
    image = named(_integer_samples(image))
    if image.interpretation == "cmyk":
        warnings = ("CMYK was converted to sRGB: renditions are grey or RGB",) if icc == "keep" else ()
        return Coloured(_transform(image, deep=False, fallback="cmyk"), converted=True, warnings=warnings)
    if image.interpretation in GREY | {"srgb", "rgb16"}:
        kept = icc == "keep" and encoder.profile and (encoder.grey or image.interpretation not in GREY)
        coloured = Coloured(image) if kept else _from_profile(image, deep=deep)
        lost = (NO_PROFILE,) if icc == "keep" and coloured.converted else ()
        return Coloured(_at_depth(coloured.image, deep=deep), coloured.converted, (*coloured.warnings, *lost))
    if image.interpretation in LAB_SPACES:  # of D50, as in profiles and TIFF: libvips' own conversion takes it for D65
        image = image.colourspace("lab").icc_export(
            output_profile="srgb", pcs="lab", intent="relative", depth=16 if deep else 8
        )
    else:
        image = image.colourspace("rgb16" if deep else "srgb")
    return Coloured(_without_profile(image), converted=True)


def with_colour(image: Any) -> Any:
    """Give a grey picture three bands of sRGB, so that something coloured can be put into it."""
    if image.interpretation not in GREY:
        return image
    image = _from_profile(image, deep=image.format == "ushort").image
    return _without_profile(image.colourspace("rgb16" if image.interpretation == "grey16" else "srgb"))


def samples(image: Any, colour: tuple[int, int, int, int]) -> list[int]:
    """Tell a colour in an image's samples.

    Parameters
    ----------
    image : pyvips.Image
        Its bands and depth count.
    colour : tuple of int
        Red, green, blue and alpha, 0-255.

    Returns
    -------
    list of int
        As many as the image has bands; of a grey image the green one stands for the colour.
    """
    step = 257 if image.format == "ushort" else 1
    red, green, blue, alpha = (part * step for part in colour)
    return {1: [green], 2: [green, alpha], 3: [red, green, blue], 4: [red, green, blue, alpha]}[image.bands]


def named(image: Any) -> Any:
    """Give pictures whose samples nobody named the likely name, and those named for another depth the right one."""
    if image.interpretation not in GREY | {"srgb", "rgb16", "multiband", "rgb", "histogram", "matrix"}:
        return image
    if image.bands > 4:
        image = image.extract_band(0, n=3)
    names = ("grey16", "rgb16") if image.format == "ushort" else ("b-w", "srgb")
    name = names[0] if image.bands < 3 else names[1]
    return image if image.interpretation == name else image.copy(interpretation=name)


def _from_profile(image: Any, *, deep: bool) -> Coloured:
    if not image.get_typeof(ICC_FIELD) or is_srgb(bytes(image.get(ICC_FIELD))):
        return Coloured(image)
    grey = image.interpretation in GREY
    if not describes(bytes(image.get(ICC_FIELD)), "GRAY" if grey else "RGB"):  # libvips would take sRGB and say nothing
        return Coloured(_without_profile(image), warnings=(DAMAGED_PROFILE,))
    converted = _transform(image, deep=deep)
    if grey:
        colour = converted.extract_band(1)  # neutral: all three bands are equal
        alpha = [converted.extract_band(3)] if image.hasalpha() else []
        name = "grey16" if converted.format == "ushort" else "b-w"
        converted = _without_profile(colour.bandjoin(alpha).copy(interpretation=name))
    return Coloured(converted, converted=True)


def _transform(image: Any, *, deep: bool, fallback: str | None = None) -> Any:
    """Convert with the embedded profile; the result carries libvips' sRGB profile of 480 bytes."""
    options: dict[str, Any] = {"input_profile": fallback} if fallback else {}
    return image.icc_transform(
        "srgb", embedded=True, intent="relative", black_point_compensation=True, depth=16 if deep else 8, **options
    )


def _without_profile(image: Any) -> Any:
    image = image.copy()
    if image.get_typeof(ICC_FIELD):
        image.remove(ICC_FIELD)
    return image


def _at_depth(image: Any, *, deep: bool) -> Any:
    if deep or image.format == "uchar":
        return image
    return image.colourspace("b-w" if image.interpretation in GREY else "srgb")


def _is_deep(image: Any) -> bool:
    """Tell whether the file has more than 8 bits a sample: Lab comes in wider ones than it was stored in."""
    stated = int(image.get(BITS_FIELD)) if image.get_typeof(BITS_FIELD) else 16
    return image.format in DEEP_SAMPLES and (stated > 8 or image.interpretation not in LAB_SPACES)


def _integer_samples(image: Any) -> Any:
    """Bring grey and RGB samples of other types to 16 bits; what has a colour space of its own is left to libvips."""
    if image.format in {"uchar", "ushort"} or image.interpretation in OWN_SPACES:
        return image
    if image.format == "uint":
        image = image.linear(1 / 65537, 0)
    elif image.format in {"float", "double"}:
        image = image.copy_memory()  # looked at twice
        image = image.linear(65535, 0) if image.max() <= 1 else image
    return image.cast("ushort").copy(interpretation="grey16" if image.bands < 3 else "rgb16")
