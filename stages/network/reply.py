"""Answers of providers: a Reply holds one whole; problem_of reads what an error answer says.

Every provider has its own shape for errors, and proxies before it answer in HTML; one reader
knows them all (see imagine.stages.network.failure for what follows from what was read).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from imagine.stages.errors import UnusableAnswerError, shown
from imagine.stages.network.json_values import parsed_json
from imagine.stages.network.providers import Connection
from imagine.stages.network.waits import asked_by_headers, seconds_of

# A provider's words in a message; more would push what to do about it out of sight.
MAX_WORDS = 300
# As much of a bad answer as a model needs in order to see what it did.
MAX_ANSWER = 20_000
# No answer is nested as deep; whoever reads one in steps shall not run out of them.
MAX_DEPTH = 100

_TITLE = re.compile(r"<(title|h1)\b[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_PER_MINUTE = re.compile(r"per[ _-]?min|\bRPM\b|(requests|calls)/min", re.IGNORECASE)
NO_CREDIT = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "insufficient_credits", "payment_required"}
)
# A project of Google's without billing; OpenAI's word, and ours for Google's FAILED_PRECONDITION.
NO_BILLING = frozenset({"billing_disabled", "billing_not_active"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer.

    Attributes:
        headers: names in lower case, values without the key.
        body: as it came, and so perhaps with the key.
        url: what was asked, without query.
        redact: takes the key out of a text; a Connection's.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    url: str
    redact: Callable[[str], str] = field(repr=False, compare=False)

    @property
    def text(self) -> str:
        """The body as text, without the key."""
        return self.redact(self.body.decode("utf-8", errors="replace"))

    def json(self) -> Any:
        """The body as JSON, without the key.

        Raises:
            UnusableAnswerError: it is none, or was cut.
        """
        try:
            return _redacted(parsed_json(self.body), self.redact, MAX_DEPTH)
        except (ValueError, RecursionError) as error:
            text = self.text
            # Not of the text, which may begin with "[key]".
            start = self.body.lstrip()[:1].decode("ascii", errors="replace")
            host = self.redact(urlsplit(self.url).hostname or "")
            raise UnusableAnswerError(
                f"The answer of {host} {_flaw(start, text)}; "
                "try again, or check that its address is right.",
                answer=text[:MAX_ANSWER] if start in ("{", "[") else "",
                problem="The answer is no whole JSON.",
            ) from error


def _redacted(value: Any, redact: Callable[[str], str], depth: int) -> Any:
    """A JSON value of at most `depth` levels with every text in it redacted."""
    if not depth:
        raise RecursionError
    match value:
        case str():
            return redact(value)
        case list():
            return [_redacted(item, redact, depth - 1) for item in value]
        case dict():
            return {
                redact(name): _redacted(item, redact, depth - 1) for name, item in value.items()
            }
    return value


def _flaw(start: str, text: str) -> str:
    """What is wrong with a text that should have been JSON, given its first character."""
    if not start:
        return "is empty"
    if start in ("{", "["):
        return "is damaged or was cut off: it is no whole JSON"
    if start == "<":
        return f"is a web page ('{shown(_words(text))}') instead of JSON"
    return f"is no JSON but begins '{shown(_words(text), limit=40)}'"


@dataclass(frozen=True, slots=True)
class Problem:
    """What an error answer says, whatever its shape.

    Attributes:
        message: the provider's words in one line, without key; "" when it says nothing.
        code: its word for the kind of error, lower case: "api_key_invalid", "moderation_blocked".
        delay: seconds after which it wants to be asked again.
        exhausted: asking again soon is of no use: a daily quota, no credit.
        per_minute: too many came within a minute, not too many at once.
    """

    message: str
    code: str = ""
    delay: float | None = None
    exhausted: bool = False
    per_minute: bool = False


def problem_of(reply: Reply) -> Problem:
    """Read an error answer: Google, OpenAI, FastAPI, RFC 7807, Stability, plain text or HTML."""
    try:
        data = reply.json()
    except UnusableAnswerError:
        data = reply.text[: 64 * 1024]
    details = _details(data)
    code = _code(data, details) or reply.headers.get("x-fal-error-type", "").lower()
    message = _message(data)
    if code == "failed_precondition" and "billing" in message.lower():
        code = "billing_disabled"
    # "limit: 0" is how Google says that a free key has no share in a model at all.
    none_at_all = re.search(r"\blimit: 0\b", message) is not None
    return Problem(
        message=_quoted(message),
        code=code,
        delay=_delay(reply, data, details),
        exhausted=reply.status == HTTPStatus.PAYMENT_REQUIRED
        or code in NO_CREDIT | NO_BILLING
        or none_at_all
        or any(_is_daily(violation) for violation in _violations(details)),
        per_minute=reply.status == HTTPStatus.TOO_MANY_REQUESTS
        and _is_per_minute(reply.headers, message, details),
    )


def quotable(connection: Connection, text: str) -> str:
    """A provider's words as a message may show them: one line, no key, no full stop at its end."""
    return _quoted(connection.redact(text))


