"""Google's way of saying no: error bodies, key checks, and checks of JSON against its messages."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fakes.log import Entry
from fakes.message import Answer, Request, reply
from fakes.service import Service, refuse

_TYPE = "type.googleapis.com/google.rpc."
API = "generativelanguage.googleapis.com"

STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def google_error(
    status: int,
    message: str,
    *,
    name: str = "",
    details: Sequence[Mapping[str, Any]] = (),
    **more: Any,
) -> Answer:
    """An error in Google's shape; `details` have their type without its long prefix."""
    error: dict[str, Any] = {"code": status, "message": message, "status": name or STATUS[status]}
    if details:
        error["details"] = [{"@type": _TYPE + d["@type"], **_without_type(d)} for d in details]
    return reply({"error": error}, status=status, **more)


def _without_type(detail: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if name != "@type"}


def error_info(reason: str, **metadata: str) -> dict[str, Any]:
    return {
        "@type": "ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": API, **metadata},
    }


def invalid(message: str, *, field: str = "") -> Answer:
    violation = {"description": message, **({"field": field} if field else {})}
    return google_error(
        400, message, details=[{"@type": "BadRequest", "fieldViolations": [violation]}]
    )


def key_invalid(message: str = "API key not valid. Please pass a valid API key.") -> Answer:
    words = {"@type": "LocalizedMessage", "locale": "en-US", "message": message}
    return google_error(400, message, details=[error_info("API_KEY_INVALID"), words])


def quota(delay: float, *, model: str, per: str, limit: int, free: bool = True) -> Answer:
    """A 429 as the quota system writes it; `per` is "Minute" or "Day"."""
    tier = "-FreeTier" if free else ""
    metric = f"{API}/generate_content_{'free_tier_' if free else ''}requests"
    message = (
        "You exceeded your current quota, please check your plan and billing details. For more "
        "information on this error, head over to: https://ai.google.dev/gemini-api/docs/"
        f"rate-limits. \n* Quota exceeded for metric: {metric}, limit: {limit}, model: {model}\n"
        f"Please retry in {delay:g}s."
    )
    violation = {
        "quotaMetric": metric,
        "quotaId": f"GenerateRequestsPer{per}PerProjectPerModel{tier}",
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": str(limit),
    }
    link = {
        "description": "Learn more about Gemini API quotas",
        "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
    }
    return google_error(
        429,
        message,
        details=[
            {"@type": "QuotaFailure", "violations": [violation]},
            {"@type": "Help", "links": [link]},
            {"@type": "RetryInfo", "retryDelay": f"{delay:g}s"},
        ],
    )


ERRORS = {
    "429": "a quota of requests a minute, `429=2.5` seconds to wait (RetryInfo)",
    "429-day": "a quota of requests a day; RetryInfo gives seconds all the same, as the real one",
    "429-free": "a quota of 0: the model is not in the free tier",
    "429-spend": "the spend limit of 10 minutes; no details",
    "429-bare": "429 without details",
    "400": "INVALID_ARGUMENT in general",
    "401": "UNAUTHENTICATED",
    "403": "PERMISSION_DENIED: the API is not enabled for the project",
    "404": "NOT_FOUND: the model does not exist",
    "500": "INTERNAL",
    "502": "UNAVAILABLE",
    "503": "UNAVAILABLE: overloaded",
    "504": "DEADLINE_EXCEEDED",
    "invalid-key": "API_KEY_INVALID, status 400",
    "leaked-key": "403: the key was reported as leaked",
    "echo-key": "400 whose message repeats the key",
    "forbidden": "the same as 403",
    "location": "400 FAILED_PRECONDITION: not available in the user's country",
    "billing": "400 FAILED_PRECONDITION: billing has to be enabled",
    "retired": "the same as 404",
    "schema-too-complex": "400: too many states for serving",
    "error-list": "a 500 whose body is a list with the error in it",
    "error-text": "a 500 whose body is plain text",
}


