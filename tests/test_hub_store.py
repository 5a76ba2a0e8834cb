"""The cache of the hub: how files lie in it, and what is done where links or room are missing."""

import os
import shutil
from pathlib import Path

import pytest
from fakes.hub import Repository, serve_hub
from model_files import pipeline_files

from imagine.stages.errors import LocalBackendError
from imagine.stages.generate.local.hub import Hub
from imagine.stages.generate.local.hub_cache import snapshot_of
from imagine.stages.generate.local.hub_store import Store

TINY = Repository(pipeline_files(numbers=1000))


def stored(directory: Path, *, revision: str = "main") -> Store:
    """The whole of "org/tiny" in a cache."""
    with serve_hub({"org/tiny": TINY}) as fake, Hub(address=fake.root) as hub:
        store = Store(directory, hub.repository("org/tiny", revision))
        for file in store.repository.files:
            store.fetch(hub, file, lambda there: None)
        store.name(revision)
    return store


def test_files_lie_as_other_programs_expect_them(tmp_path: Path) -> None:
    store = stored(tmp_path)
    folder = tmp_path / "models--org--tiny"
    assert (folder / "refs" / "main").read_bytes() == TINY.commit.encode()
    assert store.snapshot == folder / "snapshots" / TINY.commit == snapshot_of(tmp_path, "org/tiny")
    for file in store.repository.files:
        link = store.snapshot / file.name
        assert link.read_bytes() == TINY.files[file.name]
        assert (link.parent / os.readlink(link)).resolve() == folder / "blobs" / file.digest  # noqa: PTH115
        assert not Path(os.readlink(link)).is_absolute()  # noqa: PTH115
    assert store.missing(store.repository.files) == 0


def test_a_commit_is_no_branch(tmp_path: Path) -> None:
    stored(tmp_path, revision=TINY.commit)
    assert not (tmp_path / "models--org--tiny" / "refs").exists()
    assert snapshot_of(tmp_path, "org/tiny") is not None


def test_where_there_are_no_links_the_files_themselves_lie_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(path: Path, target: str) -> None:
        raise OSError("a privilege is not held")

    monkeypatch.setattr(Path, "symlink_to", no_link)
    store = stored(tmp_path)
    assert not any(path.is_symlink() for path in store.snapshot.rglob("*"))
    assert all((store.snapshot / name).read_bytes() == data for name, data in TINY.files.items())
    assert store.missing(store.repository.files) == 0


def test_what_is_there_in_part_counts_as_such(tmp_path: Path) -> None:
    store = stored(tmp_path)
    file = next(file for file in store.repository.files if file.name.startswith("vae/diff"))
    (store.snapshot / file.name).unlink()
    blob = tmp_path / "models--org--tiny" / "blobs" / file.digest
    blob.rename(f"{blob}.incomplete")
    os.truncate(f"{blob}.incomplete", 300)
    assert store.missing(store.repository.files) == file.size - 300


def test_a_full_disk_is_told_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = stored(tmp_path)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(0, 0, 3 * 10**9)
    )
    store.check_room(2 * 10**9)
    with pytest.raises(LocalBackendError) as raised:
        store.check_room(2 * 10**9 + 1)
    assert str(raised.value) == (
        f"The download takes 2.0 GB, and 3.0 GB are free at '{tmp_path}'; free some, or set "
        "IMAGINE_HUB_CACHE to another disk."
    )


def test_room_is_looked_for_where_the_cache_will_be(tmp_path: Path) -> None:
    with serve_hub({"org/tiny": TINY}) as fake, Hub(address=fake.root) as hub:
        store = Store(tmp_path / "not" / "yet", hub.repository("org/tiny"))
        assert store.check_room(1) is None
        with pytest.raises(LocalBackendError, match=r"free at '.*yet'; free some"):
            store.check_room(10**18)


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalBackendError, match=r"cannot be written: .*; check the path, and run"):
        stored(tmp_path / "file")