def _quoted(text: str) -> str:
    return shown(" ".join(text.split()), limit=MAX_WORDS).rstrip(".")


def _message(data: Any) -> str:
    """The words for people in an error's data, in one line; "" when there are none."""
    match data:
        case str():
            return _words(data)
        case list():
            said = (_message(item) for item in data[:3])
            return "; ".join(words for words in said if words)
        case {"loc": [*place], "msg": str(text)}:
            return f"{'.'.join(str(step) for step in place)}: {_words(text)}"
        case dict():
            for key in (
                "error",
                "detail",
                "message",
                "msg",
                "errors",
                "title",
                "error_description",
            ):
                if words := _message(data.get(key)):
                    return words
    return ""


def _words(text: str) -> str:
    """Text in one line; of a web page its title."""
    if text.lstrip()[:1] == "<":
        found = _TITLE.search(text)
        text = re.sub(r"<[^>]*>", " ", found.group(2)) if found else ""
    return " ".join(text.split())


def _code(data: Any, details: list[Any]) -> str:
    """The most telling word for the kind of error, in lower case; "" when there is none."""
    for detail in details:
        if isinstance(detail, dict) and isinstance(reason := detail.get("reason"), str):
            return reason.lower()
    while isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return ""
    for key in ("code", "status", "type", "name"):
        if isinstance(word := data.get(key), str) and re.fullmatch(r"[\w./:-]{1,80}", word):
            return word.lower()
    inner = data.get("error", data.get("detail"))
    return _code(inner, []) if isinstance(inner, dict | list) else ""


def _details(data: Any) -> list[Any]:
    """The `details` of an error of Google's."""
    while isinstance(data, list) and data:
        data = data[0]
    error = data.get("error") if isinstance(data, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    return details if isinstance(details, list) else []


def _violations(details: list[Any]) -> Iterator[dict[str, Any]]:
    for detail in details:
        violations = detail.get("violations") if isinstance(detail, dict) else None
        if isinstance(violations, list):
            yield from (item for item in violations if isinstance(item, dict))


def _is_daily(violation: Mapping[str, Any]) -> bool:
    """A quota of Google's that comes back tomorrow, or that a plan lacks."""
    name = violation.get("quotaId") or violation.get("quota_id") or ""
    value = violation.get("quotaValue", violation.get("quota_value"))
    return "perday" in str(name).lower() or str(value) == "0"


def _is_per_minute(headers: Mapping[str, str], message: str, details: list[Any]) -> bool:
    """Whether a 429 is about requests a minute: Google's quotaId, OpenAI's words and headers."""
    names = [
        str(violation.get("quotaId") or violation.get("quota_id") or "")
        for violation in _violations(details)
    ]
    return any(_PER_MINUTE.search(words) for words in (message, *names)) or any(
        value == "0" and re.match(r"(x-)?ratelimit-remaining", name)
        for name, value in headers.items()
    )


def _delay(reply: Reply, data: Any, details: Iterable[Any]) -> float | None:
    """Seconds that the server asks to wait, from its body or its headers."""
    for detail in details:
        if isinstance(detail, dict):
            asked = detail.get("retryDelay", detail.get("retry_delay"))
            if (seconds := seconds_of(asked)) is not None:
                return seconds
    if isinstance(data, dict) and (seconds := seconds_of(data.get("estimated_time"))) is not None:
        return seconds
    return asked_by_headers(reply.headers, limited=reply.status == HTTPStatus.TOO_MANY_REQUESTS)
