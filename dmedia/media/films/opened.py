"""Open a film safely: the one file that is open, known containers only, one decoding thread."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
from av.error import FFmpegError
from av.stream import Disposition

from dmedia.errors import MediaError
from dmedia.media import guard
from dmedia.media.isobox import boxes
from dmedia.media.opened import check_bytes, pixel_count
from dmedia.storage.faults import fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.stream import VideoStream

    from dmedia.media.opened import OpenSource
    from dmedia.model import Limits

CONTAINERS = "mov,matroska,avi,mpeg,mpegts,mpegvideo,asf,flv,ogg,mxf"
"""FFmpeg's demuxers for ``formats.FILM_EXTENSIONS``: no playlist, which would read other files, and no image."""

OPTIONS = {"protocol_whitelist": "fd", "format_whitelist": CONTAINERS}
"""FFmpeg gets a descriptor (its protocol ``fd:``, 6.0 and later) and no way to open anything else by a name."""

NOT_A_FILM = Disposition.attached_pic | Disposition.timed_thumbnails

READ_AGAIN_BYTES, BLOCK_BYTES = 64 * 2**20, 2**20
"""How much of either end of a film is read again to tell a failing disk from a damaged file."""

SHORTEST_DEADLINE_S = 120.0
DEADLINE_FACTOR = 10.0
"""A film's deadline is the greater of 120 s and ten times its duration: see `Limits.timeout_s`."""


@dataclass(slots=True)
class OpenFilm:
    """A film that is open, and which of its streams is meant.

    Attributes
    ----------
    container : av.container.InputContainer
        The file.
    stream : av.video.stream.VideoStream
        The one that is the film, with a decoder.
    duration_s : float or None
        As declared; ``None`` where it is not.
    has_own_duration : bool
        Whether the duration is the stream's and not that of everything in the file.
    """

    container: InputContainer
    stream: VideoStream
    duration_s: float | None
    has_own_duration: bool


@contextlib.contextmanager
def open_film(source: OpenSource, limits: Limits, *, strict: bool = True) -> Iterator[OpenFilm]:
    """Open a film and choose its video stream.

    Parameters
    ----------
    source : OpenSource
        Any file; its position is moved.
    limits : Limits
        Bytes of the file, pixels of a frame, time.
    strict : bool
        Whether decoding a damaged frame raises; otherwise FFmpeg patches it, and does not always say so.

    Yields
    ------
    OpenFilm
        Closed at the end.

    Raises
    ------
    MediaError
        ``unsupported_format`` without a video stream or a decoder, or for what is no film; ``incomplete_input`` and
        ``corrupt_input`` for a film that is cut or damaged; ``too_large``; ``io_error``.
    """
    check_bytes(source.size_bytes, "film", limits)
    if limits.timeout_s is None:
        guard.extend(SHORTEST_DEADLINE_S)
    try:
        os.lseek(source.descriptor, 0, os.SEEK_SET)  # FFmpeg begins where the descriptor stands
        container = av.open("fd:", options={**OPTIONS, "fd": str(source.descriptor)}, metadata_errors="replace")
    except FFmpegError as error:
        raise _refusal(source, error) from None
    with container:
        stream = _choose_stream(container)
        context = stream.codec_context
        check_frame(context.width, context.height, limits)
        guard.film(context.width * context.height)
        context.thread_count = 1
        if strict:
            context.options = {"err_detect": "explode"}
        duration_s = _stream_duration(stream)
        has_own_duration = duration_s is not None
        if duration_s is None and container.duration and container.duration > 0:
            duration_s = container.duration / av.time_base
        if duration_s and limits.timeout_s is None:
            guard.extend(max(SHORTEST_DEADLINE_S, DEADLINE_FACTOR * duration_s))
        yield OpenFilm(container, stream, duration_s, has_own_duration)


def check_frame(width: int, height: int, limits: Limits) -> None:
    """Refuse frames of too many pixels.

    Parameters
    ----------
    width, height : int
        Of a frame, from the header or as it was decoded.
    limits : Limits
        What one file may cost.

    Raises
    ------
    MediaError
        ``too_large``, with the option that raises the limit.
    """
    if width * height > limits.max_page_pixels:
        frame, most = pixel_count(width * height), pixel_count(limits.max_page_pixels)
        message = f"Too large: frames of {width}x{height} are {frame}, the limit is {most}"
        raise MediaError("too_large", message, "open", "--max-pixels raises the limit")


def _choose_stream(container: InputContainer) -> VideoStream:
    """Take the default stream, then the largest: a cover is a video stream too, and so is a preview track."""
    pictures = [stream for stream in container.streams.video if stream.disposition & NOT_A_FILM]
    films = [stream for stream in container.streams.video if not stream.disposition & NOT_A_FILM]
    decodable = [stream for stream in films if stream.codec_context is not None]
    if decodable:
        return max(decodable, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height, -s.index))
    if films:
        raise MediaError("unsupported_format", "Unsupported format: no decoder for this film's video", "open")
    if not container.streams:
        raise MediaError("corrupt_input", "Corrupt input: the film has no streams", "open")
    what = "audio with a cover picture" if pictures else "audio only" if container.streams.audio else "no video stream"
    raise MediaError("unsupported_format", f"Unsupported format: {what}", "open")


def _stream_duration(stream: VideoStream) -> float | None:
    if stream.duration and stream.duration > 0 and stream.time_base:
        return float(stream.duration * stream.time_base)
    return None


def _refusal(source: OpenSource, error: FFmpegError) -> MediaError:
    """Say why a file does not open as a film: what it is tells more than what FFmpeg says."""
    if isinstance(error, OSError) and (unreadable := _reading_fault(source)):
        return unreadable
    sniffed = source.sniffed
    if sniffed.kind != "film":
        what = f"this is {sniffed.format}" if sniffed.format else "not a film"
        return MediaError("unsupported_format", f"Unsupported format: {what}", "open")
    if _lacks_index(source.descriptor):
        message = "Incomplete input: the film has no index (moov): it was cut, or never finished"
        return MediaError("incomplete_input", message, "open")
    said = "the container is damaged" if isinstance(error, OSError) else error.strerror or error
    return MediaError("corrupt_input", f"Corrupt input: {said}", "open")


def _reading_fault(source: OpenSource) -> MediaError | None:
    """Read where containers keep what tells about them: FFmpeg says EIO of damaged content too (matroskadec.c)."""
    ends = {0, max(0, source.size_bytes - READ_AGAIN_BYTES)}
    try:
        for start in ends:
            for at in range(start, min(start + READ_AGAIN_BYTES, source.size_bytes), BLOCK_BYTES):
                os.pread(source.descriptor, BLOCK_BYTES, at)
    except OSError as error:
        return fault(error, "open")
    return None


def _lacks_index(descriptor: int) -> bool:
    """Tell whether a QuickTime or MP4 file has media data, but no ``moov`` box (ISO/IEC 14496-12, 8.2.1)."""
    names = {box.name for box in boxes(descriptor)}
    return bool(names & {b"ftyp", b"mdat"}) and b"moov" not in names
