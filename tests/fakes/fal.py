"""fal's queue: submit, status, result and cancel, and the files of finished requests."""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from fakes.fal_models import (
    MODELS,
    check_input,
    invalid_field,
    is_nano_banana,
    pixels_of,
)
from fakes.faults import Fault
from fakes.jobs import Job
from fakes.limits import Excess
from fakes.log import Entry
from fakes.message import Answer, Inline, Request, reply
from fakes.pictures import Kind, Picture, draw
from fakes.service import PICTURE_FAULTS, Options, Service, Work, refuse

_REQUEST = re.compile(r"/([^/]+/[^/]+)/requests/([\w-]+)(/status|/cancel)?")

# What a finished request's status tells of its failure: error and error_type.
_ERRORS = {
    "failed": ("Downstream service error", "downstream_service_error"),
    "detail-text": ("Internal Server Error", "internal_error"),
    "runner-gone": ("Runner disconnected", "runner_disconnected"),
}


class Fal(Service):
    """Submitting answers at once; the work happens behind status_url and response_url."""

    name = "fal"
    errors: ClassVar[Mapping[str, str]] = {
        "429": "too many requests, `429=2.5` seconds in Retry-After",
        "429-bare": "the same without Retry-After",
        "400": "bad request",
        "401": "no credentials, or not these",
        "403": "forbidden",
        "404": "no such application",
        "422": "a field was rejected",
        "500": "internal server error",
        "502": "bad gateway",
        "503": "no runner is free",
        "504": "gateway timeout",
        "invalid-key": "the same as 401",
        "echo-key": "401 whose detail repeats the key",
        "no-credit": "403: the balance is exhausted",
        "forbidden": "the same as 403",
        "retired": "the same as 404",
    }
    image_faults: ClassVar[Mapping[str, str]] = {
        "refused": "the result is 422 content_policy_violation, `refused=TEXT`",
        "failed": "the result is 500 in FastAPI's shape, `failed=TEXT`",
        "invalid-input": "the result is 422 with a validation list",
        "runner-gone": "the result is 503 with X-Fal-Retryable",
        "nsfw": "has_nsfw_concepts is true, and the picture black",
        "never-done": "status IN_PROGRESS for ever",
        "stuck-in-queue": "status IN_QUEUE for ever",
        "no-images": "an empty list of images",
        "null-images": "a result without images",
        "text-only": "the result is words, `text-only=TEXT`",
        "data-url": "images[].url is a data: URL",
        "other-host": "the files are at http://localhost:PORT, another host by name",
        "file-url": "images[].url is file:///etc/passwd",
        "expired": "the files answer 404",
        "no-urls": "the answer to submitting has no status_url",
        "poll-elsewhere": "status_url points to another host",
        "unknown-enum": "a status that nobody knows",
        "unknown-fields": "fields that nobody knows",
        "one-short": "one picture fewer than asked for",
        "detail-text": "the result is 500 whose detail is a text",
        **PICTURE_FAULTS,
    }

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._jobs: dict[str, Job] = {}
        self._files: dict[str, Picture] = {}

    def step(self, request: Request) -> str:
        if request.path.startswith("/files/"):
            return "download"
        found = _REQUEST.fullmatch(request.path)
        if found is not None:
            return {"/status": "poll", "/cancel": "cancel"}.get(found[3] or "", "result")
        return "image" if request.method == "POST" else "unknown"

    def accept(self, request: Request, entry: Entry) -> Work:
        if entry.step == "download":
            picture = self._files.get(request.path)
            if picture is None:
                raise refuse(Answer(404, [b"Not Found"], "text/plain"))
            return lambda fault: Answer(200, [picture.bytes], picture.mime)
        self._check_key(request, entry)
        if entry.step == "image":
            return self._accept_submission(request, entry)
        found = _REQUEST.fullmatch(request.path)
        job = self._jobs.get(found[2]) if found else None
        if found is None or job is None or found[1] != _owner_and_app(job.input["_model"]):
            raise refuse(reply({"detail": "Request not found"}, status=404))
        method = {"cancel": "PUT"}.get(entry.step, "GET")
        if request.method != method:
            raise refuse(reply({"detail": "Method Not Allowed"}, status=405))
        ways: dict[str, Callable[[Job, Request], Answer]] = {
            "poll": self._status, "cancel": self._cancel, "result": self._result,
        }  # fmt: skip
        return lambda fault: ways[entry.step](job, request)

    def reject(self, fault: Fault, model: str = "") -> Answer:
        name = {"invalid-key": "401", "forbidden": "403", "retired": "404"}.get(
            fault.name, fault.name
        )
        if name == "429":
            headers = {"Retry-After": f"{fault.number(1.0):g}"}
            return reply({"detail": "Too many requests"}, status=429, headers=headers)
        if name == "422":
            return invalid_field("num_images", "ensure this value is less than 5", "value_error")
        status, detail = {
            "429-bare": (429, "Too many requests"),
            "400": (400, "Bad request"),
            "401": (401, "Invalid authentication credentials"),
            "echo-key": (401, f"No user found for Key ID and Secret {self.options.key}"),
            "403": (403, "You do not have access to this application"),
            "no-credit": (403, "User is locked. Reason: Exhausted balance. Top up your balance at "
                          "fal.ai/dashboard/billing."),
            "404": (404, f"Application '{model.rpartition('/')[2]}' not found"),
            "500": (500, "Internal Server Error"),
            "502": (502, "Bad Gateway"),
            "503": (503, "No runner is available"),
            "504": (504, "Gateway Timeout"),
        }[name]  # fmt: skip
        return reply({"detail": detail}, status=status)

    def limited(self, excess: Excess) -> Answer:
        return self.reject(Fault("429", f"{excess.delay:.3f}"))

    def _check_key(self, request: Request, entry: Entry) -> None:
        if self.options.key is None:
            return
        scheme = request.headers.get("authorization", "").partition(" ")[0]
        if not entry.key:
            detail = "Authentication is required to access this application."
            raise refuse(reply({"detail": detail}, status=401))
        if scheme != "Key" or not entry.key_is_right:
            raise refuse(self.reject(Fault("401")))

    def _accept_submission(self, request: Request, entry: Entry) -> Work:
        model = request.path.strip("/")
        if model not in MODELS:
            detail = f"Application '{model.rpartition('/')[2]}' not found"
            raise refuse(reply({"detail": detail}, status=404))
        try:
            body = request.json
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise refuse(reply({"detail": "the body is no JSON object"}, status=400))
        # The real queue checks the input when a runner takes it; the fake when it is submitted.
        check_input(body, MODELS[model])
        entry.prompt, entry.model = body["prompt"], model
        return lambda fault: self._submit(body, model, request, entry, fault)

    def _submit(
        self, body: dict[str, Any], model: str, request: Request, entry: Entry, fault: Fault
    ) -> Answer:
        digest = hashlib.sha256(entry.prompt.encode()).hexdigest()
        name = f"{len(self._jobs):08d}-{digest[:4]}-4000-8000-{digest[4:16]}"
        pictures = self._pictures(body, model, fault)
        job = Job(name, entry, {**body, "_model": model}, pictures, fault, self.latency, self.clock)
        self._jobs[name] = job
        base = f"{request.root}/{_owner_and_app(model)}/requests/{name}"
        answer: dict[str, Any] = {
            "status": "IN_QUEUE",
            "request_id": name,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
            "logs": None,
            "metrics": {},
            "queue_position": 0,
        }
        if fault == "no-urls":
            answer = {"request_id": name}
        if fault == "poll-elsewhere":
            answer["status_url"] = f"http://localhost:9/{name}/status"
        if fault == "unknown-fields":
            answer |= {"priority": "normal", "new": [1]}
        made = reply(answer, pictures=pictures)
        return Answer(wait=0.0, later=lambda: made)

    def _pictures(self, body: dict[str, Any], model: str, fault: Fault) -> tuple[Picture, ...]:
        unpaid = ("refused", "failed", "invalid-input", "runner-gone", "never-done", "text-only")
        more = ("stuck-in-queue", "no-images", "null-images", "file-url", "unknown-enum")
        if fault.name in (*unpaid, *more, "detail-text", "nsfw"):
            return ()
        width, height = pixels_of(body, model)
        usual: Kind = "png" if is_nano_banana(model) else "jpeg"
        kind: Kind = body.get("output_format") or body.get("format") or usual
        count = int(body.get("num_images", 1))
        return tuple(
            self.draw(
                width,
                height,
                prompt=body["prompt"],
                number=int(body.get("seed") or 0) + number,
                fault=fault,
                kind=kind,
            )
            for number in range(max(1, count - 1) if fault == "one-short" else count)
        )

    def _status(self, job: Job, request: Request) -> Answer:
        status = {"waiting": "IN_QUEUE", "drawing": "IN_PROGRESS"}.get(job.state, "COMPLETED")
        if job.fault == "stuck-in-queue":
            status = "IN_QUEUE"
        if job.fault == "unknown-enum":
            status = "CONTEMPLATING"
        url = f"{request.root}{request.path.removesuffix('/status')}"
        body: dict[str, Any] = {
            "status": status,
            "request_id": job.id,
            "response_url": url,
            "status_url": f"{url}/status",
            "cancel_url": f"{url}/cancel",
            "logs": [{"message": "drawing", "timestamp": "2026-11-22T04:00:00"}]
            if request.query.get("logs") in ("1", "true") and status != "IN_QUEUE"
            else None,
            "metrics": {"inference_time": job.seconds} if status == "COMPLETED" else {},
        }
        if status == "IN_QUEUE":
            body["queue_position"] = 0
        if status == "COMPLETED" and job.fault.name in _ERRORS:
            words, kind = _ERRORS[job.fault.name]
            body |= {"error": job.fault.value or words, "error_type": kind}
        return reply(body, status=200 if status == "COMPLETED" else 202)

    def _cancel(self, job: Job, request: Request) -> Answer:
        if job.cancel():
            return reply({"status": "CANCELLATION_REQUESTED"}, status=202)
        return reply({"status": "ALREADY_COMPLETED"}, status=400)

    def _result(  # noqa: PLR0911  a case for each fault
        self, job: Job, request: Request
    ) -> Answer:
        if job.state in ("waiting", "drawing") or job.fault == "stuck-in-queue":
            return reply({"detail": "Request is still in progress"}, status=400)
        if job.state == "canceled":
            return reply({"detail": "Request was cancelled"}, status=499)
        words = job.fault.value
        match job.fault.name:
            case "refused":
                return invalid_field(
                    "prompt",
                    words
                    or "The content could not be processed because it was flagged by a "
                    "content checker.",
                    "content_policy_violation",
                )
            case "failed":
                error = {
                    "loc": ["body"],
                    "msg": words or _ERRORS["failed"][0],
                    "type": _ERRORS["failed"][1],
                    "input": None,
                }
                headers = {"x-fal-error-type": _ERRORS["failed"][1]}
                return reply({"detail": [error]}, status=500, headers=headers)
            case "detail-text":
                return reply({"detail": words or _ERRORS["detail-text"][0]}, status=500)
            case "invalid-input":
                return invalid_field("image_size", "Input should be a valid size", "value_error")
            case "runner-gone":
                detail, kind = _ERRORS["runner-gone"]
                headers = {"X-Fal-Retryable": "true", "x-fal-error-type": kind}
                return reply({"detail": detail}, status=503, headers=headers)
            case "text-only":
                return reply({"text": words or "I would rather write about it."})
        return reply(self._images(job, request))

    def _images(self, job: Job, request: Request) -> dict[str, Any]:
        root = request.root
        if job.fault == "other-host":
            root = root.replace("127.0.0.1", "localhost")
        pictures = job.pictures
        if job.fault == "nsfw":
            size = pixels_of(job.input, job.input["_model"])
            pictures = (draw(*size, prompt=job.input["prompt"], kind="jpeg", black=True),)
        images: list[dict[str, Any]] = []
        for number, picture in enumerate(pictures):
            path = f"/files/{job.id}/{number}.{picture.mime.partition('/')[2]}"
            if job.fault != "expired":
                self._files[path] = picture
            inline = job.fault == "data-url" or job.input.get("sync_mode")
            images.append(
                {
                    "url": Inline(picture, before=f"data:{picture.mime};base64,")
                    if inline
                    else root + path,
                    "width": picture.width,
                    "height": picture.height,
                    "content_type": picture.mime,
                }
            )
        if job.fault == "file-url":
            images = [{"url": "file:///etc/passwd", "content_type": "image/png"}]
        body: dict[str, Any] = {
            "images": images,
            "timings": {"inference": job.seconds},
            "seed": int(job.input.get("seed") or 1234567),
            "has_nsfw_concepts": [job.fault == "nsfw"] * len(images),
            "prompt": job.input["prompt"],
        }
        if is_nano_banana(job.input["_model"]):
            body = {"images": images, "description": ""}
        if job.fault == "null-images":
            body = {"seed": 1234567}
        if job.fault == "unknown-fields":
            body["carbon"] = {"grams": 0.1}
        return body


def _owner_and_app(model: str) -> str:
    """A model's address without its subpath, as fal writes it into the URLs it returns."""
    return "/".join(model.split("/")[:2])
