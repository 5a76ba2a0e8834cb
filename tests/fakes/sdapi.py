"""The web UI's /sdapi/v1: txt2img, img2img, extra-single-image, their lists, progress, interrupt.

Its habits are AUTOMATIC1111's ("sdapi"), "forge", "sdnext", and "sd-server": the server of
stable-diffusion.cpp, which has a part of it.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from fakes.faults import Fault
from fakes.limits import Excess
from fakes.log import Entry
from fakes.message import Answer, Inline, Request, reply
from fakes.pictures import Kind, Picture, size_of
from fakes.sdapi_call import Call, call_of, decoded, detail, exception, invalid
from fakes.sdapi_lists import UPSCALERS, rows
from fakes.sdapi_work import Workbench
from fakes.service import PICTURE_FAULTS, Options, Service, Work, refuse

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
        "plain-500": "500 as Forge says it, without a word of why",
    }
    image_faults: ClassVar[Mapping[str, str]] = {
        "unchanged": "the picture comes back as it was, as Forge's issue 3123 tells",
        "none": "image is null; of a drawing there are no images",
        "bad-base64": "image is no base64",
        "jpeg": "the picture is a JPEG, as the server's settings may say",
        "webp": "the picture is a WebP",
        "data-url": "image is a data: URL",
        "grid": "a sheet of all pictures comes before the one that was drawn",
        "nsfw": "the picture is black, and the report says why",
        "other-seed": "another seed than the one asked for is drawn from",
        "no-info": "the report is an empty text",
        **PICTURE_FAULTS,
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._bench = Workbench(self.clock)

    @classmethod
    def key_for(cls, habit: str) -> str | None:
        """Without --api-auth it takes anything."""
        return None

    @property
    def _habit(self) -> str:
        return self.options.habit

    def step(self, request: Request) -> str:
        match request.path:
            case "/sdapi/v1/extra-single-image" | "/sdapi/v1/txt2img" | "/sdapi/v1/img2img":
                return "image"
            case "/sdapi/v1/progress" | "/internal/progress":
                return "poll"
            case "/sdapi/v1/interrupt":
                return "cancel"
        known = request.path.startswith("/sdapi/v1/") and request.method == "GET"
        return "models" if known else "unknown"

    def accept(self, request: Request, entry: Entry) -> Work:
        # What the web UI's own page asks needs no password.
        if self.options.key is not None and not request.path.startswith("/internal/"):
            sent = base64.b64encode(self.options.key.encode()).decode()
            entry.key_is_right = request.headers.get("authorization") == f"Basic {sent}"
            if not entry.key_is_right:
                raise refuse(self.reject(Fault("401")))
        elif self.options.key is not None:
            entry.key_is_right = True
        match entry.step, request.method:
            case "models", "GET":
                listed = rows(self._habit, request.path.rpartition("/")[2])
                if listed is not None:
                    return lambda fault: reply(listed)
            case (("poll" | "cancel"), _) if (answer := self._beside(request)) is not None:
                return answer
            case "image", "POST":
                return self._picture(request, entry)
        raise refuse(self.reject(Fault("404")))

    def _beside(self, request: Request) -> Work | None:
        """What is asked while something is drawn; None where the server cannot say."""
        if self._habit == "sd-server":
            return None
        match request.method, request.path:
            case "GET", "/sdapi/v1/progress":
                with_picture = request.query.get("skip_current_image") != "true"
                return lambda fault: reply(self._bench.progress(with_picture=with_picture))
            case "POST", "/internal/progress":
                return lambda fault: reply(self._bench.of_task(request.json["id_task"]))
            case "POST", "/sdapi/v1/interrupt":
                return lambda fault: self._interrupted()
        return None

    def _interrupted(self) -> Answer:
        self._bench.interrupt()
        return reply({})

    def _picture(self, request: Request, entry: Entry) -> Work:
        if request.path.endswith("extra-single-image"):
            if self._habit == "sd-server":
                raise refuse(self.reject(Fault("404")))
            body, image = _checked(request)
            entry.model = str(body.get("upscaler_1", "None"))
            return lambda fault: self._enlarge(body, image, fault)
        call = call_of(request, self._habit)
        entry.prompt, entry.model = call.prompt, call.model
        return lambda fault: self._draw(call, fault)

    def _draw(self, call: Call, fault: Fault) -> Answer:
        made = self._drawn(call, fault)
        if not self.latency:
            return made
        passes = 2 if call.body.get("enable_hr") else 1
        # SD.Next passes over the name that a request brings.
        named = "" if self._habit == "sdnext" else call.body.get("force_task_id", "")
        task = self._bench.add(
            named or "of its own", steps=call.steps, passes=passes, seconds=self.latency
        )
        wait = task.ends - self.clock.now()
        return Answer(wait=wait, ends_early=lambda: task.interrupted, later=lambda: made)

    def _drawn(self, call: Call, fault: Fault) -> Answer:
        kind: Kind = {"jpeg": "jpeg", "webp": "webp"}.get(fault.name, "png")  # type: ignore[assignment]
        width, height = call.size
        black = fault == "nsfw"
        number = 999 if fault == "other-seed" else call.seed
        picture = self.draw(
            width, height, prompt=call.prompt, number=number, fault=fault, kind=kind, black=black
        )
        before = f"data:{picture.mime};base64," if fault == "data-url" else ""
        images: Any = [Inline(picture, before=before)]
        info = json.loads(call.info())
        match fault.name:
            case "none":
                images = []
            case "bad-base64":
                images = ["%%% no base64 %%%"]
            case "grid":
                images.insert(0, Inline(self.draw(64, 64, prompt="a sheet", fault=Fault())))
                info["index_of_first_image"] = 1
            case "nsfw":
                info["extra_generation_params"]["NSFW"] = "blanked"
            case "other-seed":
                info["seed"] = number
        told = "" if fault == "no-info" else json.dumps(info)
        body = {"images": images, "parameters": {}, "info": told}
        return reply(body, pictures=(picture,))

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
            "401": lambda: detail(401, "Incorrect username or password"),
            "403": lambda: detail(403, "Forbidden"),
            "404": lambda: detail(404, "Not Found"),
            "413": lambda: detail(413, "Request Entity Too Large"),
            "422": lambda: reply({"detail": wrong}, status=422),
            "429": lambda: detail(
                429, "Too Many Requests", headers={"Retry-After": f"{fault.number(1.0):g}"}
            ),
            "500": lambda: exception("RuntimeError", "The size of tensor a must match"),
            "echo-key": lambda: detail(401, f"{self.options.key} is not known here"),
            "out-of-memory": lambda: exception("OutOfMemoryError", memory),
        }
        if fault == "plain-500":
            return Answer(500, [b"Internal Server Error"], "text/plain")
        name = "401" if fault == "invalid-key" else fault.name
        return made[name]() if name in made else detail(int(name), "Bad gateway")

    def limited(self, excess: Excess) -> Answer:
        return self.reject(Fault("429", f"{excess.delay:.3f}"))

    def _enlarge(self, body: dict[str, Any], image: bytes, fault: Fault) -> Answer:
        chosen = body.get("upscaler_1", "None")
        if chosen not in UPSCALERS:
            # As postprocessing_upscale.py asserts.
            return exception("AssertionError", f"could not find upscaler named {chosen}")
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
        raise refuse(invalid("body", "JSON decode error"))
    for name in body:
        # The real one passes over them in silence; a client that sends them is mistaken.
        if name not in _FIELDS:
            raise refuse(invalid(name, "Extra inputs are not permitted"))
    if body.get("resize_mode", 0) not in (0, 1):
        raise refuse(invalid("resize_mode", "Input should be 0 or 1"))
    for name, (low, high) in _NUMBERS.items():
        value = body.get(name, high)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low < value <= high:
            raise refuse(invalid(name, f"Input should be from {low:g} to {high:g}"))
    image = body.get("image", "")
    if not isinstance(image, str):
        raise refuse(invalid("image", "Input should be a valid string"))
    data = decoded(image)
    if size_of(data) is None:
        raise refuse(exception("HTTPException", "", detail="Invalid encoded image"))
    return body, data
