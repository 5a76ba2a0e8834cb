"""Every hosted backend through every outcome, against the local servers of tests/fakes."""

import re
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Command
from fakes import Fake, serve
from hosted import KEY, connected, draw, request_of
from hypothesis import given
from hypothesis import strategies as st
from patience import LONG, PATIENT, until
from recipes import make_recipe

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    UnusableAnswerError,
)
from imagine.stages.generate import BACKENDS, Backend
from imagine.stages.image import ImageRequest
from imagine.stages.network.providers import PROVIDERS, Connection, Secret, connect
from imagine.stages.save import Destination, save_image


@dataclass(frozen=True)
class Outcome:
    """What a backend does when `faults` befall its requests, in turn.

    Attributes:
        error: exactly this class; None where a picture is made.
        message: the error's, whole, as a pattern; {title} is the provider.
        paid: pictures that the provider drew, received or not.
        asked: requests for a picture.
    """

    faults: tuple[str, ...] = ()
    error: type[ImagineError] | None = None
    message: str = ""
    paid: int = 0
    asked: int = 1


WORDS = "; change the prompt or choose another model \\(--model\\)\\."
LOST = (
    "; the request may be billed all the same, so it was not sent again: look at your usage there "
    "before you repeat it\\."
)

# The usual case; what is otherwise with a provider stands in EXCEPTIONS.
OUTCOMES = {
    "a picture": Outcome(paid=1),
    "no picture, no reason": Outcome(
        ("no-candidates",), RefusedError, f"{{title}} sent no picture and no reason{WORDS}"
    ),
    "prompt blocked": Outcome(
        ("blocked",),
        RefusedError,
        f"{{title}} refused the prompt \\(PROHIBITED_CONTENT: prohibited content\\){WORDS}",
    ),
    "picture refused": Outcome(
        ("refused=I would rather not.",),
        RefusedError,
        "{title} refused to draw this \\(IMAGE_SAFETY: its safety filter for pictures\\): "
        f"“I would rather not\\.”{WORDS}",
    ),
    "words instead": Outcome(
        ("text-only=Which style?",),
        RefusedError,
        f"{{title}} sent words instead of a picture: “Which style\\?”{WORDS}",
    ),
    "empty body": Outcome(
        ("empty",),
        UnusableAnswerError,
        "The answer of 127\\.0\\.0\\.1 is empty; try again, or check that its address is right\\.",
        paid=1,
    ),
    "truncated JSON": Outcome(
        ("truncated-json",),
        UnusableAnswerError,
        "The answer of 127\\.0\\.0\\.1 is damaged or was cut off: it is no whole JSON; try again, "
        "or check that its address is right\\.",
        paid=1,
    ),
    "web page": Outcome(
        ("html",),
        UnusableAnswerError,
        "The answer of 127\\.0\\.0\\.1 is a web page \\('Sign in'\\) instead of JSON; try again, "
        "or check that its address is right\\.",
    ),
    "half a PNG": Outcome(
        ("half-png",),
        UnusableAnswerError,
        "The answer is a damaged PNG of [\\d,]+ bytes: it ends in the middle; nothing was saved, "
        "try again\\.",
        paid=1,
    ),
    "text as a picture": Outcome(
        ("not-a-picture",),
        UnusableAnswerError,
        "The answer is text instead of a picture: 'This is no picture but a sentence about one\\. "
        ".+'; check the base URL and --model\\.",
        paid=1,
    ),
    "another size": Outcome(
        ("wrong-size",),
        UnusableAnswerError,
        "{title} sent a picture of \\d+x\\d+ instead of the \\d+x\\d+ asked for; nothing was "
        "saved, choose another --size or --model\\.",
        paid=1,
    ),
    "another type": Outcome(("wrong-type",), paid=1),
    "bad base64": Outcome(
        ("bad-base64",),
        UnusableAnswerError,
        "{title} sent a picture whose base64 is damaged \\(17 characters\\); nothing was saved, "
        "try again\\.",
        paid=1,
    ),
    "key rejected": Outcome(
        ("invalid-key",),
        ConfigError,
        "{title} rejected the key \\(.+\\); set {variable} to a valid one \\({page}\\)\\.",
    ),
    "key repeated": Outcome(
        ("echo-key",),
        ConfigError,
        "{title} rejected the key \\(.*\\[key\\].*\\); set {variable} to a valid one "
        "\\({page}\\)\\.",
    ),
    "forbidden": Outcome(
        ("forbidden",),
        ConfigError,
        "{title} does not allow this \\(403.*\\): .+; check that the key's account may use the "
        "model, and from your country\\.",
    ),
    "model retired": Outcome(
        ("retired",),
        ConfigError,
        "{title} has no model '{model}': it may be retired; this key can use .+ \\(--model\\)\\.",
    ),
    "busy, then a picture": Outcome(("429=0.01", "429=0.01"), paid=1, asked=3),
    "quota of the day": Outcome(
        ("429-day",),
        ProviderError,
        "{title}'s quota for this key is used up \\(.+\\); wait until it is renewed, raise it "
        "there, or use another provider\\.",
    ),
    "no credit": Outcome(
        ("no-credit",),
        ProviderError,
        "{title} has no credit left for this key \\(.+\\); add some there, or use another "
        "provider\\.",
    ),
    "failure, then a picture": Outcome(("500", "502"), paid=1, asked=3),
    "failure for ever": Outcome(
        ("500*",),
        ProviderError,
        "{title} failed \\(500.*\\) \\(after 5 tries\\): .+; try again later, or use another "
        "model or provider\\.",
        asked=5,
    ),
    "reset in the middle": Outcome(
        ("reset",),
        LostAnswerError,
        f"{{title}} closed the connection before its answer was whole{LOST}",
        paid=1,
    ),
    "cut in the middle": Outcome(
        ("cut",),
        LostAnswerError,
        f"{{title}} closed the connection before its answer was whole{LOST}",
        paid=1,
    ),
    "no answer ever": Outcome(
        ("hang",), LostAnswerError, f"{{title}} sent nothing for 0\\.2 s{LOST}", paid=1
    ),
    "oversized": Outcome(
        ("huge=140",),
        UnusableAnswerError,
        "The answer of {title} is larger than 128 MB, more than any good answer has; "
        "try again, or use another model\\.",
        paid=1,
    ),
}


