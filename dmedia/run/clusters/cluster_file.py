"""A file that says how to make a cluster: module, class and arguments of any Dask cluster, as dask-ctl writes them."""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from dmedia.errors import UsageError
from dmedia.words import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PACKAGES = {"dask": "dask[distributed]", "dask_cloudprovider": "dask-cloudprovider[all]"}
"""What brings a module, where its name does not say so."""

KEYS = ("version", "module", "class", "args", "kwargs")
"""Keys that are read."""

ALIKE = 0.75
"""How like one of them (`difflib`, 0 to 1) another key must be to count as misspelt: ``kwarg`` is, ``metadata`` not."""

ASKED = ("scale", "adapt", "close")
"""Methods of a class of clusters that is none of Dask's own."""

MOST_BYTES = 1 << 20
"""Of a cluster file; it is written by hand."""


@dataclass(frozen=True)
class ClusterFile:
    """What a cluster file says.

    Attributes
    ----------
    path : str
        The file, as it was named.
    module, name : str
        Where the cluster's class is, and what it is called: ``dask_jobqueue`` and ``SLURMCluster``.
    args : tuple
        Its arguments by position.
    kwargs : mapping of str to object
        Its arguments by name.
    """

    path: str
    module: str
    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


def read_cluster_file(path: str | bytes | os.PathLike[Any]) -> ClusterFile:
    """Read a cluster file; nothing that it names is loaded.

    Parameters
    ----------
    path : path
        YAML (or JSON, which is YAML too) with the keys ``module`` and ``class``, and if need be ``args``, ``kwargs``
        and ``version``, which is 1.

    Raises
    ------
    UsageError
        When it cannot be read, or says something else. It names the file and the key.
    """
    import yaml  # type: ignore[import-untyped]  # Dask's own configuration is read with it

    shown = os.fsdecode(path)
    try:
        with open(path, "rb") as file:
            said = yaml.safe_load(file.read(MOST_BYTES))
    except OSError as error:
        raise UsageError(f"The cluster file {shown} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or error
        raise UsageError(f"The cluster file {shown} is not valid YAML{place}: {problem}") from error
    if not isinstance(said, dict):
        raise UsageError(
            f"The cluster file {shown} has no keys", "it says module and class of a Dask cluster, and its kwargs"
        )
    return _checked(shown, said)


def _checked(path: str, said: dict[Any, Any]) -> ClusterFile:
    from pydantic import BaseModel, ConfigDict, Field, ValidationError

    class Document(BaseModel):
        """Other keys that dask-ctl may write are let be."""

        model_config = ConfigDict(extra="ignore", strict=True)
        version: Literal[1] = 1
        module: str = Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")
        name: str = Field(alias="class", pattern=r"^[A-Za-z_]\w*$")
        args: list[Any] = []
        kwargs: dict[str, Any] = {}

    try:
        document = Document.model_validate({key: value for key, value in said.items() if value is not None})
    except ValidationError as error:
        wrong = error.errors()[0]
        key = ".".join(map(str, wrong["loc"]))
        if wrong["type"] == "missing":
            known = nearest(key, map(str, said)) if said else ""
            raise UsageError(f"The cluster file {path} has no key {key!r}", known or None) from error
        raise UsageError(f"The cluster file {path}: {key} is {wrong['input']!r}: {_plain(wrong)}") from error
    _refuse_misspelt(path, map(str, said))
    if document.kwargs.get("asynchronous"):
        raise UsageError(f"The cluster file {path}: kwargs.asynchronous cannot be true: a job needs a plain cluster")
    return ClusterFile(path, document.module, document.name, tuple(document.args), document.kwargs)


def _refuse_misspelt(path: str, said: Iterable[str]) -> None:
    """Refuse a key that would be let be, and that its writer thinks is read."""
    for key in said:
        close = difflib.get_close_matches(key.lower(), KEYS, n=1, cutoff=ALIKE)
        if key not in KEYS and close:
            raise UsageError(f"The cluster file {path}: there is no key {key!r}", f"did you mean {close[0]!r}?")


def _plain(wrong: Any) -> str:
    return {
        "version": "dmedia knows version 1 of such files",
        "module": "it is the name of a Python module, such as dask_jobqueue",
        "class": "it is the name of a class, such as SLURMCluster",
    }.get(str(wrong["loc"][0]), str(wrong["msg"]))


def load_maker(file: ClusterFile) -> Callable[..., Any]:
    """Load the class of the cluster, and Dask with it. Nothing is called: it may be any name of any module.

    Parameters
    ----------
    file : ClusterFile
        Names it.

    Raises
    ------
    UsageError
        When its module is not installed or cannot be loaded, or has no such class, or that is no Dask cluster.
    """
    root = file.module.partition(".")[0]
    try:
        module = importlib.import_module(file.module)
    except ModuleNotFoundError as error:
        missing = (error.name or root).partition(".")[0]
        if (error.name or "").startswith(f"{root}.") or file.module == error.name != root:
            raise UsageError(f"The cluster file {file.path}: there is no module {error.name!r}") from error
        raise UsageError(
            f"The cluster file {file.path}: module {missing!r} is not installed",
            f"pip install '{PACKAGES.get(missing, missing.replace('_', '-'))}'",
        ) from error
    except Exception as error:
        raise UsageError(
            f"The cluster file {file.path}: module {file.module!r} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    maker = getattr(module, file.name, None)
    if maker is None or not _makes_clusters(maker):
        known = [name for name in dir(module) if name.endswith("Cluster") and _makes_clusters(getattr(module, name))]
        wrong = f"has no class {file.name!r}" if maker is None else f"has {file.name!r}, which is no class of clusters"
        raise UsageError(
            f"The cluster file {file.path}: module {file.module!r} {wrong}",
            nearest(file.name, known) if known else "name one such as LocalCluster of dask.distributed",
        )
    return cast("Callable[..., Any]", maker)


def _makes_clusters(maker: object) -> bool:
    """Tell whether it makes Dask clusters: a class of them, or one that can be asked for the same, as Dask Gateway's.

    Dask's own ``SSHCluster`` is a function that is called like the class that it makes.
    """
    from distributed.deploy.cluster import Cluster

    if inspect.isfunction(maker):
        return maker.__name__.endswith("Cluster")
    if not isinstance(maker, type) or maker is Cluster:
        return False
    return issubclass(maker, Cluster) or all(callable(getattr(maker, name, None)) for name in ASKED)
