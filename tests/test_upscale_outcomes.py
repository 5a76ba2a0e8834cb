"""Every upscaler behind HTTP through every outcome, against the local servers of tests/fakes."""

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fakes import Fake, serve
from hosted_upscale import away, enlarged
from patience import PATIENT, until

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    UnusableAnswerError,
)
from imagine.stages.network.providers import Secret, connect
from imagine.stages.upscale import UPSCALERS

CHOOSE = "choose another upscaler \\(--upscaler\\)\\."
BILLED = (
    "; the request may be billed all the same, so it was not sent again: look at your usage there "
    "before you repeat it\\."
)


@dataclass(frozen=True)
class Outcome:
    """What an upscaler does when `faults` befall its requests, in turn.

    Attributes:
        error: exactly this class; None where a picture is made.
        message: the error's, whole, as a pattern; {title} is the provider, {key} names its key.
        asked: requests for a picture.
        paid: pictures that were made, received or not.
    """

    faults: tuple[str, ...]
    error: type[ImagineError] | None = None
    message: str = ""
    asked: int = 1
    paid: int = 1


OUTCOMES = {
    "a picture": Outcome(()),
    "gzip": Outcome(("gzip",)),
    "slowly": Outcome(("slow=0.005",)),
    "another type": Outcome(("wrong-type",)),
    "empty body": Outcome(
        ("empty",),
        UnusableAnswerError,
        "The answer of 127\\.0\\.0\\.1 is empty; try again, or check that its address is right\\.",
    ),
    "truncated JSON": Outcome(
        ("truncated-json",),
        UnusableAnswerError,
        "The answer of 127\\.0\\.0\\.1 is damaged or was cut off: it is no whole JSON; try again, "
        "or check that its address is right\\.",
    ),
    "web page": Outcome(
        ("html",),
        UnusableAnswerError,
        "The answer of 127\\.0\\.0\\.1 is a web page \\('Sign in'\\) instead of JSON; try again, "
        "or check that its address is right\\.",
        paid=0,
    ),
    "half a PNG": Outcome(
        ("half-png",),
        UnusableAnswerError,
        "The answer is a damaged PNG of [\\d,]+ bytes: it ends in the middle; nothing was saved, "
        "try again\\.",
    ),
    "bomb": Outcome(
        ("bomb-png",),
        UnusableAnswerError,
        "The answer is a damaged PNG of [\\d,]+ bytes: the checksum of its IHDR chunk does not "
        "match; nothing was saved, try again\\.",
    ),
    "text as a picture": Outcome(
        ("not-a-picture",),
        UnusableAnswerError,
        "The answer is text instead of a picture: 'This is no picture but a sentence about one\\. "
        ".+'; check the base URL and --upscaler\\.",
    ),
    "smaller": Outcome(
        ("wrong-size",),
        UnusableAnswerError,
        "{title} sent a picture of 48x32 for one of 96x64, which is not enlarged; nothing was "
        f"saved, {CHOOSE}",
    ),
    "bad base64": Outcome(
        ("bad-base64",),
        UnusableAnswerError,
        "{title} sent a picture whose base64 is damaged \\(17 characters\\); nothing was saved, "
        "try again\\.",
    ),
    "key rejected": Outcome(
        ("invalid-key",),
        ConfigError,
        "{title} rejected the key \\(.+\\)[;:] .*{key}.*\\.",
        paid=0,
    ),
    "key repeated": Outcome(
        ("echo-key",),
        ConfigError,
        "{title} rejected the key .*\\[key\\].*{key}.*\\.",
        paid=0,
    ),
    "forbidden": Outcome(
        ("forbidden",),
        ConfigError,
        "{title} does not allow this \\(403.*\\): .+; check that the key's account may use the "
        "model, and from your country\\.",
        paid=0,
    ),
    "no credit": Outcome(
        ("no-credit",),
        ProviderError,
        "{title} has no credit left for this key \\(.+\\); add some there, or use another "
        "provider\\.",
        paid=0,
    ),
    "too large": Outcome(
        ("413",),
        ProviderError,
        f"The picture is too large for {{title}} \\(413\\): .+; enlarge a smaller one, or {CHOOSE}",
        paid=0,
    ),
    "rejected": Outcome(
        ("422",),
        ProviderError,
        "{title} rejected the request \\(422.+\\): .+; check the model and the options that you "
        "gave\\.",
        paid=0,
    ),
    "busy, then a picture": Outcome(("429=0.01", "429=0.01"), asked=3),
    "failure, then a picture": Outcome(("502", "503"), asked=3),
    "proxy's page, then a picture": Outcome(("html-502",), asked=2),
    "failure for ever": Outcome(
        ("503*",),
        ProviderError,
        "{title} failed \\(503.*\\) \\(after 5 tries\\): .+; try again later, or use another "
        "model or provider\\.",
        asked=5,
        paid=0,
    ),
    "to another host": Outcome(
        ("redirect=http://example.org/x",),
        ConfigError,
        "127\\.0\\.0\\.1:\\d+ sends on to 'example\\.org' \\(302\\), where the key is not sent; "
        "set {name}_base_url to the address that is meant\\.",
        paid=0,
    ),
    "reset in the middle": Outcome(
        ("reset",),
        LostAnswerError,
        f"{{title}} closed the connection before its answer was whole{BILLED}",
    ),
    "cut in the middle": Outcome(
        ("cut",),
        LostAnswerError,
        f"{{title}} closed the connection before its answer was whole{BILLED}",
    ),
    "no answer ever": Outcome(
        ("hang",), LostAnswerError, f"{{title}} sent nothing for 0\\.3 s{BILLED}"
    ),
    "gateway gave up": Outcome(
        ("504",), LostAnswerError, f"{{title}} failed \\(504.*\\): .+{BILLED}", paid=0
    ),
    "oversized": Outcome(
        ("huge-declared",),
        UnusableAnswerError,
        "The answer of {title} is larger than 128 MB, more than any good answer has; try "
        "again, or use another model\\.",
    ),
}
# What costs nothing is asked for again, whatever became of it.
FREE = {
    name: replace(OUTCOMES[name], error=None, asked=2, paid=paid)
    for name, paid in (
        ("reset in the middle", 2),
        ("cut in the middle", 2),
        ("no answer ever", 2),
        ("gateway gave up", 1),
    )
}
WITHHELD = f"{{title}} withheld the picture \\(“CONTENT_FILTERED”\\); {CHOOSE}"
# What is otherwise with one of them; None for what cannot happen.
EXCEPTIONS: dict[str, dict[str, Outcome | None]] = {
    "stability": {
        "picture refused": Outcome(("refused",), RefusedError, WITHHELD, paid=0),
        "moderation": Outcome(
            ("moderation",),
            RefusedError,
            "{title} refused the picture: Your request was flagged by our content moderation "
            f"system; {CHOOSE}",
            paid=0,
        ),
        "no picture": Outcome(
            ("no-picture",),
            UnusableAnswerError,
            "{title} sent nothing where the picture should be; try again, or choose another "
            "upscaler \\(--upscaler\\)\\.",
            paid=0,
        ),
        "retired": Outcome(
            ("retired",),
            ConfigError,
            "{title} does not serve stability/fast \\(410\\): the model is no longer available; "
            "choose another upscaler \\(--upscaler\\), or check stability_base_url\\.",
            paid=0,
        ),
    },
    "sdapi": {
        **FREE,
        "no credit": None,
        "forbidden": replace(OUTCOMES["forbidden"], faults=("403",)),
        "out of memory": Outcome(
            ("out-of-memory",),
            ProviderError,
            "{title} ran out of memory \\(OutOfMemoryError: CUDA out of memory\\. Tried to "
            f"allocate 9\\.00 GiB\\); enlarge less, or {CHOOSE}",
            paid=0,
        ),
        "retired": Outcome(
            ("404",),
            ConfigError,
            "{title} at http://127\\.0\\.0\\.1:\\d+ has no interface for programs \\(404\\): Not "
            "Found; start it with --api, or set IMAGINE_SDAPI_BASE_URL\\.",
            paid=0,
        ),
    },
    "localai": {
        **FREE,
        "too large": None,
        "retired": Outcome(
            ("retired",),
            ConfigError,
            "{title} has nothing at /v1/images/upscale \\(404 MODEL_NOT_FOUND\\): .+; check the "
            "model's name and localai_base_url\\.",
            paid=0,
        ),
    },
}
# Name, model, key, and what a message calls the key.
SUBJECTS = {
    "stability": ("fast", "test-key-of-stability", "STABILITY_API_KEY"),
    "sdapi": ("", "fox:test-password", "sdapi_api_key"),
    "localai": ("my-upscaler", "test-key-of-localai", "LOCALAI_API_KEY"),
}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch, only_silence_counts: None) -> None:
    monkeypatch.setattr("imagine.stages.network.retry.FIRST_CEILING", 0.001)


