"""A request for a picture to a server of the web UI's protocol: what it may say and means."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from fakes.message import Answer, Request, reply
from fakes.pictures import size_of
from fakes.sdapi_lists import LORAS, MODELS, UPSCALERS, samplers, schedulers
from fakes.sdapi_prompt import read_by_sdcpp
from fakes.service import refuse

_TEXTS = {"prompt", "negative_prompt", "sampler_name", "scheduler", "hr_upscaler", "force_task_id"}
# Lowest and highest; whole numbers where both are.
_NUMBERS: dict[str, tuple[float, float]] = {
    "width": (1, 8192),
    "height": (1, 8192),
    "steps": (1, 1000),
    "cfg_scale": (0.0, 100.0),
    "seed": (-1, 2**63),
    "batch_size": (1, 64),
    "n_iter": (1, 64),
    "denoising_strength": (0.0, 1.0),
    "hr_scale": (1.0, 4.0),
    "hr_resize_x": (0, 8192),
    "hr_resize_y": (0, 8192),
    "hr_cfg": (0.0, 100.0),
    "distilled_cfg_scale": (0.0, 100.0),
    "hr_distilled_cfg": (0.0, 100.0),
    "mask_blur": (0, 64),
    "inpainting_fill": (0, 3),
}
_TRUTHS = {
    "enable_hr", "send_images", "save_images", "inpaint_full_res",
    "override_settings_restore_afterwards",
}  # fmt: skip
_OTHERS = {"override_settings", "hr_additional_modules", "init_images", "mask", "lora"}
_MOST_STEPS_OF_SDCPP = 100
# Of the number that its field holds.
_SIGN = 2**31


@dataclass
class Call:
    """One request.

    Attributes:
        habit: whose server it is.
        body: its JSON.
        from_picture: it came to img2img.
    """

    habit: str
    body: dict[str, Any]
    from_picture: bool

    @property
    def prompt(self) -> str:
        return str(self.body.get("prompt", ""))

    @property
    def size(self) -> tuple[int, int]:
        """Pixels of the result."""
        width, height = self.body.get("width", 512), self.body.get("height", 512)
        if self.body.get("enable_hr"):
            width, height = self.body["hr_resize_x"], self.body["hr_resize_y"]
        if self.habit == "sd-server":
            # To what a UNet halves three times after its cells of 8 pixels.
            width, height = (-(-side // 64) * 64 for side in (width, height))
        return width, height

    @property
    def steps(self) -> int:
        if self.habit == "sd-server":
            return min(int(self.body.get("steps", 20)), _MOST_STEPS_OF_SDCPP)
        return int(self.body.get("steps", 50))

    @property
    def seed(self) -> int:
        """-1 asks for a random one; the fake always draws the same."""
        seed = int(self.body.get("seed", -1))
        if self.habit == "sd-server":
            tag = read_by_sdcpp(self.prompt).settings
            seed = json.loads(tag)["seed"] if tag else seed if seed < _SIGN else -1
        return seed if seed >= 0 else 1234567

    @property
    def model(self) -> str:
        """What draws: an unknown name is passed over in silence, as by the real ones."""
        settings = self.body.get("override_settings") or {}
        titles = {title: name for name, title in MODELS.items()}
        chosen = titles.get(settings.get("sd_model_checkpoint", ""), "foxes_v2")
        return "foxes_v2" if self.habit == "sd-server" else chosen.rpartition("/")[2]

    def info(self) -> str:
        """The report: JSON, which stands in the answer as a text."""
        sampler = samplers(self.habit).get(self.body.get("sampler_name", ""))
        schedule = schedulers(self.habit).get(self.body.get("scheduler", ""))
        width, height = self.size
        told: dict[str, Any] = {
            "prompt": self.prompt,
            "negative_prompt": self.body.get("negative_prompt", ""),
            "seed": self.seed,
            "all_seeds": [self.seed],
            "width": width,
            "height": height,
            "sampler_name": sampler or ("euler_a" if self.habit == "sd-server" else "Euler"),
            "cfg_scale": self.body.get("cfg_scale", 7.0),
            "steps": self.steps,
            "sd_model_name": self.model,
            "extra_generation_params": {},
            "denoising_strength": self.body.get("denoising_strength", 0.75),
            "infotexts": [f"{self.prompt}\nSteps: {self.steps}"],
        }
        if self.habit != "sdnext":
            unnamed = "NONE" if self.habit == "sd-server" else "Automatic"
            told["extra_generation_params"] = {"Schedule type": schedule or unnamed}
        if self.habit != "sd-server":
            told |= {"sd_model_hash": "0f0c5e52aa", "index_of_first_image": 0, "styles": []}
        return json.dumps(told)


def call_of(request: Request, habit: str) -> Call:
    """The request, if the server takes it.

    Raises:
        RefusedRequest: it does not.
    """
    try:
        body = request.json
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refuse(invalid("body", "JSON decode error"))
    for name, value in body.items():
        if wrong := _wrong(name, value):
            raise refuse(invalid(name, wrong))
    call = Call(habit, body, from_picture=request.path.endswith("img2img"))
    _check_names(call)
    _check_pictures(call)
    return call


def _wrong(name: str, value: Any) -> str:
    """What is wrong with a field; "" for nothing."""
    if name in _TEXTS:
        return "" if isinstance(value, str) else "Input should be a valid string"
    if name in _TRUTHS:
        return "" if isinstance(value, bool) else "Input should be a valid boolean"
    if name in _OTHERS:
        return ""
    if name not in _NUMBERS:
        # The real ones pass over them in silence; a client that sends them is mistaken.
        return "Extra inputs are not permitted"
    low, high = _NUMBERS[name]
    kinds: tuple[type, ...] = (int,) if isinstance(low, int) else (int, float)
    right = isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high
    return "" if right else f"Input should be from {low:g} to {high:g}"


def _check_names(call: Call) -> None:
    body, habit = call.body, call.habit
    sampler, schedule = body.get("sampler_name"), body.get("scheduler")
    if sampler is not None and sampler not in samplers(habit):
        raise refuse(detail(400, "Sampler not found"))
    if schedule is not None and (habit == "sdnext" or schedule not in schedulers(habit)):
        raise refuse(detail(400, "Scheduler not found"))
    upscaler = body.get("hr_upscaler", "Lanczos")
    if habit != "sdnext" and upscaler not in UPSCALERS:
        raise refuse(exception("Exception", f"could not find upscaler named {upscaler}"))
    if habit == "forge" and body.get("enable_hr") and "hr_additional_modules" not in body:
        words = "argument of type 'NoneType' is not iterable"
        raise refuse(exception("TypeError", words))
    known = {f"{name}.safetensors" for name in LORAS}
    if any(row.get("path") not in known for row in body.get("lora", ())):
        raise refuse(reply({"error": "invalid lora path"}, status=400))


def _check_pictures(call: Call) -> None:
    if not call.from_picture:
        if "init_images" in call.body or "mask" in call.body:
            raise refuse(invalid("init_images", "Extra inputs are not permitted"))
        return
    images = call.body.get("init_images")
    if not images:
        raise refuse(detail(404, "Init image not found"))
    for encoded in [*images, *([call.body["mask"]] if "mask" in call.body else [])]:
        if size_of(decoded(encoded)) is None:
            raise refuse(exception("HTTPException", "", detail="Invalid encoded image"))


def decoded(image: str) -> bytes:
    """The bytes of base64; none where it is damaged."""
    try:
        return base64.b64decode(image.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        return b""


def detail(status: int, words: str, **more: Any) -> Answer:
    """An error as FastAPI writes it."""
    return reply({"detail": words}, status=status, **more)


def exception(kind: str, words: str, *, detail: str = "") -> Answer:
    """As the middleware of the web UI tells of what its code raised."""
    return reply({"error": kind, "detail": detail, "body": "", "errors": words}, status=500)


def invalid(name: str, message: str) -> Answer:
    """A validation error in FastAPI's shape."""
    wrong = {"loc": ["body", name], "msg": message, "type": "value_error"}
    return reply({"detail": [wrong]}, status=422)
