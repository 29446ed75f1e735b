"""compress without loss: fewer bytes and the very pixels, which is proved by decoding both.

A JPEG or a PNG that stays one is optimised; its colours, its profile and its orientation stay as they are. All else is
encoded anew, upright. What cannot be the same fails, or stays the original: nothing is ever encoded with loss instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dmedia.errors import MediaError
from dmedia.media import metadata, originals
from dmedia.media.colour import named
from dmedia.media.draft import Measures, stored_pixels
from dmedia.media.framing import turned, upright
from dmedia.media.geometry import Size
from dmedia.media.identity import is_identical
from dmedia.media.optimisers import NAMES, SECONDS_A_MEGAPIXEL, NotOptimisedError, optimised
from dmedia.media.profile import is_srgb
from dmedia.media.rendering import render
from dmedia.media.search import Accuracy
from dmedia.media.sizing import allow

if TYPE_CHECKING:
    from collections.abc import Callable

    from dmedia.media.decoders.picture import Picture
    from dmedia.media.draft import Attempt, Draft
    from dmedia.media.opened import OpenSource

OWNER_LOST = "copyright, artist or description were left out: they stand in XMP alone, which --metadata keep keeps"

IDENTICAL = Accuracy(identical=True)
EXACT_FORMATS = "webp, png or tiff"
LARGER = "without loss it does not become smaller"


def refuse_inexact(source: OpenSource, draft: Draft) -> None:
    """Refuse to write a JPEG or GIF without loss, but for one that is compressed.

    Raises
    ------
    MediaError
        ``encode_failed``.
    """
    stays_jpeg = draft.operation == "compress" and source.sniffed.format == "jpg"
    if draft.parameters.lossless and draft.format == "jpg" and not stays_jpeg:
        raise _not_exact("a JPEG cannot hold pixels without loss", f"Choose --format {EXACT_FORMATS}")
    if draft.parameters.lossless and draft.format == "gif" and draft.operation != "compress":
        raise _not_exact("a GIF cannot hold pixels without loss", f"Choose --format {EXACT_FORMATS}")


def compress_exactly(
    picture: Picture, open_again: Callable[[], Picture], source: OpenSource, draft: Draft, attempt: Attempt
) -> tuple[Measures, bool]:
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
        Where the rendition goes; its parameters are those of ``compress``.
    attempt : Attempt
        Its notes get warnings.

    Returns
    -------
    tuple of Measures and bool
        Of what is in the draft, and whether that is a copy of the file, or of its coded pixels: those are stored as the
        source's, else upright.

    Raises
    ------
    MediaError
        ``encode_failed`` when the format cannot hold the pixels, or the file would become larger and must not stay as
        it is; ``unsupported_format`` when an optimiser is not installed; ``verify_failed``.
    pyvips.Error, OSError
        As decoding and encoding do.
    """
    _tell_colours(picture, draft, attempt)
    stays, is_one = source.sniffed.format == draft.format, picture.frames == 1
    if not is_one and draft.parameters.frames != "first":
        reason = f"the first of {picture.frames} frames or pages would be all that stays"
        hint = "--metadata keep keeps such files as they are, --frames first takes the first; or leave --lossless out"
        raise _not_exact(reason, hint)
    if stays and is_one and draft.format in NAMES:
        _optimise(picture, source, draft, attempt)
        return _measures(picture, is_copy=True), True
    is_futile = stays and is_one and _is_lossy(source)
    reason = LARGER if is_futile else _encode_exactly(open_again, picture, source, draft, attempt)
    if reason and not (stays and is_one):
        raise _not_exact(reason, f"Choose --format {EXACT_FORMATS}, or compress without --lossless")
    if reason:
        _keep_source(reason, picture, source, draft, attempt)
    return _measures(picture, is_copy=bool(reason)), bool(reason)


def _measures(picture: Picture, *, is_copy: bool) -> Measures:
    stored = Size(picture.width, picture.height)
    upright_size = turned(stored, picture.orientation)
    return Measures(stored if is_copy else upright_size, upright_size, accuracy=IDENTICAL)


def _is_lossy(source: OpenSource) -> bool:
    """Tell whether a picture is coded with loss: encoded anew without, it would only become much larger.

    Nearly all AVIF are; a WebP without loss has a chunk of its own (RFC 9649, section 2.6).
    """
    is_webp = source.sniffed.format == "webp"
    return source.sniffed.format == "avif" or (is_webp and b"VP8L" not in metadata.read_whole(source.descriptor))


def _keep_source(reason: str, picture: Picture, source: OpenSource, draft: Draft, attempt: Attempt) -> None:
    """Put the source's own bytes, without what may not leave."""
    if not _copy(picture, source, draft, attempt):
        message = f"{reason}, and what the original tells of its maker can only be taken out by encoding it"
        raise _not_exact(message, "--metadata keep keeps the original as it is; or compress without --lossless")
    attempt.notes.warn(f"original kept: {reason}")
    _prove(source, draft)


def _optimise(picture: Picture, source: OpenSource, draft: Draft, attempt: Attempt) -> None:
    """Optimise a copy without what may not leave, and keep the copy where that does not make it smaller."""
    parameters, notes = draft.parameters, attempt.notes
    if attempt.order.limits.timeout_s is None:
        allow(picture.width * picture.height / 1e6 * SECONDS_A_MEGAPIXEL[draft.format], notes)
    if not _copy(picture, source, draft, attempt):
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


def _copy(picture: Picture, source: OpenSource, draft: Draft, attempt: Attempt) -> bool:
    """Put the source's own bytes, without what may not leave; ``False`` where its format is not known well enough."""
    if not metadata.copy_without_private(source.descriptor, draft.path, draft.format, draft.parameters.metadata):
        return False
    originals.note_position(picture, draft, attempt)
    if originals.loses_owner(picture, source, draft):
        attempt.notes.warn(OWNER_LOST)
    return True


def _encode_exactly(
    open_again: Callable[[], Picture], picture: Picture, source: OpenSource, draft: Draft, attempt: Attempt
) -> str:
    """Encode anew; tell why that is not what was asked for, or nothing."""
    parameters = replace(draft.parameters, icc="keep")
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
    if not is_identical(lambda: named(stored_pixels(source.descriptor, draft.format)), lambda: named(draft.decode())):
        message = "Verification failed: the rendition has other pixels than its source"
        raise MediaError("verify_failed", message, "verify", "Compress it without --lossless, and report it")


def _upright(picture: Picture) -> Any:
    size = Size(picture.width, picture.height)
    return named(upright(picture.decode(size), picture.orientation))


def _tell_colours(picture: Picture, draft: Draft, attempt: Attempt) -> None:
    """Say that colours are not brought to sRGB, where every other rendition's are."""
    if draft.parameters.icc == "keep":
        return
    traits = picture.traits()
    if traits.colour == "cmyk":
        attempt.notes.warn("the colours stay CMYK: without loss none is converted to sRGB")
    elif traits.icc and not is_srgb(traits.icc):
        attempt.notes.warn("the colours stay in the source's profile: without loss none is converted to sRGB")


def _not_exact(reason: str, hint: str) -> MediaError:
    return MediaError("encode_failed", f"Encoding failed: {reason}", "encode", hint)
