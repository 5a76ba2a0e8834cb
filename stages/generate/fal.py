"""The `fal` backend: an ImageRequest in, a picture by a model on fal out.

POST {base}/{model} puts it into fal's queue; then its state is asked for until it has ended, its
answer is fetched, and the picture behind the address in it.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    ProviderError,
    UsageError,
    shown,
)
from imagine.stages.generate.fal_models import KNOWN, family_of
from imagine.stages.generate.family import Family
from imagine.stages.generate.fitting import fitted
from imagine.stages.generate.hosted import Parameters
from imagine.stages.generate.job import Job, JobFailedError, drawing, follow
from imagine.stages.generate.queued import QueuedBackend
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.network.json_values import count, table, tables, text
from imagine.stages.network.providers import IMAGE_TIMEOUT, Connection
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.sizes import ListedSizes

# A state that is not known here is one more on the way to these.
_ENDED = ("COMPLETED", "FAILED", "ERROR", "CANCELED", "CANCELLED")
_RESULT = re.compile(r"/requests/([\w-]+)$")
_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)+", re.ASCII)


class FalBackend(QueuedBackend):
    """Draws with a model on fal, named as on its page: fal-ai/flux/schnell."""

    name = "fal"
    _family: Family

    def __init__(self, *, connection: Connection, model: str) -> None:
        """Nothing is sent yet.

        Raises:
            UsageError: the model's name cannot be one.
        """
        super().__init__(connection=connection, model=model)
        self.check_name(_NAME, like="fal-ai/flux/schnell")
        base = model.removesuffix("/image-to-image")
        if base != model and base in KNOWN:
            raise UsageError(
                f"fal starts from a picture with {base}, too: name that model and give --image."
            )
        self._family = family_of(model)
        self.capabilities = self._family.capabilities

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields "sent", what the job does, "received", then the picture.

        Raises:
            UsageError: an option is out of the model's range.
            RefusedError: the prompt or the picture was refused, or none came.
            UnusableAnswerError: what came is no whole picture of about the size asked for.
            LostAnswerError: the job could not be followed to its end; the message names it.
            ConfigError: key or model are not accepted.
            ProviderError: the service failed or could not be reached.
        """
        self.check(request)
        path, body, parameters = self._body(request)
        yield self.sent()
        accepted = table(self.session.post(path, json=body, paid=True).json())
        job, places = self._job(accepted)
        with self.following(job):
            yield from follow(
                job,
                accepted,
                ask=lambda: table(self.polls.get(f"{places['status']}?logs=1").json()),
                state=_state,
                silence=self.connection.timeout or IMAGE_TIMEOUT,
            )
            answer = table(job.reach(lambda: self.polls.get(places["response"]).json()))
            address = self._address(answer)
            data = job.reach(lambda: self.fetched(address))
        seed = answer.get("seed")
        drawn = (("seed", seed),) if isinstance(seed, int) else ()
        yield from self.finished(request, data, parameters=(("job", job.id), *drawn, *parameters))

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        said = f" ({self.quoted(problem.message)})" if problem.message else ""
        if "exhausted balance" in problem.message.lower():
            return ProviderError(
                f"{self.title} has no credit left for this key{said}; add some there, or use "
                "another provider."
            )
        job = _RESULT.search(reply.url)
        if job is not None and "content_policy" not in problem.code:
            return self._failed(job.group(1), reply, problem, said)
        if job is None and reply.status == HTTPStatus.NOT_FOUND:
            return ConfigError(
                f"{self.title} has no model {shown(self.model)}{said}; check its name (--model)."
            )
        return super().translate(reply, problem)

    def _failed(self, job: str, reply: Reply, problem: Problem, said: str) -> ImagineError | None:
        """The error for the answer of a job that failed; None where asking again may help."""
        rejected = reply.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)
        # fal's own kind of error stands there when the model, and not the way to it, failed.
        broke = reply.status == HTTPStatus.INTERNAL_SERVER_ERROR and bool(problem.code)
        if not rejected and not broke:
            return None
        return JobFailedError(
            f"The job {job} failed at {self.title}{said}; check the options for this model, try "
            "again, or choose another model (--model)."
        )

    def _body(self, request: ImageRequest) -> tuple[str, dict[str, Any], Parameters]:
        """Where the job is submitted, what it says, and what of that the request does not say."""
        family = self._family
        path, body = f"/{self.model}", family.values(request)
        shape: dict[str, str] = {}
        if isinstance(family.sizes, ListedSizes):
            shape = {"aspect_ratio": family.sizes.shape_of(self._who, *request.size)}
        size = {"image_size": {"width": request.width, "height": request.height}}
        if request.images:
            place = family.row["images"]
            # With a strength a model starts from the picture and draws in its size; without one
            # it only looks at the pictures, at an address of its own.
            if "strength" in family.row:
                path, size = f"{path}/image-to-image", {}
                body[place] = fitted(request, who=self._who).data_url
            else:
                path = f"{path}/edit"
                body[place] = [image.data_url for image in request.images]
        known = family.row["size"].split(", ")
        sizes = {name: value for name, value in {**shape, **size}.items() if name in known}
        return path, {**body, **sizes}, tuple({**family.fixed, **shape}.items())

    def _job(self, answer: dict[str, Any]) -> tuple[Job, dict[str, str]]:
        """The job that was accepted, and the paths of its state and its answer.

        Raises:
            LostAnswerError: the answer names none.
        """
        # The part of a model's name behind the second slash is no part of a job's paths.
        root = f"/{'/'.join(self.model.split('/')[:2])}/requests/{answer.get('request_id')}"
        usual = {"status": f"{root}/status", "response": root, "cancel": f"{root}/cancel"}
        base = self.connection.base_url
        places = {
            kind: _path_at(base, text(answer.get(f"{kind}_url")), otherwise=path)
            for kind, path in usual.items()
        }
        job = self.accepted(
            answer.get("request_id"),
            page="https://fal.ai/dashboard/requests/{}",
            cancel=lambda session, name: session.put(places["cancel"]),
        )
        return job, places

    def _address(self, answer: dict[str, Any]) -> str:
        """Where the picture is.

        Raises:
            RefusedError: fal's filter found something in it, or there is none.
        """
        if _first(answer.get("has_nsfw_concepts")) is True:
            raise self.refused("withheld the picture: its filter found nudity or violence in it")
        pictures = tables(answer.get("images")) or [table(answer.get("image"))]
        address = text(pictures[0].get("url"))
        if not address:
            words = (text(answer.get(name)) for name in ("description", "text", "output"))
            raise self.wordy(next(filter(None, words), ""))
        return address


def _state(answer: dict[str, Any]) -> tuple[str, bool]:
    """What a job does, in words, and whether it has ended."""
    status = text(answer.get("status"))
    if status == "IN_PROGRESS":
        logs = tables(answer.get("logs"))
        return drawing("\n".join(text(line.get("message")) for line in logs)), False
    ahead = count(answer.get("queue_position"))
    where = f"waiting, {ahead} ahead in the queue" if ahead else "waiting in the queue"
    return where, status in _ENDED


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value


def _path_at(base_url: str, url: str, *, otherwise: str) -> str:
    """The path of `url`, to be asked at `base_url`: the key goes to no other address.

    Providers repeat their own public address, also behind a proxy or another base URL.

    Args:
        base_url: where the provider is reached.
        url: what its answer says.
        otherwise: the usual path, taken when `url` ends in something else than this does.
    """
    path, prefix = urlsplit(url).path, urlsplit(base_url).path.rstrip("/")
    if path.partition("/requests/")[2] != otherwise.partition("/requests/")[2]:
        return otherwise
    return path[len(prefix) :] if prefix and path.startswith(f"{prefix}/") else path