def google_fault(  # noqa: PLR0911, PLR0912  a case for each fault
    name: str, delay: float, *, model: str, key: str, method: str
) -> Answer:
    """The answer for a fault of ERRORS."""
    match name:
        case "429":
            return quota(delay, model=model, per="Minute", limit=15)
        case "429-day":
            return quota(delay, model=model, per="Day", limit=250)
        case "429-free":
            return quota(delay, model=model, per="Day", limit=0)
        case "429-spend":
            return google_error(429, "Your project has exceeded its spend-based rate limit.")
        case "429-bare":
            return google_error(429, "Resource has been exhausted (e.g. check quota).")
        case "403" | "forbidden":
            message = (
                "Generative Language API has not been used in project 1234 before or it is "
                "disabled."
            )
            info = error_info("SERVICE_DISABLED", consumer="projects/1234")
            return google_error(403, message, details=[info])
        case "404" | "retired":
            return model_not_found(model, "v1beta", method)
        case "invalid-key":
            return key_invalid()
        case "leaked-key":
            return google_error(
                403, "Your API key was reported as leaked. Please use another API key."
            )
        case "echo-key":
            return key_invalid(f"API key {key} is not valid for this service.")
        case "location":
            return google_error(
                400,
                "User location is not supported for the API use.",
                name="FAILED_PRECONDITION",
            )
        case "billing":
            message = "Gemini API free tier is not available. Please enable billing on project."
            return google_error(400, message, name="FAILED_PRECONDITION")
        case "schema-too-complex":
            return google_error(
                400,
                "The specified schema produces a constraint that has too many states for serving.",
            )
        case "error-list":
            error = {
                "code": 500,
                "message": "An internal error has occurred.",
                "status": "INTERNAL",
            }
            return reply([{"error": error}], status=500)
        case "error-text":
            return Answer(500, [b"stream terminated by RST_STREAM\n"], "text/plain")
    words = {
        "400": "Request contains an invalid argument.",
        "401": "Request had invalid authentication credentials.",
        "500": "An internal error has occurred. Please retry or report in "
        "https://developers.generativeai.google/guide/troubleshooting",
        "502": "The service is currently unavailable.",
        "503": "The model is overloaded. Please try again later.",
        "504": "Deadline expired before operation could complete.",
    }
    return google_error(int(name), words[name])


def model_not_found(model: str, version: str, method: str) -> Answer:
    return google_error(
        404,
        f"models/{model} is not found for API version {version}, or is not supported for "
        f"{method}. Call ListModels to see the list of available models and their supported "
        "methods.",
    )


def check_key(service: Service, entry: Entry) -> None:
    """Refuse a request without the right key, as Google does: a wrong one with status 400."""
    if service.options.key is None:
        return
    if entry.key_is_right and entry.key != "authorization":
        return
    if entry.key == "authorization":
        message = (
            "Request had invalid authentication credentials. Expected OAuth 2 access token, "
            "login cookie or other valid authentication credential."
        )
        info = error_info("ACCESS_TOKEN_TYPE_UNSUPPORTED")
        raise refuse(google_error(401, message, details=[info]))
    if not entry.key:
        raise refuse(
            google_error(
                403,
                "Method doesn't allow unregistered callers (callers without established identity)."
                " Please use API Key or other form of API consumer identity to call this API.",
            )
        )
    raise refuse(key_invalid())


def json_object(request: Request) -> dict[str, Any]:
    """The body, which must be a JSON object."""
    try:
        body = request.json
    except ValueError:
        raise refuse(
            google_error(400, "Invalid JSON payload received. Unexpected end of string.")
        ) from None
    if not isinstance(body, dict):
        raise refuse(invalid("Invalid value (Object), the payload is not an object."))
    return body


# A message is a mapping from field names to what may stand there: a type's name, another message,
# a list of one of these for a repeated field, or a mapping of enum names to integers under "enum".
Shape = Any


class Enum:
    """An enum of the API: names, and the integers that the old SDK sends in their place."""

    def __init__(self, name: str, **values: int) -> None:
        self.name = name
        self.values = values
        self.names = {number: name for name, number in values.items()}


