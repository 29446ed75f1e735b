"""Advice in an assistant's words: what a person does with options and commands, it does with arguments and tools."""

from __future__ import annotations

import re
from typing import Any

ADVICE = (
    (r"`?dmedia status \S+ --(?:failed|warned)`?", "get_batch_report"),
    (r"`?dmedia status(?: \S+ --watch)?`?(?= lists|, or)", "get_batch_status"),
    (r"dmedia resume (\S+)", r"resume_batch with \1"),
    (r"dmedia retry (\S+)", r"retry_batch with \1"),
    (r"dmedia doctor\b", "get_capabilities"),
    (r"\badd -r\b", "set recursive"),
    (r"\bwith -o\b", "as output_directory"),
    (r"--on-collision (keep-ext|number)", r"on_collision \1"),
    (r"The same command with --overwrite", "The same call with overwrite"),
    (r"--(overwrite|format|frames|recursive)\b", r"\1"),
    (r"\bthumbnail makes a picture of a film", "batch_process with thumbnail makes a picture of a film"),
    (r"(?<![\w/.'-])--(?:[a-z]+-)*[a-z]+\b", r"\g<0> (on the command line)"),
)
"""What is said to people, as a pattern, and what it is for an assistant. The last: no tool has such an argument."""

ADVISING = frozenset({"hint", "warnings"})
"""Keys of documents below which there is advice."""

ADVISING_LINES = ("hint: ", "warning: ", "and ", "all of them: ")
"""How lines of a summary begin that are advice, and do not name files."""

_ADVICE = [(re.compile(pattern), words) for pattern, words in ADVICE]


def for_assistant(text: str) -> str:
    """Word advice for an assistant.

    Parameters
    ----------
    text : str
        As people read it on the command line.
    """
    for pattern, words in _ADVICE:
        text = pattern.sub(words, text)
    return text


def for_assistant_by_line(text: str) -> str:
    """Word those lines of a summary for an assistant that are advice; what names files stays as it is."""
    lines = text.split("\n")
    return "\n".join(for_assistant(line) if line.lstrip().startswith(ADVISING_LINES) else line for line in lines)


def advise(document: Any, *, is_advice: bool = False) -> Any:
    """Word all advice in a document for an assistant; paths and whatever else is data stay as they are.

    Parameters
    ----------
    document : object
        JSON.
    is_advice : bool
        Whether its texts are advice.
    """
    if isinstance(document, str):
        return for_assistant(document) if is_advice else document
    if isinstance(document, list):
        return [advise(inner, is_advice=is_advice) for inner in document]
    if isinstance(document, dict):
        advised = {name: advise(inner, is_advice=name in ADVISING) for name, inner in document.items()}
        if "summary" in document and isinstance(document["summary"], list):
            advised["summary"] = list(map(for_assistant_by_line, document["summary"]))
        return advised
    return document