def rows() -> Iterator[Any]:
    for name in SUBJECTS:
        for told, outcome in (OUTCOMES | EXCEPTIONS[name]).items():
            if outcome is not None:
                yield pytest.param(name, outcome, id=f"{name}-{told}")


@pytest.mark.parametrize(("name", "outcome"), list(rows()))
def test_every_outcome_is_a_picture_or_one_sentence(name: str, outcome: Outcome) -> None:
    model, key, variable = SUBJECTS[name]
    told: list[str] = []
    with serve(name, faults=[f"image/{fault}" for fault in outcome.faults], key=key) as fake:
        connection = connect(
            name,
            base_url=fake.url,
            key=Secret(key),
            timeout=0.3 if "hang" in outcome.faults else PATIENT,
            patience=10.0,
            tell=told.append,
            log=told.append,
        )
        upscaler: Any = UPSCALERS.create(name, connection=connection, model=model)
        with closing(upscaler):
            if outcome.error is None:
                assert away(enlarged(upscaler)) <= 5
            else:
                pattern = outcome.message.format(
                    title=connection.provider.title, key=variable, name=name
                )
                with pytest.raises(outcome.error) as caught:
                    enlarged(upscaler)
                assert type(caught.value) is outcome.error
                assert re.fullmatch(pattern, str(caught.value)), str(caught.value)
                told.append(str(caught.value))
        # It may still be about to hear what is no longer waited for.
        until(lambda: fake.paid >= outcome.paid)
    assert_tidy(fake, key, told)
    assert len(fake.log.of("image")) == outcome.asked
    assert fake.paid == outcome.paid


