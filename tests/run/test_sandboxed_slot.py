"""What a real slot is refused when somebody has broken into a decoder, and what goes on working."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from dmedia.model import FileResult, Limits, Task, WorkOrder
from dmedia.operations.validation import validate
from dmedia.run import succession
from dmedia.run.slot import Slot
from dmedia.run.slots import Slots
from dmedia.storage import local
from tests.media.films import make_film, scene
from tests.media_making import encoded, jpeg, photo
from tests.processes import slots_of
from tests.sandboxes import kernel_abi, needs_landlock

MIB = 2**20

HEIC = (24).to_bytes(4, "big") + b"ftypheic" + bytes(4) + b"mif1heic" + (16).to_bytes(4, "big") + b"mdat" + b"pixels.."

BROKEN_DECODER = """
import errno, json, os, socket, tempfile
from pathlib import Path

kept = []

def tried(what, *arguments):
    try:
        what(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "done"

def connect(port):
    with socket.socket() as client:
        client.connect(("127.0.0.1", port))

def bind():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))

def open_heif(file, **options):
    asked = json.loads(os.environ["DMEDIA_SLOT_ASKED"])
    out, around = Path(asked["out"]), Path(asked["around"])
    if hoard := asked.get("hoard_bytes"):
        kept.append(b"x" * hoard)
    told = {
        "content": file.read().hex(),
        "source by name": tried(open, around / "in.heic"),
        "another picture": tried(open, around / "secret.jpg"),
        "the records": tried(os.listdir, around),
        "the home": tried(os.listdir, Path.home()),
        "the parent's secrets": tried(open, f"/proc/{os.getppid()}/environ"),
        "write outside": tried(open, around / "new", "w"),
        "overwrite": tried(open, around / "secret.jpg", "r+"),
        "truncate": tried(os.truncate, around / "secret.jpg", 0),
        "remove": tried(os.unlink, around / "secret.jpg"),
        "move out": tried(os.rename, around / "secret.jpg", out / "secret.jpg"),
        "link": tried(os.symlink, "/etc/passwd", out / "link"),
        "run": tried(os.posix_spawn, "/bin/true", ["true"], {}),
        "signal": tried(os.kill, os.getppid(), 0),
        "connect": tried(connect, asked["port"]),
        "bind": tried(bind),
        "write below the output": tried(open, out / "new", "w"),
        "scratch": tried(tempfile.TemporaryFile),
        "font": tried(open, asked["font"]),
    }
    (out / "told.json").write_text(json.dumps(told))
    raise ValueError("broken")
"""


@dataclass(frozen=True)
class Break:
    """A slot whose HEIC decoder does what a stranger wants, and what that came to."""

    slots: Slots
    slot: Slot
    around: Path
    listener: socket.socket

    def told(self) -> Any:
        task = Task(0, os.fsencode(self.around / "in.heic"), os.fsencode(self.around / "out" / "o.jpg"), len(HEIC))
        result = self.slot.work(task)
        assert result.failure is not None
        assert result.failure.message == "Corrupt input: broken"
        return json.loads((self.around / "out" / "told.json").read_text())


BreakIn = Callable[..., Break]


def slot_pid() -> int:
    (slot,) = slots_of()
    return int(slot.pid)


@pytest.fixture
def break_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BreakIn]:
    """Put a package in the place of the real decoder: a slot loads it like any other, and knows no better."""
    package = tmp_path / "packages" / "pillow_heif"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(BROKEN_DECODER)
    monkeypatch.syspath_prepend(str(package.parent))
    around = tmp_path / "around"
    around.mkdir()
    (around / "in.heic").write_bytes(HEIC)
    (around / "secret.jpg").write_bytes(jpeg())
    font = Path(local.__file__).parents[2] / "media" / "fonts" / "DejaVuSans.ttf"
    started: list[Break] = []

    def begin(limits: Limits | None = None, **more: Any) -> Break:
        listener = socket.create_server(("127.0.0.1", 0))
        asked = {"around": str(around), "out": str(around / "out"), "font": str(font), **more}
        monkeypatch.setenv("DMEDIA_SLOT_ASKED", json.dumps(asked | {"port": listener.getsockname()[1]}))
        order = WorkOrder(
            "batch-1-aaaaaa",
            "convert",
            validate("convert", {"format": "jpg"}),
            os.fsencode(around / "out"),
            limits or Limits(),
        )
        slots = Slots(order, 1)
        started.append(Break(slots, slots._all[0], around, listener))
        return started[-1]

    yield begin
    for broken in started:
        broken.slots.close()
        broken.listener.close()


ALLOWED = {"write below the output", "scratch", "font"}


@needs_landlock
def test_a_broken_in_decoder_sees_one_file_and_reaches_nothing(break_in: BreakIn) -> None:
    broken = break_in()
    told = broken.told()
    assert bytes.fromhex(told.pop("content")) == HEIC
    since = {"connect": 4, "bind": 4, "signal": 6}
    refused = {name: told[name] for name in told if name not in ALLOWED and kernel_abi() >= since.get(name, 1)}
    assert len(refused) > 9
    assert set(refused.values()) <= {"EACCES", "EPERM", "EXDEV"}, refused
    assert {told[name] for name in ALLOWED} == {"done"}
    assert (broken.around / "secret.jpg").read_bytes() == jpeg()
    if kernel_abi() >= since["connect"]:
        broken.listener.settimeout(0.5)
        with pytest.raises(TimeoutError):
            broken.listener.accept()


def test_without_the_sandbox_the_broken_decoder_would_reach_all_of_that(
    break_in: BreakIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusals above are the sandbox's: where there is none, a slot runs on, and the same attempts succeed."""
    (tmp_path / "packages" / "sitecustomize.py").write_text("import platform\nplatform.machine = lambda: 'unknown'\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"), prepend=os.pathsep)
    told = break_in().told()
    assert {told[name] for name in ("another picture", "write outside", "connect", "signal", "link")} == {"done"}


