"""Settings: from options, environment, .env and config files to one value each, with its origin.

In falling order: option, environment (IMAGINE_*), .env in the working directory, ./imagine.toml,
the user's config.toml, default.
"""

import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from imagine.stages.errors import ConfigError, UsageError, did_you_mean, shown
from imagine.stages.network.providers import PROVIDERS, Secret

if TYPE_CHECKING:
    from imagine.stages.registry import Registry

Value = str | int | float | bool | Secret | None


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


def _device(value: Any) -> str:
    text = _text(value).strip()
    if not re.fullmatch(r"(?i)auto|cpu|mps|npu|(cuda|xpu|gpu)([:.][0-9]{1,2})?", text):
        raise ValueError("is none of auto, cpu, cuda, cuda:1, mps, GPU, NPU")
    return text


def _quality(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= 100):
        raise ValueError("is no number from 1 to 100")
    return int(text)


def _whole(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= 1000):
        raise ValueError("is no whole number from 1 to 1000")
    return int(text)


def _amount(value: Any) -> float:
    """A number of seconds or dollars."""
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    # "nan" compares false with everything.
    if isinstance(value, bool) or not 0 < number < 1e6:
        raise ValueError("is no number above 0")
    return number


def _secret(value: Any) -> Secret:
    text = _text(value).strip()
    if not (text.isascii() and text.isprintable() and " " not in text):
        # The value itself must not reach a message.
        raise ConfigError("holds a space, line break or other sign that no key has; correct it.")
    return Secret(text)


def _address(value: Any) -> str:
    """A base URL, without the slash at its end."""
    from urllib.parse import urlsplit

    text = _text(value).strip().rstrip("/")
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment:
        raise ValueError("is no address such as http://127.0.0.1:8080/v1")
    if parts.username or parts.password:
        raise ConfigError("holds a password, which addresses show to everyone; use the key.")
    # Clients compare schemes letter for letter.
    return parts.scheme + text[len(parts.scheme) :]


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


def _upscaler(value: Any) -> str:
    from imagine.cli.upscalers import is_model_file
    from imagine.stages.upscale import UPSCALERS

    name = _text(value)
    return name if name == "none" or is_model_file(name) else _registered(name, UPSCALERS)


def _upscale(value: Any) -> int:
    from imagine.stages.enlargement import FACTORS

    if str(value) not in {str(factor) for factor in (1, *FACTORS)}:
        raise ValueError("is none of 1, 2, 3, 4, 8")
    return int(str(value))


def _registered(name: str, registry: "Registry[Any]") -> str:
    if name != "auto":
        registry.check(name.partition("/")[0])
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
    """One setting.

    Attributes:
        default: its value when nobody sets it.
        help: what it is for.
        read: turns what a source holds into its value.
        variables: names that it goes by in the environment and .env beside IMAGINE_NAME, which
            wins over them; the first of them wins over the next.
    """

    default: Value
    help: str
    read: Callable[[Any], Value] = _text
    variables: tuple[str, ...] = ()


