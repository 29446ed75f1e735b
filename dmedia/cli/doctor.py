"""dmedia doctor: what this installation is made of, and whether its protections hold."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.run.answers import Trials
    from dmedia.run.diagnosis import Diagnosis


SPECIAL = {"svg": "svg (with --allow-svg)", "film": "films"}
"""How formats are called for people, where that is not their name."""


@click.command(short_help="Show versions, limits, and whether the protections of this machine are active.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: one object.")
def command(*, as_json: bool) -> int:
    """Show what dmedia is made of here: versions, slots, memory, records, and whether slots are in their sandbox.

    A slot is started and asked, and decodes and encodes a specimen of each format; nothing is guessed, and nothing is
    left behind.
    """
    from dmedia.run.diagnosis import diagnose

    diagnosis = diagnose(tries=True)
    if as_json:
        click.echo(json.dumps(document(diagnosis)))
        return 0
    for line in lines(diagnosis):
        click.echo(line)
    return 0


def document(diagnosis: Diagnosis) -> dict[str, Any]:
    """Make the JSON object of a diagnosis.

    Parameters
    ----------
    diagnosis : Diagnosis
        What was found.

    Returns
    -------
    dict
        ``versions extras formats formats_error missing sandbox slots records scratch font slot_error operations
        broken_operations``. ``formats`` tells of each whether it is read and written, and why not; ``missing`` what to
        install. ``font`` is null where none can be read, ``formats_error`` where the formats were tried, ``slot_error``
        where a slot could start; the last two are of other packages.
    """
    from dmedia.words import shown

    slot, machine, records = diagnosis.slot, diagnosis.machine, diagnosis.records
    if isinstance(slot, str):
        sandbox = {"active": False, "abi": 0, "refuses": [], "reason": "no slot could start"}
    else:
        sandbox = {
            "active": slot.is_tight and not slot.reason,
            "abi": slot.abi,
            "refuses": list(slot.refuses),
            "reason": slot.reason,
        }
    return {
        "versions": diagnosis.versions,
        "extras": diagnosis.extras,
        "formats": _formats(diagnosis.trials),
        "formats_error": diagnosis.trials if isinstance(diagnosis.trials, str) else None,
        "missing": [f"dmedia[{extra}]" for extra, is_there in diagnosis.extras.items() if not is_there],
        "sandbox": sandbox,
        "slots": {
            "default": machine.slots,
            "cpus": machine.cpus,
            "slot_memory_bytes": machine.slot_bytes,
            "available_memory_bytes": machine.available_bytes,
        },
        "records": {
            "path": shown(records.folder),
            "free_bytes": records.free_bytes,
            "writable": records.is_writable,
        },
        "scratch": {"path": tempfile.gettempdir(), "free_bytes": diagnosis.scratch_bytes},
        "font": None if isinstance(slot, str) else slot.font or None,
        "slot_error": slot if isinstance(slot, str) else None,
        "operations": diagnosis.operations,
        "broken_operations": diagnosis.broken_operations,
    }


def lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Write a diagnosis for people.

    Parameters
    ----------
    diagnosis : Diagnosis
        What was found.

    Yields
    ------
    str
        A line.
    """
    from dmedia.report.summary import printable, size

    found = document(diagnosis)
    for name, version in found["versions"].items():
        yield _line(name, version or "not installed")
    for extra, is_installed in found["extras"].items():
        yield _line(f"extra {extra}", "installed" if is_installed else f"not installed: pip install 'dmedia[{extra}]'")
    if found["formats_error"]:
        yield _line("formats", f"NOT TRIED: {found['formats_error']}")
    else:
        yield from _format_lines(found["formats"])
    yield _line("sandbox", _sandbox_line(found["sandbox"]))
    machine = diagnosis.machine
    each, free = size(machine.slot_bytes), size(machine.available_bytes)
    yield _line("slots", f"{machine.slots} (of {machine.cpus} CPUs; up to {each} each, {free} of memory are free)")
    records = diagnosis.records
    space = "" if records.free_bytes is None else f", {size(records.free_bytes)} free"
    yield _line("records", printable(records.folder) + space + ("" if records.is_writable else ", NOT WRITABLE"))
    yield _line("temporary", f"{found['scratch']['path']}, {size(diagnosis.scratch_bytes or 0)} free")
    yield _line("font", found["font"] or "MISSING: watermarks will fail")
    if found["slot_error"]:
        yield _line("slot", f"DOES NOT START: {found['slot_error']}")
    for name, package in found["operations"].items():
        yield _line("operation", f"{name}, of {package}")
    for reason in found["broken_operations"].values():
        yield _line("operation", f"BROKEN: {reason}")


def _formats(trials: Trials | str) -> dict[str, dict[str, Any]]:
    """Tell of each format whether it is read and written; nothing where no slot could try."""
    if isinstance(trials, str):
        return {}
    told = {}
    for name in (*trials.writes, *(name for name in trials.reads if name not in trials.writes)):
        problems = [f"{verb}: {found[name]}" for verb, found in (("read", trials.reads), ("written", trials.writes))
                    if found.get(name)]  # fmt: skip
        reads, writes = not trials.reads.get(name, "?"), not trials.writes.get(name, "?")
        told[name] = {"reads": reads, "writes": writes, "problem": "; ".join(problems) or None}
    return told


def _format_lines(formats: dict[str, dict[str, Any]]) -> Iterator[str]:
    for verb in ("reads", "writes"):
        works = [SPECIAL.get(name, name) for name, found in formats.items() if found[verb]]
        yield _line(verb, " ".join(works) or "NOTHING")
    for name, found in formats.items():
        if found["problem"]:
            yield _line("not " + name, found["problem"])


def _line(name: str, value: str) -> str:
    return f"{name:<14} {value}"


def _sandbox_line(sandbox: dict[str, Any]) -> str:
    if sandbox["active"]:
        return f"active (Landlock ABI {sandbox['abi']}): slots are refused to " + ", ".join(sandbox["refuses"])
    return f"NOT ACTIVE: {sandbox['reason']}"
