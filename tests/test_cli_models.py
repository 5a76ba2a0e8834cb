"""`imagine models`: list, add, show, remove, download; convert has a test where torch is."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Command
from fakes import Fake
from fakes.hub import KEY, Repository, serve_hub
from model_files import WEIGHTS, lora, pipeline_at, pipeline_files, tensors, write

from imagine.cli import completion, models_download, models_rows
from imagine.cli.console import Console
from imagine.cli.doctor import CHECKS
from imagine.cli.local import shelf_of
from imagine.cli.settings import config_directory, load_settings
from imagine.cli.upscale_lock import alone_in
from imagine.stages.generate.diffusers.device import Memory
from imagine.stages.generate.diffusers.tiny_vae import tiny_vae_for
from imagine.stages.generate.local.hub import Hub
from imagine.stages.generate.local.hub_files import RemoteFile
from imagine.stages.generate.local.hub_store import Store
from imagine.stages.generate.local.options import LocalOptions
from imagine.stages.generate.openvino import convert

Start = Callable[..., Fake]

# A small decoder, by its files.
TAESD = {
    "config.json": b'{"_class_name": "AutoencoderTiny", "latent_channels": 4}',
    "diffusion_pytorch_model.safetensors": tensors(),
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a hub that the settings point at: `hub({"org/tiny": Repository(...)})`."""
    running = []

    def start(repositories: dict[str, Repository], faults: tuple[str, ...] = ()) -> Fake:
        context = serve_hub(repositories, faults=faults)
        fake = context.__enter__()
        running.append(context)
        monkeypatch.setenv("HF_ENDPOINT", fake.root)
        return fake

    yield start
    for context in reversed(running):
        context.__exit__(None, None, None)


def rows(imagine: Command) -> list[dict[str, Any]]:
    return [json.loads(line) for line in imagine("models", "list", "--json").lines]


def catalog() -> str:
    return (config_directory() / "models.toml").read_text()


def test_nothing_is_listed_at_first(imagine: Command) -> None:
    done = imagine("models")
    assert (done.code, done.out) == (0, "")
    assert done.err == (
        "No model has a name yet: `imagine models add PATH` gives one of yours a name, "
        "`imagine models download ORG/NAME` fetches one.\n"
    )


def test_a_model_is_added_listed_shown_and_removed(imagine: Command) -> None:
    folder = pipeline_at(Path("tiny-sd")).absolute()
    added = imagine("models", "add", "tiny-sd", "--name", "mine")
    assert added.code == 0, added.err
    line = f"mine  diffusers  Stable Diffusion 1  1 kB  {folder}"
    assert added.lines == [line]
    assert added.err == 'Draw with it: imagine "PROMPT" -m mine\n'
    assert imagine("models").lines == imagine("models", "list").lines == [line]
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    row = {
        "table": "model",
        "name": "mine",
        "kinds": ["diffusers"],
        "family": "Stable Diffusion 1",
        "bytes": size,
        "path": str(folder),
        "origin": "catalog",
        "problem": "",
        "num_inference_steps": 25,
        "guidance_scale": 7.5,
        "side": 512,
    }
    assert rows(imagine) == [row]
    assert imagine("models", "show", "mine", "--json").json == row
    assert imagine("models", "show", "mine").lines == [
        "kind      diffusers",
        "family    Stable Diffusion 1",
        "steps     25",
        "guidance  7.5",
        "side      512 pixels",
        "size      1 kB",
        f"path      {folder}",
    ]
    removed = imagine("models", "remove", "mine")
    assert removed.lines == ["Removed mine; its files are where they were."]
    assert rows(imagine) == []
    assert folder.exists()


def test_a_model_is_called_as_its_folder_and_may_be_added_again(imagine: Command) -> None:
    pipeline_at(Path("tiny-sd"))
    assert imagine("models", "add", "tiny-sd").code == 0
    assert imagine("models", "add", "./tiny-sd").code == 0
    assert catalog().count("[models.") == 1
    pipeline_at(Path("other/tiny-sd"))
    taken = imagine("models", "add", "other/tiny-sd")
    assert taken.code == 2
    assert taken.err == (
        f"Error: The name 'tiny-sd' is that of '{Path('tiny-sd').absolute()}'; choose another "
        "with --name, or run `imagine models remove tiny-sd` first.\n"
    )


