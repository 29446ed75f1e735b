"""Files that name other files or addresses: nothing they name is opened or called."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from tests.command import below, wait_until
from tests.hostile.watching import Callers, Opened, needs_inotify
from tests.media.films import make_film, scene
from tests.media_making import corners, encoded, jpeg

if TYPE_CHECKING:
    from tests.command import Dmedia

EXTENSIONS = (".mp4", ".jpg", ".m3u8", ".mpd", ".sdp")

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="48">{}</svg>'
)


def playlists(place: Path, port: int) -> dict[str, str]:
    """Write playlists of FFmpeg's formats that name the secrets beside them and an address."""
    url = f"http://127.0.0.1:{port}"
    m3u8 = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n{}#EXT-X-ENDLIST\n"
    return {
        "concat": f"ffconcat version 1.0\nfile secret.mp4\nfile {place}/secret.mp4\n",
        "concat-url": f"ffconcat version 1.0\nfile '{url}/a.mp4'\n",
        "hls": m3u8.format("#EXTINF:1,\nsecret.ts\n#EXTINF:1,\nsecret.mp4\n"),
        "hls-url": m3u8.format(f"#EXTINF:1,\n{url}/a.ts\n#EXTINF:1,\ntcp://127.0.0.1:{port}\n"),
        "hls-key": m3u8.format(f'#EXT-X-KEY:METHOD=AES-128,URI="{url}/key"\n#EXTINF:1,\nfile://{place}/secret.ts\n'),
        "hls-master": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n"
        f"{url}/b.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nsecret.ts\n",
        "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="0"'
        f' bandwidth="1"><BaseURL>{url}/a.mp4</BaseURL></Representation><Representation id="1" bandwidth="2">'
        "<BaseURL>secret.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
        "asx": f'<asx version="3.0"><entry><ref href="{url}/a.wmv"/></entry></asx>',
        "reference": f"[Reference]\nRef1={url}/a.asf\n",
        "pls": f"[playlist]\nFile1={url}/a.mp4\nFile2=secret.mp4\nNumberOfEntries=2\n",
        "magick": f'push graphic-context\nviewbox 0 0 64 48\nimage over 0,0 0,0 "{url}/a.png"\npop graphic-context\n',
        "postscript": f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\n({place}/secret.png) (r) file\n",
        "script": 'import("secret.png")\navisource("secret.mp4")\n',
    }


def drawings(place: Path, port: int) -> dict[str, str]:
    """Write SVG that names the secrets beside it and an address."""
    url = f"http://127.0.0.1:{port}"
    image = '<image width="64" height="48" xlink:href="{0}" href="{0}"/>'
    entity = '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY e SYSTEM "{}">]>' + SVG.format("<text>&e;</text>")
    laughs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return {
        "relative": SVG.format(image.format("secret.png")),
        "absolute": SVG.format(image.format(f"file://{place}/secret.png")),
        "url": SVG.format(image.format(f"{url}/a.png")),
        "style": SVG.format(f'<style>@import url("{url}/a.css");</style><use href="secret.svg#a"/>'),
        "entity": entity.format(f"file://{place}/secret.png"),
        "entity-url": entity.format(url),
        "laughs": f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY e0 "ha">{laughs}]>' + SVG.format("<text>&e11;</text>"),
        "after-a-mark": "\ufeff \n<!-- x -->" + SVG.format(image.format("secret.png")),
    }


def film_that_refers(film: bytes, target: bytes) -> bytes:
    """Make a film's data reference name another file (an alias record of QuickTime, as FFmpeg's mov.c reads it)."""
    old = b"\0\0\0\x0curl \0\0\0\1"
    assert old in film
    volume, name = bytes(28), target[:63]
    alias = bytes(6) + struct.pack(">HH", 150, 2) + volume + bytes(12)
    alias += bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16) + struct.pack(">hh", 0, 0) + bytes(16)
    alias += struct.pack(">HH", 2, len(target)) + target + b"\xff\xff\0\0"
    new = struct.pack(">I", 12 + len(alias)) + b"alis\0\0\0\0" + alias
    grown = len(new) - len(old)
    out, at = film.replace(old, new), film.index(old)
    for name in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        start = film.rindex(name, 0, at) - 4
        out = out[:start] + struct.pack(">I", struct.unpack_from(">I", film, start)[0] + grown) + out[start + 4 :]
    return out


