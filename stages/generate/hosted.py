"""What all hosted backends share: from a provider's answer to a GeneratedImage that was checked.

A subclass says how its request looks and where the picture stands in the answer:

    def generate(self, request):
        yield self.sent()
        reply = self.session.post("/draw", json=..., paid=True)
        yield from self.finished(request, self.picture_in(reply.json()["image"]))
"""

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from imagine.stages.errors import RefusedError, UnusableAnswerError, UsageError, shown
from imagine.stages.formats.received import read_received
from imagine.stages.generate import Capabilities
from imagine.stages.generate.family import Family
from imagine.stages.image import GeneratedImage, ImageRequest, Progress, ReceivedImage
from imagine.stages.money.usage import Usage
from imagine.stages.network.service import HostedService
from imagine.stages.sizes import RATIO_TOLERANCE, ListedSizes

# A picture of more than twice or less than half the pixels is not what was ordered.
AREA_TOLERANCE = 2.0
# Pixels that stable-diffusion.cpp adds to a side, at most: its UNets draw in steps of 64.
MOST_ADDED = 63

Parameters = tuple[tuple[str, str | int | float | bool], ...]


class HostedBackend(HostedService):
    """A backend behind a provider's HTTP interface; close it when it is no longer needed.

    Attributes:
        capabilities: set by the subclass, for its model.
    """

    # Whether a request is only put in line, so that its answer says nothing of the picture's end.
    queued: ClassVar[bool] = False
    # Whether sides are rounded up there, by how much the server's model decides, and it tells none.
    _rounds_up: bool = False
    capabilities: Capabilities
    # What the model reads, for backends whose models come in families.
    _family: Family | None = None

    @property
    def _who(self) -> str:
        """The backend as messages about its model name it."""
        return f"{self.name} with {self.model}"

    def check_name(self, names: re.Pattern[str], *, like: str) -> None:
        """Refuse a model's name that cannot be one; it becomes a part of addresses.

        Args:
            names: how the provider's are.
            like: one or more of them, for the message.

        Raises:
            UsageError: it is none of these.
        """
        if not names.fullmatch(self.model):
            raise UsageError(
                f"'{shown(self.model)}' is no model of {self.title}, whose names look like {like}; "
                "write it so."
            )

    def check(self, request: ImageRequest) -> None:
        """Refuse what the model does not read so, as far as it is known without asking.

        Raises:
            UsageError: naming the option.
        """
        if self._family is not None:
            self._family.check(request, who=self._who)

    def sent(self) -> Progress:
        """The first step.

        Raises:
            ConfigError: nothing can be sent, as there is no key.
        """
        _ = self.session
        return Progress(1, 2, f"sent to {self.title}")

    def finished(
        self,
        request: ImageRequest,
        data: bytes,
        *,
        model: str | None = None,
        notes: Sequence[str] = (),
        parameters: Parameters = (),
        finish_reason: str | None = None,
        usage: Usage | None = None,
    ) -> Iterator[Progress | GeneratedImage]:
        """The last two steps of every hosted picture: found whole, and of the size asked for.

        Args:
            data: the file that came.
            model: what served the request; None for the model that was asked for.
            notes: what the user should know about this picture.
            parameters: what was sent beside the request's own options.
            finish_reason: the provider's word for how it ended.
            usage: what the provider counted; None where it counts nothing.

        Raises:
            UnusableAnswerError: `data` is no whole picture, or one of another size.
        """
        received = read_received(data, redact=self.connection.redact)
        size_notes = self._check_size(request, received)
        size = f"{received.width}x{received.height}"
        yield Progress(2, 2, f"received {size} {received.format.upper()}, {len(data) / 1e6:.1f} MB")
        served = model or self.model
        # A recipe keeps the size that was asked for, to ask again; this is the picture's.
        drawn = (
            () if request.result_size == (received.width, received.height) else (("size", size),)
        )
        yield GeneratedImage(
            model=served,
            received=received,
            notes=(*self._model_note(served), *size_notes, *notes),
            parameters=(*drawn, *parameters),
            finish_reason=finish_reason,
            usage=usage or Usage(calls=1, images=1),
        )

    def refused(self, what: str, words: str = "") -> RefusedError:
        """The error for an answer without a picture.

        Args:
            what: "refused the prompt (SAFETY)".
            words: the model's own; "" when it said nothing.
        """
        said = f": {self.quoted(words)}" if words.strip() else ""
        return RefusedError(
            f"{self.title} {what}{said}; change the prompt or choose another model (--model)."
        )

    def wordy(self, words: str) -> RefusedError:
        """The error for an answer that is words alone, or nothing at all."""
        if words.strip():
            return self.refused("sent words instead of a picture", words)
        return self.refused("sent no picture and no reason")

    def _check_size(self, request: ImageRequest, received: ReceivedImage) -> list[str]:
        """Nothing, or a note, for a picture of about the size asked for.

        Raises:
            UnusableAnswerError: it differs too much.
        """
        asked, came = request.result_size, (received.width, received.height)
        if came == asked:
            return []
        told = f"{came[0]}x{came[1]} instead of the {asked[0]}x{asked[1]} asked for"
        added = [side - wanted for side, wanted in zip(came, asked, strict=True)]
        if self._rounds_up and all(0 <= pixels <= MOST_ADDED for pixels in added):
            return [f"The picture is {told}: the server rounds up to what its model draws."]
        area = came[0] * came[1] / (asked[0] * asked[1])
        shape = came[0] / came[1]
        if not 1 / AREA_TOLERANCE <= area <= AREA_TOLERANCE or all(
            abs(shape / wanted - 1) > RATIO_TOLERANCE for wanted in self._shapes(*asked)
        ):
            raise UnusableAnswerError(
                f"{self.title} sent a picture of {told}; nothing was saved, choose another --size "
                "or --model."
            )
        # Of listed sizes a shape goes out, by its name; its pixels are the provider's affair.
        if isinstance(self.capabilities.sizes, ListedSizes):
            return []
        return [f"The picture is {told}."]

    def _shapes(self, width: int, height: int) -> list[float]:
        """Width by height as asked, and as the maker calls it: 1376x768 is also 16:9."""
        shapes = [width / height]
        if isinstance(self.capabilities.sizes, ListedSizes):
            for listed_width, listed_height, ratio in self.capabilities.sizes.sizes:
                if (listed_width, listed_height) == (width, height):
                    wide, high = ratio.split(":")
                    shapes.append(float(wide) / float(high))
        return shapes

    def _model_note(self, served: str) -> list[str]:
        # "…-001" is a release of the model that was asked for.
        if not self.model or served.startswith(self.model):
            return []
        return [f"{self.title} served {shown(served)} for {shown(self.model)}."]
