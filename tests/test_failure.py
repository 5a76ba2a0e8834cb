import socket
import ssl
from dataclasses import replace

import pytest

from imagine.stages.errors import ConfigError, ImagineError, ProviderError, RefusedError
from imagine.stages.network.failure import broken, failure_of, host_of
from imagine.stages.network.providers import Connection, Secret, connect
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.network.retry import Fault, Transient

OPENAI = connect("openai", key=Secret("sk-very-secret"))
PAGE = "https://platform.openai.com/api-keys"
NO_KEY = connect("openai").redact
URL = "https://api.openai.com/v1/images/generations"

FINAL: list[tuple[int, Problem, type[ImagineError], str]] = [
    (
        401,
        Problem("Incorrect API key"),
        ConfigError,
        'OpenAI rejected the key ("Incorrect API key"); '
        f"set OPENAI_API_KEY to a valid one ({PAGE}).",
    ),
    (
        400,
        Problem("", "api_key_invalid"),
        ConfigError,
        "OpenAI rejected the key (400 API_KEY_INVALID); "
        f"set OPENAI_API_KEY to a valid one ({PAGE}).",
    ),
    (
        403,
        Problem("This token is revoked"),
        ConfigError,
        'OpenAI rejected the key ("This token is revoked"); '
        f"set OPENAI_API_KEY to a valid one ({PAGE}).",
    ),
    (
        403,
        Problem("Your organization must be verified"),
        ConfigError,
        "OpenAI does not allow this (403): Your organization must be verified; check that the "
        "key's account may use the model, and from your country.",
    ),
    (
        404,
        Problem("The model x does not exist", "model_not_found"),
        ConfigError,
        "OpenAI has nothing at /v1/images/generations (404 MODEL_NOT_FOUND): The model x does not "
        "exist; check the model's name and openai_base_url.",
    ),
    (
        402,
        Problem("Please top up", exhausted=True),
        ProviderError,
        'OpenAI has no credit left for this key ("Please top up"); '
        "add some there, or use another provider.",
    ),
    (
        429,
        Problem("You exceeded your current quota", "insufficient_quota", exhausted=True),
        ProviderError,
        'OpenAI has no credit left for this key ("You exceeded your current quota"); '
        "add some there, or use another provider.",
    ),
    (
        429,
        Problem("Requests per day: 20", "resource_exhausted", delay=2.5, exhausted=True),
        ProviderError,
        'OpenAI\'s quota for this key is used up ("Requests per day: 20"); '
        "wait until it is renewed, raise it there, or use another provider.",
    ),
    (
        400,
        Problem("Please enable billing", "billing_disabled", exhausted=True),
        ProviderError,
        'OpenAI has no credit or billing for this key ("Please enable billing"); '
        "set billing up there, or use another provider.",
    ),
    (
        413,
        Problem(""),
        ProviderError,
        "The request is too large for OpenAI (413); "
        "give fewer or smaller reference pictures, or a shorter prompt.",
    ),
    (
        400,
        Problem("Unknown parameter: 'seed'", "unknown_parameter"),
        ProviderError,
        "OpenAI rejected the request (400 UNKNOWN_PARAMETER): Unknown parameter: 'seed'; "
        "check the model and the options that you gave.",
    ),
    (
        422,
        Problem("size: too large"),
        ProviderError,
        "OpenAI rejected the request (422): size: too large; "
        "check the model and the options that you gave.",
    ),
    (
        409,
        Problem("Already exists"),
        ProviderError,
        "OpenAI rejected the request (409): Already exists; "
        "check the model and the options that you gave.",
    ),
    (
        501,
        Problem(""),
        ProviderError,
        "OpenAI failed (501); try again later.",
    ),
    (
        400,
        Problem("Your request was rejected by the safety system", "moderation_blocked"),
        RefusedError,
        'OpenAI refused the prompt ("Your request was rejected by the safety system"); reword it.',
    ),
    (
        403,
        Problem("", "content_moderation"),
        RefusedError,
        "OpenAI refused the prompt (403 CONTENT_MODERATION); reword it.",
    ),
    (
        422,
        Problem("prompt: Flagged", "content_policy_violation"),
        RefusedError,
        'OpenAI refused the prompt ("prompt: Flagged"); reword it.',
    ),
]


@pytest.mark.parametrize(("status", "problem", "kind", "message"), FINAL)
def test_every_answer_has_its_error(
    status: int, problem: Problem, kind: type[ImagineError], message: str
) -> None:
    error = failure_of(OPENAI, Reply(status, {}, b"", URL, NO_KEY), problem)
    assert type(error) is kind
    assert str(error) == message


def test_a_missing_key_is_asked_for() -> None:
    error = failure_of(connect("openai"), Reply(401, {}, b"", URL, NO_KEY), Problem("No key"))
    assert (
        str(error) == f'OpenAI wants a key and none is set ("No key"); set OPENAI_API_KEY ({PAGE}).'
    )


def test_a_server_of_ones_own_names_its_setting() -> None:
    error = failure_of(connect("lmstudio"), Reply(401, {}, b"", URL, NO_KEY), Problem(""))
    assert str(error) == "LM Studio wants a key and none is set (401); set lmstudio_api_key."


