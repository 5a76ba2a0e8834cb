"""OpenAI's images, edits, chat and models, and the servers that speak the same with habits."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fakes.chat import HABITS, TEXT_FAULTS, Chat, bad_key, openai_error
from fakes.faults import Fault
from fakes.log import Entry
from fakes.message import Answer, Inline, Request, reply
from fakes.pictures import Picture, type_of
from fakes.service import PICTURE_FAULTS, Options, Service, Work, listed, refuse

_ERRORS = {
    "429": "rate limit a minute, `429=2.5` seconds in Retry-After",
    "429-date": "the same, with Retry-After as a date",
    "429-bare": "the same, without Retry-After",
    "429-day": "429 insufficient_quota: retrying is of no use",
    "no-credit": "the same as 429-day",
    "billing": "400 billing_hard_limit_reached",
    "400": "invalid_request_error in general",
    "401": "no key, or not this one",
    "403": "the organization must be verified",
    "404": "the model does not exist",
    "422": "a validation error in FastAPI's shape",
    "500": "server_error",
    "502": "server_error",
    "503": "overloaded",
    "504": "a gateway's timeout",
    "invalid-key": "the same as 401",
    "echo-key": "401 whose message repeats the whole key",
    "forbidden": "the same as 403",
    "retired": "the same as 404",
    "moderation": "400 moderation_blocked, with the safety system's words",
    "loading": "503: the model is loading (llama.cpp)",
    "no-schema": "400 that names response_format json_schema as unsupported",
    "no-json": "400 that names any response_format as unsupported",
    "no-seed": "400 that names seed as an unknown parameter",
    "error-text": 'a 500 with {"error": "text"}',
    "error-detail": 'a 500 with {"detail": "text"}',
    "error-plain": "a 500 with plain text",
}
_IMAGES = {
    "url": "data[].url on this server instead of b64_json",
    "url-relative": "data[].url without host",
    "url-missing": "data[].url that answers 404",
    "url-html": "data[].url that answers a web page",
    "url-private": "data[].url that points to a private address",
    "url-file": "data[].url that is file:///etc/passwd",
    "data-url": "data[].url that is a data: URL",
    "data-in-b64": "b64_json that begins with data:image/png;base64,",
    "empty-data": "an empty list of data",
    "no-data": "a body without data",
    "null-picture": "data[].b64_json is null, and there is no url",
    "bad-base64": "b64_json is no base64",
    "one-short": "one picture fewer than asked for",
    "jpeg": "the pictures are JPEG whatever was asked for",
    "webp": "the pictures are WebP whatever was asked for",
    "revised": "revised_prompt beside the picture",
    "text-only": "the answer is words without a picture, `text-only=TEXT`",
}

_GPT_FIELDS = {
    "model", "prompt", "n", "size", "quality", "output_format", "output_compression", "background",
    "moderation", "user", "stream", "partial_images",
}  # fmt: skip
_EDIT_FIELDS = {*_GPT_FIELDS, "image", "image[]", "mask", "input_fidelity"}
_GPT_MODELS = (
    "gpt-image-1-mini", "gpt-image-1.5", "gpt-image-2", "gpt-image-2-2026-04-21",
    "gpt-image-2.5-sunburst", "gpt-image-2.5-flare", "gpt-image-2.6-sunburst",
    "gpt-image-2.6-flare", "chatgpt-image-latest",
)  # fmt: skip
_FIXED_SIZES = ("1024x1024", "1536x1024", "1024x1536")
_TOKENS = {"low": 272, "medium": 1056, "high": 4160, "xhigh": 6240, "max": 8320, "auto": 1056}


class OpenAI(Service):
    """One of the servers in HABITS and _IMAGE_HABITS; `habit` says which."""

    name = "openai"
    suffix = "/v1"
    errors = _ERRORS
    text_faults = TEXT_FAULTS
    image_faults: ClassVar[Mapping[str, str]] = {**_IMAGES, **PICTURE_FAULTS}

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        name = options.habit
        self._chat = Chat(self, options, habit=name) if name in HABITS else None
        self._images = _IMAGE_HABITS.get(name)
        self._files: dict[str, Picture] = {}

    @classmethod
    def key_for(cls, habit: str) -> str | None:
        """Servers of one's own take any key, or none."""
        return f"test-key-{habit}" if habit in ("openai", "together") else None

    def step(self, request: Request) -> str:
        path = request.path
        if path.endswith("/chat/completions"):
            return "text"
        if path in ("/v1/images/generations", "/v1/images/edits"):
            return "image"
        if path.startswith("/generated-images/"):
            return "download"
        return "models" if path.startswith("/v1/models") else "unknown"

    def accept(self, request: Request, entry: Entry) -> Work:
        if entry.step == "download":
            return self._download(request)
        if self.options.key is not None and not (
            entry.key == "authorization" and entry.key_is_right
        ):
            raise refuse(bad_key(request, entry))
        if entry.step == "image" and self._images is not None and request.method == "POST":
            return self._accept_image(self._images, request, entry)
        if entry.step == "models" and request.method == "GET":
            return lambda fault: self._models(request)
        if entry.step == "text" and self._chat is not None:
            return self._chat.accept(request, entry)
        message = f"Invalid URL ({request.method} {request.path})"
        raise refuse(openai_error(404, message))

    def reject(self, fault: Fault, model: str = "") -> Answer:  # noqa: PLR0911  a case for each fault
        wait = f"{fault.number(1.0):g}"
        match fault.name:
            case "429":
                return openai_error(
                    429,
                    f"Rate limit reached for images per minute. Please try again in {wait}s.",
                    kind="rate_limit_error",
                    code="rate_limit_exceeded",
                    headers={"Retry-After": wait},
                )
            case "429-date":
                return openai_error(
                    429,
                    "Rate limit reached for images per minute.",
                    code="rate_limit_exceeded",
                    headers={"Retry-After": "Fri, 31 Dec 2100 23:59:59 GMT"},
                )
            case "error-text":
                return reply({"error": "Image generation failed: out of memory"}, status=500)
            case "error-detail":
                return reply({"detail": "Image generation failed: out of memory"}, status=500)
            case "error-plain":
                return Answer(500, [b"Internal Server Error"], "text/plain")
            case "422":
                detail = [
                    {
                        "loc": ["body", "size"],
                        "msg": "Input should be a valid string",
                        "type": "string_type",
                    }
                ]
                return reply({"detail": detail}, status=422)
        status, message, kind, code = self._rejections(model)[fault.name]
        return openai_error(status, message, kind=kind, code=code)

    def _rejections(self, model: str) -> Mapping[str, tuple[int, str, str, str | None]]:
        invalid, server = "invalid_request_error", "server_error"
        key = (
            401,
            "Incorrect API key provided: test****. You can find your API key at "
            "https://platform.openai.com/account/api-keys.",
            invalid,
            "invalid_api_key",
        )
        verify = (
            403,
            "Your organization must be verified to use the model. Please go to: "
            "https://platform.openai.com/settings/organization/general.",
            invalid,
            None,
        )
        gone = (
            404,
            f"The model `{model}` does not exist or you do not have access to it.",
            invalid,
            "model_not_found",
        )
        credit = (
            429,
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
            "insufficient_quota",
        )
        echo = f"Incorrect API key provided: {self.options.key}."
        return {
            "401": key,
            "invalid-key": key,
            "echo-key": (401, echo, invalid, "invalid_api_key"),
            "403": verify,
            "forbidden": verify,
            "404": gone,
            "retired": gone,
            "429-day": credit,
            "no-credit": credit,
            "429-bare": (429, "Rate limit reached.", "rate_limit_error", "rate_limit_exceeded"),
            "billing": (
                400,
                "Billing hard limit has been reached",
                invalid,
                "billing_hard_limit_reached",
            ),
            "400": (400, "Invalid request.", invalid, None),
            "500": (
                500,
                "The server had an error while processing your request. Sorry about that!",
                server,
                None,
            ),
            "502": (502, "Bad gateway.", server, None),
            "503": (
                503,
                "The engine is currently overloaded, please try again later.",
                server,
                None,
            ),
            "504": (504, "Gateway timeout.", server, None),
            "moderation": (
                400,
                "Your request was rejected by the safety system. safety_violations=[violence].",
                "image_generation_user_error",
                "moderation_blocked",
            ),
            "loading": (503, "Loading model", "unavailable_error", None),
            "no-schema": (
                400,
                "'response_format' of type 'json_schema' is not supported with this model.",
                invalid,
                None,
            ),
            "no-json": (400, "Unknown parameter: 'response_format'.", invalid, "unknown_parameter"),
            "no-seed": (400, "Unknown parameter: 'seed'.", invalid, "unknown_parameter"),
        }

    def limited(self, delay: float) -> Answer:
        return self.reject(Fault("429", f"{delay:.3f}"))

    # Models and files

    def _models(self, request: Request) -> Answer:
        names = [*(self._chat.models if self._chat else ())]
        names += self._images.models if self._images else ()
        name = request.path.removeprefix("/v1/models").removeprefix("/")
        if name and name not in names:
            return openai_error(404, f"The model '{name}' does not exist", code="model_not_found")
        if name:
            return reply({"id": name, "object": "model", "owned_by": "system"})
        data = [{"id": one, "object": "model", "owned_by": "system"} for one in names]
        return reply({"object": "list", "data": data})

    def _download(self, request: Request) -> Work:
        picture = self._files.get(request.path)
        if request.path.endswith(".html"):
            return lambda fault: Answer(200, [b"<html>Sign in</html>"], "text/html")
        if picture is None:
            raise refuse(Answer(404, [b"not found"], "text/plain"))
        return lambda fault: Answer(200, [picture.bytes], picture.mime)

    # Pictures

    def _accept_image(self, habit: "ImageHabit", request: Request, entry: Entry) -> Work:
        call = _read_call(request)
        habit.check(call)
        entry.model = str(call.fields.get("model") or "")
        entry.prompt = call.prompt
        return lambda fault: self._draw(habit, call, request, fault)

    def _draw(self, habit: "ImageHabit", call: "Call", request: Request, fault: Fault) -> Answer:
        if fault == "text-only":
            return reply(
                {"created": 1790000000, "text": fault.value or "Which style would you like?"}
            )
        if fault.name in ("empty-data", "no-data"):
            body: dict[str, Any] = {"created": 1790000000}
            return reply(body if fault == "no-data" else body | {"data": []})
        width, height = call.pixels(habit)
        kind = {"jpeg": "jpeg", "jpg": "jpeg", "webp": "webp"}.get(
            fault.name if fault.name in ("jpeg", "webp") else call.output_format, "png"
        )
        count = max(1, call.n - 1) if fault == "one-short" else call.n
        pictures = tuple(
            self.draw(
                width,
                height,
                prompt=call.prompt,
                fault=fault,
                number=call.seed + number,
                kind=kind,  # type: ignore[arg-type]
            )
            for number in range(count)
        )
        wants_url = call.response_format(habit) == "url" or fault.name.startswith("url")
        data = [self._item(picture, request, fault, wants_url) for picture in pictures]
        answer: dict[str, Any] = {"created": 1790000000, "data": data}
        if habit.reports:
            quality = call.fields.get("quality") or "auto"
            answer |= {
                "size": f"{width}x{height}",
                "quality": "medium" if quality == "auto" else quality,
                "output_format": call.output_format or "png",
                "background": "opaque",
            }
        if habit.usage and self.options.usage:
            answer["usage"] = _usage(call, width * height, count)
        return reply(answer, pictures=pictures)

    def _item(
        self, picture: Picture, request: Request, fault: Fault, wants_url: bool
    ) -> dict[str, Any]:
        item: dict[str, Any]
        if wants_url:
            path = f"/generated-images/b64{picture.sha256[:16]}.png"
            self._files[path] = picture
            urls = {
                "url-relative": path,
                "url-missing": f"{request.root}/generated-images/gone.png",
                "url-html": f"{request.root}/generated-images/page.html",
                "url-private": "http://169.254.169.254/latest/meta-data/",
                "url-file": "file:///etc/passwd",
            }
            item = {"url": urls.get(fault.name, request.root + path)}
        elif fault == "data-url":
            item = {"url": Inline(picture, before=f"data:{picture.mime};base64,")}
        elif fault == "data-in-b64":
            item = {"b64_json": Inline(picture, before=f"data:{picture.mime};base64,")}
        elif fault == "null-picture":
            item = {"b64_json": None, "url": None}
        elif fault == "bad-base64":
            item = {"b64_json": "%%% no base64 %%%"}
        else:
            item = {"b64_json": Inline(picture)}
        if fault == "revised":
            item["revised_prompt"] = "A picture, revised"
        return item


