"""What upscalers behind HTTP share: strips in, a picture sent and another received, strips out.

A subclass says how its request looks and where the picture stands in the answer:

    def ask(self, picture, size, request, *, on_progress):
        reply = self.session.post("/enlarge", files=picture.part("image"), paid=True)
        return Answer(self.picture_in(reply.json()["image"]))
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from imagine.stages.errors import (
    ImagineError,
    ProviderError,
    UnusableAnswerError,
    shown,
)
from imagine.stages.formats.received import read_received
from imagine.stages.image import DECODING_ERRORS, Progress, ReceivedImage
from imagine.stages.money.usage import Usage
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.network.service import HostedService
from imagine.stages.network.session import MAX_BODY
from imagine.stages.sizes import RATIO_TOLERANCE
from imagine.stages.upscale import Enlarged, OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.raster import Raster, raster_of
from imagine.stages.upscale.sent import Sent, sent_of

if TYPE_CHECKING:
    from imagine.stages.upscale.raster import Strip

# Servers round the sides of what they make to whole cells of so many pixels.
CELL = 8

Parameters = tuple[tuple[str, str | int | float | bool], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server made.

    Attributes:
        data: the file.
        model: what served the request; "" for the one that was asked for.
        parameters, notes: see imagine.stages.upscale.Enlarged.
    """

    data: bytes
    model: str = ""
    parameters: Parameters = ()
    notes: tuple[str, ...] = ()


