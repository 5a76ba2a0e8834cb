"""The `sdapi` backend: an ImageRequest in, a picture by a Stable Diffusion web UI out.

AUTOMATIC1111, Forge and SD.Next, started with --api, and the server of stable-diffusion.cpp: POST
{base}/sdapi/v1/txt2img or img2img, JSON out, base64 in it. The prompt goes out so that nothing in
it is read as a command; a Recipe keeps it as it was. How a checkpoint is asked, its name tells:
see imagine.stages.generate.checkpoints and sdapi_call.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus

from imagine.stages.errors import ImagineError, ProviderError, StoppedError, shown
from imagine.stages.generate import Capabilities
from imagine.stages.generate.checkpoints import family_by_name, reads_negative, told_of_unnamed
from imagine.stages.generate.hosted import HostedBackend
from imagine.stages.generate.local.families import ModelFamily
from imagine.stages.generate.parameters import capabilities_of
from imagine.stages.generate.sdapi_answer import (
    Drawn,
    drawn_in,
    is_black,
    notes_of,
    parameters_of,
    told_in,
)
from imagine.stages.generate.sdapi_call import ROW, Call, call_of
from imagine.stages.generate.sdapi_progress import Watch, begun, stopped_on_interrupt
from imagine.stages.generate.sdapi_server import SdapiServer
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.money.usage import Usage
from imagine.stages.network.json_values import table
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.network.session import Session
from imagine.stages.network.webui import NotThereError, failure_of_webui
from imagine.stages.sizes import FreeSizes

# Which model draws, and what it can, only the server knows.
_SIZES = FreeSizes(min_side=64, max_side=4096, max_pixels=16_000_000)
_MOST_LORAS = 16
# CLIP's encoders read prompts in chunks of 75 tokens there, as many as it takes.
_PROMPT_TOKENS = 225
# A picture takes minutes on a processor without help, and nothing comes before it is done.
SILENCE = 3600.0
# Seconds for a question that the server answers beside its work.
ASIDE_TIMEOUT = 15.0


class SdapiBackend(HostedBackend):
    """Draws with whatever a server of one's own has loaded, or has been told to load."""

    name = "sdapi"

    def __init__(self, *, connection: Connection, model: str) -> None:
        """Nothing is sent yet.

        Args:
            connection: the user's way to the server; its key is USER:PASSWORD.
            model: the checkpoint's title, name, file or hash there; "" for the one that is loaded.
        """
        if connection.timeout is None:
            connection = replace(connection, timeout=SILENCE)
        super().__init__(connection=connection, model=model)
        self.capabilities = _capabilities(family_by_name(model))
        self._told_of_unnamed = False
        self._aside: Session | None = None
        self._watches: list[Watch] = []

    def close(self) -> None:
        super().close()
        with self._opening:
            if self._aside is not None:
                self._aside.close()
                self._aside = None

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields "sent", the steps as far as the server tells them, "received", then the picture.

        Raises:
            UsageError: the server has no such model, sampler or LoRA.
            RefusedError: its filter blanked the picture, or none came.
            UnusableAnswerError: what came is no whole picture of about the size asked for.
            ConfigError: key, address or model are not accepted.
            ProviderError: the server failed or could not be reached.
        """
        call = call_of(request, model=self.model, server=self._server)
        self._rounds_up = not self._server.is_webui
        self._tell_of_unnamed(request)
        watch = Watch(self.connection, self._polls, call.task)
        yield self.sent()
        with self._watched(watch):
            reply = yield from watch.follow(
                begun(lambda: self.session.post(call.path, json=call.fields, paid=True))
            )
        if watch.was_cut_short():
            note = f"{self.title} was stopped there before the picture was finished."
            call = replace(call, notes=(*call.notes, note))
        drawn = drawn_in(table(reply.json()))
        if drawn is None:
            raise self.wordy("")
        yield from self._finished(request, call, drawn)

    def cancel_all(self) -> list[str]:
        """Have the server stop drawing for other threads, which see no Ctrl-C.

        Returns:
            What to tell of each picture, a sentence.
        """
        with self._opening:
            watches = list(self._watches)
        return [watch.cancel() for watch in watches]

    def _tell_of_unnamed(self, request: ImageRequest) -> None:
        if self.model or self._told_of_unnamed or not (loaded := self._server.loaded):
            return
        setting = "IMAGINE_SDAPI_IMAGE_MODEL"
        if told := told_of_unnamed(loaded, request.size, setting=setting):
            self._told_of_unnamed = True
            self.connection.tell(told)

    @contextmanager
    def _watched(self, watch: Watch) -> Iterator[None]:
        """Around one drawing; see `cancel_all`.

        Raises:
            StoppedError: it stopped this one, whatever came of it.
        """
        with self._opening:
            self._watches.append(watch)
        try:
            with stopped_on_interrupt(watch):
                yield
        except ImagineError as error:
            if watch.is_cancelled:
                raise StoppedError(watch.told_of_end) from error
            raise
        finally:
            with self._opening:
                self._watches.remove(watch)
        if watch.is_cancelled:
            raise StoppedError(watch.told_of_end)

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        lighter = f"ask for a smaller --size, or choose {self.choice}"
        error = failure_of_webui(self.connection, reply, problem, lighter=lighter)
        if error is None and reply.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            # Its code broke, and would again: Forge says no more than that.
            said = f": {problem.message}" if problem.message else ""
            error = ProviderError(f"{self.title} failed (500){said}; look at what it printed.")
        return error

    def _translate_aside(self, reply: Reply, problem: Problem) -> ImagineError | None:
        error = self.translate(reply, problem)
        return NotThereError(str(error)) if reply.status == HTTPStatus.NOT_FOUND else error

    @cached_property
    def _server(self) -> SdapiServer:
        return SdapiServer(self.title, lambda path: self._polls.get(path).json())

    @property
    def _polls(self) -> Session:
        """The session for questions beside the drawing, opened on first use.

        It waits at no gate.
        """
        with self._opening:
            if self._aside is None:
                connection = replace(self.connection.hasty(ASIDE_TIMEOUT), gate=None)
                self._aside = Session(
                    connection,
                    headers=self.headers(),
                    timeout=ASIDE_TIMEOUT,
                    translate=self._translate_aside,
                )
            return self._aside

    def _finished(
        self, request: ImageRequest, call: Call, drawn: Drawn
    ) -> Iterator[Progress | GeneratedImage]:
        data = self.picture_in(drawn.image)
        if drawn.is_suspect and is_black(data):
            raise self.refused("blanked the picture (its filter found nudity)")
        info = drawn.info or told_in(data)
        if "steps" in call.fields:
            info = {"steps": call.fields["steps"]} | info
        notes = [*call.notes, *notes_of(info, request, title=self.title)]
        if call.model and drawn.model and drawn.model != call.model:
            notes.append(f"{self.title} served {shown(drawn.model)} for {shown(call.model)}.")
        yield from self.finished(
            request,
            data,
            model=drawn.model or call.model or self._server.loaded,
            notes=notes,
            parameters=parameters_of(info, request),
            usage=Usage(calls=1, images=1),
        )

    def _model_note(self, served: str) -> list[str]:
        # A model goes by several names here; `_finished` knows which were asked for.
        return []


def _capabilities(family: ModelFamily) -> Capabilities:
    """What models of a family can be asked for."""
    sizes = replace(_SIZES, step=family.multiple, native=family.side**2)
    found = capabilities_of(
        ROW,
        sizes=sizes,
        max_images=1,
        max_loras=_MOST_LORAS,
        profile=family.profile,
        paid=False,
    )
    return replace(
        found,
        negative_prompt=reads_negative(family),
        guidance_scale=family.max_guidance != 0,
        prompt_tokens=_PROMPT_TOKENS,
        # It draws one picture after the other, and what waits in its line cannot be taken back.
        concurrency=1,
    )
