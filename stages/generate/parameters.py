"""Which of our options each provider reads, and where: one table; capabilities are read off it.

A row maps our names to places in the provider's request: "parameters.width" is `width` within
`parameters`. An option that a row lacks is refused before anything is sent.
"""

from collections.abc import Mapping
from typing import Any, Literal

from imagine.stages.generate import Capabilities
from imagine.stages.image import ImageRequest
from imagine.stages.render import Profile
from imagine.stages.sizes import Sizes

Option = Literal[
    "prompt",
    "negative_prompt",
    "size",
    "num_inference_steps",
    "guidance_scale",
    "seed",
    "images",
    "strength",
    "mask",
    "loras",
    "scheduler",
    "hires_fix",
]
Row = Mapping[Option, str]

# A size, a prompt and pictures are put into words of the provider's own by its module, which also
# knows the models that read less than the row says.
PARAMETERS: dict[str, Row] = {
    # No seed: Google promises nothing for pictures, so equal seeds would be a false promise.
    "gemini": {
        "prompt": "contents.parts.text",
        "size": "generationConfig.imageConfig",
        "images": "contents.parts.inlineData",
    },
    # Negative prompt, seed and guidance were read by Vertex alone.
    "imagen": {
        "prompt": "instances.prompt",
        "size": "parameters.aspectRatio",
    },
    "openai": {
        "prompt": "prompt",
        "size": "size",
        "images": "image[]",
    },
    # The standard fields, which every server of the protocol reads.
    "compatible": {
        "prompt": "prompt",
        "size": "size",
        "images": "image[]",
    },
    # Guidance is part of the model's configuration there.
    "localai": {
        "prompt": "prompt",
        "negative_prompt": "prompt|negative",
        "size": "size",
        "num_inference_steps": "step",
        "seed": "seed",
        "images": "file",
    },
    "vllm": {
        "prompt": "prompt",
        "negative_prompt": "negative_prompt",
        "size": "size",
        "num_inference_steps": "num_inference_steps",
        "guidance_scale": "guidance_scale",
        "seed": "seed",
        "images": "image[]",
        "strength": "strength",
    },
    "sglang": {
        "prompt": "prompt",
        "negative_prompt": "negative_prompt",
        "size": "size",
        "num_inference_steps": "num_inference_steps",
        "guidance_scale": "guidance_scale",
        "seed": "seed",
        "images": "image[]",
    },
    # All but prompt, size and pictures stand in a tag at the end of the prompt.
    "sdcpp": {
        "prompt": "prompt",
        "negative_prompt": "negative_prompt",
        "size": "size",
        "num_inference_steps": "sample_params.sample_steps",
        "guidance_scale": "sample_params.guidance.txt_cfg",
        "seed": "seed",
        "images": "image[]",
        "strength": "strength",
    },
    "stability/core": {
        "prompt": "prompt",
        "negative_prompt": "negative_prompt",
        "size": "aspect_ratio",
        "seed": "seed",
    },
    "stability/ultra": {
        "prompt": "prompt",
        "negative_prompt": "negative_prompt",
        "size": "aspect_ratio",
        "seed": "seed",
        "images": "image",
        "strength": "strength",
    },
    "stability/sd3": {
        "prompt": "prompt",
        "negative_prompt": "negative_prompt",
        "size": "aspect_ratio",
        "guidance_scale": "cfg_scale",
        "seed": "seed",
        "images": "image",
        "strength": "strength",
    },
    "huggingface": {
        "prompt": "inputs",
        "negative_prompt": "parameters.negative_prompt",
        "size": "parameters.width, parameters.height",
        "num_inference_steps": "parameters.num_inference_steps",
        "guidance_scale": "parameters.guidance_scale",
        "seed": "parameters.seed",
    },
    # Replicate and fal: one row for each family of models; a model of no family that is known here
    # gets its row from the schema that Replicate publishes, and from fal the prompt and a shape.
    "replicate/flux": {
        "prompt": "input.prompt",
        "size": "input.aspect_ratio",
        "num_inference_steps": "input.num_inference_steps",
        "guidance_scale": "input.guidance",
        "seed": "input.seed",
        "images": "input.image",
        "strength": "input.prompt_strength",
    },
    "replicate/sdxl": {
        "prompt": "input.prompt",
        "negative_prompt": "input.negative_prompt",
        "size": "input.width, input.height",
        "num_inference_steps": "input.num_inference_steps",
        "guidance_scale": "input.guidance_scale",
        "seed": "input.seed",
        "images": "input.image",
        "strength": "input.prompt_strength",
    },
    "replicate/sd3": {
        "prompt": "input.prompt",
        "negative_prompt": "input.negative_prompt",
        "size": "input.aspect_ratio",
        "guidance_scale": "input.cfg",
        "seed": "input.seed",
        "images": "input.image",
        "strength": "input.prompt_strength",
    },
    "fal/flux": {
        "prompt": "prompt",
        "size": "image_size",
        "num_inference_steps": "num_inference_steps",
        "guidance_scale": "guidance_scale",
        "seed": "seed",
        "images": "image_url",
        "strength": "strength",
    },
    "fal/diffusion": {
        "prompt": "prompt",
        "negative_prompt": "negative_prompt",
        "size": "image_size",
        "num_inference_steps": "num_inference_steps",
        "guidance_scale": "guidance_scale",
        "seed": "seed",
    },
    "fal/edit": {
        "prompt": "prompt",
        "size": "aspect_ratio",
        "images": "image_urls",
    },
    "fal/other": {
        "prompt": "prompt",
        "size": "image_size, aspect_ratio",
    },
    # LoRAs stand in the prompt, each in a tag.
    "sdapi": {
        "prompt": "prompt",
        "negative_prompt": "negative_prompt",
        "size": "width, height",
        "num_inference_steps": "steps",
        "guidance_scale": "cfg_scale",
        "seed": "seed",
        "images": "init_images",
        "strength": "denoising_strength",
        "mask": "mask",
        "loras": "prompt",
        "scheduler": "sampler_name, scheduler",
        "hires_fix": "enable_hr, hr_resize_x, hr_resize_y, denoising_strength",
    },
    # Kinds of nodes and their inputs, as the plain workflow has them; one of the user's own may
    # have others, and may lack some.
    "comfyui": {
        "prompt": "CLIPTextEncode.text",
        "negative_prompt": "CLIPTextEncode.text",
        "size": "EmptyLatentImage.width, EmptyLatentImage.height",
        "num_inference_steps": "KSampler.steps",
        "guidance_scale": "KSampler.cfg",
        "seed": "KSampler.seed",
        "images": "LoadImage.image",
        "strength": "KSampler.denoise",
        "mask": "LoadImageMask.image",
        "loras": "LoraLoader.lora_name, LoraLoader.strength_model",
        "scheduler": "KSampler.sampler_name, KSampler.scheduler",
        "hires_fix": "ImageScale.width, ImageScale.height, KSampler.denoise",
    },
}


