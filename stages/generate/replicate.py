"""The `replicate` backend: an ImageRequest in, a picture by a model on Replicate out.

POST {base}/v1/models/{owner}/{name}/predictions, or /v1/predictions for one version of a model
(large reference pictures are uploaded to /v1/files before);
then GET /v1/predictions/{id} until it has ended, and the file that it names is fetched at once,
since it is kept for an hour. The first request does not wait for the picture (`Prefer: wait`):
only a job whose name has arrived can be cancelled, or found again when an answer is lost.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    UnusableAnswerError,
    shown,
)
from imagine.stages.generate.family import Family
from imagine.stages.generate.fitting import fitted
from imagine.stages.generate.hosted import Parameters
from imagine.stages.generate.job import Job, JobFailedError, drawing, follow
from imagine.stages.generate.parameters import nested
from imagine.stages.generate.queued import QueuedBackend
from imagine.stages.generate.replicate_models import (
    COMMUNITY,
    UNKNOWN,
    Schema,
    family_of,
    read_schema,
)
from imagine.stages.image import GeneratedImage, ImageRequest, Progress, ReferenceImage
from imagine.stages.network.json_values import table, text
from imagine.stages.network.providers import IMAGE_TIMEOUT, Connection
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.sizes import ListedSizes

_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*(:[0-9a-f]{1,64})?", re.ASCII)
_ADDRESS = re.compile(r"[a-z]+://|data:", re.IGNORECASE)
# Replicate documents data URLs for files of less than this (bytes).
MAX_DATA_URL = 256 * 1024
_ENDED = ("succeeded", "failed", "canceled", "aborted")
# What models say when their filter found something: "NSFW content detected", "flagged as
# sensitive (E005)".
_REFUSAL = re.compile(
    r"\bnsfw\b|flagged as sensitive|\bE005\b|content (policy|moderation)|safety (filter|checker|"
    r"system)|moderat(ed|ion)|prohibited content",
    re.IGNORECASE,
)


class ReplicateBackend(QueuedBackend):
    """Draws with a model on Replicate: `owner/name`, or `owner/name:version`."""

    name = "replicate"

    def __init__(self, *, connection: Connection, model: str) -> None:
        """Nothing is sent yet.

        Raises:
            UsageError: the model's name cannot be one.
        """
        super().__init__(connection=connection, model=model)
        self.check_name(_NAME, like="black-forest-labs/flux-schnell or owner/name:version")
        # The name alone, and the version where one is named.
        self._alone, _, self._version = model.partition(":")
        self._family = family_of(self._alone)
        self._schema: Schema | None = None
        self.capabilities = (self._family or UNKNOWN).capabilities

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields "sent", what the job does, "received", then the picture.

        The inputs of a model that is not known here are asked for first, once and free of charge.

        Raises:
            UsageError: the model does not read an option, or not this value.
            RefusedError: the prompt or the picture was refused, or none came.
            UnusableAnswerError: what came is no whole picture of about the size asked for.
            LostAnswerError: the job could not be followed to its end; the message names it.
            ConfigError: key or model are not accepted.
            ProviderError: the service failed or could not be reached.
        """
        family, size = self._inputs(request)
        family.check(request, who=self._who)
        request, notes = family.with_seed(request, title=self.title)
        body = self._body(request, family, size)
        yield self.sent()
        answer = table(self.session.post(self._path(), json=body, paid=True).json())
        job = self.accepted(
            answer.get("id"),
            page="https://replicate.com/p/{}",
            cancel=lambda session, name: session.post(f"/v1/predictions/{name}/cancel", paid=False),
        )
        with self.following(job):
            answer = yield from follow(
                job,
                answer,
                ask=lambda: table(self.polls.get(f"/v1/predictions/{job.id}").json()),
                state=_state,
                silence=self.connection.timeout or IMAGE_TIMEOUT,
            )
            address = self._output(answer, job)
            data = job.reach(lambda: self.fetched(address))
        yield from self.finished(
            request,
            data,
            notes=notes,
            parameters=(("job", job.id), *_chosen(request, family, size, answer)),
            finish_reason=text(answer.get("status")),
        )

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        if reply.status != HTTPStatus.NOT_FOUND or self._version:
            return super().translate(reply, problem)
        if reply.url.endswith(f"/v1/models/{self._alone}"):
            return ConfigError(
                f"Replicate has no model {shown(self._alone)}; check the name, or choose another "
                "(--model)."
            )
        if not reply.url.endswith("/predictions"):
            return super().translate(reply, problem)
        return ConfigError(
            f"Replicate has no model {shown(self._alone)} that runs by its name alone; check the "
            f"name, or name a version of it ({shown(self._alone)}:VERSION)."
        )

    def _inputs(self, request: ImageRequest) -> tuple[Family, dict[str, Any]]:
        """What the model reads, and the inputs that say which size is wanted."""
        family = self._family
        if family is None:
            schema = self._published()
            schema.check(request, who=self._who)
            return schema.family, schema.size(request)
        if isinstance(family.sizes, ListedSizes):
            return family, {"aspect_ratio": family.sizes.shape_of(self._who, *request.size)}
        return family, {"width": request.width, "height": request.height}

    def _body(self, request: ImageRequest, family: Family, size: dict[str, Any]) -> dict[str, Any]:
        """The prediction that is asked for."""
        wanted = {f"input.{name}": value for name, value in size.items()}
        body = nested({**family.values(request), **wanted, **self._pictures(request, family)})
        version = self._version or self._newest()
        return {**body, "version": version} if version else body

    def _pictures(self, request: ImageRequest, family: Family) -> dict[str, Any]:
        """The reference pictures at the place where the model looks for them."""
        if not request.images:
            return {}
        place = family.row["images"]
        # With a strength a model starts from the picture; without one it only looks at it.
        if "strength" in family.row:
            return {place: self._address(fitted(request, who=self._who))}
        addresses = [self._address(image) for image in request.images]
        return {place: addresses if family.max_images > 1 else addresses[0]}

    def _address(self, image: ReferenceImage) -> str:
        """Where models find a picture: in the address itself, or uploaded, free and for a day.

        Raises:
            UnusableAnswerError: the answer does not say where the file is.
        """
        if len(url := image.data_url) < MAX_DATA_URL:
            return url
        file = (f"image.{image.format}", image.data, image.media_type)
        reply = self.session.post("/v1/files", files=[("content", file)], paid=False)
        address = text(table(table(reply.json()).get("urls")).get("get"))
        if not _ADDRESS.match(address):
            raise UnusableAnswerError(
                f"{self.title} took the reference picture and does not say where it is; try again, "
                "or give a smaller one."
            )
        return address

    def _path(self) -> str:
        by_version = self._version or self._newest()
        return "/v1/predictions" if by_version else f"/v1/models/{self._alone}/predictions"

    def _newest(self) -> str:
        """The version to name for a model that cannot be run by its name alone, else ""."""
        if self._family is not None and self._alone not in COMMUNITY:
            return ""
        schema = self._published()
        return "" if schema.official else schema.version

    def _published(self) -> Schema:
        """What Replicate tells of the model, asked for once and free of charge."""
        if self._schema is None:
            version = f"/versions/{self._version}" if self._version else ""
            reply = self.session.get(f"/v1/models/{self._alone}{version}")
            self._schema = read_schema(table(reply.json()), model=self.model)
        return self._schema

    def _output(self, answer: dict[str, Any], job: Job) -> str:
        """Where the picture is.

        Raises:
            RefusedError: a filter refused it, or there is none.
            JobFailedError: the model failed.
        """
        status, error = text(answer.get("status")), answer.get("error")
        if status != "succeeded":
            words = text(error) or text(table(error).get("detail"))
            if _REFUSAL.search(words):
                raise self.refused("refused the picture", words)
            said = f": {self.quoted(words)}" if words else ""
            ended = "was stopped" if status in ("canceled", "aborted") else "failed"
            raise JobFailedError(
                f"The job {job.id} {ended} at {self.title}{said}; try again, or choose another "
                "model (--model)."
            )
        output = answer.get("output")
        first = output[0] if isinstance(output, list) and output else output
        if _ADDRESS.match(text(first)):
            return text(first)
        words = "".join(map(text, output)) if isinstance(output, list) else text(output)
        raise self.wordy(words)


def _state(answer: dict[str, Any]) -> tuple[str, bool]:
    """What a prediction does, in words, and whether it has ended."""
    status = text(answer.get("status"))
    if status == "processing":
        return drawing(text(answer.get("logs"))), False
    return "waiting for a machine", status in _ENDED


def _chosen(
    request: ImageRequest, family: Family, size: dict[str, Any], answer: dict[str, Any]
) -> Parameters:
    """What was sent and served beside what the user asked for."""
    said = {name.removeprefix("input."): value for name, value in family.fixed.items()}
    shape = {name: value for name, value in size.items() if name not in ("width", "height")}
    seed = {"seed": request.seed} if "seed" in family.row else {}
    version = text(answer.get("version"))
    served = {"version": version} if version not in ("", "hidden") else {}
    return tuple({**served, **seed, **said, **shape}.items())