def plant_secrets(place: Path) -> list[Path]:
    """Put the files that nobody may open."""
    (place / "secret.png").write_bytes(encoded(corners(), "PNG"))
    (place / "secret.svg").write_text(SVG.format('<g id="a"/>'))
    make_film(place / "secret.mp4", [scene() for _ in range(5)])
    make_film(place / "secret.ts", [scene() for _ in range(5)])
    return [place / f"secret.{suffix}" for suffix in ("png", "svg", "mp4", "ts")]


@needs_inotify
def test_what_a_playlist_or_a_drawing_names_is_neither_opened_nor_called(dmedia: Dmedia, tmp_path: Path) -> None:
    place = tmp_path / "in"
    place.mkdir()
    secrets = plant_secrets(place)
    film = (place / "secret.mp4").read_bytes()
    with Callers() as callers, Opened(secrets) as opened:
        for extension in EXTENSIONS:
            for name, text in playlists(place, callers.port).items():
                (place / f"{name}{extension}").write_text(text)
            for name, text in drawings(place, callers.port).items():
                (place / f"{name}{extension}").write_text(text)
        for name in ("concat:secret.mp4|secret.mp4", "subfile,,start,0,end,0,,:secret.mp4", "secret%d.mp4", "http:"):
            (place / f"{name}.mp4").write_text("nothing\n" * 9)
        (place / "refers.mov").write_bytes(film_that_refers(film, str(place / "secret.mp4").encode()))
        make_film(place / "good.mp4", [scene() for _ in range(5)])
        (place / "good.jpg").write_bytes(jpeg())
        listed = b"\0".join(bytes(path) for path in sorted(place.iterdir()) if path not in secrets)
        opened.names()

        ran = dmedia(
            "thumbnail", "--files-from", "-", "-0", "-o", "out", "--width", "32", "--name", "{name}.{ext}", stdin=listed
        )

        assert (opened.names(), callers.count) == ([], 0)
        assert ran.status == 3
        files = dmedia.files()
        assert len(files) == len(list(place.iterdir())) - len(secrets)
        done = {name for name, file in files.items() if file["status"] == "completed"}
        assert done - {"refers.mov"} == {"good.mp4", "good.jpg"}  # its own samples are still in it
        codes = {file["code"] for name, file in files.items() if name not in done}
        assert codes <= {"unsupported_format", "corrupt_input"}
        assert {name.rpartition(".")[0] for name in below(tmp_path / "out")} == done

        # Both witnesses would have seen it.
        (place / "secret.png").read_bytes()
        socket.create_connection(("127.0.0.1", callers.port)).close()
        assert opened.names() == ["secret.png"]
        assert wait_until(lambda: callers.count) == 1


@needs_inotify
def test_a_drawing_is_refused_with_what_helps_whatever_its_name(dmedia: Dmedia, tmp_path: Path) -> None:
    for name in ("a.svg", "a.png", "a.SVG.jpg"):
        (tmp_path / name).write_text(SVG.format('<image href="secret.png"/>'))
    ran = dmedia("convert", "a.svg", "a.png", "a.SVG.jpg", "-o", "out", "--format", "png", "--on-collision", "number")
    assert ran.status == 3
    for file in dmedia.files().values():
        assert (file["code"], file["error"][:23]) == ("unsupported_format", "Unsupported format: SVG")
        assert "--allow-svg" in file["hint"]


@needs_inotify
def test_a_drawing_that_is_rendered_opens_and_calls_nothing_either(dmedia: Dmedia, tmp_path: Path) -> None:
    place = tmp_path / "in"
    place.mkdir()
    secrets = plant_secrets(place)
    with Callers() as callers, Opened(secrets) as opened:
        for name, text in drawings(place, callers.port).items():
            (place / f"{name}.svg").write_text(text)
        listed = b"\0".join(bytes(path) for path in sorted(place.glob("*.svg")) if path not in secrets)
        opened.names()

        ran = dmedia("convert", "--files-from", "-", "-0", "-o", "out", "--format", "png", "--allow-svg", stdin=listed)

        assert (opened.names(), callers.count) == ([], 0)
        assert ran.status == 3
        codes = {Path(name).stem: file["code"] for name, file in dmedia.files().items()}
        refused = {"entity": "unsupported_format", "entity-url": "unsupported_format", "laughs": "corrupt_input"}
        assert codes == dict.fromkeys(codes, None) | refused
