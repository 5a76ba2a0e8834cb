"""ComfyUI's nodes as far as pictures need them: what they take, and how a graph is checked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

CHECKPOINTS = ("dreamshaper_8.safetensors", "sdxl/sd_xl_base_1.0.safetensors")
LORAS = ("detail.safetensors", "styles/ink.safetensors")
SAMPLERS = ("euler", "euler_ancestral", "dpmpp_2m", "ddim")
SCHEDULERS = ("simple", "sgm_uniform", "karras", "normal")
Nodes = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """A class of nodes.

    Attributes:
        inputs: a type, a list of what it may be, or a number's type with its lowest and highest.
        outputs: their types.
        saves: it is why a graph is run.
    """

    inputs: dict[str, Any]
    outputs: tuple[str, ...] = ()
    saves: bool = False


_SAMPLING = {
    "model": "MODEL",
    "seed": ("INT", 0, 2**64 - 1),
    "steps": ("INT", 1, 10_000),
    "cfg": ("FLOAT", 0.0, 100.0),
    "sampler_name": SAMPLERS,
    "scheduler": SCHEDULERS,
    "positive": "CONDITIONING",
    "negative": "CONDITIONING",
    "latent_image": "LATENT",
    "denoise": ("FLOAT", 0.0, 1.0),
}
_SIZE = {"width": ("INT", 16, 16_384), "height": ("INT", 16, 16_384)}
_WEIGHT = ("FLOAT", -100.0, 100.0)
KINDS = {
    "CheckpointLoaderSimple": Kind({"ckpt_name": CHECKPOINTS}, ("MODEL", "CLIP", "VAE")),
    "LoraLoader": Kind(
        {
            "model": "MODEL", "clip": "CLIP", "lora_name": LORAS, "strength_model": _WEIGHT,
            "strength_clip": _WEIGHT,
        },
        ("MODEL", "CLIP"),
    ),
    "CLIPTextEncode": Kind({"text": "STRING", "clip": "CLIP"}, ("CONDITIONING",)),
    "EmptyLatentImage": Kind({**_SIZE, "batch_size": ("INT", 1, 4096)}, ("LATENT",)),
    "KSampler": Kind(_SAMPLING, ("LATENT",)),
    "VAEDecode": Kind({"samples": "LATENT", "vae": "VAE"}, ("IMAGE",)),
    "VAEEncode": Kind({"pixels": "IMAGE", "vae": "VAE"}, ("LATENT",)),
    "LoadImage": Kind({"image": "FILE"}, ("IMAGE", "MASK")),
    "LoadImageMask": Kind(
        {"image": "FILE", "channel": ("alpha", "red", "green", "blue")}, ("MASK",)
    ),
    "FluxGuidance": Kind(
        {"conditioning": "CONDITIONING", "guidance": ("FLOAT", 0.0, 100.0)}, ("CONDITIONING",)
    ),
    "InpaintModelConditioning": Kind(
        {
            "positive": "CONDITIONING", "negative": "CONDITIONING", "vae": "VAE",
            "pixels": "IMAGE", "mask": "MASK", "noise_mask": "BOOLEAN",
        },
        ("CONDITIONING", "CONDITIONING", "LATENT"),
    ),
    "SetLatentNoiseMask": Kind({"samples": "LATENT", "mask": "MASK"}, ("LATENT",)),
    "ImageCompositeMasked": Kind(
        {
            "destination": "IMAGE", "source": "IMAGE", "x": ("INT", 0, 16_384),
            "y": ("INT", 0, 16_384), "resize_source": "BOOLEAN", "mask": "MASK",
        },
        ("IMAGE",),
    ),
    "ImageScale": Kind(
        {
            "image": "IMAGE", "upscale_method": ("nearest-exact", "bilinear", "lanczos"), **_SIZE,
            "crop": ("disabled", "center"),
        },
        ("IMAGE",),
    ),
    "SaveImage": Kind({"images": "IMAGE", "filename_prefix": "STRING"}, saves=True),
    "PreviewImage": Kind({"images": "IMAGE"}, saves=True),
}  # fmt: skip


def told_of(name: str) -> dict[str, Any]:
    """What GET /object_info/NAME says, as far as anybody reads it; {} for an unknown one."""
    if name not in KINDS:
        return {}
    kind = KINDS[name]
    required = {input: _config(type) for input, type in kind.inputs.items()}
    return {
        name: {
            "input": {"required": required},
            "input_order": {"required": list(required)},
            "output": list(kind.outputs),
            "name": name,
            "output_node": kind.saves,
        }
    }


def _config(type: Any) -> list[Any]:
    if isinstance(type, str):
        # What may be loaded is what lies in the folder for inputs.
        return [[], {"image_upload": True}] if type == "FILE" else [type]
    if type[0] in ("INT", "FLOAT"):
        return [type[0], {"min": type[1], "max": type[2]}]
    return [list(type), {}]


def whole_error(nodes: Nodes) -> dict[str, Any] | None:
    """What keeps all of a graph from being looked at."""
    for name, node in nodes.items():
        kind = node.get("class_type") if isinstance(node, dict) else None
        if kind is None:
            message = "Cannot execute because a node is missing the class_type property."
            return _error("invalid_prompt", message, f"Node ID '#{name}'")
        if kind not in KINDS:
            message = f"Cannot execute because node {kind} does not exist."
            return _error("invalid_prompt", message, f"Node ID '#{name}'")
    if not any(KINDS[node["class_type"]].saves for node in nodes.values()):
        return _error("prompt_no_outputs", "Prompt has no outputs")
    return None


def node_errors(nodes: Nodes, files: set[str]) -> dict[str, Any]:
    """What is wrong with single nodes.

    Args:
        files: names of what was uploaded.
    """
    saving = [name for name, node in nodes.items() if KINDS[node["class_type"]].saves]
    found = {name: list(_errors(name, nodes, files)) for name in nodes}
    return {
        name: {
            "errors": errors,
            "dependent_outputs": [one for one in saving if name in _upstream(one, nodes)],
            "class_type": nodes[name]["class_type"],
        }
        for name, errors in found.items()
        if errors
    }


def _errors(name: str, nodes: Nodes, files: set[str]) -> Iterator[dict[str, Any]]:
    node = nodes[name]
    for input, type in KINDS[node["class_type"]].inputs.items():
        if input not in node["inputs"]:
            yield _error("required_input_missing", "Required input is missing", input, input)
            continue
        value = node["inputs"][input]
        if isinstance(value, list):
            came = KINDS[nodes[value[0]]["class_type"]].outputs[value[1]]
            if came != type:
                details = f"{input}, received_type({came}) mismatch input_type({type})"
                message = "Return type mismatch between linked nodes"
                yield _error("return_type_mismatch", message, details, input)
        elif type == "FILE":
            if value not in files:
                message = "Custom validation failed for node"
                details = f"{input} - Invalid image file: {value}"
                yield _error("custom_validation_failed", message, details, input)
        elif isinstance(type, tuple):
            yield from _value_errors(input, type, value)


def _value_errors(input: str, type: tuple[Any, ...], value: Any) -> Iterator[dict[str, Any]]:
    if type[0] not in ("INT", "FLOAT"):
        if value not in type:
            details = f"{input}: '{value}' not in {list(type)}"
            found = _error("value_not_in_list", "Value not in list", details, input)
            found["extra_info"] |= {"input_config": [list(type), {}], "received_value": value}
            yield found
    elif value < type[1]:
        message = f"Value {value} smaller than min of {type[1]}"
        yield _error("value_smaller_than_min", message, input, input)
    elif value > type[2]:
        message = f"Value {value} bigger than max of {type[2]}"
        yield _error("value_bigger_than_max", message, input, input)


def _error(kind: str, message: str, details: str = "", input: str = "") -> dict[str, Any]:
    extra = {"input_name": input} if input else {}
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def _upstream(name: str, nodes: Nodes) -> set[str]:
    links = [value for value in nodes[name]["inputs"].values() if isinstance(value, list)]
    return {name}.union(*(_upstream(link[0], nodes) for link in links))


def _words(nodes: Nodes, link: list[Any]) -> str:
    """The prompt that a conditioning began with."""
    inputs = nodes[link[0]]["inputs"]
    while "text" not in inputs:
        inputs = nodes[(inputs.get("conditioning") or inputs["positive"])[0]]["inputs"]
    return str(inputs["text"])


@dataclass(frozen=True)
class Drawing:
    """What a graph draws."""

    width: int
    height: int
    prompt: str
    seed: int


def drawing_of(name: str, nodes: Nodes, sizes: dict[str, tuple[int, int]]) -> Drawing:
    """What the node `name` saves.

    Args:
        sizes: of uploaded pictures.
    """

    def of(link: list[Any]) -> Drawing:
        inputs, kind = nodes[link[0]]["inputs"], nodes[link[0]]["class_type"]
        if kind == "EmptyLatentImage":
            return Drawing(inputs["width"], inputs["height"], "", 0)
        if kind == "LoadImage":
            return Drawing(*sizes[inputs["image"]], "", 0)
        source = next(
            inputs[one]
            for one in ("latent_image", "samples", "pixels", "destination", "image")
            if one in inputs
        )
        before = of(source)
        if kind == "KSampler":
            words = _words(nodes, inputs["positive"])
            return Drawing(before.width, before.height, words, inputs["seed"])
        if kind == "ImageScale":
            return Drawing(inputs["width"], inputs["height"], before.prompt, before.seed)
        if kind == "ImageCompositeMasked":
            drawn = of(inputs["source"])
            return Drawing(before.width, before.height, drawn.prompt, drawn.seed)
        return before

    return of(nodes[name]["inputs"]["images"])
