"""The shelf: what a path, name or id means, in which order, and what is said of what is missing."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_files import lora, pipeline_at, pipeline_files, tensors, write

from imagine.stages.errors import ConfigError, LocalBackendError, UsageError
from imagine.stages.generate.local.catalog import Entry, add_entry
from imagine.stages.generate.local.hub_cache import is_id
from imagine.stages.generate.local.seen import MOST, Sighting, load_seen, remember
from imagine.stages.generate.local.shelf import Place, Shelf

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """An empty one; the working directory is beside it."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return Shelf(tmp_path / "models.toml", tmp_path / "seen.json", tmp_path / "hub")


def cached(shelf: Shelf, model: str, files: dict[str, bytes], *, ref: str | None = COMMIT) -> Path:
    """A model in the hub's cache; its snapshot."""
    folder = shelf.hub / f"models--{model.replace('/', '--')}"
    if ref is not None:
        write(folder, {"refs/main": ref.encode()})
    return write(folder / "snapshots" / COMMIT, files)


@pytest.mark.parametrize("spelt", ["tiny", "./tiny", "../here/tiny", "tiny/"])
def test_a_path_is_found_however_it_is_spelt(shelf: Shelf, spelt: str) -> None:
    folder = pipeline_at(Path("tiny")).absolute()
    assert shelf.model(spelt) == Place("tiny", folder)
    assert shelf.model(str(folder)) == Place("tiny", folder)


def test_the_home_directory_may_be_spelt_short(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(Path.cwd()))
    folder = pipeline_at(Path("tiny")).absolute()
    assert shelf.model("~/tiny") == Place("tiny", folder)


def test_the_folder_of_now_is_called_by_its_name(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pipeline_at(Path("tiny")))
    assert shelf.model(".").name == "tiny"


def test_links_keep_the_name_that_they_have(shelf: Shelf) -> None:
    Path("blob").write_bytes(tensors())
    Path("model.safetensors").symlink_to("blob")
    assert shelf.model("model.safetensors").name == "model.safetensors"


def test_a_name_of_the_catalog_is_found_with_its_configuration(shelf: Shelf) -> None:
    config = pipeline_at(Path("config")).absolute()
    file = Path("a.safetensors").absolute()
    file.write_bytes(tensors())
    add_entry(shelf.catalog, "models", "mine", Entry(file, "diffusers", "sd15", config))
    place = Place("mine", file, config)
    assert shelf.model("mine") == place
    # By its path it is the same model.
    assert shelf.model("a.safetensors") == place


def test_a_folder_that_holds_no_model_gives_way_to_a_name(shelf: Shelf) -> None:
    there = pipeline_at(Path("elsewhere/sdxl")).absolute()
    add_entry(shelf.catalog, "models", "sdxl", Entry(there))
    Path("sdxl").mkdir()
    assert shelf.model("sdxl") == Place("sdxl", there)
    assert shelf.model("./sdxl") == Place("sdxl", Path("sdxl").absolute())
    pipeline_at(Path("sdxl"))
    assert shelf.model("sdxl").path == Path("sdxl").absolute()


def test_a_folder_without_a_model_is_left_to_the_backend_to_refuse(shelf: Shelf) -> None:
    Path("pictures").mkdir()
    assert shelf.model("pictures") == Place("pictures", Path("pictures").absolute())


@pytest.mark.parametrize("ref", [COMMIT, COMMIT + "\n", None])
def test_a_model_of_the_hub_is_found_by_its_id(shelf: Shelf, ref: str | None) -> None:
    snapshot = cached(shelf, "org/tiny", pipeline_files(), ref=ref)
    assert shelf.model("org/tiny") == Place("org/tiny", snapshot)
    # By its path it is the same model.
    assert shelf.model(str(snapshot)) == Place("org/tiny", snapshot)
    assert shelf.models() == [Place("org/tiny", snapshot)]


