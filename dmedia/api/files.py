"""One file at a time: without Dask and without a record, in a slot as ever."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from dmedia import formats
from dmedia.api.anchors import anchored, encoded
from dmedia.api.options import FileOptions, read_options
from dmedia.api.request import read_spec
from dmedia.api.work import Work, is_operation, read_arguments, read_work
from dmedia.errors import MediaError, ParameterError, UsageError
from dmedia.model import FileReport, FileStatus, Source, Task, WorkOrder
from dmedia.operations.parameters import Encoding
from dmedia.report.documents import file_document
from dmedia.storage.faults import WRITING
from dmedia.storage.local import is_inside, leading_out, real_roots
from dmedia.storage.locations import is_url, normal, parent, parted, writable
from dmedia.words import quoted, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dmedia.api.options import AnyPath, BatchOptions
    from dmedia.model import FileResult
    from dmedia.report.media_document import MediaDocument
    from dmedia.report.shapes import FileDocument


@dataclass(frozen=True, slots=True)
class Target:
    """Where a rendition shall go.

    Attributes
    ----------
    path : bytes
        Absolute, or a URL: a file, or a directory in which the rendition gets its source's name.
    is_directory : bool
        Which of them.
    format : str or None
        Of a file, by its extension.
    """

    path: bytes
    is_directory: bool
    format: str | None

    @classmethod
    def of(cls, output_path: AnyPath) -> Target:
        """Read what was said.

        Raises
        ------
        UsageError
            When it is empty, a URL to which nothing can be written, or has the extension of nothing that is written.
        """
        path = anchored(encoded("output_path", output_path))
        if not path or b"\0" in path:
            raise UsageError(f"{quoted(path)} is no path that a rendition can have")
        is_directory = path.endswith(b"/") or (is_url(path) and not parted(path).key) or os.path.isdir(path)
        if is_url(path):
            path = writable(path)
        if is_directory:
            return cls(path, is_directory=True, format=None)
        format_ = formats.EXTENSION_FORMAT.get(formats.extension(path), "")
        if format_ not in formats.RENDITION_EXTENSION:
            known = ", ".join("." + extension for extension in formats.RENDITION_EXTENSION.values())
            raise UsageError(
                f"{quoted(path)} has no extension of a format that is written: {known}",
                "a directory ends with / when it does not exist yet",
            )
        return cls(path, is_directory=False, format=format_)


def process_file(
    input_path: AnyPath,
    output_path: AnyPath,
    operation: str,
    parameters: Mapping[str, Any] | None = None,
    **options: Unpack[FileOptions],
) -> FileDocument:
    """Process one file here and now.

    Parameters
    ----------
    input_path : path
        The source.
    output_path : path
        The rendition, whose extension says its format; or a directory (one that exists, or with a ``/`` at its end),
        in which the rendition gets the source's name.
    operation : str
        Name of an operation or of a preset.
    parameters : mapping of str to object, optional
        Its arguments.
    **options : FileOptions
        What else there is to say.

    Returns
    -------
    dict
        The file's document: ``status`` is ``completed``, ``outputs`` has the rendition.

    Raises
    ------
    MediaError
        When the file fails: with code, stage and hint.
    UsageError
        When what is asked makes no sense: an unknown operation or parameter, a directory for a source, a format that
        is not written, a path outside of the roots.
    """
    target = Target.of(output_path)
    return _process(input_path, target, _work(target, operation, parameters), options)


def apply_preset(
    input_path: AnyPath, output_path: AnyPath, preset: str, **options: Unpack[FileOptions]
) -> FileDocument:
    """Process one file by a preset, here and now. See `process_file`; for many files there is `batch_process`."""
    target = Target.of(output_path)
    return _process(input_path, target, _work(target, preset, None, preset), options)


def media_info(path: AnyPath, *, roots: AnyPath | Sequence[AnyPath] | None = None) -> MediaDocument:
    """Read what a media file says about itself.

    Parameters
    ----------
    path : path
        The file.
    roots : path or sequence of path, optional
        Directories outside of which nothing is read.

    Returns
    -------
    dict
        As ``dmedia info --json`` tells it: size, format, colours, metadata, streams.

    Raises
    ------
    MediaError
        When it cannot be read or is no media file.
    OutsideRootsError
        When it lies outside of the roots.
    """
    from dmedia.report.media_document import media_document
    from dmedia.run.single import describe_file

    said = read_options({"roots": roots}, FileOptions)
    source, real = _source(path), real_roots(map(os.fsencode, said.get("roots", ())))
    _refuse_outside(source, real)
    try:
        return media_document(describe_file(source, real), source)
    except MediaError as error:
        raise _named(error, source) from None


def _process(input_path: AnyPath, target: Target, work: Work, options: FileOptions) -> FileDocument:
    from dmedia.planning.destination import destination_of
    from dmedia.planning.name_length import too_long
    from dmedia.planning.naming import Naming
    from dmedia.run.single import SINGLE, process_file

    said = read_options(options, FileOptions)
    source = _source(input_path)
    if len(work.recipes) > 1:
        raise ParameterError(
            f"The preset {work.preset} makes {len(work.recipes)} renditions of a file, and this is for one",
            "batch_process makes all of them, of one file too",
        )
    if target.format and _format(work) != target.format:
        raise ParameterError(
            f"The rendition is {_format(work)}, and {quoted(target.path)} ends like {target.format}",
            "give it the extension of its format, or name a directory",
        )
    directory = target.path if target.is_directory else parent(target.path)
    batch_options: BatchOptions = {"roots": said.get("roots"), "limits": said.get("limits")}
    spec = read_spec(source, work, directory, batch_options)
    for path in (source, spec.output_directory):
        _refuse_outside(path, spec.roots)
    if os.path.isdir(source):
        raise UsageError(
            f"{quoted(source)} is a directory, and this is for one file", "batch_process takes directories"
        )
    size_bytes = os.stat(source).st_size if os.path.exists(source) else -1
    found = Source(source, parent(source), size_bytes, -1)
    rendition = Naming(spec).renditions(found)[0] if target.is_directory else normal(target.path)
    task = Task(0, source, rendition, size_bytes, replaces=said.get("overwrite", False))
    if error := too_long([task.rendition], destination_of(spec).longest_name()):
        shorter = MediaError(error.code, error.message, error.stage, "choose a shorter name")
        raise _named(shorter, task.rendition)
    return _tell(task, process_file(WorkOrder.of(SINGLE, spec), task))


def _tell(task: Task, result: FileResult) -> FileDocument:
    if failure := result.failure:
        hint = None if failure.code == "not_found" else failure.hint  # it speaks of a job
        place = task.rendition if failure.stage in WRITING else task.source
        raise _named(MediaError(failure.code, failure.message, failure.stage, hint), place)
    return file_document(
        FileReport(
            number=task.number,
            source=task.source,
            status=FileStatus.COMPLETED,
            rendition=task.rendition,
            attempts=1,
            seconds=result.seconds,
            decoder=result.decoder,
            bytes_in=result.bytes_in,
            outputs=result.outputs,
            warnings=result.warnings,
            gps_removed=result.gps_removed,
        )
    )


def _work(target: Target, operation: str, parameters: Mapping[str, Any] | None, preset: str | None = None) -> Work:
    """Find out what is asked for; where nobody says a format, the rendition's extension does."""
    given = read_arguments(parameters)
    if given.get("format", "") is None:
        del given["format"]
    by_extension = {"format": target.format} if target.format else {}
    if preset is None and is_operation(operation):
        return read_work(operation, by_extension | given)
    work = read_work(operation, given, preset)
    return work if _format(work) else read_work(operation, by_extension | given, preset)


def _source(path: AnyPath) -> bytes:
    from dmedia.catalog.given import absolute

    return absolute(anchored(encoded("input_path", path)))


def _named(error: MediaError, path: bytes) -> MediaError:
    """Let an error say which file it is about."""
    return MediaError(error.code, f"{error.message} ({shown(path)})", error.stage, error.hint)


def _refuse_outside(path: bytes, roots: tuple[bytes, ...]) -> None:
    if not is_inside(path, roots):
        raise leading_out(quoted(path), roots)


def _format(work: Work) -> str | None:
    parameters = work.recipes[0].parameters
    assert isinstance(parameters, Encoding), "all operations write pictures"
    return parameters.format
