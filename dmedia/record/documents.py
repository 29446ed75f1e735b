"""Plain data as the text that stands in the record's columns, and back. Loads no validation library."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from dmedia.errors import UnknownOperationError
from dmedia.model import (
    Failure,
    FileResult,
    Inputs,
    JobSpec,
    Limits,
    Listed,
    Manifest,
    NotedPlace,
    OnCollision,
    Output,
    Persistence,
    Policies,
    Recipe,
)
from dmedia.operations import find_operation, package_of

if TYPE_CHECKING:
    from dmedia.operations.parameters import Parameters


def write_spec(spec: JobSpec) -> str:
    """Make the JSON of a request, from which `read_spec` restores it exactly."""
    inputs = asdict(spec.inputs)
    inputs["paths"] = [_text(path) for path in spec.inputs.paths]
    inputs["listing"] = None if spec.inputs.listing is None else _text(spec.inputs.listing)
    return json.dumps(
        {
            "operation": spec.operation,
            "package": package_of(spec.operation),
            "parameters": asdict(spec.parameters),
            "rendition": spec.rendition,
            "also": [
                {
                    "name": recipe.name,
                    "preset": recipe.preset,
                    "operation": recipe.operation,
                    "package": package_of(recipe.operation),
                    "parameters": asdict(recipe.parameters),
                    "given": recipe.parameters.given(),
                }
                for recipe in spec.also
            ],
            "manifests": [[one.manifest, list(one.presets)] for one in spec.manifests],
            "output_directory": _text(spec.output_directory),
            "policies": asdict(spec.policies),
            "limits": asdict(spec.limits),
            "persistence": asdict(spec.persistence),
            "preset": spec.preset,
            "accepts": sorted(spec.accepts),
            "inputs": inputs,
            "roots": [_text(root) for root in spec.roots],
        }
    )


def read_spec(text: str) -> JobSpec:
    """Restore a request.

    Raises
    ------
    ValueError, KeyError, TypeError
        When the text is not what `write_spec` made.
    UnknownOperationError
        When it names an operation that is not here; the message says which package has brought it.
    """
    stored = json.loads(text)
    policies = stored["policies"] | {"on_collision": OnCollision(stored["policies"]["on_collision"])}
    return JobSpec(
        operation=stored["operation"],
        parameters=_read_parameters(stored),
        inputs=_read_inputs(stored),
        output_directory=_bytes(stored["output_directory"]),
        policies=Policies(**policies),
        limits=Limits(**stored["limits"]),
        persistence=Persistence(**stored.get("persistence", {})),  # older records have none
        preset=stored["preset"],
        rendition=stored.get("rendition", ""),  # older records have one rendition of each source
        also=tuple(
            Recipe(other["name"], other["preset"], other["operation"], _read_parameters(other))
            for other in stored.get("also", ())
        ),
        manifests=tuple(Listed(Manifest(name), tuple(presets)) for name, presets in stored.get("manifests", ())),
        accepts=frozenset(stored["accepts"]),
        roots=tuple(_bytes(root) for root in stored.get("roots", ())),  # older records have none
    )


def read_inputs(text: str) -> Inputs:
    """Restore what a request is about, also where its operation is not here. Raises like `read_spec`."""
    return _read_inputs(json.loads(text))


def _read_inputs(stored: dict[str, Any]) -> Inputs:
    inputs: dict[str, Any] = {name: _tupled(value) for name, value in stored["inputs"].items()}
    inputs["paths"] = tuple(_bytes(path) for path in inputs["paths"])
    inputs["listing"] = None if inputs["listing"] is None else _bytes(inputs["listing"])
    return Inputs(**inputs)


def _read_parameters(stored: dict[str, Any]) -> Parameters:
    operation, package = stored["operation"], stored.get("package", "")  # older records know of no other packages
    given = {name: _tupled(value) for name, value in stored["parameters"].items()}
    if not package:
        return _own_parameters(operation, given)
    cure = f"pip install {package.replace(' ', '==')}, as when the job began"
    here = package_of(operation)
    if not here:
        raise UnknownOperationError(f"it needs {operation!r} of {package}, which is not installed here", cure)
    try:
        return find_operation(operation).parameters(**given)
    except (TypeError, ValueError) as error:
        raise UnknownOperationError(f"{operation!r} of {here} does not take its parameters: {error}", cure) from None


def _own_parameters(operation: str, given: dict[str, Any]) -> Parameters:
    """Make the parameters of an operation of dmedia; an earlier version may have taken what this one refuses."""
    try:
        return find_operation(operation).parameters(**given)
    except ValueError as error:
        message = f"it was asked for what {operation!r} does not take any more: {error}"
        raise UnknownOperationError(message, "run the command again, as this version has it") from None


def write_place(place: NotedPlace | None) -> str | None:
    """Make the JSON of the cluster that a job was taken to; ``None`` for this machine."""
    return json.dumps({name: value for name, value in asdict(place).items() if value}) if place else None


def read_place(text: str | None) -> NotedPlace | None:
    """Restore it. What a newer dmedia says besides is let be."""
    if text is None:
        return None
    known = {field.name for field in fields(NotedPlace)}
    return NotedPlace(**{name: value for name, value in json.loads(text).items() if name in known})


class Detail(NamedTuple):
    """What a finished row knows beyond status and code: stored as a JSON list in this order, because rows are many."""

    seconds: float | None
    worker: str
    decoder: str
    bytes_in: int
    outputs: list[list[Any]]
    warnings: list[str]
    failure: list[str | None] | None
    gps_removed: bool = False  # last, and left out of records before schema version 3


def write_result(result: FileResult, rendition: bytes | None) -> str:
    """Make the text of a task's result.

    Parameters
    ----------
    result : FileResult
        What became of it.
    rendition : bytes or None
        The row's rendition; an output with this path does not repeat it.
    """
    outputs = [_output(output, rendition) for output in result.outputs]
    failure = _failure(result.failure) if result.failure else None
    seconds = round(result.seconds, 4)
    warnings = list(result.warnings)
    told = (seconds, result.worker, result.decoder, result.bytes_in, outputs, warnings, failure, result.gps_removed)
    return _dump(Detail(*told))


def write_planned(failure: Failure | None, outputs: tuple[Output, ...], rendition: bytes) -> str:
    """Make the text of a row whose outcome was known when the job was planned."""
    listed = [_output(output, rendition) for output in outputs]
    return _dump(Detail(None, "", "", 0, listed, [], _failure(failure) if failure else None))


def read_detail(text: str) -> Detail:
    """Read the text of a finished row."""
    return Detail(*json.loads(text))


def read_outputs(detail: Detail, rendition: bytes) -> tuple[Output, ...]:
    """Restore the outputs of a finished row."""
    return tuple(Output(rendition if path is None else _bytes(path), *fields) for path, *fields in detail.outputs)


def read_failure(detail: Detail, code: str | None) -> Failure | None:
    """Restore the failure of a finished row; ``None`` when it did not fail."""
    if detail.failure is None or code is None:
        return None
    message, stage, hint = detail.failure
    return Failure(code, message or "", stage, hint)  # type: ignore[arg-type]  # written from the same closed lists


def _failure(failure: Failure) -> list[str | None]:
    """Make the list of a failure; its code stands in a column of its own."""
    return [failure.message, failure.stage, failure.hint]


def _output(output: Output, rendition: bytes | None) -> list[Any]:
    path = None if output.path == rendition else _text(output.path)
    fields = [path, output.width, output.height, output.format, output.size_bytes, output.mtime_ns, output.sha256]
    later = [output.duration_s, output.version, output.frames, output.quality, output.ssim, output.identical]
    while later and (later[-1] is None or later[-1] == ""):
        later.pop()  # most have none of them; records were written before there were any
    return [*fields, *later]


_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def _dump(value: object) -> str:
    """Text that came from file names may hold lone surrogates, which no UTF-8 column and no terminal takes."""
    return _encoder.encode(value).encode(errors="replace").decode()


def _text(path: bytes) -> str:
    return base64.b64encode(path).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _tupled(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
