"""Programs of users, as processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from tests.command import LIMIT_S, Dmedia

CONSOLE = "import code, sys; console = code.InteractiveConsole(); [console.push(line) for line in {lines!r}]"


class Program:
    """Runs a body of Python that does not know how it is run."""

    def __init__(self, dmedia: Dmedia) -> None:
        self.dmedia = dmedia
        self.directory = dmedia.directory
        self.stderr = ""

    def __call__(self, body: str, way: str = "script") -> Any:
        """Run it to its good end, in which Python warns of nothing; return what it printed last, as JSON."""
        body = "import json, sys, os\nimport dmedia\n" + textwrap.dedent(body).strip() + "\n"
        ended = subprocess.run(
            [sys.executable, "-X", "dev", *self._arguments(body, way)],
            cwd=self.directory,
            env=self.dmedia.environment,
            input=body if way == "standard input" else "",
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        # In its debugging mode, asyncio tells of every step that takes a tenth of a second: on a busy machine, many do.
        told = [line for line in ended.stderr.splitlines() if not line.startswith("Executing <")]
        assert (ended.returncode, told) == (0, []), ended.stderr
        return json.loads(ended.stdout.splitlines()[-1])

    def _arguments(self, body: str, way: str) -> list[str]:
        script = Path(self.directory, "program.py")
        if way == "standard input":
            return ["-"]
        if way == "-c":
            return ["-c", body]
        if way == "interactive console":
            return ["-c", CONSOLE.format(lines=body.splitlines())]
        if way == "thread":
            body = f"import threading\nthreading.Thread(target=exec, args=({body!r}, globals())).start()\n"
        if way == "asyncio":
            body = (
                f"async def main():\n{textwrap.indent(body, '    ')}\nimport asyncio\nasyncio.run(main(), debug=False)"
            )
        if way == "process of multiprocessing":
            body = (
                "import multiprocessing\n"
                f"process = multiprocessing.get_context('fork').Process(target=exec, args=({body!r},), daemon=True)\n"
                "process.start()\nprocess.join()\n"
            )
        script.write_text(body)
        return [str(script)]


WAYS = (
    "script",
    "-c",
    "standard input",
    "interactive console",
    "thread",
    "asyncio",
    "process of multiprocessing",
)
