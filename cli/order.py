"""What one command line asks for, settled: options and settings in, an Order out."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from imagine.cli.settings import Settings, config_directory
from imagine.stages.errors import SpecError, UsageError, did_you_mean, shown, unknown_name

if TYPE_CHECKING:
    from imagine.cli.services import Services
    from imagine.stages.drawing import DrawingOptions
    from imagine.stages.enhance import Enhancer
    from imagine.stages.enlargement import Enlarging
    from imagine.stages.generate import Backend
    from imagine.stages.image import HiresFix, ImageFormat, ReferenceImage
    from imagine.stages.plan import Plan
    from imagine.stages.save import Destination
    from imagine.stages.spec import PromptSpec, SpecFormat
    from imagine.stages.styles import StylePreset
    from imagine.stages.upscale import Upscaler

FORMATS = ["png", "jpg", "webp", "avif"]


@dataclass(frozen=True, slots=True)
class Saving:
    """Where and how pictures are saved; mostly the keyword arguments of `save_image`.

    Attributes:
        received_quality: `quality` for what a provider sent, which is kept as it came unless the
            command line itself asks for another one.
    """

    destination: "Destination"
    name_template: str
    quality: int | None
    received_quality: int | None
    metadata: bool
    sidecar: bool
    overwrite: bool


def choose_styles(settings: Settings, names: list[str] | None) -> "list[StylePreset]":
    """The presets to apply, in order: those named, else those of the settings.

    Raises:
        UsageError: an unknown name.
        ConfigError: a preset file of the user's is wrong.
    """
    return named_styles(names or settings.items("style"))


def named_styles(names: list[str]) -> "list[StylePreset]":
    """The presets called `names`; errors as in `choose_styles`."""
    names = [part.strip() for name in names for part in name.split(",") if part.strip()]
    if not names:
        return []
    from imagine.stages.styles import load_styles

    known = load_styles(config_directory() / "styles")
    for name in names:
        if name not in known:
            hint = did_you_mean(name, list(known))
            raise UsageError(f"There is no style '{name}'{hint}; see `imagine styles`.")
    return [known[name] for name in names]


def choose_size(
    settings: Settings, size: str | None, aspect_ratio: str | None
) -> tuple[tuple[int, int] | None, str | None]:
    """As `given_size`, with the size of the settings when neither was given."""
    from imagine.stages.image import parse_size

    configured = settings.text("size")
    if size is None and aspect_ratio is None and configured is not None:
        return parse_size(configured), None
    return given_size(size, aspect_ratio)


def given_size(
    size: str | None, aspect_ratio: str | None
) -> tuple[tuple[int, int] | None, str | None]:
    """Exact size and aspect ratio that were asked for; each may be None.

    Raises:
        UsageError: both were given, or one is malformed.
    """
    from imagine.stages.image import parse_aspect_ratio, parse_size

    if size is not None and aspect_ratio is not None:
        raise UsageError(f"--size {size} and --ar {aspect_ratio} exclude each other; give one.")
    if aspect_ratio is not None:
        parse_aspect_ratio(aspect_ratio)
    return (None if size is None else parse_size(size)), aspect_ratio


def enlarging_for(
    services: "Services",
    *,
    factor: int | None,
    upscaler: str | None,
    denoise: int | None,
    sharpen: float | None,
    again: bool = False,
) -> "Enlarging | None":
    """What is done to drawn pictures; None where nobody is to enlarge any.

    Args:
        factor: of --upscale.
        upscaler: of --upscaler.
        again: take the recorded upscaler of a picture where none is named.

    Raises:
        UsageError: an option is wrong, or goes with none that there is.
    """
    from imagine.stages.enlargement import Enlarging, check_factor

    check_factor(factor)
    named = str(services.settings.text("upscaler", upscaler))
    if named == "none" and again and upscaler is None:
        # The setting is about sizes that are asked for, not about what was done before.
        named = "auto"
    if named == "none":
        _refuse_with_none(factor, denoise, sharpen)
        return None
    return Enlarging(
        find=lambda known: services.upscaler(named, known),
        factor=factor,
        denoise=denoise,
        sharpen=sharpen,
        again=services.recorded_upscaler if again and upscaler is None else None,
        named="" if named == "auto" else named,
    )


def _refuse_with_none(factor: int | None, denoise: int | None, sharpen: float | None) -> None:
    for option, value in {
        "--upscale": None if factor == 1 else factor,
        "--denoise": denoise,
        "--sharpen": sharpen,
    }.items():
        if value is not None:
            raise UsageError(
                f"{option} {value:g} needs somebody who enlarges, and the upscaler is none; name "
                "one with --upscaler, or leave it out."
            )


def fixed_upscaler(services: "Services", option: str | None) -> "Upscaler | None":
    """The upscaler that was named; None where each picture gets one that suits it.

    Raises:
        UsageError, ConfigError, LocalBackendError: it cannot be used.
    """
    named = services.settings.text("upscaler", option)
    return None if named == "auto" else services.upscaler(named)[0]


def refuse_without_enlarging(
    *, upscaler: str | None, denoise: int | None, sharpen: float | None
) -> None:
    """Refuse options about enlarging where nothing is enlarged.

    Raises:
        UsageError: naming the option.
    """
    for option, value in {
        "--upscaler": None if upscaler in ("auto", "none") else upscaler,
        "--denoise": denoise,
        "--sharpen": sharpen,
    }.items():
        if value is not None:
            raise UsageError(
                f"{option} {value} goes with --upscale, or with a --size that the backend does not "
                "draw; add one, or leave it out."
            )


def choose_saving(
    settings: Settings,
    *,
    output: str | None,
    name: str | None,
    format: str | None,
    quality: int | None,
    metadata: bool | None,
    sidecar: bool | None,
    overwrite: bool,
    hosted: bool,
    batch: bool = False,
) -> Saving:
    """Where and how to save.

    Args:
        hosted: a provider draws, whose pictures may need a sidecar.
        batch: of many prompts, whose items have names of their own.

    Raises:
        UsageError: options contradict each other or are malformed.
        SaveError: nothing can be written there.
    """
    from imagine.stages.save import check_destination, destination_of, split_template

    if format is not None and format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    # As text: a separator at its end says that it is a directory.
    place = str(settings.text("output", output))
    destination = destination_of(place, format=cast("ImageFormat | None", format))
    if destination.file_name is None:
        chosen = cast("ImageFormat | None", settings.text("format", format))
        destination = destination_of(place, format=chosen)
    elif name is not None:
        raise UsageError(f"--name '{name}' and the file '{place}' exclude each other; give one.")
    template = str(settings.text("name", name))
    beside = settings.flag("sidecar", sidecar)
    check_destination(destination, name_template=template, sidecar=beside or hosted, batch=batch)
    ending = destination.format
    if destination.file_name is None:
        ending = split_template(template, destination.format)[1]
    return Saving(
        destination=destination,
        name_template=template,
        quality=_quality(settings, quality, ending),
        received_quality=quality,
        metadata=settings.flag("metadata", metadata),
        sidecar=beside,
        overwrite=overwrite,
    )


def _quality(settings: Settings, option: int | None, format: str | None) -> int | None:
    if option is not None and not 1 <= option <= 100:
        raise UsageError(f"The quality {option} is not between 1 and 100; choose one that is.")
    if format in ("png", None):
        if option is not None:
            raise UsageError(
                "PNG is lossless and has no quality; leave --quality out, or choose --format jpg, "
                "webp or avif."
            )
        return None
    return cast("int | None", settings.get("quality", option))


def new_seed() -> int:
    """A seed nobody chose; it is recorded, so the picture can be made again."""
    return secrets.randbelow(2**32)


def check_seed(option: str, seed: int) -> int:
    """The seed itself.

    Raises:
        UsageError: it is not between 0 and 2**32 - 1.
    """
    if not 0 <= seed < 2**32:
        raise UsageError(f"{option} {seed} is not between 0 and {2**32 - 1}; choose one that is.")
    return seed


def titled(service: "Backend | Enhancer") -> str:
    """A backend or enhancer as notes name it: "gemini (gemini-3.5-flash-lite)"."""
    model = getattr(service, "model", "")
    return f"{service.name} {shown(model)}" if model else service.name


def references(paths: list[Path] | None) -> "list[ReferenceImage]":
    """The pictures of --image, ready to be sent.

    Raises:
        UsageError: one cannot be read, or they are too many.
    """
    if not paths:
        return []
    from imagine.stages.references.reading import read_references

    return read_references(paths)


def drawing_options(
    given: Mapping[str, Any], *, recorded: "HiresFix | None" = None
) -> "DrawingOptions":
    """What is said of how pictures are drawn, its files read.

    Args:
        given: a command's parameters by name, those that are about drawing among them.
        recorded: the second pass of a picture that is drawn again.

    Raises:
        UsageError: a file cannot be read, or an option is malformed.
    """
    from imagine.stages.drawing import DrawingOptions, hires_fix_of, parse_lora

    mask = given["mask"]
    return DrawingOptions(
        num_inference_steps=given["steps"],
        guidance_scale=given["guidance"],
        images=tuple(references(list(given["image"] or []))),
        strength=given["strength"],
        mask=None if mask is None else references([mask])[0],
        loras=tuple(parse_lora(text) for text in given["lora"] or []),
        scheduler=given["scheduler"],
        hires_fix=hires_fix_of(given["refine"], given["refine_strength"], recorded=recorded),
    )


def seen_references(paths: list[Path] | None, enhancer: "Enhancer") -> "list[ReferenceImage]":
    """As `references`, for an enhancer that looks at them.

    Raises:
        UsageError: it does not.
    """
    from imagine.stages.enhance import ModelEnhancer

    if paths and not (isinstance(enhancer, ModelEnhancer) and enhancer.sees_images):
        raise UsageError(
            f"The enhancer {enhancer.name} looks at no pictures; leave out --image, or choose "
            "another --enhancer."
        )
    return references(paths)


def refuse_with_spec(
    prompt: list[str] | None,
    file: Path | None,
    enhancer: str | None,
    no_enhance: bool,
    pick: int,
) -> None:
    """--spec is the description already, so nothing that makes one goes with it.

    Raises:
        UsageError: naming the option.
    """
    given = {
        "a prompt": prompt,
        "--file": file,
        "--enhancer": enhancer,
        "--no-enhance": no_enhance,
        "--pick": pick != 1,
    }
    for name, value in given.items():
        if value:
            raise UsageError(f"--spec and {name} exclude each other; give one of them.")


def read_spec(path: Path) -> "PromptSpec":
    """The description in a file, or on stdin when the path is "-".

    Raises:
        SpecError: it cannot be read or is no description.
    """
    import sys

    from imagine.stages.spec import MAX_SPEC_BYTES, load_spec

    if str(path) != "-":
        return load_spec(path)
    raw = b"" if sys.stdin is None else sys.stdin.buffer.read(MAX_SPEC_BYTES + 1)
    if len(raw) > MAX_SPEC_BYTES:
        raise SpecError(f"The description on stdin has over {MAX_SPEC_BYTES:,} bytes; shorten it.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SpecError("The description on stdin is not UTF-8 text; convert it.") from error
    return _piped_spec(text)


def _piped_spec(text: str) -> "PromptSpec":
    """A description as `imagine enhance` prints it: YAML, JSON, TOML, or with --json around it.

    Raises:
        SpecError: it is none, or several.
    """
    from imagine.stages.spec import parse_spec, spec_from_dict

    origin = "the description on stdin"
    if not text.strip():
        raise SpecError("Nothing came on stdin; the command before the | may have failed.")
    if re.search(r"\S\s*^---\s*$", text, re.MULTILINE):
        raise SpecError("There are several descriptions on stdin; save one and name its file.")
    if not re.search(r"[:=]", text) or ("\n" not in text.strip() and text[:1] not in "{["):
        raise SpecError(
            "The text on stdin is no description; pipe `imagine enhance --format yaml`, or give "
            "the text itself as the prompt."
        )
    kind: SpecFormat = "yaml"
    if text.lstrip().startswith("{"):
        kind = "json"
        outer = _first_object(text)
        if isinstance(outer.get("spec"), dict):
            return spec_from_dict(outer["spec"], origin=origin)
        if isinstance(outer.get("error"), dict):
            raise SpecError(f"The command before the | failed: {outer['error'].get('message')}")
    elif re.match(r"(?:\s*#.*\n|\s)*[\w-]+\s*=", text):
        kind = "toml"
    return parse_spec(text, format=kind, origin=origin)


def _first_object(text: str) -> dict[str, Any]:
    """The only JSON object of a text; an empty one where it is none.

    Raises:
        SpecError: there is another one behind it.
    """
    try:
        value, end = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return {}
    if text.lstrip()[end:].lstrip().startswith("{"):
        raise SpecError("There are several descriptions on stdin; save one and name its file.")
    return value if isinstance(value, dict) else {}


def check_pictures(plan: "Plan", saving: Saving) -> None:
    """Refuse what cannot be saved, before it is drawn.

    Raises:
        UsageError: the format cannot hold the size, or one file would hold several pictures.
        ConfigError: the format cannot be written here.
    """
    from imagine.stages.save import check_format

    check_format(saving.destination.format or "png", *plan.size)
    if saving.destination.file_name is not None and saving.overwrite and len(plan.requests) > 1:
        raise UsageError(
            f"{len(plan.requests)} pictures cannot all replace '{saving.destination.file_name}'; "
            "name a directory."
        )