def without(row: Row, *options: Option) -> Row:
    """`row` for a model that does not read `options`."""
    return {option: place for option, place in row.items() if option not in options}


def capabilities_of(
    row: Row,
    *,
    sizes: Sizes,
    max_images: int = 0,
    max_loras: int = 0,
    profile: Profile = "natural",
    paid: bool = True,
) -> Capabilities:
    """What a backend honours that sends what `row` says.

    Args:
        sizes: which the model draws.
        max_images: reference pictures it takes, where the row has a place for them.
        max_loras: LoRAs it takes, where the row has a place for them.
        profile: how its prompt is rendered.
        paid: whether a picture costs money.
    """
    return Capabilities(
        profile=profile,
        negative_prompt="negative_prompt" in row,
        seed="seed" in row,
        sizes=sizes,
        trained=True,
        num_inference_steps="num_inference_steps" in row,
        guidance_scale="guidance_scale" in row,
        strength="strength" in row,
        max_images=max_images if "images" in row else 0,
        mask="mask" in row,
        max_loras=max_loras if "loras" in row else 0,
        scheduler="scheduler" in row,
        hires_fix="hires_fix" in row,
        paid=paid,
        # A provider's own limit is found while drawing; a server of one's own has one processor.
        concurrency=64 if paid else 4,
    )


def placed(row: Row, request: ImageRequest) -> dict[str, Any]:
    """Place to value of every plain option that was given and that `row` knows.

    Plain are the options that go out as they are: negative_prompt, num_inference_steps,
    guidance_scale, seed, strength.
    """
    given: dict[Option, Any] = {
        "negative_prompt": request.negative_prompt,
        "num_inference_steps": request.num_inference_steps,
        "guidance_scale": request.guidance_scale,
        "seed": request.seed,
        "strength": request.strength,
    }
    return {
        row[option]: value for option, value in given.items() if option in row and value is not None
    }


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object from places: {"a.b": 1, "c": 2} gives {"a": {"b": 1}, "c": 2}."""
    body: dict[str, Any] = {}
    for place, value in values.items():
        *outer, name = place.split(".")
        inside = body
        for step in outer:
            inside = inside.setdefault(step, {})
        inside[name] = value
    return body
