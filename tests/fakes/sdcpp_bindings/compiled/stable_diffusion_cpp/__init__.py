"""stable_diffusion_cpp as it was seen (0.4.7 with a real model), without the drawing.

What it is asked is appended to the file that FAKE_SDCPP_LOG names.
"""

import ctypes
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

__version__ = "0.4.7"
sd_log_callback = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_log: list[Any] = []


def sd_set_log_callback(callback: Any, data: ctypes.c_void_p) -> None:
    _log[:] = [callback]


class StableDiffusion:
    def __init__(self, **values: Any) -> None:
        _note("load", values)
        if "refused" in values.get("model_path", ""):
            _log[0](3, b"model.cpp:255  - get sd version from file failed\n", None)
            raise ValueError("Failed to load model from file")

    def generate_image(
        self, *, progress_callback: Callable[[int, int, float], None], **values: Any
    ) -> list[Image.Image]:
        for name in ("init_image", "mask_image"):
            image = values[name]
            values[name] = None if image is None else f"{image.mode} {image.size}"
        _note("draw", values)
        for step in range(values["sample_steps"] + 1):
            progress_callback(step, values["sample_steps"], 0.1)
        color = (values["seed"] % 256, 0, 0, 255)
        return [Image.new("RGBA", (values["width"], values["height"]), color)]


def _note(what: str, values: dict[str, Any]) -> None:
    if path := os.environ.get("FAKE_SDCPP_LOG"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"what": what, **values}) + "\n")
