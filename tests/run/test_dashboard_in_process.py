"""The dashboard of a cluster in the launcher's own process, and what becomes of it when nobody looks any longer."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from dmedia.report.dashboard_link import NO_PAGE
from tests.command import LIMIT_S, ROOT, Dmedia, wait_until
from tests.media_making import encoded, photo
from tests.run.browser import read_page
from tests.run.conftest import free_port, listens

LAZY = """
import gc, json, sys, time, urllib.request
import dask
from dmedia.run.clusters.cluster import connect
from dmedia.run.dashboard.plugin import DashboardPlugin
from dmedia.run.clusters.places import ClusterChoice, OwnCluster

def get(path):
    with urllib.request.urlopen(base + path, timeout=60) as answer:
        return answer.read().decode()

settings = {
    "distributed.scheduler.dashboard.bokeh-application.check_unused_sessions_milliseconds": 50,
    "distributed.scheduler.dashboard.bokeh-application.unused_session_lifetime_milliseconds": 50,
}
with dask.config.set(settings), connect(ClusterChoice(OwnCluster(slots=1))) as cluster:
    base = cluster.dashboard.removesuffix("/status")
    for _ in range(2):
        cluster.client.register_plugin(DashboardPlugin())
    plugin = cluster.client.cluster.scheduler.plugins["dmedia-dashboard"]
    cluster.client.log_event("dmedia-jobs", None)
    assert json.loads(get("/dmedia.json"))["jobs"] == []
    assert "dmedia_bytes_read_total 0.0" in get("/metrics")
    assert len(cluster.client.get_events("dmedia-jobs")) == 0, "the scheduler keeps no message"
    print("bokeh" in sys.modules)

    page = get("/dmedia")
    print("bokeh" in sys.modules, 'href="dmedia"' in page, 'href="dmedia"' in get("/status"))

    from bokeh.client import pull_session
    from dmedia.run.dashboard.page import Page

    def pages():
        gc.collect()
        return sum(isinstance(one, Page) for one in gc.get_objects())

    sessions = [pull_session(url=base + "/dmedia") for _ in range(3)]
    at_most = pages()
    texts = [model.text for model in sessions[0].document.roots if model.name == "jobs"]
    for session in sessions:
        session.close()
    end_s = time.monotonic() + 60
    while pages() and time.monotonic() < end_s:
        time.sleep(0.1)
    print(at_most >= 3, pages(), "No job has been told of yet" in texts[0])
"""


def test_pages_are_loaded_when_somebody_looks_and_let_go_when_he_leaves(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LAZY], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    assert (ran.stdout.splitlines(), ran.returncode) == (["False", "True True True", "True 0 True"], 0), ran.stderr


def test_a_job_on_this_machine_shows_itself(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    picture = encoded(photo((160, 120)), "PNG")
    for name in ("good.png", "slow.png"):
        (tmp_path / "in" / name).write_bytes(picture)
    (tmp_path / "in" / "bad.png").write_bytes(picture[:1000])
    dmedia.slow_down(300)
    launcher = dmedia.start("convert", "in", "-r", "-o", "out", "--format", "webp", "-j", "2")
    url = wait_until(lambda: dmedia("status", "last", "--json").document.get("dashboard")).removesuffix("/status")

    def at_work() -> bool:
        with urllib.request.urlopen(f"{url}/dmedia.json", timeout=60) as answer:
            jobs = json.load(answer)["jobs"]
        return bool(jobs) and [jobs[0][key] for key in ("completed", "failed", "processing")] == [1, 1, 1]

    wait_until(at_work)
    assert f"dashboard: {url}/dmedia" in dmedia("status", "last").out
    expected = {f".job .counts .{status} b": ["1"] for status in ("completed", "failed", "processing")}
    expected[".failures .code"] = ["corrupt_input"]
    assert read_page(f"{url}/dmedia", expected, tmp_path / "browser") == expected
    assert dmedia("cancel", "last").status == 0
    launcher.communicate(timeout=60)


FILLED_LATE = """
<i></i><b></b>
<script>
  setTimeout(() => { document.querySelector('i').innerText = 'other'; }, 300);
  setTimeout(() => { document.querySelector('b').innerText = '1'; }, 900);
</script>
"""


def test_a_page_is_read_when_it_shows_what_is_expected_and_not_when_its_elements_are_there(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(FILLED_LATE)
    texts = read_page((tmp_path / "page.html").as_uri(), {"b": ["1"]}, tmp_path / "browser", ["i"])
    assert texts == {"b": ["1"], "i": ["other"]}


HIDING = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name == {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Nothing())
from distributed.cli.dask_scheduler import main

sys.argv[1:] = ["--host", "127.0.0.1", "--port", "{port}", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
main()
"""


@pytest.mark.parametrize(("hidden", "status"), [("dmedia.run.dashboard", 0), ("dmedia", 7)])
def test_a_scheduler_that_cannot_have_the_page_does_the_work_and_one_that_has_no_dmedia_says_so(
    dmedia: Dmedia, tmp_path: Path, hidden: str, status: int
) -> None:
    port = free_port()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.png").write_bytes(encoded(photo((160, 120)), "PNG"))
    commands = (
        ["-c", HIDING.format(hidden=hidden, port=port)],
        ["-m", "distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", "--no-nanny", "--no-dashboard"],
    )
    started = []
    try:
        for command in commands:
            started.append(subprocess.Popen([sys.executable, *command], cwd=ROOT, stderr=subprocess.DEVNULL))
            wait_until(lambda: listens(port))
        ran = dmedia("resize", "in", "-r", "-o", "out", "--width", "50", "--scheduler", f"tcp://127.0.0.1:{port}")
        assert ran.status == status, ran.err
        if status:
            said = f"The scheduler at tcp://127.0.0.1:{port} has no dmedia: it cannot pass on its work"
            assert f"dmedia: {said}" in ran.err, ran.err
            assert "hint: install the same version of dmedia in its environment as in the workers'" in ran.err
            assert "workers cannot run" not in ran.err
            assert not (tmp_path / "out" / "good.png").exists()
        else:
            warnings = dmedia("status", "last", "--json").document["warnings"]
            assert any(warning.startswith(NO_PAGE) for warning in warnings)
    finally:
        for process in reversed(started):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
            process.kill()
            process.wait()
