import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagine.stages.errors import UnusableAnswerError
from imagine.stages.network.providers import Secret, connect
from imagine.stages.network.reply import Problem, Reply, problem_of

KEY = "AIzaSecretSecret"
GEMINI = connect("gemini", key=Secret(KEY))


def reply(body: object, *, status: int = 400, headers: dict[str, str] | None = None) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, headers or {}, data, "https://api.example/v1/x", GEMINI.redact)


def google(code: int, status: str, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    error = {"code": code, "status": status, "message": message, "details": list(details)}
    return {"error": error}


def quota(name: str, value: str = "15") -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": name, "quotaValue": value}],
    }


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "2.5s"}
SHAPES: list[tuple[str, object, Problem]] = [
    (
        "google, bad key",
        google(400, "INVALID_ARGUMENT", "API key not valid.", {"reason": "API_KEY_INVALID"}),
        Problem("API key not valid", "api_key_invalid"),
    ),
    (
        "google, quota of a minute",
        google(429, "RESOURCE_EXHAUSTED", "Quota.", quota("RequestsPerMinute-FreeTier"), RETRY),
        Problem("Quota", "resource_exhausted", delay=2.5),
    ),
    (
        "google, quota of a day",
        google(429, "RESOURCE_EXHAUSTED", "Quota.", quota("RequestsPerDayPerProject"), RETRY),
        Problem("Quota", "resource_exhausted", delay=2.5, exhausted=True),
    ),
    (
        "google, none in the free tier",
        google(429, "RESOURCE_EXHAUSTED", "Quota.", quota("ImagesPerMinute-FreeTier", "0")),
        Problem("Quota", "resource_exhausted", exhausted=True),
    ),
    (
        "google, none in the free tier, in words only",
        google(429, "RESOURCE_EXHAUSTED", "Quota exceeded, limit: 0, model: x"),
        Problem("Quota exceeded, limit: 0, model: x", "resource_exhausted", exhausted=True),
    ),
    (
        "google, no billing",
        google(400, "FAILED_PRECONDITION", "Please enable billing on your project."),
        Problem("Please enable billing on your project", "billing_disabled", exhausted=True),
    ),
    (
        "google, another precondition",
        google(400, "FAILED_PRECONDITION", "User location is not supported."),
        Problem("User location is not supported", "failed_precondition"),
    ),
    (
        "google, as a list",
        [google(503, "UNAVAILABLE", "The model is overloaded.")],
        Problem("The model is overloaded", "unavailable"),
    ),
    (
        "google, by way of the SDK",
        google(429, "", "Quota.", {"retry_delay": {"seconds": 3, "nanos": 500_000_000}}),
        Problem("Quota", delay=3.5),
    ),
    (
        "openai",
        {
            "error": {
                "message": "Blocked.",
                "type": "image_error",
                "param": None,
                "code": "moderation_blocked",
            }
        },
        Problem("Blocked", "moderation_blocked"),
    ),
    (
        "openai, no credit",
        {"error": {"message": "No credit.", "type": "x", "code": "insufficient_quota"}},
        Problem("No credit", "insufficient_quota", exhausted=True),
    ),
    (
        "openai, number as code",
        {"error": {"message": "m", "type": "server_error", "code": 500}},
        Problem("m", "server_error"),
    ),
    ("error as text", {"error": "no model loaded"}, Problem("no model loaded")),
    (
        "hugging face, loading",
        {"error": "Model x is loading", "estimated_time": 20.5},
        Problem("Model x is loading", delay=20.5),
    ),
    (
        "errors as list",
        {"error": ["steps: too many", "width: too large"]},
        Problem("steps: too many; width: too large"),
    ),
    ("fastapi", {"detail": "Not Found"}, Problem("Not Found")),
    (
        "fastapi, validation",
        {"detail": [{"loc": ["body", "size"], "msg": "field required", "type": "missing"}]},
        Problem("body.size: field required", "missing"),
    ),
    (
        "fal, policy",
        {"detail": [{"loc": ["prompt"], "msg": "Flagged.", "type": "content_policy_violation"}]},
        Problem("prompt: Flagged", "content_policy_violation"),
    ),
    (
        "rfc 7807",
        {"title": "Unauthenticated", "detail": "You did not pass a token", "status": 401},
        Problem("You did not pass a token"),
    ),
    (
        "rfc 7807, title only",
        {"title": "Payment required", "status": 402},
        Problem("Payment required"),
    ),
    (
        "stability",
        {"id": "1", "name": "content_moderation", "errors": ["Your request was flagged."]},
        Problem("Your request was flagged", "content_moderation"),
    ),
    ("message", {"message": "Forbidden"}, Problem("Forbidden")),
    (
        "web page",
        b"<html><head><title>502 Bad\n Gateway</title></head><body>...</body></html>",
        Problem("502 Bad Gateway"),
    ),
    ("web page without title", b"<html><body>oops</body></html>", Problem("")),
    ("text", b"upstream connect error\r\n", Problem("upstream connect error")),
    ("nothing", b"", Problem("")),
    ("number", 7, Problem("")),
    ("null", None, Problem("")),
    ("empty error", {"error": {}}, Problem("")),
    ("binary", b"\x89PNG\r\n\x1a\n", Problem("\ufffdPNG \\u001a")),
]


@pytest.mark.parametrize(
    ("body", "problem"), [row[1:] for row in SHAPES], ids=[r[0] for r in SHAPES]
)
def test_every_shape_of_error_is_read(body: object, problem: Problem) -> None:
    assert problem_of(reply(body)) == problem


