"""A request in the words of a server of the web UI's protocol: an ImageRequest in, a Call out."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from imagine.stages.generate.parameters import PARAMETERS, placed
from imagine.stages.generate.sdapi_pictures import covering, mask_covering
from imagine.stages.generate.sdapi_prompt import for_sdcpp, for_webui, lora_tags, sdcpp_tag
from imagine.stages.generate.sdapi_server import SdapiServer
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
        UsageError: the server has no such sampler or LoRA.
        ConfigError: it has no such model.
        ImagineError: it cannot be asked.
    """
    settings = _settings(server.options)
    served = ""
    if model:
        settings["sd_model_checkpoint"], served = server.checkpoint(model)
    task = f"imagine-{uuid4().hex[:12]}"
    fields: dict[str, Any] = {
        **placed(ROW, request),
        "width": request.width,
        "height": request.height,
        "batch_size": 1,
        "n_iter": 1,
        "send_images": True,
        "save_images": False,
        "force_task_id": task,
    }
    if request.scheduler is not None:
        sampling = server.sampling(request.scheduler)
        fields |= sampling.fields
        settings |= sampling.settings
    words, notes = _words(request, server)
    fields |= words
    if request.hires_fix is not None:
        fields |= _second_pass(request, request.hires_fix, server.hires_upscaler())
    if request.images:
        fields |= _first_picture(request)
    if server.is_for_flux:
        fields |= _distilled(request)
    # The user finds the server as it was left.
    fields |= {"override_settings": settings, "override_settings_restore_afterwards": True}
    path = "/sdapi/v1/img2img" if request.images else "/sdapi/v1/txt2img"
    return Call(path, fields, task, served, tuple(notes))


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


def _second_pass(request: ImageRequest, hires: HiresFix, upscaler: str) -> dict[str, Any]:
    width, height = request.result_size
    guidance = request.guidance_scale
    return {
        "enable_hr": True,
        "hr_scale": hires.scale,
        "hr_resize_x": width,
        "hr_resize_y": height,
        "hr_upscaler": upscaler,
        "denoising_strength": hires.strength,
        # Forge would draw the second pass without guidance, and fails without the other.
        "hr_cfg": _USUAL_GUIDANCE if guidance is None else guidance,
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
