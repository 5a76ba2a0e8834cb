"""Publishing: names taken once, and nothing left behind, whatever happens in between."""

import errno
import multiprocessing
import os
import pathlib
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from recipes import make_recipe

from imagine.stages import publish as module
from imagine.stages.publish import host, is_abandoned, publish, temporary_files

PICTURE, SIDECAR = b"picture" * 1000, b"sidecar"
RECIPE = make_recipe().to_json().encode()


def contents(directory: Path) -> dict[str, bytes | None]:
    """Every name below `directory`: a file's bytes, or None for a directory."""
    return {
        str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None
        for path in sorted(directory.rglob("*"))
    }


def no_hard_links(*_: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


def test_directories_are_made_and_no_temporary_file_stays(tmp_path: Path) -> None:
    path = publish([PICTURE, SIDECAR], tmp_path / "a/b/fox.png", overwrite=False)
    assert path == tmp_path / "a/b/fox.png"
    assert contents(tmp_path) == {
        "a": None,
        "a/b": None,
        "a/b/fox.png": PICTURE,
        "a/b/fox.png.json": SIDECAR,
    }


def test_files_may_come_in_pieces(tmp_path: Path) -> None:
    path = publish([iter([b"pic", b"ture"]), SIDECAR], tmp_path / "fox.png", overwrite=False)
    assert contents(tmp_path) == {"fox.png": b"picture", "fox.png.json": SIDECAR}
    assert path == tmp_path / "fox.png"


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("overwrite", [True, False])
def test_a_fault_between_the_pieces_leaves_what_was_there(
    tmp_path: Path, fault: type[BaseException], overwrite: bool
) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old/fox.png").write_bytes(b"old")
    before = contents(tmp_path)

    def pieces() -> Iterator[bytes]:
        yield b"pic"
        raise fault

    for place in ("old/fox.png", "new/fox.png"):
        with pytest.raises(fault):
            publish([pieces(), SIDECAR], tmp_path / place, overwrite=overwrite)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("files", [[PICTURE], [PICTURE, SIDECAR]])
def test_a_taken_name_gets_the_next_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool, files: list[bytes]
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_hard_links)
    (tmp_path / "fox.png").write_bytes(b"old")
    (tmp_path / "fox-2.png").symlink_to("nowhere")
    (tmp_path / "fox-3.png.json").write_bytes(b"of a picture that is gone")
    before = contents(tmp_path)
    path = publish(files, tmp_path / "fox.png", overwrite=False)
    assert path.name == "fox-4.png"
    made = {"fox-4.png": PICTURE} | ({"fox-4.png.json": SIDECAR} if len(files) > 1 else {})
    assert contents(tmp_path) == before | made


def test_data_is_on_the_disk_before_its_name_and_the_picture_comes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    fsync, link = os.fsync, os.link

    def noted_fsync(descriptor: int) -> None:
        is_directory = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        done.append("sync directory" if is_directory else "sync file")
        fsync(descriptor)

    def noted_link(source: Path, name: Path) -> None:
        done.append(name.name)
        link(source, name)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "link", noted_link)
    publish([PICTURE, SIDECAR], tmp_path / "fox.png", overwrite=False)
    assert done == ["sync file", "sync file", "fox.png.json", "fox.png", "sync directory"]


def test_the_file_mode_follows_the_umask(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        path = publish([PICTURE], tmp_path / "fox.png", overwrite=False)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("links", [True, False])
def test_overwriting_replaces_picture_and_sidecar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_hard_links)
    (tmp_path / "fox.png").write_bytes(b"old")
    (tmp_path / "fox.png.json").write_bytes(b"old")
    assert publish([PICTURE, SIDECAR], tmp_path / "fox.png", overwrite=True).name == "fox.png"
    assert contents(tmp_path) == {"fox.png": PICTURE, "fox.png.json": SIDECAR}


