"""The errors that a Google API answers before any work, by the names of their faults."""

from fakes.google import (
    error_info,
    google_error,
    key_invalid,
    model_not_found,
    quota,
)
from fakes.message import Answer, html_error, reply

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
    "echo-key-title": "502 with a web page whose title repeats the key",
    "echo-key-code": "400 whose status repeats the key",
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
        case "echo-key-title":
            return html_error(502, f"No upstream for {key}")
        case "echo-key-code":
            return google_error(400, "Request contains an invalid argument.", name=f"KEY_{key}")
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
