"""compress without loss: fewer bytes and the very pixels, which is proved by decoding both.

A JPEG or a PNG that stays one is optimised; its colours, its profile and its orientation stay as they are. All else is
encoded anew, upright. What cannot be the same fails, or stays the original: nothing is ever encoded with loss instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError
from dmedia.media import guard, metadata
from dmedia.media.colour import named
from dmedia.media.draft import Draft
from dmedia.media.framing import upright
from dmedia.media.geometry import Size
from dmedia.media.identity import is_identical
from dmedia.media.optimisers import NAMES, SECONDS_A_MEGAPIXEL, NotOptimisedError, optimised
from dmedia.media.profile import is_srgb
from dmedia.media.rendering import SHORTEST_DEADLINE_S, render
from dmedia.media.search import Accuracy

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.media.decoders.picture import Picture
    from dmedia.media.opened import OpenSource
    from dmedia.media.process import Attempt

IDENTICAL = Accuracy(identical=True)
EXACT_FORMATS = "webp, png or tiff"
LARGER = "without loss it does not become smaller"


@dataclass(frozen=True, slots=True)
class Exact:
    """A picture that is in the draft, with the pixels of its source.

    Attributes
    ----------
    accuracy : Accuracy
        With the proof.
    is_upright : bool
        Whether its pixels are stored upright; else they are stored as the source's.
    """

    accuracy: Accuracy
    is_upright: bool


def refuse_jpeg(source: OpenSource, draft: Draft, attempt: Attempt) -> None:
    """Refuse to write a JPEG without loss, but for one that is compressed.

    Raises
    ------
    MediaError
        ``encode_failed``.
    """
    stays_jpeg = attempt.order.operation == "compress" and source.sniffed.format == "jpg"
    if attempt.parameters.lossless and draft.format == "jpg" and not stays_jpeg:
        raise _not_exact("a JPEG cannot hold pixels without loss", f"Choose --format {EXACT_FORMATS}")


def compress_exactly(
    picture: Picture, open_again: Callable[[], Picture], source: OpenSource, draft: Draft, attempt: Attempt
) -> Exact:
    """Make a picture file smaller without changing a pixel.

    Parameters
    ----------
    picture : Picture
        Its header is read.
    open_again : callable
        Opens it once more.
    source : OpenSource
        Its file.
    draft : Draft
        Where the rendition goes.
    attempt : Attempt
        Its parameters are those of ``compress``, its notes get warnings.

    Returns
    -------
    Exact
        What is in the draft.

    Raises
    ------
    MediaError
        ``encode_failed`` when the format cannot hold the pixels, or the file would become larger and must not stay as
        it is; ``unsupported_format`` when an optimiser is not installed; ``verify_failed``.
    pyvips.Error, OSError
        As decoding and encoding do.
    """
    _tell_colours(picture, attempt)
    stays = source.sniffed.format == draft.format
    if picture.frames > 1:
        reason = f"the first of {picture.frames} frames or pages would be all that stays"
        raise _not_exact(reason, "--metadata keep keeps such files as they are; or compress without --lossless")
    if stays and draft.format in NAMES:
        _optimise(picture, source, draft, attempt)
        return Exact(IDENTICAL, is_upright=False)
    is_futile = stays and _is_lossy(source)
    reason = LARGER if is_futile else _encode_exactly(open_again, picture, source, draft, attempt)
    if not reason:
        return Exact(IDENTICAL, is_upright=True)
    if not stays:
        raise _not_exact(reason, f"Choose --format {EXACT_FORMATS}, or compress without --lossless")
    _keep_source(reason, source, draft, attempt)
    return Exact(IDENTICAL, is_upright=False)


def _is_lossy(source: OpenSource) -> bool:
    """Tell whether a picture is coded with loss: encoded anew without, it would only become much larger.

    Nearly all AVIF are; a WebP without loss has a chunk of its own (RFC 9649, section 2.6).
    """
    is_webp = source.sniffed.format == "webp"
    return source.sniffed.format == "avif" or (is_webp and b"VP8L" not in metadata.read_whole(source.descriptor))


def _keep_source(reason: str, source: OpenSource, draft: Draft, attempt: Attempt) -> None:
    """Put the source's own bytes, without what may not leave."""
    policy = attempt.parameters.metadata
    if not metadata.copy_without_private(source.descriptor, draft.path, draft.format, policy):
        message = f"{reason}, and what the original tells of its maker can only be taken out by encoding it"
        raise _not_exact(message, "--metadata keep keeps the original as it is; or compress without --lossless")
    attempt.notes.warn(f"original kept: {reason}")
    _prove(source, draft)


