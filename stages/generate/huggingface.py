"""The `huggingface` backend: an ImageRequest in, a picture by a model that Hugging Face serves out.

POST {base}/models/{model}; the answer is the picture itself. A model that is being loaded answers
503 with the seconds that it needs, and is asked again then.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    ProviderError,
    UnusableAnswerError,
    shown,
)
from imagine.stages.generate.family import Family
from imagine.stages.generate.hosted import HostedBackend
from imagine.stages.generate.parameters import PARAMETERS, nested, without
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.network.json_values import items, table, tables, text
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.sizes import FreeSizes

_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
# The limits are those of diffusers, which serves the models there: latents of 8 pixels, FLUX packs
# them in pairs. More than four megapixels need more memory than the service gives.
_SIZES = FreeSizes(min_side=256, max_side=2048, max_pixels=2048 * 2048, step=16)
_ROW = PARAMETERS["huggingface"]
# With guidance built in they draw in one pass: no negative prompt, and nothing to scale.
_DISTILLED = without(_ROW, "negative_prompt", "guidance_scale")
_GUIDED = Family(_ROW, _SIZES)
# Of a model that is not known here a negative prompt would perhaps be dropped without a word;
# without that channel the exclusions stand in the prompt.
_OTHER = Family(without(_ROW, "negative_prompt"), _SIZES)
# A picture of a single colour needs less; anything else more, however simple it is.
_FLAT = 20_000
_BLACK = (
    "The picture is black all over, as the model's safety filter leaves one that it rejects; "
    "change the prompt if black is not what you wanted."
)
# A part of the model's name to what it reads; the first that fits. Sources: the model cards.
FAMILIES: tuple[tuple[str, Family], ...] = (
    ("flux.1-schnell", Family(_DISTILLED, _SIZES)),
    ("sdxl-turbo", Family(_DISTILLED, _SIZES, profile="clip75")),
    ("turbo", Family(_DISTILLED, _SIZES)),
    # Its guidance is an input of the model; there is no second pass for a negative prompt.
    ("flux", Family(without(_ROW, "negative_prompt"), _SIZES)),
    ("stable-diffusion-3", _GUIDED),
    ("qwen-image", _GUIDED),
    ("stable-diffusion-v1", Family(_ROW, _SIZES, profile="clip75")),
    ("stable-diffusion-2", Family(_ROW, _SIZES, profile="clip75")),
    ("stable-diffusion-xl", Family(_ROW, _SIZES, profile="clip75")),
    ("sdxl", Family(_ROW, _SIZES, profile="clip75")),
)


class HuggingFaceBackend(HostedBackend):
    """Draws with a text-to-image model of the Hugging Face Hub."""

    name = "huggingface"
    _family: Family

    def __init__(self, *, connection: Connection, model: str) -> None:
        """Nothing is sent yet.

        Raises:
            UsageError: the model's name cannot be one.
        """
        super().__init__(connection=connection, model=model)
        self.check_name(_NAME, like="black-forest-labs/FLUX.1-schnell")
        lower = model.lower()
        self._family = next((family for part, family in FAMILIES if part in lower), _OTHER)
        self.capabilities = self._family.capabilities

    def headers(self) -> Mapping[str, str]:
        # A picture would else come as JPEG, lossy and without a reason.
        return {**super().headers(), "accept": "image/png"}

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields "sent", "received", then the picture.

        Raises:
            RefusedError: words came instead of a picture.
            UnusableAnswerError: what came is no whole picture of about the size asked for.
            ConfigError: key or model are not accepted.
            ProviderError: the service failed or could not be reached.
        """
        size = {"parameters.width": request.width, "parameters.height": request.height}
        yield self.sent()
        reply = self.session.post(
            f"/models/{self.model}",
            json=nested({**self._family.values(request), **size}),
            paid=True,
        )
        if _is_json(reply):
            raise self._no_picture(reply.json())
        yield from map(_with_black_note, self.finished(request, reply.body))

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        if "nsfw" in problem.message.lower():
            return self.refused("refused the prompt", problem.message)
        if reply.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return super().translate(reply, problem)
        said = f" ({self.quoted(problem.message)})" if problem.message else ""
        return ConfigError(
            f"{self.title} does not serve {shown(self.model)}{said}; choose another model "
            "(--model)."
        )

    def _no_picture(self, answer: Any) -> ImagineError:
        """The error for JSON in the place of a picture."""
        error = table(answer).get("error")
        if error:
            words = text(error) or "; ".join(text(item) for item in items(error))
            return ProviderError(
                f"{self.title} could not draw the picture: {self.quoted(words)}; check the "
                "options for this model, or choose another (--model)."
            )
        said = next(iter(tables(answer)), table(answer))
        return self.wordy(text(said.get("generated_text")))


def _with_black_note(step: Progress | GeneratedImage) -> Progress | GeneratedImage:
    """What the safety filter of Stable Diffusion leaves is a picture that is black all over."""
    if isinstance(step, Progress) or step.received is None or len(step.received.data) > _FLAT:
        return step
    try:
        black = step.pixels.convert("L").getextrema() == (0, 0)
    except UnusableAnswerError:
        # Damaged inside: whoever decodes it next says so.
        return step
    return replace(step, notes=(*step.notes, _BLACK)) if black else step


def _is_json(reply: Reply) -> bool:
    """By its first byte, since the declared type cannot be relied on; no picture begins so."""
    return reply.body.lstrip()[:1] in (b"{", b"[")