@pytest.mark.parametrize("links", [True, False])
def test_overwriting_without_a_sidecar_removes_the_recipe_of_the_old_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_hard_links)
    (tmp_path / "fox.png").write_bytes(b"old")
    (tmp_path / "fox.png.json").write_bytes(RECIPE)
    publish([PICTURE], tmp_path / "fox.png", overwrite=True)
    assert contents(tmp_path) == {"fox.png": PICTURE}


@pytest.mark.parametrize("words", [b"", b"{}", b'{"label": "fox"}', b"\x89PNG"])
def test_overwriting_leaves_a_file_that_is_no_recipe_alone(tmp_path: Path, words: bytes) -> None:
    (tmp_path / "fox.png.json").write_bytes(words)
    publish([PICTURE], tmp_path / "fox.png", overwrite=True)
    assert contents(tmp_path) == {"fox.png": PICTURE, "fox.png.json": words}


def test_a_failure_brings_the_removed_recipe_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fox.png").write_bytes(b"old")
    (tmp_path / "fox.png.json").write_bytes(RECIPE)
    before = contents(tmp_path)

    def failing(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(module, "_sync_directory", failing)
    with pytest.raises(OSError, match="Input/output error"):
        publish([PICTURE], tmp_path / "fox.png", overwrite=True)
    assert contents(tmp_path) == before


def save_many(directory: Path, word: bytes) -> None:
    for _ in range(20):
        publish([word, word], directory / "fox.png", overwrite=False)


def test_two_processes_never_take_the_same_name(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    words = (b"one" * 5000, b"two" * 5000)
    workers = [context.Process(target=save_many, args=(tmp_path, word)) for word in words]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    names = {"fox.png"} | {f"fox-{number}.png" for number in range(2, 41)}
    found = contents(tmp_path)
    assert set(found) == names | {f"{name}.json" for name in names}
    assert all(found[name] == found[f"{name}.json"] for name in names)
    assert sorted(found[name] or b"" for name in names) == [words[0]] * 20 + [words[1]] * 20


def interrupted_at(step: int, work: Callable[[], object]) -> tuple[bool, bool]:
    """Run `work` with Ctrl-C at the given line of it; whether that came, and whether it ended.

    Lines of the module count, and those of pathlib around its system calls, so an interruption
    also falls between a call and the line that would note it.
    """
    path = pathlib.Path
    calls = (path.mkdir, path.open, path.unlink, path.rename, path.replace, path.touch)
    codes = {call.__code__ for call in calls}
    left = step

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename != module.__file__ and frame.f_code not in codes:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        return True, False
    finally:
        sys.settrace(None)
    return False, True


# Between opening a file and entering its `with` Python itself cannot close it.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
@pytest.mark.parametrize(
    ("case", "links"),
    [
        ("new directory", True),
        ("new directory", False),
        ("taken names", True),
        ("taken names", False),
        ("overwrite", True),  # without hard links the replaced file cannot be kept
        ("overwrite without sidecar", True),
    ],
)
def test_ctrl_c_at_any_line_leaves_all_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_hard_links)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # some 500 runs, 5 ms each
    files = [PICTURE] if case == "overwrite without sidecar" else [PICTURE, SIDECAR]
    outcomes = []
    step, ended = 0, False
    while not ended:
        step += 1
        directory = tmp_path / str(step)
        target = directory / ("a/b/fox.png" if case == "new directory" else "fox.png")
        directory.mkdir()
        if case != "new directory":
            (directory / "fox.png").write_bytes(b"old")
            (directory / "fox.png.json").write_bytes(RECIPE)
            (directory / "fox-2.png").write_bytes(b"old too")
        before = contents(directory)
        came, ended = interrupted_at(
            step,
            lambda target=target: publish(  # type: ignore[misc]
                files, target, overwrite=case.startswith("overwrite")
            ),
        )
        assert came != ended
        found = contents(directory)
        outcomes.append(found == before)
        if found != before:
            assert len(found) <= len(before) + 4
            assert list(found.values()).count(PICTURE) == 1
            assert list(found.values()).count(SIDECAR) == len(files) - 1
            if case.startswith("overwrite"):
                assert RECIPE not in found.values()
            assert not any(name.endswith(".tmp") for name in found)
        shutil.rmtree(directory)
    assert step > 50
    complete = outcomes.index(False)
    assert all(outcomes[:complete])
    assert not any(outcomes[complete:])


@pytest.mark.parametrize("function", ["fsync", "link", "mkdir", "open"])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_failing_system_call_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, call: int
) -> None:
    calls = 0
    real = getattr(os, function)

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(errno.EIO, "Input/output error")
        return real(*args, **kwargs)

    monkeypatch.setattr(os, function, failing)
    raised = None
    try:
        publish([PICTURE, SIDECAR], tmp_path / "a/b/fox.png", overwrite=False)
    except OSError as error:
        raised = error.errno
    monkeypatch.undo()
    assert raised == (errno.EIO if calls >= call else None)
    assert len(contents(tmp_path)) == (0 if raised else 4)


