"""Recipe: everything that made one picture, in and out as JSON.

A saved picture carries its recipe; `imagine show` prints it and `imagine replay` draws it again.
It holds no key and no path of the machine that drew it.
"""

import json
from math import isfinite
from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
)

from imagine.stages.document import decode, texts_in
from imagine.stages.errors import SpecError, shown
from imagine.stages.image import HIRES_STRENGTH, HiresFix, ImageRequest, Lora
from imagine.stages.render import Profile
from imagine.stages.spec import (
    MAX_PROMPT_LENGTH,
    UNSTORABLE,
    PromptSpec,
    like,
    spec_from_dict,
    unstorable_shown,
)
from imagine.stages.validation import fault_sentence, value_shown

Seed = Annotated[int, Field(ge=0, lt=2**32)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Parameter = float | int | bool | str | None
# Second resolution and always UTC, so that equal recipes are equal text.
Timestamp = Annotated[
    str,
    like(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
        "a time in UTC such as 2026-11-22T01:02:03Z",
    ),
]


def _storable(text: str) -> str:
    return UNSTORABLE.sub("\ufffd", text.replace("\r\n", "\n"))


# Parameters that a request is made of again, where they are there.
NUMBERS = (
    "num_inference_steps",
    "guidance_scale",
    "strength",
    "hires_scale",
    "hires_strength",
)
# Words of a backend or provider: a control character among them must not cost the picture.
Told = Annotated[str, AfterValidator(_storable)]


class _Record(BaseModel):
    # A field that a newer version wrote is no reason to refuse its picture.
    model_config = ConfigDict(extra="ignore", frozen=True)


class UsageRecord(_Record):
    """What a provider counted, as in imagine.stages.money.usage."""

    calls: Count = 0
    input_tokens: Count = 0
    output_tokens: Count = 0
    image_tokens: Count = 0
    images: Count = 0


class CostRecord(_Record):
    """US dollars that the picture cost, as in imagine.stages.money.cost; null where unknown.

    A description that several pictures share is charged to the first.
    """

    enhance: Dollars | None = None
    generate: Dollars | None = None
    prices: Told | None = None
    """Date of the price list."""


class ReferenceRecord(_Record):
    """A reference picture that went in; its name and place are nobody's business."""

    sha256: Annotated[str, like(r"[0-9a-f]{64}", "a sha256 in hexadecimal")]


class LoraRecord(_Record):
    """A LoRA that it was drawn with; where its file lay is nobody's business."""

    name: Told
    weight: Annotated[float, Field(allow_inf_nan=False)] = 1.0


class EnhancerRecord(_Record):
    """Who filled the description."""

    name: str
    model: Told
    """What served the request, as the enhancer names it."""
    seed: Seed
    template: Told | None = None
    """Hash of the instructions, schema and settings that went with the prompt."""
    cached: bool = False
    """The answer was paid for by an earlier run."""
    images: bool = False
    """The reference pictures were shown to it."""
    reasked: tuple[Told, ...] = ()
    """What was wrong with its first answer, when it was asked a second time."""
    usage: UsageRecord | None = None


class RefinementRecord(_Record):
    """One change that the user asked for, as in imagine.stages.refine."""

    instruction: Told
    source_prompt: Told
    """The prompt as it was before."""


class FindingRecord(_Record):
    """One thing that the guard found, as in imagine.stages.guard."""

    kind: str
    detail: Told
    action: Told


class GuardRecord(_Record):
    """What the guard found in the description and did about it."""

    findings: tuple[FindingRecord, ...] = ()
    clean: bool


class BackendRecord(_Record):
    """Who drew the picture, and with what."""

    name: str
    model: Told
    """The model that served the request, as the backend names it."""
    trained: bool
    """Whether that model was trained on sampled data; decides the IPTC digital source type."""
    parameters: dict[str, Parameter]
    """Every effective parameter; `width`, `height` (pixels) and `seed` are always among them.

    `hires_scale` and `hires_strength` stand for a second pass, and the size is that of the first.
    """
    loras: tuple[LoraRecord, ...] = ()

    @field_validator("parameters", mode="before")
    @classmethod
    def _values_are_plain(cls, parameters: object) -> object:
        for name, value in parameters.items() if isinstance(parameters, dict) else ():
            plain = value is None or isinstance(value, int | float | str)
            if not plain or (isinstance(value, float) and not isfinite(value)):
                raise ValueError(
                    f"holds {value_shown(value)} as '{shown(name)}', no text and no number"
                )
        return parameters

    @field_validator("parameters")
    @classmethod
    def _request_can_be_made(cls, parameters: dict[str, Parameter]) -> dict[str, Parameter]:
        for name, low, high in (("width", 1, 2**20), ("height", 1, 2**20), ("seed", 0, 2**32 - 1)):
            value = parameters.get(name)
            if type(value) is not int or not low <= value <= high:
                raise ValueError(
                    f"holds {value_shown(value)} as {name}, no whole number from {low} to {high}"
                )
        for name in NUMBERS:
            value = parameters.get(name)
            if value is not None and not isinstance(value, int | float):
                raise ValueError(f"holds {value_shown(value)} as {name}, no number")
        scheduler = parameters.get("scheduler")
        if scheduler is not None and not isinstance(scheduler, str):
            raise ValueError(f"holds {value_shown(scheduler)} as scheduler, no text")
        return parameters


class UpscaleRecord(_Record):
    """One enlargement of a picture, as in imagine.stages.upscale."""

    upscaler: str
    model: Told = ""
    """What served the request, as the upscaler names it."""
    trained: bool = False
    """Whether that was trained on sampled data; decides the IPTC digital source type."""
    invents: bool = False
    """Whether that draws details which the picture did not hold; decides it as well."""
    from_width: Annotated[int, Field(ge=1)]
    from_height: Annotated[int, Field(ge=1)]
    """Pixels of the picture before."""
    width: Annotated[int, Field(ge=1)]
    height: Annotated[int, Field(ge=1)]
    """Pixels of the result."""
    full_width: Annotated[int, Field(ge=1)]
    full_height: Annotated[int, Field(ge=1)]
    """What the whole picture was enlarged to; the result is the middle of that."""
    denoise: int | None = None
    sharpen: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """As the option `--sharpen`; 0 for not at all."""
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    """What the upscaler used beside: "tile", "creativity", ..."""
    source_sha256: Annotated[str, like(r"[0-9a-f]{64}", "a sha256 in hexadecimal")] | None = None
    """Of the file that was enlarged; None where it went on at once from drawing."""
    cost: Dollars | None = None
    """US dollars; None where nothing was paid, or nobody knows."""


class Recipe(_Record):
    """Everything that made one picture, schema version 1."""

    schema_version: Literal[1] = 1
    program: str
    """Name and version: "imagine 0.1.0"."""
    created: Timestamp
    """When it was drawn, ISO 8601 in UTC with seconds: "2026-11-22T01:02:03Z"."""
    source_prompt: Annotated[str, Field(min_length=1, max_length=MAX_PROMPT_LENGTH)]
    """The user's words, verbatim."""
    spec: PromptSpec
    prompt: str
    """The final prompt that the backend received."""
    negative_prompt: str | None = None
    profile: Profile
    dropped: tuple[str, ...] = ()
    """What rendering left out of the prompt."""
    enhancer: EnhancerRecord | None = None
    """None when the prompt was not enhanced."""
    style_presets: tuple[str, ...] = ()
    refined: tuple[RefinementRecord, ...] = ()
    """Changes to the first description, in order; `source_prompt` has the words of the last."""
    guard: GuardRecord | None = None
    """None when there was nothing to guard."""
    backend: BackendRecord
    usage: UsageRecord | None = None
    """None for a backend that counts nothing."""
    finish_reason: Told | None = None
    """The provider's own word for how it ended."""
    references: tuple[ReferenceRecord, ...] = ()
    """Reference pictures that it was drawn from."""
    mask: ReferenceRecord | None = None
    """What of the first of them was drawn anew; None for all of it."""
    original: bool = False
    """The file's picture data are the provider's own bytes."""
    cost: CostRecord | None = None
    """None when nothing was paid."""
    upscales: tuple[UpscaleRecord, ...] = ()
    """What enlarged it after it was drawn, in order."""
    notes: tuple[Told, ...] = ()
    timings: dict[str, Seconds] = Field(default_factory=dict)
    """Seconds by stage."""

    @field_serializer("spec")
    def _spec_without_empty_slots(self, spec: PromptSpec) -> dict[str, Any]:
        return spec.to_dict()

    def to_request(self) -> ImageRequest:
        """The request that drew the picture; its `to_json` gives the same bytes again.

        Reference pictures and a mask are not among it: a recipe only knows their hashes.
        """
        parameters = cast("dict[str, Any]", self.backend.parameters)
        scale = parameters.get("hires_scale")
        strength = parameters.get("hires_strength", HIRES_STRENGTH)
        return ImageRequest(
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            spec=self.spec,
            width=parameters["width"],
            height=parameters["height"],
            seed=parameters["seed"],
            num_inference_steps=parameters.get("num_inference_steps"),
            guidance_scale=parameters.get("guidance_scale"),
            strength=parameters.get("strength"),
            loras=tuple(Lora(lora.name, lora.weight) for lora in self.backend.loras),
            scheduler=parameters.get("scheduler"),
            hires_fix=None if scale is None else HiresFix(scale, strength),
        )

    def to_json(self, *, indent: int | None = None) -> str:
        """The recipe as text that `parse_recipe` reads back to an equal recipe.

        Args:
            indent: None for one line, or the spaces of an indentation level.
        """
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, indent=indent)