def check_shape(value: Any, shape: Shape, *, path: str = "", where: str = "") -> Any:
    """`value` with camelCase names and enum names, once it fits `shape`.

    Refuses unknown fields and wrong types in Google's words.
    """
    if isinstance(shape, list):
        if not isinstance(value, list):
            # Google takes a single message for a list of one.
            value = [value]
        return [
            check_shape(item, shape[0], path=f"{path}[{number}]", where=where)
            for number, item in enumerate(value)
        ]
    if isinstance(shape, dict):
        return _check_message(value, shape, path)
    if isinstance(shape, Enum):
        return _check_enum(value, shape, path)
    return _check_scalar(value, shape, path)


def _check_message(value: Any, shape: dict[str, Shape], path: str) -> dict[str, Any]:
    if isinstance(value, list):
        raise refuse(
            invalid(
                f'Invalid JSON payload received. Unknown name "{path.rpartition(".")[2]}" at '
                f"'{path.rpartition('.')[0]}': Proto field is not repeating, cannot start list.",
                field=path,
            )
        )
    if not isinstance(value, dict):
        raise refuse(invalid(f"Invalid value at '{path}' (message), {_quoted(value)}", field=path))
    checked: dict[str, Any] = {}
    for name, item in value.items():
        camel = re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
        if camel not in shape:
            at = f" at '{path}'" if path else ""
            raise refuse(
                invalid(
                    f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.',
                    field=path,
                )
            )
        if camel in checked:
            raise refuse(invalid(f"Invalid value at '{path}': {camel} is given twice.", field=path))
        if item is None:
            continue
        inner = f"{path}.{snake(camel)}" if path else snake(camel)
        inner_shape = shape[camel]
        if isinstance(inner_shape, type) and issubclass(inner_shape, Map):
            checked[camel] = _check_map(item, inner_shape, inner)
        else:
            if callable(inner_shape) and not isinstance(inner_shape, type):
                inner_shape = inner_shape()
            checked[camel] = check_shape(item, inner_shape, path=inner)
    return checked


class Map:
    """Base of shapes that map any name to `of()`."""

    @staticmethod
    def of() -> Shape:
        raise NotImplementedError


def _check_map(value: Any, shape: type[Map], path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refuse(invalid(f"Invalid value at '{path}' (Map), {_quoted(value)}", field=path))
    return {
        name: check_shape(item, shape.of(), path=f"{path}[{number}].value")
        for number, (name, item) in enumerate(value.items())
    }


def _check_enum(value: Any, shape: Enum, path: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and value in shape.names:
        return shape.names[value]
    if isinstance(value, str) and value.upper() in shape.values:
        return value.upper()
    raise refuse(
        invalid(
            f"Invalid value at '{path}' (type.googleapis.com/google.ai.generativelanguage.v1beta."
            f"{shape.name}), {_quoted(value)}",
            field=path,
        )
    )


def _check_scalar(value: Any, kind: str, path: str) -> Any:
    if kind == "any":
        return value
    fits = {
        "TYPE_STRING": isinstance(value, str),
        "TYPE_BOOL": isinstance(value, bool),
        "TYPE_INT32": _integer(value, 2**31),
        "TYPE_INT64": _integer(value, 2**63),
        "TYPE_FLOAT": isinstance(value, int | float) and not isinstance(value, bool),
        "TYPE_BYTES": isinstance(value, str),
    }[kind]
    if not fits:
        raise refuse(invalid(f"Invalid value at '{path}' ({kind}), {_quoted(value)}", field=path))
    if kind == "TYPE_BYTES":
        try:
            return base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            raise refuse(
                invalid(
                    f"Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed for "
                    f"{_quoted(value[:40])}",
                    field=path,
                )
            ) from None
    return int(value) if kind in ("TYPE_INT32", "TYPE_INT64") else value


def _integer(value: Any, bound: int) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, str):
        return bool(re.fullmatch(r"-?\d{1,19}", value)) and -bound <= int(value) < bound
    return isinstance(value, int | float) and value == int(value) and -bound <= value < bound


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)
