"""What a tool answers: a result for people and programs, or an error that cannot be taken for one."""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from mcp.types import CallToolResult, TextContent
from typing_extensions import TypedDict  # Python 3.11's own TypedDict tells pydantic too little

from dmedia.errors import DmediaError
from dmedia.operations.parameters import Help
from dmedia.serve.wording import advise, for_assistant, for_assistant_by_line

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool has to say.

    Attributes
    ----------
    document : mapping
        For programs; of the tool's output schema.
    text : str
        For people; empty: the document itself.
    job : str or None
        The job that it is about, where it can be waited for.
    """

    document: Mapping[str, Any]
    text: str = ""
    job: str | None = None


class ErrorDocument(TypedDict):
    """Why nothing came of a call; the result is marked as an error too."""

    code: Annotated[str, Help("The reason, for programs")]
    message: Annotated[str, Help("The reason, in a sentence")]
    hint: Annotated[str | None, Help("What to do about it")]


def result(answer: Answer) -> CallToolResult:
    """Make the protocol's result of an answer."""
    document = advise(dict(answer.document))
    text = for_assistant_by_line(answer.text) if answer.text else json.dumps(document, ensure_ascii=False)
    return CallToolResult(content=[TextContent(text=text)], structured_content=document)


def failure(error: Exception) -> CallToolResult:
    """Make the protocol's result of an error: ``isError``, with code, message and hint.

    Parameters
    ----------
    error : Exception
        What is not a `DmediaError` is a bug of ours, and is written to standard error too.

    Returns
    -------
    CallToolResult
    """
    if isinstance(error, DmediaError):
        hint = for_assistant(error.hint) if error.hint else None
        described: ErrorDocument = {"code": error.code, "message": error.message, "hint": hint}
    else:
        traceback.print_exception(error, file=sys.stderr)
        message = f"a bug in dmedia: {type(error).__name__}: {error}"
        described = {"code": "internal", "message": message, "hint": "the server's log has the details"}
    advice = f"\nhint: {described['hint']}" if described["hint"] else ""
    text = f"{described['code']}: {described['message']}{advice}"
    return CallToolResult(content=[TextContent(text=text)], structured_content=dict(described), is_error=True)
