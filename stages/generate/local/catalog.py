"""The catalog of `imagine models`: a TOML file that people may edit, in; its entries out, and back.

    [models.sdxl]
    path = "/models/sdxl"
    kind = "diffusers"
    family = "sdxl"
    added = "2026-11-22"

    [loras.ink]
    path = "/models/ink.safetensors"

Tables are added at the end and cut out where they stand, so that all else stays as it was written.
"""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from imagine.stages.errors import ConfigError, did_you_mean, quoted_path, shown, unwritable
from imagine.stages.files import replace_text
from imagine.stages.paths import spelt

Kind = Literal["diffusers", "openvino", "sdcpp"]
Table = Literal["models", "loras"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_KEYS = ("path", "kind", "family", "config", "added")


@dataclass(frozen=True, slots=True)
class Entry:
    """A model or LoRA that somebody gave a name.

    Attributes:
        path: its folder or file; it need not exist any more.
        kind: which backend draws with it; "" for a LoRA, or where nobody wrote it down.
        family: "sdxl", as far as it is known; else "".
        config: of a single file: the folder with its pipeline's configuration.
        added: the day, as 2026-11-22; "" where nobody wrote it down.
    """

    path: Path
    kind: Kind | Literal[""] = ""
    family: str = ""
    config: Path | None = None
    added: str = ""


@dataclass(frozen=True, slots=True)
class Catalog:
    """All entries by name, in the order of the file."""

    models: dict[str, Entry]
    loras: dict[str, Entry]

    def table(self, table: Table) -> dict[str, Entry]:
        return self.models if table == "models" else self.loras


def load_catalog(file: Path) -> Catalog:
    """What a catalog holds; nothing where the file does not exist.

    Relative paths begin at the file's own directory.

    Raises:
        ConfigError: it cannot be read, or holds something else.
    """
    return _catalog(_text(file), file)


def add_entry(file: Path, table: Table, name: str, entry: Entry) -> None:
    """Write an entry into the catalog, in place of one of that name.

    Raises:
        ConfigError: the catalog cannot be read or written, or cannot hold the path.
    """
    text = _text(file)
    if name in _catalog(text, file).table(table):
        text = _without(text, table, name)
    values = {
        "path": str(entry.path),
        "kind": entry.kind,
        "family": entry.family,
        "config": str(entry.config) if entry.config is not None else "",
        "added": entry.added,
    }
    lines = [f"{key} = {_quoted(value)}" for key, value in values.items() if value]
    text = text.rstrip("\n") + "\n\n" if text.strip() else ""
    text += "\n".join([f"[{table}.{_quoted(name)}]", *lines]) + "\n"
    _save(file, text, table, name, entry)


def remove_entry(file: Path, table: Table, name: str) -> None:
    """Cut an entry out of the catalog; the model itself stays where it is.

    Raises:
        ConfigError: the catalog cannot be read or written, or the entry is no table of its own.
    """
    _save(file, _without(_text(file), table, name), table, name, None)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(
            f"The catalog {quoted_path(file)} cannot be read: {reason}; correct it."
        ) from error


def _catalog(text: str, file: Path) -> Catalog:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(file, f"is not TOML: {shown(error)}") from error
    for table in document:
        if table not in get_args(Table):
            raise _wrong(file, f"has no table '{shown(table)}', but models and loras")
    models, loras = (
        {name: _entry(file, f"{table}.{name}", value) for name, value in _table(document, table)}
        for table in get_args(Table)
    )
    return Catalog(models, loras)


def _table(document: dict[str, Any], name: str) -> list[tuple[str, Any]]:
    table = document.get(name, {})
    return list(table.items()) if isinstance(table, dict) else [("", table)]


def _entry(file: Path, name: str, value: Any) -> Entry:
    """An entry as somebody wrote it, checked."""
    name = shown(name)
    if not isinstance(value, dict) or not value.get("path"):
        raise _wrong(file, f"gives '{name}' no path")
    for key, held in value.items():
        if key not in _KEYS:
            raise _wrong(file, f"gives '{name}' a '{shown(key)}'{did_you_mean(key, [*_KEYS])}")
        if key != "added" and not isinstance(held, str):
            raise _wrong(file, f"gives '{name}' a {key} that is no text")
    kind = value.get("kind", "")
    if kind and kind not in KINDS:
        raise _wrong(file, f"gives '{name}' the kind '{shown(kind)}', none of {', '.join(KINDS)}")
    config = value.get("config")
    return Entry(
        path=file.parent / spelt(value["path"]),
        kind=kind,
        family=value.get("family", ""),
        config=file.parent / spelt(config) if config else None,
        # TOML knows days without quotes.
        added=str(value.get("added", "")),
    )


def _without(text: str, table: Table, name: str) -> str:
    """The text without the table of an entry; comments right before the next one are its own."""
    kept: list[str] = []
    cut: list[str] = []
    cutting = False
    # TOML's lines end so alone; Python knows more ends.
    for line in text.split("\n"):
        if line.lstrip().startswith("["):
            kept += _comments_at_end(cut) if cutting else []
            cutting, cut = _is_header(line, table, name), []
        (cut if cutting else kept).append(line)
    text = "\n".join(kept).rstrip("\n")
    return text and text + "\n"


def _comments_at_end(lines: list[str]) -> list[str]:
    begin = len(lines)
    while begin and lines[begin - 1].lstrip().startswith("#"):
        begin -= 1
    return lines[begin:]


def _is_header(line: str, table: Table, name: str) -> bool:
    try:
        return tomllib.loads(line) == {table: {name: {}}}
    except ValueError:
        return False


def _quoted(value: str) -> str:
    """A TOML string: JSON's, but for the one control character that JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _save(file: Path, text: str, table: Table, name: str, entry: Entry | None) -> None:
    """Write the catalog, once it is sure that nothing but the one entry has changed."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"The path of '{shown(name)}' is not UTF-8, which the catalog cannot hold; rename it."
        ) from error
    expected = _catalog(_text(file), file)
    expected.table(table).pop(name, None)
    if entry is not None:
        expected.table(table)[name] = entry
    if _catalog(text, file) != expected:
        raise ConfigError(
            f"The catalog {quoted_path(file)} does not give '{shown(name)}' a table of its own; "
            "change it yourself."
        )
    try:
        replace_text(file, text)
    except OSError as error:
        raise ConfigError(unwritable(f"The catalog {quoted_path(file)}", error)) from error


def _wrong(file: Path, problem: str) -> ConfigError:
    return ConfigError(f"The catalog {quoted_path(file)} {problem}; correct it.")