def test_words_are_cut_spelt_out_and_without_key() -> None:
    said = problem_of(reply({"error": f"bad {KEY}\n\x1b[31m" + "x" * 500})).message
    assert said.startswith("bad [key] \\u001b[31mxxx")
    assert len(said) <= 310
    assert KEY not in said


def test_a_key_at_the_cut_leaves_no_half() -> None:
    said = problem_of(reply({"error": "x" * 290 + KEY})).message
    assert "AIza" not in said


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    (
                        *("error", "detail", "details", "message", "code", "errors", "loc", "msg"),
                        *("violations", "retryDelay", "estimated_time", "seconds", "nanos"),
                    )
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_is_too_odd(body: object) -> None:
    problem = problem_of(reply(body, status=429))
    assert problem.message.isprintable()
    assert problem.delay is None or problem.delay >= 0


@pytest.mark.parametrize("start", ['{"error":', '["error",', '{"detail":[{"loc":['])
@pytest.mark.parametrize("depth", [300, 900, 20_000])
def test_no_depth_is_too_deep(start: str, depth: int) -> None:
    ends = {"{": "}", "[": "]"}
    end = "".join(ends[char] for char in reversed(start) if char in ends)
    body = (start * depth + "1" + end * depth).encode()
    assert problem_of(reply(body)).message.isprintable()


@given(st.binary(max_size=60))
def test_no_bytes_are_too_odd(body: bytes) -> None:
    assert problem_of(reply(body)).message.isprintable()


HEADERS = [
    ({"retry-after": "7"}, 7.0),
    ({"retry-after": "0"}, 0.0),
    ({"retry-after": "soon"}, None),
    ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
    ({"x-ratelimit-reset": "12"}, 12.0),
    ({"ratelimit-reset": "3"}, 3.0),
    ({"x-ratelimit-reset-requests": "1m30s", "x-ratelimit-remaining-requests": "0"}, 90.0),
    ({"x-ratelimit-reset-requests": "1m30s", "x-ratelimit-remaining-requests": "4"}, None),
    ({"x-ratelimit-reset-tokens": "120ms"}, 0.12),
    ({}, None),
]


@pytest.mark.parametrize(("headers", "delay"), HEADERS)
def test_headers_say_how_long_to_wait(headers: dict[str, str], delay: float | None) -> None:
    assert problem_of(reply({}, status=429, headers=headers)).delay == delay


def test_reset_headers_mean_nothing_but_with_429() -> None:
    assert problem_of(reply({}, status=503, headers={"x-ratelimit-reset": "12"})).delay is None


@pytest.mark.parametrize("name", ["retry-after", "x-ratelimit-reset"])
def test_a_date_says_how_long_to_wait(name: str) -> None:
    date = datetime.now(UTC) + timedelta(seconds=30)
    value = (
        format_datetime(date, usegmt=True) if name == "retry-after" else f"{date.timestamp():.0f}"
    )
    delay = problem_of(reply({}, status=429, headers={name: value})).delay
    assert delay is not None
    assert 27 < delay <= 31


def test_a_date_that_has_passed_means_now() -> None:
    headers = {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}
    assert problem_of(reply({}, status=503, headers=headers)).delay == 0


def test_no_credit_is_a_status_too() -> None:
    assert problem_of(reply({}, status=402)).exhausted


def test_json_is_read() -> None:
    assert reply({"a": "ü"}).json() == {"a": "ü"}


BAD_JSON = [
    (b"", "is empty", ""),
    (b'{"a": "b', "is damaged or was cut off: it is no whole JSON", '{"a": "b'),
    (b"[1, 2", "is damaged or was cut off: it is no whole JSON", "[1, 2"),
    (
        b"<!doctype html><h1>Bad <b>Gateway</b></h1>",
        "is a web page ('Bad Gateway') instead of JSON",
        "",
    ),
    (b"Not here\x1b", "is no JSON but begins 'Not here\\u001b'", ""),
    (b"\xff\xd8\xff\xe0", "is no JSON but begins '\ufffd\ufffd\ufffd\ufffd'", ""),
    (b"[" * 100_000, "is damaged or was cut off: it is no whole JSON", "[" * 20_000),
]


@pytest.mark.parametrize(("body", "flaw", "answer"), BAD_JSON, ids=range(len(BAD_JSON)))
def test_what_is_no_json_is_named(body: bytes, flaw: str, answer: str) -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        reply(body).json()
    assert str(caught.value) == (
        f"The answer of api.example {flaw}; try again, or check that its address is right."
    )
    assert caught.value.answer == answer


TOO_MANY: list[tuple[object, dict[str, str], bool]] = [
    (google(429, "RESOURCE_EXHAUSTED", "Quota.", quota("RequestsPerMinutePerProject")), {}, True),
    (google(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted."), {}, False),
    ({"error": {"message": "Rate limit reached: requests per min (RPM): Limit 60"}}, {}, True),
    ({"error": {"message": "Limit of 60 RPM"}}, {}, True),
    ({"detail": "Request was throttled, 6 requests/min."}, {}, True),
    ({"error": {"message": "Too many permissions, performing slowly"}}, {}, False),
    ({}, {"x-ratelimit-remaining-requests": "0"}, True),
    ({}, {"ratelimit-remaining": "0"}, True),
    ({}, {"x-ratelimit-remaining-requests": "3"}, False),
    ({}, {"retry-after": "1"}, False),
]


@pytest.mark.parametrize(("body", "headers", "per_minute"), TOO_MANY)
def test_too_many_within_a_minute_is_told_from_too_many_at_once(
    body: object, headers: dict[str, str], per_minute: bool
) -> None:
    assert problem_of(reply(body, status=429, headers=headers)).per_minute is per_minute
    assert not problem_of(reply(body, status=503, headers=headers)).per_minute
