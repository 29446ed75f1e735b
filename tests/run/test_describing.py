"""A file is described in a slot: what it does to its slot is its own failure, and what a slot says is only data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dmedia.errors import MediaError
from dmedia.model import Failure, MediaInfo
from dmedia.model.info import LONGEST_VALUE
from dmedia.run import asking, single
from dmedia.run.answers import Answer, Deadline, Description
from dmedia.run.fields import BreachError
from dmedia.run.messages import LONGEST_MESSAGE_BYTES, read, write
from dmedia.run.questions import Inquiry
from dmedia.run.single import describe_file, describing
from tests.command import ROOT
from tests.media_making import jpeg
from tests.processes import slots_of
from tests.run.test_messages import DONE, TASK
from tests.run.test_taken_over_slot import HEIC, TAKEN_OVER, framed

INQUIRY = Inquiry(b"/in/\xff.jpg")
PICTURE = MediaInfo(
    "image", "jpg", 64, 48, 1234, frames=1, animated=False, has_alpha=False, bits=8, colour="rgb", icc_profile="sRGB",
    orientation=6, dpi=(300.0, 72.5), taken_at="2024-05-06T07:08:09+02:00", camera="Müller", lens="50 mm", artist="Ana",
    copyright="©", has_gps=True, decoder="libvips", warnings=("named .png",),
)  # fmt: skip
FILM = MediaInfo(
    "film", "webm", 640, 360, 1234, duration_s=2.5, frame_rate=29.97, video_codec="vp9", audio_codec="opus",
    audio_channels=2, rotation=90, video_streams=1, audio_streams=1, decoder="pyav",
)  # fmt: skip
FAILURE = Failure("corrupt_input", "Corrupt input: ...", "open", "fetch it again")


@pytest.mark.parametrize(
    "said",
    [
        Description(PICTURE, None, is_last=False),
        Description(FILM, None, is_last=True, exposure="why"),
        Description(None, FAILURE, is_last=False),
    ],
)
def test_a_description_arrives_as_it_was(said: Description) -> None:
    assert read(write(said), INQUIRY) == said


def changed(name: str, to: object) -> bytes:
    document = json.loads(write(Description(PICTURE, None, is_last=False)))
    document["info"][name] = to
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("name", "to"),
    [
        ("kind", "sound"), ("kind", None), ("format", "exe"), ("format", ["jpg"]), ("width", 0), ("width", 2**31),
        ("height", 1.5), ("height", True), ("size_bytes", -1), ("frames", 0), ("frames", "1"), ("animated", 1),
        ("has_alpha", "yes"), ("bits", 65), ("colour", "mauve"), ("orientation", 9), ("dpi", [1.0]), ("dpi", 300),
        ("dpi", [float("nan"), 1.0]), ("dpi", [0, 0]), ("dpi", ["1", "1"]), ("taken_at", "yesterday"),
        ("taken_at", "2024-05-06T07:08:09 rm -rf"), ("camera", "x" * (LONGEST_VALUE + 1)), ("lens", "\x1b[2J"),
        ("artist", "a\nb"), ("copyright", "\u202egpj.exe"), ("icc_profile", {}), ("has_gps", None),
        ("duration_s", float("inf")), ("duration_s", -1), ("frame_rate", 0), ("frame_rate", 1e7), ("rotation", 45),
        ("video_codec", "h264\0"), ("audio_codec", 7), ("audio_channels", -1), ("video_streams", 2**40),
        ("decoder", "\r"), ("warnings", "none"), ("warnings", ["\x1b"]), ("warnings", ["x"] * 1000), ("warnings", [1]),
    ],
)  # fmt: skip
def test_a_field_that_no_slot_says_is_a_breach(name: str, to: object) -> None:
    with pytest.raises(BreachError):
        read(changed(name, to), INQUIRY)


def test_a_description_that_lacks_a_field_is_a_breach() -> None:
    document = json.loads(write(Description(PICTURE, None, is_last=False)))
    for name in document["info"]:
        with pytest.raises(BreachError):
            read(json.dumps({**document, "info": {**document["info"], name: object} | {name: [[]]}}).encode(), INQUIRY)
        without = {key: value for key, value in document["info"].items() if key != name}
        with pytest.raises(BreachError):
            read(json.dumps({**document, "info": without}).encode(), INQUIRY)


def test_a_description_is_no_answer_to_anything_else_and_nothing_else_is_a_description() -> None:
    said = Description(PICTURE, None, is_last=False)
    for message, asked in (
        (said, TASK),
        (said, None),
        (Answer(DONE, is_last=False), INQUIRY),
        (Description(None, None, is_last=False), INQUIRY),
        (Description(PICTURE, FAILURE, is_last=False), INQUIRY),
    ):
        with pytest.raises(BreachError):
            read(write(message), asked)


def test_a_description_is_never_longer_than_a_message_may_be() -> None:
    long = "\U0001f600" * 100_000
    message = write(Description(replace(PICTURE, camera=long, lens=long, warnings=(long,) * 99), None, is_last=False))
    assert len(message) < LONGEST_MESSAGE_BYTES


def test_a_file_is_described_in_a_slot_that_is_gone_afterwards(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(6))
    info = describe_file(os.fsencode(tmp_path / "a.jpg"))
    assert (info.width, info.height, info.orientation) == (64, 48, 6)
    assert not slots_of()


def test_who_asks_loads_no_codec(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    script = (
        "import sys\nfrom dmedia.run.single import describe_file\n"
        f"assert describe_file({os.fsencode(tmp_path / 'a.jpg')!r}).width == 64\n"
        "print(sorted({'av', 'pyvips', 'PIL', 'numpy', 'dask', 'distributed'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_one_slot_describes_many_files_and_outlives_bad_ones(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "bad.jpg").write_bytes(jpeg()[:30])
    good, bad = os.fsencode(tmp_path / "a.jpg"), os.fsencode(tmp_path / "bad.jpg")
    with describing() as slot:
        assert slot.describe(good).width == 64
        (process,) = slots_of()
        for path, code in ((bad, "corrupt_input"), (b"/nowhere/a.jpg", "not_found"), (b"/dev/null", None)):
            with pytest.raises(MediaError) as raised:
                slot.describe(path)
            assert raised.value.code == (code or "unsupported_format")
        assert slot.describe(good).width == 64
        assert slots_of() == [process]


def test_a_hint_speaks_of_no_job(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as raised:
        describe_file(os.fsencode(tmp_path / "gone.jpg"))
    assert (raised.value.message, raised.value.hint) == ("Not found: No such file or directory", None)


def test_what_lies_outside_of_the_roots_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "inside" / "link.jpg").symlink_to(tmp_path / "a.jpg")
    (tmp_path / "inside" / "b.jpg").write_bytes(jpeg())
    roots = (os.fsencode(os.path.realpath(tmp_path / "inside")),)
    assert describe_file(os.fsencode(tmp_path / "inside" / "b.jpg"), roots).width == 64
    for name in ("a.jpg", "inside/link.jpg", "inside/../a.jpg"):
        with pytest.raises(MediaError) as raised:
            describe_file(os.fsencode(tmp_path / name), roots)
        assert raised.value.code == "permission_denied"


Breaking = Callable[[str], None]


@pytest.fixture
def heic(tmp_path: Path) -> bytes:
    (tmp_path / "in.heic").write_bytes(HEIC)
    return os.fsencode(tmp_path / "in.heic")


@pytest.fixture
def break_heif(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Breaking:
    """Put a decoder of HEIC in the way of the real one."""

    def put(code: str) -> None:
        package = tmp_path / "packages" / "pillow_heif"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(code)
        monkeypatch.syspath_prepend(str(package.parent))

    return put


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        ("ctypes.string_at(0)", "decoder_crash"),
        ("ctypes.PyDLL(None).pause()", "timeout"),
        ("time.sleep(300)", "timeout"),
        ("keep = bytearray(3 << 29), time.sleep(300)", "out_of_memory"),
        ("os.kill(os.getpid(), 9)", "out_of_memory"),
        ("os._exit(3)", "decoder_crash"),
    ],
)
def test_a_header_that_brings_its_slot_down_is_that_files_failure(
    break_heif: Breaking, heic: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: str, code: str
) -> None:
    break_heif(f"import ctypes, os, time\n\ndef open_heif(file, **options):\n    {harm}\n")
    if code == "timeout":
        monkeypatch.setattr(single, "DESCRIPTION_LIMIT_S", 1.0)
    (tmp_path / "a.jpg").write_bytes(jpeg())
    with describing() as slot:
        with pytest.raises(MediaError) as raised:
            slot.describe(heic)
        assert raised.value.code == code
        assert "--" not in (raised.value.hint or "")
        assert slot.describe(os.fsencode(tmp_path / "a.jpg")).width == 64


def says(monkeypatch: pytest.MonkeyPatch, *messages: bytes) -> None:
    monkeypatch.setenv("DMEDIA_SLOT_SAYS", b"".join(map(framed, messages)).hex())


def lie(**fields: Any) -> bytes:
    return write(Description(replace(PICTURE, **fields), None, is_last=False))


@pytest.mark.parametrize(
    "messages",
    [
        (b"no JSON",),
        (write(Answer(DONE, is_last=False)),),
        (lie(camera="\x1b]0;owned\x07"),),
        (lie(width=0),),
        (write(Description(None, None, is_last=False)),),
        (write(Deadline(9.0)),) * 200,
    ],
    ids=["no JSON", "an answer to a task", "an escape sequence", "no width", "nothing", "deadlines without end"],
)
def test_a_taken_over_slot_says_nothing_that_counts(
    break_heif: Breaking, heic: bytes, monkeypatch: pytest.MonkeyPatch, messages: tuple[bytes, ...]
) -> None:
    break_heif(TAKEN_OVER)
    says(monkeypatch, *messages)
    with pytest.raises(MediaError) as raised:
        describe_file(heic)
    assert (raised.value.code, raised.value.message.split(":")[0]) == ("decoder_crash", "Decoder crash")


def test_a_taken_over_slot_has_no_word_about_the_size_of_a_file_and_none_about_the_next(
    break_heif: Breaking, heic: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_heif(TAKEN_OVER)
    says(monkeypatch, lie(size_bytes=10**15), lie(camera="left behind"))
    (tmp_path / "a.jpg").write_bytes(jpeg())
    with describing() as slot:
        assert slot.describe(heic).size_bytes == len(HEIC)
        info = slot.describe(os.fsencode(tmp_path / "a.jpg"))
    assert (info.width, info.camera, info.size_bytes) == (64, None, len(jpeg()))


def test_a_slot_that_switches_its_deadline_off_is_ended_all_the_same(
    break_heif: Breaking, heic: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_heif(TAKEN_OVER)
    says(monkeypatch, write(Deadline(1e15)))
    monkeypatch.setattr(single, "DESCRIPTION_LIMIT_S", 10.0)
    monkeypatch.setattr(asking, "OVERDUE_FACTOR", 0.1)
    monkeypatch.setattr(asking, "OVERDUE_S", 0.1)
    with pytest.raises(MediaError) as raised:
        describe_file(heic)
    assert raised.value.code == "timeout"
