"""ComfyUI: graphs go into a queue, are run one after the other, and leave files and a history.

As seen of ComfyUI 0.3.64, run here on a processor with a model of random weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fakes.clock import Clock
from fakes.comfyui_nodes import (
    KINDS,
    Nodes,
    drawing_of,
    node_errors,
    told_of,
    whole_error,
)
from fakes.faults import Fault
from fakes.limits import Excess
from fakes.log import Entry
from fakes.message import Answer, Request, reply
from fakes.pictures import Picture, size_of
from fakes.service import PICTURE_FAULTS, Options, Service, Work, refuse

_TEXT = "text/plain; charset=utf-8"
_STEPS = {
    ("POST", "prompt"): "image",
    ("POST", "queue"): "cancel",
    ("POST", "interrupt"): "cancel",
    ("POST", "upload"): "files",
    ("GET", "history"): "poll",
    ("GET", "queue"): "poll",
    ("GET", "object_info"): "models",
    ("GET", "system_stats"): "models",
    ("GET", "view"): "download",
}


@dataclass
class Run:
    """A graph in the queue, at work, or in the history."""

    id: str
    number: int
    nodes: Nodes
    outputs: dict[str, Picture]
    fault: Fault
    seconds: float
    entry: Entry
    began: float | None = None
    ended: bool = False
    interrupted: bool = False

    def item(self) -> list[Any]:
        """As GET /queue lists it."""
        return [self.number, self.id, self.nodes, {"client_id": "client"}, list(self.outputs)]


@dataclass
class Queue:
    """Runs one graph at a time."""

    clock: Clock
    runs: list[Run] = field(default_factory=list)

    def advance(self) -> None:
        """Up to now: what is finished ends, and the next begins when it did."""
        now, free = self.clock.now(), 0.0
        for run in self.runs:
            if run.ended:
                continue
            if run.began is None:
                run.began = free or now
            end = run.began + run.seconds
            if run.fault == "never-done" or end > now:
                return
            run.ended, free = True, end

    @property
    def running(self) -> list[Run]:
        self.advance()
        return [run for run in self.runs if run.began is not None and not run.ended]

    @property
    def pending(self) -> list[Run]:
        self.advance()
        return [run for run in self.runs if run.began is None]

    def find(self, name: str) -> Run | None:
        """The run that has ended, as its history knows it."""
        self.advance()
        return next((run for run in self.runs if run.id == name and run.ended), None)

    def delete(self, names: list[str]) -> None:
        for run in self.pending:
            if run.id in names:
                self.runs.remove(run)
                run.entry.pictures = ()

    def interrupt(self, name: str | None) -> None:
        for run in self.running:
            if name in (None, run.id):
                run.ended = run.interrupted = True
                run.entry.pictures = ()


class ComfyUI(Service):
    """Started without a proxy before it, so that it asks for no key."""

    name = "comfyui"
    errors: ClassVar[Mapping[str, str]] = {
        "400": "the graph is rejected as a whole",
        "401": "unauthorized, as a proxy before it says",
        "403": "forbidden, as a proxy before it says",
        "404": "another program answers",
        "413": "the body is too large",
        "429": "too many requests, as a proxy before it says, `429=2.5` seconds in Retry-After",
        "500": "an exception of the server's own",
        "502": "bad gateway",
        "503": "unavailable",
        "504": "gateway timeout",
        "invalid-key": "the same as 401",
        "echo-key": "401 whose message repeats the key",
        "missing-node": "400: a node of the graph does not exist there",
    }
    image_faults: ClassVar[Mapping[str, str]] = {
        "failed": "an execution_error, `failed=TEXT`",
        "out-of-memory": "an execution_error of the sampler: no memory",
        "interrupted": "someone else interrupts it",
        "never-done": "it runs for ever",
        "forgotten": "it is accepted, and unknown after: the server was restarted",
        "no-images": "it succeeds and saves nothing",
        "text-only": "the node that should save a picture shows a text, `text-only=TEXT`",
        "gone": "the file is no longer there",
        "several": "the node saves three pictures",
        "no-prompt-id": "an answer that does not name the job",
        "other-prompt-id": "the job gets a name of the server's own, as before 2025",
        **PICTURE_FAULTS,
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._queue = Queue(self.clock)
        self._files: dict[str, Picture] = {}
        self._uploads: dict[str, bytes] = {}
        self._number = 0

    @classmethod
    def key_for(cls, habit: str) -> str | None:
        """It asks for none."""
        return None

    def step(self, request: Request) -> str:
        return _STEPS.get((request.method, request.path.split("/")[1]), "unknown")

    def accept(self, request: Request, entry: Entry) -> Work:
        if self.options.key is not None and not (
            entry.key == "authorization" and entry.key_is_right
        ):
            raise refuse(self.reject(Fault("401")))
        works: dict[str, Callable[[], Work]] = {
            "image": lambda: self._accept_graph(request, entry),
            "cancel": lambda: self._accept_stop(request),
            "poll": lambda: self._told(request),
            "models": lambda: _of_the_server(request),
            "download": lambda: self._view(request),
            "files": lambda: self._upload(request),
        }
        if entry.step not in works:
            raise refuse(Answer(404, [b"404: Not Found"], _TEXT))
        return works[entry.step]()

    def reject(self, fault: Fault, model: str = "") -> Answer:
        name = {"invalid-key": "401"}.get(fault.name, fault.name)
        if name == "429":
            headers = {"Retry-After": f"{fault.number(1.0):g}"}
            return Answer(429, [b"Too Many Requests"], _TEXT, headers)
        if name == "400":
            error = {"type": "no_prompt", "message": "No prompt provided", "details": ""}
            return _rejected({**error, "extra_info": {}}, {})
        if name == "missing-node":
            error = whole_error({"1": {"class_type": "FaceDetailer", "inputs": {}}})
            assert error is not None
            return _rejected(error, {})
        status, words = {
            "401": (401, "401: Unauthorized"),
            "echo-key": (401, f"{self.options.key} is not known here"),
            "403": (403, "403: Forbidden"),
            "404": (404, "404: Not Found"),
            "413": (413, "Maximum request body size 104857600 exceeded"),
            "500": (500, "500 Internal Server Error\n\nServer got itself in trouble"),
            "502": (502, "Bad gateway"),
            "503": (503, "Unavailable"),
            "504": (504, "Gateway timeout"),
        }[name]
        return Answer(status, [words.encode()], _TEXT)

    def limited(self, excess: Excess) -> Answer:
        return self.reject(Fault("429", f"{excess.delay:.3f}"))

    def _accept_graph(self, request: Request, entry: Entry) -> Work:
        try:
            body = request.json
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise refuse(self.reject(Fault("500")))
        nodes = body.get("prompt")
        if not isinstance(nodes, dict):
            raise refuse(self.reject(Fault("400")))
        if (error := whole_error(nodes)) is not None:
            raise refuse(_rejected(error, {}))
        errors = node_errors(nodes, set(self._uploads))
        saving = [name for name, node in nodes.items() if KINDS[node["class_type"]].saves]
        spoilt = {one for found in errors.values() for one in found["dependent_outputs"]}
        good = [name for name in saving if name not in spoilt]
        if not good:
            lines = [
                f"{one['message']}: {one['details']}"
                for found in errors.values()
                for one in found["errors"]
            ]
            kind = "prompt_outputs_failed_validation"
            message = "Prompt outputs failed validation"
            error = {"type": kind, "message": message, "details": "\n".join(lines)}
            raise refuse(_rejected({**error, "extra_info": {}}, errors))
        loader = next((n for n in nodes.values() if "ckpt_name" in n["inputs"]), None)
        entry.model = loader["inputs"]["ckpt_name"] if loader else ""
        entry.prompt = drawing_of(good[0], nodes, self._sizes()).prompt
        return lambda fault: self._begin(body, good, errors, entry, fault)

    def _begin(
        self, body: dict[str, Any], good: list[str], errors: Nodes, entry: Entry, fault: Fault
    ) -> Answer:
        name = str(body.get("prompt_id") or f"run-{self._number}")
        if fault == "other-prompt-id":
            name = f"own-{self._number}"
        run = Run(
            id=name,
            number=self._number,
            nodes=body["prompt"],
            outputs={one: self._picture(one, body["prompt"], fault) for one in good},
            fault=fault,
            seconds=self.latency,
            entry=entry,
        )
        self._number += 1
        if fault != "forgotten":
            self._queue.runs.append(run)
            self._queue.advance()
        none = ("failed", "out-of-memory", "interrupted", "never-done", "forgotten", "no-images")
        drawn = () if fault.name in (*none, "text-only") else tuple(run.outputs.values())
        said = {"prompt_id": name, "number": run.number, "node_errors": errors}
        if fault == "no-prompt-id":
            del said["prompt_id"]
        return Answer(wait=0.0, later=lambda: reply(said, pictures=drawn))

    def _picture(self, output: str, nodes: Nodes, fault: Fault) -> Picture:
        drawing = drawing_of(output, nodes, self._sizes())
        return self.draw(
            drawing.width,
            drawing.height,
            prompt=drawing.prompt,
            number=drawing.seed,
            fault=fault,
        )

    def _sizes(self) -> dict[str, tuple[int, int]]:
        return {name: size_of(data) or (64, 64) for name, data in self._uploads.items()}

    def _accept_stop(self, request: Request) -> Work:
        body = request.json if request.body else {}
        if request.path == "/interrupt":
            self._queue.interrupt(body.get("prompt_id"))
        else:
            self._queue.delete(body.get("delete", []))
        return lambda fault: Answer(200, [], "application/octet-stream")

    def _told(self, request: Request) -> Work:
        if request.path == "/queue":
            listed = {
                "queue_running": [run.item() for run in self._queue.running],
                "queue_pending": [run.item() for run in self._queue.pending],
            }
            return lambda fault: reply(listed)
        run = self._queue.find(request.path.removeprefix("/history/"))
        return lambda fault: reply({} if run is None else {run.id: self._history(run)})

    def _history(self, run: Run) -> dict[str, Any]:
        """A run that has ended."""
        messages: list[Any] = [["execution_start", {"prompt_id": run.id}]]
        failed = run.interrupted or run.fault.name in ("failed", "out-of-memory", "interrupted")
        if run.interrupted or run.fault == "interrupted":
            told = {"prompt_id": run.id, "node_id": "5", "node_type": "KSampler", "executed": []}
            messages.append(["execution_interrupted", told])
        elif failed:
            messages.append(["execution_error", _failure(run)])
        else:
            messages.append(["execution_success", {"prompt_id": run.id}])
        return {
            "prompt": run.item(),
            "outputs": {} if failed else {one: self._saved(run, one) for one in run.outputs},
            "status": {
                "status_str": "error" if failed else "success",
                "completed": not failed,
                "messages": messages,
            },
        }

    def _saved(self, run: Run, output: str) -> dict[str, Any]:
        if run.fault == "no-images":
            return {}
        if run.fault == "text-only":
            return {"text": [run.fault.value or "I only show words."]}
        shows = run.nodes[output]["class_type"] == "PreviewImage"
        place = {"subfolder": "", "type": "temp" if shows else "output"}
        names = [f"imagine_{run.number + more + 1:05}_.png" for more in range(3)]
        names = names if run.fault == "several" else names[:1]
        if run.fault != "gone":
            self._files |= dict.fromkeys(names[:1], run.outputs[output])
        return {"images": [{"filename": name, **place} for name in names]}

    def _view(self, request: Request) -> Work:
        picture = self._files.get(request.query.get("filename", ""))
        if picture is None:
            raise refuse(Answer(404, [], "application/octet-stream"))
        return lambda fault: Answer(200, [picture.bytes], picture.mime)

    def _upload(self, request: Request) -> Work:
        part = next((one for one in request.form or [] if one.name == "image"), None)
        if part is None or not part.filename:
            raise refuse(Answer(400, [], "application/octet-stream"))
        self._uploads[part.filename] = part.data
        told = {"name": part.filename, "subfolder": "", "type": "input"}
        return lambda fault: reply(told)


def _of_the_server(request: Request) -> Work:
    """What it runs on, or what a kind of node takes."""
    if request.path == "/system_stats":
        system = {"os": "posix", "comfyui_version": "0.3.64", "pytorch_version": "2.13.0+cpu"}
        stats = {"system": system, "devices": [{"name": "cpu", "type": "cpu"}]}
        return lambda fault: reply(stats)
    kind = request.path.removeprefix("/object_info").removeprefix("/")
    told = told_of(kind) if kind else {k: v for one in KINDS for k, v in told_of(one).items()}
    return lambda fault: reply(told)


def _failure(run: Run) -> dict[str, Any]:
    memory = run.fault == "out-of-memory"
    return {
        "prompt_id": run.id,
        "node_id": "5" if memory else "1",
        "node_type": "KSampler" if memory else "CheckpointLoaderSimple",
        "executed": [],
        "exception_message": "Allocation on device \n" if memory else (
            run.fault.value or "Error while deserializing header: incomplete metadata"),
        "exception_type": "torch.OutOfMemoryError" if memory else "SafetensorError",
        "traceback": ['  File "/opt/ComfyUI/execution.py", line 496, in execute\n'],
        "current_inputs": {},
        "current_outputs": [],
    }  # fmt: skip


def _rejected(error: dict[str, Any], errors: dict[str, Any]) -> Answer:
    return reply({"error": error, "node_errors": errors}, status=400)
