"""An operation of another package, from outside: the README's example, and what goes wrong with others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.command import ROOT, Dmedia, Ran, below, wait_until
from tests.media_making import encoded, jpeg
from tests.operations.packages import HEAD, bring, install, install_readme_example
from tests.run.conftest import ClusterMaker
from tests.sandboxes import needs_landlock

GREY = (100, 100, 100)
BROWN = (135, 120, 94)
"""What the README's matrix makes of that grey: 100 times the sum of each row."""


@pytest.fixture
def site(dmedia: Dmedia, tmp_path: Path) -> Path:
    """Where packages are installed for the command line; one picture to work on lies in ``in``."""
    directory = tmp_path / "site"
    directory.mkdir()
    dmedia.environment["PYTHONPATH"] += f"{os.pathsep}{directory}"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_bytes(encoded(Image.new("RGB", (64, 48), GREY), "PNG"))
    return directory


def colour(path: Path) -> object:
    with Image.open(path) as image:
        return image.convert("RGB").getpixel((5, 5))


def said(ran: Ran) -> str:
    """Put what was told on one line: help texts are broken anywhere."""
    return " ".join((ran.out + ran.err).split())


def test_the_readmes_example_is_a_command(dmedia: Dmedia, site: Path, tmp_path: Path) -> None:
    install_readme_example(site)
    assert "Operations of other packages: sepia Make pictures look old. Presets:" in said(dmedia("--help"))
    told = said(dmedia("sepia", "--help"))
    assert "--strength 0-1 0 leaves the colours, 1 is all brown [default: 1.0]" in told
    assert "dmedia sepia photos -r -o old --strength 0.8 --width 1200" in told

    ran = dmedia("sepia", "in", "-o", "out", "--strength", "1", "--width", "32", "--format", "png", "--json")
    assert (ran.status, ran.document["operation"]) == (0, "sepia"), ran.err
    assert ran.document["parameters"] == {"width": 32, "format": "png"}
    assert colour(tmp_path / "out" / "a.png") == pytest.approx(BROWN, abs=2)
    assert dmedia("sepia", "in", "-o", "none", "--strength", "0").status == 0
    assert colour(tmp_path / "none" / "a.png") == GREY
    assert dmedia("sepia", "in", "-o", "none", "--strength", "2").status == 2
    assert "did you mean 'sepia'" in dmedia("sepai", "in").err


def test_the_readmes_example_is_an_operation_of_presets(dmedia: Dmedia, site: Path, tmp_path: Path) -> None:
    install_readme_example(site)
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "old.toml").write_text('operation = "sepia"\n[parameters]\nstrength = 1\nformat = "webp"\n')
    assert "valid, sepia with 1 parameters" in dmedia("presets", "check", "presets/old.toml").out
    assert dmedia("apply", "old", "in", "-o", "out").status == 0
    assert colour(tmp_path / "out" / "a.webp") == pytest.approx(BROWN, abs=4)