def test_a_lora_is_told_by_its_tensors(imagine: Command) -> None:
    Path("ink.safetensors").write_bytes(lora())
    added = imagine("models", "add", "ink.safetensors")
    path = Path("ink.safetensors").absolute()
    assert added.lines == [f"ink  LoRA    0 kB  {path}"]
    assert added.err == 'Draw with it: imagine "PROMPT" --lora ink\n'
    assert [row["table"] for row in rows(imagine)] == ["lora"]
    assert imagine("models", "show", "ink", "--json").json["path"] == str(path)
    assert imagine("models", "remove", "ink").code == 0
    assert rows(imagine) == []


ADDED: list[tuple[str, Callable[[], object], list[str], int, str]] = [
    (
        "nothing there",
        lambda: None,
        ["nope"],
        2,
        "There is no model at 'nope'; check the path.",
    ),
    (
        "the home of nobody",
        lambda: None,
        ["~no-such-user/fox"],
        2,
        "There is no model at '~no-such-user/fox'; check the path.",
    ),
    (
        "a name that no file can have",
        lambda: None,
        ["x" * 5000],
        2,
        f"There is no model at '{'x' * 79}…'; check the path.",
    ),
    (
        "another kind of file",
        lambda: Path("notes.txt").write_text("x"),
        ["notes.txt"],
        6,
        "'HERE/notes.txt' is no model; name a .safetensors or .gguf file.",
    ),
    (
        "a pickle",
        lambda: Path("real.ckpt").write_bytes(b"\x80\x02}"),
        ["real.ckpt"],
        6,
        "The model 'HERE/real.ckpt' is a pickle, which can run programs; get its .safetensors "
        "file.",
    ),
    (
        "a tiny VAE without weights",
        lambda: write(Path("taesd"), {"config.json": TAESD["config.json"]}),
        ["taesd"],
        6,
        "The folder 'HERE/taesd' has no .safetensors file; download all of it.",
    ),
    (
        "a part of a pipeline",
        lambda: pipeline_at(Path("tiny")),
        ["tiny/unet"],
        6,
        "The folder 'HERE/tiny/unet' is one part of a pipeline; name the folder around it.",
    ),
    (
        "a part is missing",
        lambda: Path(pipeline_at(Path("tiny")), f"vae/{WEIGHTS['vae']}.safetensors").unlink(),
        ["tiny"],
        6,
        "The folder 'HERE/tiny/vae' has no .safetensors file; download all of it.",
    ),
    (
        "a name that is a path",
        lambda: pipeline_at(Path("tiny")),
        ["tiny", "--name", "my/tiny"],
        2,
        "The name 'my/tiny' is none that a model can have; give one of up to 100 letters, digits, "
        "'.', '-' and '_' with --name.",
    ),
    (
        "a configuration of a folder",
        lambda: pipeline_at(Path("tiny")),
        ["tiny", "--config", "tiny"],
        2,
        "--config names the folder that describes a single file's pipeline; leave it out, or name "
        "a folder.",
    ),
    (
        "cut off",
        lambda: Path("a.safetensors").write_bytes(tensors(numbers=100)[:-10]),
        ["a.safetensors"],
        6,
        "The model 'HERE/a.safetensors' is cut off, 268 of 278 bytes are there; download it again.",
    ),
]


@pytest.mark.parametrize(("make", "arguments", "code", "message"), [row[1:] for row in ADDED],
                         ids=[row[0] for row in ADDED])  # fmt: skip
def test_what_is_no_model_is_not_added(
    imagine: Command, make: Callable[[], object], arguments: list[str], code: int, message: str
) -> None:
    make()
    done = imagine("models", "add", *arguments)
    assert done.code == code
    assert done.err.replace(str(Path.cwd()), "HERE") == f"Error: {message}\n"
    assert rows(imagine) == []


def test_a_pickle_that_is_to_draw_is_called_one(imagine: Command) -> None:
    Path("real.ckpt").write_bytes(b"\x80\x02}")
    done = imagine("a fox", "-m", "real.ckpt", "--dry-run")
    assert done.code == 6
    assert done.err.replace(str(Path.cwd()), "HERE") == (
        "Error: The model 'HERE/real.ckpt' is a pickle, which can run programs; get its "
        ".safetensors file.\n"
    )