def _optimise(picture: Picture, source: OpenSource, draft: Draft, attempt: Attempt) -> None:
    """Optimise a copy without what may not leave, and keep the copy where that does not make it smaller."""
    parameters, notes = attempt.parameters, attempt.notes
    _set_deadline(picture, draft.format, attempt)
    if not metadata.copy_without_private(source.descriptor, draft.path, draft.format, parameters.metadata):
        picture.decode(Size(picture.width, picture.height)).avg()  # mostly it is damage that keeps it from being read
        raise _not_exact("the file is built in a way that is not known here", "Compress it without --lossless")
    copied = draft.read()
    try:
        data = optimised(copied, draft.format, parameters)
        if len(data) < len(copied) or parameters.progressive:
            draft.replace(data)
        else:
            notes.warn(f"original kept: {LARGER}")
    except NotOptimisedError as error:
        notes.warn(f"original kept: {error}")
    _prove(source, draft)


def _encode_exactly(
    open_again: Callable[[], Picture], picture: Picture, source: OpenSource, draft: Draft, attempt: Attempt
) -> str:
    """Encode anew; tell why that is not what was asked for, or nothing."""
    parameters = replace(attempt.parameters, icc="keep")
    rendered = render(picture, draft.format, parameters, attempt.order.limits, attempt.notes)
    draft.encode(rendered.image, parameters)
    if not is_identical(lambda: _upright(open_again()), lambda: named(draft.decode())):
        return f"{draft.format} cannot hold these pixels exactly as it is written here"
    is_smaller = draft.size_bytes < source.size_bytes
    if source.sniffed.format == draft.format:
        return "" if is_smaller else LARGER
    if not is_smaller:
        attempt.notes.warn(f"larger than the source: {draft.format} was asked for, without loss")
    return ""


def _prove(source: OpenSource, draft: Draft) -> None:
    """Decode a rendition that is stored as its source is, and compare."""
    as_stored = Draft(source.path, source.descriptor, draft.format)
    if not is_identical(lambda: named(as_stored.decode()), lambda: named(draft.decode())):
        message = "Verification failed: the rendition has other pixels than its source"
        raise MediaError("verify_failed", message, "verify", "Compress it without --lossless, and report it")


def _upright(picture: Picture) -> Any:
    size = Size(picture.width, picture.height)
    return named(upright(picture.decode(size), picture.orientation))


def _set_deadline(picture: Picture, image_format: str, attempt: Attempt) -> None:
    if attempt.order.limits.timeout_s is None:
        work_s = picture.width * picture.height / 1e6 * SECONDS_A_MEGAPIXEL[image_format]
        guard.extend(max(SHORTEST_DEADLINE_S, work_s))


def _tell_colours(picture: Picture, attempt: Attempt) -> None:
    """Say that colours are not brought to sRGB, where every other rendition's are."""
    if attempt.parameters.icc == "keep":
        return
    traits = picture.traits()
    if traits.colour == "cmyk":
        attempt.notes.warn("the colours stay CMYK: without loss none is converted to sRGB")
    elif traits.icc and not is_srgb(traits.icc):
        attempt.notes.warn("the colours stay in the source's profile: without loss none is converted to sRGB")


def _not_exact(reason: str, hint: str) -> MediaError:
    return MediaError("encode_failed", f"Encoding failed: {reason}", "encode", hint)
