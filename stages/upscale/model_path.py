"""Which file is meant: a path, or the name of a model in a directory, in; an existing file out."""

from pathlib import Path

from imagine.stages.errors import UsageError, did_you_mean, quoted_path, shown
from imagine.stages.paths import is_file, is_there, spelt

SUFFIXES = (".safetensors", ".onnx", ".param")
_PICKLES = (".pth", ".pt", ".ckpt", ".bin", ".pkl")
_CONVERSION = (
    "import sys, spandrel, safetensors.torch as s; "
    "m = spandrel.ModelLoader().load_from_file(sys.argv[1]).model; "
    "s.save_file(m.state_dict(), sys.argv[2])"
)


def model_path(model: str, directory: Path | None) -> Path:
    """The file of a model: .safetensors, .onnx, or .param with its .bin beside it.

    Args:
        model: a path, or the name of a file in `directory`, with or without its suffix.
        directory: where models are found by name, or None for nowhere.

    Raises:
        UsageError: there is none, or it is of a kind that is not read.
    """
    if not model:
        raise UsageError(
            "The upscaler 'model' needs a model of yours (.safetensors, .onnx, .param); name it, "
            "as --upscaler model/PATH."
        )
    path = _found(model, directory)
    if path.suffix.lower() == ".bin" and path.with_suffix(".param").is_file():
        path = path.with_suffix(".param")
    if path.suffix.lower() in _PICKLES:
        raise UsageError(
            f"The model {quoted_path(path)} is a pickle, which can run any program when it is "
            "read, so it is not; use its .safetensors or .onnx file, or convert it with "
            f"imagine-cli[spandrel] installed: python -c '{_CONVERSION}' IN.pth OUT.safetensors"
        )
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"The model {quoted_path(path)} is of no kind that is read here; use a file of "
            f"{', '.join(SUFFIXES)}."
        )
    if path.suffix.lower() == ".param" and not path.with_suffix(".bin").is_file():
        raise UsageError(
            f"The model {quoted_path(path)} lacks its weights; put {path.stem}.bin beside it."
        )
    return path


def _found(model: str, directory: Path | None) -> Path:
    """An existing file.

    Raises:
        UsageError: there is none.
    """
    path = spelt(model)
    if is_file(path):
        return path
    if is_there(path):
        raise UsageError(f"The model {quoted_path(path)} is a directory; name a file in it.")
    if directory is None or path.name != model:
        raise UsageError(f"There is no model {quoted_path(path)}; check the path.")
    for suffix in ("", *SUFFIXES):
        named = directory / f"{model}{suffix}"
        if is_file(named):
            return named
    there = sorted(file.name for file in directory.glob("*") if file.suffix.lower() in SUFFIXES)
    known = f" (there: {', '.join(map(shown, there))})" if there else ""
    raise UsageError(
        f"There is no model '{shown(model)}' here or in {quoted_path(directory)}"
        f"{did_you_mean(model, there)}{known}; name a file, as --upscaler model/PATH."
    )
