"""Paths as people type them: homes, links, and names that no file can have."""

from pathlib import Path

import pytest

from imagine.stages.paths import absolute, is_file, is_there, spelt


def test_a_tilde_is_the_home_of_somebody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert spelt("~/models") == tmp_path / "models"
    assert spelt("~no-such-user/models") == Path("~no-such-user/models")


def test_links_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path)
    assert absolute("real/../link") == tmp_path / "link"


def test_without_a_working_directory_a_path_stays_as_it_is_spelt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert absolute("fox.safetensors") == Path("fox.safetensors")


def test_what_is_there_is_found_and_what_cannot_be_is_not(tmp_path: Path) -> None:
    (tmp_path / "fox").write_text("a fox")
    assert is_file(tmp_path / "fox")
    assert is_there(tmp_path)
    assert not is_file(tmp_path)
    for name in ("cat", "x" * 5000, "a\0b"):
        assert not is_there(tmp_path / name)
        assert not is_file(tmp_path / name)
