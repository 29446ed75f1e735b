"""The recipes, read: their documents, and the command lines in them."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import click
import yaml  # type: ignore[import-untyped]

from dmedia.cli.app import app
from tests.command import ROOT

CLUSTER = ROOT / "cluster"
COMMANDS = {"dask": ("scheduler", "worker"), "dmedia": app.list_commands(click.Context(app))}
"""Words that make the word before them a program."""

METRICS = {
    "dmedia_job_files": {"job", "operation", "status"},
    "dmedia_job_progress_ratio": {"job", "operation"},
    "dmedia_job_files_per_second": {"job", "operation"},
    "dmedia_job_eta_seconds": {"job", "operation"},
    "dmedia_worker_files_per_second": {"worker"},
    "dmedia_worker_processing": {"worker"},
    "dmedia_files_total": {"operation", "outcome"},
    "dmedia_failures_total": {"reason"},
    "dmedia_bytes_read_total": set(),
    "dmedia_bytes_written_total": set(),
}
"""What the scheduler exports, and with which labels."""


def documents(name: str) -> list[Any]:
    """Read a YAML file's documents."""
    return list(yaml.safe_load_all((CLUSTER / name).read_text("utf-8")))


def compose() -> Any:
    """Read the services as Compose does: defaults stand for variables, and /data for the one without."""
    text = (CLUSTER / "compose.yaml").read_text("utf-8")
    return yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", re.sub(r"\$\{\w+:\?[^}]*\}", "/data", text)))


def unit(name: str) -> dict[str, list[str]]:
    """Read a systemd unit: the values of each key."""
    read: dict[str, list[str]] = {}
    for line in (CLUSTER / "systemd" / name).read_text("utf-8").splitlines():
        key, sign, value = line.partition("=")
        if sign and not line.startswith("#"):
            read.setdefault(key, []).append(value)
    return read


def environment_file() -> dict[str, str]:
    """Read the units' environment."""
    lines = (CLUSTER / "systemd/cluster.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def shell_blocks(section: str = "") -> list[str]:
    """All commands that cluster/README.md shows, or those below a title."""
    page = (CLUSTER / "README.md").read_text("utf-8")
    part = page.split(f"\n## {section}\n")[1].split("\n## ")[0] if section else page
    return re.findall(r"```sh\n(.*?)```", part, re.DOTALL)


def page_command(section: str, changes: dict[str, str], *words: str) -> list[str]:
    """Take the first command below a title of cluster/README.md that has some words.

    Parameters
    ----------
    section : str
        The title.
    changes : dict of str to str
        What must be another word here, or a word with another path or address in it.
    *words : str
        Which the command has, or its words begin with.
    """
    for line in shell_commands("\n".join(shell_blocks(section))):
        if all(any(there.startswith(word) for there in line) for word in words):
            return [changes.get(word) or changed(word, {a: b for a, b in changes.items() if "/" in a}) for word in line]
    raise AssertionError(f"no command with {words} below {section}")


def changed(text: str, changes: dict[str, str]) -> str:
    """Put this machine's paths, ports and addresses for those of the page."""
    for old in changes:
        text = text.replace(old, f"\0{old}\0")
    for old, new in changes.items():
        text = text.replace(f"\0{old}\0", new)
    return text


def shell_commands(text: str) -> list[list[str]]:
    """Take a script's command lines apart, comments away and lines put together."""
    lines = re.sub(r"\\\n", " ", text).splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def command_lines() -> dict[str, list[str]]:
    """Every command line of ``dask`` and ``dmedia`` in the recipes, by where it stands."""
    found: dict[str, list[str]] = {}
    for name, service in compose()["services"].items():
        if "command" in service:
            found[f"compose.yaml: {name}"] = service.get("entrypoint", []) + service["command"]
    cluster = documents("kubernetes/cluster.yaml")[0]["spec"]
    for part in ("scheduler", "worker"):
        found[f"kubernetes: {part}"] = cluster[part]["spec"]["containers"][0]["args"]
    found["kubernetes: job"] = documents("kubernetes/job.yaml")[0]["spec"]["template"]["spec"]["containers"][0]["args"]
    for part in ("scheduler", "worker"):
        found[f"systemd: {part}"] = shlex.split(unit(f"dmedia-{part}.service")["ExecStart"][0])
    script = re.sub(r'\$\{\w+:\+([^}]*)\}|"\$bin/(\w+)"', r"\1\2", (CLUSTER / "slurm.sh").read_text("utf-8"))
    script = script.replace('"$@"', "compress photos -r -o small")
    lines = [words for text in (script, *shell_blocks()) for words in shell_commands(text)]
    for number, words in enumerate(lines):
        for place, (word, following) in enumerate(itertools.pairwise(words)):
            if following in COMMANDS.get(os.path.basename(word), ()):
                found[f"shell {number}: {shlex.join(words)}"] = [word for word in words[place:] if word != "&"]
    return {place: [os.path.basename(words[0]), *words[1:]] for place, words in found.items()}


def panels() -> list[Any]:
    """Read the dashboard of Grafana: its panels, those in rows too."""
    read = json.loads((CLUSTER / "grafana/dmedia.json").read_text("utf-8"))["panels"]
    return [panel for row in read for panel in (row, *row.get("panels", ()))]


def copied(dockerfile: Path) -> list[str]:
    """Tell what a Dockerfile copies out of its context."""
    from dockerfile_parse import DockerfileParser  # type: ignore[import-untyped]

    with dockerfile.open("rb") as file:
        instructions = DockerfileParser(fileobj=file).structure
    copies = [shlex.split(step["value"]) for step in instructions if step["instruction"] in ("COPY", "ADD")]
    return [path for words in copies if not words[0].startswith("--from") for path in words[:-1]]
