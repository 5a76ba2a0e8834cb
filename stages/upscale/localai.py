"""The `localai` upscaler: strips in, the picture as a LocalAI server enlarges it out.

POST {base}/v1/images/upscale, a form with model, scale and image in, JSON with an address out.
"""

import re

from imagine.stages.errors import ConfigError, ImagineError, ProviderError, UsageError
from imagine.stages.formats.received import MAX_PIXELS
from imagine.stages.network.json_values import table, tables, text
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.upscale import OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.hosted import Answer, HostedUpscaler, most_bytes
from imagine.stages.upscale.sent import Sent

# All that older servers take; newer ones take what the model is made for, which is one of these.
FACTORS = (2, 4)
# "realesrgan-x4plus", "4x-UltraSharp", "RealESRGAN_x2": a model's name tells its only factor.
_NAMED = re.compile(r"(?<![a-z0-9])(?:x([24])|([24])x)(?![0-9])", re.IGNORECASE)


class LocalAIUpscaler(HostedUpscaler):
    """Enlarges with a model that LocalAI serves for it."""

    name = "localai"

    capabilities = UpscaleCapabilities(factors=FACTORS, trained=True, invents=True)

    def check(self, size: tuple[int, int], wanted: tuple[int, int]) -> None:
        if not self.model:
            raise ConfigError(
                f"{self.title} wants a model to be named; give one that it has, such as --upscaler "
                "localai/realesrgan-x4plus-anime-6b, or set localai_upscale_model."
            )
        scale = _scale(self.model, size, wanted)
        width, height = size[0] * scale, size[1] * scale
        if width * height > MAX_PIXELS:
            raise UsageError(
                f"{self.who} would make {width}x{height} of this picture, and no more than "
                f"{MAX_PIXELS // 1_000_000} megapixels are taken; choose {self.choice}."
            )

    def ask(
        self,
        picture: Sent,
        size: tuple[int, int],
        request: UpscaleRequest,
        *,
        on_progress: OnProgress,
    ) -> Answer:
        scale = _scale(self.model, size, (request.width, request.height))
        parameters = (("scale", scale),)
        # Settings of compatible clients end in /v1.
        base = "" if self.connection.base_url.endswith("/v1") else "/v1"
        reply = self.session.post(
            f"{base}/images/upscale",
            fields={"model": self.model, "scale": str(scale)},
            files=picture.part("image"),
            paid=False,
        )
        made = next(iter(tables(table(reply.json()).get("data"))), {})
        data = made.get("b64_json")
        if data is None and (url := text(made.get("url"))):
            # It may be without a host.
            limit = most_bytes((size[0] * scale, size[1] * scale))
            return Answer(self.session.download(url, limit=limit).body, parameters=parameters)
        return Answer(self.picture_in(data), parameters=parameters)

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        # A model whose name does not tell its factor may be made for the other one.
        if "scale" in problem.message.lower().split():
            return ProviderError(
                f"{self.who} does not enlarge by the factor that it was asked for"
                f"{self.said(problem)}; ask for another --scale, or choose {self.choice}."
            )
        return super().translate(reply, problem)


def _scale(model: str, size: tuple[int, int], wanted: tuple[int, int]) -> int:
    """What the model's name says, else the least that reaches the size wanted."""
    if (named := _NAMED.search(model)) is not None:
        return int(named[1] or named[2])
    needed = max(wanted[0] / size[0], wanted[1] / size[1])
    return next((factor for factor in FACTORS if factor >= needed), FACTORS[-1])
