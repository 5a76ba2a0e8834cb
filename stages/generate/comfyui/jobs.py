"""Jobs of a ComfyUI server: a graph goes into its queue; how it does, and its picture, come out."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from imagine.stages.errors import LostAnswerError, UnusableAnswerError
from imagine.stages.generate.comfyui.answers import State, state_of
from imagine.stages.generate.job import Job, JobFailedError
from imagine.stages.network.json_values import table, tables, text
from imagine.stages.network.session import Session


class Jobs:
    """What is asked of one server about its jobs."""

    def __init__(
        self, title: str, *, session: Callable[[], Session], polls: Callable[[], Session]
    ) -> None:
        """Nothing is sent yet.

        Args:
            title: of the server, for messages.
            session: opens the session for work, polls: that for questions beside it.
        """
        self._title = title
        self._session = session
        self._polls = polls
        self._client = str(uuid4())

    def submitted(self, nodes: dict[str, Any]) -> dict[str, Any]:
        """What the server says of a graph that it takes into its queue.

        Raises:
            ImagineError: it was not accepted.
        """
        name = str(uuid4())
        body = {"prompt": nodes, "client_id": self._client, "prompt_id": name}
        try:
            return self._answer(body)
        except (LostAnswerError, UnusableAnswerError):
            # Perhaps nothing but the answer was lost: the job's name was given here.
            return self._answer(body) if self._state(name) is None else {"prompt_id": name}

    def state(self, job: Job) -> State:
        """How a job is doing.

        Raises:
            JobFailedError: nobody there knows it.
        """
        state = self._state(job.id)
        if state is None:
            raise JobFailedError(
                f"{self._title} knows nothing of the job {job.id} any more: it was restarted, or "
                "its queue was cleared; draw the picture again."
            )
        return state

    def fetched(self, picture: dict[str, Any]) -> bytes:
        """The file of a picture.

        Args:
            picture: as the outputs of a job name it.
        """
        place = {name: text(picture.get(name)) for name in ("filename", "subfolder", "type")}
        return self._session().get(f"/view?{urlencode(place)}").body

    def uploaded(self, data: bytes) -> str:
        """Where a file came to lie in the server's folder for inputs.

        Its name is its hash: equal files lie there once, and pictures under way at the same time
        do not take each other's.

        Args:
            data: a PNG.

        Raises:
            UnusableAnswerError: the answer does not say.
        """
        from hashlib import sha256

        file = (f"imagine-{sha256(data).hexdigest()[:16]}.png", data, "image/png")
        fields = {"overwrite": "true", "type": "input"}
        reply = self._session().post(
            "/upload/image", fields=fields, files=[("image", file)], paid=False
        )
        answer = table(reply.json())
        name, folder = text(answer.get("name")), text(answer.get("subfolder"))
        if not name:
            raise UnusableAnswerError(
                f"{self._title} took the reference picture and does not say where it is; try again."
            )
        return f"{folder}/{name}" if folder else name

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        return table(self._session().post("/prompt", json=body, paid=True).json())

    def _state(self, job: str) -> State | None:
        """How a job is doing; None when the server does not know it."""
        # In this order: a job that ends between two questions has left the queue for the history.
        return self._ended(job) or self._waiting(job) or self._ended(job)

    def _ended(self, job: str) -> State | None:
        entry = table(self._polls().get(f"/history/{job}").json()).get(job)
        return State("done", ended=True, entry=entry) if isinstance(entry, dict) else None

    def _waiting(self, job: str) -> State | None:
        return state_of(job, self._polls().get("/queue").json())


def pictures_in(entry: dict[str, Any], node: str) -> tuple[list[dict[str, Any]], str]:
    """The pictures that a node of a job left, and its words.

    Args:
        entry: of the history.
    """
    made = table(table(entry.get("outputs")).get(node))
    return tables(made.get("images")), " ".join(map(text, made.get("text") or []))


def stop(session: Session, job: str) -> None:
    """Take a job out of the queue, or interrupt it where it is the one that runs."""
    session.post("/queue", json={"delete": [job]}, paid=False)
    state = state_of(job, session.get("/queue").json())
    if state is not None and state.words == "drawing":
        # Older servers do not read which one, and interrupt what runs: it was this one.
        session.post("/interrupt", json={"prompt_id": job}, paid=False)
