"""The poster of a film: one frame that is worth looking at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError

from dmedia.errors import MediaError
from dmedia.media.films.frame import to_picture
from dmedia.media.films.moments import frames_in_a_row, keyframes, measure
from dmedia.media.films.opened import check_frame, open_film

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from dmedia.media.films.moments import Moment
    from dmedia.media.films.opened import OpenFilm
    from dmedia.media.libvips import pyvips
    from dmedia.media.opened import OpenSource
    from dmedia.model import Limits

KEYFRAMES_COMPARED = 3
"""So many keyframes are always compared, more only while none is telling."""

MISSING_S, MISSING_PART = 0.5, 0.05
"""A film is cut off when more than half a second and more than 5 % of its declared duration is missing."""

MOST_TAIL_PACKETS = 3000
"""Packets that are read, not decoded, after the last keyframe in search of the end: two minutes at 25 a second."""


@dataclass(frozen=True, slots=True)
class Poster:
    """The picture that stands for a film.

    Attributes
    ----------
    image : pyvips.Image
        Three bands, 8 bit, sRGB, upright, with square pixels.
    decoder : str
        What decoded it.
    warnings : tuple of str
        What a person should know although there is a picture.
    """

    image: pyvips.Image
    decoder: str
    warnings: tuple[str, ...]


def choose_poster(source: OpenSource, width: int | None, height: int | None, limits: Limits) -> Poster:
    """Choose a frame of a film: the most telling of a few keyframes, and the best there is where all are dark.

    Parameters
    ----------
    source : OpenSource
        Any file.
    width, height : int or None
        The box in pixels that the picture will be fitted into: it comes scaled down to just cover it.
    limits : Limits
        What one file may cost.

    Returns
    -------
    Poster
        With a warning for a film that is cut off or damaged, but has frames that are whole.

    Raises
    ------
    MediaError
        ``unsupported_format``, ``corrupt_input``, ``incomplete_input``, ``too_large``, ``io_error``.
    """
    for strict in (True, False):
        with open_film(source, limits, strict=strict) as film:
            best, unreadable = _most_telling(film, limits)
            if best is not None:
                warnings = _damage(film, is_damaged=unreadable > 0, is_patched=best.frame.is_corrupt or not strict)
                picture = to_picture(best.frame, film.stream.sample_aspect_ratio, width, height)
                return Poster(picture, "pyav", warnings)
            missing = _missing(film)
    if missing:
        raise MediaError("incomplete_input", "Incomplete input: the film ends before its first frame", "decode")
    raise MediaError("corrupt_input", "Corrupt input: no frame of this film can be decoded", "decode")


def _most_telling(film: OpenFilm, limits: Limits) -> tuple[Moment | None, int]:
    """Compare a few keyframes, and frames in between where none tells enough; count places that are damaged."""
    best: Moment | None = None
    unreadable = 0
    for count, frame in enumerate(keyframes(film), start=1):
        if frame is None:
            unreadable += 1
        else:
            best = _better(best, frame, limits)
        if best and best.is_telling and count >= KEYFRAMES_COMPARED:
            break
    if best is None or not best.is_telling:
        for frame in frames_in_a_row(film):
            best = _better(best, frame, limits)
            if best.is_telling:
                break
    return best, unreadable


def _better(best: Moment | None, frame: VideoFrame, limits: Limits) -> Moment:
    check_frame(frame.width, frame.height, limits)  # the header may have said less
    moment = measure(frame)
    if best is None or (moment.is_telling, moment.score) > (best.is_telling, best.score):
        return moment
    return best


def _damage(film: OpenFilm, *, is_damaged: bool, is_patched: bool) -> tuple[str, ...]:
    if is_patched:
        return ("The film is damaged: no frame without errors was found",)
    if missing := _missing(film):
        return (f"The film is cut off: {missing}",)
    return ("The film is damaged: not every place in it could be decoded",) if is_damaged else ()


def _missing(film: OpenFilm) -> str:
    """Tell how much of the declared duration is not there; empty for a film that is whole.

    FFmpeg gives what there is of a truncated film without an error. Nothing is decoded here: packets are read up to
    the end, from the last keyframe on.
    """
    if not film.duration_s:
        return ""
    ended_s = _end(film)
    missing_s = film.duration_s - ended_s
    if missing_s <= max(MISSING_S, MISSING_PART * film.duration_s):
        return ""
    if ended_s > 0:
        return f"the last {missing_s:.1f} of {film.duration_s:.1f} s are missing"
    return f"its end is missing, it should last {film.duration_s:.1f} s"


def _end(film: OpenFilm) -> float:
    """Find when the last packet ends, in seconds; 0 where there is none after the last keyframe that is known of."""
    container, duration_s = film.container, film.duration_s or 0.0
    start_s = container.start_time / av.time_base if container.start_time else 0.0
    streams = (film.stream,) if film.has_own_duration else (*container.streams.video, *container.streams.audio)
    ended_s = 0.0
    try:
        container.seek(int((start_s + duration_s) * av.time_base))
        for count, packet in enumerate(container.demux(*streams)):
            if count == MOST_TAIL_PACKETS:
                return duration_s  # too long a tail to be read for a poster
            if packet.pts is not None and packet.time_base:
                ended_s = max(ended_s, float((packet.pts + (packet.duration or 0)) * packet.time_base) - start_s)
    except FFmpegError:
        return ended_s
    return ended_s