EMPTY = [
    (("models", "add", ""), "There is no model at ''; check the path."),
    (
        ("models", "add", "tiny", "--name", ""),
        "The name '' is none that a model can have; give one of up to 100 letters, digits, '.', "
        "'-' and '_' with --name.",
    ),
    (("a fox", "-m", ""), "--model '' names none; name one, or leave it out."),
    (("a fox", "-b", "diffusers", "-m", ""), "--model '' names none; name one, or leave it out."),
]


@pytest.mark.parametrize(("line", "message"), EMPTY)
def test_no_text_is_no_name_and_no_path(
    imagine: Command, line: tuple[str, ...], message: str
) -> None:
    pipeline_at(Path("tiny"))
    done = imagine(*line)
    assert (done.code, done.err) == (2, f"Error: {message}\n")


def test_a_tiny_vae_is_listed_and_draws_nothing(imagine: Command) -> None:
    folder = write(Path("taesd"), TAESD).absolute()
    added = imagine("models", "add", "taesd", "--name", "small")
    assert added.code == 0, added.err
    assert added.lines == [f"small  tiny VAE    0 kB  {folder}"]
    assert added.err == "Decode with it: set IMAGINE_TINY_VAE=small\n"
    assert [(row["table"], row["kinds"]) for row in rows(imagine)] == [("tiny VAE", [])]
    assert "kind      tiny VAE" in imagine("models", "show", "small").lines
    assert completion.local_model("") == []
    shelf = shelf_of(load_settings())
    found = tiny_vae_for(LocalOptions(tiny_vae="small"), shelf)
    assert found is not None
    assert found.path == folder
    done = imagine("a fox", "-m", "small", "--dry-run")
    assert (done.code, done.err) == (
        6,
        "Error: 'small' is a tiny VAE, which decodes for a model and draws nothing; set "
        "IMAGINE_TINY_VAE=small, and name a model with --model.\n",
    )


def test_a_tiny_vae_of_the_hub_is_listed_too(imagine: Command, hub: Start) -> None:
    hub({"org/taesd": Repository(TAESD)})
    done = imagine("models", "download", "org/taesd")
    assert done.code == 0, done.err
    assert done.err.splitlines()[-1] == "Decode with it: set IMAGINE_TINY_VAE=org/taesd"
    assert [(row["table"], row["name"]) for row in rows(imagine)] == [("tiny VAE", "org/taesd")]


def test_the_backend_is_named_where_a_setting_has_another(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline_at(Path("tiny"))
    monkeypatch.setenv("IMAGINE_BACKEND", "sketch")
    assert imagine("models", "add", "tiny").err == (
        'Draw with it: imagine "PROMPT" -b diffusers -m tiny\n'
    )
    monkeypatch.setenv("IMAGINE_BACKEND", "diffusers")
    assert imagine("models", "add", "tiny").err == 'Draw with it: imagine "PROMPT" -m tiny\n'
    assert models_rows.drawing_with("my folder", ["openvino"]).endswith(
        "-b openvino -m 'my folder'"
    )


def test_a_model_that_is_gone_is_listed_as_broken(imagine: Command) -> None:
    folder = pipeline_at(Path("tiny"))
    imagine("models", "add", "tiny")
    folder.rename("elsewhere")
    problem = (
        f"'tiny' of `imagine models` is not at '{folder.absolute()}' any more; run `imagine models "
        "add PATH --name tiny` with its new place."
    )
    listed = imagine("models")
    assert listed.code == 0
    assert listed.lines == [f"tiny  diffusers  Stable Diffusion 1  0 kB  broken: {problem}"]
    assert CHECKS["models"]() == ("warning", f"tiny: {problem}")
    shown = imagine("models", "show", "tiny")
    assert (shown.code, shown.err) == (6, f"Error: {problem}\n")


def test_unknown_names_are_told_with_the_nearest(imagine: Command) -> None:
    pipeline_at(Path("tiny"))
    imagine("models", "add", "tiny")
    done = imagine("models", "remove", "tinny")
    assert (done.code, done.err) == (
        2, "Error: Nothing is called 'tinny'; did you mean 'tiny'? (see `imagine models`).\n"
    )  # fmt: skip


def snapshot(model: str, commit: str) -> Path:
    base = os.environ["XDG_CACHE_HOME"]
    folder = Path(base) / "huggingface/hub" / f"models--{model.replace('/', '--')}"
    return folder / "snapshots" / commit


def test_a_model_is_downloaded_and_can_be_named(imagine: Command, hub: Start) -> None:
    tiny = Repository(pipeline_files(variants=("", "fp16")) | {"unet/model.bin": b"pickle"})
    fake = hub({"org/tiny": tiny})
    done = imagine("models", "download", "org/tiny")
    assert done.code == 0, done.err
    folder = snapshot("org/tiny", tiny.commit)
    assert done.lines == [str(folder)]
    assert done.err == (
        "Downloading 1 kB of org/tiny (licence: openrail++).\n"
        'Draw with it: imagine "PROMPT" -m org/tiny\n'
    )
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))
    assert there == sorted(name for name in pipeline_files(variants=("fp16",)))
    assert [(row["name"], row["origin"]) for row in rows(imagine)] == [("org/tiny", "hub")]
    asked = len(fake.entries)
    again = imagine("models", "download", "org/tiny", "--json")
    assert again.json == {
        "name": "org/tiny",
        "path": str(folder),
        "commit": tiny.commit,
        "bytes": sum(len(tiny.files[name]) for name in there),
        "licence": "openrail++",
        "kinds": ["diffusers"],
    }
    # The list, and the index.
    assert len(fake.entries) == asked + 2


