"""The `sdapi` upscaler: strips in, the picture as a Stable Diffusion web UI enlarges it out.

AUTOMATIC1111, Forge and SD.Next, started with --api: POST {base}/sdapi/v1/extra-single-image, JSON
with base64 in, the same out; GET {base}/sdapi/v1/upscalers names what there is.
"""

from base64 import b64encode
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from imagine.stages.errors import ConfigError, ImagineError, shown
from imagine.stages.formats.received import MAX_PIXELS
from imagine.stages.network.json_values import table, tables, text
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.network.webui import failure_of_webui
from imagine.stages.upscale import OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.hosted import CELL, Answer, HostedUpscaler, most_bytes
from imagine.stages.upscale.sent import Sent

# Every server has these, which resample or do nothing at all.
_PLAIN = ("None", "Lanczos", "Nearest")
# Networks that servers come with or fetch themselves, the most faithful first.
_SENSIBLE = ("R-ESRGAN 4x+", "4x-UltraSharp", "ESRGAN_4x")


class SdapiUpscaler(HostedUpscaler):
    """Enlarges with what a server of one's own has: R-ESRGAN, SwinIR, DAT, ..."""

    name = "sdapi"
    capabilities = UpscaleCapabilities(trained=True, invents=True, max_output_pixels=MAX_PIXELS)

    def __init__(self, *, connection: Connection, model: str) -> None:
        """Nothing is sent yet.

        Args:
            model: the upscaler's name there, in whatever case; "" for one that is sensible.
        """
        super().__init__(connection=connection, model=model)
        self._names: tuple[str, ...] | None = None

    def prepare(self) -> None:
        """The server has the upscaler.

        Raises:
            ConfigError: it does not.
            ImagineError: it cannot be asked.
        """
        super().prepare()
        self._chosen()

    def ask(
        self,
        picture: Sent,
        size: tuple[int, int],
        request: UpscaleRequest,
        *,
        on_progress: OnProgress,
    ) -> Answer:
        chosen = self._chosen()
        factor = _factor(size, (request.width, request.height))
        body = {
            "image": b64encode(picture.data).decode("ascii"),
            "resize_mode": 0,
            "upscaling_resize": factor,
            "upscaler_1": chosen,
        }
        reply = self.session.post(
            "/sdapi/v1/extra-single-image",
            json=body,
            paid=False,
            limit=most_bytes((request.width, request.height)),
        )
        data = self.picture_in(table(reply.json()).get("image"))
        return Answer(data, model=chosen, parameters=(("upscaling_resize", factor),))

    def names(self) -> tuple[str, ...]:
        """The upscalers that the server has, asked for once.

        Raises:
            ImagineError: it cannot be asked.
        """
        if self._names is None:
            listed = tables(self.session.get("/sdapi/v1/upscalers").json())
            self._names = tuple(name for row in listed if (name := text(row.get("name"))))
        return self._names

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        lighter = f"enlarge less, or choose {self.choice}"
        error = failure_of_webui(self.connection, reply, problem, lighter=lighter)
        return error or super().translate(reply, problem)

    def _chosen(self) -> str:
        """The upscaler's name as the server spells it.

        Raises:
            ConfigError: the server does not have it, or no network at all.
        """
        names = self.names()
        if self.model:
            return _spelt(self.model, names)
        networks = [name for name in names if name not in _PLAIN]
        chosen = next((name for name in _SENSIBLE if name in networks), None)
        if chosen is None and not networks:
            raise ConfigError(
                f"{self.title} has no upscaler but {', '.join(names) or 'none'}; put a model into "
                f"its models folder, or choose {self.choice}."
            )
        return chosen or networks[-1]


def _spelt(model: str, names: Sequence[str]) -> str:
    """The one of `names` that is meant.

    Raises:
        ConfigError: none is.
    """
    if model in names:
        return model
    known = {name.lower(): name for name in names if name != "None"}
    if (name := known.get(model.lower())) is not None:
        return name
    near = get_close_matches(model[:80].lower(), known, n=1)
    hint = f"; did you mean '{shown(known[near[0]])}'?" if near else ""
    raise ConfigError(
        f"There is no upscaler '{shown(model)}' on the server{hint} "
        f"(it has: {', '.join(map(shown, known.values())) or 'none'})."
    )


def _factor(size: tuple[int, int], wanted: tuple[int, int]) -> float:
    """What to enlarge by, so that both sides reach what is wanted.

    The server cuts the sides of its result down to whole cells.
    """
    sides: list[Any] = [
        (-(-goal // CELL) * CELL + 0.01) / side for side, goal in zip(size, wanted, strict=True)
    ]
    return float(round(max(sides), 6))
