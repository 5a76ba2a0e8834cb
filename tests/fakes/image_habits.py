"""What OpenAI's images and the servers that imitate them take, each with its own habits."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from fakes.chat_errors import openai_error
from fakes.image_call import Call, check_choice, check_number, missing_parameter
from fakes.message import reply
from fakes.service import refuse

_GPT_FIELDS = {
    "model", "prompt", "n", "size", "quality", "output_format", "output_compression", "background",
    "moderation", "safety_identifier", "user", "stream", "partial_images",
}  # fmt: skip


_EDIT_FIELDS = {*_GPT_FIELDS, "image", "image[]", "mask", "input_fidelity"}


_GPT_MODELS = (
    "gpt-image-1-mini", "gpt-image-1.5", "gpt-image-2", "gpt-image-2-2026-04-21",
    "gpt-image-2.5-sunburst", "gpt-image-2.5-sunburst-2026-09-08", "gpt-image-2.5-flare",
    "gpt-image-2.5-flare-2026-09-08", "gpt-image-2.6-sunburst", "gpt-image-2.6-flare",
    "chatgpt-image-latest",
)  # fmt: skip


_FIXED_SIZES = ("1024x1024", "1536x1024", "1024x1536")


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
        raise refuse(missing_parameter("model"))
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
    more = ("xhigh", "max") if re.search(r"-2\.[56]-", str(model)) else ()
    check_choice(fields, "quality", (*qualities, *more))
    check_choice(fields, "output_format", ("png", "jpeg", "webp"))
    check_choice(fields, "background", ("transparent", "opaque", "auto"))
    check_choice(fields, "moderation", ("low", "auto"))
    check_number(fields, "output_compression", 0, 100)
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
    if max(width, height) > 3840:
        raise no("The longest side must be at most 3840 pixels.")
    if not 655_360 <= width * height <= 8_294_400:
        raise no("The number of pixels must be between 655360 and 8294400.")


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

    def response_format(self, call: Call) -> str:
        """ "b64_json" or "url", as asked for or by default."""
        return str(call.fields.get("response_format") or self.default_format)

    def pixels(self, call: Call) -> tuple[int, int]:
        """Width and height that the server draws."""
        fields = call.fields
        if found := re.fullmatch(r"(\d+)x(\d+)", str(fields.get("size") or "auto")):
            return int(found[1]), int(found[2])
        if self.width_height and fields.get("width") and fields.get("height"):
            return int(fields["width"]), int(fields["height"])
        return self.default_size


IMAGE_HABITS = {
    "openai": ImageHabit(_check_gpt, _GPT_MODELS, reports=True, usage=True),
    "localai": ImageHabit(
        _check_localai, ("stablediffusion", "flux.1-dev"), "url", default_size=(512, 512)
    ),
    "vllm-omni": ImageHabit(_check_vllm_omni, ("Qwen/Qwen-Image",), reports=True),
    "sglang": ImageHabit(_check_sglang, ("Qwen/Qwen-Image",), "url", width_height=True),
    "sdcpp": ImageHabit(_check_sdcpp, ("sd-cpp-local",), default_size=(512, 512)),
}
