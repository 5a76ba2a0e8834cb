"""Stability's v2beta: stable-image/generate/{ultra,core,sd3}, stable-image/upscale/{fast,
conservative,creative} and results/{id}.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from fakes.faults import Fault
from fakes.jobs import Job
from fakes.limits import Excess
from fakes.log import Entry
from fakes.message import Answer, Inline, Part, Request, reply
from fakes.pictures import Kind, Picture, size_of, type_of
from fakes.service import PICTURE_FAULTS, Options, Service, Work, listed, refuse

PIXELS = {
    "16:9": (1344, 768),
    "1:1": (1024, 1024),
    "21:9": (1536, 640),
    "2:3": (832, 1216),
    "3:2": (1216, 832),
    "4:5": (896, 1088),
    "5:4": (1088, 896),
    "9:16": (768, 1344),
    "9:21": (640, 1536),
}
# Core draws 1.5 megapixels, in sizes that nobody tells: these are the ratios, in steps of 16.
CORE_PIXELS = {
    "16:9": (1664, 944),
    "1:1": (1248, 1248),
    "21:9": (1920, 816),
    "2:3": (1024, 1536),
    "3:2": (1536, 1024),
    "4:5": (1120, 1408),
    "5:4": (1408, 1120),
    "9:16": (944, 1664),
    "9:21": (816, 1920),
}
STYLES = (
    "3d-model", "analog-film", "anime", "cinematic", "comic-book", "digital-art", "enhance",
    "fantasy-art", "isometric", "line-art", "low-poly", "modeling-compound", "neon-punk",
    "origami", "photographic", "pixel-art", "tile-texture",
)  # fmt: skip
_COMMON = {"prompt", "negative_prompt", "aspect_ratio", "seed", "output_format", "style_preset"}
_FIELDS = {
    "core": _COMMON,
    "ultra": _COMMON | {"image", "strength"},
    "sd3": _COMMON | {"model", "mode", "image", "strength", "cfg_scale"},
    "fast": {"image", "output_format"},
    "conservative": {"image", "prompt", "negative_prompt", "seed", "creativity", "output_format"},
    "creative": {
        "image", "prompt", "negative_prompt", "seed", "creativity", "output_format", "style_preset",
    },
}  # fmt: skip
_UPSCALES = ("fast", "conservative", "creative")
_CREATIVITY = {"conservative": (0.2, 0.5), "creative": (0.1, 0.5)}
_MEGAPIXEL = 2**20
_MAX_SEED = 4294967294


class Stability(Service):
    """Bytes for `Accept: image/*`, base64 for `Accept: application/json`."""

    name = "stability"
    errors: ClassVar[Mapping[str, str]] = {
        "429": "more than 150 requests in 10 seconds",
        "429-after": "the same with Retry-After, `429-after=2.5`",
        "400": "bad_request in general",
        "401": "unauthorized",
        "402": "no credit left",
        "403": "content_moderation",
        "404": "not found",
        "413": "payload too large",
        "422": "the request was well-formed, but rejected",
        "500": "internal_error",
        "502": "bad gateway",
        "503": "unavailable",
        "504": "gateway timeout",
        "invalid-key": "the same as 401",
        "echo-key": "401 whose message repeats the key",
        "no-credit": "the same as 402",
        "moderation": "the same as 403, `moderation=TEXT`",
        "forbidden": "403 without moderation",
        "retired": "410: the model is gone",
    }
    image_faults: ClassVar[Mapping[str, str]] = {
        "refused": "finish reason CONTENT_FILTERED with a blurred picture",
        "no-picture": "JSON without image, or an empty body",
        "json-instead": "JSON although bytes were asked for",
        "no-headers": "bytes without the headers seed and finish-reason",
        "octet-stream": "bytes as application/octet-stream",
        "bad-base64": "JSON whose image is no base64",
        "unknown-fields": "fields and headers that nobody knows",
        "unknown-enum": "a finish reason that nobody knows",
        **PICTURE_FAULTS,
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._jobs: dict[str, Job] = {}

    def step(self, request: Request) -> str:
        if request.path.startswith("/v2beta/results/"):
            return "poll"
        return "image" if _route(request) else "unknown"

    def accept(self, request: Request, entry: Entry) -> Work:
        if self.options.key is not None and not (
            entry.key == "authorization" and entry.key_is_right
        ):
            words = (
                "authorization: missing or invalid" if entry.key else "authorization: is missing"
            )
            raise refuse(_error(401, "unauthorized", words))
        if entry.step == "poll" and request.method == "GET":
            return lambda fault: self._result(request.path.rpartition("/")[2])
        route = _route(request)
        if route is None or request.method != "POST":
            raise refuse(_error(404, "not_found", f"{request.path}: no such resource"))
        accepts = request.headers.get("accept", "*/*")
        if not re.search(r"\*/\*|image/\*|application/json", accepts):
            raise refuse(_bad(f"accept: must be one of image/*, application/json, got {accepts}"))
        if request.form is None:
            raise refuse(_bad("content-type: must be multipart/form-data"))
        call = Call(route, request.form, as_json="application/json" in accepts)
        call.check()
        entry.prompt = call.fields.get("prompt", "")
        entry.model = call.fields.get("model", route)
        if route == "creative":
            return lambda fault: self._begin(call, fault, entry)
        return lambda fault: self._draw(call, fault)

    def reject(self, fault: Fault, model: str = "") -> Answer:
        wait = f"{fault.number(1.0):g}" if fault.name.startswith("429") else ""
        many = "You have exceeded the rate limit of 150 requests within a 10 second period"
        flagged = fault.value or "Your request was flagged by our content moderation system."
        broke = "You lack sufficient credits to make this request. Please purchase more credits."
        made: dict[str, Callable[[], Answer]] = {
            "429": lambda: _error(429, "rate_limit_exceeded", many),
            "429-after": lambda: _error(
                429, "rate_limit_exceeded", many, headers={"Retry-After": wait}
            ),
            "400": lambda: _bad("some-field: is required"),
            "401": lambda: _error(401, "unauthorized", "authorization: missing or invalid"),
            "402": lambda: _error(402, "payment_required", broke),
            "403": lambda: _error(403, "content_moderation", flagged),
            "404": lambda: _error(404, "not_found", "the requested resource was not found"),
            "413": lambda: _error(413, "payload_too_large", "the request was larger than 10 MiB"),
            "422": lambda: _error(422, "unprocessable_entity", "the language is not supported"),
            "echo-key": lambda: _error(
                401, "unauthorized", f"authorization: {self.options.key} is not a valid key"
            ),
            "forbidden": lambda: _error(403, "forbidden", "your organization may not do this"),
            "retired": lambda: _error(410, "gone", "the model is no longer available"),
        }
        same = {"invalid-key": "401", "no-credit": "402", "moderation": "403"}
        name = same.get(fault.name, fault.name)
        if name in made:
            return made[name]()
        return _error(int(name), "internal_error", "An unexpected server error has occurred")

    def limited(self, excess: Excess) -> Answer:
        return self.reject(Fault("429-after", f"{excess.delay:.3f}"))

    def _begin(self, call: "Call", fault: Fault, entry: Entry) -> Answer:
        """A job that takes as long as any work, of which the answer tells the name alone."""
        picture = self._picture(call, fault)
        name = f"{len(self._jobs):064x}"
        self._jobs[name] = Job(
            name, entry, call.fields, (picture,), fault, self.latency, self.clock
        )
        body = {} if fault == "no-picture" else {"id": name}
        paid = () if fault == "refused" else (picture,)
        made = reply(body, pictures=paid)
        return Answer(wait=0.0, later=lambda: made)

    def _result(self, name: str) -> Answer:
        job = self._jobs.get(name)
        if job is None:
            return _error(404, "not_found", "the generation was not found, or has expired")
        if job.state != "done":
            return reply({"id": name, "status": "in-progress"}, status=202)
        (picture,) = job.pictures
        headers = {"seed": "1234567", "finish-reason": _reason(job.fault)}
        return Answer(200, [picture.bytes], picture.mime, headers)

    def _picture(self, call: "Call", fault: Fault) -> Picture:
        width, height = call.pixels
        kind: Kind = {"jpeg": "jpeg", "webp": "webp"}.get(call.output_format, "png")  # type: ignore[assignment]
        if call.route in _UPSCALES:
            return self.enlarge(call.images[0], width, height, fault=fault, kind=kind)
        prompt = "a blur" if fault == "refused" else call.fields.get("prompt", "")
        return self.draw(width, height, prompt=prompt, number=call.seed, fault=fault, kind=kind)

    def _draw(self, call: "Call", fault: Fault) -> Answer:
        picture = self._picture(call, fault)
        reason = _reason(fault)
        paid = () if fault.name in ("refused", "no-picture") else (picture,)
        if call.as_json or fault == "json-instead":
            body: dict[str, Any] = {
                "image": Inline(picture), "finish_reason": reason, "seed": call.seed
            }  # fmt: skip
            if fault == "no-picture":
                del body["image"]
            if fault == "bad-base64":
                body["image"] = "%%% no base64 %%%"
            if fault == "unknown-fields":
                body["artifacts"] = [None]
            return reply(body, pictures=paid)
        headers = {"seed": str(call.seed), "finish-reason": reason, "x-request-id": "f1e2d3"}
        if fault == "no-headers":
            headers = {}
        mime = "application/octet-stream" if fault == "octet-stream" else picture.mime
        data = b"" if fault == "no-picture" else picture.bytes
        return Answer(200, [data], mime, headers, pictures=paid)


class Call:
    """One request: its form, and the rules of its route."""

    def __init__(self, route: str, form: list[Part], *, as_json: bool) -> None:
        self.route = route
        self.as_json = as_json
        self.fields = {part.name: part.text for part in form if part.filename is None}
        self.images = [part.data for part in form if part.name == "image" and part.filename]
        # A file of no bytes stands there to make the form a multipart one, whatever its name.
        self._names = [part.name for part in form if part.data or part.filename is None]

    @property
    def seed(self) -> int:
        """0 asks for a random one; the fake always draws the same."""
        return int(self.fields.get("seed") or 0) or 1234567

    @property
    def output_format(self) -> str:
        return self.fields.get("output_format", "png")

    @property
    def pixels(self) -> tuple[int, int]:
        if self.route in _UPSCALES:
            width, height = size_of(self.images[0]) or (256, 256)
            # Of creative it is told to be 4K.
            area = {"conservative": 4, "creative": 8}.get(self.route, 0) * _MEGAPIXEL
            by = math.sqrt(area / (width * height)) if area else 4
            return round(width * by), round(height * by)
        if self.images and self.fields.get("mode") == "image-to-image":
            return size_of(self.images[0]) or (1024, 1024)
        table = CORE_PIXELS if self.route == "core" else PIXELS
        return table[self.fields.get("aspect_ratio", "1:1")]

    def check(self) -> None:
        """Refuse what this route does not take."""
        fields, allowed = self.fields, _FIELDS[self.route]
        for name in self._names:
            if name not in allowed:
                raise refuse(_bad(f"{name}: unknown field"))
        if "image" in fields:
            raise refuse(_bad("image: must be a file"))
        if len(set(self._names)) < len(self._names):
            raise refuse(_bad("fields: each may be given once"))
        if "prompt" in allowed:
            self._check_prompt()
        self._check_choices()
        self._number("seed", 0, _MAX_SEED, whole=True)
        self._number("strength", 0, 1)
        self._number("cfg_scale", 1, 10)
        self._number("creativity", *_CREATIVITY.get(self.route, (0.2, 0.5)))
        self._check_image()

    def _check_prompt(self) -> None:
        prompt = self.fields.get("prompt")
        if prompt is None:
            raise refuse(_bad("prompt: is required"))
        if not prompt.strip():
            raise refuse(_bad("prompt: cannot be empty"))
        if max(len(prompt), len(self.fields.get("negative_prompt", ""))) > 10000:
            raise refuse(_bad("prompt: must be less than 10000 characters"))

    def _check_choices(self) -> None:
        choices = {
            "aspect_ratio": tuple(PIXELS),
            "output_format": ("png", "jpeg", "webp"),
            "style_preset": STYLES,
            "mode": ("text-to-image", "image-to-image"),
            "model": ("sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium"),
        }
        for name, options in choices.items():
            value = self.fields.get(name)
            if value is not None and value not in options:
                raise refuse(_bad(f"{name}: must be one of {listed(options)}, got '{value}'"))

    def _check_image(self) -> None:
        fields = self.fields
        for image in self.images:
            if type_of(image) not in ("image/png", "image/jpeg", "image/webp"):
                raise refuse(_bad("image: must be a valid png, jpeg or webp image"))
        if self.route in _UPSCALES:
            self._check_size()
            return
        if "strength" in fields and not self.images:
            raise refuse(_bad("strength: requires image"))
        if self.images and "strength" not in fields:
            raise refuse(_bad("strength: is required when image is provided"))
        if self.route == "sd3":
            editing = fields.get("mode") == "image-to-image"
            if editing and not self.images:
                raise refuse(_bad("image: is required when mode is image-to-image"))
            if self.images and not editing:
                raise refuse(_bad("image: is not allowed when mode is text-to-image"))
            if editing and "aspect_ratio" in fields:
                raise refuse(_bad("aspect_ratio: is not allowed when mode is image-to-image"))

    def _check_size(self) -> None:
        """Refuse a picture that the route does not enlarge."""
        if not self.images:
            raise refuse(_bad("image: is required"))
        width, height = size_of(self.images[0]) or (0, 0)
        least, most = (32, 1536) if self.route == "fast" else (64, 2**20)
        if not (least <= width <= most and least <= height <= most):
            raise refuse(_bad(f"image: sides must be between {least} and {most} pixels"))
        area = 9 * _MEGAPIXEL if self.route == "conservative" else _MEGAPIXEL
        if width * height > area:
            raise refuse(_bad(f"image: must have at most {area:,} pixels"))
        if self.route == "conservative" and max(width, height) > 2.5 * min(width, height):
            raise refuse(_bad("image: aspect ratio must be between 1:2.5 and 2.5:1"))

    def _number(self, name: str, low: float, high: float, *, whole: bool = False) -> None:
        value = self.fields.get(name)
        if value is None:
            return
        try:
            fits = low <= (int(value) if whole else float(value)) <= high
        except ValueError:
            fits = False
        if not fits:
            raise refuse(_bad(f"{name}: must be a number between {low} and {high}, got '{value}'"))


def _route(request: Request) -> str | None:
    found = re.fullmatch(
        r"/v2beta/stable-image/(?:generate/(ultra|core|sd3)|upscale/(fast|conservative|creative))",
        request.path,
    )
    return (found[1] or found[2]) if found else None


def _reason(fault: Fault) -> str:
    reasons = {"refused": "CONTENT_FILTERED", "unknown-enum": "BRAND_NEW_REASON"}
    return reasons.get(fault.name, "SUCCESS")


def _error(status: int, name: str, message: str, **more: Any) -> Answer:
    body = {"id": "4212a4b66fbe1cedca4bf2133d35dca5", "name": name, "errors": [message]}
    return reply(body, status=status, **more)


def _bad(message: str) -> Answer:
    return _error(400, "bad_request", message)
