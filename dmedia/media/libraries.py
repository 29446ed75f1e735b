"""What a slot is made of: the places it reads code and data from, and the versions of its libraries."""

from __future__ import annotations

import importlib
import importlib.util
import os
import site
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

CODECS = (
    "av", "PIL", "pillow_heif", "_pillow_heif", "rawpy", "pyvips", "numpy", "oxipng", "mozjpeg_lossless_optimization",
)  # fmt: skip
"""Packages and modules that are loaded with the first file that needs them, maybe long after the slot has given up
reading elsewhere."""

DISTRIBUTIONS = (
    "pyvips", "pyvips-binary", "av", "pillow", "pillow-heif", "rawpy", "numpy", "pyoxipng",
    "mozjpeg-lossless-optimization",
)  # fmt: skip

LOADERS = {
    "jpg": "jpegload_source", "png": "pngload_source", "webp": "webpload_source", "gif": "gifload_source",
    "avif": "heifload_source", "tiff": "tiffload_source",
}  # fmt: skip
"""libvips' own operation, by the format that it decodes."""

MODULES = {
    "heif": "pillow_heif", "raw": "rawpy", "film": "av", "bmp": "PIL.Image", "ico": "PIL.Image", "psd": "PIL.Image",
    "tga": "PIL.Image", "fli": "PIL.Image",
}  # fmt: skip
"""Module that decodes, by format; see ``decoders.DECODERS``."""

OPTIMISERS = {"jpg": "mozjpeg_lossless_optimization", "png": "oxipng"}
"""Module that makes files of a format smaller without loss."""

EXACTLY = "exactly "
"""Before the name of a format that is written by its optimiser."""

CODE_FOLDERS = frozenset({"site-packages", "dist-packages", "lib-dynload"})
"""What folders of ``sys.path`` are called in which nothing but installed packages lies."""

SYSTEM = (
    "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/nix/store", "/gnu/store",
    "/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/usr/share/locale", "/usr/share/fonts", "/etc/fonts",
    "/usr/share/fontconfig", "/dev/null", "/dev/zero", "/dev/urandom", "/sys/devices/system/cpu",
    "/sys/devices/system/node", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/self/maps",
)  # fmt: skip
"""Libraries of the system, and what they ask about the machine: processors, memory, time zone, fonts. On Linux with
glibc the wheels were seen to read the loader's cache, the time zone, the locale's names and the number of processors;
the others are what their code names."""


def readable_paths(packages: Iterable[str] = ()) -> list[str]:
    """List everything outside of a job's own directories that a slot has reason to read.

    Parameters
    ----------
    packages : iterable of str
        Further packages that the job needs, wherever they lie: a checkout, or a directory of ``PYTHONPATH``.

    Returns
    -------
    list of str
        Files and directories; some may not be there. Never a directory merely because it is on ``sys.path``: a
        checkout's folder, or the one a script was started in, can hold anything.
    """
    paths = dict.fromkeys(SYSTEM)
    scheme = sysconfig.get_paths()
    found = [scheme[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [site.getusersitepackages(), os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    found += [os.path.join(prefix, "lib") for prefix in (sys.prefix, sys.base_prefix)]
    found += [entry for entry in sys.path if os.path.basename(entry) in CODE_FOLDERS or entry.endswith(".zip")]
    for package in CODECS:
        found += _package_places(package)
    for package in packages:
        for place in _package_places(package):
            found += [place, *_links_below(place)]
    for variable in ("FONTCONFIG_FILE", "FONTCONFIG_PATH", "LD_LIBRARY_PATH"):
        found += filter(None, os.environ.get(variable, "").split(os.pathsep))
    paths.update(dict.fromkeys(filter(os.path.isabs, found)))
    return list(paths)


def versions() -> dict[str, str]:
    """Tell the versions of the libraries that decode and encode, as they are loaded here: this loads them.

    Returns
    -------
    dict of str
        By name; a library that is not there, or does not load, has none.
    """
    known = {name: version for name in DISTRIBUTIONS if (version := installed(name))}
    try:
        from dmedia.media.libvips import pyvips

        known["libvips"] = ".".join(str(pyvips.version(part)) for part in range(3))
    except Exception as error:  # noqa: BLE001 - that a library does not load is what somebody wants to know
        known["libvips"] = f"does not load: {error}"
    try:
        import av

        known["ffmpeg"] = str(getattr(av, "ffmpeg_version_info", ""))
        known |= {name: ".".join(map(str, version)) for name, version in sorted(av.library_versions.items())}
    except Exception as error:  # noqa: BLE001
        known["ffmpeg"] = f"does not load: {error}"
    return known


def readable_formats(wanted: Collection[str] | None = None) -> tuple[str, ...]:
    """Tell which formats can be decoded here, as the libraries say that are loaded for it.

    Parameters
    ----------
    wanted : collection of str or None
        Only these are looked at: libraries for others are not loaded. ``None``: all.

    Returns
    -------
    tuple of str
        Formats of pictures as ``formats`` names them, and ``film``. That a library has a loader is believed; whether a
        certain file can be decoded, only its decoder can tell.
    """
    readable = [
        name for name, loader in LOADERS.items() if _asked(name, wanted) and _libvips_has("VipsForeignLoad", loader)
    ]
    readable += [name for name, module in MODULES.items() if _asked(name, wanted) and _loads(module)]
    if _asked("jp2", wanted) and _pillow_has("jpg_2000"):
        readable.append("jp2")
    return tuple(readable)


def writable_formats(wanted: Collection[str] | None = None) -> tuple[str, ...]:
    """Tell which formats can be encoded here: see `readable_formats`. Of optimisers only those that are asked for."""
    from dmedia.media.encoders import ENCODERS

    exactly = tuple(
        EXACTLY + name for name, module in OPTIMISERS.items() if EXACTLY + name in (wanted or ()) and _loads(module)
    )
    return exactly + tuple(
        name
        for name, encoder in ENCODERS.items()
        if _asked(name, wanted) and _libvips_has("VipsForeignSave", encoder.saver)
    )


def _asked(name: str, wanted: Collection[str] | None) -> bool:
    return wanted is None or name in wanted


def _libvips_has(kind: str, operation: str) -> bool:
    try:
        from dmedia.media.libvips import pyvips

        return bool(pyvips.type_find(kind, operation))
    except Exception:  # noqa: BLE001 - a library that does not load can do nothing, whatever keeps it
        return False


def _loads(module: str) -> bool:
    try:
        importlib.import_module(module)
    except Exception:  # noqa: BLE001
        return False
    return True


def _pillow_has(feature: str) -> bool:
    try:
        from PIL import features

        return bool(features.check(feature))
    except Exception:  # noqa: BLE001
        return False


def installed(distribution: str) -> str:
    """Tell the version of an installed distribution without loading it; empty where it is not installed."""
    from importlib import metadata

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def _package_places(package: str) -> list[str]:
    """Find a package's own directories, and those of the libraries that wheels put beside it."""
    try:
        specification = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return []
    if specification is None:
        return []
    if specification.submodule_search_locations is None:
        return [specification.origin or ""]
    places = list(specification.submodule_search_locations)
    return [*places, *(str(Path(place).parent / f"{package}.libs") for place in places)]


def _links_below(place: str) -> list[str]:
    """Find where the links in a package lead: one way of an editable install fills a folder with nothing else."""
    return [
        os.path.realpath(path)
        for folder, folders, files in os.walk(place)
        for path in (os.path.join(folder, name) for name in (*folders, *files))
        if os.path.islink(path)
    ]
