"""dmedia doctor, from outside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from dmedia.formats import RENDITION_EXTENSION
from dmedia.media import specimens, trials
from dmedia.media.decoders import DECODERS
from dmedia.run import slot
from dmedia.run.diagnosis import diagnose
from tests.command import ROOT, Dmedia
from tests.media_making import encoded
from tests.sandboxes import kernel_abi


def test_doctor_asks_a_slot_whether_its_sandbox_is_active(dmedia: Dmedia, tmp_path: Path) -> None:
    ran = dmedia("doctor", "--json")
    assert ran.status == 0, ran.err
    found = ran.document
    assert found["sandbox"]["abi"] == kernel_abi()
    assert found["sandbox"]["active"] == (kernel_abi() > 0)
    assert bool(found["sandbox"]["reason"]) != found["sandbox"]["active"]
    assert all(found["versions"][name] for name in ("dmedia", "python", "dask", "libvips", "ffmpeg", "av", "pillow"))
    assert found["records"]["path"] == str(tmp_path / "home")
    assert found["records"]["free_bytes"] > 0
    assert found["records"]["writable"]
    assert found["slots"]["default"] >= 1
    assert found["slots"]["slot_memory_bytes"] == 2**30
    assert Path(found["font"]).name == "DejaVuSans.ttf"
    assert found["slot_error"] is None
    assert set(found["extras"]) == {"heif", "raw", "optimize", "s3", "gcs", "azure", "sftp", "http"}
    assert found["extras"]["s3"]
    assert not (tmp_path / "home").exists()


def test_doctor_decodes_and_encodes_a_specimen_of_each_format(dmedia: Dmedia, tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif")
    pytest.importorskip("rawpy")
    found = dmedia("doctor", "--json").document
    assert {name for name, tried in found["formats"].items() if tried["writes"]} == set(RENDITION_EXTENSION)
    assert {name for name, tried in found["formats"].items() if tried["reads"]} == set(DECODERS) - {"avif sequence"} | {
        "svg",
        "film",
    }
    assert not any(tried["problem"] for tried in found["formats"].values())
    assert found["scratch"]["free_bytes"] > 0
    assert found["missing"] == []

    harm = "import sys\n'-c' in sys.orig_argv and sys.modules.update(pillow_heif=None, rawpy=None)\n"
    (tmp_path / "sitecustomize.py").write_text(harm)
    dmedia.environment["PYTHONPATH"] += f":{tmp_path}"
    formats = dmedia("doctor", "--json").document["formats"]
    assert not formats["heif"]["reads"]
    assert "pip install 'dmedia[heif]'" in formats["heif"]["problem"]
    assert formats["jpg"]["reads"]
    told = dmedia("doctor").out
    assert "not raw        read: Unsupported format: camera RAW needs rawpy" in told
    assert "writes         jpg png webp avif tiff gif\n" in told


def test_a_decoder_that_ends_its_slot_is_told_of_and_all_else_too(dmedia: Dmedia, tmp_path: Path) -> None:
    harm = (
        "import os, sys, types\nclass Bad(types.ModuleType):\n    def __getattr__(self, name):\n        os._exit(9)\n"
    )
    (tmp_path / "sitecustomize.py").write_text(
        f"{harm}'-c' in sys.orig_argv and sys.modules.update(rawpy=Bad('rawpy'))\n"
    )
    dmedia.environment["PYTHONPATH"] += f":{tmp_path}"
    found = dmedia("doctor", "--json").document
    assert (found["formats"], found["formats_error"]) == ({}, "its process ended with status 9")
    assert (found["slot_error"], found["versions"]["libvips"][:1]) == (None, "8")
    assert "formats        NOT TRIED: its process ended with status 9\n" in dmedia("doctor").out


def test_a_decoder_that_gives_wrong_pixels_does_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(specimens.SPECIMENS, "bmp", lambda: encoded(Image.new("RGB", (64, 64), "black"), "BMP"))
    monkeypatch.setitem(
        specimens.SPECIMENS, "tga", lambda: encoded(Image.new("RGB", (32, 64), specimens.COLOUR), "TGA")
    )
    reads, writes = trials.try_formats(str(tmp_path))
    assert reads["bmp"] == "Wrong pixels: it comes out in another colour"
    assert reads["tga"] == "Wrong pixels: it comes out as 32x64 instead of 64x64"
    assert (reads["png"], writes["png"]) == ("", "")
    assert list(tmp_path.iterdir()) == []
    reads, writes = trials.try_formats(str(tmp_path / "missing"))
    assert all("No such file" in said for said in writes.values())
    assert reads["png"] == "not tried: it is not written here"


def test_doctor_tells_people_the_same(dmedia: Dmedia) -> None:
    ran = dmedia("doctor")
    assert ran.status == 0, ran.err
    told = dict(line.split(maxsplit=1) for line in ran.out.splitlines())
    assert told["sandbox"].startswith("active (Landlock ABI " if kernel_abi() else "NOT ACTIVE: ")
    assert {"dmedia", "python", "libvips", "slots", "records", "font"} <= set(told)


def test_only_the_slot_loads_codecs(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom dmedia.run.diagnosis import diagnose\nassert diagnose().slot.versions['libvips']\n"
        "print(sorted({'av', 'pyvips', 'PIL', 'numpy', 'dask', 'distributed'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_doctor_says_of_a_slot_that_is_silent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys, time\n'-c' in sys.orig_argv and time.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(slot, "REPORT_LIMIT_S", 0.5)
    assert diagnose().slot == "it has not answered for 0.5 s"


def test_doctor_says_when_there_is_no_sandbox(dmedia: Dmedia, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import platform\nplatform.machine = lambda: 'unknown'\n")
    dmedia.environment["PYTHONPATH"] += f":{tmp_path}"
    sandbox = dmedia("doctor", "--json").document["sandbox"]
    assert (sandbox["active"], sandbox["abi"], sandbox["refuses"]) == (False, 0, [])
    assert "unknown" in sandbox["reason"]
    assert "NOT ACTIVE" in dmedia("doctor").out


@pytest.mark.parametrize("harm", ["sys.modules['pyvips'] = None", "'-c' in sys.orig_argv and os._exit(3)"])
def test_doctor_names_what_keeps_slots_from_starting(dmedia: Dmedia, tmp_path: Path, harm: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(f"import os, sys\n{harm}\n")
    dmedia.environment["PYTHONPATH"] += f":{tmp_path}"
    ran = dmedia("doctor", "--json")
    assert ran.status == 0
    assert ran.document["slot_error"]
    assert not ran.document["sandbox"]["active"]
    assert "DOES NOT START" in dmedia("doctor").out
