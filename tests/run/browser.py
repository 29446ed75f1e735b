"""A browser without a screen: what a person would read on a page."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.command import LIMIT_S
from tests.machines import unmet

FIND = """
(selector) => {
  const found = [], walk = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.matches(selector)) found.push(element.innerText.trim());
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  walk(document);
  return found;
}
"""
"""Texts of all elements that a selector names, in Bokeh's shadow trees too."""


Texts = dict[str, list[str]]


def read_page(url: str, expected: Texts, directory: Path, others: Sequence[str] = ()) -> Texts:
    """Read texts from a page once it shows what is expected; a picture of it is left in the directory.

    Bokeh makes a page's elements before it fills them, and the parts of a page one after the other. What is read is
    what the page shows in the end, or at the end of the time for it: whoever asks compares.

    Skips the test where there is no Chromium, but not where everything must be tested.

    Parameters
    ----------
    url : str
        Of the page.
    expected : dict of str to list of str
        By selectors, the texts that are waited for, in any order.
    directory : Path
        For the browser's profile, and the picture ``page.png``.
    others : sequence of str
        Selectors that are waited for, too, until each has found something and no text is empty.
    """
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        unmet("Chromium is not installed: apt-get install chromium")
    assert browser is not None
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions")
    process = subprocess.Popen(
        [browser, *options, *quiet, f"--user-data-dir={directory}", "--remote-debugging-port=0", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return asyncio.run(asyncio.wait_for(_read(url, expected, others, directory), 2 * LIMIT_S))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _read(url: str, expected: Texts, others: Sequence[str], directory: Path) -> Texts:
    connection = await _connect(directory)
    await _call(
        connection, "Emulation.setDeviceMetricsOverride", width=1400, height=1200, deviceScaleFactor=1, mobile=False
    )
    await _call(connection, "Page.navigate", url=url)
    end_s = time.monotonic() + LIMIT_S
    while True:
        texts = {selector: await _find(connection, selector) for selector in (*expected, *others)}
        filled = all(texts[selector] and all(texts[selector]) for selector in others)
        if filled and all(sorted(texts[selector]) == sorted(known) for selector, known in expected.items()):
            break
        if time.monotonic() > end_s:
            break
        await asyncio.sleep(0.2)
    picture = await _call(connection, "Page.captureScreenshot")
    (directory / "page.png").write_bytes(base64.b64decode(picture["data"]))
    connection.close()
    return texts


async def _connect(directory: Path) -> WebSocketClientConnection:
    told = directory / "DevToolsActivePort"
    while not (told.exists() and told.read_text().count("\n")):
        await asyncio.sleep(0.1)
    port = told.read_text().split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=LIMIT_S) as answer:
        pages = [target for target in json.load(answer) if target["type"] == "page"]
    return await websocket_connect(pages[0]["webSocketDebuggerUrl"], max_message_size=1 << 26)


async def _find(connection: WebSocketClientConnection, selector: str) -> list[str]:
    expression = f"({FIND})({json.dumps(selector)})"
    answer = await _call(connection, "Runtime.evaluate", expression=expression, returnByValue=True)
    found: list[str] = answer["result"].get("value") or []
    return found


async def _call(connection: WebSocketClientConnection, method: str, **parameters: Any) -> Any:
    await connection.write_message(json.dumps({"id": 1, "method": method, "params": parameters}))
    while True:
        message = await connection.read_message()
        assert message is not None, "the browser has gone"
        answer = json.loads(message)
        if answer.get("id") == 1:
            assert "error" not in answer, answer
            return answer["result"]
