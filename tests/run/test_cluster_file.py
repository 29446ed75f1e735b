"""A cluster that a job makes of a file: what it is told, how it is refused, and that it is closed in the end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

import dmedia as package
from dmedia.errors import UsageError
from dmedia.run.clusters.cluster_file import load_maker, read_cluster_file
from dmedia.run.clusters.places import read_workers
from tests.command import ROOT, Dmedia, below, wait_until
from tests.media_making import encoded, photo
from tests.processes import workers_of
from tests.run.conftest import listens

FILES = 6
FILE = "version: 1\nmodule: tests.run.clusters\nclass: {}\nargs: []\nkwargs: {}\nmetadata: {{of: dask-ctl}}\n"


def make_photos(directory: Path, name: str = "{}.png") -> None:
    directory.mkdir()
    for number in range(FILES):
        (directory / name.format(number)).write_bytes(encoded(photo((120, 90), number), "PNG"))


def write(directory: Path, kind: str, kwargs: str = "{}") -> str:
    (directory / "cluster.yaml").write_text(FILE.format(kind, kwargs))
    return "cluster.yaml"


def test_a_job_makes_the_cluster_of_a_file_and_closes_it(dmedia: Dmedia, tmp_path: Path) -> None:
    make_photos(tmp_path / "in")
    file = write(tmp_path, "Talkative", "{n_workers: 1}")
    ended = dmedia("convert", "in", "-o", "out", "--format", "webp", "--cluster", file, "--workers", "2", "--json")
    assert ended.status == 0, ended.err
    document = ended.document  # one document, whatever the class says
    assert (document["completed"], document["warnings"]) == (FILES, [])
    assert "asking the queue" in ended.err
    assert "telling the queue" in ended.err
    assert len({file["worker"] for file in dmedia.files().values()}) == 2
    assert not listens(int(document["scheduler"].rpartition(":")[2]))


def test_a_detached_job_makes_its_cluster_and_leaves_no_process_behind(dmedia: Dmedia, tmp_path: Path) -> None:
    dmedia.slow_down(1)
    make_photos(tmp_path / "in", "slow{}.png")
    file = write(tmp_path, "Talkative")
    arguments = ("convert", "in", "-o", "out", "--format", "webp", "--cluster", file, "--workers", "1:2")
    assert dmedia(*arguments, "--detach").status == 0
    working = wait_until(lambda: (seen := dmedia("status", "last", "--json").document)["completed"] and seen)
    listening = int(working["scheduler"].rpartition(":")[2])
    assert listens(listening)
    ended = wait_until(lambda: (seen := dmedia("status", "last", "--json").document)["status"] == "completed" and seen)
    assert ended["completed"] == FILES
    wait_until(lambda: not listens(listening))


def test_a_program_names_a_cluster_file(dmedia: Dmedia, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_photos(tmp_path / "in")
    write(tmp_path, "Talkative")
    for name, value in dmedia.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    job = package.batch_process("in", "convert", "out", {"format": "webp"}, cluster="cluster.yaml", workers=1)
    ended = job.wait(120)
    assert (ended["status"], ended["completed"]) == ("completed", FILES)
    assert str(ended["scheduler"]).startswith("tcp://127.0.0.1:")


def test_ctrl_c_reaches_all_of_a_terminal_and_yet_files_end_and_the_cluster_is_closed(
    dmedia: Dmedia, tmp_path: Path
) -> None:
    dmedia.slow_down(2)
    make_photos(tmp_path / "in", "slow{}.png")
    file = write(tmp_path, "Talkative")
    arguments = ("convert", "in", "-o", "out", "--format", "webp", "--cluster", file, "--workers", "2")
    heeding = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from dmedia.cli import main"
    )
    launcher = subprocess.Popen(
        [sys.executable, "-c", f"{heeding}; sys.argv[1:] = {[*arguments, '-q']!r}; main()"],
        cwd=tmp_path,
        env=dmedia.environment,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    begun = tmp_path / "begun"
    wait_until(lambda: begun.exists() and len(begun.read_bytes().splitlines()) > 1)
    workers = workers_of(launcher.pid)
    assert len(workers) == 2
    os.killpg(launcher.pid, signal.SIGINT)
    _, said = launcher.communicate(timeout=60)
    assert launcher.returncode == 130, said
    assert b"Traceback" not in said
    assert psutil.wait_procs(workers, timeout=60)[1] == []
    stopped = dmedia("status", "last", "--json").document
    assert (stopped["status"], stopped["failed"], stopped["completed"] > 0) == ("interrupted", 0, True)
    resumed = dmedia("resume", "last", "--json")
    assert (resumed.status, resumed.document["completed"]) == (0, FILES)
    assert resumed.document["scheduler"].startswith("tcp://127.0.0.1:"), "it goes on on a cluster of the same file"
    assert {name: seen["attempts"] for name, seen in dmedia.files().items() if seen["attempts"] != 1} == {}


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("Refusing", ["--workers", "2"], r"has started no worker; its log ends with: RuntimeError: no partition"),
        ("Waiting", ["--workers", "2"], r"has started no worker; its log ends with: the queue is long"),
        ("Waiting", [], r"has no workers: its file asks for none\nhint: use --workers N"),
        ("Named", ["--workers", "3"], r"has the 2 workers that its file names, and can have no more"),
        ("Endless", ["--worker-wait", "2"], r"was not made within 2 s"),
    ],
    ids=["refused", "do not come", "asks for none", "cannot grow", "hangs"],
)
def test_a_cluster_that_cannot_be_made_is_told_of_with_what_its_log_says(
    dmedia: Dmedia, tmp_path: Path, kind: str, options: list[str], said: str
) -> None:
    make_photos(tmp_path / "in")
    file = write(tmp_path, kind)
    refused = dmedia(
        *("convert", "in", "-o", "out", "--format", "webp", "--cluster", file, "--worker-wait", "15", *options)
    )
    assert (refused.status, bool(re.search(said, refused.err))) == (7, True), refused.err
    assert "cluster.yaml" in refused.err
    assert list(tmp_path.glob(".worker.key.*")) == []
    assert below(tmp_path / "out") == []
    assert dmedia("status", "--json").document == []


def test_whoever_waits_for_a_cluster_is_told_and_may_cancel(dmedia: Dmedia, tmp_path: Path) -> None:
    make_photos(tmp_path / "in")
    file = write(tmp_path, "Waiting", "{n_workers: 1}")
    launcher = dmedia.start("convert", "in", "-o", "out", "--format", "webp", "--cluster", file)
    waiting = wait_until(lambda: [seen for seen in dmedia("status", "--json").document if seen["warnings"]])[0]
    assert waiting["warnings"] == ["waiting for the cluster of cluster.yaml and its first worker"]
    assert dmedia("cancel", "last").status == 0
    _, err = launcher.communicate(timeout=60)
    assert (launcher.returncode, err.count(b"waiting for the cluster of cluster.yaml")) == (9, 1), err
    ended = dmedia("status", "last", "--json").document
    assert (ended["status"], ended["cancelled"], ended["warnings"]) == ("cancelled", FILES, [])


def test_nobody_is_told_to_wait_when_the_wait_is_over(dmedia: Dmedia, tmp_path: Path) -> None:
    make_photos(tmp_path / "in")
    file = write(tmp_path, "Waiting", "{n_workers: 1}")
    launcher = dmedia.start("convert", "in", "-o", "out", "--format", "webp", "--cluster", file)
    wait_until(lambda: [seen for seen in dmedia("status", "--json").document if seen["warnings"]])
    launcher.send_signal(signal.SIGTERM)
    assert launcher.communicate(timeout=60)[0] is not None
    stopped = dmedia("status", "last", "--json").document
    assert (launcher.returncode, stopped["status"], stopped["warnings"]) == (143, "interrupted", [])


def test_what_a_class_says_of_its_arguments_is_told(dmedia: Dmedia, tmp_path: Path) -> None:
    make_photos(tmp_path / "in")
    file = write(tmp_path, "Waiting", "{nworkers: 2}")
    refused = dmedia("convert", "in", "-o", "out", "--format", "webp", "--cluster", file)
    assert (refused.status, "Waiting says TypeError" in refused.err, "'nworkers'" in refused.err) == (7, True, True)
    assert "args and kwargs in the file" in refused.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("module: [", "not valid YAML, line 1"),
        ("- module", "has no keys"),
        ("", "has no keys"),
        ("modul: dask.distributed\nclass: LocalCluster", "has no key 'module' (did you mean 'modul'?)"),
        ("module: dask.distributed", "has no key 'class'"),
        ("module: dask.distributed; x\nclass: LocalCluster", "module is 'dask.distributed; x'"),
        ("module: dask.distributed\nclass: 7", "class is 7: it is the name of a class"),
        ("module: dask.distributed\nclass: LocalCluster\nkwarg: {a: 2}", "no key 'kwarg' (did you mean 'kwargs'?"),
        ("module: dask.distributed\nclass: LocalCluster\nargs_: [2]", "no key 'args_' (did you mean 'args'?"),
        ("version: 2\nmodule: dask.distributed\nclass: LocalCluster", "version is 2: dmedia knows version 1"),
        ("module: dask.distributed\nclass: LocalCluster\nkwargs: [1]", "kwargs is [1]"),
        ("module: dask.distributed\nclass: LocalCluster\nkwargs: {asynchronous: true}", "kwargs.asynchronous"),
        ("module: dask.distributed\nclass: SlurmCluster", "no class 'SlurmCluster' (did you mean"),
        ("module: os\nclass: system\nargs: [touch called]", "module 'os' has 'system', which is no class of clusters"),
        ("module: builtins\nclass: dict", "module 'builtins' has 'dict', which is no class of clusters"),
        ("module: distributed.deploy\nclass: Cluster", "has 'Cluster', which is no class of clusters (did you mean"),
        ("module: no_such_package\nclass: X", "'no_such_package' is not installed (pip install 'no-such-package')"),
        ("module: dask.no_such_part\nclass: X", "there is no module 'dask.no_such_part'"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_the_key(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as refused:
        load_maker(read_cluster_file(path))
    told = f"{refused.value.message} ({refused.value.hint})"
    assert str(path) in told
    assert said in told


@pytest.mark.parametrize("text", ["0", "-1", "many", "3:1", "1:2:3", "1:", ":4", "0:0", "1000000", "2.5", ""])
def test_what_is_no_number_of_workers_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no number of workers"):
        read_workers(text)


def test_a_range_of_workers_begins_with_one_at_least() -> None:
    assert [(read_workers(text).at_first, read_workers(text).adaptive) for text in ("4", "0:8", "2:8", "3:3")] == [
        (4, False),
        (1, True),
        (2, True),
        (3, False),
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--cluster", "no_class.yaml", "--detach"), "no_class.yaml: module 'json' has no class 'LocalCluster'"),
        (("--cluster", "called.yaml"), "called.yaml: module 'os' has 'system', which is no class of clusters"),
        (("--cluster", "nowhere.yaml"), "nowhere.yaml cannot be read: No such file"),
        (("--cluster", "c.yaml", "--scheduler", "tcp://127.0.0.1:1"), "--scheduler and --cluster name two clusters"),
        (("--workers", "2"), "--workers is for --cluster: "),
        (("--cluster", "c.yaml", "--workers", "2:1", "-n"), "'2:1' is no number of workers"),
    ],
)
def test_options_that_contradict_each_other_are_refused_before_there_is_a_job(
    dmedia: Dmedia, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    make_photos(tmp_path / "in")
    (tmp_path / "c.yaml").write_text(FILE.format("Talkative", "{}"))
    (tmp_path / "no_class.yaml").write_text("module: json\nclass: LocalCluster\n")
    (tmp_path / "called.yaml").write_text("module: os\nclass: system\nargs: [touch called]\n")
    refused = dmedia("convert", "in", "-o", "out", "--format", "webp", *options)
    assert (refused.status, said in refused.err, "Traceback" in refused.err) == (2, True, False), refused.err
    assert not (tmp_path / "called").exists()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("recipe", ["ssh.yaml", "slurm.yaml", "kubernetes/kubecluster.yaml"])
def test_what_a_recipe_names_makes_clusters(recipe: str) -> None:
    maker = load_maker(read_cluster_file(ROOT / "cluster" / recipe))
    assert maker.__name__.endswith("Cluster")