def other(outcome: str, fault: str = "", **changes: Any) -> Outcome:
    """The usual outcome with another fault, or other `changes`."""
    faults = (fault,) if fault else OUTCOMES[outcome].faults
    return replace(OUTCOMES[outcome], faults=faults, **changes)


MODERATED = other(
    "prompt blocked", "moderation", message='{title} refused the prompt \\(".+"\\); reword it\\.'
)
LOGIN_REJECTED = (
    "{title} rejected the key \\(401\\): .+; set sdapi_api_key to the USER:PASSWORD that its "
    "--api-auth names\\."
)
AT_WORK = (
    "; the server may be at work on it all the same, so it was not sent again: look what it does "
    "before you repeat it\\."
)
CUT_AT_WORK = f"{{title}} closed the connection before its answer was whole{AT_WORK}"
FILTERED_AWAY = f"{{title}} filtered the picture away{WORDS}"
NOT_SERVED = "{title} does not serve {model} \\(“.+”\\); choose another model \\(--model\\)"


@dataclass(frozen=True)
class Subject:
    """A backend and the fake server it is tried against.

    Attributes:
        exceptions: outcomes that are otherwise here; None for what cannot happen.
        served: how the fake is to be served, beside its faults.
    """

    backend: str
    service: str
    arguments: dict[str, str] = field(default_factory=dict)
    exceptions: dict[str, Outcome | None] = field(default_factory=dict)
    served: dict[str, Any] = field(default_factory=dict)

    @property
    def variable(self) -> str:
        """Where its key stands in the environment."""
        variables = PROVIDERS[self.backend].key_variables
        return (*variables, f"IMAGINE_{self.backend.upper()}_API_KEY")[0]