GENERAL: dict[str, Setting] = {
    "enhancer": Setting(
        "auto", "who fills the description: auto, none, NAME or NAME/MODEL", _enhancer
    ),
    "backend": Setting("auto", "who draws: auto, NAME or NAME/MODEL", _backend),
    "style": Setting(None, "style presets, separated by commas", _styles),
    "negative": Setting(None, "what to avoid in every picture, separated by commas"),
    "aspect_ratio": Setting(None, "shape where the prompt states none, as 16:9", _aspect_ratio),
    "size": Setting(None, "size in pixels of every picture, as 1024x768", _size),
    "upscale": Setting(None, "enlarge every picture so many times: 2, 3, 4 or 8", _upscale),
    "upscaler": Setting(
        "auto",
        "who enlarges: auto, NAME, NAME/MODEL, a model's file, or none to refuse what is too large",
        _upscaler,
    ),
    "output": Setting(".", "directory to save in"),
    "name": Setting("{slug}-{seed}", "template of file names", _name),
    "format": Setting(
        None,
        "png, jpg, webp or avif; else png, and what a provider sends as it comes",
        _one_of("png", "jpg", "webp", "avif"),
    ),
    "quality": Setting(None, "quality of jpg, webp and avif, 1 to 100", _quality),
    "metadata": Setting(True, "embed what made the picture", _flag),
    "sidecar": Setting(False, "write it to a .json beside the picture too", _flag),
    "preview": Setting(True, "show pictures in the terminal", _flag),
    "on_enhance_error": Setting(
        "fail",
        "when the enhancer fails: fail, original (the prompt as it is), offline",
        _one_of("fail", "original", "offline"),
    ),
    "cache": Setting(True, "keep descriptions, so that none is paid for twice", _flag),
    "budget": Setting(None, "US dollars that one run may spend at most", _amount),
    "concurrency": Setting(
        None, "requests to one model at a time at most, in a batch; else 64", _whole
    ),
    "timeout": Setting(
        None, "seconds that a provider may keep silent: 60, for pictures 300", _amount
    ),
    "patience": Setting(60.0, "seconds to wait in all for a provider that is busy", _amount),
    "gemini_transport": Setting(
        "auto",
        "sdk (google-generativeai), httpx (plain REST), or auto: httpx for batches alone",
        _one_of("auto", "sdk", "httpx"),
    ),
    "gemini_thinking_level": Setting(
        None,
        "minimal, low, medium or high; with httpx alone",
        _one_of("minimal", "low", "medium", "high"),
    ),
    "openai_dialect": Setting(
        "auto",
        "the server at openai_base_url: openai, compatible, localai, vllm, sglang, sdcpp",
        _one_of("auto", "openai", "compatible", "localai", "vllm", "sglang", "sdcpp"),
    ),
    "comfyui_workflow": Setting(
        None, "file of a ComfyUI workflow of your own, saved in its API format"
    ),
    "diffusers_model": Setting(
        None, "model that diffusers draws with: a name of `imagine models`, or a path"
    ),
    "openvino_model": Setting(None, "model that OpenVINO draws with: a name, or a path"),
    "sdcpp_model": Setting(None, "model that stable-diffusion.cpp draws with: a name, or a path"),
    "sdcpp_vae": Setting(None, "file of that model's decoder, where it is not in it or beside it"),
    "sdcpp_clip_l": Setting(None, "file of its text encoder CLIP-L, likewise"),
    "sdcpp_clip_g": Setting(None, "file of its text encoder CLIP-G, likewise"),
    "sdcpp_t5xxl": Setting(None, "file of its text encoder T5-XXL, likewise"),
    "sdcpp_llm": Setting(None, "file of the language model that reads its prompts, likewise"),
    "device": Setting(
        "auto", "where models run here: auto, cpu, cuda, cuda:1, mps; OpenVINO's GPU, NPU", _device
    ),
    "dtype": Setting(
        "auto",
        "numbers that models compute with: auto, bfloat16, float16, float32",
        _one_of("auto", "bfloat16", "float16", "float32"),
    ),
    "offload": Setting(
        "auto",
        "what waits in main memory: none, whole parts (model; sdcpp too), layers (sequential)",
        _one_of("auto", "none", "model", "sequential"),
    ),
    "compile": Setting(
        False, "have torch compile models of diffusers: the first takes minutes, others less", _flag
    ),
    "batch_size": Setting(None, "pictures that diffusers draws in one go at most", _whole),
    "tiny_vae": Setting(None, "small decoder (TAESD) that local models use: a name, or a path"),
    "offline": Setting(
        False, "refuse to download models: true or false", _flag, ("HF_HUB_OFFLINE",)
    ),
    "hub_url": Setting(
        "https://huggingface.co",
        "address that models are downloaded from",
        _address,
        ("HF_ENDPOINT",),
    ),
    "hub_cache": Setting(
        None,
        "directory of models from Hugging Face; else that of other programs",
        variables=("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"),
    ),
}


def _of_providers() -> dict[str, Setting]:
    """Key, address and default models of every provider."""
    settings = {}
    for provider in PROVIDERS.values():
        name, title = provider.name, provider.title
        settings[f"{name}_api_key"] = Setting(
            None, f"key of {title}", _secret, provider.key_variables
        )
        settings[f"{name}_base_url"] = Setting(
            provider.base_url or None, f"address of {title}", _address, provider.url_variables
        )
        if provider.describes:
            settings[f"{name}_text_model"] = Setting(
                provider.text_model or None, f"model of {title} that describes"
            )
        if provider.draws:
            settings[f"{name}_image_model"] = Setting(
                provider.image_model or None, f"model of {title} that draws"
            )
        if provider.upscales:
            settings[f"{name}_upscale_model"] = Setting(
                provider.upscale_model or None, f"model of {title} that enlarges"
            )
    return settings


SETTINGS: dict[str, Setting] = GENERAL | _of_providers()


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

    def number(self, name: str, option: float | None = None) -> float | None:
        return cast(float | None, self.get(name, option))

    def whole(self, name: str, option: int | None = None) -> int | None:
        return cast(int | None, self.get(name, option))

    def secret(self, name: str) -> Secret | None:
        return cast(Secret | None, self.values[name])

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


def cache_directory() -> Path:
    """Where descriptions that were paid for are kept; may be deleted at any time."""
    override = os.environ.get("IMAGINE_CACHE_DIR")
    if override:
        return Path(override)
    if os.name == "nt" or sys.platform == "darwin":
        return config_directory() / "cache"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "imagine"


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
    source: Source = {}
    for name, setting in SETTINGS.items():
        for variable in (_variable(name), *setting.variables):
            if value := variables.get(variable):
                source[name] = (_checked(name, value, f"{variable} in the {origin}"), origin)
                break
    for variable in variables:
        if variable.startswith("IMAGINE_"):
            _refuse_misspelt(variable, origin)
    return source


def _variable(name: str) -> str:
    return f"IMAGINE_{name.upper()}"


def _refuse_misspelt(variable: str, origin: str) -> None:
    """Other programs are called imagine too; only what looks like ours is a mistake."""
    known = [_variable(name) for name in SETTINGS]
    if variable in known or variable in ("IMAGINE_CONFIG_DIR", "IMAGINE_CACHE_DIR"):
        return
    from difflib import get_close_matches

    for near in get_close_matches(variable, known, n=1, cutoff=0.85):
        raise ConfigError(f"{variable} in the {origin} is no setting; did you mean {near}?")


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
        told = "" if SETTINGS[name].read is _secret else f": '{shown(value)}'"
        raise ConfigError(f"{where} {error}{told}; correct it.") from error
    except UsageError as error:
        raise ConfigError(f"{where}: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"{where} {error}") from error
