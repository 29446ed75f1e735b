"""One frame of a film as an upright sRGB picture with square pixels, scaled down before it is converted."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

from av.video.reformatter import ColorRange, Colorspace, Interpolation

from dmedia.media.libvips import pyvips

if TYPE_CHECKING:
    from fractions import Fraction

    from av.video.frame import VideoFrame

WIDEST_PIXEL = 10
"""Pixels more than ten times as wide as high, or as high as wide, are damage: anamorphic films reach 2.4."""

UNSPECIFIED = 2
"""Number of unspecified matrix coefficients: Rec. ITU-T H.273, table 4."""

LARGEST_SD = (1279, 576)
"""Films larger than this that do not name their matrix are taken for BT.709, others for BT.601, as players do."""

SCALING = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def to_picture(
    frame: VideoFrame, pixel_shape: Fraction | None, width: int | None = None, height: int | None = None
) -> pyvips.Image:
    """Make a picture of a frame.

    Parameters
    ----------
    frame : av.VideoFrame
        As it was decoded.
    pixel_shape : Fraction or None
        Sample aspect ratio: width over height of a pixel.
    width, height : int or None
        The box that the upright picture will be fitted into, in pixels. A larger picture comes scaled down so that it
        just covers the given sides; it is never smaller than the box where the film is not.

    Returns
    -------
    pyvips.Image
        Three bands, 8 bit, sRGB, upright. The pixels stay in FFmpeg's buffer, which lives as long as the picture.
    """
    mirrored, quarter_turns = orientation(frame)
    if quarter_turns % 2:
        width, height = height, width
    shown_width, shown_height = shown_size(frame.width, frame.height, pixel_shape)
    scale = min(1.0, max((width or 0) / shown_width, (height or 0) / shown_height) if width or height else 1.0)
    target_width, target_height = math.ceil(shown_width * scale), math.ceil(shown_height * scale)
    if frame.interlaced_frame and frame.height > 1:
        # One field alone: lines of two moments would stand between each other.
        picture = _rgb(frame, target_width, frame.height).subsample(1, 2)
        picture = picture.resize(1.0, vscale=target_height / picture.height)
    else:
        picture = _rgb(frame, target_width, target_height)
    if mirrored:
        picture = picture.fliphor()
    return picture.rot(("d0", "d90", "d180", "d270")[quarter_turns]) if quarter_turns else picture


def shown_size(width: int, height: int, pixel_shape: Fraction | None) -> tuple[int, int]:
    """Tell how large a frame is shown with square pixels, before it is turned.

    Parameters
    ----------
    width, height : int
        Of the frame, in its own pixels.
    pixel_shape : Fraction or None
        Sample aspect ratio.

    Returns
    -------
    tuple of int
        Width and height; the height stays, as players do it.
    """
    shape = float(pixel_shape or 1)
    if not 1 / WIDEST_PIXEL <= shape <= WIDEST_PIXEL:
        shape = 1.0
    return max(1, round(width * shape)), height


def orientation(frame: VideoFrame) -> tuple[bool, int]:
    """Read a frame's display matrix: how it has to be mirrored and turned to be upright.

    Parameters
    ----------
    frame : av.VideoFrame
        As it was decoded.

    Returns
    -------
    tuple of bool and int
        Whether to mirror left and right, and then how many quarter turns clockwise. Other angles are rounded.
    """
    side_data: Any = frame.side_data  # PyAV types it as a dictionary without this key
    if "DISPLAYMATRIX" not in side_data:
        return False, 0
    a, b, _, c, d = struct.unpack_from(
        "=5i", bytes(side_data["DISPLAYMATRIX"])
    )  # x' = ax + cy, y' = bx + dy (ISO/IEC 14496-12, 6.2.2)
    mirrored = a * d - b * c < 0
    if mirrored:
        a, b = -a, -b
    return mirrored, round(math.degrees(math.atan2(b, a)) / 90) % 4


def _rgb(frame: VideoFrame, width: int, height: int) -> pyvips.Image:
    matrix = None
    if frame.colorspace == UNSPECIFIED and (frame.width > LARGEST_SD[0] or frame.height > LARGEST_SD[1]):
        matrix = Colorspace.ITU709
    converted = frame.reformat(
        width=width,
        height=height,
        format="rgb24",
        src_colorspace=matrix,
        dst_colorspace=matrix,
        dst_color_range=ColorRange.JPEG,
        interpolation=SCALING,
        threads=1,
    )
    plane = converted.planes[0]
    lines = pyvips.Image.new_from_memory(memoryview(plane), plane.line_size, height, 1, "uchar")
    return lines.crop(0, 0, 3 * width, height).bandfold(factor=3).copy(interpretation="srgb")