SUBJECTS = {
    "gemini": Subject("gemini", "gemini", exceptions={"no credit": None}),
    "imagen": Subject(
        "imagen",
        "imagen",
        exceptions={
            "prompt blocked": None,
            "picture refused": other(
                "picture refused",
                "refused=I would rather not.",
                message=f"{{title}} filtered the picture away: “I would rather not\\.”{WORDS}",
            ),
            "no picture, no reason": other(
                "no picture, no reason", "no-predictions", message=FILTERED_AWAY
            ),
            "words instead": None,
            "no credit": None,
            "model retired": other(
                "model retired",
                message="The server at imagen_base_url has no '{model}'; check the address, or "
                "name a model that it serves \\(--model\\)\\.",
            ),
        },
    ),
    "openai": Subject(
        "openai",
        "openai",
        {"dialect": "openai"},
        {
            "prompt blocked": MODERATED,
            "picture refused": None,
            "quota of the day": None,
            "no picture, no reason": other("no picture, no reason", "empty-data"),
            "model retired": other(
                "model retired",
                message="{title} has no model '{model}' for this key: it may be retired, or need "
                "a verified organization; choose another with --model\\.",
            ),
        },
    ),
    "stability": Subject(
        "stability",
        "stability",
        exceptions={
            "prompt blocked": MODERATED,
            "picture refused": other(
                "picture refused",
                "refused",
                message=f"{{title}} withheld the picture \\(“CONTENT_FILTERED”\\){WORDS}",
            ),
            "no picture, no reason": Outcome(
                ("no-picture",),
                UnusableAnswerError,
                "{title} sent nothing where the picture should be; try again, or choose another "
                "model \\(--model\\)\\.",
            ),
            "words instead": None,
            "quota of the day": None,
            "model retired": other(
                "model retired", message=f"{NOT_SERVED}, or check stability_base_url\\."
            ),
        },
    ),
    "huggingface": Subject(
        "huggingface",
        "huggingface",
        exceptions={
            "prompt blocked": other(
                "prompt blocked",
                "moderation",
                message="{title} refused the prompt: “NSFW content detected\\. Try another "
                f"prompt”{WORDS}",
            ),
            "picture refused": None,
            "no picture, no reason": None,
            "words instead": other(
                "words instead",
                "text-only",
                message="{title} sent words instead of a picture: “I draw no pictures\\.”"
                f"{WORDS}",
            ),
            # The picture is the answer, not a part of it.
            "empty body": other(
                "empty body",
                message="The answer is empty instead of a picture; nothing was saved, try again\\.",
            ),
            "truncated JSON": other("half a PNG", "truncated-json"),
            "web page": other(
                "web page",
                message="The answer is a web page instead of a picture: 'Sign in Welcome to the "
                "hotel'; check the base URL and --model\\.",
            ),
            "bad base64": None,
            "quota of the day": None,
            "model retired": other("model retired", message=f"{NOT_SERVED}\\."),
        },
    ),
    "replicate": Subject(
        "replicate",
        "replicate",
        exceptions={
            "prompt blocked": None,
            "picture refused": other(
                "picture refused",
                "refused",
                message="{title} refused the picture: “NSFW content detected\\. Try running it "
                f"again, or try a different prompt\\. \\(E005\\)”{WORDS}",
            ),
            "no picture, no reason": other("no picture, no reason", "output-empty"),
            "words instead": None,
            "bad base64": None,
            "quota of the day": None,
            "model retired": other(
                "model retired",
                message="Replicate has no model {model} that runs by its name alone; check the "
                "name, or name a version of it \\({model}:VERSION\\)\\.",
            ),
        },
    ),
    "fal": Subject(
        "fal",
        "fal",
        exceptions={
            "prompt blocked": other(
                "prompt blocked",
                "refused",
                message='{title} refused the prompt \\(".+"\\); reword it\\.',
            ),
            "picture refused": other(
                "picture refused",
                "nsfw",
                message="{title} withheld the picture: its filter found nudity or violence in it"
                f"{WORDS}",
            ),
            "no picture, no reason": other("no picture, no reason", "no-images"),
            "bad base64": None,
            "quota of the day": None,
            "model retired": other(
                "model retired",
                message="{title} has no model {model} \\(“.+”\\); check its name \\(--model\\)\\.",
            ),
        },
    ),
    "sdapi": Subject(
        "sdapi",
        "sdapi",
        exceptions={
            "prompt blocked": None,
            "picture refused": other(
                "picture refused",
                "nsfw",
                message=f"{{title}} blanked the picture \\(its filter found nudity\\){WORDS}",
                paid=1,
            ),
            "no picture, no reason": other("no picture, no reason", "none", paid=1),
            "words instead": None,
            "key rejected": other("key rejected", message=LOGIN_REJECTED),
            "key repeated": other("key repeated", message=LOGIN_REJECTED),
            "forbidden": other("forbidden", "403"),
            "model retired": other(
                "model retired",
                "404",
                message="{title} at http://127\\.0\\.0\\.1:\\d+ has no interface for programs "
                "\\(404\\): Not Found; start it with --api, or set IMAGINE_SDAPI_BASE_URL\\.",
            ),
            "quota of the day": None,
            "no credit": None,
            "failure, then a picture": Outcome(("502", "503"), paid=1, asked=3),
            # Its code broke, and would again.
            "failure for ever": other(
                "failure for ever",
                message="{title} failed \\(RuntimeError: The size of tensor a must match\\); look "
                "at what it printed\\.",
                asked=1,
            ),
            "reset in the middle": other("reset in the middle", message=CUT_AT_WORK),
            "cut in the middle": other("cut in the middle", message=CUT_AT_WORK),
            "no answer ever": other(
                "no answer ever", message=f"{{title}} sent nothing for 0\\.2 s{AT_WORK}"
            ),
        },
        served={"key": "fox:a-long-password"},
    ),
    "comfyui": Subject(
        "comfyui",
        "comfyui",
        exceptions={
            "prompt blocked": None,
            "picture refused": None,
            "no picture, no reason": other("no picture, no reason", "no-images"),
            "words instead": other("words instead", "text-only=Which style?"),
            # The job is found in the queue by the name that was given to it.
            "empty body": Outcome(("empty",), paid=1),
            "truncated JSON": Outcome(("truncated-json",), paid=1),
            "reset in the middle": Outcome(("reset",), paid=1),
            "cut in the middle": Outcome(("cut",), paid=1),
            "no answer ever": Outcome(("hang",), paid=1),
            "oversized": Outcome(("huge=140",), paid=1),
            # Nothing was accepted, so that it is sent again.
            "web page": Outcome(("html",), paid=1, asked=2),
            "bad base64": None,
            "key rejected": other(
                "key rejected",
                message="{title} rejected the key \\(.+\\); set comfyui_api_key to a valid one\\.",
            ),
            "key repeated": other(
                "key repeated",
                message="{title} rejected the key \\(.*\\[key\\].*\\); set comfyui_api_key to a "
                "valid one\\.",
            ),
            "forbidden": other("forbidden", "403"),
            "model retired": other(
                "model retired",
                "404",
                message="{title} is not what answers at http://127\\.0\\.0\\.1:\\d+ \\(404\\); "
                "start it, or set IMAGINE_COMFYUI_BASE_URL\\.",
            ),
            "quota of the day": None,
            "no credit": None,
            "failure, then a picture": Outcome(("503", "502"), paid=1, asked=3),
            # Its code broke, and would again.
            "failure for ever": other(
                "failure for ever",
                message="{title} failed \\(500\\); look at what it printed\\.",
                asked=1,
            ),
        },
        # As a proxy before it asks for one.
        served={"key": "test-key-comfyui"},
    ),
}
MATRIX = [
    pytest.param(subject, outcome, id=f"{name}-{title}")
    for name, subject in SUBJECTS.items()
    for title, usual in OUTCOMES.items()
    if (outcome := subject.exceptions.get(title, usual)) is not None
]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch, only_silence_counts: None) -> None:
    monkeypatch.setattr("imagine.stages.network.retry.FIRST_CEILING", 0.001)
    monkeypatch.setattr("imagine.stages.generate.job.FIRST_PAUSE", 0.01)


