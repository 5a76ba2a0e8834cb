"""What an error answer of a Stable Diffusion web UI means: a Reply in, the error to raise out.

AUTOMATIC1111, Forge, SD.Next and stable-diffusion.cpp's server share a protocol, and hardly any of
them its errors: FastAPI's own, those of AUTOMATIC1111's middleware, and words under "error".
"""

from http import HTTPStatus

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    ProviderError,
    UnusableAnswerError,
    shown,
)
from imagine.stages.network.json_values import table, text
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Problem, Reply, quotable


class NotThereError(ConfigError):
    """The server does not know the path that was asked for, as many lack a part of the protocol."""


def failure_of_webui(
    connection: Connection, reply: Reply, problem: Problem, *, lighter: str
) -> ImagineError | None:
    """The error for an answer of status 300 or more; None for what every server's means.

    Args:
        lighter: what to do when its memory is too small: "enlarge less".
    """
    match reply.status:
        case HTTPStatus.UNAUTHORIZED:
            return _unauthorized(connection, problem)
        case HTTPStatus.NOT_FOUND:
            return ConfigError(
                f"{connection.provider.title} at {connection.base_url} has no interface for "
                f"programs (404){_said(problem)}; {connection.provider.start}, or set "
                "IMAGINE_SDAPI_BASE_URL."
            )
        case HTTPStatus.METHOD_NOT_ALLOWED | HTTPStatus.NOT_IMPLEMENTED:
            return ConfigError(
                f"{connection.provider.title} is not what answers at {connection.base_url} "
                f"({reply.status}); {connection.provider.start}, or set IMAGINE_SDAPI_BASE_URL."
            )
        case HTTPStatus.INTERNAL_SERVER_ERROR:
            return _failed(connection, reply, lighter)
    return None


def _unauthorized(connection: Connection, problem: Problem) -> ConfigError:
    told = "wants a user and a password" if connection.key is None else "rejected the key"
    return ConfigError(
        f"{connection.provider.title} {told} (401){_said(problem)}; set sdapi_api_key to the "
        "USER:PASSWORD that its --api-auth names."
    )


def _failed(connection: Connection, reply: Reply, lighter: str) -> ImagineError | None:
    """The error of its own code; None for that of a proxy, which may pass."""
    try:
        body = table(reply.json())
    except UnusableAnswerError:
        return None
    kind = text(body.get("error"))
    if not kind:
        return None
    told = (text(body.get(name)) for name in ("errors", "message", "detail"))
    words = quotable(connection, next(filter(None, told), ""))
    said = f"{shown(kind)}: {words}" if words else shown(kind)
    title = connection.provider.title
    if "OutOfMemory" in kind or "out of memory" in words:
        return ProviderError(f"{title} ran out of memory ({said}); {lighter}.")
    return ProviderError(f"{title} failed ({said}); look at what it printed.")


def _said(problem: Problem) -> str:
    return f": {problem.message}" if problem.message else ""
