"""What the process that draws is told: which files to load, and what to draw with them."""

from dataclasses import dataclass, field
from typing import Any, Literal

Library = Literal["cyllama", "stable-diffusion-cpp-python"]


@dataclass(frozen=True, slots=True)
class Files:
    """A model to be loaded.

    Attributes:
        library: the binding that loads it.
        model: path of its file.
        alone: that file holds the denoiser alone.
        parts: paths of its other files, by what they are: "vae", "clip_l", ...
        tiny_vae: path of a small decoder; "" for the model's own.
        dtype: "float16", ...: what its weights become; "" leaves them as they are in the file.
        offload: its parts wait in main memory while others are at work on a graphics card.
        threads: that compute.
    """

    library: Library
    model: str
    alone: bool
    threads: int
    parts: dict[str, str] = field(default_factory=dict)
    tiny_vae: str = ""
    dtype: str = ""
    offload: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One picture to be drawn.

    Attributes:
        prompt, negative_prompt: as stable-diffusion.cpp's parser is to read them.
        width, height: pixels.
        steps: of denoising.
        cfg_scale: of classifier-free guidance; 1 is none.
        guidance: the number that distilled models read as theirs.
        method, schedule: who leads the steps, as stable-diffusion.cpp calls them; "" for the
            model's own.
        strength: how far to leave the picture that goes in, as stable-diffusion.cpp counts it.
        loras: paths and weights.
    """

    prompt: str
    negative_prompt: str
    width: int
    height: int
    seed: int
    steps: int
    cfg_scale: float
    guidance: float
    method: str = ""
    schedule: str = ""
    strength: float = 1.0
    loras: list[tuple[str, float]] = field(default_factory=list)

    @classmethod
    def read(cls, values: dict[str, Any]) -> "Order":
        """From what came over the pipe, where pairs have become lists."""
        loras = [(path, weight) for path, weight in values.pop("loras")]
        return cls(**values, loras=loras)
