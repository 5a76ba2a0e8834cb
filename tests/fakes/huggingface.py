"""The Hugging Face router's hf-inference: text-to-image and image-to-image, raw bytes back."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from fakes.faults import Fault
from fakes.limits import Excess
from fakes.log import Entry
from fakes.message import Answer, Request, reply
from fakes.pictures import size_of
from fakes.service import PICTURE_FAULTS, Service, Work, refuse

MODELS = (
    "black-forest-labs/FLUX.1-schnell",
    "black-forest-labs/FLUX.1-dev",
    "stabilityai/stable-diffusion-3.5-large",
)
RETIRED = ("stabilityai/stable-diffusion-xl-base-1.0",)
_PARAMETERS: dict[str, tuple[float, float] | None] = {
    "negative_prompt": None,
    "prompt": None,
    "scheduler": None,
    "target_size": None,
    "width": (64, 2048),
    "height": (64, 2048),
    "num_inference_steps": (1, 500),
    "guidance_scale": (0, 20),
    "strength": (0, 1),
    "seed": (0, 2**64 - 1),
}


class HuggingFace(Service):
    """`Accept: image/png` gets a PNG, anything else a JPEG."""

    name = "huggingface"
    suffix = "/hf-inference"
    errors: ClassVar[Mapping[str, str]] = {
        "429": "too many requests, `429=2.5` seconds in Retry-After",
        "429-bare": "the same without Retry-After",
        "400": "an error in general",
        "401": "Invalid username or password",
        "402": "the monthly credits are used up",
        "403": "the token lacks the permission",
        "404": "the model is not there",
        "422": "a parameter was rejected",
        "500": "CUDA out of memory",
        "502": "bad gateway",
        "503": "loading, `503=20` estimated_time",
        "504": "the model timed out",
        "invalid-key": "the same as 401",
        "echo-key": "401 whose message repeats the key",
        "no-credit": "the same as 402",
        "forbidden": "the same as 403",
        "gated": "403: the model is gated",
        "retired": "410: the model is no longer served",
        "loading": "the same as 503",
        "moderation": "400: NSFW content",
        "error-list": 'a 400 with {"error": ["…", "…"]}',
    }
    image_faults: ClassVar[Mapping[str, str]] = {
        "error-in-200": "status 200 whose body is a JSON error",
        "text-only": "status 200 with generated_text in JSON",
        "octet-stream": "bytes as application/octet-stream",
        "black": "a black picture, as a safety checker returns",
        "webp": "the picture as a WebP",
        **PICTURE_FAULTS,
    }

    def step(self, request: Request) -> str:
        return "image" if request.path.startswith("/hf-inference/models/") else "unknown"

    def accept(self, request: Request, entry: Entry) -> Work:
        found = re.fullmatch(r"/hf-inference/models/([^/]+/[^/]+)(?:/text-to-image)?", request.path)
        if found is None or request.method != "POST":
            raise refuse(Answer(404, [b"Not Found"], "text/plain"))
        if self.options.key is not None and not (
            entry.key == "authorization" and entry.key_is_right
        ):
            raise refuse(reply({"error": "Invalid username or password."}, status=401))
        if found[1] in RETIRED:
            raise refuse(self.reject(Fault("retired")))
        if found[1] not in MODELS:
            message = f"Model {found[1]} is not supported by provider hf-inference."
            raise refuse(reply({"error": message}, status=404))
        try:
            body = request.json
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise refuse(reply({"error": "the body is no JSON object"}, status=400))
        prompt, size = _check(body)
        entry.prompt, entry.model = prompt, found[1]
        seed = int(body.get("parameters", {}).get("seed") or 0)
        wanted = "png" if "image/png" in request.headers.get("accept", "") else "jpeg"
        return lambda fault: self._draw(prompt, size, seed=seed, wanted=wanted, fault=fault)

    def reject(self, fault: Fault, model: str = "") -> Answer:
        name = {
            "invalid-key": "401", "no-credit": "402", "forbidden": "403", "loading": "503",
        }.get(fault.name, fault.name)  # fmt: skip
        if name == "503":
            message = f"Model {model} is currently loading"
            return reply({"error": message, "estimated_time": fault.number(20.0)}, status=503)
        if name == "429":
            headers = {"Retry-After": f"{fault.number(1.0):g}"}
            return reply({"error": "Too Many Requests"}, status=429, headers=headers)
        if name == "error-list":
            errors = ["Error in `parameters.width`: ensure this value is less than 2048"]
            return reply({"error": errors, "warnings": []}, status=400)
        status, message = {
            "429-bare": (429, "Too Many Requests"),
            "400": (400, "Bad request: the request could not be understood"),
            "401": (401, "Invalid username or password."),
            "402": (402, "You have exceeded your monthly included credits for Inference Providers."
                    " Subscribe to PRO to get 20x more monthly included credits."),
            "403": (403, "This authentication method does not have sufficient permissions to call "
                    "Inference Providers on behalf of user someone"),
            "404": (404, "Model not found"),
            "422": (422, "height and width have to be divisible by 8"),
            "500": (500, "CUDA out of memory"),
            "502": (502, "Bad gateway"),
            "504": (504, "Model timed out"),
            "echo-key": (401, f"The token {self.options.key} is not valid."),
            "gated": (403, "Access to model black-forest-labs/FLUX.1-dev is restricted. You must "
                      "have access to it and be authenticated to access it."),
            "retired": (410, "The requested model is deprecated and no longer supported by "
                        "provider hf-inference."),
            "moderation": (400, "NSFW content detected. Try another prompt."),
        }[name]  # fmt: skip
        return reply({"error": message}, status=status)

    def limited(self, excess: Excess) -> Answer:
        return self.reject(Fault("429", f"{excess.delay:.3f}"))

    def _draw(
        self, prompt: str, size: tuple[int, int], *, seed: int, wanted: str, fault: Fault
    ) -> Answer:
        if fault == "error-in-200":
            return reply({"error": "Internal error while sampling"})
        if fault == "text-only":
            return reply([{"generated_text": "I draw no pictures."}])
        picture = self.draw(
            *size,
            prompt=prompt,
            number=seed,
            fault=fault,
            black=fault == "black",
            kind="webp" if fault == "webp" else wanted,  # type: ignore[arg-type]
        )
        mime = "application/octet-stream" if fault == "octet-stream" else picture.mime
        return Answer(200, [picture.bytes], mime, pictures=(picture,))


def _check(body: dict[str, Any]) -> tuple[str, tuple[int, int]]:
    """The prompt and the size; refuses what the pipeline would not take."""

    def no(message: str, status: int = 400) -> Exception:
        return refuse(reply({"error": message}, status=status))

    unknown = [name for name in body if name not in ("inputs", "parameters")]
    if unknown:
        raise no(f"unexpected field: {unknown[0]}", 422)
    inputs, parameters = body.get("inputs"), body.get("parameters", {})
    if not isinstance(inputs, str) or not inputs.strip():
        raise no("Error in `inputs`: field required")
    if not isinstance(parameters, dict):
        raise no("Error in `parameters`: value is not a valid dict")
    for name, value in parameters.items():
        if name not in _PARAMETERS:
            raise no(f"pipeline got an unexpected keyword argument '{name}'")
        bounds = _PARAMETERS[name]
        if bounds is None or value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise no(f"Error in `parameters.{name}`: value is not a valid number", 422)
        if not bounds[0] <= value <= bounds[1]:
            raise no(f"Error in `parameters.{name}`: must be from {bounds[0]} to {bounds[1]}", 422)
    picture = _picture_in(inputs)
    size = size_of(picture) if picture else None
    prompt = str(parameters.get("prompt", "")) if size else inputs
    if size and not prompt:
        raise no("Error in `parameters.prompt`: field required")
    width, height = parameters.get("width"), parameters.get("height")
    for side in (width, height):
        if side is not None and (side != int(side) or side % 8):
            raise no(f"`height` and `width` have to be divisible by 8 but are {height} and {width}")
    default = size or (1024, 1024)
    return prompt, (int(width or default[0]), int(height or default[1]))


def _picture_in(inputs: str) -> bytes | None:
    """The picture in an image-to-image request, whose inputs are base64."""
    if len(inputs) < 60 or " " in inputs:
        return None
    try:
        return base64.b64decode(inputs.partition("base64,")[2] or inputs, validate=True)
    except (binascii.Error, ValueError):
        return None