def warnings_of(output: Path, content: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Work on three files in two slots that meet something when they start; tell what their results warn of."""
    (output.parent / "sitecustomize.py").write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(output.parent), prepend=os.pathsep)
    (output.parent / "a.jpg").write_bytes(jpeg())
    slots = Slots(order_of("convert", output, format="png"), 2)
    tasks = [
        Task(number, os.fsencode(output.parent / "a.jpg"), os.fsencode(output / f"{number}.png"), 0)
        for number in range(3)
    ]
    try:
        results = [*slots.work(tuple(tasks[:1]), 0, "w"), *slots.work(tuple(tasks[1:]), 0, "w")]
    finally:
        slots.close()
    assert [result.failure for result in results] == [None] * 3
    return [result.warnings for result in results]


@needs_landlock
def test_a_job_whose_slots_miss_the_sandbox_that_there_is_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = "threading.Thread(target=threading.Event().wait, daemon=True).start()"
    warnings = warnings_of(
        tmp_path / "out", f"import sys, threading\nif '-c' in sys.orig_argv: {thread}\n", monkeypatch
    )
    assert warnings[1:] == [(), ()]
    (warning,) = warnings[0]
    assert warning.startswith("slots work without their sandbox: 1 threads ran before")


def test_a_job_where_there_is_no_sandbox_to_have_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = "import platform\nplatform.machine = lambda: 'unknown'\n"
    assert warnings_of(tmp_path / "out", nowhere, monkeypatch) == [(), (), ()]


def order_of(operation: str, output: Path, **arguments: Any) -> WorkOrder:
    return WorkOrder("batch-1-aaaaaa", operation, validate(operation, arguments), os.fsencode(output), Limits())


def renditions(operation: str, sources: list[Path], output: Path, **arguments: Any) -> list[FileResult]:
    slot = Slot(order_of(operation, output, **arguments))
    try:
        return [
            slot.work(
                Task(number, os.fsencode(source), os.fsencode(output / f"{source.name}.{arguments['format']}"), 0)
            )
            for number, source in enumerate(sources)
        ]
    finally:
        slot.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    picture = photo((320, 240))
    formats = {
        "jpg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF", "tif": "TIFF", "avif": "AVIF", "bmp": "BMP",
        "ico": "ICO", "tga": "TGA", "jp2": "JPEG2000",
    }  # fmt: skip
    for extension, name in formats.items():
        (folder / f"a.{extension}").write_bytes(encoded(picture, name))
    try:
        import pillow_heif
    except ImportError:
        return sorted(folder.iterdir())
    pillow_heif.from_pillow(picture).save(folder / "a.heic")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("image_format", ["jpg", "png", "webp", "avif", "tiff", "gif"])
def test_every_format_is_read_and_written_inside(pictures: list[Path], tmp_path: Path, image_format: str) -> None:
    sources = pictures if image_format == "jpg" else pictures[:1]
    results = renditions("convert", sources, tmp_path / "out", format=image_format, width=64)
    assert [result.failure for result in results] == [None] * len(sources)
    assert {result.outputs[0].width for result in results} == {64}


def test_films_are_read_and_texts_are_written_inside(tmp_path: Path) -> None:
    films = []
    for name in ("a.mp4", "a.mkv", "a.avi", "a.ts"):
        make_film(tmp_path / name, [scene()] * 15)
        films.append(tmp_path / name)
    results = renditions("thumbnail", films, tmp_path / "thumbs", format="jpg", width=64)
    assert [(result.failure, result.decoder) for result in results] == [(None, "pyav")] * 4
    (tmp_path / "a.png").write_bytes(encoded(Image.new("RGB", (300, 200)), "PNG"))
    (marked,) = renditions(
        "watermark", [tmp_path / "a.png"], tmp_path / "marked", format="png", text="Grüße", opacity=1
    )
    assert marked.failure is None
    with Image.open(os.fsdecode(marked.outputs[0].path)) as image:
        assert len(image.convert("L").getcolors() or ()) > 4


def test_a_slot_opens_no_source_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source whose name is gone as soon as the worker has it open is worked on like any other."""
    (tmp_path / "a.jpg").write_bytes(jpeg())
    make_film(tmp_path / "b.mp4", [scene()] * 15)
    (tmp_path / "c.bmp").write_bytes(encoded(photo((64, 48)), "BMP"))
    open_source = local.open_source

    def open_and_forget(path: bytes, roots: tuple[bytes, ...]) -> int:
        descriptor = open_source(path, roots)
        os.unlink(path)
        return descriptor

    monkeypatch.setattr(local, "open_source", open_and_forget)
    sources = [tmp_path / name for name in ("a.jpg", "b.mp4", "c.bmp")]
    results = renditions("thumbnail", sources, tmp_path / "out", format="png", width=32)
    assert [result.failure for result in results] == [None] * 3


def test_what_cannot_be_opened_is_its_files_result(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "good.jpg").write_bytes(jpeg())
    sources = [tmp_path / name for name in ("none.jpg", "pipe.jpg", "good.jpg")]
    results = renditions("convert", sources, tmp_path / "out", format="png")
    codes = [result.failure and result.failure.code for result in results]
    assert codes == ["not_found", "unsupported_format", None]
    assert all(result.failure.hint for result in results if result.failure)


def test_an_output_directory_that_cannot_be_made_fails_its_files_until_it_can(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "out").write_text("in the way")
    slot = Slot(order_of("convert", tmp_path / "out", format="png"))
    task = Task(0, os.fsencode(tmp_path / "a.jpg"), os.fsencode(tmp_path / "out" / "a.png"), 0)
    try:
        first = slot.work(task)
        assert first.failure is not None
        assert first.failure.code == "output_exists"
        (tmp_path / "out").unlink()
        assert slot.work(task).failure is None
    finally:
        slot.close()


def test_an_output_directory_that_is_replaced_costs_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    slot = Slot(order_of("convert", tmp_path / "out", format="png"))
    task = Task(0, os.fsencode(tmp_path / "a.jpg"), os.fsencode(tmp_path / "out" / "a.png"), 0)
    try:
        assert slot.work(task).failure is None
        (tmp_path / "out").rename(tmp_path / "away")
        assert slot.work(task).failure is None
    finally:
        slot.close()
    assert (tmp_path / "out" / "a.png").read_bytes() == (tmp_path / "away" / "a.png").read_bytes()


def test_slots_make_room_for_new_ones_and_no_file_pays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(succession, "MOST_FILES", 2)
    (tmp_path / "a.jpg").write_bytes(jpeg())
    slot = Slot(order_of("convert", tmp_path / "out", format="png"))
    task = Task(0, os.fsencode(tmp_path / "a.jpg"), os.fsencode(tmp_path / "out" / "a.png"), 0)
    pids = []
    try:
        for _ in range(5):
            slot.start()
            pids.append(slot_pid())
            assert slot.work(task).failure is None
    finally:
        slot.close()
    assert [pids.index(pid) for pid in pids] == [0, 0, 2, 2, 4]


@pytest.mark.parametrize(("hoard_mib", "is_replaced"), [(10, False), (250, True)])
def test_a_slot_that_holds_on_to_memory_is_replaced(break_in: BreakIn, hoard_mib: int, is_replaced: bool) -> None:
    broken = break_in(Limits(image_slot_bytes=400 * MIB), hoard_bytes=hoard_mib * MIB)
    broken.slots.start()
    before = slot_pid()
    broken.told()
    assert (slot_pid() != before) == is_replaced
