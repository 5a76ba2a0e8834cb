"""The catalog: what people write in it, and what stays as they wrote it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine.stages.errors import ConfigError
from imagine.stages.generate.local.catalog import (
    Catalog,
    Entry,
    add_entry,
    load_catalog,
    remove_entry,
)

WRITTEN = """\
# Mine, on the second disk.
[models.sdxl]
path = "/models/sdxl"   # the big one
kind = "diffusers"

# What follows is for sketches.
[models."sd-1.5"]
path = "sd15"
added = 2026-11-22

[loras.ink]
path = "~/ink.safetensors"
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", "/home/somebody")
    path = tmp_path / "models.toml"
    path.write_text(WRITTEN)
    return path


def test_entries_are_read_with_their_paths(file: Path) -> None:
    assert load_catalog(file) == Catalog(
        models={
            "sdxl": Entry(Path("/models/sdxl"), "diffusers"),
            "sd-1.5": Entry(file.parent / "sd15", added="2026-11-22"),
        },
        loras={"ink": Entry(Path("/home/somebody/ink.safetensors"))},
    )


def test_what_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert load_catalog(tmp_path / "none.toml") == Catalog({}, {})


def test_an_entry_is_added_at_the_end(file: Path) -> None:
    add_entry(file, "models", "new", Entry(Path("/n"), "sdcpp", "Flux", Path("/c"), "2026-01-02"))
    assert file.read_text() == WRITTEN + (
        '\n[models."new"]\npath = "/n"\nkind = "sdcpp"\nfamily = "Flux"\nconfig = "/c"\n'
        'added = "2026-01-02"\n'
    )


def test_removing_an_entry_leaves_all_else_as_it_was_written(file: Path) -> None:
    remove_entry(file, "models", "sdxl")
    assert file.read_text() == "# Mine, on the second disk.\n" + WRITTEN[WRITTEN.index("# What") :]
    remove_entry(file, "models", "sd-1.5")
    remove_entry(file, "loras", "ink")
    assert file.read_text() == "# Mine, on the second disk.\n# What follows is for sketches.\n"


def test_an_entry_is_replaced(file: Path) -> None:
    add_entry(file, "models", "sdxl", Entry(Path("/other")))
    assert load_catalog(file).models["sdxl"] == Entry(Path("/other"))
    assert file.read_text().count("sdxl") == 1


def test_names_of_models_and_loras_are_apart(file: Path) -> None:
    add_entry(file, "loras", "sdxl", Entry(Path("/lora")))
    remove_entry(file, "loras", "sdxl")
    assert file.read_text() == WRITTEN


def test_an_entry_without_a_table_of_its_own_is_left_to_its_author(file: Path) -> None:
    file.write_text('[models]\nsdxl = {path = "/a"}\n')
    with pytest.raises(ConfigError) as raised:
        remove_entry(file, "models", "sdxl")
    assert str(raised.value) == (
        f"The catalog '{file}' does not give 'sdxl' a table of its own; change it yourself."
    )
    assert file.read_text() == '[models]\nsdxl = {path = "/a"}\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("models = 3", "gives 'models.' no path"),
        ("[model.a]\npath = 'x'", "has no table 'model', but models and loras"),
        ("[models.a]\n", "gives 'models.a' no path"),
        ("[models.a]\npath = 3", "gives 'models.a' a path that is no text"),
        ("[models.a]\npath = 'x'\nkind = 'onnx'",
         "gives 'models.a' the kind 'onnx', none of diffusers, openvino, sdcpp"),
        ("[models.a]\npath = 'x'\nconfg = 'y'",
         "gives 'models.a' a 'confg'; did you mean 'config'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(file: Path, text: str, problem: str) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load_catalog(file)
    assert str(raised.value) == f"The catalog '{file}' {problem}; correct it."


def test_what_is_no_text_or_no_toml_is_told(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\xff")
    with pytest.raises(ConfigError) as raised:
        load_catalog(file)
    assert str(raised.value) == (
        f"The catalog '{file}' cannot be read: it is not UTF-8 text; correct it."
    )
    file.write_text("[models.a\n")
    with pytest.raises(ConfigError, match=r"models.toml' is not TOML: "):
        load_catalog(file)


def test_a_path_that_is_no_text_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        add_entry(file, "models", "odd", Entry(Path("/\udcff")))
    assert str(raised.value) == (
        "The path of 'odd' is not UTF-8, which the catalog cannot hold; rename it."
    )
    assert file.read_text() == WRITTEN


def test_a_catalog_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written: "):
        add_entry(tmp_path / "file" / "models.toml", "models", "a", Entry(Path("/a")))


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(names=st.lists(NAMES, unique=True, max_size=5), path=NAMES)
def test_whatever_is_added_comes_back_and_goes_again(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], path: str
) -> None:
    file = tmp_path_factory.mktemp("catalog") / "models.toml"
    entry = Entry(Path("/", path))
    for name in names:
        add_entry(file, "models", name, entry)
    assert load_catalog(file).models == dict.fromkeys(names, entry)
    for name in names:
        remove_entry(file, "models", name)
    assert load_catalog(file) == Catalog({}, {})
