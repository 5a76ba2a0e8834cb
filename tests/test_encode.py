"""Encoding: one file of a picture, whatever the machine."""

import subprocess
import sys

import pytest

DIGESTS = """
import os, sys
# Before anything asks how many there are.
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(sys.argv[1])])
from hashlib import sha256
import numpy as np
from PIL import Image
from imagine.stages.formats.encode import encode

pixels = np.random.default_rng(0).integers(0, 256, (24, 40, 3)).astype(np.uint8)
picture = Image.fromarray(pixels).resize((1280, 768), Image.Resampling.BICUBIC)
for format in ("png", "jpg", "webp", "avif"):
    print(format, sha256(encode(picture, None, format=format).data).hexdigest())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="no way to give away cores")
def test_the_number_of_cores_does_not_change_a_file() -> None:
    def digests(cores: int) -> str:
        command = [sys.executable, "-c", DIGESTS, str(cores)]
        return subprocess.check_output(command, text=True)

    assert digests(1) == digests(99)
