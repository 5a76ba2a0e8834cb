"""Names: a template and a recipe give a file name that every common file system accepts."""

import hashlib
import re
import string
import unicodedata
from collections.abc import Iterator
from pathlib import PureWindowsPath

from imagine.stages.errors import UsageError, did_you_mean, shown
from imagine.stages.intent import split_flags
from imagine.stages.recipe import Recipe

DEFAULT_TEMPLATE = "{slug}-{seed}"
FIELDS = ("slug", "seed", "n", "date", "time", "backend", "hash", "width", "height", "id")
MAX_SLUG_CHARACTERS = 60
# A slug of other scripts takes up to 4 bytes a character; half a name leaves room for the rest.
MAX_SLUG_BYTES = 120
# ext4, APFS and NTFS allow 255 (NTFS counts UTF-16 units, which are never more than the bytes).
MAX_NAME_BYTES = 255
# "-99999" of a name that is taken, ".webp", and ".json" of the sidecar.
ROOM_FOR_ENDING = 16
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])[ ]*(?:\..*)?", re.IGNORECASE
)
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "ħ": "h"}
)


def file_stem(template: str, recipe: Recipe, *, index: int = 1, item: str | None = None) -> str:
    """The name of a picture, without ending; "/" parts sub-directories.

    Args:
        template: text with fields in braces, as in "{date}/{slug}-{seed}"; numbers take a
            width: "{n:03}".
        recipe: gives `slug` (of the user's words), `seed`, `date` and `time` (UTC), `backend`,
            `hash` (of the request), `width` and `height`.
        index: gives `n`, from 1.
        item: gives `id`, in a batch.

    Raises:
        UsageError: the template names an unknown field, or `id` outside a batch, leads out of the
            output directory, is empty, or is a name that Windows reserves.
    """
    request = recipe.to_request()
    width, height = request.result_size
    if recipe.upscales:
        width, height = recipe.upscales[-1].width, recipe.upscales[-1].height
    values: dict[str, str | int] = {
        "slug": slug_of(split_flags(recipe.source_prompt)[0]),
        "seed": request.seed,
        "n": index,
        "date": recipe.created[:10],
        "time": recipe.created[11:19].replace(":", ""),
        "backend": re.sub(r"[^\w.-]+", "-", recipe.backend.name),
        "hash": hashlib.sha256(request.to_json().encode()).hexdigest()[:8],
        "width": width,
        "height": height,
    }
    if item is not None:
        values["id"] = _name_of(item)
    return _fill(template, values)


def check_template(template: str, *, batch: bool = False) -> None:
    """Refuse a template before anything is drawn.

    Args:
        batch: whether the pictures will be of items, which alone have an `id`.

    Raises:
        UsageError: as `file_stem` does.
    """
    numbers = ("seed", "n", "width", "height")
    fields = FIELDS if batch else [field for field in FIELDS if field != "id"]
    _fill(template, {field: 1 if field in numbers else "x" for field in fields})


def _name_of(item: str) -> str:
    """An item's id as a part of a name: it begins no hidden file and no directory."""
    name = re.sub(r"[/\\]", "-", item).lstrip(". ")
    if not _has(name, "LN"):
        return f"item-{hashlib.sha256(item.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return f"{name}-item" if _RESERVED.fullmatch(name) else name


def slug_of(prompt: str) -> str:
    """A short name of a prompt: "A café at night" gives "a-cafe-at-night".

    Lower case, Latin letters without accents, other scripts as they are, words joined by "-"; at
    most 60 characters and 120 bytes. A prompt without letters and digits gives "picture-" and a
    hash of it.
    """
    text = unicodedata.normalize("NFKD", prompt.casefold()).translate(_LETTERS)
    text = re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", text)
    text = unicodedata.normalize("NFC", text).replace("'", "").replace("’", "")
    words = "".join(char if _is_word(char) else " " for char in text).split()
    # A mark alone, such as the selector behind an emoji, is no word.
    slug = _shorten("-".join(word for word in words if _has(word, "LN")))
    if not slug:
        return f"picture-{hashlib.sha256(prompt.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return f"{slug}-picture" if _RESERVED.fullmatch(slug) else slug