def timeout_for(outcome: Outcome) -> float:
    return 0.2 if "hang" in outcome.faults else PATIENT


def connection_to(
    fake: Fake, subject: Subject, logged: list[str], *, timeout: float = PATIENT
) -> Connection:
    return connect(
        subject.backend,
        base_url=fake.url,
        key=Secret(fake.key or "test-key"),
        timeout=timeout,
        log=logged.append,
        tell=logged.append,
    )


def backend_of(subject: Subject, connection: Connection) -> Backend:
    model = PROVIDERS[subject.backend].image_model
    return BACKENDS.create(subject.backend, connection=connection, model=model, **subject.arguments)


def request_for(backend: Backend, prompt: str = "a red fox") -> ImageRequest:
    width, height = backend.capabilities.sizes.for_ratio(backend.name, (1, 1), exact=False)
    return request_of(prompt, width=width, height=height)


@pytest.mark.parametrize(("subject", "outcome"), MATRIX)
def test_outcome(subject: Subject, outcome: Outcome) -> None:
    logged: list[str] = []
    with serve(subject.service, faults=outcome.faults, **subject.served) as fake:
        connection = connection_to(fake, subject, logged, timeout=timeout_for(outcome))
        backend = backend_of(subject, connection)
        try:
            made, error = draw(backend, request_for(backend)), None
        except ImagineError as caught:
            made, error = None, caught
        finally:
            backend.close()  # type: ignore[attr-defined]
        # It may still be about to hear what is no longer waited for.
        until(lambda: fake.paid >= outcome.paid)
    assert fake.crashes == []
    assert fake.paid == outcome.paid
    assert len(fake.log.of("image")) == outcome.asked
    assert all(entry.key_is_right and not entry.leaks for entry in fake.entries)
    if outcome.error is None:
        assert error is None
        assert made is not None
        assert made.received is not None
        assert made.received.data == fake.pictures[-1].bytes
    else:
        assert type(error) is outcome.error
        provider = backend.connection.provider  # type: ignore[attr-defined]
        pattern = outcome.message.format(
            title=re.escape(provider.title),
            model=re.escape(backend.model),
            variable=subject.variable,
            page=re.escape(provider.key_page),
        )
        assert re.fullmatch(pattern, str(error)), str(error)
    assert fake.key is None or not any(fake.key in text for text in [*logged, str(error)])


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_a_server_that_is_not_there(subject: Subject) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        connection = connect(subject.backend, base_url=address, key=Secret("test-key"))
        backend = backend_of(subject, connection)
        with pytest.raises(ProviderError) as caught:
            draw(backend, request_for(backend))
        backend.close()  # type: ignore[attr-defined]
    assert type(caught.value) is ProviderError
    provider = PROVIDERS[subject.backend]
    assert str(caught.value) == (
        f"{provider.title} is not running at {address.removeprefix('http://')}: nothing listens "
        f"there; {provider.start}, or set IMAGINE_{provider.name.upper()}_BASE_URL."
    )


