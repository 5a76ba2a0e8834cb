"""Google's way of saying no: error bodies, key checks, and checks of JSON against its messages."""

from collections.abc import Mapping, Sequence
from typing import Any

from fakes.limits import Excess
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


def over_limit(excess: Excess, *, model: str, free: bool = True) -> Answer:
    """A 429 for a request too many a minute, or at a time: of the latter Google has no quota."""
    delay = round(excess.delay, 3)
    if excess.per_minute is not None:
        return quota(delay, model=model, per="Minute", limit=excess.per_minute, free=free)
    info = {"@type": "RetryInfo", "retryDelay": f"{delay:g}s"}
    return google_error(429, "Resource has been exhausted (e.g. check quota).", details=[info])


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
