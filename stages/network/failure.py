"""What a failure means: an error answer or a broken connection goes in, the error to raise comes
out: an ImagineError, or a Transient where another attempt may help.
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

from imagine.stages.errors import ConfigError, ImagineError, ProviderError, RefusedError, shown
from imagine.stages.network.address import joined, origin_of, place_of
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import NO_BILLING, NO_CREDIT, Problem, Reply, problem_of
from imagine.stages.network.retry import Fault, Transient

# Cloudflare (520 to 524) and Anthropic-like servers (529) answer so when they are overloaded.
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
# Here a proxy gave up waiting, while the provider may go on and bill.
_UNKNOWN_END = frozenset({504, 524})
_KEY_CODES = frozenset(
    {"api_key_invalid", "invalid_api_key", "unauthenticated", "api_key_expired", "invalid_token"}
)
_KEY_WORDS = ("api key", "api_key", "apikey", "api-key", "token", "credential", "unauthorized")
_MODERATION = (
    "moderation",
    "content_policy",
    "content_filter",
    "content_violation",
    "prohibited_content",
    "safety_violation",
    "responsible_ai",
    "nsfw",
)
Translate = Callable[[Reply, Problem], ImagineError | None]
# A name that does not resolve now seldom does a second later; nor does a closed port open.
_BRIEF = 2


def check_status(connection: Connection, reply: Reply, translate: Translate | None = None) -> None:
    """Let good answers pass.

    Args:
        translate: the provider's own meaning of an error answer; None, or None from it, for the
            usual one.

    Raises:
        Transient: another attempt may help.
        ImagineError: none will.
    """
    if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
        problem = problem_of(reply)
        meant = translate(reply, problem) if translate is not None else None
        raise meant or failure_of(connection, reply, problem)


def failure_of(connection: Connection, reply: Reply, problem: Problem) -> ImagineError | Transient:
    """The error for an answer with a status of 300 or more.

    Args:
        problem: what the answer says (see imagine.stages.network.reply.problem_of).
    """
    words = problem.message
    status = _status(reply.status, problem.code)
    if any(word in problem.code for word in _MODERATION):
        title = connection.provider.title
        return RefusedError(f"{title} refused the prompt ({_said(words, status)}); reword it.")
    if reply.status < HTTPStatus.BAD_REQUEST:
        return _redirected(connection, reply)
    if _is_about_key(reply.status, problem):
        return _rejected_key(connection, words, status)
    if problem.exhausted:
        return _exhausted(connection, reply.status, problem, words)
    if _is_passing(reply, problem):
        return Transient(_busy(reply.status, problem, words, status))
    return _final(connection, reply, words, status)


def _status(status: int, code: str) -> str:
    """ "429 RESOURCE_EXHAUSTED", or the number alone."""
    return f"{status} {shown(code.upper())}" if code and not code.isdigit() else str(status)


def _said(words: str, otherwise: str) -> str:
    return f'"{words}"' if words else otherwise


def _is_about_key(status: int, problem: Problem) -> bool:
    if status == HTTPStatus.UNAUTHORIZED or problem.code in _KEY_CODES:
        return True
    message = problem.message.lower()
    return status == HTTPStatus.FORBIDDEN and any(word in message for word in _KEY_WORDS)


def _rejected_key(connection: Connection, words: str, status: str) -> ConfigError:
    provider = connection.provider
    variable = (*provider.key_variables, f"{provider.name}_api_key")[0]
    page = f" ({provider.key_page})" if provider.key_page else ""
    if connection.key is None:
        return ConfigError(
            f"{provider.title} wants a key and none is set ({_said(words, status)}); "
            f"set {variable}{page}."
        )
    return ConfigError(
        f"{provider.title} rejected the key ({_said(words, status)}); "
        f"set {variable} to a valid one{page}."
    )


def _exhausted(connection: Connection, status: int, problem: Problem, words: str) -> ProviderError:
    title = connection.provider.title
    said = _said(words, _status(status, problem.code))
    if problem.code in NO_BILLING:
        return ProviderError(
            f"{title} has no credit or billing for this key ({said}); "
            "set billing up there, or use another provider."
        )
    if status == HTTPStatus.PAYMENT_REQUIRED or problem.code in NO_CREDIT:
        return ProviderError(
            f"{title} has no credit left for this key ({said}); "
            "add some there, or use another provider."
        )
    return ProviderError(
        f"{title}'s quota for this key is used up ({said}); "
        "wait until it is renewed, raise it there, or use another provider."
    )


def _is_passing(reply: Reply, problem: Problem) -> bool:
    hints = (reply.headers.get(name) for name in ("x-should-retry", "x-fal-retryable"))
    if "false" in hints:
        return False
    if reply.status == HTTPStatus.CONFLICT:
        return "lock" in f"{problem.code} {problem.message}".lower()
    return reply.status in _PASSING


def _busy(status: int, problem: Problem, words: str, told: str) -> Fault:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        # Being told to wait is no failure; the connection's patience alone bounds it.
        return Fault(
            f"is busy ({told})",
            words=words,
            delay=problem.delay,
            counts=False,
            per_minute=problem.per_minute,
        )
    advice = "try again later, or use another model or provider"
    sent = status in _UNKNOWN_END
    return Fault(f"failed ({told})", words=words, advice=advice, delay=problem.delay, sent=sent)


def _redirected(connection: Connection, reply: Reply) -> ConfigError:
    name = connection.provider.name
    there = joined(reply.url, reply.headers.get("location", ""))
    return ConfigError(
        f"{host_of(connection)} sends on to '{shown(origin_of(there)[1] or there)}' "
        f"({reply.status}), where the key is not sent; set {name}_base_url to the address that "
        "is meant."
    )


def _final(connection: Connection, reply: Reply, words: str, status: str) -> ImagineError:
    title, name = connection.provider.title, connection.provider.name
    said = f": {words}" if words else ""
    match reply.status:
        case 403:
            return ConfigError(
                f"{title} does not allow this ({status}){said}; check that the key's account may "
                "use the model, and from your country."
            )
        case 404:
            path = shown(reply.redact(urlsplit(reply.url).path), limit=160)
            return ConfigError(
                f"{title} has nothing at {path} ({status}){said}; "
                f"check the model's name and {name}_base_url."
            )
        case 413:
            return ProviderError(
                f"The request is too large for {title} ({status}){said}; "
                "give fewer or smaller reference pictures, or a shorter prompt."
            )
        case code if code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return ProviderError(
                f"{title} rejected the request ({status}){said}; "
                "check the model and the options that you gave."
            )
    return ProviderError(f"{title} failed ({status}){said}; try again later.")


def host_of(connection: Connection) -> str:
    """Where the provider is reached: "api.openai.com", "127.0.0.1:11434"."""
    parts = urlsplit(connection.base_url)
    return shown(parts.netloc.rpartition("@")[2])


def broken(connection: Connection, error: Exception, fault: Fault) -> ImagineError | Transient:
    """The error for a request without an answer.

    Args:
        error: as the HTTP library raised it; what caused it is looked for behind it.
        fault: what to say when nothing more telling is behind the error.
    """
    title, name = connection.provider.title, connection.provider.name
    host, start = host_of(connection), connection.provider.start
    setting = f" and {name}_base_url" if name else ""
    # A compatible server of someone else's is called by its host.
    where = "" if title == host else f" at {host}"
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return ProviderError(
                    f"The certificate of {host} is not trusted ({shown(cause.verify_message)}); "
                    "check this machine's clock and, behind a proxy that reads along, name its "
                    "certificate in SSL_CERT_FILE."
                )
            case ssl.SSLError() if not fault.sent:
                return Transient(
                    Fault(
                        f"cannot be reached{where}: its TLS failed ({shown(cause.reason)})",
                        advice=f"check any proxy{setting}",
                        tries=_BRIEF,
                    )
                )
            case socket.gaierror():
                return Transient(
                    Fault(
                        f"cannot be reached: the name {host} is not known (DNS)",
                        advice=f"check the network{setting}",
                        tries=_BRIEF,
                    )
                )
            case ConnectionRefusedError() if place_of(origin_of(connection.base_url)[1]) == "here":
                told = f"{title} is not running{where}: nothing listens there; {start}"
                return ProviderError(
                    f"{told if where else f'Nothing listens at {host}; start the server'}, "
                    f"or set IMAGINE_{name.upper()}_BASE_URL."
                )
            case ConnectionRefusedError():
                return Transient(
                    Fault(
                        f"cannot be reached: {host} refuses the connection",
                        advice=f"check any proxy{setting}, or try again later",
                        tries=_BRIEF,
                    )
                )
    return Transient(fault)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and those behind it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