@pytest.mark.parametrize(("subject", "outcome"), MATRIX)
def test_the_command_line_ends_with_the_code_of_its_outcome(
    subject: Subject, outcome: Outcome, imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(subject.service, faults=outcome.faults, **subject.served) as fake:
        monkeypatch.setenv(subject.variable, fake.key or "test-key")
        monkeypatch.setenv(f"IMAGINE_{subject.backend.upper()}_BASE_URL", fake.url)
        monkeypatch.setenv("IMAGINE_TIMEOUT", str(timeout_for(outcome)))
        for name, value in subject.arguments.items():
            monkeypatch.setenv(f"IMAGINE_{subject.backend.upper()}_{name.upper()}", value)
        done = imagine("a red fox", "--backend", subject.backend, "--no-enhance", "-vv")
        until(lambda: fake.paid >= outcome.paid)
    files = sorted(path.name for path in Path.cwd().iterdir())
    assert fake.paid == outcome.paid
    if outcome.error is None:
        assert done.code == 0, done.err
        assert files[: len(done.lines)] == done.lines
        assert Path(done.lines[0]).read_bytes()[:4] == b"\x89PNG"
    else:
        assert (done.code, done.out, files) == (outcome.error.exit_code, "", []), done.err
        assert done.err.splitlines()[-1].startswith("Error: ")
    told = [done.out, done.err]
    told += [path.read_text("latin-1") for path in Path.cwd().parent.rglob("*") if path.is_file()]
    assert fake.key is None or not any(fake.key in text for text in told)


# What befalls a thousand requests; the waits of a 429 are shortened.
RATES = {
    "429=0.001": 0.05,
    "500": 0.025,
    "503": 0.025,
    "reset": 0.02,
    "truncated-json": 0.01,
    "refused": 0.01,
}
ENDINGS: dict[str, type[ImagineError] | None] = {
    "ok": None,
    "reset": LostAnswerError,
    "truncated-json": UnusableAnswerError,
    "refused": RefusedError,
}


def test_of_a_thousand_pictures_each_is_saved_or_fails_as_told_and_none_is_paid_twice(
    tmp_path: Path,
) -> None:
    prompts = [f"fox number {number}" for number in range(1000)]

    def make(prompt: str) -> type[ImagineError] | Path:
        """The file of one picture, or the kind of error it ended with."""
        try:
            image = draw(backend, request_for(backend, prompt))
        except ImagineError as error:
            return type(error)
        name = f"{prompt}.png"
        recipe = make_recipe(prompt, width=1024, height=1024)
        return save_image(image, recipe, destination=Destination(tmp_path, name, None)).path

    with serve("gemini", faults=RATES, seed=5) as fake:
        subject = SUBJECTS["gemini"]
        connection = connection_to(fake, subject, [], timeout=LONG)
        backend = backend_of(subject, connection)
        with ThreadPoolExecutor(16) as pool:
            made = dict(zip(prompts, pool.map(make, prompts), strict=True))
        backend.close()  # type: ignore[attr-defined]

    assert fake.crashes == []
    outcomes: dict[str, list[str]] = {prompt: [] for prompt in prompts}
    drawn: dict[str, bytes] = {}
    for entry in fake.log.of("image"):
        prompt = entry.prompt.removeprefix("Generate an image: ")
        outcomes[prompt].append(entry.outcome)
        if entry.pictures:
            assert prompt not in drawn, "paid twice"
            drawn[prompt] = entry.pictures[0].bytes
    for prompt, (*before, last) in outcomes.items():
        assert set(before) <= {"429", "500", "503"}
        result = made[prompt]
        if isinstance(result, Path):
            assert last == "ok"
            assert result.read_bytes() == drawn[prompt]
        else:
            assert result is ENDINGS[last]
    # Nothing else lies there: no half file, and a sidecar for every signed picture.
    saved = {result for result in made.values() if isinstance(result, Path)}
    assert {path for path in tmp_path.iterdir() if path.suffix == ".png"} == saved
    assert len(list(tmp_path.iterdir())) == 2 * len(saved)
    ends = Counter(last for *_, last in outcomes.values())
    assert set(ends) == set(ENDINGS)
    assert 920 < ends["ok"] < 990
    assert sum(len(told) for told in outcomes.values()) > 1080


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_a_server_of_ones_own_is_asked_without_a_key(subject: Subject) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, text="Hello!")

    connection = connected(subject.backend, answer, base_url="http://127.0.0.1:8080", key=None)
    backend = backend_of(subject, connection)
    with pytest.raises(UnusableAnswerError):
        draw(backend, request_for(backend))
    (request,) = sent
    assert not {"authorization", "x-goog-api-key"} & set(request.headers)


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
@pytest.mark.parametrize(
    "body",
    [
        f"Your key is {KEY}.",
        f"Your key is {KEY.upper()}.",
        f"<html><title>{KEY} is signed in</title></html>",
        f'{{"error": "{KEY} is bad"}}',
        f'{{"id": "{KEY}", "request_id": "{KEY}", "status": "failed", "error": "{KEY}"}}',
        f'{{"finish_reason": "{KEY}", "candidates": [{{"finishReason": "{KEY}"}}]}}',
        f'{{"predictions": [{{"raiFilteredReason": "{KEY}"}}], "data": [{{"url": "{KEY}"}}]}}',
    ],
)
def test_a_key_in_a_good_answer_is_never_shown(subject: Subject, body: str) -> None:
    backend = backend_of(
        subject, connected(subject.backend, lambda request: httpx.Response(200, text=body))
    )
    with pytest.raises(ImagineError) as caught:
        draw(backend, request_for(backend))
    assert KEY not in str(caught.value).lower()


