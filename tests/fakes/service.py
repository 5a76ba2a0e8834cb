"""Service: what every fake provider has in common, and the Options it is started with."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fakes.clock import Clock
from fakes.describe import describe_prompt
from fakes.faults import DELIVERY, STEPS, WORK, Fault
from fakes.limits import Excess
from fakes.log import Entry
from fakes.message import Answer, RefusedRequest, Request
from fakes.pictures import Kind, Picture, draw, enlarge
from fakes.revise import instruction_in, revise_prompt

Work = Callable[[Fault], Answer]

# Damage that any picture can suffer on its way; the service puts it into its own reply.
PICTURE_FAULTS = {
    "half-png": "the picture's bytes end in the middle",
    "wrong-size": "the picture is half as wide and half as high as asked for",
    "wrong-type": "the picture is a JPEG (or a PNG) under the other's type",
    "not-a-picture": "text stands where the picture should be",
    "bomb-png": "a PNG whose header claims 60000x60000 pixels",
    "empty-picture": "a picture of no bytes",
}


@dataclass
class Options:
    """How a service is to behave.

    Attributes:
        key: the only right key; None takes any, or none.
        seed: varies descriptions.
        megabytes: of noise in every picture.
        tiny: pictures are of a few kB, whatever their size, for tests of very many.
        signed: pictures carry a C2PA box; None leaves that to the service.
        answers: what the text model says instead of a description made up from the schema, in
            turn: a text as it is, anything else as JSON.
        format: of Gemini's pictures, which no request chooses. The real 3.x models answer JPEG,
            as "jpeg" makes them do here; PNG is the default since a file's name then tells what
            is in it.
        usage: whether replies report usage.
        habit: name of the server that is imitated, where a service has several.
    """

    key: str | None
    seed: int = 0
    megabytes: float = 0.0
    tiny: bool = False
    signed: bool | None = None
    answers: list[Any] = field(default_factory=list)
    format: Kind = "png"
    usage: bool = True
    habit: str = ""


class Service:
    """A provider: accepts or refuses a request, and does the work."""

    name: ClassVar[str]
    # What the base URL ends with.
    suffix: ClassVar[str] = ""
    # Pictures are signed unless Options says otherwise.
    signs: ClassVar[bool] = False
    # Fault names, with what they do; those in `errors` answer before any work, in any step.
    errors: ClassVar[Mapping[str, str]] = {}
    text_faults: ClassVar[Mapping[str, str]] = {}
    image_faults: ClassVar[Mapping[str, str]] = {}

    # Seconds that the work at hand takes; set by the server before it calls for the work.
    latency: float = 0.0

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = Clock()

    @classmethod
    def faults(cls) -> dict[str, tuple[str, ...]]:
        """Every fault that this service can have, with the steps that it can befall."""
        known: dict[str, tuple[str, ...]] = dict.fromkeys([*DELIVERY, *cls.errors], STEPS)
        for name in [*cls.text_faults, *cls.image_faults]:
            tables = (cls.text_faults, cls.image_faults)
            known[name] = tuple(
                step for step, table in zip(WORK, tables, strict=True) if name in table
            )
        return known

    @classmethod
    def key_for(cls, habit: str) -> str | None:
        """The right key, unless Options names another."""
        return f"test-key-{cls.name}"

    def step(self, request: Request) -> str:
        """What kind of request this is: "text", "image", "models", "download", ..."""
        raise NotImplementedError

    def accept(self, request: Request, entry: Entry) -> Work:
        """Check a request; what is returned does the work.

        Raises:
            RefusedRequest: the provider would not accept it.
        """
        raise NotImplementedError

    def reject(self, fault: Fault, model: str = "") -> Answer:
        """The answer for a fault that is in `errors`, to a request for this model."""
        raise NotImplementedError

    def limited(self, excess: Excess) -> Answer:
        """The answer to a request over the limit."""
        raise NotImplementedError

    def describe(self, prompt: str, said: str, schema: Any, *, wording: str = "") -> Any:
        """What the text model answers: the next of `answers`, a description, or changes to one.

        Args:
            said: the user's message, which an <instruction> in it makes a wish for changes.
        """
        if self.options.answers:
            return self.options.answers.pop(0)
        if instruction_in(said):
            return revise_prompt(prompt, said, schema)
        return describe_prompt(prompt, schema, seed=self.options.seed, wording=wording)

    def draw(
        self,
        width: int,
        height: int,
        *,
        prompt: str,
        fault: Fault,
        number: int = 0,
        kind: Kind = "png",
        black: bool = False,
    ) -> Picture:
        """A picture, damaged when the fault is one of a picture's."""
        if fault == "wrong-size":
            width, height = max(1, width // 2), max(1, height // 2)
        signed = self.signs if self.options.signed is None else self.options.signed
        picture = draw(
            width,
            height,
            prompt=prompt,
            number=number,
            kind=kind,
            megabytes=self.options.megabytes,
            tiny=self.options.tiny,
            signed=signed,
            black=black,
        )
        return damaged(picture, fault)

    def enlarge(
        self, image: bytes, width: int, height: int, *, fault: Fault, kind: Kind = "png"
    ) -> Picture:
        """A picture resampled, damaged when the fault is one of a picture's."""
        if fault == "wrong-size":
            width, height = max(1, width // 8), max(1, height // 8)
        return damaged(enlarge(image, width, height, kind=kind), fault)


def damaged(picture: Picture, fault: Fault) -> Picture:
    """A picture as a fault of a picture's leaves it, or as it is."""
    match fault.name:
        case "half-png":
            return picture.damaged(picture.bytes[: len(picture.bytes) // 2])
        case "wrong-type":
            other = "image/png" if picture.mime == "image/jpeg" else "image/jpeg"
            return picture.damaged(picture.bytes, mime=other)
        case "not-a-picture":
            return picture.damaged(b"This is no picture but a sentence about one.\n" * 5)
        case "bomb-png":
            claimed = (60000).to_bytes(4, "big")
            return picture.damaged(picture.bytes[:16] + claimed * 2 + picture.bytes[24:])
        case "empty-picture":
            return picture.damaged(b"")
    return picture


def refuse(answer: Answer) -> RefusedRequest:
    """To be raised: the request is not accepted, and this is the answer."""
    if answer.outcome == "ok":
        answer.outcome = "refused"
    return RefusedRequest(answer)


def listed(names: Iterable[object]) -> str:
    return ", ".join(f"'{name}'" for name in names)
