"""Sessions against the fake Gemini, which counts what it is paid for."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from fakes import Fake, serve
from patience import PATIENT, until

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    UnusableAnswerError,
)
from imagine.stages.network.providers import Secret, connect
from imagine.stages.network.session import Session

PATH = "/v1beta/models/gemini-nano-banana-2.1:generateContent"
LOST = (
    "; the request may be billed all the same, so it was not sent again: "
    "look at your usage there before you repeat it."
)
WHOLE = f"Google Gemini closed the connection before its answer was whole{LOST}"
TOO_LARGE = (
    "The answer of Google Gemini is larger than 128 MB, more than any good answer has; "
    "try again, or use another model."
)
NO_JSON = "; try again, or check that its address is right."


def session_with(fake: Fake, *, timeout: float = PATIENT) -> Session:
    assert fake.key is not None
    connection = connect("gemini", base_url=fake.url, key=Secret(fake.key))
    headers = {"x-goog-api-key": fake.key}
    return Session(connection, headers=headers, timeout=timeout, sleep=lambda _: time.sleep(0.001))


def draw(session: Session, prompt: str) -> object:
    parts = [{"text": f"Generate an image: {prompt}"}]
    body = {
        "contents": [{"role": "user", "parts": parts}],
        "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
    }
    return session.post(PATH, json=body, paid=True).json()


FAULTS: list[tuple[str, type[ImagineError], str, int]] = [
    # fault, error, message, requests
    ("reset-before", LostAnswerError, WHOLE, 1),
    ("lost", LostAnswerError, WHOLE, 1),
    ("reset", LostAnswerError, WHOLE, 1),
    ("cut", LostAnswerError, WHOLE, 1),
    ("hang", LostAnswerError, f"Google Gemini sent nothing for 0.5 s{LOST}", 1),
    ("stall", LostAnswerError, f"Google Gemini sent nothing for 0.5 s{LOST}", 1),
    (
        "truncated-json",
        UnusableAnswerError,
        f"The answer of 127.0.0.1 is damaged or was cut off: it is no whole JSON{NO_JSON}",
        1,
    ),
    ("empty", UnusableAnswerError, f"The answer of 127.0.0.1 is empty{NO_JSON}", 1),
    (
        "html",
        UnusableAnswerError,
        f"The answer of 127.0.0.1 is a web page ('Sign in') instead of JSON{NO_JSON}",
        1,
    ),
    ("huge=300", UnusableAnswerError, TOO_LARGE, 1),
    ("huge-declared", UnusableAnswerError, TOO_LARGE, 1),
    (
        "503*",
        ProviderError,
        "Google Gemini failed (503 UNAVAILABLE) (after 5 tries): The model is overloaded. Please "
        "try again later; try again later, or use another model or provider.",
        5,
    ),
    (
        "401",
        ConfigError,
        'Google Gemini rejected the key ("Request had invalid authentication credentials"); '
        "set GEMINI_API_KEY to a valid one (https://aistudio.google.com/apikey).",
        1,
    ),
]


@pytest.mark.parametrize(("fault", "kind", "message", "requests"), FAULTS)
@pytest.mark.usefixtures("only_silence_counts")
def test_every_fault_ends_in_its_own_message(
    fault: str, kind: type[ImagineError], message: str, requests: int
) -> None:
    timeout = 0.5 if fault in ("hang", "stall") else PATIENT
    with serve("gemini", faults=[fault]) as fake, session_with(fake, timeout=timeout) as session:
        with pytest.raises(kind) as caught:
            draw(session, "a fox")
        assert str(caught.value) == message
        until(lambda: len(fake.entries) >= requests)
        assert len(fake.entries) == requests
        assert fake.paid <= 1


@pytest.mark.parametrize("fault", ["429=0.5", "500", "503", "html-502", "slow=0.01", "gzip"])
def test_what_passes_ends_in_a_picture_paid_once(fault: str) -> None:
    with serve("gemini", faults=[fault]) as fake, session_with(fake) as session:
        assert isinstance(draw(session, "a fox"), dict)
        assert fake.paid == 1


def test_many_calls_end_well_or_in_a_recorded_loss_and_none_is_paid_twice() -> None:
    rates = {"429=0.1": 0.05, "503": 0.05, "reset": 0.02, "cut": 0.01, "lost": 0.01}
    outcomes: Counter[str] = Counter()
    with serve("gemini", faults=rates, megabytes=0.01) as fake, session_with(fake) as session:

        def one(number: int) -> str:
            try:
                draw(session, f"fox {number}")
            except LostAnswerError:
                return "lost"
            return "drawn"

        with ThreadPoolExecutor(8) as pool:
            outcomes.update(pool.map(one, range(300)))
        paid = Counter(entry.prompt for entry in fake.entries if entry.paid)
        bad = Counter(entry.outcome for entry in fake.entries)
    assert max(paid.values()) == 1
    assert outcomes["lost"] == bad["reset"] + bad["cut"] + bad["lost"] > 0
    assert outcomes["drawn"] == 300 - outcomes["lost"]
    assert bad["429"] > 0
    assert bad["503"] > 0
