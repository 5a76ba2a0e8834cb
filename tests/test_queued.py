"""Jobs of replicate and fal from end to end, against the local servers of tests/fakes."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from dataclasses import replace as with_changes

import pytest
from fakes import Fake, serve
from hosted import draw, pauses_pass, reference, request_of
from patience import LONG, PATIENT, Limit, until

from imagine.stages.errors import (
    ImagineError,
    LostAnswerError,
    StoppedError,
    UnusableAnswerError,
)
from imagine.stages.generate import BACKENDS
from imagine.stages.generate import job as job_module
from imagine.stages.generate import queued as queued_module
from imagine.stages.generate.job import JobFailedError
from imagine.stages.generate.queued import QueuedBackend
from imagine.stages.image import ImageRequest
from imagine.stages.network.gate import Gate
from imagine.stages.network.providers import PROVIDERS, Secret, connect


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagine.stages.network.retry.FIRST_CEILING", 0.001)
    monkeypatch.setattr(job_module, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(queued_module, "CANCEL_TIMEOUT", PATIENT)


def backend_at(fake: Fake, name: str, told: list[str], *, model: str = "") -> QueuedBackend:
    connection = connect(
        name,
        base_url=fake.url,
        key=Secret(fake.key or ""),
        timeout=LONG,
        tell=told.append,
        log=told.append,
    )
    model = model or PROVIDERS[name].image_model
    backend = BACKENDS.create(name, connection=connection, model=model)
    assert isinstance(backend, QueuedBackend)
    return backend


@dataclass(frozen=True)
class Ending:
    """What becomes of a job when `faults` befall its requests.

    Attributes:
        error: exactly this class; None where the picture arrives.
        message: the error's, whole, as a pattern.
        paid: pictures that were drawn.
        poll_timeout: seconds that a poll may take.
    """

    faults: tuple[str, ...]
    error: type[ImagineError] | None = None
    message: str = ""
    paid: int = 1
    poll_timeout: float = PATIENT


HOLDS = r"(Replicate|fal) holds the job [\w-]+, which may be billed, but "
LOOK = r"; look for its picture at https://(replicate\.com/p|fal\.ai/dashboard/requests)/[\w-]+\."
GONE = (
    r"(Replicate|fal) made the picture, which may be billed, but it cannot be fetched.+ Its job is "
    r"[\w-]+: look for the picture at https://.+/[\w-]+\."
)
ENDINGS = {
    "a poll is lost": Ending(("poll/503", "poll/reset", "poll/html", "poll/truncated-json")),
    "a poll hangs": Ending(("poll/hang",), poll_timeout=0.5),
    "the download is lost": Ending(("download/reset", "download/cut")),
    "no poll is answered": Ending(
        ("poll/503*",), LostAnswerError, rf"{HOLDS}it was lost sight of \(.+\){LOOK}"
    ),
    "no poll can be read": Ending(
        ("poll/html*",), LostAnswerError, rf"{HOLDS}its state cannot be read \(.+\){LOOK}"
    ),
    "the file is never whole": Ending(("download/cut*",), LostAnswerError, GONE),
    "never done": Ending(
        ("never-done",), LostAnswerError, rf"{HOLDS}it has said “drawing” for 60 s{LOOK}", 0
    ),
    "a state that nobody knows": Ending(
        ("unknown-enum",),
        LostAnswerError,
        rf"{HOLDS}it has said “waiting.+” for 60 s{LOOK}",
        0,
    ),
    "polls elsewhere": Ending(("poll-elsewhere",)),
    "no addresses": Ending(("no-urls",)),
    "fields that nobody knows": Ending(("unknown-fields",)),
}
FAULTS_OF_EACH = {
    "replicate": {
        "one address": Ending(("output-string",)),
        "an address that is the picture": Ending(("output-data",)),
        "a file elsewhere": Ending(("output-other-host",)),
        "a file of this machine": Ending(
            ("output-file-url",),
            UnusableAnswerError,
            "Replicate points to 'file:///etc/passwd', .+; check replicate_base_url\\.",
            0,
        ),
        "expired": Ending(("output-expired",), LostAnswerError, GONE),
        "failed": Ending(
            ("failed=CUDA out of memory",),
            JobFailedError,
            r"The job \w+ failed at Replicate: “CUDA out of memory”; try again, or choose another "
            r"model \(--model\)\.",
            0,
        ),
    },
    "fal": {
        "an address that is the picture": Ending(("data-url",)),
        "a file elsewhere": Ending(("other-host",)),
        "a file of this machine": Ending(
            ("file-url",),
            UnusableAnswerError,
            "fal points to 'file:///etc/passwd', .+; check fal_base_url\\.",
            0,
        ),
        "expired": Ending(("expired",), LostAnswerError, GONE),
        "failed": Ending(
            ("failed=It broke",),
            JobFailedError,
            r"The job [\w-]+ failed at fal \(“body: It broke”\); check the options for this model, "
            r"try again, or choose another model \(--model\)\.",
            0,
        ),
        "rejected": Ending(
            ("invalid-input",),
            JobFailedError,
            r"The job [\w-]+ failed at fal \(“body\.image_size: Input should be a valid size”\); "
            r"check the options for this model, try again, or choose another model \(--model\)\.",
            0,
        ),
        "no runner": Ending(
            ("runner-gone",), LostAnswerError, rf"{HOLDS}it was lost sight of \(.+\){LOOK}", 0
        ),
    },
}
MATRIX = [
    pytest.param(name, ending, id=f"{name}-{title}")
    for name, own in FAULTS_OF_EACH.items()
    for title, ending in {**ENDINGS, **own}.items()
]


@pytest.mark.parametrize(("name", "ending"), MATRIX)
def test_a_job_is_paid_once_and_brought_home_or_named(
    name: str, ending: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued_module, "POLL_TIMEOUT", ending.poll_timeout)
    told: list[str] = []
    with serve(name, faults=ending.faults, latency=LONG / 10) as fake:
        pauses_pass(monkeypatch, fake)
        backend = backend_at(fake, name, told)
        try:
            made, error = draw(backend), None
        except ImagineError as caught:
            made, error = None, caught
        finally:
            backend.close()
    assert fake.crashes == []
    assert fake.paid == ending.paid
    assert len(fake.log.of("image")) == 1
    if ending.error is None:
        assert error is None
        assert made is not None
        assert made.received is not None
        assert made.received.data == fake.pictures[0].bytes
    else:
        assert type(error) is ending.error
        assert re.fullmatch(ending.message, str(error)), str(error)
    assert fake.key is not None
    assert not any(fake.key in text for text in [*told, str(error)])


@pytest.mark.parametrize("name", ["replicate", "fal"])
def test_ctrl_c_leaves_no_paid_job_behind(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def interrupt(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(job_module, "sleep", interrupt)
    told: list[str] = []
    with (
        serve(name, latency=60.0) as fake,
        closing(backend_at(fake, name, told)) as backend,
        pytest.raises(KeyboardInterrupt),
    ):
        draw(backend)
    assert [entry.step for entry in fake.entries] == ["image", "poll", "cancel"]
    assert fake.paid == 0
    assert re.fullmatch(r"(Replicate|fal) was asked to stop the job [\w-]+\.", told[-1])


@pytest.mark.parametrize("name", ["replicate", "fal"])
def test_a_caller_that_turns_away_leaves_no_paid_job_behind(name: str) -> None:
    with serve(name, latency=60.0) as fake, closing(backend_at(fake, name, [])) as backend:
        steps: Iterator[object] = backend.generate(request_of())
        next(steps)
        next(steps)
        steps.close()  # type: ignore[attr-defined]
    assert [entry.step for entry in fake.entries] == ["image", "cancel"]
    assert fake.paid == 0


def gated(backend: QueuedBackend) -> Gate:
    """The gate that a batch's requests go through, put before a backend."""
    gate = Gate(most=8)
    backend.connection = with_changes(backend.connection, gate=gate)
    return gate


