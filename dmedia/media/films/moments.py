"""Frames of a film that could stand for it: where they are looked for, and how telling each is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from av.error import FFmpegError
from av.video.reformatter import Interpolation

from dmedia.media.libvips import pyvips

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from dmedia.media.films.opened import OpenFilm

PLACES = (0.1, 0.3, 0.5, 0.7, 0.9, 0.0)
"""Where keyframes are looked for, as parts of the duration: not at the very end, where credits are."""

MOST_PACKETS = 64
"""Packets read at one place until a frame comes out: twice the longest reordering (16 frames) of H.264, in fields."""

MOST_SKIPPED = 1000
"""Packets read at one place until a keyframe comes: 40 s at 25 frames a second."""

MOST_FRAMES = 300
FRAME_STEP = 10
"""Frames decoded in a row, and every how many of them one is looked at, where keyframes tell too little."""

MEASURE_WIDTH = 192
"""Width in pixels of the luma plane that is measured: noise is averaged away, a blur of 1 % of the width shows."""

BLACK, WHITE = 24, 235
LEAST_SPREAD = 16.0
LEAST_SHARPNESS = 1.5
"""A frame is telling when its mean luma lies between black and white, its standard deviation and its mean difference
between neighbouring pixels are at least these (all of 255). Chosen on the films of the corpus: titles on black, fades
and out-of-focus frames lie below."""

TYPICAL_SPREAD, TYPICAL_SHARPNESS, MID_GREY = 60.0, 8.0, 118.0
"""Values of a well exposed, detailed frame; more than that does not make a better poster."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame that could stand for a film.

    Attributes
    ----------
    frame : av.VideoFrame
        As it was decoded.
    mean, spread, sharpness : float
        Of its luma, 0-255: mean, standard deviation, and mean difference between neighbours.
    """

    frame: VideoFrame
    mean: float
    spread: float
    sharpness: float

    @property
    def is_telling(self) -> bool:
        """Whether it is neither black, white, nearly uniform, blurred nor damaged."""
        return (
            BLACK < self.mean < WHITE
            and self.spread >= LEAST_SPREAD
            and self.sharpness >= LEAST_SHARPNESS
            and not self.frame.is_corrupt
        )

    @property
    def score(self) -> float:
        """How telling it is, for comparing moments: contrast, detail and exposure, each up to its typical value."""
        contrast = min(self.spread / TYPICAL_SPREAD, 1.0)
        detail = min(self.sharpness / TYPICAL_SHARPNESS, 1.0)
        exposure = 1.0 - abs(self.mean - MID_GREY) / (255.0 - MID_GREY)
        return (contrast + detail + 0.5 * max(exposure, 0.0)) * (0.25 if self.frame.is_corrupt else 1.0)


def measure(frame: VideoFrame) -> Moment:
    """Look at a frame.

    Parameters
    ----------
    frame : av.VideoFrame
        As it was decoded.

    Returns
    -------
    Moment
        The frame with its measures.
    """
    width = min(MEASURE_WIDTH, frame.width)
    height = max(1, round(frame.height * width / frame.width))
    grey = frame.reformat(width=width, height=height, format="gray", interpolation=Interpolation.AREA, threads=1)
    plane = grey.planes[0]
    luma = pyvips.Image.new_from_memory(memoryview(plane), plane.line_size, height, 1, "uchar").crop(
        0, 0, width, height
    )
    return Moment(frame, luma.avg(), luma.deviate() if width * height > 1 else 0.0, _sharpness(luma))


def _sharpness(luma: pyvips.Image) -> float:
    width, height = luma.width - 1, luma.height - 1
    if width < 1 or height < 1:
        return 0.0
    base = luma.crop(0, 0, width, height)
    beside = (luma.crop(1, 0, width, height) - base).abs()
    below = (luma.crop(0, 1, width, height) - base).abs()
    return float((beside + below).avg())


def keyframes(film: OpenFilm) -> Iterator[VideoFrame | None]:
    """Decode the keyframes nearest to some places of a film, each once.

    Parameters
    ----------
    film : OpenFilm
        Any film; one without a declared duration gives none.

    Yields
    ------
    av.VideoFrame or None
        A frame, or ``None`` for a damaged place. Places without a keyframe are passed over.
    """
    stream = film.stream
    if not film.duration_s or not stream.time_base:
        return
    seen = set()
    for place in PLACES:
        target = (stream.start_time or 0) + int(place * film.duration_s / stream.time_base)
        try:
            frame = _keyframe_at(film, target)
        except FFmpegError:
            yield None
            continue
        if frame is not None and (frame.pts is None or frame.pts not in seen):
            seen.add(frame.pts)
            yield frame


def frames_in_a_row(film: OpenFilm) -> Iterator[VideoFrame]:
    """Decode a film from its start, and give every so many frames up to a bound.

    Parameters
    ----------
    film : OpenFilm
        Any film.

    Yields
    ------
    av.VideoFrame
        The first that can be decoded, and each ``FRAME_STEP``-th after it.
    """
    try:
        film.container.seek(film.stream.start_time or 0, stream=film.stream)
    except FFmpegError:
        film.stream.codec_context.flush_buffers()
    for count, frame in enumerate(_decodable(film)):
        if count >= MOST_FRAMES:
            return
        if count % FRAME_STEP == 0:
            yield frame


def _keyframe_at(film: OpenFilm, target: int) -> VideoFrame | None:
    """Decode the keyframe next to a time stamp: from its packet alone, or with what follows where that is not enough.

    Fields of an interlaced frame can come in packets of their own, and some decoders hold frames back.
    """
    packet = next(_packets_from_keyframe(film, target), None)
    if packet is None:
        return None
    frames = [*film.stream.decode(packet), *film.stream.decode(None)]
    if len(frames) == 1 and not frames[0].interlaced_frame:
        return frames[0]
    for packet in islice(_packets_from_keyframe(film, target), MOST_PACKETS):
        if frames := film.stream.decode(packet):
            return frames[0]
    return None


def _packets_from_keyframe(film: OpenFilm, target: int) -> Iterator[Packet[VideoStream]]:
    """Go to a time stamp and read on from the first keyframe: containers without an index stop anywhere."""
    film.container.seek(target, stream=film.stream)
    packets = islice(film.container.demux(film.stream), MOST_SKIPPED)
    for packet in packets:
        if packet.is_keyframe and packet.size:
            yield packet
            break
    yield from packets


def _decodable(film: OpenFilm) -> Iterator[VideoFrame]:
    """Decode from where the film stands; what cannot be read or decoded is passed over."""
    packets = film.container.demux(film.stream)
    failures = 0
    while failures < MOST_PACKETS:
        try:
            packet = next(packets)
            yield from film.stream.decode(packet)
        except StopIteration:
            return
        except FFmpegError:
            failures += 1
            packets = film.container.demux(film.stream)