def test_files_of_the_hub_are_named_with_their_repository(shelf: Shelf) -> None:
    files = {"a-Q4.gguf": b"GGUF", "a-Q8.gguf": b"GGUF", "vae/b.safetensors": tensors()}
    snapshot = cached(shelf, "org/gguf", files)
    assert shelf.model("org/gguf/a-Q4.gguf") == Place("org/gguf/a-Q4.gguf", snapshot / "a-Q4.gguf")
    with pytest.raises(LocalBackendError) as raised:
        shelf.model("org/gguf")
    assert str(raised.value) == (
        "org/gguf has 2 models; name one of them: org/gguf/a-Q4.gguf, org/gguf/a-Q8.gguf."
    )
    (snapshot / "a-Q8.gguf").unlink()
    assert shelf.model("org/gguf").name == "org/gguf/a-Q4.gguf"


def test_a_small_vae_of_the_hub_is_a_folder(shelf: Shelf) -> None:
    files = {"config.json": b"{}", "diffusion_pytorch_model.safetensors": tensors()}
    snapshot = cached(shelf, "org/taesd", files)
    assert shelf.model("org/taesd") == Place("org/taesd", snapshot)
    # Nothing can be drawn with it alone.
    assert shelf.models() == []


def test_a_lora_is_found_by_path_name_and_id(shelf: Shelf) -> None:
    file = Path("ink.safetensors").absolute()
    file.write_bytes(lora())
    assert shelf.lora("ink.safetensors") == Place("ink.safetensors", file)
    add_entry(shelf.catalog, "loras", "ink", Entry(file))
    assert shelf.lora("ink") == Place("ink", file)
    snapshot = cached(shelf, "org/oil", {"pytorch_lora_weights.safetensors": lora()})
    oil = snapshot / "pytorch_lora_weights.safetensors"
    assert shelf.lora("org/oil").path == oil
    write(Path("folder"), {"oil.safetensors": lora()})
    assert shelf.lora("folder").path == Path("folder/oil.safetensors").absolute()


