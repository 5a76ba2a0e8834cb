"""Answers of the hub that are no good: status and headers go in; what to say of them comes out."""

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from imagine.stages.errors import ConfigError, ImagineError, ProviderError, UsageError

if TYPE_CHECKING:
    import httpx


class TransientError(Exception):
    """Another attempt may help; `told` is what is said when none did."""

    def __init__(self, told: ImagineError) -> None:
        super().__init__(str(told))
        self.told = told


def failure_of(response: "httpx.Response", model: str, *, address: str, keyed: bool) -> Exception:
    """What an answer means.

    Args:
        model: the id that was asked about.
        address: of the hub.
        keyed: whether a token went along.

    Returns:
        A TransientError, or what is to be raised at once.
    """
    status, code = response.status_code, response.headers.get("x-error-code", "")
    host, page = urlsplit(address).hostname, f"{address}/{model}"
    tokens = f"{address}/settings/tokens"
    if code == "GatedRepo":
        own = "with the account of your HF_TOKEN"
        other = "and set HF_TOKEN to a token of that account"
        return ConfigError(
            f"The model {model} is for those who accepted its licence: do so at {page}, "
            f"{own if keyed else other} ({tokens})."
        )
    if code == "RevisionNotFound":
        return UsageError(f"The model {model} has no such revision; see {page}.")
    if code == "RepoNotFound" or status == HTTPStatus.NOT_FOUND:
        private = "" if keyed else ", or set HF_TOKEN if it is a private one of yours"
        return UsageError(f"There is no model '{model}' on {host}; check the name{private}.")
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return ConfigError(
            f"{host} does not give out {model} ({status}); check HF_TOKEN ({tokens})."
        )
    failed = ProviderError(f"{host} fails ({status}); run it again later.")
    again = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return TransientError(failed) if again else failed