def assert_tidy(fake: Fake, key: str, told: list[str]) -> None:
    """The key went out in its header, and stands nowhere else."""
    assert not [text for text in told if key in text or key.partition(":")[2] in text.split()]
    assert {entry.leaks for entry in fake.entries} == {()}
    assert not fake.crashes


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_server_that_is_not_there_is_told(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    model, key, _ = SUBJECTS[name]
    connection = connect(name, base_url=address, key=Secret(key))
    upscaler: Any = UPSCALERS.create(name, connection=connection, model=model)
    with closing(upscaler), pytest.raises(ProviderError) as caught:
        enlarged(upscaler)
    assert str(caught.value) == (
        f"{connection.provider.title} is not running at {address.removeprefix('http://')}: nothing "
        f"listens there; {connection.provider.start}, or set IMAGINE_{name.upper()}_BASE_URL."
    )


@pytest.mark.parametrize("name", SUBJECTS)
def test_stopping_while_the_answer_is_awaited_ends_at_once(name: str) -> None:
    model, key, _ = SUBJECTS[name]

    def stop(line: str) -> None:
        raise KeyboardInterrupt

    with serve(name, faults=["image/503"], key=key) as fake:
        # Who waits for another attempt is told, and presses Ctrl-C then.
        connection = connect(
            name, base_url=fake.url, key=Secret(key), patience=10.0, tell=stop, log=stop
        )
        upscaler: Any = UPSCALERS.create(name, connection=connection, model=model)
        with closing(upscaler), pytest.raises(KeyboardInterrupt):
            enlarged(upscaler)
    assert len(fake.log.of("image")) <= 1
    assert fake.paid == 0