@dataclass(frozen=True)
class Call:
    """One request for pictures, read from JSON or from a form."""

    fields: dict[str, Any]
    images: list[bytes]
    edit: bool
    as_json: bool

    @property
    def prompt(self) -> str:
        """Without the tag that carries sd.cpp's extra arguments."""
        prompt = re.sub(r"<sd_cpp_extra_args>.*?</sd_cpp_extra_args>", "", self.fields["prompt"])
        return prompt.strip()

    @property
    def n(self) -> int:
        return int(self.fields.get("n") or 1)

    @property
    def seed(self) -> int:
        extra = re.search(r"<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>", self.fields["prompt"])
        given = json.loads(extra[1]).get("seed") if extra else self.fields.get("seed")
        return int(given or 0)

    @property
    def output_format(self) -> str:
        return str(self.fields.get("output_format") or "")

    def response_format(self, habit: "ImageHabit") -> str:
        return str(self.fields.get("response_format") or habit.default_format)

    def pixels(self, habit: "ImageHabit") -> tuple[int, int]:
        size = str(self.fields.get("size") or "auto")
        if found := re.fullmatch(r"(\d+)x(\d+)", size):
            return int(found[1]), int(found[2])
        if habit.width_height and self.fields.get("width") and self.fields.get("height"):
            return int(self.fields["width"]), int(self.fields["height"])
        return habit.default_size


