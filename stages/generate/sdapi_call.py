"""A request in the words of a server of the web UI's protocol: an ImageRequest in, a Call out.

Where nobody gives steps, a web UI's own 50 of the API are twice what its page has: 20 are sent, or
the few of a distilled model whose name says so. stable-diffusion.cpp's server has those that it was
started with.
"""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from imagine.stages.errors import UsageError
from imagine.stages.generate.checkpoints import (
    cfg_of,
    family_by_name,
    has_guidance_built_in,
    steps_of,
)
from imagine.stages.generate.local.families import ModelFamily
from imagine.stages.generate.parameters import PARAMETERS, placed
from imagine.stages.generate.sdapi_pictures import covering, mask_covering
from imagine.stages.generate.sdapi_prompt import for_sdcpp, for_webui, lora_tags, sdcpp_tag
from imagine.stages.generate.sdapi_server import Sampling, SdapiServer
from imagine.stages.image import HiresFix, ImageRequest

ROW = PARAMETERS["sdapi"]
# A web UI's own, for requests that name none.
_USUAL_GUIDANCE = 7.0
# Pixels over which a mask's edge fades, as in the web UI.
_MASK_BLUR = 4
# Servers built on stable-diffusion.cpp read a seed as a number of 32 bits with a sign, and draw
# from a random one where it is negative.
_SIGN = 2**31


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent.

    Attributes:
        path: where to.
        fields: the body.
        task: its name there.
        model: the server's name for the model that was asked for; "" for the one that is loaded.
        notes: what the user should know of it.
    """

    path: str
    fields: dict[str, Any]
    task: str
    model: str
    notes: tuple[str, ...]


def call_of(request: ImageRequest, *, model: str, server: SdapiServer) -> Call:
    """The request as `server` wants it.

    Args:
        model: the checkpoint, as the user named it; "" for the one that is loaded.

    Raises:
        UsageError: the server has no such model, sampler or LoRA; or a picture cannot be decoded.
        ImagineError: it cannot be asked.
    """
    settings = _settings(server.options)
    served = ""
    if model:
        settings["sd_model_checkpoint"], served = server.checkpoint(model)
    task = f"imagine-{uuid4().hex[:12]}"
    family = family_by_name(model or server.loaded)
    fields: dict[str, Any] = {
        **_usual(family, server),
        **placed(ROW, request),
        "width": request.width,
        "height": request.height,
        "batch_size": 1,
        "n_iter": 1,
        "send_images": True,
        "save_images": False,
        "force_task_id": task,
    }
    if (sampling := _sampling(request, family, server)) is not None:
        fields |= sampling.fields
        settings |= sampling.settings
    words, notes = _words(request, server)
    fields |= words
    if request.hires_fix is not None:
        guidance = fields.get("cfg_scale", _USUAL_GUIDANCE)
        fields |= _second_pass(request, request.hires_fix, guidance, server.hires_upscaler())
    if request.images:
        fields |= _first_picture(request)
    if server.is_for_flux or (server.is_forge and has_guidance_built_in(family)):
        fields |= _distilled(request)
    # The user finds the server as it was left.
    fields |= {"override_settings": settings, "override_settings_restore_afterwards": True}
    path = "/sdapi/v1/img2img" if request.images else "/sdapi/v1/txt2img"
    return Call(path, fields, task, served, tuple(notes))


def _usual(family: ModelFamily, server: SdapiServer) -> dict[str, Any]:
    """What is sent where nobody says otherwise."""
    fields: dict[str, Any] = {}
    if server.is_webui:
        fields["steps"] = steps_of(family)
    is_told_of_flux = server.is_sdnext and has_guidance_built_in(family)
    if cfg_of(family) == 1 and not is_told_of_flux:
        # Twice the time, and a burnt picture.
        fields["cfg_scale"] = 1.0
    return fields


def _sampling(request: ImageRequest, family: ModelFamily, server: SdapiServer) -> Sampling | None:
    """Who leads the steps; None for whom the server chooses.

    Raises:
        UsageError: the server has none of the name that the user gave.
    """
    if request.scheduler is not None:
        return server.sampling(request.scheduler)
    if not family.scheduler or not server.is_webui:
        return None
    try:
        return server.sampling(family.scheduler)
    except UsageError:
        # Nobody asked for it.
        return None


def _settings(options: dict[str, Any]) -> dict[str, Any]:
    """Settings of the server's that a prompt in whole sentences needs otherwise."""
    settings: dict[str, Any] = {}
    if options.get("enable_prompt_comments"):
        # What follows a "#" would be left out.
        settings["enable_prompt_comments"] = False
    if options.get("emphasis") == "None":
        # Backslashes would be read as words.
        settings["emphasis"] = "Original"
    return settings


def _words(request: ImageRequest, server: SdapiServer) -> tuple[dict[str, Any], list[str]]:
    """Prompts, LoRAs and seed, and what the user should know of them."""
    escaped = for_webui if server.is_webui else for_sdcpp
    prompt, notes = escaped(request.prompt)
    words: dict[str, Any] = {}
    if request.negative_prompt is not None:
        words["negative_prompt"], _ = escaped(request.negative_prompt)
    loras = server.loras(request.loras)
    if server.is_webui:
        prompt += lora_tags(tuple(lora for lora, _ in loras))
    elif loras:
        words["lora"] = [{"path": path, "multiplier": lora.weight} for lora, path in loras]
    if request.seed >= _SIGN and not server.is_webui:
        words["seed"] = request.seed - _SIGN
        if server.is_sdcpp:
            prompt += sdcpp_tag({"seed": request.seed})
        else:
            notes.append(
                f"{server.title} reads seeds below {_SIGN}: {words['seed']} was sent for "
                f"{request.seed}."
            )
    return {"prompt": prompt, **words}, notes


def _second_pass(
    request: ImageRequest, hires: HiresFix, guidance: float, upscaler: str
) -> dict[str, Any]:
    width, height = request.result_size
    return {
        "enable_hr": True,
        "hr_scale": hires.scale,
        "hr_resize_x": width,
        "hr_resize_y": height,
        "hr_upscaler": upscaler,
        "denoising_strength": hires.strength,
        # Forge would draw the second pass without guidance, and fails without the other.
        "hr_cfg": guidance,
        "hr_additional_modules": ["Use same choices"],
    }


def _first_picture(request: ImageRequest) -> dict[str, Any]:
    """What the drawing begins with."""
    fields: dict[str, Any] = {"init_images": [covering(request.images[0], request.size)]}
    if request.mask is not None:
        fields |= {
            "mask": mask_covering(request.mask, request.size),
            "mask_blur": _MASK_BLUR,
            # Begin with what is there; draw the whole picture, not the masked part enlarged.
            "inpainting_fill": 1,
            "inpaint_full_res": False,
        }
    return fields


def _distilled(request: ImageRequest) -> dict[str, Any]:
    """Guidance as Forge reads it for FLUX, which has learnt to draw with it in one go.

    As `cfg_scale` it would take twice the time, and burn the picture.
    """
    fields = {"cfg_scale": 1.0}
    if request.hires_fix is not None:
        fields["hr_cfg"] = 1.0
    if request.guidance_scale is not None:
        fields["distilled_cfg_scale"] = request.guidance_scale
        if request.hires_fix is not None:
            fields["hr_distilled_cfg"] = request.guidance_scale
    return fields
