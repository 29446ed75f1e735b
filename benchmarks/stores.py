"""What the way to a store and back costs: one job on files of a disk, and on objects of a store that takes its time.

::

    python benchmarks/stores.py [--files 120] [--slots 2] [--latency-ms 0 50 100 200]

Makes that many photos of 6 megapixels and lets ``dmedia convert`` make WebP of 800 pixels of them: from disk to disk,
then from a bucket to the same bucket, with a proxy in front of the server that lets each request wait. Printed are
files a second, from command to exit without what a command of one file takes. The server is moto's, in Python: it
needs a core of its own, and without latency it is what is measured. Needs the extra ``dev``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.command import Dmedia
from tests.media_making import encoded, photo
from tests.servers.processes import ProxyServer, S3Server
from tests.servers.proxy import Rule

BUCKET = "photos"
COMMAND = ("--format", "webp", "--width", "800", "-r", "-q", "-j")


def measure(dmedia: Dmedia, place: str, out: str, slots: int) -> float:
    """Tell the seconds of one job."""
    began_s = time.perf_counter()
    command = [sys.executable, "-m", "dmedia", "convert", place, "-o", out, *COMMAND, str(slots)]
    subprocess.run(command, cwd=dmedia.directory, env=dmedia.environment, check=True)
    return time.perf_counter() - began_s


def rate(dmedia: Dmedia, files: int, slots: int, base: str) -> float:
    """Tell the files a second of a job on all files."""
    name = f"{time.time_ns()}"
    one_s = measure(dmedia, f"{base}/one", f"{base}/out-one-{name}", slots)
    return files / (measure(dmedia, f"{base}/all", f"{base}/out-all-{name}", slots) - one_s)


def main() -> int:
    """Measure each, and print the table."""
    parser = argparse.ArgumentParser(description="What the way to a store and back costs.")
    parser.add_argument("--files", type=int, default=120)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--latency-ms", type=float, nargs="*", default=[0, 50, 100, 200])
    asked = parser.parse_args()
    content = encoded(photo((3000, 2000)), "JPEG", quality=85)
    with tempfile.TemporaryDirectory() as directory, S3Server() as server, ProxyServer(server.address) as proxy:
        dmedia = Dmedia(Path(directory))
        client = server.client()
        client.create_bucket(Bucket=BUCKET)
        for name in [*(f"all/{number}.jpg" for number in range(asked.files)), "one/0.jpg"]:
            client.put_object(Bucket=BUCKET, Key=name, Body=content)
            path = dmedia.directory / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        print(f"{asked.files} photos of {len(content):,} bytes, {asked.slots} slots")
        print(f"disk, files/s           {rate(dmedia, asked.files, asked.slots, str(dmedia.directory)):6.1f}")
        dmedia.environment |= server.environment(proxy.address)
        for latency_ms in asked.latency_ms:
            if latency_ms:
                proxy.obey(Rule(action="delay", seconds=latency_ms / 1000, times=10**9))
            found = rate(dmedia, asked.files, asked.slots, f"s3://{BUCKET}")
            print(f"store, {latency_ms:4g} ms, files/s  {found:6.1f}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
