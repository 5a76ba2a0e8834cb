"""What servers of the web UI's protocol list: a habit and a list's name in, its rows out."""

from typing import Any

# Name, and by how much its network enlarges in one pass.
UPSCALERS = {
    "None": 4,
    "Lanczos": 4,
    "Nearest": 4,
    "DAT x4": 4,
    "ESRGAN_4x": 4,
    "R-ESRGAN 4x+": 4,
    "R-ESRGAN 4x+ Anime6B": 4,
    "SwinIR_4x": 4,
}
_SDNEXT_UPSCALERS = {"None": 4, "Resize Nearest": 4, "Resize Lanczos": 4, "ESRGAN 4x Nickelback": 4}
HABITS = ("sdapi", "forge", "sdnext", "sd-server")
# Name and aliases.
_SAMPLERS = {
    "DPM++ 2M": ["k_dpmpp_2m"],
    "DPM++ SDE": ["k_dpmpp_sde"],
    "Euler a": ["k_euler_a", "k_euler_ancestral"],
    "Euler": ["k_euler"],
    "Heun": ["k_heun"],
    "LCM": ["k_lcm"],
    "DDIM": ["ddim"],
    "UniPC": ["unipc"],
}
_SDCPP_SAMPLERS = ("default", "euler", "euler_a", "heun", "dpm2", "dpm++2m", "lcm", "ddim_trailing")
_SCHEDULERS = {
    "automatic": "Automatic",
    "karras": "Karras",
    "exponential": "Exponential",
    "sgm_uniform": "SGM Uniform",
    "beta": "Beta",
}
_SDCPP_SCHEDULERS = ("default", "discrete", "normal", "karras", "exponential", "sgm_uniform")
MODELS = {
    "foxes_v2": "foxes_v2.safetensors [0f0c5e52aa]",
    "landscapes/dunes_xl": "landscapes/dunes_xl.safetensors [8b1f77c0d3]",
}
LORAS = {"more_fur": "Fur", "ink": "ink"}
# As many as make a web UI; a real one has some four hundred.
_OPTIONS = {
    "samples_format": "png",
    "sd_model_checkpoint": MODELS["foxes_v2"],
    "sd_vae": "Automatic",
    "CLIP_stop_at_last_layers": 1,
    "grid_save": True,
    "return_grid": True,
    "jpeg_quality": 80,
    "img2img_fix_steps": False,
    "show_progress_every_n_steps": 10,
    "live_previews_enable": True,
    "lora_preferred_name": "Alias from file",
    "outdir_samples": "",
}


def rows(habit: str, name: str) -> Any:
    """The answer to GET /sdapi/v1/`name`; None where the server has no such list."""
    return (_of_sdcpp() if habit == "sd-server" else _of_webui(habit)).get(name)


def _of_webui(habit: str) -> dict[str, Any]:
    lists: dict[str, Any] = {
        "upscalers": [_upscaler(name, scale) for name, scale in UPSCALERS.items()],
        "samplers": [
            {"name": name, "aliases": aliases, "options": {}} for name, aliases in _SAMPLERS.items()
        ],
        "schedulers": [
            {"name": name, "label": label, "aliases": None, "default_rho": -1.0}
            for name, label in _SCHEDULERS.items()
        ],
        "sd-models": [_model(name, title) for name, title in MODELS.items()],
        "loras": [
            {"name": name, "alias": alias, "path": f"/srv/Lora/{name}.safetensors"}
            for name, alias in LORAS.items()
        ],
        "options": _OPTIONS | {"enable_prompt_comments": True, "emphasis": "Original"},
    }
    if habit == "sdnext":
        del lists["schedulers"]
        lists["upscalers"] = [_upscaler(name, scale) for name, scale in _SDNEXT_UPSCALERS.items()]
        lists["options"] = _OPTIONS | {"prompt_attention": "native", "schedulers_sigma": "default"}
    return lists


def samplers(habit: str) -> dict[str, str]:
    """Every name that a request may give a sampler, with what the report calls it."""
    if habit == "sd-server":
        return {name: name for name in _SDCPP_SAMPLERS}
    return {word: name for name, aliases in _SAMPLERS.items() for word in (name, *aliases)}


def schedulers(habit: str) -> dict[str, str]:
    """The same of a schedule."""
    if habit == "sd-server":
        return {name: name for name in _SDCPP_SCHEDULERS}
    return {word: label for name, label in _SCHEDULERS.items() for word in (name, label)}


def _of_sdcpp() -> dict[str, Any]:
    return {
        "upscalers": [_upscaler(name, 4) for name in ("None", "Lanczos", "Nearest")],
        "samplers": [{"name": one, "aliases": [one], "options": {}} for one in _SDCPP_SAMPLERS],
        "schedulers": [{"name": one, "label": one} for one in _SDCPP_SCHEDULERS],
        "sd-models": [_model("foxes_v2", "foxes_v2") | {"hash": "8888888888"}],
        "loras": [{"name": name, "path": f"{name}.safetensors"} for name in LORAS],
        "options": {"samples_format": "png", "sd_model_checkpoint": "foxes_v2"},
    }


def _upscaler(name: str, scale: int) -> dict[str, Any]:
    nothing = {"model_name": None, "model_path": None, "model_url": None}
    return {"name": name, **nothing, "scale": float(scale)}


def _model(name: str, title: str) -> dict[str, Any]:
    digest = title.rpartition("[")[2].rstrip("]") if "[" in title else None
    return {
        "title": title,
        "model_name": name.rpartition("/")[2],
        "hash": digest,
        "sha256": None,
        "filename": f"/srv/Stable-diffusion/{name}.safetensors",
        "config": None,
    }
