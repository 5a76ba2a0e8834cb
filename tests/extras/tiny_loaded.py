"""Tiny models as CORE loads them, and requests for them; for tests of what a pipeline can do."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoPipelineForText2Image
from PIL import Image
from tiny_parts import SIDE

from imagine.stages.generate.diffusers.loaded import Loaded
from imagine.stages.generate.local.families import ModelFamily
from imagine.stages.image import ImageRequest, ReferenceImage
from imagine.stages.spec import PromptSpec

STEPS = 2
SPEC = PromptSpec.model_validate(
    {
        "source_prompt": "a fox",
        "subjects": ({"id": "fox", "name": "fox"},),
        "style": {"medium": "painting"},
    }
)


def load(folder: Path) -> Loaded:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = AutoPipelineForText2Image.from_pretrained(folder, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    family = ModelFamily(
        name=folder.name,
        title=f"Tiny {folder.name}",
        profile="natural",
        num_inference_steps=STEPS,
        guidance_scale=4.0,
        negative_prompt=True,
        side=SIDE,
    )
    return Loaded(pipeline, family, folder.name, folder, "cpu", "float32")


def request(**changes: Any) -> ImageRequest:
    values: dict[str, Any] = {
        "prompt": "a fox",
        "negative_prompt": None,
        "spec": SPEC,
        "width": SIDE,
        "height": SIDE,
        "seed": 1,
    }
    return ImageRequest(**{**values, **changes})


def reference(image: Image.Image) -> ReferenceImage:
    file = io.BytesIO()
    image.save(file, "PNG")
    return ReferenceImage(file.getvalue(), "png", *image.size, sha256="0" * 64)


def picture(size: tuple[int, int] = (SIDE, SIDE), seed: int = 7) -> Image.Image:
    """Soft noise, so that resampling and encoding have something to keep."""
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator("cpu").manual_seed(seed) for seed in seeds]


def draw(pipeline: Any, seeds: Sequence[int] = (1,), **inputs: Any) -> list[bytes]:
    """The pictures' bytes, of a pipeline that is called with these."""
    made = pipeline(
        **{"num_inference_steps": STEPS, "generator": generators(*seeds), **inputs}
    ).images
    return [image.convert("RGB").tobytes() for image in made]
