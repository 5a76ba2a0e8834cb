"""Waits: as servers write them in bodies and headers they go in, seconds come out; as people read
them seconds go in.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = 1e12
# A number this large in a reset header is a date (seconds since 1970), not a duration.
_EPOCH = 1e9


def seconds_of(value: Any) -> float | None:
    """A duration as servers write it: 2.5, "2.5", "2.5s", "1m30s", {"seconds": 2, "nanos": 5}."""
    if isinstance(value, str):
        return _seconds_of_text(value.strip())
    if isinstance(value, dict) and (value.keys() & {"seconds", "nanos"}):
        seconds, nanos = seconds_of(value.get("seconds", 0)), seconds_of(value.get("nanos", 0))
        return None if seconds is None or nanos is None else seconds + nanos / 1e9
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < _LONGEST else None


def _seconds_of_text(text: str) -> float | None:
    if re.fullmatch(r"\d{1,12}(\.\d{1,12})?", text):
        return float(text)
    if text and len(text) < 40 and not _DURATION.sub("", text):
        return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text))
    return None


def asked_by_headers(headers: Mapping[str, str], *, limited: bool) -> float | None:
    """Retry-After as seconds or date; failing that, when a limit that is used up is renewed."""
    if (thousandths := seconds_of(headers.get("retry-after-ms"))) is not None:
        return thousandths / 1000
    if asked := headers.get("retry-after"):
        if (seconds := seconds_of(asked)) is not None:
            return seconds
        try:
            date = parsedate_to_datetime(asked)
        except ValueError:
            return None
        now = datetime.now(UTC) if date.tzinfo else datetime.now(UTC).replace(tzinfo=None)
        return max(0.0, (date - now).total_seconds())
    return _renewal(headers) if limited else None


def _renewal(headers: Mapping[str, str]) -> float | None:
    """x-ratelimit-reset, ratelimit-reset and their like, of the limits that are used up."""
    renewals = []
    for name, value in headers.items():
        base, found, kind = name.partition("ratelimit-reset")
        if (
            not found
            or base not in ("", "x-")
            or headers.get(f"{base}ratelimit-remaining{kind}") not in (None, "0")
        ):
            continue
        if (seconds := seconds_of(value)) is not None:
            now = datetime.now(UTC).timestamp()
            renewals.append(max(0.0, seconds - now) if seconds > _EPOCH else seconds)
    return max(renewals, default=None)


def seconds_shown(seconds: float) -> str:
    """A wait as messages name it."""
    if seconds < 10:
        return f"{max(seconds, 0.1):.1f} s".replace(".0 ", " ")
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