def test_the_readmes_example_works_on_the_workers_of_a_cluster(
    dmedia: Dmedia, site: Path, tmp_path: Path, make_cluster: ClusterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_readme_example(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    cluster = make_cluster()
    ran = dmedia("sepia", "in", "-o", "out", "--scheduler", cluster.address, "--json")
    assert (ran.status, ran.document["completed"]) == (0, 1), ran.err
    assert colour(tmp_path / "out" / "a.png") == pytest.approx(BROWN, abs=2)


def test_workers_without_the_package_are_told_of_and_no_job_is_begun(
    dmedia: Dmedia, site: Path, tmp_path: Path, make_cluster: ClusterMaker
) -> None:
    install_readme_example(site)
    cluster = make_cluster()
    ran = dmedia("sepia", "in", "-o", "out", "--scheduler", cluster.address)
    assert ran.status == 5, ran.out + ran.err
    assert (
        "1 of 1 workers cannot do 'sepia', which dmedia-sepia 1.0 brings: ModuleNotFoundError: No module named"
        in ran.err
    )
    assert "install dmedia-sepia 1.0 in every worker's environment" in ran.err
    assert dmedia("status", "--json").document == []
    assert cluster.worker_processes()[0].is_running()
    assert dmedia("sepia", "in", "-o", "out").status == 0
    assert below(tmp_path / "out") == ["a.png"]


def test_a_worker_without_the_package_that_comes_later_stays_and_says_what_it_lacks(
    dmedia: Dmedia, site: Path, tmp_path: Path, make_cluster: ClusterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_readme_example(site)
    for number in range(40):
        (tmp_path / "in" / f"{number}.jpg").write_bytes(jpeg())
    (site / "dmedia_sepia.py").write_text(
        (site / "dmedia_sepia.py").read_text().replace("share =", "__import__('time').sleep(0.3)\n    share =")
    )
    monkeypatch.setenv("PYTHONPATH", str(site))
    cluster = make_cluster(threads=1)
    launcher = dmedia.start("sepia", "in", "-o", "out", "--scheduler", cluster.address, "--json")
    wait_until(lambda: len(below(tmp_path / "out")) > 2)
    log = tmp_path / "later.log"
    with log.open("wb") as file:
        later = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", cluster.address, "--no-dashboard", "--no-nanny"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            stderr=file,
        )
    try:
        wait_until(lambda: b"cannot do 'sepia', which dmedia-sepia 1.0 brings" in log.read_bytes())
        out, err = launcher.communicate(timeout=120)
        assert later.poll() is None
    finally:
        later.kill()
        later.wait()
    assert launcher.returncode == 0, out + err
    assert len([name for name in below(tmp_path / "out") if not name.startswith(".")]) == 41


def test_a_function_that_no_slot_can_load_ends_the_job_with_its_name(
    dmedia: Dmedia, site: Path, tmp_path: Path
) -> None:
    bring(site, "lost", "")
    ran = dmedia("lost", "in", "-o", "out", "--worker-wait", "3")
    assert ran.status == 7, ran.out + ran.err
    assert "The operation 'lost' of dmedia-lost 1.0 cannot be used: AttributeError" in ran.err
    (site / "dmedia_lost.py").write_text(
        (site / "dmedia_lost.py").read_text() + "\ndef work(image, parameters): return image\n"
    )
    assert dmedia("resume", "last").status == 0


def test_a_package_that_only_a_slot_cannot_load_is_told_of(dmedia: Dmedia, site: Path, tmp_path: Path) -> None:
    bring(site, "shy", "import sys\nif '-c' in sys.orig_argv: raise RuntimeError('not in a slot')")
    ran = dmedia("shy", "in", "-o", "out", "--worker-wait", "3")
    assert (ran.status, "the job cannot be read in a slot: RuntimeError: not in a slot" in ran.err) == (7, True), (
        ran.err
    )


def test_a_new_version_of_a_package_does_its_files_anew(dmedia: Dmedia, site: Path) -> None:
    bring(site, "same", "def work(image, parameters): return image")
    assert dmedia("same", "in", "-o", "out", "--json").document["completed"] == 1
    assert dmedia("same", "in", "-o", "out", "--json").document["skipped"] == 1
    metadata = site / "dmedia_same-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.1"))
    assert dmedia("same", "in", "-o", "out", "--json").document["completed"] == 1


def test_an_operation_without_a_size_works_on_films_too(dmedia: Dmedia, site: Path, tmp_path: Path) -> None:
    install(site, "dmedia-still", "1.0", {"still": "dmedia_still:OPERATION"})
    (site / "dmedia_still.py").write_text(
        f"{HEAD}\ndef work(image, parameters): return image.fliphor()\n"
        "OPERATION = Operation('still', 'A.', Encoding, IMAGE_AND_FILM, '', 'dmedia_still:work')\n"
    )
    assert dmedia("demo", "media").status == 0
    ran = dmedia("still", "media", "-r", "-o", "out", "--json", "--format", "jpg")
    assert (ran.status, ran.document["failed"]) == (0, 0), ran.err
    assert any(file["decoder"] == "pyav" for file in dmedia.files().values())


