"""What effort and quality cost and give, by format: the data behind the defaults of ``dmedia/media/encoders.py``.

::

    python benchmarks/effort.py FOLDER [--photos 8] [--pixels 800000] [--efforts 0 2 4 6 9] [--formats jpg webp avif]

FOLDER holds photos (JPEG); the first in the order of their names are taken, decoded and reduced as dmedia does it. Each
is encoded by dmedia's own table of encoders, decoded again and compared by dmedia's own SSIM. Printed are, over all
photos, bytes a pixel, the mean of the similarities, and CPU seconds a megapixel of encoding alone; `*` marks the
default. The second table compares efforts at equal similarity, that of the default: bytes against the default effort's,
interpolated between the qualities.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dmedia.media.colour import settle
from dmedia.media.decoders.vips import VipsPicture
from dmedia.media.effort import DEFAULT_EFFORT, native_effort
from dmedia.media.encoders import ENCODERS, encode, options
from dmedia.media.framing import scale, size_of, upright
from dmedia.media.geometry import Size
from dmedia.media.libvips import pyvips
from dmedia.media.metadata import keep_metadata
from dmedia.media.similarity import ssim
from dmedia.operations.parameters import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterable

QUALITIES: dict[str, tuple[int | None, ...]] = {
    "jpg": (60, 70, 80, 90), "webp": (60, 70, 80, 90), "avif": (40, 50, 60, 70),
}  # fmt: skip
"""Around the defaults; other formats have none."""


@dataclass(frozen=True)
class Row:
    """All photos at one effort and quality.

    Attributes
    ----------
    format : str
        Of the encoder.
    effort, quality : int or None
        As they are asked for; no quality where the format has none.
    bytes_a_pixel, similarity, cpu_s_a_megapixel : float
        What came of it.
    """

    format: str
    effort: int
    quality: int | None
    bytes_a_pixel: float
    similarity: float
    cpu_s_a_megapixel: float

    @property
    def is_default(self) -> bool:
        """Whether that is what nobody needs to ask for."""
        return self.effort == DEFAULT_EFFORT and self.quality == ENCODERS[self.format].quality


def reduced(path: Path, pixels: int) -> Any:
    """Decode a photo, at most so large, upright and without metadata."""
    with path.open("rb") as file:
        picture = VipsPicture(file.fileno(), "jpg")
        factor = min(1.0, math.sqrt(pixels / (picture.width * picture.height)))
        size = Size(max(1, round(picture.width * factor)), max(1, round(picture.height * factor)))
        image = upright(scale(picture.decode(size), size), picture.orientation)
        return keep_metadata(settle(image, "srgb", ENCODERS["jpg"]).image, "strip").copy_memory()


def measure(images: list[Any], image_format: str, effort: int, quality: int | None) -> Row:
    """Encode all photos, and look at what came of it."""
    parameters = Encoding(effort=effort, quality=quality)
    cpu_s, size_bytes, similarities = 0.0, 0, []
    for image in images:
        with tempfile.TemporaryFile() as file:
            began_s = time.process_time()
            encode(image, file.fileno(), image_format, parameters)
            cpu_s += time.process_time() - began_s
            size_bytes += os.fstat(file.fileno()).st_size
            written = VipsPicture(file.fileno(), image_format).decode(size_of(image))
            similarities.append(ssim(image, written, "#ffffff"))
    pixels = sum(image.width * image.height for image in images)
    similarity = statistics.fmean(similarities)
    return Row(image_format, effort, quality, size_bytes / pixels, similarity, 1e6 * cpu_s / pixels)


def different_efforts(image: Any, image_format: str, efforts: Iterable[int]) -> list[int]:
    """Leave out efforts for which a format does what it does for another one; the default stays."""
    found: dict[str, int] = {}
    for effort in sorted(efforts, key=lambda effort: (effort != DEFAULT_EFFORT, effort)):
        found.setdefault(repr(options(image, image_format, Encoding(effort=effort))), effort)
    return sorted(found.values())


def equal_bytes(rows: list[Row], similarity: float) -> float | None:
    """Interpolate the bytes a pixel at which a similarity is reached; ``None`` where no quality was beyond it."""
    ordered = sorted(rows, key=lambda row: row.similarity)
    for below, above in itertools.pairwise(ordered):
        if below.similarity <= similarity <= above.similarity:
            part = (similarity - below.similarity) / (above.similarity - below.similarity or 1)
            return math.exp(math.log(below.bytes_a_pixel) * (1 - part) + math.log(above.bytes_a_pixel) * part)
    return None


def print_all(images: list[Any], formats: list[str], efforts: list[int]) -> None:
    """Measure and print."""
    largest = max(images, key=lambda image: int(image.width) * int(image.height))
    print("format effort codec's quality bytes/pixel similarity CPU s/MP")
    rows: list[Row] = []
    for image_format in formats:
        for effort in different_efforts(largest, image_format, {*efforts, DEFAULT_EFFORT}):
            for quality in QUALITIES.get(image_format, (None,)):
                row = measure(images, image_format, effort, quality)
                rows.append(row)
                print(
                    f"{image_format:6} {effort:6} {native_effort(image_format, effort):7} {quality or '-':>7} "
                    f"{row.bytes_a_pixel:11.3f} {row.similarity:10.4f} {row.cpu_s_a_megapixel:8.3f}"
                    + (" *" if row.is_default else ""),
                    flush=True,
                )
    print("\nat equal similarity\nformat effort similarity   bytes CPU s/MP")
    for default in (row for row in rows if row.is_default):
        for effort in dict.fromkeys(row.effort for row in rows if row.format == default.format):
            those = [row for row in rows if (row.format, row.effort) == (default.format, effort)]
            found = those[0].bytes_a_pixel if len(those) == 1 else equal_bytes(those, default.similarity)
            bytes_ratio = f"{found / default.bytes_a_pixel:7.3f}" if found else f"{'-':>7}"
            cpu_s = statistics.fmean(row.cpu_s_a_megapixel for row in those)
            print(f"{default.format:6} {effort:6} {default.similarity:10.4f} {bytes_ratio} {cpu_s:8.3f}")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="What effort and quality cost and give, by format.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=8, help="how many are taken")
    parser.add_argument("--pixels", type=int, default=800_000, help="of a photo, at most")
    parser.add_argument("--efforts", type=int, nargs="+", default=list(range(10)))
    parser.add_argument("--formats", nargs="+", choices=list(ENCODERS), default=list(ENCODERS))
    given = parser.parse_args()
    paths = sorted(path for path in given.folder.iterdir() if path.suffix.lower() in {".jpg", ".jpeg"})[: given.photos]
    if not paths:
        parser.error(f"{given.folder}: there is no JPEG")
    images = [reduced(path, given.pixels) for path in paths]
    version = ".".join(str(pyvips.version(part)) for part in range(3))
    megapixels = sum(image.width * image.height for image in images) / 1e6
    print(f"{len(images)} photos, {megapixels:.1f} megapixels together, libvips {version}\n")
    print_all(images, given.formats, given.efforts)


if __name__ == "__main__":
    main()