# Names and values of the three protocols, so that what is made up comes near to real answers.
NAMES = st.sampled_from(
    [
        "candidates",
        "content",
        "parts",
        "text",
        "thought",
        "inlineData",
        "data",
        "finishReason",
        "promptFeedback",
        "blockReason",
        "usageMetadata",
        "candidatesTokensDetails",
        "modality",
        "tokenCount",
        "modelVersion",
        "predictions",
        "bytesBase64Encoded",
        "raiFilteredReason",
        "b64_json",
        "url",
        "revised_prompt",
        "usage",
        "output_tokens",
        "output_tokens_details",
        "text_tokens",
        "error",
        "message",
        "detail",
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "IMAGE", "SAFETY", "STOP", "AAAA", "data:,", "file:///etc/passwd", "\x1b["]
    ),
)
ANSWERS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=25,
)


@pytest.mark.parametrize("name", ["gemini", "imagen", "openai"])
@given(answer=ANSWERS)
def test_whatever_json_comes_it_is_told_and_never_crashes(name: str, answer: Any) -> None:
    subject = SUBJECTS[name]
    connection = connected(name, lambda request: httpx.Response(200, json=answer))
    backend = backend_of(subject, connection)
    with pytest.raises(ImagineError) as caught:
        draw(backend, request_for(backend))
    assert str(caught.value).isprintable()
