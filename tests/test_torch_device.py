"""What libraries say of failures: an error goes in, a line for a message comes out."""

import pytest

from imagine.stages.errors import LocalBackendError
from imagine.stages.torch_device import torch_and_device, torch_reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("CUDA error: no kernel. Compile with X.\nStack"), "CUDA error: no kernel"),
        # As transformers says that a package is missing.
        (
            ImportError("\nFox requires the Torchvision library but it was not found.\nLook at"),
            "Fox requires the Torchvision library but it was not found",
        ),
        (AssertionError(), "AssertionError"),
        (MemoryError(" \n"), "MemoryError"),
    ],
)
def test_the_first_line_that_says_something_is_the_reason(
    error: BaseException, reason: str
) -> None:
    assert torch_reason(error) == reason


def test_packages_that_do_not_fit_together_are_told_by_what_they_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def failing(name: str) -> object:
        raise ImportError(f"\n{name} is of another release\nof many")

    monkeypatch.setattr("importlib.import_module", failing)
    with pytest.raises(LocalBackendError) as refusal:
        torch_and_device("The backend 'fox'", "diffusers")
    assert str(refusal.value) == (
        "The backend 'fox' needs Python packages that are installed and cannot be imported: torch "
        "is of another release; install 'imagine-cli[diffusers]' in a new environment."
    )
