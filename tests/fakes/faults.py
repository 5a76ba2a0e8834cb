"""Which fault befalls which request: a script consumed in order, or rates drawn from a seed.

A fault is written `name`, `name=value`, `step/name`, `name*3` (three times) or `name*` (for ever):
"429", "429=2.5", "image/blocked", "503*", "download/404".
"""

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

# Steps that cost a provider work; a fault without a step befalls only these.
WORK = ("text", "image")
STEPS = (*WORK, "models", "poll", "result", "cancel", "download")

# Known to every service, whatever it answers.
DELIVERY = {
    "reset-before": "the connection is reset before the request is worked on; nothing is paid",
    "lost": "the work is done and paid, then the connection is reset without an answer",
    "reset": "the work is done and paid, the connection is reset in the middle of the body",
    "cut": "the connection closes in the middle of the body, which is shorter than announced",
    "hang": "the work is done and paid, and no answer ever comes",
    "slow": "the body comes in 20 pieces, `slow=0.1` seconds apart",
    "stall": "half of the body comes, then nothing more",
    "truncated-json": "a whole HTTP answer, whose body ends in the middle",
    "empty": "status 200 with an empty body",
    "html": "status 200 with a web page, as a hotel's network sends; nothing is paid",
    "html-502": "status 502 with a web page, as a proxy sends; nothing is paid",
    "not-json": "status 200 with plain text; nothing is paid",
    "huge": "a body that goes on for `huge=300` megabytes, its length not announced",
    "huge-declared": "a body announced as 10 GB",
    "bomb": "64 MB of spaces before the body, compressed with gzip to 64 KB",
    "gzip": "the right answer, compressed with gzip",
    "redirect": "status 302 to another host (`redirect=URL`); nothing is paid",
}
# Something else answers in the place of the service, which does no work.
INSTEAD = ("html", "html-502", "not-json", "redirect")


@dataclass(frozen=True)
class Fault:
    name: str = "ok"
    value: str = ""
    steps: tuple[str, ...] = WORK

    def __bool__(self) -> bool:
        return self.name != "ok"

    def __eq__(self, other: object) -> bool:
        return self.name == (other.name if isinstance(other, Fault) else other)

    __hash__ = None  # type: ignore[assignment]

    def befalls(self, step: str) -> bool:
        return step in self.steps

    def number(self, default: float) -> float:
        """The value after "=" as a number."""
        return float(self.value) if self.value else default


def parse_fault(text: str, known: Mapping[str, Collection[str]]) -> tuple[Fault, int | None]:
    """The fault that `text` stands for, and how often it comes (None: for ever).

    Args:
        known: the steps that each fault can befall.

    Raises:
        ValueError: there is no such fault, or not in this step.
    """
    found = re.fullmatch(r"(?:([a-z]+)/)?([^=*]+)(?:=(.*?))?(\*\d*)?", text, re.S)
    if found is None:
        raise ValueError(f"a fault is written step/name=value*times, not {text!r}")
    step, name, value, times = found.groups()
    if name not in known:
        raise ValueError(f"no such fault here: {text!r} (known: {', '.join(sorted(known))})")
    if step is not None and step not in known[name]:
        raise ValueError(f"{text!r} cannot be, {name!r} befalls {', '.join(known[name])}")
    often = 1 if times is None else int(times[1:]) if times[1:] else None
    steps = (step,) if step else tuple(one for one in WORK if one in known[name])
    return Fault(name, value or "", steps), often


class Faults:
    """Draws the fault for each request.

    Args:
        plan: a script, or shares of requests by fault.
        known: the faults that the service has, with the steps that each can befall.
        seed: for rates.

    Raises:
        ValueError: the plan names a fault that is not known.
    """

    def __init__(
        self,
        plan: Sequence[str] | Mapping[str, float],
        *,
        known: Mapping[str, Collection[str]],
        seed: int,
    ) -> None:
        if isinstance(plan, str):
            raise ValueError(f"faults are a list or a mapping, not the text {plan!r}")
        parsed = [(*parse_fault(text, {"ok": STEPS, **known}), text) for text in plan]
        self._script: list[tuple[Fault, int | None]] = []
        self._rates: list[tuple[Fault, float]] = []
        if isinstance(plan, Mapping):
            self._rates = [(fault, plan[text]) for fault, _, text in parsed]
        else:
            self._script = [(fault, times) for fault, times, _ in parsed]
        self._seed = seed
        self._met: Counter[tuple[str, bytes]] = Counter()

    def draw(self, step: str, content: bytes) -> Fault:
        """The fault for a request of this step.

        Rates are drawn from the seed, the request's content, and how often that content was met,
        so that outcomes do not depend on the order in which requests arrive.
        """
        for place, (fault, times) in enumerate(self._script):
            if fault.befalls(step):
                if times == 1:
                    del self._script[place]
                elif times is not None:
                    self._script[place] = (fault, times - 1)
                return fault
        if not self._rates:
            return Fault()
        digest = hashlib.sha256(content).digest()
        attempt = self._met[step, digest]
        self._met[step, digest] += 1
        drawn = fraction(self._seed, step, digest, attempt)
        for fault, rate in self._rates:
            if fault.befalls(step):
                if drawn < rate:
                    return fault
                drawn -= rate
        return Fault()

    @property
    def left(self) -> list[str]:
        """What of the script has not happened yet."""
        return [fault.name for fault, times in self._script if times is not None]


def fraction(*of: object) -> float:
    """A number from 0 up to 1 that depends on `of` alone."""
    digest = hashlib.sha256(repr(of).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
