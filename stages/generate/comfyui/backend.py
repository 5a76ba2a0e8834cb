"""The `comfyui` backend: an ImageRequest in, a picture that a ComfyUI server drew out.

The workflow of the picture goes to POST {base}/prompt and comes into the server's queue; then GET
/history/{job} until it has ended there, and GET /view for the picture. Reference pictures go to
POST /upload/image before.
"""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    ProviderError,
    UsageError,
)
from imagine.stages.generate import Capabilities
from imagine.stages.generate.checkpoints import told_of_unnamed
from imagine.stages.generate.comfyui.answers import State, failure_in, spoilt_outputs
from imagine.stages.generate.comfyui.failures import failed, rejected
from imagine.stages.generate.comfyui.graph import Graph
from imagine.stages.generate.comfyui.jobs import Jobs, pictures_in, stop
from imagine.stages.generate.comfyui.pictures import mask_for, masked_picture_for, picture_for
from imagine.stages.generate.comfyui.plain import Kind, plain_workflow
from imagine.stages.generate.comfyui.stock import Stock, pair_of, spellings_of
from imagine.stages.generate.comfyui.workflow import Names, Workflow, read_workflow
from imagine.stages.generate.job import Job, follow
from imagine.stages.generate.queued import QueuedBackend
from imagine.stages.image import GeneratedImage, ImageRequest, Progress, ReceivedImage
from imagine.stages.network.json_values import table
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Problem as Said
from imagine.stages.network.reply import Reply

# On a processor one picture may take most of an hour, and says nothing meanwhile.
SILENCE = 3600.0
# Seconds between two questions: the server is near, and answers them beside its work.
EVERY = 0.25
# What its samplers read.
_LIMITS = (
    ("num_inference_steps", "--steps", 1, 10_000),
    ("guidance_scale", "--guidance", 0, 100),
)


