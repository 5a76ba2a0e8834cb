"""Bytes on the disk: whole, in a new file, past the page cache where that can be done."""

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from imagine.stages import disk as module
from imagine.stages.disk import write_new_file

SIZES = [0, 1, 2**18 - 1, 2**18, 2**18 + 1, 2**20, 3 * 2**20 + 4095]


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_the_file_holds_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, direct: bool
) -> None:
    if not direct:
        monkeypatch.setattr(module, "_DIRECT", 0)
    data = os.urandom(size)
    write_new_file(tmp_path / "fox.png", data)
    assert (tmp_path / "fox.png").read_bytes() == data


@pytest.mark.parametrize("size", SIZES)
def test_the_file_holds_the_pieces_in_order(tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    step = max(1, size // 7)
    write_new_file(
        tmp_path / "fox.png", (data[place : place + step] for place in range(0, size, step))
    )
    assert (tmp_path / "fox.png").read_bytes() == data


def test_what_making_the_pieces_raises_goes_through(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise ValueError("no second")

    with pytest.raises(ValueError, match="no second"):
        write_new_file(tmp_path / "fox.png", pieces())


def test_a_file_system_that_refuses_whole_blocks_gets_the_bytes_the_ordinary_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not module._DIRECT:
        pytest.skip("this system writes through the page cache only")
    real, refused = os.write, []

    def refusing(descriptor: int, data: bytes) -> int:
        if len(data) % 4096 == 0 and len(refused) < 2:
            refused.append(len(data))
            if len(refused) == 2:
                raise OSError(errno.EINVAL, "Invalid argument")
        return real(descriptor, data)

    monkeypatch.setattr(os, "write", refusing)
    data = os.urandom(3 * 2**20 + 5)
    write_new_file(tmp_path / "fox.png", data)
    assert (tmp_path / "fox.png").read_bytes() == data
    assert len(refused) == 2


def test_threads_do_not_share_what_they_write_from(tmp_path: Path) -> None:
    def write(number: int) -> bool:
        path, data = tmp_path / str(number), bytes([number]) * (2 * 2**20 + number)
        write_new_file(path, data)
        return path.read_bytes() == data

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(write, range(24)))


def test_a_taken_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "fox.png").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        write_new_file(tmp_path / "fox.png", b"new")
    assert (tmp_path / "fox.png").read_bytes() == b"old"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB; skips where none may be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system needs more rights")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_an_error(tiny_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left on device"):
        write_new_file(tiny_disk / "fox.png", bytes(2**21))


LIMITED = """
import resource, signal, sys
from pathlib import Path
from imagine.stages.disk import write_new_file

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
try:
    write_new_file(Path(sys.argv[1]), bytes(2**21))
except OSError as error:
    print(error.strerror)
"""


def test_a_file_that_may_not_grow_is_an_error(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "fox.png")]
    assert subprocess.check_output(command, text=True) == "File too large\n"
