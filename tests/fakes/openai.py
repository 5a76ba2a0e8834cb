"""OpenAI's images, edits, chat and models, and the servers that speak the same with habits."""

from collections.abc import Mapping
from typing import Any, ClassVar

from fakes import localai
from fakes.chat import Chat
from fakes.chat_errors import bad_key, openai_error
from fakes.chat_habits import HABITS
from fakes.chat_message import TEXT_FAULTS
from fakes.faults import Fault
from fakes.image_call import Call, read_call
from fakes.image_habits import IMAGE_HABITS, ImageHabit
from fakes.limits import Excess
from fakes.log import Entry
from fakes.message import Answer, Inline, Request, html_error, reply
from fakes.openai_errors import ERRORS
from fakes.pictures import Picture
from fakes.service import PICTURE_FAULTS, Options, Service, Work, refuse

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

# Tokens of 1024x1024 pixels: of gpt-image-1, and from 2 on, where xhigh and max are guesses.
_TOKENS_1 = {"low": 272, "medium": 1056, "high": 4160, "auto": 4160}
_TOKENS = {"low": 196, "medium": 439, "high": 1756, "xhigh": 2634, "max": 3512, "auto": 1756}


class OpenAI(Service):
    """One of the servers in HABITS and IMAGE_HABITS; `habit` says which."""

    name = "openai"
    suffix = "/v1"
    errors = ERRORS
    text_faults = TEXT_FAULTS
    image_faults: ClassVar[Mapping[str, str]] = {**_IMAGES, **PICTURE_FAULTS}

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        name = options.habit
        self._chat = Chat(self, options, habit=name) if name in HABITS else None
        self._images = IMAGE_HABITS.get(name)
        self._files: dict[str, Picture] = {}

    @classmethod
    def key_for(cls, habit: str) -> str | None:
        """Servers of one's own take any key, or none."""
        return f"test-key-{habit}" if habit in ("openai", "together") else None

    def step(self, request: Request) -> str:
        path = request.path
        if path.endswith("/chat/completions"):
            return "text"
        if path in ("/v1/images/generations", "/v1/images/edits", localai.PATH):
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
        if request.path == localai.PATH and self.options.habit == "localai":
            return self._accept_upscale(request, entry)
        if (
            entry.step == "image"
            and self._images is not None
            and request.path != localai.PATH
            and request.method == "POST"
        ):
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
            case "echo-key-title":
                return html_error(502, f"No upstream for {self.options.key}")
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
            "echo-key-code": (400, "Invalid request.", invalid, f"no_{self.options.key}"),
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

    def limited(self, excess: Excess) -> Answer:
        return self.reject(Fault("429", f"{excess.delay:.3f}"))

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
        call = read_call(request)
        habit.check(call)
        entry.model = str(call.fields.get("model") or "")
        entry.prompt = call.prompt
        return lambda fault: self._draw(habit, call, request, fault)

    def _accept_upscale(self, request: Request, entry: Entry) -> Work:
        call = localai.Call(request)
        call.check()
        entry.model = call.model

        def work(fault: Fault) -> Answer:
            if fault.name in ("empty-data", "no-data"):
                return reply({"id": "u1"} if fault == "no-data" else {"id": "u1", "data": []})
            kind: Any = fault.name if fault.name in ("jpeg", "webp") else "png"
            picture = self.enlarge(call.image, *call.size, fault=fault, kind=kind)
            inline = fault.name in ("data-url", "data-in-b64", "null-picture", "bad-base64")
            data = [self._item(picture, request, fault, not inline)]
            return reply({"id": "u1", "created": 1790000000, "data": data}, pictures=(picture,))

        return work

    def _draw(self, habit: "ImageHabit", call: "Call", request: Request, fault: Fault) -> Answer:
        if fault == "text-only":
            return reply(
                {"created": 1790000000, "text": fault.value or "Which style would you like?"}
            )
        if fault.name in ("empty-data", "no-data"):
            body: dict[str, Any] = {"created": 1790000000}
            return reply(body if fault == "no-data" else body | {"data": []})
        width, height = habit.pixels(call)
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
        wants_url = habit.response_format(call) == "url" or fault.name.startswith("url")
        data = [self._item(picture, request, fault, wants_url) for picture in pictures]
        answer: dict[str, Any] = {"created": 1790000000, "data": data}
        if habit.reports:
            quality = call.fields.get("quality") or "auto"
            answer |= {
                "size": f"{width}x{height}",
                "quality": "high" if quality == "auto" else quality,
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


def _usage(call: Call, area: int, count: int) -> dict[str, Any]:
    quality = str(call.fields.get("quality") or "auto")
    tokens = _TOKENS_1 if "-image-1" in str(call.fields["model"]) else _TOKENS
    out = round(tokens[quality] * area / 2**20) * count
    text, images = max(1, len(call.prompt) // 4), 323 * len(call.images)
    return {
        "input_tokens": text + images,
        "output_tokens": out,
        "total_tokens": text + images + out,
        "input_tokens_details": {"text_tokens": text, "image_tokens": images},
        "output_tokens_details": {"text_tokens": 0, "image_tokens": out},
    }