class ComfyUIBackend(QueuedBackend):
    """Draws with a workflow on a server of one's own.

    Attributes:
        identity: hash of the user's own workflow, as recipes have it; "" for the plain ones. What
            was drawn with another one is another picture.
    """

    name = "comfyui"

    def __init__(self, *, connection: Connection, model: str, workflow: Path | None = None) -> None:
        """Nothing is sent yet.

        Args:
            model: a checkpoint of the server, with or without folder and ending; "" for the one
                that the workflow names, else the server's first.
            workflow: file of a workflow of the user's own in ComfyUI's API format; None for a
                plain one.

        Raises:
            UsageError: the workflow cannot be read or used, or has no place for the model.
        """
        super().__init__(connection=connection, model=model)
        self._own = read_workflow(workflow) if workflow is not None else None
        if self._own is not None and model and self._own.model_place() is None:
            raise UsageError(
                f"{self._own.file} has no one node that loads a model, such as "
                "CheckpointLoaderSimple; leave --model out, or give the node that is meant the "
                "title 'imagine:model'."
            )
        self.identity = self._own.name if self._own is not None else ""
        self.capabilities = _capabilities(self._own, model)
        self._stock = Stock(
            self.title, lambda kind: self.session.get(f"/object_info/{kind}").json()
        )
        self._told_of_unnamed = False
        self._work = Jobs(self.title, session=lambda: self.session, polls=lambda: self.polls)

    def check(self, request: ImageRequest) -> None:
        """Refuse what the workflow has no one place for, as far as that is known here.

        Raises:
            UsageError: naming the option.
        """
        self._workflow(request, self.model).check(request)
        for option, flag, low, high in _LIMITS:
            value = getattr(request, option)
            if value is not None and not low <= value <= high:
                raise UsageError(
                    f"{flag} {value:g} is out of range: {self.title} reads {low:g} to {high:g}; "
                    "choose one of these."
                )
        if request.scheduler is not None:
            pair_of(request.scheduler)

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields "sent", what the job does, "received", then the picture.

        Raises:
            UsageError: the server lacks a model, LoRA or scheduler that was named, or the workflow
                has no one place for an option.
            UnusableAnswerError: what came is no whole picture of about the size asked for.
            RefusedError: no picture came.
            ConfigError: the server is no ComfyUI, or lacks a node of the workflow.
            ProviderError: it failed, ran out of memory, or could not be reached.
        """
        self.check(request)
        model = self._checkpoint()
        workflow = self._workflow(request, model or "")
        names = self._names(request, workflow, model)
        graph = workflow.filled(request, names)
        self._tell_of_unnamed(request, model)
        yield self.sent()
        job = self._submitted(graph, workflow)
        with self.following(job):
            state = yield from follow(
                job,
                State("waiting"),
                ask=lambda: self._work.state(job),
                state=lambda state: (state.words, state.ended),
                silence=self.connection.timeout or SILENCE,
                every=EVERY,
            )
            picture = self._picture(state, workflow, job)
            data = job.reach(lambda: self._work.fetched(picture))
        yield from self.finished(
            request,
            data,
            model=names.model or self._named(workflow),
            parameters=(
                ("job", job.id),
                ("workflow", workflow.name),
                *workflow.said(graph, request).items(),
            ),
        )

    def translate(self, reply: Reply, problem: Said) -> ImagineError | None:
        path = reply.url.rpartition("/")[2]
        if reply.status == HTTPStatus.BAD_REQUEST and path == "prompt":
            return rejected(self.connection, table(reply.json()))
        if reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
            if path == "view":
                return ProviderError(
                    f"{self.title} no longer has the file of this picture (404), and does not draw "
                    "again what it remembers; choose another --seed, or restart it."
                )
            return ConfigError(
                f"{self.title} is not what answers at {self.connection.base_url} "
                f"({reply.status}); start it, or set IMAGINE_COMFYUI_BASE_URL."
            )
        # As its web server says of a bug; asked again it would say the same.
        if reply.status == HTTPStatus.INTERNAL_SERVER_ERROR and "got itself in" in reply.text:
            return ProviderError(f"{self.title} failed (500); look at what it printed.")
        return super().translate(reply, problem)

    def _checkpoint(self) -> str | None:
        """The model that draws, as the server calls it; None for the one that the workflow names.

        Raises:
            UsageError: it does not have it.
            ConfigError: it has none at all.
        """
        workflow = self._own or plain_workflow("txt2img", "")
        return self._stock.checkpoint(workflow, self.model, tell=self.connection.tell)

    def _tell_of_unnamed(self, request: ImageRequest, model: str | None) -> None:
        if self.model or model is None or self._told_of_unnamed:
            return
        setting = "IMAGINE_COMFYUI_IMAGE_MODEL"
        if told := told_of_unnamed(model, request.size, setting=setting):
            self._told_of_unnamed = True
            self.connection.tell(told)

    def _workflow(self, request: ImageRequest, model: str) -> Workflow:
        if self._own is not None:
            return self._own
        kind: Kind = "txt2img"
        if request.images:
            kind = "img2img" if request.mask is None else "inpaint"
        return plain_workflow(kind, model)

    def _names(self, request: ImageRequest, workflow: Workflow, model: str | None) -> Names:
        """What the server calls what is asked for; reference pictures are uploaded.

        Raises:
            UsageError: it lacks some of it.
        """
        stock = self._stock
        sampler = scheduler = None
        if request.scheduler is not None:
            sampler, scheduler = stock.sampling(request.scheduler, workflow)
        return Names(
            model=model,
            sampler=sampler,
            scheduler=scheduler,
            loras=tuple(stock.lora(lora.recorded) for lora in request.loras),
            **self._uploads(request, workflow),
        )

    def _named(self, workflow: Workflow) -> str:
        """The model that a workflow of the user's own names."""
        place = workflow.model_place()
        return str(workflow.graph.value(place)) if place is not None else ""

    def _uploads(self, request: ImageRequest, workflow: Workflow) -> dict[str, str]:
        """Upload the reference picture and its mask; returns what they are called there."""
        if not request.images:
            return {}
        fit = workflow.slots.from_picture
        if workflow.mask_in_image:
            pictures = {"image": masked_picture_for(request, fit=fit)}
        else:
            pictures = {"image": picture_for(request, fit=fit)}
            if workflow.slots.has("mask"):
                pictures["mask"] = mask_for(request)
        # Nothing is sent while one of them may still be refused.
        return {slot: self._work.uploaded(data) for slot, data in pictures.items()}

    def _submitted(self, graph: Graph, workflow: Workflow) -> Job:
        """The job in the server's queue.

        Raises:
            ImagineError: it was not accepted, or not the part of it that makes the picture.
        """
        answer = self._work.submitted(graph.nodes)
        job = self.accepted(
            answer.get("prompt_id"), page=self.connection.base_url, cancel=stop, paid=False
        )
        if workflow.slots.output in spoilt_outputs(answer):
            with self.following(job):
                job.cancel()
            raise rejected(self.connection, answer)
        return job

    def _picture(self, state: State, workflow: Workflow, job: Job) -> dict[str, Any]:
        """The picture as the server names it.

        Raises:
            JobFailedError: the job failed.
            RefusedError: there is no picture.
        """
        entry = state.entry or {}
        failure = failure_in(entry)
        if failure is not None:
            raise failed(self.connection, failure, job.id)
        pictures, words = pictures_in(entry, workflow.slots.output)
        if not pictures:
            raise self.wordy(words)
        return pictures[0]

    def _check_size(self, request: ImageRequest, received: ReceivedImage) -> list[str]:
        # A workflow of the user's own may enlarge what it draws, or crop it.
        came, asked = (received.width, received.height), request.result_size
        if self._own is None or came == asked:
            return super()._check_size(request, received)
        told = f"{came[0]}x{came[1]} instead of the {asked[0]}x{asked[1]} asked for"
        return [f"The picture is {told}, as the workflow has it."]

    def _model_note(self, served: str) -> list[str]:
        # Its folder and its ending need not be typed.
        if self.model.replace("\\", "/").lower() in spellings_of(served):
            return []
        return super()._model_note(served)


def _capabilities(own: Workflow | None, model: str) -> Capabilities:
    """What can be asked for: of one's own workflow, or of the three plain ones together."""
    if own is not None:
        return own.capabilities
    plain = plain_workflow("txt2img", model).capabilities
    return replace(plain, strength=True, max_images=1, mask=True)
