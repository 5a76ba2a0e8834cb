"""What is downloaded lies where huggingface_hub and diffusers look for it; and it is drawn with."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes.hub import Repository, serve_hub

from imagine.stages.metadata import read_recipe

hub = pytest.importorskip("huggingface_hub")
pytest.importorskip("diffusers")

Command = Callable[..., Any]


@pytest.fixture
def downloaded(
    imagine: Command,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Path:
    """The snapshot of a tiny Stable Diffusion, called "org/tiny" on the hub."""
    folder: Path = request.getfixturevalue("tiny")("sd15")
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with serve_hub({"org/tiny": Repository(files)}) as fake:
        monkeypatch.setenv("HF_ENDPOINT", fake.root)
        done = imagine("models", "download", "org/tiny")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert done.code == 0, done.err
    return Path(done.lines[0])


def test_other_programs_find_what_was_downloaded(downloaded: Path) -> None:
    cache = Path(os.environ["XDG_CACHE_HOME"], "huggingface", "hub")
    found = hub.snapshot_download("org/tiny", cache_dir=cache, local_files_only=True)
    assert Path(found) == downloaded
    file = hub.try_to_load_from_cache("org/tiny", "unet/config.json", cache_dir=cache)
    assert Path(str(file)) == downloaded / "unet" / "config.json"
    scanned = hub.scan_cache_dir(cache)
    assert not scanned.warnings
    (repository,) = scanned.repos
    (revision,) = repository.revisions
    assert (repository.repo_id, set(revision.refs)) == ("org/tiny", {"main"})


def test_a_downloaded_model_is_drawn_with_by_its_id(imagine: Command, downloaded: Path) -> None:
    options = ["-m", "org/tiny", "--steps", "1", "--size", "64x64", "--seed", "1", "--name", "fox"]
    done = imagine("a fox", *options)
    assert done.code == 0, done.err
    recipe = read_recipe(Path(done.lines[0]))
    assert (recipe.backend.name, recipe.backend.model) == ("diffusers", "org/tiny")
    assert str(downloaded) not in recipe.model_dump_json()


def test_a_downloaded_model_is_converted_for_openvino(imagine: Command, downloaded: Path) -> None:
    pytest.importorskip("openvino_genai")
    done = imagine("models", "convert", "org/tiny", "converted", "--json")
    assert done.code == 0, done.err
    assert done.json["path"] == "converted"
    added = imagine("models", "add", "converted", "--json")
    assert added.json["kinds"] == ["openvino"]
    options = ["-m", "converted", "--steps", "1", "--size", "64x64"]
    drawn = imagine("a fox", *options)
    assert drawn.code == 0, drawn.err