def _read_call(request: Request) -> Call:
    edit = request.path.endswith("/edits")
    if request.form is not None:
        parts = request.form
        fields = {part.name: part.text for part in parts if part.filename is None}
        images = [p.data for p in parts if p.name in ("image", "image[]") and p.filename]
        call = Call(fields, images, edit, as_json=False)
    else:
        try:
            body = request.json
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise refuse(openai_error(400, "We could not parse the JSON body of your request."))
        call = Call(body, _json_images(body) if edit else [], edit, as_json=True)
    prompt = call.fields.get("prompt")
    if prompt is None:
        raise refuse(_missing("prompt"))
    if not isinstance(prompt, str) or not prompt.strip():
        raise refuse(
            openai_error(
                400, "Invalid 'prompt': empty string.", code="empty_string", param="prompt"
            )
        )
    _check_number(call.fields, "n", 1, 10)
    if edit and not call.images:
        raise refuse(_missing("image"))
    if not edit and not call.as_json:
        raise refuse(openai_error(400, "Unsupported content type: multipart/form-data"))
    for image in call.images:
        if type_of(image) not in ("image/png", "image/jpeg", "image/webp"):
            raise refuse(
                openai_error(
                    400,
                    "Invalid file 'image': unsupported mimetype. Supported file formats are "
                    "'image/jpeg', 'image/png', and 'image/webp'.",
                    code="unsupported_file_mimetype",
                    param="image",
                )
            )
    return call


