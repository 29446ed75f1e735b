"""Media formats by the extensions people use for them."""

from __future__ import annotations

from typing import Literal

Kind = Literal["image", "film", "unknown"]

IMAGE_EXTENSIONS: dict[str, str] = {
    "jpg": "jpg jpeg jpe jfif mpo",
    "png": "png apng",
    "webp": "webp",
    "gif": "gif",
    "tiff": "tif tiff",
    "avif": "avif avifs",
    "heif": "heic heif hif",
    "raw": "dng nef nrw cr2 cr3 crw arw srf sr2 raf orf rw2 pef srw x3f mrw dcr kdc erf mef mos iiq 3fr rwl",
    "bmp": "bmp dib",
    "ico": "ico cur",
    "psd": "psd",
    "tga": "tga",
    "jp2": "jp2 j2k jpf jpx j2c jpc",
    "fli": "fli flc",
    "svg": "svg",
    "jxl": "jxl",
    "exr": "exr",
    "hdr": "hdr",
}
FILM_EXTENSIONS = frozenset(
    {
        "mp4", "m4v", "mov", "qt", "mkv", "webm", "avi", "mpg", "mpeg", "m2v", "vob", "ts", "mts", "m2ts",
        "wmv", "asf", "flv", "f4v", "ogv", "3gp", "3g2", "mxf",
    }
)  # fmt: skip
EXTENSION_FORMAT: dict[str, str] = {
    extension: name for name, extensions in IMAGE_EXTENSIONS.items() for extension in extensions.split()
}

RENDITION_EXTENSION: dict[str, str] = {
    "jpg": "jpg", "png": "png", "webp": "webp", "avif": "avif", "tiff": "tif", "gif": "gif",
}  # fmt: skip
"""The extension that dmedia writes, by format."""


def extension(name: bytes) -> str:
    """Tell a file name's extension, in lower case and without its dot; empty where there is none.

    Parameters
    ----------
    name : bytes
        A file name or path.

    Returns
    -------
    str
        ``jpg`` for ``b"a/b.JPG"``; empty for a hidden file without another dot.
    """
    base = name.rsplit(b"/", 1)[-1].lstrip(b".")
    return base.rsplit(b".", 1)[1].decode("ascii", "replace").lower() if b"." in base else ""


def kind_by_extension(name: bytes) -> Kind:
    """Tell which kind of media a file's extension promises; ``unknown`` for none and for other extensions."""
    suffix = extension(name)
    if suffix in EXTENSION_FORMAT:
        return "image"
    return "film" if suffix in FILM_EXTENSIONS else "unknown"