def test_one_file_is_downloaded(imagine: Command, hub: Start) -> None:
    hub({"org/loras": Repository({"ink.safetensors": lora(), "oil.safetensors": lora() + b""})})
    several = imagine("models", "download", "org/loras")
    assert (several.code, several.err) == (
        2,
        "Error: The model org/loras has several files; name one with --file: ink.safetensors "
        "(0 kB), oil.safetensors (0 kB).\n",
    )
    done = imagine("models", "download", "org/loras", "--file", "ink.safetensors")
    assert done.code == 0, done.err
    assert Path(done.lines[0]).read_bytes() == lora()
    assert done.err.endswith('imagine "PROMPT" --lora org/loras/ink.safetensors\n')
    (row,) = rows(imagine)
    assert (row["table"], row["name"], row["origin"]) == (
        "lora", "org/loras/ink.safetensors", "hub"
    )  # fmt: skip
    assert imagine("models", "show", "org/loras/ink.safetensors", "--json").json == row


def test_gigabytes_are_asked_for(
    imagine: Command, hub: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models_download, "UNASKED", 100)
    fake = hub({"org/tiny": Repository(pipeline_files())})
    done = imagine("models", "download", "org/tiny", "--quiet")
    assert (done.code, done.err) == (
        7,
        "Error: Downloading 1 kB of org/tiny (licence: openrail++) needs your consent; give "
        "--yes.\n",
    )
    assert not any("/store/" in entry.path for entry in fake.entries)
    assert imagine("models", "download", "org/tiny", "--yes").code == 0


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"YES\n", 0), (b"n\n", 7), (b"\n", 7)])
def test_a_person_may_agree_to_gigabytes(
    imagine: Command, hub: Start, monkeypatch: pytest.MonkeyPatch, answer: bytes, code: int
) -> None:
    monkeypatch.setattr(models_download, "UNASKED", 100)
    monkeypatch.setattr(Console, "can_ask", lambda console: True)
    fake = hub({"org/tiny": Repository(pipeline_files())})
    done = imagine("models", "download", "org/tiny", stdin=answer)
    assert done.code == code
    directory = Path(os.environ["XDG_CACHE_HOME"], "huggingface", "hub")
    assert done.err.startswith(
        f"Download 1 kB of org/tiny (licence: openrail++) to {directory}? [y/N] "
    )
    if code:
        assert done.err.endswith("Error: The download was not agreed to; nothing was downloaded.\n")
    assert any("/store/" in entry.path for entry in fake.entries) == (code == 0)