def _json_images(body: dict[str, Any]) -> list[bytes]:
    urls = [one.get("image_url", "") for one in body.get("images", [])]
    return [base64.b64decode(url.partition(",")[2]) for url in urls]


def _missing(name: str) -> Answer:
    return openai_error(
        400,
        f"Missing required parameter: '{name}'.",
        code="missing_required_parameter",
        param=name,
    )


def _check_number(fields: Mapping[str, Any], name: str, low: float, high: float) -> None:
    value = fields.get(name)
    if value is None:
        return
    try:
        fits = low <= float(value) <= high and not isinstance(value, bool)
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise refuse(
            openai_error(
                400,
                f"Invalid '{name}': expected a number from {low} to {high}, got {value} instead.",
                code="invalid_value",
                param=name,
            )
        )


def _check_choice(fields: Mapping[str, Any], name: str, options: tuple[str, ...]) -> None:
    value = fields.get(name)
    if value is not None and value not in options:
        raise refuse(
            openai_error(
                400,
                f"Invalid value: '{value}'. Supported values are: {listed(options)}.",
                code="invalid_value",
                param=name,
            )
        )


def _check_gpt(call: Call) -> None:
    """gpt-image models: no response_format, seed or steps; sizes by model."""
    fields = call.fields
    allowed = _EDIT_FIELDS | {"images"} if call.edit else _GPT_FIELDS
    unknown = [name for name in fields if name not in allowed]
    if unknown:
        raise refuse(
            openai_error(
                400,
                f"Unknown parameter: '{unknown[0]}'.",
                code="unknown_parameter",
                param=unknown[0],
            )
        )
    model = fields.get("model")
    if model is None:
        raise refuse(_missing("model"))
    if model not in _GPT_MODELS:
        raise refuse(
            openai_error(
                404,
                f"The model '{model}' does not exist or you do not have access to it.",
                code="model_not_found",
                param="model",
            )
        )
    if len(fields["prompt"]) > 32000:
        raise refuse(
            openai_error(
                400,
                "Invalid 'prompt': string too long. Expected a string with maximum length 32000.",
                code="string_above_max_length",
                param="prompt",
            )
        )
    qualities = ("low", "medium", "high", "auto")
    _check_choice(
        fields, "quality", (*qualities, "xhigh", "max") if "-2.5-" in model else qualities
    )
    _check_choice(fields, "output_format", ("png", "jpeg", "webp"))
    _check_choice(fields, "background", ("transparent", "opaque", "auto"))
    _check_choice(fields, "moderation", ("low", "auto"))
    _check_number(fields, "output_compression", 0, 100)
    if "output_compression" in fields and fields.get("output_format") not in ("jpeg", "webp"):
        raise refuse(
            openai_error(
                400,
                "output_compression is only supported for jpeg and webp.",
                code="invalid_value",
                param="output_compression",
            )
        )
    if fields.get("background") == "transparent" and fields.get("output_format") == "jpeg":
        raise refuse(
            openai_error(
                400,
                "Transparent background is not supported for the jpeg format.",
                code="invalid_value",
                param="background",
            )
        )
    if fields.get("stream") or fields.get("partial_images"):
        raise refuse(openai_error(400, "This fake does not stream.", param="stream"))
    if len(call.images) > 16:
        raise refuse(openai_error(400, "Too many images: at most 16.", param="image"))
    _check_gpt_size(str(model), str(fields.get("size", "auto")))


