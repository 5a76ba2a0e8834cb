"""Imagen's `:predict`, as the Gemini API spoke it until August 2026 and emulators still do."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from fakes.faults import Fault
from fakes.google import (
    check_key,
    invalid,
    json_object,
    model_not_found,
    over_limit,
)
from fakes.google_faults import ERRORS, google_fault
from fakes.limits import Excess
from fakes.log import Entry
from fakes.message import Answer, Inline, Request, reply
from fakes.service import PICTURE_FAULTS, Service, Work, listed, refuse
from fakes.shapes import check_shape

_PATH = re.compile(r"/(v1beta|v1)/models/([^/:]+):(\w+)")
MODELS = (
    "imagen-4.0-generate-001",
    "imagen-4.0-ultra-generate-001",
    "imagen-4.0-fast-generate-001",
)
PIXELS = {
    "1:1": (1024, 1024),
    "3:4": (896, 1280),
    "4:3": (1280, 896),
    "9:16": (768, 1408),
    "16:9": (1408, 768),
}
_REQUEST = {
    "instances": [{"prompt": "TYPE_STRING"}],
    "parameters": {
        "sampleCount": "TYPE_INT32",
        "aspectRatio": "TYPE_STRING",
        "personGeneration": "TYPE_STRING",
        "sampleImageSize": "TYPE_STRING",
    },
}


class Imagen(Service):
    """Serves MODELS; `gone` as a fault answers as the real endpoint has since it was shut down."""

    name = "imagen"
    signs = True
    errors: ClassVar[Mapping[str, str]] = {**ERRORS, "gone": "404: shut down, as the real one"}
    image_faults: ClassVar[Mapping[str, str]] = {
        "no-predictions": "a body without predictions: all were filtered",
        "empty-predictions": "an empty list of predictions",
        "refused": "a prediction with nothing but raiFilteredReason, `refused=TEXT`",
        "one-filtered": "the last prediction is filtered, the others are pictures",
        "null-picture": "a prediction without picture and without reason",
        "bad-base64": "bytesBase64Encoded is no base64",
        "jpeg": "the pictures are JPEG",
        "unknown-fields": "fields that nobody knows",
        **PICTURE_FAULTS,
    }

    @classmethod
    def key_for(cls, habit: str) -> str | None:
        return "test-key-gemini"

    def step(self, request: Request) -> str:
        found = _PATH.fullmatch(request.path)
        if found is not None and found[3] == "predict":
            return "image"
        return "models" if re.match(r"/v1(beta)?/models", request.path) else "unknown"

    def accept(self, request: Request, entry: Entry) -> Work:
        check_key(self, entry)
        found = _PATH.fullmatch(request.path)
        if entry.step == "models" and found is None and request.method == "GET":
            models = [
                {"name": f"models/{name}", "supportedGenerationMethods": ["predict"]}
                for name in MODELS
            ]
            return lambda fault: reply({"models": models})
        if found is None or request.method != "POST":
            raise refuse(Answer(404, [b"Not Found"], "text/html"))
        version, model, method = found.groups()
        entry.model = model
        if model not in MODELS or method != "predict":
            raise refuse(model_not_found(model, version, method))
        body = check_shape(json_object(request), _REQUEST)
        prompts = [instance.get("prompt", "") for instance in body.get("instances", [])]
        if len(prompts) != 1 or not prompts[0].strip():
            raise refuse(invalid("Exactly one instance with a prompt is expected."))
        parameters = body.get("parameters", {})
        _check_parameters(parameters)
        entry.prompt = prompts[0]
        return lambda fault: self._predict(prompts[0], parameters, fault)

    def reject(self, fault: Fault, model: str = "") -> Answer:
        name = "404" if fault == "gone" else fault.name
        return google_fault(
            name,
            fault.number(1.0),
            model=model or MODELS[0],
            key=self.options.key or "",
            method="predict",
        )

    def limited(self, excess: Excess) -> Answer:
        return over_limit(excess, model=MODELS[0], free=False)

    def _predict(self, prompt: str, parameters: dict[str, Any], fault: Fault) -> Answer:
        if fault == "no-predictions":
            return reply({})
        if fault == "empty-predictions":
            return reply({"predictions": []})
        words = fault.value or (
            "Unable to show generated images. All images were filtered out because they violated "
            "Google's Responsible AI practices."
        )
        count = parameters.get("sampleCount", 4)
        if fault == "refused":
            return reply({"predictions": [{"raiFilteredReason": words}] * count})
        if fault == "null-picture":
            return reply({"predictions": [{"mimeType": "image/png"}] * count})
        width, height = PIXELS[parameters.get("aspectRatio", "1:1")]
        scale = 2 if parameters.get("sampleImageSize") == "2K" else 1
        drawn = count - 1 if fault == "one-filtered" else count
        pictures = tuple(
            self.draw(
                width * scale,
                height * scale,
                prompt=prompt,
                number=number,
                fault=fault,
                kind="jpeg" if fault == "jpeg" else "png",
            )
            for number in range(drawn)
        )
        predictions: list[dict[str, Any]] = [
            {"mimeType": picture.mime, "bytesBase64Encoded": Inline(picture)}
            for picture in pictures
        ]
        if fault == "one-filtered":
            predictions.append({"raiFilteredReason": words})
        if fault == "bad-base64":
            predictions[0]["bytesBase64Encoded"] = "%%% no base64 %%%"
        body: dict[str, Any] = {"predictions": predictions}
        if fault == "unknown-fields":
            body |= {"deployedModelId": "17", "metadata": None}
        return reply(body, pictures=pictures)


def _check_parameters(parameters: dict[str, Any]) -> None:
    count = parameters.get("sampleCount", 4)
    if not 1 <= count <= 4:
        raise refuse(invalid(f"sampleCount must be between 1 and 4, got {count}."))
    choices = {
        "aspectRatio": tuple(PIXELS),
        "personGeneration": ("dont_allow", "allow_adult", "allow_all"),
        "sampleImageSize": ("1K", "2K"),
    }
    for name, options in choices.items():
        value = parameters.get(name)
        if value is not None and value not in options:
            raise refuse(invalid(f"{name} must be one of {listed(options)}, got '{value}'."))
