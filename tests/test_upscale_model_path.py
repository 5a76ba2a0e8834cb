"""Which file is meant by the upscaler `model`."""

from pathlib import Path

import pytest

from imagine.stages.errors import UsageError
from imagine.stages.upscale.model_path import model_path


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "upscalers"
    folder.mkdir()
    for name in ("sharp.safetensors", "fast.onnx", "anime.param", "anime.bin", "bare.param"):
        (folder / name).touch()
    for name in ("old.pth", "weights.bin", "notes.txt"):
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("model", "file"),
    [
        ("sharp", "sharp.safetensors"),
        ("sharp.safetensors", "sharp.safetensors"),
        ("fast", "fast.onnx"),
        ("anime", "anime.param"),
        ("anime.bin", "anime.param"),
    ],
)
def test_a_name_is_found_in_the_directory(directory: Path, model: str, file: str) -> None:
    assert model_path(model, directory) == directory / file


def test_a_path_is_taken_as_it_is(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert model_path(str(directory / "fast.onnx"), None) == directory / "fast.onnx"
    monkeypatch.chdir(directory)
    assert model_path("fast.onnx", None) == Path("fast.onnx")
    monkeypatch.setenv("HOME", str(directory))
    assert model_path("~/fast.onnx", None) == directory / "fast.onnx"


def test_a_capital_suffix_is_known(tmp_path: Path) -> None:
    (tmp_path / "M.ONNX").touch()
    assert model_path(str(tmp_path / "M.ONNX"), None) == tmp_path / "M.ONNX"


CONVERSION = (
    "python -c 'import sys, spandrel, safetensors.torch as s; m = spandrel.ModelLoader()"
    ".load_from_file(sys.argv[1]).model; s.save_file(m.state_dict(), sys.argv[2])' IN.pth "
    "OUT.safetensors"
)
THERE = "(there: anime.param, bare.param, fast.onnx, sharp.safetensors)"
REFUSED = {
    "": "The upscaler 'model' needs a model of yours (.safetensors, .onnx, .param); name it, as "
    "--upscaler model/PATH.",
    "lost": f"There is no model 'lost' here or in '{{0}}' {THERE}; name a file, as --upscaler "
    "model/PATH.",
    "sharp.onnx": f"There is no model 'sharp.onnx' here or in '{{0}}'; did you mean 'fast.onnx'? "
    f"{THERE}; name a file, as --upscaler model/PATH.",
    "{0}/lost": "There is no model '{0}/lost'; check the path.",
    "{0}": "The model '{0}' is a directory; name a file in it.",
    "notes.txt": "The model '{0}/notes.txt' is of no kind that is read here; use a file of "
    ".safetensors, .onnx, .param.",
    "bare": "The model '{0}/bare.param' lacks its weights; put bare.bin beside it.",
    "old.pth": "The model '{0}/old.pth' is a pickle, which can run any program when it is read, so "
    "it is not; use its .safetensors or .onnx file, or convert it with imagine-cli[spandrel] "
    f"installed: {CONVERSION}",
    "weights.bin": "The model '{0}/weights.bin' is a pickle, which can run any program when it is "
    "read, so it is not; use its .safetensors or .onnx file, or convert it with "
    f"imagine-cli[spandrel] installed: {CONVERSION}",
}


@pytest.mark.parametrize("model", REFUSED)
def test_what_is_no_model_is_refused(directory: Path, model: str) -> None:
    with pytest.raises(UsageError) as caught:
        model_path(model.replace("{0}", str(directory)), directory)
    assert str(caught.value) == REFUSED[model].replace("{0}", str(directory))


def test_without_a_directory_only_paths_are_found() -> None:
    with pytest.raises(UsageError) as caught:
        model_path("sharp", None)
    assert str(caught.value) == "There is no model 'sharp'; check the path."


def test_a_directory_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        model_path("sharp", tmp_path / "none")
    assert str(caught.value) == (
        f"There is no model 'sharp' here or in '{tmp_path / 'none'}'; name a file, as --upscaler "
        "model/PATH."
    )