def _check_gpt_size(model: str, size: str) -> None:
    def no(why: str) -> Exception:
        return refuse(
            openai_error(400, f"Invalid size '{size}'. {why}", code="invalid_value", param="size")
        )

    if size == "auto" or size in _FIXED_SIZES:
        return
    any_size = re.match(r"gpt-image-2|chatgpt-image-latest", model)
    if not any_size:
        raise no(f"Supported sizes are {', '.join(_FIXED_SIZES)}, and auto.")
    found = re.fullmatch(r"(\d+)x(\d+)", size)
    if found is None:
        raise no("Expected WIDTHxHEIGHT or auto.")
    width, height = int(found[1]), int(found[2])
    if width % 16 or height % 16 or not width or not height:
        raise no("Width and height must be divisible by 16.")
    if not 1 / 3 <= width / height <= 3:
        raise no("The aspect ratio must be between 1:3 and 3:1.")
    if max(width, height) > 3840 or min(width, height) > 2160:
        raise no("The largest size is 3840x2160.")


def _check_localai(call: Call) -> None:
    if not call.fields.get("model"):
        raise refuse(
            reply({"error": {"code": 400, "message": "no model specified", "type": ""}}, status=400)
        )


def _detail(message: str, status: int = 400) -> Exception:
    return refuse(reply({"detail": message}, status=status))


