"""LoRAs in real pipelines of random weights; needs imagine-cli[diffusers]."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("peft")

# What these packages warn of among themselves is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore")

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402
from tiny_loaded import draw, load  # noqa: E402

from imagine.stages.errors import LocalBackendError, UsageError  # noqa: E402
from imagine.stages.generate.diffusers import loras  # noqa: E402
from imagine.stages.generate.diffusers.chunks import prompt_inputs  # noqa: E402
from imagine.stages.generate.diffusers.loaded import Loaded  # noqa: E402
from imagine.stages.image import Lora  # noqa: E402

RANK = 2
Make = Callable[..., Path]


def pairs(module: Any, *, prefix: str, down: str, up: str, words: tuple[str, ...]) -> Any:
    """Random low-rank pairs for the layers of a module that are called one of `words`."""
    torch.manual_seed(5)
    tensors = {}
    for name, layer in module.named_modules():
        if isinstance(layer, torch.nn.Linear) and name.endswith(words):
            tensors[f"{prefix}{name}{down}"] = torch.randn(RANK, layer.in_features) * 0.3
            tensors[f"{prefix}{name}{up}"] = torch.randn(layer.out_features, RANK) * 0.3
    return tensors


@pytest.fixture
def loaded(tiny: Callable[[str], Path]) -> Loaded:
    return load(tiny("sd15"))


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Writes a LoRA of a pipeline: in PEFT's names, in diffusers' old ones, or in Kohya's."""

    def written(pipeline: Any, kind: str = "peft", *, text: bool = False) -> Path:
        down, up = {
            "peft": (".lora_A.weight", ".lora_B.weight"),
            "diffusers": (".lora.down.weight", ".lora.up.weight"),
            "kohya": (".lora_down.weight", ".lora_up.weight"),
        }[kind]
        model = getattr(pipeline, "unet", None) or pipeline.transformer
        part = "unet" if getattr(pipeline, "unet", None) else "transformer"
        tensors = pairs(model, prefix=f"{part}.", down=down, up=up, words=("to_q", "to_k", "to_v"))
        if text:
            encoder, words = pipeline.text_encoder, ("q_proj", "k_proj", "v_proj", "out_proj")
            tensors |= pairs(encoder, prefix="text_encoder.", down=down, up=up, words=words)
        if kind == "kohya":
            tensors = kohya(tensors, down, up)
        path = tmp_path / f"{kind}{'-text' if text else ''}.safetensors"
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
        return path

    return written


def kohya(tensors: Any, down: str, up: str) -> Any:
    """ "lora_unet_down_blocks_0_attentions_…", with an alpha for each pair."""
    named = {}
    for name, tensor in tensors.items():
        layer = name.removesuffix(down).removesuffix(up)
        flat = "lora_" + layer.replace("text_encoder.", "te_text_model_").replace(".", "_")
        named[flat + name.removeprefix(layer)] = tensor
        named[flat + ".alpha"] = torch.tensor(float(RANK))
    return named


def drawn(loaded: Loaded) -> bytes:
    words = prompt_inputs(loaded, ["a fox"], ["blurry"], guided=True)
    return draw(loaded.pipeline, guidance_scale=4.0, width=64, height=64, **words)[0]


def applied(loaded: Loaded, *wanted: tuple[Path, float]) -> AbstractContextManager[list[str]]:
    return loras.applied(loaded, [(Lora(path.stem, weight), path) for path, weight in wanted])


@pytest.mark.parametrize("kind", ["peft", "diffusers", "kohya"])
def test_a_lora_changes_the_picture_by_its_weight_and_leaves_no_trace(
    loaded: Loaded, make: Make, kind: str
) -> None:
    path, before = make(loaded.pipeline, kind), drawn(loaded)
    seen = {}
    for weight in (1.0, 0.5, -1.0, 0.0):
        with applied(loaded, (path, weight)) as notes:
            seen[weight] = drawn(loaded)
        assert bool(notes) is (weight == 0)
    assert seen[0.0] == before
    assert len(set(seen.values())) == 4
    with applied(loaded):
        assert drawn(loaded) == before


def test_a_lora_draws_what_plain_diffusers_draws_with_it(
    loaded: Loaded, make: Make, tiny: Callable[[str], Path]
) -> None:
    path, plain = make(loaded.pipeline, text=True), load(tiny("sd15")).pipeline
    plain.load_lora_weights(str(path.parent), weight_name=path.name, adapter_name="one")
    plain.set_adapters(["one"], [0.8])
    expected = draw(
        plain,
        prompt="a fox",
        negative_prompt="blurry",
        guidance_scale=4.0,
        width=64,
        height=64,
    )
    with applied(loaded, (path, 0.8)):
        assert drawn(loaded) == expected[0]