class HostedUpscaler(HostedService):
    """An upscaler behind an HTTP interface; close it when it is no longer needed.

    Attributes:
        capabilities: set by the subclass, for its model.
        max_bytes: of a file that the server takes; None for no limit that is known.
    """

    choice: ClassVar[str] = "another upscaler (--upscaler)"
    max_bytes: ClassVar[int | None] = None
    capabilities: UpscaleCapabilities

    def ask(
        self,
        picture: Sent,
        size: tuple[int, int],
        request: UpscaleRequest,
        *,
        on_progress: OnProgress,
    ) -> Answer:
        """Have the picture enlarged by the server, to about the size wanted or what it can.

        Raises:
            ImagineError: as the server reports it.
        """
        raise NotImplementedError

    def prepare(self) -> None:
        """What comes before anything is said to be sent: there is a key, where one is needed.

        Raises:
            ConfigError: there is none.
        """
        _ = self.session

    def check(self, size: tuple[int, int], wanted: tuple[int, int]) -> None:
        """Refuse a picture that the server would, beyond its capabilities; nothing is sent.

        Args:
            size: pixels of the picture.
            wanted: pixels of the result.

        Raises:
            UsageError: naming the rule.
        """

    def check_request(self, request: UpscaleRequest) -> None:
        """Refuse a request that lacks what the server wants; nothing is sent.

        Raises:
            UsageError: naming what is missing.
        """

    def upscale(
        self, raster: Raster, request: UpscaleRequest, *, on_progress: OnProgress
    ) -> Enlarged:
        """Send the picture, and bring what comes to exactly the size wanted.

        Raises:
            UsageError: the picture or an option is out of the server's range.
            RefusedError: a safety filter withheld the picture.
            UnusableAnswerError: what came is no whole picture, or not this one enlarged.
            LostAnswerError: paid for, and the answer did not arrive.
            ConfigError: key or address are not accepted.
            ProviderError: the service failed or could not be reached.
        """
        self.check(raster.size, (request.width, request.height))
        self.check_request(request)
        self.prepare()
        picture = sent_of(raster, title=self.title, most=self.max_bytes, choice=self.choice)
        on_progress(Progress(1, 2, f"sent to {self.title}"))
        answer = self.ask(picture, raster.size, request, on_progress=on_progress)
        received = read_received(answer.data, redact=self.connection.redact, option="--upscaler")
        self._check_size(raster.size, (received.width, received.height))
        on_progress(Progress(2, 2, f"received {_told(received)}"))
        size = f"{received.width}x{received.height}"
        is_as_wanted = (received.width, received.height) == (request.width, request.height)
        return Enlarged(
            raster=self._fitted(received, request, depth=raster.depth),
            model=answer.model or self.model,
            parameters=(*answer.parameters, *(() if is_as_wanted else (("size", size),))),
            notes=(*picture.notes, *answer.notes, *self._notes(received, request)),
            usage=Usage(calls=1, images=1),
        )

    @property
    def who(self) -> str:
        """The upscaler as `--upscaler` names it."""
        return f"{self.name}/{shown(self.model)}" if self.model else self.name

    def headers(self) -> Mapping[str, str]:
        if self.connection.needs_key:
            self.connection.require_key(instead="--upscaler auto")
        return self.connection.headers()

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        if reply.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return super().translate(reply, problem)
        return ProviderError(
            f"The picture is too large for {self.title} (413){self.said(problem)}; enlarge a "
            f"smaller one, or choose {self.choice}."
        )

    def said(self, problem: Problem) -> str:
        """What a provider says of an error, as a message goes on with it; "" for nothing."""
        return f": {problem.message}" if problem.message else ""

    def _check_size(self, size: tuple[int, int], came: tuple[int, int]) -> None:
        """Refuse what cannot be the picture of `size` enlarged.

        Raises:
            UnusableAnswerError: it is not larger, or of another shape.
        """
        told = f"a picture of {came[0]}x{came[1]} for one of {size[0]}x{size[1]}"
        across, down = came[0] / size[0], came[1] / size[1]
        if min(across, down) < 1 or across * down == 1:
            raise UnusableAnswerError(
                f"{self.title} sent {told}, which is not enlarged; nothing was saved, choose "
                f"{self.choice}."
            )
        if abs(across - down) > max(RATIO_TOLERANCE * across, CELL / min(size)):
            raise UnusableAnswerError(
                f"{self.title} sent {told}, which is another shape; nothing was saved, choose "
                f"{self.choice}."
            )

    def _notes(self, received: ReceivedImage, request: UpscaleRequest) -> list[str]:
        """What the user should know of what came."""
        notes = []
        if received.width < request.width - CELL or received.height < request.height - CELL:
            notes.append(
                f"{self.title} enlarged it to {received.width}x{received.height}; from there to "
                f"{request.width}x{request.height} it was resampled."
            )
        if received.signed:
            notes.append(
                f"{self.title} signed what it sent (C2PA), which holds for its own file alone: "
                "the signature is not kept."
            )
        return notes

    def _fitted(self, received: ReceivedImage, request: UpscaleRequest, *, depth: int) -> Raster:
        """What came, of exactly the size wanted and of the depth that went out.

        Raises:
            UnusableAnswerError: it is damaged inside.
        """
        from PIL import Image

        from imagine.stages.upscale.resample import resized

        try:
            with Image.open(io.BytesIO(received.data)) as picture:
                pixels = picture.convert("RGB")
        except DECODING_ERRORS as error:
            raise UnusableAnswerError(
                f"The picture that {self.title} sent cannot be decoded: {shown(error)}; nothing "
                f"was saved, try again or choose {self.choice}."
            ) from error
        raster = raster_of(pixels)
        if depth > raster.depth:
            raster = _sixteen_bits(raster)
        return resized(raster, (request.width, request.height), "lanczos")


def most_bytes(size: tuple[int, int]) -> int:
    """What an answer with a picture of `size` may have: 3 bytes a pixel, in base64 4."""
    return max(MAX_BODY, (size[0] * size[1] * 4 // 2**20 + 2) * 2**20)


def _told(received: ReceivedImage) -> str:
    """Like "384x256 PNG, 0.1 MB"."""
    megabytes = len(received.data) / 1e6
    return f"{received.width}x{received.height} {received.format.upper()}, {megabytes:.1f} MB"


def _sixteen_bits(raster: Raster) -> Raster:
    """The same picture of 16 bits a sample: 255 is 65535."""
    import numpy as np

    def strips() -> "Iterator[Strip]":
        for strip in raster.strips():
            yield strip.astype(np.uint16) * np.uint16(257)

    return Raster(raster.width, raster.height, raster.channels, 16, strips)
