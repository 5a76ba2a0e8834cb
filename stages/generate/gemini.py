"""The `gemini` backend: an ImageRequest in, a picture by one of Google's Gemini image models out.

POST {base}/v1beta/models/{model}:generateContent over httpx: the Google SDK that the enhancer may
use cannot send an imageConfig. A refusal comes inside an answer of status 200.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from imagine.stages.errors import ConfigError, ImagineError, shown
from imagine.stages.generate.gemini_models import image_model
from imagine.stages.generate.hosted import HostedBackend
from imagine.stages.generate.parameters import PARAMETERS, capabilities_of
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.money.usage import Usage
from imagine.stages.network.google import REFUSALS, reason_shown, served_models
from imagine.stages.network.json_values import count, table, tables, text
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.sizes import ListedSizes

# A vague prompt may be answered with words alone unless a picture is demanded.
DEMAND = "Generate an image: "

# Endings in which nothing was refused, but nothing drawn either.
_UNFINISHED = {
    "NO_IMAGE": "made no picture (NO_IMAGE)",
    "OTHER": "made no picture and does not say why (OTHER)",
    "IMAGE_OTHER": "made no picture and does not say why (IMAGE_OTHER)",
    "LANGUAGE": "does not know the prompt's language (LANGUAGE)",
    "MAX_TOKENS": "used up its tokens before the picture was made (MAX_TOKENS)",
}


class GeminiBackend(HostedBackend):
    """Draws with a Gemini image model; one request is one picture."""

    name = "gemini"

    def __init__(self, *, connection: Connection, model: str) -> None:
        # The list of models names them with this before.
        model = model.removeprefix("models/")
        super().__init__(connection=connection, model=model)
        family = image_model(model)
        self._shapes_by_size = family.sizes()
        self._takes_scale = bool(family.scales)
        self.capabilities = capabilities_of(
            PARAMETERS["gemini"],
            sizes=ListedSizes(
                tuple((*size, ratio) for size, (ratio, _) in self._shapes_by_size.items())
            ),
            max_images=family.max_images,
        )

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields "sent", "received", then the picture.

        Raises:
            RefusedError: the prompt or the picture was refused, or words came instead.
            UnusableAnswerError: what came is no whole picture of about the size asked for.
            ConfigError: key or model are not accepted.
            ProviderError: the service failed or could not be reached.
        """
        yield self.sent()
        config = self._image_config(request)
        answer = table(self._ask(request, config).json())
        candidate = next(iter(tables(answer.get("candidates"))), {})
        # A thinking model may send drafts as thoughts; of the rest, the last picture is the answer.
        parts = [
            part
            for part in tables(table(candidate.get("content")).get("parts"))
            if part.get("thought") is not True
        ]
        pictures = [data for part in parts if (data := _inline_data(part))]
        if not pictures:
            words = " ".join(filter(None, (text(part.get("text")).strip() for part in parts)))
            error = self._no_picture(answer, candidate, words)
            # What it read and wrote is billed all the same.
            error.usage = _usage(table(answer.get("usageMetadata")), images=0)
            raise error
        yield from self.finished(
            request,
            self.picture_in(pictures[-1]),
            model=text(answer.get("modelVersion")) or None,
            parameters=tuple(zip(("aspect_ratio", "image_size"), config.values(), strict=False)),
            finish_reason=text(candidate.get("finishReason")) or None,
            usage=_usage(table(answer.get("usageMetadata")), images=1),
        )

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        # Another 404 is a wrong base URL, of which the usual message tells.
        if reply.status == HTTPStatus.NOT_FOUND and problem.code == "not_found":
            return ConfigError(
                f"{self.title} has no model '{shown(self.model)}': it may be retired; "
                f"{self._alternatives()}."
            )
        return None

    def _image_config(self, request: ImageRequest) -> dict[str, str]:
        self.capabilities.sizes.check(self.name, *request.size)
        ratio, scale = self._shapes_by_size[request.size]
        return {"aspectRatio": ratio} | ({"imageSize": scale} if self._takes_scale else {})

    def _ask(self, request: ImageRequest, config: dict[str, str]) -> Reply:
        body = {
            "contents": [{"role": "user", "parts": _parts(request)}],
            # With words allowed a refusal says why.
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": config},
            # Paid projects otherwise keep requests.
            "store": False,
        }
        return self.session.post(
            f"/v1beta/models/{quote(self.model, safe='')}:generateContent", json=body, paid=True
        )

    def _alternatives(self) -> str:
        """What to do without the model: the image models that this key can use, at best."""
        try:
            names = served_models(self.connection)
        except ImagineError:
            return "choose another with --model"
        drawing = [
            shown(name)
            for name in names
            if ("image" in name or "banana" in name) and name != self.model
        ]
        if not drawing:
            return "this key can use no image model; choose another --backend"
        return f"this key can use {', '.join(drawing[:10])} (--model)"

    def _no_picture(
        self, answer: dict[str, Any], candidate: dict[str, Any], words: str
    ) -> ImagineError:
        feedback = table(answer.get("promptFeedback"))
        if blocked := text(feedback.get("blockReason")):
            said = text(feedback.get("blockReasonMessage")) or words
            return self.refused(f"refused the prompt ({reason_shown(blocked)})", said)
        reason = text(candidate.get("finishReason"))
        said = words or text(candidate.get("finishMessage"))
        if reason in ("", "STOP", "FINISH_REASON_UNSPECIFIED"):
            return self.wordy(said)
        if reason in _UNFINISHED:
            return self.refused(_UNFINISHED[reason], said)
        if reason in REFUSALS:
            return self.refused(f"refused to draw this ({reason_shown(reason)})", said)
        return self.refused(f"ended without a picture ({shown(reason)})", said)


def _parts(request: ImageRequest) -> list[dict[str, Any]]:
    pictures = [
        {"inlineData": {"mimeType": image.media_type, "data": image.base64}}
        for image in request.images
    ]
    return [{"text": f"{DEMAND}{request.prompt}"}, *pictures]


def _inline_data(part: dict[str, Any]) -> object:
    """Base64 of a picture, or None; servers answer in either spelling of the protocol's JSON."""
    inline = table(part.get("inlineData") or part.get("inline_data"))
    return inline.get("data")


def _usage(counted: dict[str, Any], *, images: int) -> Usage:
    """Google counts pictures among the candidates' tokens, and bills thoughts like output."""
    image_tokens = sum(
        count(detail.get("tokenCount"))
        for detail in tables(counted.get("candidatesTokensDetails"))
        if detail.get("modality") == "IMAGE"
    )
    written = max(0, count(counted.get("candidatesTokenCount")) - image_tokens)
    return Usage(
        calls=1,
        input_tokens=count(counted.get("promptTokenCount")),
        output_tokens=written + count(counted.get("thoughtsTokenCount")),
        image_tokens=image_tokens,
        images=images,
    )