def test_a_recipe_finds_what_was_drawn_with_where_it_was(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = pipeline_at(Path("tiny")).absolute()
    file = Path("ink.safetensors").absolute()
    file.write_bytes(lora())
    shelf.remember(shelf.model("tiny"))
    shelf.remember(shelf.lora("ink.safetensors"))
    monkeypatch.chdir(tmp_path)
    again = replace(shelf, recorded=frozenset({"tiny", "ink.safetensors"}))
    assert again.model("tiny") == Place("tiny", folder)
    assert again.lora("ink.safetensors") == Place("ink.safetensors", file)
    # A name that somebody types means what has it, and nothing that had it once.
    with pytest.raises(LocalBackendError):
        shelf.model("tiny")
    with pytest.raises(LocalBackendError):
        shelf.lora("ink.safetensors")
    folder.rename(tmp_path / "gone")
    with pytest.raises(LocalBackendError):
        again.model("tiny")


def test_models_of_the_hub_need_not_be_remembered(shelf: Shelf) -> None:
    cached(shelf, "org/tiny", pipeline_files())
    shelf.remember(shelf.model("org/tiny"))
    assert not shelf.seen.exists()


MISSING = [
    (
        "sdxl-turb",
        "There is no model or path 'sdxl-turb' on this machine; did you mean 'sdxl-turbo'? (see "
        "`imagine models`, or name the model's folder or file).",
    ),
    (
        "./nothing",
        "There is no model or path './nothing' on this machine (see `imagine models`, or name the "
        "model's folder or file).",
    ),
    (
        "org/none",
        "There is no model or path 'org/none' on this machine; correct it, or run `imagine models "
        "download org/none`.",
    ),
    (
        "org/none/a.gguf",
        "There is no model or path 'org/none/a.gguf' on this machine; correct it, or run `imagine "
        "models download org/none --file a.gguf`.",
    ),
    (
        "org/tiny/b.gguf",
        "The file 'b.gguf' of org/tiny is not on this machine; run `imagine models download "
        "org/tiny --file b.gguf`.",
    ),
    (
        "org/tiny/../../x",
        "The file '../../x' of org/tiny is not on this machine; run `imagine models download "
        "org/tiny --file ../../x`.",
    ),
    ("x" * 5000, f"There is no model or path '{'x' * 79}…' on this machine (see `imagine models`, "
     "or name the model's folder or file)."),
    ("a\0b", "There is no model or path 'a\\u0000b' on this machine (see `imagine models`, or name "
     "the model's folder or file)."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MISSING)
def test_what_is_not_there_is_told_with_the_command_that_mends_it(
    shelf: Shelf, text: str, message: str
) -> None:
    add_entry(shelf.catalog, "models", "sdxl-turbo", Entry(Path("/nowhere")))
    cached(shelf, "org/tiny", pipeline_files())
    with pytest.raises(LocalBackendError) as raised:
        shelf.model(text)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("gone", "part"),
    [
        ("unet/diffusion_pytorch_model.safetensors", "unet"),
        ("tokenizer", "tokenizer"),
        ("vae", "vae"),
    ],
)
def test_half_a_model_of_the_hub_is_told_from_a_whole_one(
    shelf: Shelf, gone: str, part: str
) -> None:
    files = {name: data for name, data in pipeline_files().items() if not name.startswith(gone)}
    cached(shelf, "org/tiny", files)
    with pytest.raises(LocalBackendError) as raised:
        shelf.model("org/tiny")
    assert str(raised.value) == (
        f"The model org/tiny is on this machine in part only (it lacks its part '{part}'); run "
        "`imagine models download org/tiny`, which goes on where it stopped."
    )
    assert shelf.models() == []


def test_weights_in_shards_are_whole_with_all_of_them(shelf: Shelf) -> None:
    files = pipeline_files()
    weights = files.pop("unet/diffusion_pytorch_model.safetensors")
    shards = [f"diffusion_pytorch_model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index = "unet/diffusion_pytorch_model.safetensors.index.json"
    files[index] = json.dumps({"weight_map": dict(zip("ab", shards, strict=True))}).encode()
    snapshot = cached(shelf, "org/tiny", files | {f"unet/{shards[0]}": weights})
    with pytest.raises(LocalBackendError, match="lacks its part 'unet'"):
        shelf.model("org/tiny")
    (snapshot / "unet" / shards[1]).write_bytes(weights)
    assert shelf.model("org/tiny").path == snapshot


def test_a_download_that_only_began_is_half(shelf: Shelf) -> None:
    folder = shelf.hub / "models--org--tiny"
    write(folder, {"blobs/abc.incomplete": b"x"})
    with pytest.raises(LocalBackendError, match="is on this machine in part only; run `imagine"):
        shelf.model("org/tiny")


LORAS = [
    ("none", {}, "There is no LoRA or path 'none' on this machine; did you mean 'nine'? (name its "
     ".safetensors file, or give that a name with `imagine models add FILE`)."),
    ("a.pt", {"a.pt": b"x"}, "The LoRA 'HERE/a.pt' is no .safetensors file, the only kind that is "
     "read, as others can hold programs; get it as one."),
    ("two", {"two/a.safetensors": b"", "two/b.safetensors": b""},
     "The LoRA 'HERE/two' is a folder with 2 .safetensors files; name its file."),
    ("./empty", {"empty/x.txt": b""},
     "The LoRA 'HERE/empty' is a folder with no .safetensors file; name its file."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "files", "message"), LORAS)
def test_what_is_no_lora_is_told(
    shelf: Shelf, name: str, files: dict[str, bytes], message: str
) -> None:
    write(Path(), files)
    add_entry(shelf.catalog, "loras", "nine", Entry(Path("/nowhere")))
    with pytest.raises(LocalBackendError) as raised:
        shelf.lora(name)
    assert str(raised.value).replace(str(Path.cwd()), "HERE") == message


@pytest.mark.parametrize("name", ["ink.safetensors:abc", "./ink.safetensors:0,5", "ink:strong"])
def test_a_weight_that_is_none_is_told_from_a_lora_that_is_not_there(
    shelf: Shelf, name: str
) -> None:
    file = Path("ink.safetensors").absolute()
    file.write_bytes(lora())
    add_entry(shelf.catalog, "loras", "ink", Entry(file))
    with pytest.raises(UsageError) as raised:
        shelf.lora(name)
    told = f"The weight of --lora '{name}' is no number; write detail:0.8."
    assert str(raised.value) == told
    # A name may have a colon of its own.
    other = Path("ink:strong").absolute()
    write(other, {"a.safetensors": lora()})
    assert shelf.lora("ink:strong").path == other / "a.safetensors"
    with pytest.raises(LocalBackendError, match="There is no LoRA or path 'oil:strong' on"):
        shelf.lora("oil:strong")


def test_a_configuration_that_is_gone_is_told(shelf: Shelf) -> None:
    file, config = Path("a.safetensors").absolute(), Path("config").absolute()
    file.write_bytes(tensors())
    add_entry(shelf.catalog, "models", "a", Entry(file, config=config))
    with pytest.raises(LocalBackendError) as raised:
        shelf.model("a")
    assert str(raised.value) == (
        f"The configuration '{config}' of '{file}' is no folder any more; run `imagine models add "
        "PATH --config FOLDER` with its new place."
    )


def test_a_broken_catalog_is_told(shelf: Shelf) -> None:
    shelf.catalog.write_text("[models")
    with pytest.raises(ConfigError, match=r"models.toml' is not TOML"):
        shelf.model("tiny")


def test_the_latest_place_of_a_name_counts(tmp_path: Path) -> None:
    file = tmp_path / "seen.json"
    for number in range(MOST + 10):
        remember(file, Sighting("tiny", f"/{number}"))
    remember(file, Sighting("tiny", "/50"))
    rows = load_seen(file)
    assert len(rows) == MOST
    assert [row.path for row in rows[:2]] == ["/50", f"/{MOST + 9}"]


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", '[["a"]]', "[[[[[", "\udcff"])
def test_a_damaged_memory_counts_as_empty(tmp_path: Path, text: str) -> None:
    file = tmp_path / "seen.json"
    file.write_bytes(os.fsencode(text))
    assert load_seen(file) == []
    remember(file, Sighting("tiny", "/a"))
    assert load_seen(file) == [Sighting("tiny", "/a")]


def test_a_memory_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    file = tmp_path / "file" / "seen.json"
    remember(file, Sighting("tiny", "/a"))
    assert load_seen(file) == []


def test_a_model_of_another_commit_is_named_with_it(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models.toml", tmp_path / "seen.json", tmp_path / "hub")
    folder = shelf.hub / "models--org--tiny"
    for commit in ("aaaa", "bbbb"):
        pipeline_at(folder / "snapshots" / commit)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("aaaa")
    other = folder / "snapshots" / "bbbb"
    assert shelf.model(str(other)) == shelf.model("org/tiny@bbbb") == Place("org/tiny@bbbb", other)
    assert shelf.model("org/tiny").path == folder / "snapshots" / "aaaa"
    assert shelf.model(str(folder / "snapshots" / "aaaa")).name == "org/tiny"
    with pytest.raises(LocalBackendError):
        shelf.model("org/tiny@cccc")


@given(st.text())
def test_no_text_is_an_id_that_leads_out_of_the_cache(text: str) -> None:
    if is_id(text):
        folder = Path("/hub") / f"models--{text.replace('/', '--')}"
        assert folder.parent == Path("/hub")
        assert ".." not in folder.parts