def test_words_are_encoded_anew_by_a_lora_of_the_encoder(loaded: Loaded, make: Make) -> None:
    path, before = make(loaded.pipeline, text=True), drawn(loaded)
    words = prompt_inputs(loaded, ["a fox"], [None], guided=False)["prompt_embeds"]
    with applied(loaded, (path, 1.0)):
        changed = prompt_inputs(loaded, ["a fox"], [None], guided=False)["prompt_embeds"]
    assert not torch.equal(words, changed)
    with applied(loaded):
        assert drawn(loaded) == before


def test_several_loras_count_together(loaded: Loaded, make: Make) -> None:
    one, two = make(loaded.pipeline), make(loaded.pipeline, "kohya", text=True)
    with applied(loaded, (one, 1.0)):
        alone = drawn(loaded)
    with applied(loaded, (one, 1.0), (two, 0.5)):
        both = drawn(loaded)
    with applied(loaded, (one, 1.0)):
        assert drawn(loaded) == alone != both


def test_a_lora_stays_loaded_while_the_same_one_is_wanted(
    loaded: Loaded, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, loads = make(loaded.pipeline), []
    load_weights = loaded.pipeline.load_lora_weights
    monkeypatch.setattr(
        loaded.pipeline,
        "load_lora_weights",
        lambda *args, **kwargs: loads.append(1) or load_weights(*args, **kwargs),
    )
    for weight in (1.0, 1.0, 0.5):
        with applied(loaded, (path, weight)):
            drawn(loaded)
    assert len(loads) == 1


def test_a_lora_without_weight_is_said_to_count_for_nothing(loaded: Loaded, make: Make) -> None:
    with applied(loaded, (make(loaded.pipeline), 0.0)) as notes:
        assert notes == ["The LoRA 'peft' counts for nothing at a weight of 0."]


@pytest.mark.parametrize("name", ["sd3", "flux", "zimage"])
def test_transformers_take_loras_too(tiny: Callable[[str], Path], make: Make, name: str) -> None:
    loaded = load(tiny(name))
    path, before = make(loaded.pipeline), drawn(loaded)
    with applied(loaded, (path, 1.0)):
        assert drawn(loaded) != before
    with applied(loaded):
        assert drawn(loaded) == before


@pytest.mark.parametrize(
    ("name", "other", "reason"),
    [
        ("sd15", "flux", "none of its weights belongs to it"),
        ("sd15", "sdxl", "its weights are of other sizes"),
        ("flux", "sd15", "none of its weights belongs to it"),
    ],
)
def test_a_lora_of_another_architecture_is_refused_and_leaves_no_trace(
    tiny: Callable[[str], Path],
    make: Make,
    caplog: pytest.LogCaptureFixture,
    *,
    name: str,
    other: str,
    reason: str,
) -> None:
    loaded = load(tiny(name))
    path, before = make(load(tiny(other)).pipeline), drawn(loaded)
    caplog.clear()
    with pytest.raises(UsageError) as caught, applied(loaded, (path, 1.0)):
        pass
    assert str(caught.value) == (
        f"--lora peft does not fit the model '{name}' (Tiny {name}): {reason}; choose a LoRA that "
        "was made for it."
    )
    assert caplog.text == ""
    assert drawn(loaded) == before
    assert loaded.loras == ()


def test_without_peft_the_extra_is_named(
    loaded: Loaded, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loras, "find_spec", lambda name: None)
    with pytest.raises(LocalBackendError) as caught, applied(loaded, (make(loaded.pipeline), 1.0)):
        pass
    assert str(caught.value) == (
        "LoRAs need the Python package 'peft', which is not installed; "
        "pip install 'imagine-cli[diffusers]'."
    )


def test_the_loras_of_these_tests_are_of_their_kind(loaded: Loaded, make: Make) -> None:
    names = [next(iter(load_file(make(loaded.pipeline, kind)))) for kind in ("peft", "kohya")]
    assert names[0].startswith("unet.down_blocks.")
    assert names[1].startswith("lora_unet_down_blocks_")


def test_memory_that_runs_out_is_no_misfit(
    loaded: Loaded, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: Any, **__: Any) -> Any:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    path = make(loaded.pipeline)
    monkeypatch.setattr(loaded.pipeline, "load_lora_weights", short)
    with pytest.raises(torch.cuda.OutOfMemoryError), applied(loaded, (path, 1.0)):
        pass
    monkeypatch.undo()
    assert loaded.loras == ()
