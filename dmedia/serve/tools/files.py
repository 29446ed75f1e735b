"""Tools that work on one file, here and now. Their arguments are written as assistants know them: in camelCase."""

from __future__ import annotations

import re
from dataclasses import MISSING, dataclass, field, fields, make_dataclass
from typing import TYPE_CHECKING, Annotated, Any

from dmedia.api import files as api
from dmedia.catalog.given import classify
from dmedia.errors import ParameterError
from dmedia.operations import OPERATIONS
from dmedia.operations.listing import parameter_fields
from dmedia.operations.parameters import Help
from dmedia.presets import load_preset
from dmedia.report.media_document import MediaDocument
from dmedia.report.shapes import FileDocument, JobDocument
from dmedia.report.summary import size
from dmedia.serve.answers import Answer
from dmedia.serve.tool import READS, REPLACES, Tool
from dmedia.serve.tools.batches import BatchProcess, batch_process

if TYPE_CHECKING:
    from dmedia.serve.roots import Roots


@dataclass(frozen=True, kw_only=True)
class OneFile:
    """Arguments of all tools that make one file."""

    inputPath: Annotated[str, Help("The picture or film to read")]  # noqa: N815 - as assistants know it
    outputPath: Annotated[  # noqa: N815
        str, Help("The file to write: its extension says the format. Or a directory, with / at its end")
    ]
    overwrite: Annotated[bool, Help("Replace a file that dmedia has not made itself")] = False


@dataclass(frozen=True, kw_only=True)
class ApplyPreset(OneFile):
    """Arguments of ``apply_preset``."""

    preset: Annotated[str, Help("Name of a preset: see list_presets")]


@dataclass(frozen=True, kw_only=True)
class ReadMediaInfo:
    """Arguments of ``read_media_info``."""

    inputPath: Annotated[str, Help("The picture or film to look at")]  # noqa: N815


ASPECT = Annotated[bool, Help("Keep the picture's proportions; false stretches it to exactly width x height")]


def apply_preset(roots: Roots, asked: ApplyPreset) -> Answer:
    """Make one file by a preset; of a directory, or what a glob finds, and by one of several renditions, a batch."""
    roots.refuse_preset(asked.preset)
    makes_several = len(load_preset(asked.preset).recipes) > 1
    if makes_several or classify(roots.resolve_pattern(asked.inputPath, recursive=True), recursive=True).glob:
        batch = BatchProcess(
            input_pattern=asked.inputPath,
            operation=asked.preset,
            preset=asked.preset,
            output_directory=asked.outputPath,
            recursive=True,
            overwrite=asked.overwrite,
        )
        return batch_process(roots, batch)
    source, target = roots.resolve(asked.inputPath), roots.resolve(asked.outputPath)
    return _made(api.apply_preset(source, target, asked.preset, overwrite=asked.overwrite, roots=roots.paths))


def read_media_info(roots: Roots, asked: ReadMediaInfo) -> Answer:
    """Read what one file says about itself."""
    return Answer(api.media_info(roots.resolve(asked.inputPath), roots=roots.paths))


def operation_tool(name: str, operation: str, title: str, *, aspect: bool = False) -> Tool:
    """Make a tool that does an operation with one file.

    Parameters
    ----------
    name, title : str
        The tool's.
    operation : str
        Of ours.
    aspect : bool
        Whether it takes ``maintainAspect``, another word for ``fit``.

    Returns
    -------
    Tool
        Its arguments are those of `OneFile` and the operation's own parameters.
    """
    declared = parameter_fields(OPERATIONS[operation].parameters)
    spelled = {camel_case(parameter): parameter for parameter in declared}
    taken: list[Any] = [(other.name, other.type, _default(other.default)) for other in fields(OneFile)]
    taken += [(word, declared[own][0], _default(declared[own][1])) for word, own in spelled.items()]
    if aspect:
        taken.append(("maintainAspect", ASPECT, field(default=True)))
    arguments = make_dataclass(name, taken, frozen=True, kw_only=True, namespace={"__module__": __name__})

    def run(roots: Roots, asked: Any) -> Answer:
        given = {own: value for word, own in spelled.items() if (value := getattr(asked, word)) != declared[own][1]}
        if aspect and not asked.maintainAspect and given.setdefault("fit", "fill") != "fill":
            raise ParameterError(f"{name}: fit {given['fit']} keeps the aspect, and maintainAspect is false")
        source, target = roots.resolve(asked.inputPath), roots.resolve(asked.outputPath)
        given = roots.with_files(given)
        return _made(api.process_file(source, target, operation, given, overwrite=asked.overwrite, roots=roots.paths))

    description = f"{OPERATIONS[operation].summary} Works on one file at once; batch_process does many."
    return Tool(name, title, description, arguments, FileDocument, REPLACES, run)


def camel_case(name: str) -> str:
    """Write a parameter's name as assistants know it: ``long_edge`` is ``longEdge``."""
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)


def _default(value: Any) -> Any:
    return field() if value is MISSING else field(default=value)


def _made(document: FileDocument) -> Answer:
    (output,) = document["outputs"]
    warnings = "".join(f"\nwarning: {warning}" for warning in document["warnings"])
    measures = f"{output['width']}x{output['height']} {output['format']}, {size(output['bytes'])}"
    return Answer(document, f"Wrote {output['path']}: {measures}{warnings}")


TOOLS: tuple[Tool, ...] = (
    Tool(
        "apply_preset",
        "Apply a preset",
        "Make one file by a preset such as web_optimized, social_media or thumbnail. Where inputPath is a directory or "
        "a glob, a job is started for all that is in it, as batch_process does.",
        ApplyPreset,
        FileDocument | JobDocument,
        REPLACES,
        apply_preset,
    ),
    operation_tool("resize_image", "resize", "Resize a picture", aspect=True),
    operation_tool("convert_image", "convert", "Convert a picture to another format"),
    operation_tool("crop_image", "crop", "Cut a part out of a picture"),
    operation_tool("add_watermark", "watermark", "Write a text, or lay a logo, over a picture"),
    Tool(
        "read_media_info",
        "Look at a media file",
        "Read what a picture or film says about itself: format, size in pixels and bytes, colours, metadata, length, "
        "codecs. Nothing is decoded, and positions (GPS) are not told.",
        ReadMediaInfo,
        MediaDocument,
        READS,
        read_media_info,
    ),
)
