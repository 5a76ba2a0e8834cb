"""Fixtures for tests that need an extra: tiny models, each built once a session."""

from collections.abc import Callable
from pathlib import Path

import pytest

Tiny = Callable[[str], Path]


@pytest.fixture(autouse=True)
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """No library asks its hub for anything."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """The folder of a tiny model, to be read only: `tiny("sdxl")`; see tiny_models.py."""
    import warnings

    root = tmp_path_factory.mktemp("tiny")
    built: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in built:
            # What the libraries warn of among themselves is no concern of ours.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from tiny_models import MODELS

                built[name] = MODELS[name](root / name)
        return built[name]

    return folder
