"""Workflows of ComfyUI as users have them, in its API format, for tests."""

import json
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

Nodes = dict[str, dict[str, Any]]


def node(kind: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"class_type": kind, "inputs": inputs}
    return {**made, "_meta": {"title": title}} if title else made


def plain(kind: str = "txt2img") -> Nodes:
    """A copy of the workflow that comes with the program."""
    place = files("imagine.stages.generate.comfyui") / f"assets/{kind}.json"
    nodes: Nodes = json.loads(place.read_text("utf-8"))
    return nodes


def write(path: Path, nodes: Any) -> Path:
    path.write_text(json.dumps(nodes), encoding="utf-8")
    return path


def named(checkpoint: str = "dreamshaper_8.safetensors") -> Nodes:
    """The plain one, with a checkpoint."""
    nodes = plain()
    nodes["1"]["inputs"]["ckpt_name"] = checkpoint
    return nodes


def two_passes() -> Nodes:
    """Drawn, enlarged as latents, drawn over; the prompt stands in a primitive."""
    nodes = named()
    nodes["2"]["inputs"]["text"] = ["20", 0]
    nodes["20"] = node("PrimitiveStringMultiline", value="a castle")
    nodes["21"] = node(
        "LatentUpscaleBy", samples=["5", 0], upscale_method="nearest-exact", scale_by=2.0
    )
    again = deepcopy(nodes["5"])
    again["inputs"] |= {"latent_image": ["21", 0], "denoise": 0.5, "seed": 3, "steps": 8}
    nodes["22"] = again
    nodes["6"]["inputs"]["samples"] = ["22", 0]
    nodes["23"] = node("PreviewImage", images=["6", 0])
    return nodes


def of_parts() -> Nodes:
    """SamplerCustomAdvanced, as workflows for FLUX have it, and an existing LoRA."""
    return {
        "model": node("UNETLoader", unet_name="flux1-dev.safetensors", weight_dtype="default"),
        "lora": node(
            "LoraLoaderModelOnly", model=["model", 0], lora_name="detail.safetensors",
            strength_model=1.0,
        ),
        "clip": node(
            "DualCLIPLoader", clip_name1="clip_l.safetensors", clip_name2="t5xxl.safetensors",
            type="flux",
        ),
        "vae": node("VAELoader", vae_name="ae.safetensors"),
        "words": node("CLIPTextEncode", "Positive Prompt", clip=["clip", 0], text="a castle"),
        "guidance": node("FluxGuidance", conditioning=["words", 0], guidance=3.5),
        "guider": node("BasicGuider", model=["shift", 0], conditioning=["guidance", 0]),
        "shift": node(
            "ModelSamplingFlux", model=["lora", 0], max_shift=1.15, base_shift=0.5, width=1024,
            height=1024,
        ),
        "noise": node("RandomNoise", noise_seed=["seed", 0]),
        "seed": node("PrimitiveInt", value=1),
        "sampler": node("KSamplerSelect", sampler_name="euler"),
        "sigmas": node(
            "BasicScheduler", model=["shift", 0], scheduler="simple", steps=20, denoise=1.0
        ),
        "latent": node("EmptySD3LatentImage", width=1024, height=1024, batch_size=4),
        "draw": node(
            "SamplerCustomAdvanced", noise=["noise", 0], guider=["guider", 0],
            sampler=["sampler", 0], sigmas=["sigmas", 0], latent_image=["latent", 0],
        ),
        "decode": node("VAEDecode", samples=["draw", 0], vae=["vae", 0]),
        "save": node("SaveImage", images=["decode", 0], filename_prefix="flux"),
    }  # fmt: skip


def with_alpha() -> Nodes:
    """Inpainting as ComfyUI's mask editor leaves it: the mask is the picture's transparency."""
    nodes = named()
    nodes["4"] = node("LoadImage", image="example.png")
    nodes["8"] = node(
        "VAEEncodeForInpaint", pixels=["4", 0], vae=["1", 2], mask=["4", 1], grow_mask_by=6
    )
    nodes["5"]["inputs"]["latent_image"] = ["8", 0]
    return nodes


def with_sdxl_words() -> Nodes:
    """Two encoders in one node, whose negative side is zeroed."""
    nodes = named("sd_xl_base_1.0.safetensors")
    nodes["2"] = node(
        "CLIPTextEncodeSDXL", clip=["1", 1], text_g="a castle", text_l="a castle", width=1024,
        height=1024, crop_w=0, crop_h=0, target_width=1024, target_height=1024,
    )  # fmt: skip
    nodes["3"] = node("ConditioningZeroOut", conditioning=["2", 0])
    return nodes


def with_control() -> Nodes:
    """A ControlNet between the words and the sampler, led by a picture."""
    nodes = named()
    nodes["30"] = node("LoadImage", image="pose.png")
    nodes["31"] = node("ControlNetLoader", control_net_name="openpose.safetensors")
    nodes["32"] = node(
        "ControlNetApplyAdvanced", positive=["2", 0], negative=["3", 0], control_net=["31", 0],
        image=["30", 0], strength=1.0, start_percent=0.0, end_percent=1.0,
    )  # fmt: skip
    nodes["5"]["inputs"] |= {"positive": ["32", 0], "negative": ["32", 1]}
    return nodes
