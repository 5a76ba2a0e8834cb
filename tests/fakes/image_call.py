"""A request for pictures in OpenAI's shape, read from JSON or from a form."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fakes.chat_errors import openai_error
from fakes.message import Answer, Request
from fakes.pictures import type_of
from fakes.service import listed, refuse


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


def read_call(request: Request) -> Call:
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
        raise refuse(missing_parameter("prompt"))
    if not isinstance(prompt, str) or not prompt.strip():
        raise refuse(
            openai_error(
                400, "Invalid 'prompt': empty string.", code="empty_string", param="prompt"
            )
        )
    check_number(call.fields, "n", 1, 10)
    if edit and not call.images:
        raise refuse(missing_parameter("image"))
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


def missing_parameter(name: str) -> Answer:
    return openai_error(
        400,
        f"Missing required parameter: '{name}'.",
        code="missing_required_parameter",
        param=name,
    )


def check_number(fields: Mapping[str, Any], name: str, low: float, high: float) -> None:
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


def check_choice(fields: Mapping[str, Any], name: str, options: tuple[str, ...]) -> None:
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
