"""Tools that tell what there is to ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dmedia.api.capabilities import read_capabilities
from dmedia.api.presets import preset_document
from dmedia.presets import find_presets, try_preset
from dmedia.report.shapes import CapabilitiesDocument, PresetsDocument
from dmedia.serve.answers import Answer
from dmedia.serve.schemas import operation_schema
from dmedia.serve.tool import READS, Tool
from dmedia.words import shown

if TYPE_CHECKING:
    from dmedia.serve.roots import Roots


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """No arguments."""


def list_presets(roots: Roots, _: Nothing) -> Answer:
    """List presets."""
    found = [path for path in find_presets().values() if roots.holds_preset(path)]
    return Answer({"presets": [preset_document(try_preset(path)) for path in found]})


def get_capabilities(roots: Roots, _: Nothing) -> Answer:
    """Tell what this server can do."""
    found = read_capabilities()
    for name, operation in found["operations"].items():
        operation["parameters"] = operation_schema(name)
    return Answer({**found, "roots": [shown(root) for root in roots.paths]})


TOOLS = (
    Tool(
        "list_presets",
        "List presets",
        "Named operations with their parameters, for batch_process and apply_preset.",
        Nothing,
        PresetsDocument,
        READS,
        list_presets,
    ),
    Tool(
        "get_capabilities",
        "See what this server can do",
        "The operations with all their parameters (types, ranges, defaults), the formats that are read and written, "
        "the directories that may be used, and whether decoders run in their sandbox.",
        Nothing,
        CapabilitiesDocument,
        READS,
        get_capabilities,
    ),
)
