"""The `stability` upscaler: strips in, the picture as Stability AI enlarges it out.

POST {base}/v2beta/stable-image/upscale/{fast|conservative|creative}, a form in, JSON with base64
out; of creative a job, whose picture is at {base}/v2beta/results/{id} when it is done.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    UsageError,
    unknown_name,
)
from imagine.stages.formats.received import read_received
from imagine.stages.generate.job import Job, follow
from imagine.stages.network.json_values import table, text
from imagine.stages.network.providers import IMAGE_TIMEOUT, Connection
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.network.session import Session
from imagine.stages.upscale import OnProgress, UpscaleCapabilities, UpscaleRequest
from imagine.stages.upscale.hosted import Answer, HostedUpscaler, Parameters
from imagine.stages.upscale.sent import Sent

_MEGAPIXEL = 2**20
# Polling more often is answered with an error.
POLL_PAUSE = 10.0
# Polls are answered at once, however long the picture takes.
POLL_TIMEOUT = 30.0
_ID = re.compile(r"[\w-]{1,80}", re.ASCII)
# 0 asks for a random seed, and 2**32 - 1 is refused.
_SEEDS = 2**32 - 2
_MAX_PROMPT = 10_000
# A blurred picture comes along with this.
_FILTERED = "CONTENT_FILTERED"


@dataclass(frozen=True, slots=True)
class _Model:
    """What one of the models takes, by the interface's documentation of November 2026.

    Attributes:
        sides: least and most pixels of a side; None for no most.
        pixels: width times height at most.
        steepest: longer by shorter side at most, or None.
        creativity: how much detail is invented, the interface's own default; None for a model
            that reads neither that nor a prompt.
    """

    sides: tuple[int, int | None]
    pixels: int
    steepest: float | None = None
    creativity: float | None = None
    factors: tuple[int, ...] = ()

    def takes(self, size: tuple[int, int]) -> bool:
        """Whether a picture of `size` is in its ranges."""
        least, most = self.sides
        return (
            min(size) >= least
            and (most is None or max(size) <= most)
            and size[0] * size[1] <= self.pixels
            and (self.steepest is None or max(size) <= self.steepest * min(size))
        )

    @property
    def capabilities(self) -> UpscaleCapabilities:
        told = self.creativity is not None
        return UpscaleCapabilities(
            factors=self.factors,
            trained=True,
            invents=True,
            paid=True,
            concurrency=8,
            max_input_pixels=self.pixels,
            prompt=told,
            seed=told,
        )


MODELS = {
    "fast": _Model((32, 1536), _MEGAPIXEL, factors=(4,)),
    # It takes 9 megapixels, and whatever comes out has 4.
    "conservative": _Model((64, None), 4 * _MEGAPIXEL - 1, steepest=2.5, creativity=0.35),
    "creative": _Model((64, None), _MEGAPIXEL, creativity=0.3),
}


class StabilityUpscaler(HostedUpscaler):
    """Enlarges four times (fast), to 4 megapixels (conservative), or anew to 4K (creative)."""

    name = "stability"
    max_bytes = 10 * 2**20

    def __init__(self, *, connection: Connection, model: str) -> None:
        """Nothing is sent yet.

        Raises:
            UsageError: there is no such model.
        """
        super().__init__(connection=connection, model=model)
        if model not in MODELS:
            raise unknown_name("Stability upscaler", model, list(MODELS))
        self._rules = MODELS[model]
        self.capabilities = self._rules.capabilities
        self._polls: Session | None = None

    def check(self, size: tuple[int, int], wanted: tuple[int, int]) -> None:
        if self._rules.takes(size):
            return
        least, most = self._rules.sides
        other = "stability/conservative, or " if MODELS["conservative"].takes(size) else ""
        told = f"and this one is {size[0]}x{size[1]}; choose {other}{self.choice}."
        if min(size) < least or (most is not None and max(size) > most):
            sides = f"at least {least}" if most is None else f"{least} to {most}"
            raise UsageError(f"{self.who} takes pictures of {sides} pixels a side, {told}")
        steepest = self._rules.steepest
        if steepest is not None and max(size) > steepest * min(size):
            raise UsageError(
                f"{self.who} takes pictures of shapes up to {steepest:g}:1 and 1:{steepest:g}, "
                f"{told}"
            )
        raise UsageError(
            f"{self.who} takes pictures of up to {self._rules.pixels / 10**6:.3g} megapixels, "
            f"{told}"
        )

    def check_request(self, request: UpscaleRequest) -> None:
        if self._rules.creativity is None:
            return
        if request.prompt is None or not request.prompt.strip():
            raise UsageError(
                f"{self.who} wants words for what the picture shows, and this one carries none; "
                f"say it with --prompt, or choose {self.choice}."
            )
        longest = max(len(request.prompt), len(request.negative_prompt or ""))
        if longest > _MAX_PROMPT:
            raise UsageError(
                f"{self.who} reads prompts of at most {_MAX_PROMPT:,} characters, and this "
                f"picture's has {longest:,}; choose {self.choice}."
            )

    def ask(
        self,
        picture: Sent,
        size: tuple[int, int],
        request: UpscaleRequest,
        *,
        on_progress: OnProgress,
    ) -> Answer:
        form, chosen, notes = self._form(request)
        reply = self.session.post(
            f"/v2beta/stable-image/upscale/{self.model}",
            fields=form,
            files=picture.part("image"),
            headers={"accept": "application/json"},
            paid=True,
        )
        answer = table(reply.json())
        if self.model == "creative":
            data = self._awaited(text(answer.get("id")), reply, on_progress)
        else:
            self._check_reason(text(answer.get("finish_reason")), found="image" in answer)
            data = self.picture_in(answer.get("image"))
        return Answer(data, parameters=chosen, notes=notes)

    def close(self) -> None:
        super().close()
        with self._opening:
            if self._polls is not None:
                self._polls.close()
                self._polls = None

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        if (meant := self._moderated(reply, problem)) is not None:
            return meant
        if reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return ConfigError(
                f"{self.title} does not serve {self.who} ({reply.status}){self.said(problem)}; "
                f"choose {self.choice}, or check stability_base_url."
            )
        return super().translate(reply, problem)

    def _form(self, request: UpscaleRequest) -> tuple[dict[str, str], Parameters, tuple[str, ...]]:
        """What is sent beside the picture, what of it is recorded, and what to tell."""
        form = {"output_format": "png"}
        if self._rules.creativity is None:
            return form, (), ()
        form["prompt"] = request.prompt or ""
        if request.negative_prompt:
            form["negative_prompt"] = request.negative_prompt
        form["creativity"] = f"{self._rules.creativity:g}"
        chosen: Parameters = (("creativity", self._rules.creativity),)
        if request.seed is None:
            return form, chosen, ()
        seed = request.seed if 1 <= request.seed <= _SEEDS else 1 + request.seed % _SEEDS
        form["seed"] = str(seed)
        notes = (
            f"{self.title} reads seeds from 1 to {_SEEDS} for this model: {seed} was sent instead "
            f"of {request.seed}.",
        )
        return form, (*chosen, ("seed", seed)), () if seed == request.seed else notes

    def _check_reason(self, reason: str, *, found: bool) -> None:
        """Refuse what a filter left of the picture.

        Raises:
            RefusedError: nothing, or a blur.
        """
        if reason == _FILTERED or (reason not in ("", "SUCCESS") and not found):
            raise self._withheld(f"withheld the picture ({self.quoted(reason)})")

    def _moderated(self, _: Reply, problem: Problem) -> ImagineError | None:
        if "moderation" not in problem.code:
            return None
        return self._withheld(f"refused the picture{self.said(problem)}")

    def _withheld(self, what: str) -> RefusedError:
        return RefusedError(f"{self.title} {what}; choose {self.choice}.")

    def _awaited(self, name: str, accepted: Reply, on_progress: OnProgress) -> bytes:
        """The picture of a job, once it is done."""
        if not _ID.fullmatch(name):
            raise LostAnswerError(
                f"{self.title} accepted the picture and did not name the job, so its result cannot "
                "be fetched; look at your usage there before you repeat it."
            )
        page = f"{self.connection.base_url}/v2beta/results/{name}"
        job = Job(name, self.title, page, self._refuse_to_stop, self.connection.tell)
        steps = follow(
            job,
            accepted,
            ask=lambda: self._result(f"/v2beta/results/{name}"),
            state=lambda reply: (
                "enlarging",
                reply is not accepted and reply.status != HTTPStatus.ACCEPTED,
            ),
            silence=self.connection.timeout or IMAGE_TIMEOUT,
            every=POLL_PAUSE,
        )
        with job.cancelled_on_interrupt():
            while True:
                try:
                    on_progress(next(steps))
                except StopIteration as ended:
                    reply: Reply = ended.value
                    break
        self._check_reason(reply.headers.get("finish-reason", ""), found=bool(reply.body))
        return reply.body

    def _result(self, path: str) -> Reply:
        """The picture of a job, or that it is not done yet.

        Raises:
            UnusableAnswerError: something else stands in its place, such as a proxy's page.
        """
        reply = self._polling().get(path)
        if reply.status != HTTPStatus.ACCEPTED:
            read_received(reply.body, redact=self.connection.redact, option="--upscaler")
        return reply

    def _refuse_to_stop(self) -> NoReturn:
        raise ProviderError(f"{self.title} has no way to stop a job; wait for its end.")

    def _polling(self) -> Session:
        """The session that asks for results, opened on first use."""
        with self._opening:
            if self._polls is None:
                headers: Mapping[str, str] = {**self.headers(), "accept": "image/*"}
                self._polls = Session(
                    self.connection,
                    headers=headers,
                    timeout=POLL_TIMEOUT,
                    translate=self._moderated,
                )
            return self._polls
