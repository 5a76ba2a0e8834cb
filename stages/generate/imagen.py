"""The `imagen` backend: an ImageRequest in, a picture from a server of the Imagen protocol out.

POST {base}/v1beta/models/{model}:predict. Google shut its public endpoint down on 2026-08-17;
gateways and servers of one's own still speak the protocol.
"""

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from imagine.stages.errors import ConfigError, ImagineError, shown
from imagine.stages.generate.hosted import HostedBackend
from imagine.stages.generate.parameters import PARAMETERS, capabilities_of
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.money.usage import Usage
from imagine.stages.network.json_values import table, tables, text
from imagine.stages.network.providers import PROVIDERS, Connection
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.sizes import ListedSizes

# Pixels at "1K" as Vertex documents them for Imagen 4; "2K" doubles both sides.
_SHAPES: dict[str, tuple[int, int]] = {
    "1:1": (1024, 1024),
    "3:4": (896, 1280),
    "4:3": (1280, 896),
    "9:16": (768, 1408),
    "16:9": (1408, 768),
}
_SIZES = {
    (width * factor, height * factor): (ratio, scale)
    for scale, factor in (("1K", 1), ("2K", 2))
    for ratio, (width, height) in _SHAPES.items()
}


class ImagenBackend(HostedBackend):
    """Draws with an Imagen model; one request is one picture."""

    name = "imagen"

    def __init__(self, *, connection: Connection, model: str) -> None:
        # The list of models names them with this before.
        model = model.removeprefix("models/")
        super().__init__(connection=connection, model=model)
        # Imagen 3 and the fast models know no sampleImageSize.
        self._takes_scale = "fast" not in model and not model.startswith("imagen-3")
        self.capabilities = capabilities_of(
            PARAMETERS["imagen"],
            sizes=ListedSizes(
                tuple(
                    (*size, ratio)
                    for size, (ratio, scale) in _SIZES.items()
                    if self._takes_scale or scale == "1K"
                )
            ),
        )

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields "sent", "received", then the picture.

        Raises:
            RefusedError: the picture was filtered.
            UnusableAnswerError: what came is no whole picture of about the size asked for.
            ConfigError: key, model or address are not accepted.
            ProviderError: the service failed or could not be reached.
        """
        yield self.sent()
        self.capabilities.sizes.check(self.name, *request.size)
        ratio, scale = _SIZES[request.size]
        size = {"aspectRatio": ratio}
        if self._takes_scale:
            size["sampleImageSize"] = scale
        reply = self.session.post(
            f"/v1beta/models/{quote(self.model, safe='')}:predict",
            json={
                "instances": [{"prompt": request.prompt}],
                "parameters": {"sampleCount": 1, **size},
            },
            paid=True,
        )
        predictions = tables(table(reply.json()).get("predictions"))
        pictures = [data for one in predictions if (data := one.get("bytesBase64Encoded"))]
        if not pictures:
            # A picture that was filtered away leaves its reason, or nothing at all.
            reasons = [text(one.get("raiFilteredReason")) for one in predictions]
            raise self.refused("filtered the picture away", " ".join(filter(None, reasons)))
        yield from self.finished(
            request,
            self.picture_in(pictures[0]),
            parameters=tuple(zip(("aspect_ratio", "image_size"), size.values(), strict=False)),
            usage=Usage(calls=1, images=1),
        )

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        if reply.status != HTTPStatus.NOT_FOUND:
            return None
        home = urlsplit(PROVIDERS["imagen"].base_url).hostname
        if urlsplit(self.connection.base_url).hostname == home:
            return ConfigError(
                f"Google has no '{shown(self.model)}' any more: it shut Imagen down on 2026-08-17; "
                "draw with --backend gemini, or point imagen_base_url to a server that still "
                "speaks its protocol."
            )
        return ConfigError(
            f"The server at imagen_base_url has no '{shown(self.model)}'; check the address, or "
            "name a model that it serves (--model)."
        )