def test_a_redirect_is_not_followed_and_named() -> None:
    reply = Reply(301, {"location": "https://elsewhere.example/v1"}, b"", URL, NO_KEY)
    error = failure_of(OPENAI, reply, Problem(""))
    assert isinstance(error, ConfigError)
    assert str(error) == (
        "api.openai.com sends on to 'elsewhere.example' (301), where the key is not sent; "
        "set openai_base_url to the address that is meant."
    )


PASSING = [
    (408, Problem(""), {}, "failed (408)", True),
    (409, Problem("", "lock_timeout"), {}, "failed (409 LOCK_TIMEOUT)", True),
    (425, Problem(""), {}, "failed (425)", True),
    (429, Problem("", "resource_exhausted"), {}, "is busy (429 RESOURCE_EXHAUSTED)", False),
    (500, Problem("", "internal"), {}, "failed (500 INTERNAL)", True),
    (502, Problem("", "502"), {}, "failed (502)", True),
    (503, Problem(""), {"x-should-retry": "true"}, "failed (503)", True),
    (504, Problem(""), {}, "failed (504)", True),
    (529, Problem(""), {}, "failed (529)", True),
]


@pytest.mark.parametrize(("status", "problem", "headers", "what", "counts"), PASSING)
def test_what_passes_is_tried_again(
    status: int, problem: Problem, headers: dict[str, str], what: str, counts: bool
) -> None:
    error = failure_of(OPENAI, Reply(status, headers, b"", URL, NO_KEY), problem)
    assert isinstance(error, Transient)
    sent = status in (504, 524)
    assert (error.fault.what, error.fault.counts, error.fault.sent) == (what, counts, sent)


def test_the_servers_delay_and_words_are_passed_on() -> None:
    error = failure_of(OPENAI, Reply(503, {}, b"", URL, NO_KEY), Problem("overloaded", delay=2.5))
    assert isinstance(error, Transient)
    assert (error.fault.words, error.fault.delay) == ("overloaded", 2.5)


@pytest.mark.parametrize("header", ["x-should-retry", "x-fal-retryable"])
def test_a_server_may_ask_not_to_be_asked_again(header: str) -> None:
    error = failure_of(OPENAI, Reply(500, {header: "false"}, b"", URL, NO_KEY), Problem(""))
    assert isinstance(error, ProviderError)


def chain(*causes: BaseException) -> Exception:
    """An exception with others behind it, as HTTP libraries raise them."""
    outer = OSError("outer")
    last: BaseException = outer
    for cause in causes:
        last.__cause__ = cause
        last = cause
    return outer


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_message = "self-signed certificate"
    return error


LOCAL = connect("ollama")
OTHERS = connect("openai", base_url="http://127.0.0.1:8000/v1")
OTHERS = replace(OTHERS, provider=replace(OTHERS.provider, title="127.0.0.1:8000"))
FAULT = Fault("closed the connection", sent=True)
BROKEN: list[tuple[Connection, Exception, str]] = [
    (
        OPENAI,
        chain(OSError(), untrusted()),
        "The certificate of api.openai.com is not trusted (self-signed certificate); check this "
        "machine's clock and, behind a proxy that reads along, name its certificate in "
        "SSL_CERT_FILE.",
    ),
    (
        LOCAL,
        chain(ConnectionRefusedError()),
        "Ollama is not running at 127.0.0.1:11434: nothing listens there; "
        "start it, or set IMAGINE_OLLAMA_BASE_URL.",
    ),
    (
        OTHERS,
        chain(ConnectionRefusedError()),
        "Nothing listens at 127.0.0.1:8000; start the server, or set IMAGINE_OPENAI_BASE_URL.",
    ),
]


@pytest.mark.parametrize(("connection", "error", "message"), BROKEN)
def test_what_no_second_try_helps_is_said_at_once(
    connection: Connection, error: Exception, message: str
) -> None:
    found = broken(connection, error, FAULT)
    assert isinstance(found, ProviderError)
    assert str(found) == message


BRIEFLY = [
    (
        chain(socket.gaierror(-2, "Name or service not known")),
        "cannot be reached: the name api.openai.com is not known (DNS)",
        "check the network and openai_base_url",
    ),
    (
        chain(ConnectionRefusedError()),
        "cannot be reached: api.openai.com refuses the connection",
        "check any proxy and openai_base_url, or try again later",
    ),
]


@pytest.mark.parametrize(("error", "what", "advice"), BRIEFLY)
def test_an_unknown_name_is_tried_twice(error: Exception, what: str, advice: str) -> None:
    found = broken(OPENAI, error, FAULT)
    assert isinstance(found, Transient)
    assert found.fault == Fault(what, advice=advice, tries=2)


def test_anything_else_is_what_the_caller_calls_it() -> None:
    found = broken(OPENAI, chain(OSError()), FAULT)
    assert isinstance(found, Transient)
    assert found.fault is FAULT


def test_causes_that_go_round_end() -> None:
    error = chain(OSError())
    assert error.__cause__ is not None
    error.__cause__.__cause__ = error
    assert isinstance(broken(OPENAI, error, FAULT), Transient)


def test_a_host_is_named_without_its_password() -> None:
    assert host_of(connect("openai", base_url="http://me:pass@box:8000/v1")) == "box:8000"
