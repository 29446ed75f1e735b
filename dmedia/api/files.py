"""One file at a time: without Dask and without a record, in a slot as ever."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from dmedia import formats
from dmedia.api.request import Work, anchored, is_operation, read_spec, read_work
from dmedia.errors import DmediaError, MediaError, OutsideRootsError, ParameterError, UsageError, quoted, shown
from dmedia.model import FileReport, FileStatus, Limits, Source, Task, WorkOrder
from dmedia.operations.parameters import Encoding
from dmedia.report.documents import file_document
from dmedia.storage.local import is_inside, real_roots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dmedia.api.request import AnyPath, BatchOptions
    from dmedia.report.media_document import MediaDocument
    from dmedia.report.shapes import FileDocument


class FileOptions(TypedDict, total=False):
    """What may be said of one file besides what is done with it.

    Attributes
    ----------
    overwrite : bool
        Whether a file that is not dmedia's own may be replaced.
    limits : Limits
        What the file may cost.
    roots : sequence of path
        Directories outside of which nothing is read or written.
    """

    overwrite: bool
    limits: Limits
    roots: Sequence[AnyPath]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a rendition shall go.

    Attributes
    ----------
    path : bytes
        Absolute: a file, or a directory in which the rendition gets its source's name.
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
            When it is empty, a URL, or has the extension of nothing that is written.
        """
        path = anchored(os.fsencode(output_path))
        if not path or b"://" in path or b"\0" in path:
            raise UsageError(f"{quoted(path)} is no path that a rendition can have")
        if path.endswith(b"/") or os.path.isdir(path):
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
    given = dict(parameters or {})
    if target.format and is_operation(operation):
        given.setdefault("format", target.format)
    return _process(input_path, target, read_work(operation, given), options)


def apply_preset(
    input_path: AnyPath, output_path: AnyPath, preset: str, **options: Unpack[FileOptions]
) -> FileDocument:
    """Process one file by a preset, here and now. See `process_file`; for many files there is `batch_process`."""
    target = Target.of(output_path)
    work = read_work(preset, None, preset)
    if target.format and _format(work) is None:
        work = read_work(preset, {"format": target.format}, preset)
    return _process(input_path, target, work, options)


def media_info(path: AnyPath, *, roots: Sequence[AnyPath] = ()) -> MediaDocument:
    """Read what a media file says about itself.

    Parameters
    ----------
    path : path
        The file.
    roots : sequence of path
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
    from dmedia.run.slot import NoSlotError

    source, real = anchored(os.fsencode(path)), real_roots(map(os.fsencode, roots))
    _refuse_outside(source, real)
    try:
        return media_document(describe_file(source, real), source)
    except NoSlotError as error:
        raise DmediaError(f"The file cannot be looked at: {error}", "dmedia doctor says more") from None


def _process(input_path: AnyPath, target: Target, work: Work, options: FileOptions) -> FileDocument:
    from dmedia.planning.naming import Naming
    from dmedia.run.single import SINGLE, process_file
    from dmedia.run.slot import NoSlotError

    source = anchored(os.fsencode(input_path))
    if target.format and _format(work) != target.format:
        raise ParameterError(
            f"The rendition is {_format(work)}, and {quoted(target.path)} ends like {target.format}",
            "give it the extension of its format, or name a directory",
        )
    directory = target.path if target.is_directory else os.path.dirname(target.path)
    batch_options: BatchOptions = {"roots": options.get("roots", ()), "limits": options.get("limits", Limits())}
    spec = read_spec(source, work, directory, batch_options)
    for path in (source, spec.output_directory):
        _refuse_outside(path, spec.roots)
    if os.path.isdir(source):
        raise UsageError(
            f"{quoted(source)} is a directory, and this is for one file", "batch_process takes directories"
        )
    size_bytes = os.stat(source).st_size if os.path.exists(source) else -1
    found = Source(source, os.path.dirname(source), size_bytes, -1)
    rendition = Naming(spec).rendition(found) if target.is_directory else target.path
    task = Task(0, source, os.path.normpath(rendition), size_bytes, replaces=options.get("overwrite", False))
    try:
        result = process_file(WorkOrder.of(SINGLE, spec), task)
    except NoSlotError as error:
        raise DmediaError(f"The file cannot be worked on: {error}", "dmedia doctor says more") from None
    if failure := result.failure:
        hint = None if failure.code == "not_found" else failure.hint  # it speaks of a job
        raise MediaError(failure.code, f"{failure.message} ({shown(source)})", failure.stage, hint)
    return file_document(
        FileReport(
            number=0,
            source=source,
            status=FileStatus.COMPLETED,
            rendition=task.rendition,
            attempts=1,
            seconds=result.seconds,
            decoder=result.decoder,
            bytes_in=result.bytes_in,
            outputs=result.outputs,
            warnings=result.warnings,
        )
    )


def _refuse_outside(path: bytes, roots: tuple[bytes, ...]) -> None:
    if not is_inside(path, roots):
        raise OutsideRootsError(f"{quoted(path)} leads out of the directories that may be used")


def _format(work: Work) -> str | None:
    assert isinstance(work.parameters, Encoding), "all operations write pictures"
    return work.parameters.format
