"""What a media file says about itself in its header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MediaKind = Literal["image", "film"]

MediaFormat = Literal[
    "jpg", "png", "webp", "gif", "avif", "tiff", "heif", "raw", "bmp", "ico", "psd", "tga", "jp2", "fli",
    "mp4", "mov", "3gp", "mkv", "webm", "avi", "mpeg", "mpegts", "asf", "flv", "ogg", "mxf",
]  # fmt: skip
"""What can be described: pictures by their format, films by their container."""

ColourSpace = Literal["rgb", "grey", "cmyk", "lab", "xyz"]

LONGEST_VALUE = 200
"""Characters of a text that a file says about itself; what is longer is cut off."""

LARGEST_COUNT = 2**31 - 1
"""Of pixels of a side, frames, streams and channels; what claims to have more is damaged there."""


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a media file says about itself. ``None`` stands for what it does not say, or does not have.

    Texts come from the file: they are of at most `LONGEST_VALUE` characters, all of them printable, and prove nothing.

    Attributes
    ----------
    kind : MediaKind
        Picture or film.
    format : MediaFormat
        As the content says, whatever the name is.
    width, height : int
        Pixels as it is shown: upright, and films with square pixels.
    size_bytes : int
        Of the file.
    frames : int or None
        Frames or pages. Of films as declared, and many declare none.
    animated : bool or None
        Whether a picture's frames follow each other in time.
    has_alpha : bool or None
        Whether a picture has transparency.
    bits : int or None
        Bits a sample, 1-64.
    colour : ColourSpace or None
        Of a picture as it is stored; palettes are ``rgb``.
    icc_profile : str or None
        Description of the embedded colour profile; ``unnamed`` for one without.
    orientation : int or None
        EXIF orientation, 1-8, that leads from the stored picture to the upright one; ``None`` for formats that turn by
        other means.
    dpi : tuple of float or None
        Pixels an inch, across and down as stored.
    taken_at : str or None
        ISO 8601, as local to the camera, with an offset only where the file states one.
    camera, lens, artist, copyright : str or None
        As stated.
    has_gps : bool
        Whether the file tells a position. The position itself is never read out.
    duration_s : float or None
        Of a film, in seconds, as declared.
    frame_rate : float or None
        Frames a second, on average.
    video_codec, audio_codec : str or None
        FFmpeg's names of the chosen streams' codecs.
    audio_channels : int or None
        Of the first audio stream.
    rotation : int or None
        Degrees clockwise, 0, 90, 180 or 270, that a film's frames are turned by to be upright.
    video_streams, audio_streams : int or None
        Of a film; cover pictures do not count.
    decoder : str
        The library that has read the header.
    warnings : tuple of str
        What a person should know, such as a name that promises another format.
    """

    kind: MediaKind
    format: MediaFormat
    width: int
    height: int
    size_bytes: int
    frames: int | None = None
    animated: bool | None = None
    has_alpha: bool | None = None
    bits: int | None = None
    colour: ColourSpace | None = None
    icc_profile: str | None = None
    orientation: int | None = None
    dpi: tuple[float, float] | None = None
    taken_at: str | None = None
    camera: str | None = None
    lens: str | None = None
    artist: str | None = None
    copyright: str | None = None
    has_gps: bool = False
    duration_s: float | None = None
    frame_rate: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    audio_channels: int | None = None
    rotation: int | None = None
    video_streams: int | None = None
    audio_streams: int | None = None
    decoder: str = ""
    warnings: tuple[str, ...] = ()
