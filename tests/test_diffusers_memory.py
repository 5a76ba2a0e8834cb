"""Memory that runs out while a picture is drawn: less and less is asked of it, rung by rung."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from imagine.stages.errors import LocalBackendError
from imagine.stages.generate.diffusers import memory
from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.diffusers.loading import OutOfMemoryError
from imagine.stages.generate.diffusers.memory import draw_within_memory
from imagine.stages.generate.local.families import Described, unknown_family
from imagine.stages.image import ImageRequest
from imagine.stages.spec import PromptSpec

SPEC = PromptSpec.model_validate(
    {
        "source_prompt": "a fox",
        "subjects": ({"id": "fox", "name": "fox"},),
        "style": {"medium": "painting"},
    }
)
REQUEST = ImageRequest(prompt="a fox", negative_prompt=None, spec=SPEC, width=64, height=64, seed=1)
TORCH = SimpleNamespace(
    cuda=SimpleNamespace(is_available=lambda: False),
    backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: False)),
)
PARTS, LAYERS = (
    "Memory ran out; the model's parts take turns on the graphics card from now on.",
    "Memory ran out; the model's layers take turns on the graphics card from now on.",
)


class Pipeline:
    """It has no autoencoder that could be tiled, and keeps what is done with its parts."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def to(self, device: str) -> None:
        self.done.append(f"to {device}")

    def remove_all_hooks(self) -> None:
        self.done.append("no hooks")

    def enable_model_cpu_offload(self, *, device: str) -> None:
        self.done.append(f"parts on {device}")

    def enable_sequential_cpu_offload(self, *, device: str) -> None:
        self.done.append(f"layers on {device}")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    def short(*_: Any, **__: Any) -> Any:
        raise OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(memory, "draw", short)
    return []


@pytest.mark.parametrize(
    ("device", "offloaded", "sequential", "said", "done"),
    [
        (
            "cuda",
            False,
            False,
            [PARTS, LAYERS],
            ["to cpu", "parts on cuda", "no hooks", "to cpu", "layers on cuda"],
        ),
        ("cuda:1", True, False, [LAYERS], ["no hooks", "to cpu", "layers on cuda:1"]),
        ("cuda", True, True, [], []),
        ("cpu", False, False, [], []),
    ],
)
def test_parts_and_then_layers_take_turns_before_the_picture_is_given_up(
    told: list[str],
    *,
    device: str,
    offloaded: bool,
    sequential: bool,
    said: list[str],
    done: list[str],
) -> None:
    family = unknown_family(Described("DreamPipeline"))
    pipeline = Pipeline()
    loaded = Loaded(pipeline, family, "fox", Path("fox"), device, "float16", offloaded, sequential)
    with pytest.raises(LocalBackendError, match=r"^Memory ran out with 'fox'"):
        draw_within_memory(
            loaded,
            [REQUEST],
            loras=[],
            weights="",
            torch=TORCH,
            tell=lambda _: None,
            say=told.append,
        )
    assert (told, pipeline.done) == (said, done)