def _is_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNM"


def _has(text: str, kinds: str) -> bool:
    """Whether a character of one of the major Unicode categories is in `text`."""
    return any(unicodedata.category(char)[0] in kinds for char in text)


def _shorten(slug: str) -> str:
    """Cut a slug to its limits, between words where that keeps two thirds of it."""
    cut = cut_bytes(slug[:MAX_SLUG_CHARACTERS], MAX_SLUG_BYTES)
    if cut != slug and slug[len(cut)] != "-":
        whole = cut.rpartition("-")[0]
        cut = whole if 3 * len(whole) >= 2 * len(cut) else cut
    return cut.strip("-")


def cut_bytes(text: str, limit: int) -> str:
    """As much of `text` as `limit` bytes of UTF-8 hold, in whole characters.

    Names of files may hold bytes that are no text; a name that is cut loses them.
    """
    data = text.encode("utf-8", "surrogateescape")
    return text if len(data) <= limit else data[:limit].decode("utf-8", "ignore")


def _fill(template: str, values: dict[str, str | int]) -> str:
    if "\0" in template or PureWindowsPath(template).anchor or template.startswith("~"):
        raise UsageError(
            f"The name '{shown(template)}' is no name inside the output directory; "
            "give the directory with --output."
        )
    parts = [
        _component(part, values)
        for part in template.replace("\\", "/").split("/")
        if part not in ("", ".")
    ]
    if not parts:
        raise UsageError("The name template is empty; write one such as {slug}-{seed}.")
    return "/".join(parts)


def _component(part: str, values: dict[str, str | int]) -> str:
    """One directory or file name of the template, filled and cleaned."""
    if part.strip(" ") == "..":
        raise UsageError(
            "The name contains '..', and a name cannot leave the output directory; "
            "give the directory with --output."
        )
    filled = "".join(_pieces(part, values))
    printable = "".join("-" if unicodedata.category(c)[0] == "C" else c for c in filled)
    name = _FORBIDDEN.sub("-", printable).strip(" ").rstrip(" .")
    name = cut_bytes(name, MAX_NAME_BYTES - ROOM_FOR_ENDING).rstrip(" .")
    if not _has(name, "LNSP"):
        raise UsageError(
            f"The name part '{shown(part)}' has no letter or digit; write one such as "
            "{slug}-{seed}."
        )
    if _RESERVED.fullmatch(name) and "{" in part:
        # What fields come to is nobody's fault, and the picture is paid for by then.
        return f"picture-{name}"
    check_not_reserved(name)
    return name


def check_not_reserved(name: str) -> None:
    """Refuse a file name that Windows takes for a device, with or without ending.

    Raises:
        UsageError: it is one, such as "con.png".
    """
    if _RESERVED.fullmatch(name):
        raise UsageError(f"The name '{shown(name)}' is reserved by Windows; choose another.")


def _pieces(part: str, values: dict[str, str | int]) -> Iterator[str]:
    """The literal text and the filled fields of a template part, in order."""
    try:
        pieces = list(string.Formatter().parse(part))
    except ValueError as error:
        raise UsageError(
            f"The name template '{shown(part)}' has an unpaired brace; write fields as {{slug}}."
        ) from error
    for literal, field, width, conversion in pieces:
        yield literal
        if field is None:
            continue
        if field == "id" and field not in values:
            raise UsageError(
                "The name template has the field 'id', which only the items of a batch have; "
                "leave it out."
            )
        if field not in values:
            raise UsageError(
                f"The name template has no field '{shown(field)}'"
                f"{did_you_mean(field, list(values))} (known: {', '.join(values)})."
            )
        value = values[field]
        allowed = r"(0?[1-9][0-9]?)?" if isinstance(value, int) else ""
        if conversion or not re.fullmatch(allowed, width or ""):
            raise UsageError(
                f"The field '{field}' takes no format '{shown(width or str(conversion))}'; "
                "only numbers take one, a width such as {n:03}."
            )
        yield format(value, width or "")