@pytest.mark.parametrize("files", [[PICTURE], [PICTURE, SIDECAR]])
@pytest.mark.parametrize("function", ["fsync", "link", "replace", "open"])
@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_failing_system_call_brings_back_what_was_to_be_replaced(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: list[bytes],
    function: str,
    call: int,
) -> None:
    (tmp_path / "fox.png").write_bytes(b"old")
    (tmp_path / "fox.png.json").write_bytes(RECIPE)
    before = contents(tmp_path)
    calls = 0
    real = getattr(os, function)

    def failing(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call:
            raise OSError(errno.EIO, "Input/output error")
        return real(*args, **kwargs)

    monkeypatch.setattr(os, function, failing)
    raised = None
    try:
        publish(files, tmp_path / "fox.png", overwrite=True)
    except OSError as error:
        raised = error.errno
    monkeypatch.undo()
    assert raised == (errno.EIO if calls >= call else None)
    names = ("fox.png", "fox.png.json")
    assert contents(tmp_path) == (before if raised else dict(zip(names, files, strict=False)))


def test_a_directory_that_may_be_written_but_not_read_gets_the_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def unreadable(path: Any, flags: int, *rest: Any, **options: Any) -> int:
        if pathlib.Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", unreadable)
    publish([PICTURE], tmp_path / "fox.png", overwrite=False)
    assert contents(tmp_path) == {"fox.png": PICTURE}


def test_temporary_files_are_told_by_host_and_process(tmp_path: Path) -> None:
    dead, living = 2**22 + 1, os.getppid()
    expected = {
        f".imagine-{host()}-{dead}-0123456789ab.tmp": True,
        f".imagine-{host()}-{os.getpid()}-0123456789ab.tmp": True,
        f".imagine-{host()}-{living}-0123456789ab.tmp": False,
        f".imagine-{host()}-{10**30}-0123456789ab.tmp": False,
        f".imagine-00000000-{dead}-0123456789ab.tmp": False,
    }
    for name in (*expected, ".imagine-x.tmp", "fox.png"):
        (tmp_path / name).touch()
    found = {path.name: is_abandoned(path) for path in temporary_files(tmp_path)}
    assert found == expected
    assert not is_abandoned(tmp_path / "fox.png")
    assert list(temporary_files(tmp_path / "none")) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_dead_process_that_nobody_takes_note_of_lives_no_more(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    temporary = tmp_path / f".imagine-{host()}-{child.pid}-0123456789ab.tmp"
    try:
        assert not is_abandoned(temporary)
        child.kill()
        # Until it is waited for, its number is taken.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        os.kill(child.pid, 0)
        assert is_abandoned(temporary)
    finally:
        child.kill()
        child.communicate()


def test_a_killed_process_that_left_a_picture_left_its_sidecar_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []
    monkeypatch.setattr(module, "write_new_file", lambda path, data: written.append(data))
    with pytest.raises(FileNotFoundError):
        publish([PICTURE, SIDECAR], tmp_path / "fox.png", overwrite=False)
    assert written == [SIDECAR, PICTURE]
