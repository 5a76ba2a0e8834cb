"""OpenAI's error bodies: in general, and for a key that is missing or wrong."""

from typing import Any

from fakes.log import Entry
from fakes.message import Answer, Request, reply


def openai_error(
    status: int,
    message: str,
    *,
    kind: str = "invalid_request_error",
    code: str | None = None,
    param: str | None = None,
    **more: Any,
) -> Answer:
    error = {"message": message, "type": kind, "param": param, "code": code}
    return reply({"error": error}, status=status, **more)


def bad_key(request: Request, entry: Entry) -> Answer:
    """401 as OpenAI words it, which repeats the ends of a wrong key."""
    if entry.key != "authorization":
        return openai_error(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization "
            "header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        )
    sent = request.headers["authorization"].rpartition(" ")[2]
    masked = sent[:8] + "*" * max(0, len(sent) - 12) + sent[-4:]
    return openai_error(
        401,
        f"Incorrect API key provided: {masked}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
    )
