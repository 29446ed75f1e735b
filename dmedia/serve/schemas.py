"""JSON schemas for tools, made from the operations' own parameters and from the shapes of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from dmedia.operations import known_operations
from dmedia.operations.validation import adapter
from dmedia.serve.answers import ErrorDocument

if TYPE_CHECKING:
    from dmedia.serve.tool import Tool

Schema = dict[str, Any]

UNTITLED = frozenset({"title"})
"""What is left out of schemas: titles, which pydantic makes of names."""

BARE = UNTITLED | {"description"}


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
    schema = _taken(adapter(tool.arguments))
    schema.pop("description", None)
    if "parameters" in schema["properties"]:
        described = schema["properties"]["parameters"].get("description", "")
        schema["properties"]["parameters"] = all_parameters() | {"description": described}
    return schema


def output_schema(tool: Tool) -> Schema:
    """Make the schema of what a tool answers: one object of its shape, or of one of them, or an error's.

    Some clients hold errors to the schema too, and would tell the assistant of the difference instead of the error.
    What the keys of jobs and files mean is said by the tools that tell of them, and not once more by all the others.
    """
    schema: Schema = TypeAdapter(tool.answer | ErrorDocument).json_schema(mode="serialization")
    return {"type": "object", **_plain(schema, BARE if tool.nature.writes else UNTITLED)}


def operation_schema(operation: str) -> Schema:
    """Make the schema of an operation's parameters."""
    return _taken(adapter(known_operations()[operation].parameters))


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


def _taken(arguments: TypeAdapter[Any]) -> Schema:
    """Make the schema of an object that is taken: what need not be given is left out, and nobody has to say null."""
    schema: Schema = _plain(arguments.json_schema())
    for taken in schema["properties"].values():
        if taken.get("default", "") is None:
            del taken["default"]
        if "null" in taken.get("type", ()):
            taken["type"] = next(word for word in taken["type"] if word != "null")
            if "enum" in taken:
                taken["enum"] = [word for word in taken["enum"] if word is not None]
    return schema | {"additionalProperties": False}


def _plain(schema: Any, left_out: frozenset[str] = UNTITLED) -> Any:
    """Make a schema of pydantic's short, for an assistant reads every word: what can be null is one schema, not two."""
    if isinstance(schema, list):
        return [_plain(inner, left_out) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _plain(value, left_out) for key, value in schema.items() if key not in {"properties", *left_out}}
    if "properties" in schema:
        plain["properties"] = {name: _plain(inner, left_out) for name, inner in schema["properties"].items()}
    return _nullable(plain)


def _nullable(schema: Schema) -> Schema:
    kinds: list[Schema] = schema.get("anyOf", [])
    if len(kinds) != 2 or kinds[1] != {"type": "null"} or "type" not in kinds[0]:
        return schema
    either = kinds[0] | {"type": [kinds[0]["type"], "null"]}
    if "enum" in either:
        either["enum"] = [*either["enum"], None]
    return {key: value for key, value in schema.items() if key != "anyOf"} | either
