"""Renditions are kept apart: no two tasks of a job write one file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dmedia.errors import CollisionError
from dmedia.formats import extension
from dmedia.model import OnCollision
from dmedia.planning.naming import keep_extension, number
from dmedia.words import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dmedia.planning.folding import Folding
    from dmedia.record.rendition_keys import Colliding
    from dmedia.record.writer import RecordWriter

EXAMPLES = 3
"""Groups a message shows."""

NAMED = 4
"""Files of a group that a message names; larger groups are counted."""


def separate(record: RecordWriter, folding: Folding) -> int:
    """Find renditions with one path, and cure or refuse them as the job's policy says.

    Parameters
    ----------
    record : RecordWriter
        With all rows of the plan.
    folding : Folding
        Which paths are one.

    Returns
    -------
    int
        How many renditions got another name.

    Raises
    ------
    CollisionError
        When the policy is to refuse, or when keeping extensions does not cure it. The message counts them by kind.
    """
    policy = record.spec.policies.on_collision
    renamed = 0
    while record.plan.keys.find_collisions():
        if policy is OnCollision.ERROR:
            raise _refusal(record, "")
        cured = _keep_extensions(record, folding) if policy is OnCollision.KEEP_EXT else _number(record, folding)
        if not cured:
            raise _refusal(record, " although the source's extension was kept")
        renamed += cured
    return renamed


def _keep_extensions(record: RecordWriter, folding: Folding) -> int:
    renamed = 0
    for page in record.plan.keys.colliding():
        with record.plan.changing():
            for file in page:
                rendition = keep_extension(file.rendition, file.source)
                if not file.renamed and rendition != file.rendition:
                    record.plan.rename(file.number, file.rank, rendition, folding.key(rendition))
                    renamed += 1
    return renamed


def _number(record: RecordWriter, folding: Folding) -> int:
    """Let the first of a group keep its name; the others take the next free number, in the order of the sources."""
    renamed, group, count = 0, -1, 1
    for page in record.plan.keys.colliding():
        with record.plan.changing():
            for file in page:
                if file.group != group:
                    group, count = file.group, 1
                    continue
                while True:
                    count += 1
                    rendition = number(file.rendition, count)
                    if not record.plan.keys.is_taken(folding.key(rendition)):
                        break
                record.plan.rename(file.number, file.rank, rendition, folding.key(rendition))
                renamed += 1
    return renamed


def _refusal(record: RecordWriter, although: str) -> CollisionError:
    kinds: Counter[str] = Counter()
    examples: list[str] = []
    files = 0
    for size, members in _groups(record):
        files += size
        kinds[_kind(size, members)] += 1
        if len(examples) < EXAMPLES:
            names = " and ".join(shown(member.source) for member in members) + (" ..." if size > len(members) else "")
            examples.append(f"{names} -> {shown(members[0].rendition)}")
    counted = [f"{count} {kind if count > 1 else _singular(kind)}" for kind, count in kinds.most_common(10)]
    if len(kinds) > len(counted):
        counted.append("others")
    paths = "one path" if kinds.total() == 1 else f"{kinds.total()} paths"
    return CollisionError(
        f"{files} renditions would share {paths}{although}: {', '.join(counted)}. "
        f"For example {'; '.join(examples)}. Nothing was written.",
        "Use --on-collision keep-ext (a.jpg.webp, a.png.webp), --on-collision number (a.webp, a-2.webp), or another "
        "--name such as '{dir}/{name}.{ext}'.",
    )


def _groups(record: RecordWriter) -> Iterator[tuple[int, list[Colliding]]]:
    """List the groups, each with its size and its first members."""
    members: list[Colliding] = []
    size = 0
    for page in record.plan.keys.colliding():
        for file in page:
            if members and file.group != members[0].group:
                yield size, members
                members, size = [], 0
            size += 1
            if len(members) < NAMED:
                members.append(file)
    if members:
        yield size, members


def _kind(size: int, members: list[Colliding]) -> str:
    if size > NAMED:
        return f"groups of {size} files"
    kind = " + ".join(sorted(extension(member.source) or "no extension" for member in members))
    return f"{'pairs' if size == 2 else 'groups'} {kind}"  # two are a pair


def _singular(kind: str) -> str:
    return kind.replace("pairs", "pair", 1).replace("groups", "group", 1)
