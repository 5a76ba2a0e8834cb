"""`imagine -b diffusers` from the command line, with tiny models; needs imagine-cli[diffusers]."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Tiny
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

# What these packages warn of among themselves is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore")

SMALL = ("--size", "64x64", "--steps", "2")


@pytest.fixture(autouse=True)
def on_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on every machine."""
    monkeypatch.setenv("IMAGINE_DEVICE", "cpu")


def pixels(path: str) -> bytes:
    with Image.open(path) as picture:
        return bytes(np.asarray(picture.convert("RGB")).tobytes())


def test_a_picture_is_drawn_saved_with_its_recipe_and_replayed_identically(
    imagine: Any, tiny: Tiny
) -> None:
    done = imagine(
        "a red fox",
        "-b",
        "diffusers",
        "-m",
        str(tiny("sd15")),
        *SMALL,
        "--seed",
        "7",
        "-o",
        "a.png",
    )
    assert done.code == 0, done.err
    assert done.lines == ["a.png"]
    recipe = json.loads(imagine("show", "a.png", "--json").out)
    text = json.dumps(recipe)
    assert str(tiny("sd15").parent) not in text
    parameters = recipe["backend"]["parameters"]
    assert (recipe["backend"]["name"], recipe["backend"]["model"]) == ("diffusers", "sd15")
    assert {"num_inference_steps": 2, "seed": 7, "dtype": "float32"}.items() <= parameters.items()
    again = imagine("replay", "a.png", "-o", "b.png")
    assert again.code == 0, again.err
    assert pixels("a.png") == pixels("b.png")


@pytest.mark.parametrize("setting", ["IMAGINE_DTYPE", "IMAGINE_TINY_VAE"])
def test_a_replay_computes_and_decodes_as_the_first_time_whatever_is_set_no_more(
    imagine: Any, tiny: Tiny, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    model = ("-b", "diffusers", "-m", str(tiny("sd15")), *SMALL, "--seed", "7")
    assert imagine("a red fox", *model, "-o", "plain.png").code == 0
    value = "bfloat16" if setting == "IMAGINE_DTYPE" else str(tiny("taesd"))
    monkeypatch.setenv(setting, value)
    done = imagine("a red fox", *model, "-o", "a.png")
    assert done.code == 0, done.err
    monkeypatch.delenv(setting)
    again = imagine("replay", "a.png", "-o", "b.png")
    assert again.err == "Replaying 'a.png', backend diffusers sd15.\n"
    assert pixels("a.png") == pixels("b.png") != pixels("plain.png")


@pytest.mark.parametrize("name", ["flux2", "flux2_klein", "qwen_image"])
def test_newer_families_are_drawn_and_replayed_identically_with_and_without_a_picture(
    imagine: Any, tiny: Tiny, name: str
) -> None:
    model = ("-b", "diffusers", "-m", str(tiny(name)), *SMALL, "--seed", "7")
    done = imagine("a red fox", *model, "-o", "a.png")
    assert done.code == 0, done.err
    again = imagine("replay", "a.png", "-o", "b.png")
    assert again.code == 0, again.err
    assert pixels("a.png") == pixels("b.png")
    # For Qwen-Image it is a picture to start from, for the others one to look at.
    done = imagine("the same in snow", *model, "-i", "a.png", "-o", "c.png")
    assert done.code == 0, done.err
    again = imagine("replay", "c.png", "-i", "a.png", "-o", "d.png")
    assert again.code == 0, again.err
    assert pixels("c.png") == pixels("d.png") != pixels("a.png")


def test_a_picture_with_a_lora_is_replayed_from_another_directory(
    imagine: Any, tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("peft")
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    torch.manual_seed(5)
    layer = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
    width = 64
    lora = tmp_path / "loras" / "detail.safetensors"
    lora.parent.mkdir()
    save_file(
        {
            f"{layer}.lora_A.weight": torch.randn(2, width),
            f"{layer}.lora_B.weight": torch.randn(width, 2),
        },
        lora,
    )
    model = ("-b", "diffusers", "-m", str(tiny("sd15")), *SMALL, "--seed", "7")
    done = imagine("a red fox", *model, "--lora", f"{lora}:0.8", "-o", "a.png")
    assert done.code == 0, done.err
    assert imagine("a red fox", *model, "-o", "plain.png").code == 0
    assert str(tmp_path / "loras") not in imagine("show", "a.png", "--json").out
    picture = str(Path("a.png").absolute())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    again = imagine("replay", picture, "-o", "b.png")
    assert again.code == 0, again.err
    assert pixels(picture) == pixels("b.png")
    assert pixels(picture) != pixels(str(Path(picture).with_name("plain.png")))


def test_a_dry_run_says_what_would_be_drawn_without_loading_anything(
    imagine: Any, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tiny("flux"))
    monkeypatch.setitem(sys.modules, "torch", None)
    done = imagine("a red fox", "-b", "diffusers", "-m", folder, "--dry-run", "--json")
    assert done.code == 0, done.err
    assert '"diffusers"' in done.out
    assert list(Path().iterdir()) == []


def test_four_pictures_of_a_batch_are_those_that_are_drawn_alone(imagine: Any, tiny: Tiny) -> None:
    model = ("-b", "diffusers", "-m", str(tiny("sdxl")), *SMALL)
    words = ["a red fox", "an owl", "two boats", "a house in the fog"]
    Path("prompts.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    done = imagine("batch", "prompts.txt", *model, "--seed", "3", "-o", "drawn")
    assert done.code == 0, done.err
    pictures = sorted(str(path) for path in Path("drawn").glob("*.png"))
    assert len(pictures) == 4
    for place, picture in enumerate(pictures):
        again = imagine("replay", picture, "-o", f"alone{place}.png")
        assert again.code == 0, again.err
        assert pixels(picture) == pixels(f"alone{place}.png")


def test_a_missing_package_ends_with_6_and_the_command_that_installs_it(
    imagine: Any, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    done = imagine("a red fox", "-b", "diffusers", "-m", str(tiny("sd15")), *SMALL)
    assert done.code == 6
    assert done.err.splitlines()[-1] == (
        "Error: The backend 'diffusers' needs the Python package 'diffusers', which is not "
        "installed; pip install 'imagine-cli[diffusers]'."
    )
    assert list(Path().glob("*.png")) == []


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_ctrl_c_leaves_nothing(tiny: Tiny, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "imagine.cli", "a red fox", "-b", "diffusers", "-m"]
    options = ["--size", "256x256", "--steps", "900", "--seed", "1"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, str(tiny("sd15")), *options],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        # It is at work once it has said by whom; so many steps take minutes.
        assert running.stderr is not None
        assert running.stderr.readline().startswith(b"Enhancer offline")
        time.sleep(3)
        assert running.poll() is None
        running.send_signal(signal.SIGINT)
        _, told = running.communicate(timeout=60)
    assert running.returncode == 130, told
    assert b"Traceback" not in told
    assert list(tmp_path.glob("*.png")) == []
