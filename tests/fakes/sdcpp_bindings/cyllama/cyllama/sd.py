"""cyllama.sd as it was seen (0.2.18 with a full-size Stable Diffusion 1.5), without the drawing.

What it is asked is appended to the file that FAKE_SDCPP_LOG names. Words of the prompt make it
behave badly, as the real one can: CRASH, ABORTS, KILLED, FAILS, SLOW.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from enum import IntEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from PIL import Image


class SampleMethod(IntEnum):
    EULER = 0
    EULER_A = 1
    DPMPP2M = 5
    LCM = 9
    COUNT = 17


class Scheduler(IntEnum):
    DISCRETE = 0
    KARRAS = 1
    SGM_UNIFORM = 5
    COUNT = 11


class SDType(IntEnum):
    F32 = 0
    F16 = 1
    BF16 = 30


class LoraApplyMode(IntEnum):
    AUTO = 0
    AT_RUNTIME = 2


_METHODS = {0: "euler", 1: "euler_a", 5: "dpm++2m", 9: "lcm", 17: "NONE"}
_SCHEDULERS = {0: "discrete", 1: "karras", 5: "sgm_uniform", 11: "NONE"}
_callbacks: dict[str, Callable[..., None]] = {}


def sample_method_name(method: SampleMethod) -> str:
    return _METHODS[method]


def scheduler_name(scheduler: Scheduler) -> str:
    return _SCHEDULERS[scheduler]


def set_log_callback(callback: Callable[[int, str], None]) -> None:
    _callbacks["log"] = callback


def set_progress_callback(callback: Callable[[int, int, float], None]) -> None:
    _callbacks["progress"] = callback


class SDImage:
    def __init__(self, image: Image.Image) -> None:
        self.image = image

    @staticmethod
    def from_pil(image: Image.Image) -> "SDImage":
        return SDImage(image)

    def to_pil(self) -> Image.Image:
        return self.image


class SDContextParams:
    def __init__(self) -> None:
        self.vae_decode_only = True
        self.free_params_immediately = True
        self.lora_apply_mode = LoraApplyMode.AUTO


class SDSampleParams:
    def __init__(self) -> None:
        self.sample_method, self.scheduler = SampleMethod.COUNT, Scheduler.COUNT


class SDImageGenParams:
    def __init__(self, **values: Any) -> None:
        self.values = values
        self.sample_params = SDSampleParams()

    def set_init_image(self, image: SDImage) -> None:
        self.values["image"] = _digest(image)

    def set_mask_image(self, image: SDImage) -> None:
        self.values["mask"] = _digest(image)

    def set_loras(self, loras: list[dict[str, Any]]) -> None:
        self.values["loras"] = loras


class SDContext:
    def __init__(self, params: SDContextParams) -> None:
        # The real one draws its bar past every callback.
        print("  |====>     | 173/1130 - 1.05GB/s", flush=True)
        print("ggml: something", file=sys.stderr, flush=True)
        self._values = vars(params)
        self._rest = ""
        _note("load", self._values)
        model = self._values.get("model_path") or self._values.get("diffusion_model_path", "")
        if "refused" in model:
            _callbacks["log"](1, "model.cpp:10   - loading\n")
            _callbacks["log"](3, "model.cpp:255  - get sd version from file failed\n")
            raise RuntimeError("Failed to create SD context")
        self._drawn = 0

    def generate_with_params(self, params: SDImageGenParams) -> list[SDImage]:
        values = {**params.values, **vars(params.sample_params)}
        _note("draw", values)
        self._drawn += 1
        prompt = values["prompt"]
        if "ABORTS" in prompt:
            _callbacks["log"](3, "ggml-backend.cpp:99 - failed to allocate buffer of size 9\n")
            os.kill(os.getpid(), signal.SIGABRT)
        for lora in values.get("loras", []):
            if "other" in lora["path"]:
                text = (
                    f"Only (0 / 2) LoRA tensors have been applied, lora_file_path = {lora['path']}"
                )
                _callbacks["log"](2, f"lora.hpp:828  - {text}\n")
        if "CRASH" in prompt or (self._values["free_params_immediately"] and self._drawn > 1):
            os.kill(os.getpid(), signal.SIGSEGV)
        if "KILLED" in prompt:
            os.kill(os.getpid(), signal.SIGKILL)
        steps = values["sample_steps"]
        if "image" in values:
            steps = min(steps, int(steps * values["strength"]) + 1)
        for step in range(steps + 1):
            if "SLOW" in prompt:
                time.sleep(0.05)
            _callbacks["progress"](step, steps, 0.1)
        if "FAILS" in prompt:
            _callbacks["log"](3, "ggml_extend.hpp:1889 - vae: failed to allocate the buffer\n")
            raise RuntimeError("Image generation failed")
        told = self._rest + json.dumps(values, default=str, sort_keys=True)
        if "loras" in values and self._values["lora_apply_mode"] == LoraApplyMode.AUTO:
            # Taken away from the weights again, they leave a rest.
            self._rest += "a rest of the LoRA"
        color = tuple(sha256(told.encode()).digest()[:3])
        return [SDImage(Image.new("RGB", (values["width"], values["height"]), color))]


def _digest(image: SDImage) -> str:
    picture = image.image
    return f"{picture.mode} {picture.size} {sha256(picture.tobytes()).hexdigest()[:8]}"


def _note(what: str, values: dict[str, Any]) -> None:
    if path := os.environ.get("FAKE_SDCPP_LOG"):
        plain = {name: value for name, value in values.items() if not name.startswith("_")}
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"what": what, **plain}, default=int) + "\n")