def parse_recipe(text: str, *, origin: str = "The recipe") -> Recipe:
    """Read a recipe from JSON text; unknown fields are ignored, except in the nested spec.

    Args:
        text: the document.
        origin: what to call it in an error, usually the file name.

    Raises:
        SpecError: the text is not JSON, holds no recipe or a control character, or breaks a rule
            of the schema.
    """
    document = decode(text, "json", origin=origin)
    if not isinstance(document, dict) or not isinstance(document.get("spec"), dict):
        raise SpecError(f"{origin} holds no recipe; name a picture or sidecar made by imagine.")
    version = document.get("schema_version")
    if version != 1:
        raise SpecError(
            f"{origin} has recipe schema version {value_shown(version)}, this program reads "
            "version 1; use the version of imagine that wrote it."
        )
    # What JSON can escape, but no file keeps, and what would drive the terminal that shows it.
    found = next((hit for text in texts_in(document) if (hit := UNSTORABLE.search(text))), None)
    if found:
        raise SpecError(f"{origin} contains {unstorable_shown(found[0])}; use the original file.")
    spec = spec_from_dict(document["spec"], origin=f"{origin}: spec")
    try:
        return Recipe.model_validate(document | {"spec": spec})
    except ValidationError as error:
        raise SpecError(fault_sentence(error, Recipe, origin=origin)) from error
