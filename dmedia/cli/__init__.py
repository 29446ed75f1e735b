"""The command line: Click, and the one place that turns errors into exit statuses."""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import os
import sys
import traceback

from dmedia.errors import DmediaError, UsageError

BUG = 1
UNWRITABLE = 5
SIGINT_STATUS = 130


def main() -> None:
    """Run ``dmedia`` and exit with its status.

    Objects are not collected while modules are loaded, which saves 0.04 s; and the interpreter is not taken apart at
    the end, which takes 0.15 s with Dask's modules: everything that must be closed is.
    """
    gc.disable()
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - closed by whoever called us
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.platform == "win32":
        sys.exit("dmedia does not run on native Windows: run it in WSL 2.")
    arguments = sys.argv[1:]
    try:
        status = _run(arguments)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError) if status else contextlib.nullcontext():  # the first trouble counts
                stream.flush()
    except BrokenPipeError:  # the reader of our output has left, which is its right
        status = 0
    except OSError as error:
        status = UNWRITABLE
        os.write(2, f"dmedia: standard output cannot be written: {error.strerror}\n".encode())
    os._exit(status)


def _run(arguments: list[str]) -> int:
    """Run a command line; every error ends here.

    Parameters
    ----------
    arguments : list of str
        Without the program's name.

    Returns
    -------
    int
        The exit status, as ``dmedia.errors`` lists them.
    """
    import click

    from dmedia.cli.app import app

    as_json = "--json" in arguments
    try:
        status = app.main(arguments, prog_name="dmedia", standalone_mode=False)
    except click.Abort:
        return SIGINT_STATUS
    except click.ClickException as error:
        return _tell(error.format_message(), _usage_hint(error), error.exit_code, UsageError.code, as_json=as_json)
    except DmediaError as error:
        return _tell(error.message, error.hint, error.exit_status, error.code, as_json=as_json)
    except SystemExit as error:  # Click's way of telling that the reader of our output has left
        raise BrokenPipeError from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EIO, errno.EPIPE, errno.EBADF) and error.filename is None:
            raise  # of standard output: every other file is named, or became an error of ours
        return _bug(error, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the last resort: what gets here is a bug, and is told as one
        return _bug(error, as_json=as_json)
    return status if isinstance(status, int) else 0


def _bug(error: Exception, *, as_json: bool) -> int:
    traceback.print_exception(error)
    return _tell(f"a bug in dmedia: {type(error).__name__}: {error}", None, BUG, DmediaError.code, as_json=as_json)


def _tell(message: str, hint: str | None, status: int, code: str, *, as_json: bool) -> int:
    import click

    if as_json:
        click.echo(json.dumps({"error": message, "hint": hint, "code": code, "exit_status": status}))
    click.echo(f"dmedia: {message}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)
    return status


def _usage_hint(error: object) -> str | None:
    context = getattr(error, "ctx", None)
    return f"{context.command_path} --help" if context else None