REFUSED: list[tuple[str, list[str], dict[str, str], int, str]] = [
    (
        "no id",
        ["tiny"],
        {},
        2,
        "'tiny' is no id of a model on the hub; give one as ORG/NAME, such as "
        "stabilityai/sdxl-turbo.",
    ),
    (
        "no revision",
        ["org/tiny", "--revision", "../x"],
        {},
        2,
        "'../x' is no branch, tag or commit; see the model's page.",
    ),
    (
        "offline",
        ["org/tiny"],
        {"HF_HUB_OFFLINE": "1"},
        3,
        "The setting offline (environment) forbids downloads; unset IMAGINE_OFFLINE and "
        "HF_HUB_OFFLINE.",
    ),
    (
        "pickles",
        ["org/pickled"],
        {},
        6,
        "The model org/pickled has its 'vae' as a pickle only, which can run programs; choose a "
        "model with .safetensors files.",
    ),
    (
        "no such variant",
        ["org/tiny", "--variant", "bf16"],
        {},
        2,
        "The model org/tiny has no variant 'bf16', but fp16; leave out --variant, or name another.",
    ),
    (
        "a file and a variant",
        ["org/tiny", "--file", "x.safetensors", "--variant", "fp16"],
        {},
        2,
        "--file names the weights already; leave out --variant.",
    ),
    (
        "gated",
        ["org/gated"],
        {},
        3,
        "The model org/gated is for those who accepted its licence: do so at ROOT/org/gated, and "
        "set HF_TOKEN to a token of that account (ROOT/settings/tokens).",
    ),
    (
        "not there",
        ["org/none"],
        {"HF_TOKEN": KEY},
        2,
        "There is no model 'org/none' on 127.0.0.1; check the name.",
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_be_downloaded_is_told_in_a_sentence(
    imagine: Command, hub: Start, monkeypatch: pytest.MonkeyPatch, row: tuple[Any, ...]
) -> None:
    _, arguments, variables, code, message = row
    pickled = pipeline_files()
    pickled["vae/diffusion_pytorch_model.bin"] = pickled.pop(
        "vae/diffusion_pytorch_model.safetensors"
    )
    fake = hub(
        {
            "org/tiny": Repository(pipeline_files(variants=("", "fp16"))),
            "org/pickled": Repository(pickled),
            "org/gated": Repository(pipeline_files(), gated=True),
        }
    )
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    done = imagine("models", "download", *arguments)
    assert done.code == code
    assert done.err.replace(fake.root, "ROOT") == f"Error: {message}\n"
    assert not any("/store/" in entry.path for entry in fake.entries)


def test_a_stopped_download_counts_as_half_and_goes_on(
    imagine: Command, hub: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = Repository(pipeline_files(numbers=200_000))
    fake = hub({"org/tiny": tiny})
    fetch = Store.fetch

    def stopped(store: Store, hub: Hub, file: RemoteFile, tell: Callable[[int], None]) -> None:
        def tell_and_stop(there: int) -> None:
            if file.name.startswith("unet/diff") and there > 100_000:
                raise KeyboardInterrupt
            tell(there)

        fetch(store, hub, file, tell_and_stop)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "fetch", stopped)
        done = imagine("models", "download", "org/tiny", "--quiet")
    assert (done.code, done.err) == (
        130, "\nStopped; the same command goes on from here.\n"
    )  # fmt: skip
    half = imagine("models", "show", "org/tiny")
    assert (half.code, half.err) == (
        6,
        "Error: The model org/tiny is on this machine in part only (it lacks its part 'unet'); run "
        "`imagine models download org/tiny`, which goes on where it stopped.\n",
    )
    assert rows(imagine) == []
    assert imagine("models", "download", "org/tiny").code == 0
    ranges = [entry.headers["range"] for entry in fake.entries if "range" in entry.headers]
    # The hub, and the store that it leads on to, are both asked for the rest.
    assert len(ranges) == 2
    assert int(ranges[0].removeprefix("bytes=").removesuffix("-")) > 100_000
    assert [row["name"] for row in rows(imagine)] == ["org/tiny"]


def test_two_runs_download_different_models_only(imagine: Command, hub: Start) -> None:
    tiny = Repository(pipeline_files())
    hub({"org/tiny": tiny, "org/other": tiny})
    with alone_in([snapshot("org/tiny", tiny.commit).parents[1]]):
        done = imagine("models", "download", "org/tiny")
        assert (done.code, done.err) == (
            1, "Error: Another run of imagine downloads or deletes org/tiny; wait for it.\n"
        )  # fmt: skip
        assert imagine("models", "download", "org/other").code == 0


def test_what_a_repository_lacks_is_told_at_once(imagine: Command, hub: Start) -> None:
    files = {name: data for name, data in pipeline_files().items() if not name.startswith("vae/")}
    hub({"org/missvae": Repository(files)})
    done = imagine("models", "download", "org/missvae", "-q")
    assert (done.code, done.out, done.err) == (
        6,
        "",
        "Error: The repository of org/missvae lacks the part 'vae' of its own pipeline, so it "
        "cannot be drawn with; choose another model, or tell its authors.\n",
    )


def test_an_index_that_arrived_damaged_is_nobodys_fault(imagine: Command, hub: Start) -> None:
    hub({"org/tiny": Repository(pipeline_files())}, faults=("download/damaged",))
    done = imagine("models", "download", "org/tiny", "-q")
    assert (done.code, done.err) == (
        4,
        "Error: The model_index.json of org/tiny arrived damaged; run it again, later.\n",
    )


def test_another_revision_is_drawn_with_by_its_commit(imagine: Command, hub: Start) -> None:
    main, other = Repository(pipeline_files()), Repository(pipeline_files(numbers=9))
    for repository in (main, other):
        fake = hub({"org/tiny": repository})
        revision = () if repository is main else ("--revision", repository.commit)
        done = imagine("models", "download", "org/tiny", *revision)
        assert done.code == 0, done.err
    assert fake.entries
    name = f"org/tiny@{other.commit}"
    assert done.err.splitlines()[-1] == (f'Draw with it: imagine "PROMPT" -m {name}')
    folder = snapshot("org/tiny", other.commit)
    assert imagine("models", "show", name, "--json").json["path"] == str(folder)
    assert imagine("models", "show", "org/tiny", "--json").json["path"] != str(folder)


def test_a_name_of_a_model_and_a_lora_is_removed_from_one(imagine: Command) -> None:
    Path("ink.safetensors").write_bytes(lora())
    imagine("models", "add", "ink.safetensors")
    imagine("models", "add", str(pipeline_at(Path("tiny"))), "--name", "ink")
    both = imagine("models", "remove", "ink")
    assert (both.code, both.err) == (
        2,
        "Error: A model and a LoRA are called 'ink'; add --model or --lora to say which.\n",
    )
    assert imagine("models", "remove", "ink", "--lora").code == 0
    assert [row["table"] for row in rows(imagine)] == ["model"]


def test_nothing_is_deleted_while_it_is_downloaded(imagine: Command, hub: Start) -> None:
    tiny = Repository(pipeline_files())
    hub({"org/tiny": tiny})
    imagine("models", "download", "org/tiny")
    folder = snapshot("org/tiny", tiny.commit).parents[1]
    with alone_in([folder]):
        done = imagine("models", "remove", "org/tiny", "--delete", "--yes")
    assert (done.code, done.err) == (
        1,
        "Error: Another run of imagine downloads or deletes org/tiny; wait for it.\n",
    )
    assert folder.exists()


def test_a_configuration_may_be_that_of_a_model_on_the_hub(imagine: Command, hub: Start) -> None:
    hub({"org/tiny": Repository(pipeline_files())})
    imagine("models", "download", "org/tiny")
    gone = imagine("models", "add", "tiny.safetensors", "--config", "org/tiny")
    assert gone.code == 2
    pipeline_at(Path("folder"))
    done = imagine("models", "add", "folder", "--config", "org/none")
    assert (done.code, done.err) == (
        6,
        "Error: There is no model or path 'org/none' on this machine; correct it, or run "
        "`imagine models download org/none`.\n",
    )


def test_a_directory_sends_nobodys_token_elsewhere(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", KEY)
    Path(".env").write_text("IMAGINE_HUB_URL=https://hub.example.com\n")
    done = imagine("models", "download", "org/tiny")
    assert (done.code, done.err) == (
        3,
        "Error: '.env' of this directory would send your Hugging Face token to "
        "https://hub.example.com; if that is meant, set IMAGINE_HUB_URL in the environment, or put "
        "the token beside it.\n",
    )


def test_files_of_the_cache_are_deleted_on_demand_alone(imagine: Command, hub: Start) -> None:
    tiny = Repository(pipeline_files(numbers=1000))
    hub({"org/tiny": tiny})
    imagine("models", "download", "org/tiny")
    folder = snapshot("org/tiny", tiny.commit).parents[1]
    kept = imagine("models", "remove", "org/tiny")
    assert (kept.code, kept.err) == (
        2,
        "Error: The model org/tiny lies in Hugging Face's cache, which other programs share, and "
        "has no name to forget; add --delete to delete its files.\n",
    )
    size = sum(len(data) for data in tiny.files.values())
    asked = imagine("models", "remove", "org/tiny", "--delete")
    assert (asked.code, asked.err) == (
        7, f"Error: Deleting {round(size / 1000)} kB of org/tiny needs your consent; give --yes.\n"
    )  # fmt: skip
    assert folder.exists()
    done = imagine("models", "remove", "org/tiny", "--delete", "--yes", "--json")
    assert done.json == {"name": "org/tiny", "deleted": True, "bytes": size}
    assert not folder.exists()


def test_files_of_ones_own_are_never_deleted(imagine: Command) -> None:
    folder = pipeline_at(Path("tiny")).absolute()
    imagine("models", "add", "tiny")
    done = imagine("models", "remove", "tiny", "--delete", "--yes")
    assert (done.code, done.err) == (
        2,
        f"Error: The files of 'tiny' at '{folder}' are yours, not those of Hugging Face's cache; "
        "leave out --delete, and delete them yourself.\n",
    )
    assert folder.exists()
    assert len(rows(imagine)) == 1


def test_backends_name_the_models_that_they_can_draw_with(imagine: Command) -> None:
    pipeline_at(Path("tiny"))
    imagine("models", "add", "tiny")
    listed = {
        row["name"]: row
        for row in map(json.loads, imagine("backends", "--json").lines)
        if row["kind"] == "backend"
    }
    assert listed["diffusers"]["models"] == ["tiny"]
    assert listed["openvino"]["models"] == listed["sdcpp"]["models"] == []
    assert "models: tiny" in imagine("backends", "diffusers").out


def test_converting_needs_the_extras(imagine: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline_at(Path("tiny"))
    monkeypatch.setattr(convert, "find_spec", lambda name: None)
    done = imagine("models", "convert", "tiny", "target", "--quiet")
    assert done.code == 6
    assert "pip install 'imagine-cli[" in done.err
    assert not Path("target").exists()
    missing = imagine("models", "convert", "none", "target")
    assert (missing.code, missing.err) == (
        6,
        "Error: There is no model or path 'none' on this machine (see `imagine models`, or name "
        "the model's folder or file).\n",
    )


def test_another_model_is_no_tiny_vae_to_convert(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline_at(Path("tiny"))
    monkeypatch.setattr(convert, "find_spec", lambda name: True)
    done = imagine("models", "convert", "tiny", "target", "--tiny-vae", "./tiny")
    assert (done.code, done.err) == (
        6,
        f"Error: '{Path('tiny').absolute()}' is no folder of an AutoencoderTiny of diffusers; name "
        "one, such as that of madebyollin/taesd.\n",
    )
    assert not Path("target.part").exists()


@pytest.mark.parametrize(
    ("disk", "memory", "message"),
    [
        (3e6, 9e9, "writes 6 MB, and 3 MB are free at 'HERE'; name another place."),
        (
            7e6,
            2e6,
            "takes 5 MB of memory, and 2 MB are free; close other programs, or convert it on a "
            "larger machine.",
        ),
    ],
)
def test_what_converting_needs_is_told_in_fitting_units(
    imagine: Command, monkeypatch: pytest.MonkeyPatch, disk: float, memory: float, message: str
) -> None:
    write(Path("tiny"), pipeline_files(numbers=10**6))
    monkeypatch.setattr(convert, "find_spec", lambda name: True)
    monkeypatch.setattr(convert, "free_memory", lambda device, torch: Memory(int(memory)))
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=int(disk)))
    done = imagine("models", "convert", "tiny", "target")
    assert done.code == 6
    told = done.err.replace(str(Path.cwd()), "HERE")
    assert told == f"Error: Converting 'HERE/tiny' {message}\n"


def test_names_are_completed(imagine: Command) -> None:
    pipeline_at(Path("tiny"))
    imagine("models", "add", "tiny")
    Path("ink.safetensors").write_bytes(lora())
    imagine("models", "add", "ink.safetensors")
    assert completion.local_model("t") == ["tiny"]
    assert completion.lora("") == ["ink"]
    (config_directory() / "models.toml").write_text("[")
    assert completion.local_model("") == completion.lora("") == []
