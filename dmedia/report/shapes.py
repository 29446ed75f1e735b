"""The shapes of JSON documents: their keys, types and meaning, from which schemas are made.

Programs rely on them: keys are added, and none changes. Nothing at run time but making a schema needs this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, get_args

from typing_extensions import TypedDict  # Python 3.11's own TypedDict tells pydantic too little

from dmedia.errors import ErrorCode, Stage
from dmedia.model import FileStatus, JobState
from dmedia.operations.parameters import Help


@dataclass(frozen=True, slots=True)
class Words:
    """The words that a text can be, for its schema.

    Attributes
    ----------
    of : type
        An enumeration, or a ``Literal``.
    """

    of: Any

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> Any:
        """Put the words into the schema of a text, which may also be null."""
        schema = handler(core_schema)
        words = [str(word) for word in get_args(self.of) or self.of]
        for inner in schema.get("anyOf", [schema]):
            if inner.get("type") == "string":
                inner["enum"] = words
        return schema


EXACT = Help("The path's exact bytes in Base64, where they are not UTF-8")


class RenditionDocument(TypedDict):
    """How one of several renditions of each source is made."""

    name: Annotated[str, Help("Of a preset's [[renditions]]; empty where the preset makes one")]
    preset: Annotated[str, Help("The preset it comes from")]
    operation: str
    parameters: Annotated[dict[str, Any], Help("Those that differ from the defaults")]


class JobDocument(TypedDict):
    """A job at one moment."""

    id: Annotated[str, Help("The job's id: batch-<unix seconds>-<6 characters>")]
    operation: Annotated[str, Help("What is done")]
    status: Annotated[str, Words(JobState), Help("Where the job stands; interrupted: its launcher is gone, resume it")]
    progress: Annotated[int, Help("Files with an outcome, rounded down; 100 only when the job has ended", "%")]
    completed: Annotated[int, Help("Files done")]
    failed: Annotated[int, Help("Files that failed")]
    total: Annotated[int, Help("Files; while planning is true, those found so far")]
    duration: Annotated[str, Help("running until the job ends, then whole seconds such as 45s")]
    planning: Annotated[bool, Help("Whether files are still being counted")]
    skipped: Annotated[int, Help("Files whose renditions are up to date from an earlier job")]
    cancelled: Annotated[int, Help("Files given up because the job was cancelled")]
    processing: Annotated[int, Help("Files being worked on now")]
    pending: Annotated[int, Help("Files nobody works on yet")]
    created_at: Annotated[str, Help("ISO 8601 in UTC")]
    started_at: Annotated[str | None, Help("ISO 8601 in UTC")]
    ended_at: Annotated[str | None, Help("ISO 8601 in UTC")]
    eta_s: Annotated[float | None, Help("Time left at the present rate", "s")]
    files_per_s: Annotated[float | None, Help("Rate since the start")]
    bytes_in: Annotated[int, Help("Read by completed files")]
    bytes_out: Annotated[int, Help("Written by completed files")]
    output_directory: Annotated[str, Help("Absolute path or URL below which every rendition goes")]
    base: Annotated[str, Help("Path or URL of the directory whose tree is mirrored; empty where there are several")]
    parameters: Annotated[dict[str, Any], Help("Those that differ from the defaults")]
    preset: Annotated[str | None, Help("The preset that operation and parameters came from")]
    shard: Annotated[str | None, Help("K/N when the job is about the K-th of N parts of its inputs")]
    errors: Annotated[dict[str, int], Help("Failed files by error code")]
    ignored: Annotated[dict[str, int], Help("Files in directories that the operation does not take, by extension")]
    warned: Annotated[int, Help("Completed files with warnings")]
    gps_removed: Annotated[int, Help("Completed files that tell where they were taken, which their renditions do not")]
    warnings: Annotated[list[str], Help("What concerns the job as a whole")]
    scheduler: Annotated[str | None, Help("Address of the Dask scheduler")]
    dashboard: Annotated[str | None, Help("Address of the Dask dashboard while the job runs")]
    renditions: NotRequired[Annotated[list[RenditionDocument], Help("Where each source has several")]]


class OutputDocument(TypedDict):
    """A rendition as it was published."""

    path: Annotated[str, Help("Absolute path, or URL")]
    width: Annotated[int, Help("Width", "px")]
    height: Annotated[int, Help("Height", "px")]
    format: str
    bytes: int
    sha256: Annotated[str, Help("Checksum of its bytes, hexadecimal")]
    duration_s: NotRequired[Annotated[float, Help("Length of a film", "s")]]
    frames: NotRequired[Annotated[int, Help("Frames of an animation; there for no still picture")]]
    version: NotRequired[Annotated[str, Help("What its store calls these bytes, such as an ETag")]]
    quality: NotRequired[Annotated[int, Help("Of a lossy encoder, that was given or found", "1-100")]]
    ssim: NotRequired[Annotated[float, Help("Likeness to the pixels that were encoded, where it was measured", "0-1")]]
    identical: NotRequired[Annotated[bool, Help("true: both were decoded, and every pixel is the source's")]]
    path_b64: NotRequired[Annotated[str, EXACT]]


class FileDocument(TypedDict):
    """What became of one source."""

    path: Annotated[str, Help("Absolute path of the source")]
    status: Annotated[str, Words(FileStatus), Help("Where the file stands")]
    error: Annotated[str | None, Help("Why it failed: a sentence beginning with the reason")]
    code: Annotated[str | None, Words(ErrorCode), Help("Why it failed, for programs")]
    stage: Annotated[str | None, Words(Stage), Help("Where on its way it failed")]
    hint: Annotated[str | None, Help("What to do about it")]
    attempts: Annotated[int, Help("How often it was tried")]
    seconds: Annotated[float | None, Help("Time worked on it", "s")]
    worker: Annotated[str, Help("Address of the Dask worker; empty for none")]
    decoder: Annotated[str, Help("What decoded it")]
    bytes_in: Annotated[int, Help("Its size")]
    outputs: list[OutputDocument]
    warnings: list[str]
    gps_removed: Annotated[bool, Help("Whether it tells where it was taken, and its rendition does not")]
    path_b64: NotRequired[Annotated[str, EXACT]]


class BatchDocument(JobDocument):
    """A job with files."""

    files_shown: Annotated[int, Help("How many of the files are told of: failed ones first, then those at work")]
    files: list[FileDocument]


class JobsDocument(TypedDict):
    """Jobs, newest first."""

    jobs: list[JobDocument]


class ReportDocument(TypedDict):
    """A job in sentences, and some of its files."""

    job: JobDocument
    summary: Annotated[list[str], Help("Lines for people")]
    files_total: Annotated[int, Help("Files that stand as was asked for")]
    offset: Annotated[int, Help("How many of them were left out before the first of these")]
    next_offset: Annotated[int | None, Help("Of the next page; null after the last")]
    files: list[FileDocument]


class PlannedFileDocument(TypedDict):
    """What would become of one source."""

    path: Annotated[str, Help("Absolute path of the source")]
    status: Annotated[str, Words(FileStatus), Help("pending: would be written; skipped: up to date; failed: cannot")]
    error: Annotated[str | None, Help("Why it cannot be done")]
    rendition: Annotated[str, Help("Absolute path of what would be written")]
    also: NotRequired[Annotated[list[str], Help("Of several renditions the further ones")]]
    path_b64: NotRequired[Annotated[str, EXACT]]


class PlanDocument(TypedDict):
    """A plan of which nothing was done. What a plan that was stopped does not know is null."""

    planning: Annotated[bool, Help("Whether it was stopped while files were counted: collisions are not known then")]
    total: Annotated[int, Help("Files; while planning is true, those found so far")]
    pending: Annotated[int, Help("Files that would be written")]
    skipped: Annotated[int, Help("Files whose renditions are up to date")]
    failed: Annotated[int, Help("Files that cannot be done")]
    bytes_in: Annotated[int | None, Help("Size of the sources to be done")]
    forecast_bytes: Annotated[int | None, Help("Size of the renditions, estimated")]
    free_bytes: Annotated[int | None, Help("Free where they would go")]
    no_forecast: Annotated[str | None, Help("Why nothing is forecast, as in a store")]
    ignored: Annotated[dict[str, int], Help("Files in directories that the operation does not take, by extension")]
    warnings: Annotated[list[str], Help("What concerns the plan as a whole")]


class PreviewDocument(PlanDocument):
    """A plan with files."""

    files_shown: Annotated[int, Help("How many of the files are told of")]
    files: list[PlannedFileDocument]


class PresetDocument(TypedDict):
    """A preset, or a file that should be one."""

    name: str
    path: Annotated[str, Help("The file it is read from")]
    description: NotRequired[str]
    operation: NotRequired[str]
    parameters: NotRequired[Annotated[dict[str, Any], Help("Those that differ from the defaults")]]
    renditions: NotRequired[Annotated[list[RenditionDocument], Help("Where it makes several of each source")]]
    manifests: NotRequired[Annotated[list[str], Help("What is written beside the renditions: srcset, checksums")]]
    error: NotRequired[Annotated[str, Help("What is wrong with the file")]]


class PresetsDocument(TypedDict):
    """All presets, by name."""

    presets: list[PresetDocument]


class OperationDocument(TypedDict):
    """Something that can be asked of a file."""

    summary: str
    accepts: Annotated[list[str], Help("Kinds of media: image, film")]
    parameters: Annotated[dict[str, Any], Help("JSON schema of its parameters")]


class CapabilitiesDocument(TypedDict):
    """What can be asked for here."""

    version: Annotated[str, Help("Of dmedia")]
    operations: Annotated[dict[str, OperationDocument], Help("By name")]
    reads: Annotated[list[str], Help("Picture formats")]
    reads_films: Annotated[list[str], Help("Extensions of films; what one is, its content decides")]
    writes: Annotated[list[str], Help("Picture formats")]
    roots: Annotated[list[str], Help("Directories outside of which nothing is read or written")]
    slots: Annotated[int, Help("Files worked on at once on this machine")]
    sandbox: Annotated[bool, Help("Whether decoders are kept from everything but their file and the output directory")]
    limits: Annotated[
        dict[str, int], Help("Of one file: pixels, frames of an animation, bytes of a picture, of a film")
    ]


class JobEvent(TypedDict):
    """A job's state or counters have changed."""

    event: Literal["job"]
    job: JobDocument


class FileEvent(TypedDict):
    """The outcome of a file is known."""

    event: Literal["file"]
    file: FileDocument
