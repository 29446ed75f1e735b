"""Packages that bring operations, as an installer leaves them: modules, and a folder of metadata beside them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.command import ROOT

HEAD = """
from dataclasses import dataclass
from typing import Annotated, Literal
from dmedia.operations.operation import IMAGE, IMAGE_AND_FILM, Operation
from dmedia.operations.parameters import Box, Encoding, Help
"""


def install(site: Path, name: str, version: str, entries: dict[str, str]) -> None:
    """Write what an installer writes about a package; its modules are put into the directory by whoever calls."""
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    listed = "".join(f"{operation} = {place}\n" for operation, place in entries.items())
    (folder / "entry_points.txt").write_text(f"[dmedia.operations]\n{listed}")


def bring(site: Path, operation: str, code: str, *, parameters: str = "Parameters", package: str = "") -> None:
    """Install a package of one module, called like its operation, that defines its parameters and ``work``."""
    package = package or f"dmedia-{operation}"
    module = package.replace("-", "_")
    install(site, package, "1.0", {operation: f"{module}:OPERATION"})
    (site / f"{module}.py").write_text(
        HEAD
        + "@dataclass(frozen=True, kw_only=True)\nclass Parameters(Box):\n    pass\n"
        + code
        + f"\nOPERATION = Operation({operation!r}, 'A test.', {parameters}, IMAGE, '', '{module}:work')\n"
    )


def install_readme_example(site: Path) -> None:
    """Install the example of the README: its code, and the metadata that its pyproject.toml makes."""
    section = (ROOT / "README.md").read_text("utf-8").split("## Your own operations\n")[1].split("\n## ")[0]
    blocks = dict(re.findall(r"```(toml|python)\n(.*?)```", section, re.DOTALL))
    project = tomllib.loads(blocks["toml"])["project"]
    install(site, project["name"], project["version"], project["entry-points"]["dmedia.operations"])
    (site / "dmedia_sepia.py").write_text(blocks["python"])
