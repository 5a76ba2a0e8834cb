"""Replicate: predictions that block for `Prefer: wait`, are polled, canceled, and leave files."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from fakes.faults import Fault
from fakes.jobs import Job
from fakes.limits import Excess
from fakes.log import Entry
from fakes.message import Answer, Inline, Request, reply
from fakes.pictures import Picture
from fakes.replicate_files import Files
from fakes.replicate_models import MODELS, RATIOS, VERSIONS, Model, check_input, problem
from fakes.service import PICTURE_FAULTS, Options, Service, Work, refuse

_MODEL_PATH = re.compile(r"/v1/models/([^/]+/[^/]+)/predictions")


class Replicate(Service):
    """Predictions live as long as the fake does."""

    name = "replicate"
    errors: ClassVar[Mapping[str, str]] = {
        "429": "throttled, `429=2.5` seconds in Retry-After",
        "429-bare": "the same without Retry-After; the detail says when",
        "400": "bad request",
        "401": "unauthenticated",
        "402": "insufficient credit",
        "403": "forbidden",
        "404": "the model does not exist",
        "422": "the input was rejected",
        "500": "internal server error",
        "502": "bad gateway",
        "503": "unavailable",
        "504": "gateway timeout",
        "invalid-key": "the same as 401",
        "echo-key": "401 whose detail repeats the key",
        "no-credit": "the same as 402",
        "forbidden": "the same as 403",
        "retired": "the same as 404",
    }
    image_faults: ClassVar[Mapping[str, str]] = {
        "failed": "status failed, `failed=TEXT` in error",
        "refused": "status failed: NSFW content detected (E005), `refused=TEXT`",
        "canceled": "status canceled by someone else",
        "never-done": "status processing for ever",
        "output-null": "status succeeded, output null",
        "output-empty": "status succeeded, an empty list",
        "output-text": "status succeeded, output is words, `output-text=TEXT`",
        "output-string": "output is one address instead of a list",
        "output-data": "output is a data: URL",
        "output-other-host": "the files are at http://localhost:PORT, another host by name",
        "output-file-url": "output is file:///etc/passwd",
        "output-expired": "the files answer 404",
        "unknown-enum": "a status that nobody knows",
        "unknown-fields": "fields that nobody knows",
        "no-urls": "a prediction without urls",
        "poll-elsewhere": "urls.get points to another host",
        "one-short": "one picture fewer than asked for",
        **PICTURE_FAULTS,
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._jobs: dict[str, Job] = {}
        self._files: dict[str, Picture] = {}
        self._uploads = Files()

    def step(self, request: Request) -> str:
        path = request.path
        if path.startswith("/files/"):
            return "download"
        if request.method == "POST" and (_MODEL_PATH.fullmatch(path) or path == "/v1/predictions"):
            return "image"
        if re.fullmatch(r"/v1/predictions/\w+/cancel", path):
            return "cancel"
        if re.fullmatch(r"/v1/predictions/\w+", path):
            return "poll"
        if path.startswith("/v1/files"):
            return "files"
        return "models" if path.startswith("/v1/models") else "unknown"

    def accept(self, request: Request, entry: Entry) -> Work:
        if entry.step == "download":
            picture = self._files.get(request.path)
            if picture is None:
                raise refuse(Answer(404, [b"Not Found"], "text/plain"))
            return lambda fault: Answer(200, [picture.bytes], picture.mime)
        if self.options.key is not None and not (
            entry.key == "authorization" and entry.key_is_right
        ):
            raise refuse(self.reject(Fault("401")))
        if entry.step == "image":
            return self._accept_prediction(request, entry)
        if entry.step in ("poll", "cancel"):
            job = self._jobs.get(request.path.split("/")[3])
            if job is None or (entry.step == "cancel") != (request.method == "POST"):
                raise refuse(problem(404, "", "The requested resource could not be found."))
            if entry.step == "cancel":
                job.cancel()
            return lambda fault: reply(self._prediction(job, request))
        if entry.step == "files":
            return self._uploads.accept(request)
        if entry.step == "models" and request.method == "GET":
            told = self._models(request.path.removeprefix("/v1/models").removeprefix("/"))
            return lambda fault: reply(told)
        raise refuse(problem(404, "", "The requested resource could not be found."))

    def reject(self, fault: Fault, model: str = "") -> Answer:
        name = {
            "invalid-key": "401", "no-credit": "402", "forbidden": "403", "retired": "404",
        }.get(fault.name, fault.name)  # fmt: skip
        wait = f"{fault.number(1.0):g}" if name.startswith("429") else ""
        slow = "Request was throttled. Your rate limit for creating predictions is reduced. "
        if name == "429":
            headers = {"Retry-After": wait}
            return problem(429, "", f"{slow}Your rate limit resets in ~{wait}s.", headers=headers)
        title, detail = {
            "429-bare": ("", f"{slow}Your rate limit resets in ~{wait}s."),
            "400": ("Bad request", "The request could not be understood."),
            "401": ("Unauthenticated", "You did not pass a valid authentication token"),
            "echo-key": ("Unauthenticated", f"The token {self.options.key} is not valid"),
            "402": ("Insufficient credit", "You have insufficient credit to run this model. Go to "
                    "https://replicate.com/account/billing#billing to purchase credit."),
            "403": ("Forbidden", "You do not have permission to run this model."),
            "404": ("", "The requested resource could not be found."),
            "422": ("Input validation failed", "- input.prompt: Invalid type\n"),
            "500": ("Internal server error", "An internal error occurred."),
            "502": ("Bad gateway", "The upstream server did not answer."),
            "503": ("Service unavailable", "The service is temporarily unavailable."),
            "504": ("Gateway timeout", "The upstream server timed out."),
        }[name]  # fmt: skip
        status = {"429-bare": 429, "echo-key": 401}.get(name) or int(name)
        return problem(status, title, detail)

    def limited(self, excess: Excess) -> Answer:
        return self.reject(Fault("429", f"{excess.delay:.3f}"))

    def _models(self, path: str) -> dict[str, Any]:
        """What is told of all models, of OWNER/NAME, or of OWNER/NAME/versions/ID."""
        if not path:
            results = [model.to_dict() for model in MODELS.values()]
            return {"next": None, "previous": None, "results": results}
        name, _, version = path.partition("/versions/")
        model = MODELS.get(name)
        if model is None or version not in ("", model.version):
            raise refuse(self.reject(Fault("404")))
        return model.version_to_dict() if version else model.to_dict()

    def _accept_prediction(self, request: Request, entry: Entry) -> Work:
        try:
            body = request.json
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise refuse(problem(400, "Bad request", "The body is no JSON object."))
        allowed = {"input", "webhook", "webhook_events_filter", "stream"}
        found = _MODEL_PATH.fullmatch(request.path)
        if found is not None:
            model = MODELS.get(found[1])
            if model is None or not model.official:
                raise refuse(problem(404, "", "The requested resource could not be found."))
        else:
            allowed.add("version")
            model = VERSIONS.get(str(body.get("version", "")).rpartition(":")[2])
            if model is None:
                detail = "- version: Invalid version or not permitted\n"
                raise refuse(problem(422, "Invalid version or not permitted", detail))
        unknown = [name for name in body if name not in allowed]
        if unknown:
            raise refuse(
                problem(422, "Input validation failed", f"- {unknown[0]}: Additional property\n")
            )
        given = body.get("input")
        check_input(given, model.inputs)
        assert isinstance(given, dict)
        by_version = "" if found else f":{model.version}"
        entry.prompt, entry.model = given["prompt"], model.name + by_version
        wait = _wait_of(request)
        return lambda fault: self._create(given, model, request, entry, wait=wait, fault=fault)

    def _create(
        self,
        given: dict[str, Any],
        model: Model,
        request: Request,
        entry: Entry,
        *,
        wait: float,
        fault: Fault,
    ) -> Answer:
        name = f"p{len(self._jobs)}" + hashlib.sha256(entry.prompt.encode()).hexdigest()[:20]
        pictures = self._pictures(given, model, fault)
        job = Job(
            name, entry, {**given, "_model": entry.model}, pictures, fault, self.latency, self.clock
        )
        self._jobs[name] = job
        seconds = min(wait, 3600.0 if fault == "never-done" else job.left)
        prediction = self._prediction(job, request)

        def told() -> Answer:
            # 202 says that the wait was not long enough, and the prediction has to be polled.
            return reply(
                self._prediction(job, request) if seconds else prediction,
                status=202 if wait and job.state != "done" else 201,
                pictures=() if job.canceled else pictures,
            )

        return Answer(wait=seconds, later=told)

    def _pictures(self, given: dict[str, Any], model: Model, fault: Fault) -> tuple[Picture, ...]:
        none = ("failed", "refused", "canceled", "never-done", "output-null", "output-empty")
        if fault.name in (*none, "output-text", "output-file-url", "unknown-enum"):
            return ()
        # "custom" leaves the size to width and height.
        width, height = RATIOS.get(given.get("aspect_ratio", "1:1"), RATIOS["1:1"])
        if given.get("megapixels") == "0.25":
            width, height = width // 2, height // 2
        if "aspect_ratio" not in model.inputs or given.get("aspect_ratio") == "custom":
            width, height = int(given.get("width", width)), int(given.get("height", height))
        default = "webp" if "output_format" in model.inputs else "png"
        kind = {"jpg": "jpeg"}.get(
            given.get("output_format", default), given.get("output_format", default)
        )
        count = int(given.get("num_outputs", 1))
        return tuple(
            self.draw(
                width,
                height,
                prompt=given["prompt"],
                number=int(given.get("seed") or 0) + number,
                fault=fault,
                kind=kind,
            )
            for number in range(max(1, count - 1) if fault == "one-short" else count)
        )

    def _prediction(self, job: Job, request: Request) -> dict[str, Any]:
        """The prediction as it stands."""
        own = job.fault.name
        status = {"waiting": "starting", "drawing": "processing", "done": "succeeded"}.get(
            job.state, "canceled"
        )
        if status == "succeeded":
            status = {
                "failed": "failed", "refused": "failed", "canceled": "canceled",
                "unknown-enum": "contemplating",
            }.get(own, status)  # fmt: skip
        urls = {
            "get": f"{request.root}/v1/predictions/{job.id}",
            "cancel": f"{request.root}/v1/predictions/{job.id}/cancel",
            "web": f"https://replicate.com/p/{job.id}",
        }
        if own == "poll-elsewhere":
            urls["get"] = f"http://localhost:9/v1/predictions/{job.id}"
        model, _, version = job.input["_model"].partition(":")
        body: dict[str, Any] = {
            "id": job.id,
            "model": model,
            "version": version or "hidden",
            "input": {name: value for name, value in job.input.items() if name != "_model"},
            "logs": "Using seed: 1\n" if job.state == "done" else "",
            "output": self._output(job, request) if status == "succeeded" else None,
            "data_removed": False,
            "error": _failure(job) if status == "failed" else None,
            "status": status,
            "created_at": "2026-11-22T04:00:00.000Z",
            "urls": urls,
        }
        if status == "succeeded":
            body["metrics"] = {"predict_time": job.seconds, "image_count": len(job.pictures)}
        if own == "no-urls":
            del body["urls"]
        if own == "unknown-fields":
            body |= {"deadline": None, "source_of_tomorrow": {"x": [1]}}
        return body

    def _output(self, job: Job, request: Request) -> Any:  # noqa: PLR0911  a case for each fault
        root = request.root
        if job.fault == "output-other-host":
            root = root.replace("127.0.0.1", "localhost")
        addresses = []
        for number, picture in enumerate(job.pictures):
            path = f"/files/{job.id}/out-{number}.{picture.mime.partition('/')[2]}"
            if job.fault != "output-expired":
                self._files[path] = picture
            addresses.append(root + path)
        match job.fault.name:
            case "output-null":
                return None
            case "output-empty":
                return []
            case "output-text":
                return job.fault.value or "I would rather write about it."
            case "output-string":
                return addresses[0]
            case "output-file-url":
                return ["file:///etc/passwd"]
            case "output-data":
                picture = job.pictures[0]
                return [Inline(picture, before=f"data:{picture.mime};base64,")]
        single = MODELS[job.input["_model"].partition(":")[0]].single
        return addresses[0] if single and addresses else addresses


def _failure(job: Job) -> str:
    if job.fault == "refused":
        return job.fault.value or (
            "NSFW content detected. Try running it again, or try a different prompt. (E005)"
        )
    return job.fault.value or "CUDA out of memory. Tried to allocate 2.00 GiB"


def _wait_of(request: Request) -> float:
    """Seconds that the request may block, from `Prefer: wait` or `Prefer: wait=N`."""
    prefer = request.headers.get("prefer", "")
    found = re.fullmatch(r"wait(?:=(\d+))?", prefer)
    if prefer and found is None:
        raise refuse(problem(400, "Bad request", f"Invalid Prefer header: {prefer}"))
    if found is None:
        return 0.0
    seconds = int(found[1] or 60)
    if not 1 <= seconds <= 60:
        raise refuse(problem(400, "Bad request", "Prefer: wait must be between 1 and 60 seconds"))
    return float(seconds)
