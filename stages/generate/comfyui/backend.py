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
from urllib.parse import urlencode
from uuid import uuid4

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    UnusableAnswerError,
    UsageError,
)
from imagine.stages.generate import Capabilities
from imagine.stages.generate.comfyui.answers import (
    State,
    failure_in,
    spoilt_outputs,
    state_of,
)
from imagine.stages.generate.comfyui.failures import failed, rejected
from imagine.stages.generate.comfyui.pictures import mask_for, masked_picture_for, picture_for
from imagine.stages.generate.comfyui.stock import Stock, pair_of, spellings_of
from imagine.stages.generate.comfyui.workflow import (
    Kind,
    Names,
    Workflow,
    plain_workflow,
    read_workflow,
)
from imagine.stages.generate.job import Job, JobFailedError, follow
from imagine.stages.generate.queued import QueuedBackend
from imagine.stages.image import GeneratedImage, ImageRequest, Progress, ReceivedImage
from imagine.stages.network.json_values import table, tables, text
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Problem as Said
from imagine.stages.network.reply import Reply
from imagine.stages.network.session import Session

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
    """Draws with a workflow on a server of one's own."""

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
        self.capabilities = _capabilities(self._own)
        self._stock = Stock(
            self.title, lambda kind: self.session.get(f"/object_info/{kind}").json()
        )
        self._client = str(uuid4())

    def check(self, request: ImageRequest) -> None:
        """Refuse what the workflow has no one place for, as far as that is known here.

        Raises:
            UsageError: naming the option.
        """
        if request.hires_fix is not None and request.images:
            raise UsageError(
                f"{self.name} draws in two passes from words alone; leave out --refine or --image."
            )
        self._workflow(request).check(request)
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
        workflow = self._workflow(request)
        names = self._names(request, workflow)
        graph = workflow.filled(request, names)
        yield self.sent()
        job = self._submitted(graph.nodes, workflow)
        with self.following(job):
            state = yield from follow(
                job,
                State("waiting"),
                ask=lambda: self._asked(job),
                state=lambda state: (state.words, state.ended),
                silence=self.connection.timeout or SILENCE,
                every=EVERY,
            )
            place = self._picture(state, workflow, job)
            data = job.reach(lambda: self._fetched(place))
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
                f"({reply.status}); start it, or set comfyui_base_url."
            )
        # As its web server says of a bug; asked again it would say the same.
        if reply.status == HTTPStatus.INTERNAL_SERVER_ERROR and "got itself in" in reply.text:
            return ProviderError(f"{self.title} failed (500); look at what it printed.")
        return super().translate(reply, problem)

    def _workflow(self, request: ImageRequest) -> Workflow:
        if self._own is not None:
            return self._own
        kind: Kind = "txt2img"
        if request.images:
            kind = "img2img" if request.mask is None else "inpaint"
        return plain_workflow(kind)

    # --- what the server has -------------------------------------------------------------------

    def _names(self, request: ImageRequest, workflow: Workflow) -> Names:
        """What the server calls what is asked for; reference pictures are uploaded.

        Raises:
            UsageError: it lacks some of it.
        """
        stock, tell = self._stock, self.connection.tell
        sampler = scheduler = None
        if request.scheduler is not None:
            sampler, scheduler = stock.sampling(request.scheduler, workflow)
        return Names(
            model=stock.checkpoint(workflow, self.model, tell=tell),
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
            return {"image": self._uploaded(masked_picture_for(request, fit=fit))}
        names = {"image": self._uploaded(picture_for(request, fit=fit))}
        if workflow.slots.has("mask"):
            names["mask"] = self._uploaded(mask_for(request))
        return names

    def _uploaded(self, data: bytes) -> str:
        """Where a file came to lie in the server's folder for inputs.

        Its name is its hash: equal files lie there once, and pictures under way at the same time
        do not take each other's.

        Raises:
            UnusableAnswerError: the answer does not say.
        """
        from hashlib import sha256

        file = (f"imagine-{sha256(data).hexdigest()[:16]}.png", data, "image/png")
        fields = {"overwrite": "true", "type": "input"}
        reply = self.session.post(
            "/upload/image", fields=fields, files=[("image", file)], paid=False
        )
        answer = table(reply.json())
        name, folder = text(answer.get("name")), text(answer.get("subfolder"))
        if not name:
            raise UnusableAnswerError(
                f"{self.title} took the reference picture and does not say where it is; try again."
            )
        return f"{folder}/{name}" if folder else name

    # --- the job -------------------------------------------------------------------------------

    def _submitted(self, nodes: dict[str, Any], workflow: Workflow) -> Job:
        """The job in the server's queue.

        Raises:
            ImagineError: it was not accepted, or not the part of it that makes the picture.
        """
        name = str(uuid4())
        body = {"prompt": nodes, "client_id": self._client, "prompt_id": name}
        try:
            answer = self._answer(body)
        except (LostAnswerError, UnusableAnswerError):
            # Perhaps nothing but the answer was lost: the job's name was given here.
            known = self._state(name) is not None
            answer = {"prompt_id": name} if known else self._answer(body)
        job = self.accepted(
            answer.get("prompt_id"), page=self.connection.base_url, cancel=_stop, paid=False
        )
        if workflow.slots.output in spoilt_outputs(answer):
            with self.following(job):
                job.cancel()
            raise rejected(self.connection, answer)
        return job

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        return table(self.session.post("/prompt", json=body, paid=True).json())

    def _asked(self, job: Job) -> State:
        """How the job is doing.

        Raises:
            JobFailedError: nobody there knows it.
        """
        state = self._state(job.id)
        if state is None:
            raise JobFailedError(
                f"{self.title} knows nothing of the job {job.id} any more: it was restarted, or "
                "its queue was cleared; draw the picture again."
            )
        return state

    def _state(self, job: str) -> State | None:
        """How a job is doing; None when the server does not know it."""
        # In this order: a job that ends between two questions has left the queue for the history.
        return self._ended(job) or self._waiting(job) or self._ended(job)

    def _ended(self, job: str) -> State | None:
        entry = table(self.polls.get(f"/history/{job}").json()).get(job)
        return State("done", ended=True, entry=entry) if isinstance(entry, dict) else None

    def _waiting(self, job: str) -> State | None:
        return state_of(job, self.polls.get("/queue").json())

    def _picture(self, state: State, workflow: Workflow, job: Job) -> dict[str, str]:
        """What GET /view asks for to have the picture.

        Raises:
            JobFailedError: the job failed.
            RefusedError: there is no picture.
        """
        entry = state.entry or {}
        failure = failure_in(entry)
        if failure is not None:
            raise failed(self.connection, failure, job.id)
        made = table(table(entry.get("outputs")).get(workflow.slots.output))
        pictures = tables(made.get("images"))
        if not pictures:
            raise self.wordy(" ".join(map(text, made.get("text") or [])))
        return {name: text(pictures[0].get(name)) for name in ("filename", "subfolder", "type")}

    def _fetched(self, place: dict[str, str]) -> bytes:
        return self.session.get(f"/view?{urlencode(place)}").body

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


def _capabilities(own: Workflow | None) -> Capabilities:
    """What can be asked for: of one's own workflow, or of the three plain ones together."""
    if own is not None:
        return own.capabilities
    return replace(plain_workflow("txt2img").capabilities, strength=True, max_images=1, mask=True)


def _stop(session: Session, job: str) -> None:
    """Take a job out of the queue, or interrupt it where it is the one that runs."""
    session.post("/queue", json={"delete": [job]}, paid=False)
    state = state_of(job, session.get("/queue").json())
    if state is not None and state.words == "drawing":
        # Older servers do not read which one, and interrupt what runs: it was this one.
        session.post("/interrupt", json={"prompt_id": job}, paid=False)