def test_a_job_whose_package_is_gone_is_shown_and_names_the_package_when_it_is_resumed(
    dmedia: Dmedia, site: Path, tmp_path: Path
) -> None:
    bring(site, "blur", "def work(image, parameters): raise ValueError('not today')")
    assert dmedia("blur", "in", "-o", "out").status == 3
    with_package = dmedia.environment["PYTHONPATH"]
    dmedia.environment["PYTHONPATH"] = with_package.removesuffix(str(site))
    shown = dmedia("status", "last", "--files", "--json").document
    assert (shown["operation"], shown["status"]) == ("blur", "failed")
    assert shown["files"][0]["error"] == "Operation failed: blur raised ValueError: not today"
    for command in (["resume", "last"], ["retry", "last"]):
        ran = dmedia(*command)
        assert ran.status == 2, ran.out + ran.err
        assert "cannot go on: it needs 'blur' of dmedia-blur 1.0, which is not installed here" in ran.err
        assert "pip install dmedia-blur==1.0" in ran.err

    dmedia.environment["PYTHONPATH"] = with_package
    module = (site / "dmedia_blur.py").read_text()
    needs_more = "@dataclass(frozen=True, kw_only=True)\nclass Parameters(Box):\n    new: Annotated[int, Help('')]\n"
    (site / "dmedia_blur.py").write_text(module.replace("OPERATION =", f"{needs_more}\nOPERATION ="))
    ran = dmedia("retry", "last")
    assert (ran.status, "dmedia-blur 1.0 does not take its parameters" in ran.err) == (2, True), ran.err
    (site / "dmedia_blur.py").write_text(module.replace("raise ValueError('not today')", "return image"))
    assert dmedia("retry", "last").status == 0


def test_a_broken_package_is_named_by_doctor_and_by_its_command_and_hides_nothing(dmedia: Dmedia, site: Path) -> None:
    install_readme_example(site)
    install(site, "dmedia-tint", "2.1", {"tint": "dmedia_tint:OPERATION"})
    (site / "dmedia_tint.py").write_text("print('loud'); import something_that_is_not_there")
    reason = "The operation 'tint' of dmedia-tint 2.1 cannot be used: ModuleNotFoundError: No module named"
    found = dmedia("doctor", "--json").document
    assert found["operations"] == {"sepia": "dmedia-sepia 1.0"}
    assert found["broken_operations"]["tint"].startswith(reason)
    told = dmedia("doctor").out
    assert f"BROKEN: {reason}" in told
    assert "sepia, of dmedia-sepia 1.0" in told
    ran = dmedia("tint", "in", "-o", "out")
    assert (ran.status, ran.out) == (2, "")
    assert reason in ran.err
    assert "sepia Make pictures look old. tint Cannot be used: dmedia doctor says why." in said(dmedia("--help"))
    assert dmedia("sepia", "in", "-o", "out").status == 0


def test_a_parameter_called_like_an_option_of_every_command_is_refused_by_name(dmedia: Dmedia, site: Path) -> None:
    fields = "@dataclass(frozen=True, kw_only=True)\nclass Own(Box):\n    name: Annotated[str, Help('')] = ''\n"
    bring(site, "clash", fields + "def work(image, parameters): return image", parameters="Own")
    ran = dmedia("clash", "in", "-o", "out")
    assert ran.status == 2
    assert "its parameter 'name' is an option of every command" in ran.err


def test_an_operation_called_like_a_command_leaves_the_command(dmedia: Dmedia, site: Path) -> None:
    bring(site, "status", "def work(image, parameters): return image")
    assert dmedia("status", "--json").document == []
    assert said(dmedia("--help")).count(" status ") == 1


@needs_landlock
def test_a_function_reads_what_its_package_brings_and_nothing_else(dmedia: Dmedia, site: Path, tmp_path: Path) -> None:
    install(site, "dmedia-shelf", "1.0", {"shelf": "dmedia_shelf:OPERATION"})
    package = site / "dmedia_shelf"
    package.mkdir()
    (package / "__init__.py").write_text(
        f"{HEAD}\nOPERATION = Operation('shelf', 'A.', Box, IMAGE, '', 'dmedia_shelf.work:work')\n"
    )
    (package / "table.txt").write_text("40")
    (tmp_path / "secret.txt").write_text("secret")
    (package / "work.py").write_text(
        "from pathlib import Path\ndef work(image, parameters):\n"
        "    from dmedia_shelf.late import PLACE\n"
        f"    try: Path({str(tmp_path / 'secret.txt')!r}).read_text()\n"
        "    except PermissionError: return image * 0 + int((PLACE / 'table.txt').read_text())\n"
    )
    (tmp_path / "checkout.py").write_text("from pathlib import Path\nPLACE = Path(__file__).parent\n")
    (package / "late.py").symlink_to(tmp_path / "checkout.py")  # as some editable installs do
    ran = dmedia("shelf", "in", "-o", "out", "--json")
    assert (ran.status, ran.document["warnings"]) == (0, []), ran.err
    assert dmedia.files()["a.png"]["warnings"] == []
    assert colour(tmp_path / "out" / "a.png") == (40, 40, 40)
