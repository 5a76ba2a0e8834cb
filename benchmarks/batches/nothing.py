"""A backend that costs nothing: a small picture, received in no time, for every request."""

import textwrap
from pathlib import Path

_MODULE = """
import zlib
from struct import pack

from imagine.stages.formats.received import read_received
from imagine.stages.generate import Capabilities
from imagine.stages.image import GeneratedImage
from imagine.stages.sizes import FreeSizes


def chunk(kind, data):
    return pack(">I", len(data)) + kind + data + pack(">I", zlib.crc32(kind + data))


def picture(width, height):
    header = pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\\0" + bytes(width) for _ in range(height)))
    return (
        b"\\x89PNG\\r\\n\\x1a\\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
    )


class Nothing:
    name = "nothing"
    model = ""
    capabilities = Capabilities(
        profile="natural",
        negative_prompt=False,
        seed=True,
        sizes=FreeSizes(min_side=1, max_side=8192, max_pixels=36_000_000),
        trained=False,
        concurrency=2,
    )

    def __init__(self):
        self.drawn = {}

    def generate(self, request):
        if request.size not in self.drawn:
            self.drawn[request.size] = read_received(picture(*request.size))
        yield GeneratedImage(model="", received=self.drawn[request.size])
"""


def install(directory: Path) -> Path:
    """Write the distribution; a directory for PYTHONPATH."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "imagine_nothing.py").write_text(textwrap.dedent(_MODULE), encoding="utf-8")
    info = directory / "imagine_nothing-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: imagine-nothing\nVersion: 1.0\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(
        "[imagine.backends]\nnothing = imagine_nothing:Nothing\n", encoding="utf-8"
    )
    return directory
