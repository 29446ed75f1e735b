"""JSON schemas for tools, made from the operations' own parameters and from the shapes of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from dmedia.operations import known_operations
from dmedia.operations.validation import adapter

if TYPE_CHECKING:
    from dmedia.serve.tool import Tool

Schema = dict[str, Any]


def input_schema(tool: Tool) -> Schema:
    """Make the schema of what a tool takes.

    Parameters
    ----------
    tool : Tool
        Where its arguments have ``parameters``, these are those of all operations.

    Returns
    -------
    dict
        JSON Schema 2020-12 of one object, without references.
    """
    schema: Schema = _plain(adapter(tool.arguments).json_schema())
    schema.pop("description", None)
    schema["additionalProperties"] = False
    if "parameters" in schema["properties"]:
        described = schema["properties"]["parameters"].get("description", "")
        schema["properties"]["parameters"] = all_parameters() | {"description": described}
    return schema


def output_schema(shape: Any) -> Schema:
    """Make the schema of what a tool answers: one object, also where it can have several shapes."""
    schema: Schema = _plain(TypeAdapter(shape).json_schema(mode="serialization"))
    return {"type": "object", **schema}


def operation_schema(operation: str) -> Schema:
    """Make the schema of an operation's parameters."""
    schema: Schema = _plain(adapter(known_operations()[operation].parameters).json_schema())
    return schema | {"additionalProperties": False}


def all_parameters() -> Schema:
    """Make one schema of the parameters of all operations; each says for which operations it is, unless for all."""
    operations = known_operations()
    homes: dict[str, list[str]] = {}
    properties: dict[str, Schema] = {}
    for operation in operations:
        for name, schema in operation_schema(operation)["properties"].items():
            homes.setdefault(name, []).append(operation)
            known = properties.setdefault(name, schema)
            if known.get("default") != schema.get("default"):
                known.pop("default", None)
    for name, schema in properties.items():
        if len(homes[name]) < len(operations):
            schema["description"] = f"{schema.get('description', '')} (of {', '.join(homes[name])})"
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _plain(schema: Any) -> Any:
    """Leave out the titles that pydantic makes of names: they say nothing, and an assistant reads every word."""
    if isinstance(schema, list):
        return [_plain(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value) for key, value in schema.items() if key not in ("title", "properties")}
    if "properties" in schema:
        plain["properties"] = {name: _plain(inner) for name, inner in schema["properties"].items()}
    return plain