def _check_vllm_omni(call: Call) -> None:
    fields = call.fields
    if fields.get("model") not in (None, "Qwen/Qwen-Image"):
        raise _detail(
            f"Model mismatch: request specifies '{fields['model']}' but server is running "
            "'Qwen/Qwen-Image'."
        )
    if fields.get("response_format") not in (None, "b64_json", "file"):
        raise _detail("Only response_format='b64_json' or 'file' is supported currently.")
    for name, low, high in (
        ("num_inference_steps", 1, 200), ("guidance_scale", 0, 20), ("true_cfg_scale", 0, 20),
        ("strength", 0, 1), ("output_compression", 0, 100),
    ):  # fmt: skip
        value = fields.get(name)
        if value is not None and not low <= float(value) <= high:
            detail = [
                {
                    "type": "value_error",
                    "loc": ["body", name],
                    "msg": f"Input should be between {low} and {high}",
                    "input": value,
                }
            ]
            raise refuse(reply({"detail": detail}, status=422))
    _check_plain_size(call)


def _check_sglang(call: Call) -> None:
    if call.fields.get("response_format", "url") != "b64_json":
        raise _detail("response_format='url' requires cloud storage to be configured.")
    _check_plain_size(call)


def _check_sdcpp(call: Call) -> None:
    size = call.fields.get("size")
    if size is not None and not re.fullmatch(r"\d+x\d+", str(size)):
        raise refuse(reply({"error": "invalid size format, expected WxH"}, status=400))
    if call.fields.get("output_format", "png") not in ("png", "jpeg", "webp"):
        raise refuse(reply({"error": "invalid output_format"}, status=400))


def _check_plain_size(call: Call) -> None:
    size = call.fields.get("size")
    if size not in (None, "auto") and not re.fullmatch(r"\d+x\d+", str(size)):
        raise _detail(f"Invalid size format: '{size}'. Expected format: 'WIDTHxHEIGHT'.")


@dataclass(frozen=True)
class ImageHabit:
    """How one images server differs.

    Attributes:
        check: refuses what it does not take.
        default_format: response_format when none is sent.
        default_size: pixels when no size, or one it cannot read, is sent.
        width_height: whether it reads these fields.
        reports: whether the reply tells size and format.
    """

    check: Callable[[Call], None]
    models: tuple[str, ...]
    default_format: str = "b64_json"
    default_size: tuple[int, int] = (1024, 1024)
    width_height: bool = False
    reports: bool = False
    usage: bool = False


_IMAGE_HABITS = {
    "openai": ImageHabit(_check_gpt, _GPT_MODELS, reports=True, usage=True),
    "localai": ImageHabit(
        _check_localai, ("stablediffusion", "flux.1-dev"), "url", default_size=(512, 512)
    ),
    "vllm-omni": ImageHabit(_check_vllm_omni, ("Qwen/Qwen-Image",), reports=True),
    "sglang": ImageHabit(_check_sglang, ("Qwen/Qwen-Image",), "url", width_height=True),
    "sdcpp": ImageHabit(_check_sdcpp, ("sd-cpp-local",), default_size=(512, 512)),
}


def _usage(call: Call, area: int, count: int) -> dict[str, Any]:
    quality = str(call.fields.get("quality") or "auto")
    out = round(_TOKENS[quality] * area / 2**20) * count
    text, images = max(1, len(call.prompt) // 4), 323 * len(call.images)
    return {
        "input_tokens": text + images,
        "output_tokens": out,
        "total_tokens": text + images + out,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens_details": {"text_tokens": 0, "image_tokens": out},
    }
