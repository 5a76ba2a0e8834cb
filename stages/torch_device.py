"""torch, for what computes with it: imported with its device chosen, or a clear refusal."""

from typing import Any

from imagine.stages.errors import LocalBackendError, shown


def torch_and_device(subject: str, extra: str, *modules: str) -> tuple[Any, str]:
    """torch itself, and where it computes: "cuda" where there is such a card, else "cpu".

    Args:
        subject: what needs it, as a message begins: "The model 'a.safetensors'".
        extra: of this package, that installs what is needed: "spandrel".
        modules: that are needed beside.

    Raises:
        LocalBackendError: one of them is missing, or cannot be imported.
    """
    from importlib import import_module

    try:
        torch, *_ = [import_module(name) for name in ("torch", *modules)]
    except ModuleNotFoundError as error:
        raise LocalBackendError(
            f"{subject} needs the Python package '{shown(error.name)}', which is not installed; "
            f"pip install 'imagine-cli[{extra}]'."
        ) from error
    # Of releases that do not belong together, each package has an error of its own.
    except (ImportError, OSError, RuntimeError, AttributeError) as error:
        line = _first_line(error)
        raise LocalBackendError(
            f"{subject} needs Python packages that are installed and cannot be imported: "
            f"{shown(line, limit=200)}; install 'imagine-cli[{extra}]' in a new environment."
        ) from error
    return torch, "cuda" if torch.cuda.is_available() else "cpu"


def torch_reason(error: BaseException) -> str:
    """What torch says, in a line, without its advice on allocators and its stack."""
    return shown(_first_line(error).partition(". ")[0], limit=200).rstrip(".")


def _first_line(error: BaseException) -> str:
    """The first that says something: transformers begins with an empty one, asserts say nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
