"""AUTOMATIC1111's and Forge's /sdapi/v1 as far as it enlarges: upscalers, extra-single-image."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from fakes.faults import Fault
from fakes.limits import Excess
from fakes.log import Entry
from fakes.message import Answer, Inline, Request, reply
from fakes.pictures import Picture, size_of
from fakes.service import PICTURE_FAULTS, Service, Work, refuse

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
_NUMBERS = {
    "upscaling_resize": (0.0, 1e9),
    "upscaling_resize_w": (1, 1e9),
    "upscaling_resize_h": (1, 1e9),
    "gfpgan_visibility": (0, 1),
    "codeformer_visibility": (0, 1),
    "codeformer_weight": (0, 1),
    "extras_upscaler_2_visibility": (0, 1),
}
_FIELDS = {
    "image", "resize_mode", "show_extras_results", "upscaling_crop", "upscaler_1", "upscaler_2",
    "upscale_first", *_NUMBERS,
}  # fmt: skip
_CELL = 8


class Sdapi(Service):
    """One started with --api, and with --api-auth USER:PASSWORD where Options has a key."""

    name = "sdapi"
    errors: ClassVar[Mapping[str, str]] = {
        "401": "incorrect username or password",
        "403": "forbidden, as a proxy before it says",
        "404": "not found: started without --api",
        "413": "the body is too large, as a proxy before it says",
        "422": "a validation error in FastAPI's shape",
        "429": "too many requests, as a proxy before it says, `429=2.5` seconds in Retry-After",
        "500": "an exception of the server's own",
        "502": "bad gateway",
        "503": "unavailable",
        "504": "gateway timeout",
        "invalid-key": "the same as 401",
        "echo-key": "401 whose detail repeats user and password",
        "out-of-memory": "500 OutOfMemoryError",
    }
    image_faults: ClassVar[Mapping[str, str]] = {
        "unchanged": "the picture comes back as it was, as Forge's issue 3123 tells",
        "none": "image is null",
        "bad-base64": "image is no base64",
        "jpeg": "the picture is a JPEG, as the server's settings may say",
        "webp": "the picture is a WebP",
        "data-url": "image is a data: URL",
        **PICTURE_FAULTS,
    }

    @classmethod
    def key_for(cls, habit: str) -> str | None:
        """Without --api-auth it takes anything."""
        return None

    def step(self, request: Request) -> str:
        match request.path:
            case "/sdapi/v1/extra-single-image":
                return "image"
            case "/sdapi/v1/upscalers":
                return "models"
        return "unknown"

    def accept(self, request: Request, entry: Entry) -> Work:
        if self.options.key is not None:
            sent = base64.b64encode(self.options.key.encode()).decode()
            entry.key_is_right = request.headers.get("authorization") == f"Basic {sent}"
            if not entry.key_is_right:
                raise refuse(self.reject(Fault("401")))
        if entry.step == "models" and request.method == "GET":
            return lambda fault: self._upscalers()
        if entry.step != "image" or request.method != "POST":
            raise refuse(self.reject(Fault("404")))
        body, image = _checked(request)
        entry.model = str(body.get("upscaler_1", "None"))
        return lambda fault: self._enlarge(body, image, fault)

    def reject(self, fault: Fault, model: str = "") -> Answer:
        wrong = [
            {
                "loc": ["body", "upscaling_resize"],
                "msg": "Input should be greater than 0",
                "type": "greater_than",
            }
        ]
        memory = "CUDA out of memory. Tried to allocate 9.00 GiB."
        made: dict[str, Callable[[], Answer]] = {
            "401": lambda: _detail(401, "Incorrect username or password"),
            "403": lambda: _detail(403, "Forbidden"),
            "404": lambda: _detail(404, "Not Found"),
            "413": lambda: _detail(413, "Request Entity Too Large"),
            "422": lambda: reply({"detail": wrong}, status=422),
            "429": lambda: _detail(
                429, "Too Many Requests", headers={"Retry-After": f"{fault.number(1.0):g}"}
            ),
            "500": lambda: _exception("RuntimeError", "The size of tensor a must match"),
            "echo-key": lambda: _detail(401, f"{self.options.key} is not known here"),
            "out-of-memory": lambda: _exception("OutOfMemoryError", memory),
        }
        name = "401" if fault == "invalid-key" else fault.name
        return made[name]() if name in made else _detail(int(name), "Bad gateway")

    def limited(self, excess: Excess) -> Answer:
        return self.reject(Fault("429", f"{excess.delay:.3f}"))

    def _upscalers(self) -> Answer:
        return reply(
            [
                {
                    "name": name,
                    "model_name": None,
                    "model_path": None,
                    "model_url": None,
                    "scale": float(scale),
                }
                for name, scale in UPSCALERS.items()
            ]
        )

    def _enlarge(self, body: dict[str, Any], image: bytes, fault: Fault) -> Answer:
        chosen = body.get("upscaler_1", "None")
        if chosen not in UPSCALERS:
            # As postprocessing_upscale.py asserts.
            return _exception("AssertionError", f"could not find upscaler named {chosen}")
        picture = self._made(body, image, fault, plain=chosen == "None")
        value: Any = Inline(picture)
        if fault == "none":
            value = None
        if fault == "bad-base64":
            value = "%%% no base64 %%%"
        if fault == "data-url":
            value = Inline(picture, before=f"data:{picture.mime};base64,")
        return reply({"html_info": "", "image": value}, pictures=(picture,))

    def _made(self, body: dict[str, Any], image: bytes, fault: Fault, *, plain: bool) -> Picture:
        size = size_of(image) or (64, 64)
        if plain or fault == "unchanged":
            return Picture(*size, "image/png", image)
        kind: Any = fault.name if fault.name in ("jpeg", "webp") else "png"
        if body.get("resize_mode", 0) == 1:
            # Crop to fit: what the enlarged picture does not cover would stay black.
            width, height = body["upscaling_resize_w"], body["upscaling_resize_h"]
        else:
            factor = float(body.get("upscaling_resize", 2))
            width, height = (int(side * factor // _CELL * _CELL) for side in size)
        return self.enlarge(image, width, height, fault=fault, kind=kind)


def _checked(request: Request) -> tuple[dict[str, Any], bytes]:
    """The body and the picture in it."""
    try:
        body = request.json
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refuse(_invalid("body", "JSON decode error"))
    for name in body:
        # The real one passes over them in silence; a client that sends them is mistaken.
        if name not in _FIELDS:
            raise refuse(_invalid(name, "Extra inputs are not permitted"))
    if body.get("resize_mode", 0) not in (0, 1):
        raise refuse(_invalid("resize_mode", "Input should be 0 or 1"))
    for name, (low, high) in _NUMBERS.items():
        value = body.get(name, high)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low < value <= high:
            raise refuse(_invalid(name, f"Input should be from {low:g} to {high:g}"))
    image = body.get("image", "")
    if not isinstance(image, str):
        raise refuse(_invalid("image", "Input should be a valid string"))
    try:
        data = base64.b64decode(image.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if size_of(data) is None:
        raise refuse(_exception("HTTPException", "", detail="Invalid encoded image"))
    return body, data


def _detail(status: int, detail: str, **more: Any) -> Answer:
    return reply({"detail": detail}, status=status, **more)


def _exception(kind: str, words: str, *, detail: str = "") -> Answer:
    """As the middleware of the web UI tells of what its code raised."""
    return reply({"error": kind, "detail": detail, "body": "", "errors": words}, status=500)


def _invalid(name: str, message: str) -> Answer:
    wrong = {"loc": ["body", name], "msg": message, "type": "value_error"}
    return reply({"detail": [wrong]}, status=422)
