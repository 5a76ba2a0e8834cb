"""Settings: from options, environment, .env and config files to one value each, with its origin.

In falling order: option, environment (IMAGINE_*), .env in the working directory, ./imagine.toml,
the user's config.toml, default.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from imagine.stages.errors import ConfigError, UsageError, did_you_mean, shown

if TYPE_CHECKING:
    from imagine.stages.registry import Registry

Value = str | int | bool | None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("is not a text")
    return value


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "yes": True, "on": True}
    known |= {"0": False, "false": False, "no": False, "off": False}
    if str(value).lower() not in known:
        raise ValueError("is neither true nor false")
    return known[str(value).lower()]


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"is none of {', '.join(choices)}")
        return cast(str, value)

    return read


def _quality(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= 100):
        raise ValueError("is no number from 1 to 100")
    return int(text)


# These ask the stages, which are imported only when somebody has set something.


def _size(value: Any) -> str:
    from imagine.stages.image import parse_size

    parse_size(_text(value))
    return _text(value)


def _aspect_ratio(value: Any) -> str:
    from imagine.stages.image import parse_aspect_ratio

    parse_aspect_ratio(_text(value))
    return _text(value)


def _enhancer(value: Any) -> str:
    from imagine.stages.enhance import ENHANCERS

    return _registered(_text(value), ENHANCERS)


def _backend(value: Any) -> str:
    from imagine.stages.generate import BACKENDS

    return _registered(_text(value), BACKENDS)


def _registered(name: str, registry: "Registry[Any]") -> str:
    if name != "auto":
        registry.check(name)
    return name


def _styles(value: Any) -> str:
    from imagine.stages.styles import load_styles

    known = load_styles(config_directory() / "styles")
    for name in (part.strip() for part in _text(value).split(",")):
        if name and name not in known:
            raise ValueError(f"names no style{did_you_mean(name, list(known))}")
    return _text(value)


def _name(value: Any) -> str:
    from imagine.stages.names import check_template

    check_template(_text(value))
    return _text(value)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its default, what it is for, and how its value is read."""

    default: Value
    help: str
    read: Callable[[Any], Value] = _text


SETTINGS: dict[str, Setting] = {
    "enhancer": Setting("auto", "who fills the description: auto, none, or a name", _enhancer),
    "backend": Setting("auto", "who draws: auto, or a name of `imagine backends`", _backend),
    "style": Setting(None, "style presets, separated by commas", _styles),
    "negative": Setting(None, "what to avoid in every picture, separated by commas"),
    "aspect_ratio": Setting(None, "shape where the prompt states none, as 16:9", _aspect_ratio),
    "size": Setting(None, "size in pixels of every picture, as 1024x768", _size),
    "output": Setting(".", "directory to save in"),
    "name": Setting("{slug}-{seed}", "template of file names", _name),
    "format": Setting("png", "png, jpg, webp or avif", _one_of("png", "jpg", "webp", "avif")),
    "quality": Setting(None, "quality of jpg, webp and avif, 1 to 100", _quality),
    "metadata": Setting(True, "embed what made the picture", _flag),
    "sidecar": Setting(False, "write it to a .json beside the picture too", _flag),
    "preview": Setting(True, "show pictures in the terminal", _flag),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting's value and where it came from."""

    values: Mapping[str, Value]
    origins: Mapping[str, str]

    def get(self, name: str, option: Value = None) -> Value:
        """The option when it was given, else the setting."""
        return self.values[name] if option is None else option

    def text(self, name: str, option: str | None = None) -> str | None:
        return cast(str | None, self.get(name, option))

    def flag(self, name: str, option: bool | None = None) -> bool:
        return bool(self.get(name, option))

    def items(self, name: str) -> list[str]:
        """A setting that is a list separated by commas."""
        text = self.text(name) or ""
        return [part for item in text.split(",") if (part := item.strip())]


def config_directory() -> Path:
    """Where the user's config.toml and styles/ are."""
    import typer

    override = os.environ.get("IMAGINE_CONFIG_DIR")
    return Path(override) if override else Path(typer.get_app_dir("imagine"))


def load_settings() -> Settings:
    """Read every source of settings.

    Raises:
        ConfigError: a source cannot be read, names an unknown setting, or holds a wrong value.
    """
    sources = [
        _from_variables(dict(os.environ), "environment"),
        _from_dotenv(Path(".env")),
        _from_toml(Path("imagine.toml")),
        _from_toml(config_directory() / "config.toml"),
    ]
    values: dict[str, Value] = {}
    origins: dict[str, str] = {}
    for name, setting in SETTINGS.items():
        found = next((source[name] for source in sources if name in source), None)
        values[name], origins[name] = found or (setting.default, "default")
    return Settings(values, origins)


Source = dict[str, tuple[Value, str]]


def _from_variables(variables: Mapping[str, str | None], origin: str) -> Source:
    """Empty variables count as unset: that is how a shell line switches one off."""
    known = {f"IMAGINE_{name.upper()}": name for name in SETTINGS}
    source: Source = {}
    for variable, value in variables.items():
        if variable in known and value:
            name = known[variable]
            source[name] = (_checked(name, value, f"{variable} in the {origin}"), origin)
        elif variable.startswith("IMAGINE_") and variable not in (*known, "IMAGINE_CONFIG_DIR"):
            # Other programs are called imagine too; only what looks like ours is a mistake.
            from difflib import get_close_matches

            for near in get_close_matches(variable, known, n=1, cutoff=0.85):
                raise ConfigError(f"{variable} in the {origin} is no setting; did you mean {near}?")
    return source


def _from_dotenv(path: Path) -> Source:
    if not path.is_file():
        return {}
    from dotenv.parser import parse_stream

    try:
        with path.open(encoding="utf-8-sig") as lines:
            bindings = list(parse_stream(lines))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"'{path}' cannot be read: {_reason(error)}; correct it.") from error
    for binding in bindings:
        if binding.error:
            raise ConfigError(
                f"'{path}' line {binding.original.line} is not NAME=value; correct it."
            )
    return _from_variables({item.key: item.value for item in bindings if item.key}, str(path))


def _from_toml(path: Path) -> Source:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"'{path}' cannot be read: {_reason(error)}; correct it.") from error
    source: Source = {}
    for name, value in document.items():
        if name not in SETTINGS:
            hint = did_you_mean(name, list(SETTINGS))
            raise ConfigError(f"'{path}' has no setting '{name}'{hint}; see `imagine config`.")
        source[name] = (_checked(name, value, f"{name} in '{path}'"), str(path))
    return source


def _reason(error: Exception) -> str:
    """Why a file is unreadable, in words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    if isinstance(error, tomllib.TOMLDecodeError):
        return f"{error}"
    return "it holds something too deep or too long"


def _checked(name: str, value: Any, where: str) -> Value:
    try:
        return SETTINGS[name].read(value)
    except ValueError as error:
        raise ConfigError(f"{where} {error}: '{shown(value)}'; correct it.") from error
    except UsageError as error:
        raise ConfigError(f"{where}: {error}") from error
