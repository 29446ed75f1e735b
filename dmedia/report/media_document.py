"""What a media file says about itself: as a JSON document, and as a line for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NotRequired

from typing_extensions import TypedDict  # Python 3.11's own TypedDict tells pydantic too little

from dmedia.errors import ErrorCode  # noqa: TC001 - schemas are made of it
from dmedia.model.info import ColourSpace, MediaFormat, MediaKind  # noqa: TC001 - schemas are made of them
from dmedia.operations.parameters import Help
from dmedia.report.documents import exact_path
from dmedia.report.shapes import EXACT
from dmedia.report.summary import clock, size
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.errors import MediaError
    from dmedia.model import MediaInfo


class MediaDocument(TypedDict):
    """What a media file says about itself; null for what it does not say or have."""

    path: str
    kind: MediaKind
    format: Annotated[MediaFormat, Help("As the content says, whatever the name is; of films the container")]
    width: Annotated[int, Help("As it is shown: upright, and films with square pixels", "px")]
    height: Annotated[int, Help("As it is shown: upright, and films with square pixels", "px")]
    bytes: int
    frames: Annotated[int | None, Help("Frames or pages; of films as declared")]
    animated: Annotated[bool | None, Help("Whether a picture's frames follow each other in time")]
    has_alpha: Annotated[bool | None, Help("Whether a picture has transparency")]
    bits: Annotated[int | None, Help("Bits a sample")]
    colour: Annotated[ColourSpace | None, Help("Of a picture as it is stored; palettes are rgb")]
    icc_profile: Annotated[str | None, Help("Description of the embedded colour profile")]
    orientation: Annotated[int | None, Help("EXIF orientation, 1-8, that leads from what is stored to what is shown")]
    dpi: Annotated[list[float] | None, Help("Pixels an inch, across and down as stored")]
    taken_at: Annotated[str | None, Help("ISO 8601, local to the camera; an offset only where the file states one")]
    camera: str | None
    lens: str | None
    artist: str | None
    copyright: str | None
    has_gps: Annotated[bool, Help("Whether the file tells a position, which itself is never told")]
    duration_s: Annotated[float | None, Help("Of a film, as declared", "s")]
    frame_rate: Annotated[float | None, Help("Frames a second, on average")]
    video_codec: Annotated[str | None, Help("FFmpeg's name")]
    audio_codec: Annotated[str | None, Help("FFmpeg's name, of the first audio stream")]
    audio_channels: int | None
    rotation: Annotated[int | None, Help("Degrees clockwise that a film's frames are turned by to be shown")]
    video_streams: Annotated[int | None, Help("Of a film, without cover pictures")]
    audio_streams: int | None
    decoder: Annotated[str, Help("The library that has read the header")]
    warnings: list[str]
    path_b64: NotRequired[Annotated[str, EXACT]]


class UndescribedDocument(TypedDict):
    """Why a file could not be described."""

    path: str
    error: Annotated[str, Help("A sentence that begins with the reason")]
    code: ErrorCode
    hint: str | None
    path_b64: NotRequired[Annotated[str, EXACT]]


def media_document(info: MediaInfo, path: bytes) -> MediaDocument:
    """Make the document of a file that was described.

    Parameters
    ----------
    info : MediaInfo
        What it says about itself.
    path : bytes
        Absolute path.

    Returns
    -------
    dict
        Every key in every document; null for what a file does not say or have. ``dpi`` is a pair. ``path_b64`` is added
        where the path is not UTF-8.
    """
    document: MediaDocument = {
        "path": shown(path),
        "kind": info.kind,
        "format": info.format,
        "width": info.width,
        "height": info.height,
        "bytes": info.size_bytes,
        "frames": info.frames,
        "animated": info.animated,
        "has_alpha": info.has_alpha,
        "bits": info.bits,
        "colour": info.colour,
        "icc_profile": info.icc_profile,
        "orientation": info.orientation,
        "dpi": list(info.dpi) if info.dpi else None,
        "taken_at": info.taken_at,
        "camera": info.camera,
        "lens": info.lens,
        "artist": info.artist,
        "copyright": info.copyright,
        "has_gps": info.has_gps,
        "duration_s": info.duration_s,
        "frame_rate": info.frame_rate,
        "video_codec": info.video_codec,
        "audio_codec": info.audio_codec,
        "audio_channels": info.audio_channels,
        "rotation": info.rotation,
        "video_streams": info.video_streams,
        "audio_streams": info.audio_streams,
        "decoder": info.decoder,
        "warnings": list(info.warnings),
    }
    if exact := exact_path(path):
        document["path_b64"] = exact
    return document


def undescribed_document(error: MediaError, path: bytes) -> UndescribedDocument:
    """Make the document of a file that could not be described: ``path``, ``error``, ``code`` and ``hint``."""
    document: UndescribedDocument = {
        "path": shown(path),
        "error": error.message,
        "code": error.code,
        "hint": error.hint,
    }
    if exact := exact_path(path):
        document["path_b64"] = exact
    return document


def media_line(info: MediaInfo) -> str:
    """Tell in a line what a file says about itself.

    Parameters
    ----------
    info : MediaInfo
        Its texts are printable already.

    Returns
    -------
    str
        Without its path.
    """
    details = _film_details(info) if info.kind == "film" else _picture_details(info)
    head = f"{info.format} {info.width} x {info.height}, {size(info.size_bytes)}"
    return ", ".join([head, *details, *_origin(info)]) + "".join(f"; {warning}" for warning in info.warnings)


def _picture_details(info: MediaInfo) -> Iterator[str]:
    if info.colour:
        bits = f" {info.bits} bit" if info.bits else ""
        yield f"{info.colour}{bits}{' with alpha' if info.has_alpha else ''}"
    if info.icc_profile:
        yield f"profile {info.icc_profile}"
    if info.frames and info.frames > 1:
        yield f"{info.frames:,} {'frames' if info.animated else 'pages'}"
    if info.dpi:
        yield f"{info.dpi[0]:g} dpi" if info.dpi[0] == info.dpi[1] else f"{info.dpi[0]:g} x {info.dpi[1]:g} dpi"
    if info.orientation and info.orientation > 1:
        yield f"stored with orientation {info.orientation}"


def _film_details(info: MediaInfo) -> Iterator[str]:
    if info.duration_s is not None:
        yield clock(info.duration_s) if info.duration_s >= 60 else f"{info.duration_s:.3g} s"
    rate = f" at {info.frame_rate:.5g} frames/s" if info.frame_rate else ""
    yield f"{info.video_codec}{rate}"
    if info.audio_streams:
        channels = f" of {info.audio_channels} channel{'s' * (info.audio_channels != 1)}" if info.audio_channels else ""
        yield f"{info.audio_codec or 'sound in an unknown codec'}{channels}"
    else:
        yield "no sound"
    if info.rotation:
        yield f"turned by {info.rotation} degrees"


def _origin(info: MediaInfo) -> Iterator[str]:
    for name in ("taken_at", "camera", "lens", "artist", "copyright"):
        if text := getattr(info, name):
            yield text if name in {"camera", "lens"} else f"{name.removesuffix('_at')} {text}"
    if info.has_gps:
        yield "tells a position"