@pytest.mark.parametrize("name", ["replicate", "fal"])
def test_an_abandoned_batch_leaves_no_paid_job_behind(name: str) -> None:
    with (
        serve(name, latency=60.0) as fake,
        closing(backend_at(fake, name, [])) as backend,
        ThreadPoolExecutor(3) as threads,
    ):
        gate = gated(backend)
        calls = [threads.submit(draw, backend) for _ in range(3)]
        until(lambda: len(backend._jobs) == 3)
        gate.close()
        told = backend.cancel_all()
        errors = [call.exception(timeout=PATIENT) for call in calls]
        assert backend.cancel_all() == []
    title = {"replicate": "Replicate", "fal": "fal"}[name]
    jobs = [re.fullmatch(rf"{title} was asked to stop the job ([\w-]+)\.", text) for text in told]
    assert len({job[1] for job in jobs if job}) == 3
    assert [type(error) for error in errors] == [StoppedError] * 3
    assert sorted(map(str, errors)) == sorted(told)
    assert [entry.step for entry in fake.entries].count("cancel") == 3
    assert fake.paid == 0


def test_a_job_that_has_ended_is_not_cancelled() -> None:
    with serve("replicate") as fake, closing(backend_at(fake, "replicate", [])) as backend:
        draw(backend)
        assert backend.cancel_all() == []
    assert "cancel" not in [entry.step for entry in fake.entries]


