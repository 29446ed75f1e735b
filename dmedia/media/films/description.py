"""What a film's header says. One frame is decoded: PyAV tells how a film is turned only of frames."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from av.error import FFmpegError

from dmedia.errors import MediaError
from dmedia.media.films.frame import orientation, shown_size
from dmedia.media.films.opened import NOT_A_FILM, open_film
from dmedia.media.statements import camera, legible, moment
from dmedia.model import MediaInfo
from dmedia.model.info import LARGEST_COUNT

if TYPE_CHECKING:
    from fractions import Fraction

    from av.container import InputContainer
    from av.video.frame import VideoFrame

    from dmedia.media.films.opened import OpenFilm
    from dmedia.media.opened import Notes, OpenSource
    from dmedia.model import Limits
    from dmedia.model.info import MediaFormat

FORMATS: dict[str, MediaFormat] = {
    "mov": "mp4", "matroska": "mkv", "avi": "avi", "mpeg": "mpeg", "mpegvideo": "mpeg", "mpegts": "mpegts",
    "asf": "asf", "flv": "flv", "ogg": "ogg", "mxf": "mxf",
}  # fmt: skip
"""Containers by the first name of FFmpeg's demuxer."""

MOST_PACKETS = 100
"""Packets that are decoded in search of a frame: enough for a stream that does not begin with a keyframe."""

FASTEST = 1000.0
"""Frames a second: rates above it are a container's clock, not a film's."""

LONGEST_S = 10 * 366 * 24 * 3600.0
"""Durations above it are damage."""

TAKEN, MAKER, MODEL, ARTIST, COPYRIGHT = (
    ("com.apple.quicktime.creationdate", "creation_time", "date"),
    ("com.apple.quicktime.make", "make"),
    ("com.apple.quicktime.model", "model"),
    ("com.apple.quicktime.artist", "artist"),
    ("com.apple.quicktime.copyright", "copyright"),
)
"""Where containers state what, as FFmpeg names it."""


def describe_film(source: OpenSource, limits: Limits, notes: Notes) -> MediaInfo:
    """Read what a film says about itself.

    Parameters
    ----------
    source : OpenSource
        A film.
    limits : Limits
        What it may cost.
    notes : Notes
        What is known already.

    Returns
    -------
    MediaInfo
        As declared: what is missing at the end is not looked for.

    Raises
    ------
    MediaError
        What ``open_film`` raises; ``corrupt_input`` for a film without a size.
    """
    with open_film(source, limits, strict=False) as film:
        container, stream, context = film.container, film.stream, film.stream.codec_context
        stated = {key.lower(): value for key, value in container.metadata.items()}
        frame = _first_frame(film)
        if frame is None:
            notes.warn("no frame of this film can be decoded from its beginning: how it is turned is not known")
        turns = orientation(frame)[1] if frame else 0
        width, height = _size(film, frame)
        audio = [found.codec_context for found in container.streams.audio]
        first_audio = next((found for found in audio if found), None)
        return MediaInfo(
            kind="film",
            format=_format(container, source.head),
            width=height if turns % 2 else width,
            height=width if turns % 2 else height,
            size_bytes=source.size_bytes,
            frames=stream.frames if 0 < stream.frames <= LARGEST_COUNT else None,
            bits=context.format.components[0].bits if context.format else None,
            taken_at=moment(_stated(stated, TAKEN)),
            camera=camera(_stated(stated, MAKER), _stated(stated, MODEL)),
            artist=_stated(stated, ARTIST),
            copyright=_stated(stated, COPYRIGHT),
            has_gps=any("location" in key for key in stated),
            duration_s=_duration(film.duration_s),
            frame_rate=_rate(stream.average_rate) or _rate(stream.guessed_rate),
            video_codec=context.codec.canonical_name,
            audio_codec=first_audio.codec.canonical_name if first_audio else None,
            audio_channels=first_audio.channels if first_audio else None,
            rotation=90 * turns if frame else None,
            video_streams=sum(not found.disposition & NOT_A_FILM for found in container.streams.video),
            audio_streams=len(audio),
            decoder="pyav",
            warnings=tuple(filter(None, map(legible, notes.warnings))),
        )


def _first_frame(film: OpenFilm) -> VideoFrame | None:
    try:
        for packet in itertools.islice(film.container.demux(film.stream), MOST_PACKETS):
            for frame in packet.decode():
                return frame
    except FFmpegError:
        return None
    return None


def _size(film: OpenFilm, frame: VideoFrame | None) -> tuple[int, int]:
    """Measure a film with square pixels, not turned yet; what was decoded is truer than what was declared."""
    stream = film.stream
    width, height = (frame.width, frame.height) if frame else (stream.width, stream.height)
    if width < 1 or height < 1:
        raise MediaError("corrupt_input", f"Corrupt input: a film of {width}x{height} pixels", "open")
    return shown_size(width, height, stream.sample_aspect_ratio)


def _format(container: InputContainer, head: bytes) -> MediaFormat:
    """Tell containers apart that share a demuxer, by brand (ISO/IEC 14496-12, 4.3) or document type (RFC 8794)."""
    found = FORMATS[container.format.name.split(",", 1)[0]]
    if found == "mkv":
        return "webm" if b"webm" in head[:64] else "mkv"
    if found == "mp4":
        brand = head[8:12] if head[4:8] == b"ftyp" else b"qt  "  # older than brands: QuickTime
        return "mov" if brand == b"qt  " else "3gp" if brand[:2] == b"3g" else "mp4"
    return found


def _stated(stated: dict[str, str], keys: tuple[str, ...]) -> str | None:
    return next((text for key in keys if (text := legible(stated.get(key)))), None)


def _duration(duration_s: float | None) -> float | None:
    return round(duration_s, 3) if duration_s and 0 < duration_s < LONGEST_S else None


def _rate(rate: Fraction | None) -> float | None:
    """Round a rate; 0 is what slower ones than any film's come to."""
    return round(float(rate), 3) or None if rate and 0 < rate <= FASTEST else None
