"""A pipeline of diffusers that is loaded, with what is known of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imagine.stages.generate.local.families import ModelFamily


@dataclass(slots=True)
class Loaded:
    """A text-to-image pipeline in memory; used by one thread at a time.

    Attributes:
        pipeline: diffusers' own text-to-image pipeline.
        family: what its model is of.
        name: the model, as messages and recipes name it.
        path: the folder or file that it came from.
        device: where it computes: "cuda", "mps", "cpu".
        dtype: of its weights: "bfloat16", "float16", "float32".
        offloaded: parts of it wait in main memory until they are needed.
        sequential: and of the part that is needed, all layers but one.
        vae: the small decoder that stands for the model's own, with its fingerprint: "tiny 0123…";
            "" for the model's own.
        notes: what the user should know of how it was loaded, a sentence each.
        others: pipelines of the same parts for other ways of drawing, by class name.
        embeddings: of texts that were encoded, by whatever tells them apart.
        loras: file, time of change and weight of each LoRA that is in it now.
        leading: the user's scheduler that leads it now, "" for the model's own.
        colours: how its latents look, once a preview was asked for (see previews.Colours).
    """

    pipeline: Any
    family: ModelFamily
    name: str
    path: Path
    device: str
    dtype: str
    offloaded: bool = False
    sequential: bool = False
    vae: str = ""
    notes: tuple[str, ...] = ()
    others: dict[str, Any] = field(default_factory=dict)
    embeddings: dict[Any, Any] = field(default_factory=dict)
    loras: tuple[tuple[str, int, float], ...] = ()
    leading: str = ""
    colours: Any = None