@pytest.mark.parametrize("fault", ["cancel/503*", "cancel/hang*"])
def test_jobs_that_cannot_be_cancelled_are_named_soon(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queued_module, "CANCEL_TIMEOUT", 0.5)
    monkeypatch.setattr(queued_module, "CANCELLING", 1)
    with (
        serve("replicate", latency=LONG, faults=[fault]) as fake,
        closing(backend_at(fake, "replicate", [])) as backend,
        ThreadPoolExecutor(2) as threads,
    ):
        calls = [threads.submit(draw, backend) for _ in range(2)]
        until(lambda: len(backend._jobs) == 2)
        jobs = list(backend._jobs)
        with Limit():
            told = backend.cancel_all()
        fake.forward(LONG)
        for call in calls:
            call.exception(timeout=PATIENT)
    assert told == [
        f"Replicate could not be asked to stop the job {job}, which may be billed; see "
        f"https://replicate.com/p/{job}."
        for job in jobs
    ]


SDXL = "stability-ai/sdxl:7762fd07cf82c948538e41f63f77d685e02b063e37e496e96eefd46c929f9bdc"


@pytest.mark.parametrize(
    ("name", "model", "asked"),
    [
        (
            "replicate",
            "black-forest-labs/flux-dev",
            request_of(num_inference_steps=28, guidance_scale=3.5, width=1344, height=768),
        ),
        (
            "replicate",
            "black-forest-labs/flux-dev",
            request_of(images=(reference(800, 600),), strength=0.6, width=1152, height=896),
        ),
        (
            "replicate",
            SDXL,
            request_of(negative_prompt="people", guidance_scale=7.5, width=1216, height=832),
        ),
        ("replicate", "stability-ai/stable-diffusion-3.5-large", request_of(guidance_scale=4.5)),
        ("fal", "fal-ai/flux/dev", request_of(guidance_scale=3.5, width=640, height=1536)),
        (
            "fal",
            "fal-ai/flux/dev",
            request_of(
                images=(reference(400, 300),),
                strength=0.6,
                num_inference_steps=40,
                width=1024,
                height=768,
            ),
        ),
        (
            "fal",
            "google/nano-banana-2.1",
            request_of(images=(reference(), reference()), width=1376, height=768),
        ),
    ],
)
def test_every_input_is_one_that_the_provider_knows(
    name: str, model: str, asked: ImageRequest
) -> None:
    with serve(name) as fake, closing(backend_at(fake, name, [], model=model)) as backend:
        made = draw(backend, asked)
    (entry,) = fake.log.of("image")
    assert entry.outcome == "ok"
    assert made.received is not None
    assert made.received.data == fake.pictures[0].bytes
