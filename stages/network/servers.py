"""Servers of one's own: addresses go in; which of them run, what they are and offer, comes out.

Several programs share a port (LM Studio and stable-diffusion.cpp's server, LocalAI and llama.cpp),
so each is known by a question that it alone answers.
"""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imagine.stages.errors import shown
from imagine.stages.network.address import origin_of
from imagine.stages.network.comfyui import choices
from imagine.stages.network.json_values import table

if TYPE_CHECKING:
    import httpx

# Seconds until a connection, and between two bytes; nothing there refuses at once.
CONNECT, SILENCE = 0.5, 2.0
# The longest list seen, of ComfyUI's files, has some 100 kB.
_MAX_ANSWER = 4 * 2**20
# Names that a line repeats.
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Attributes:
        kind: "sdapi", "comfyui", "sdcpp", "localai", ...
        title: as people call it.
        address: scheme, host and port.
        offers: what it has, in words: "2 checkpoints (a, b)"; "" where it does not say.
        use: how it is used: "-b sdapi".
    """

    kind: str
    title: str
    address: str
    offers: str
    use: str

    def told(self) -> str:
        """One line of it."""
        offers = f": {self.offers}" if self.offers else ""
        return f"{self.title} at {self.address}{offers}; {self.use}"


Ask = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class _Program:
    """How a program is known.

    Attributes:
        use: with ADDRESS for scheme, host and port.
        offers: takes what asks it for JSON (None for anything else); what it offers, or None when
            it is another program.
    """

    title: str
    use: str
    offers: Callable[[Ask], str | None]


def find_servers(
    addresses: Mapping[str, str],
    *,
    headers: Mapping[str, Mapping[str, str]] | None = None,
    transport: "httpx.BaseTransport | None" = None,
) -> list[Server]:
    """The servers that answer, in the order of the addresses; each is asked once.

    Args:
        addresses: base URLs by the name of what usually is there, as in PROVIDERS, or "sglang".
        headers: what some want with every question, by the same names.
        transport: stands in for the network; for tests.
    """
    asked: dict[str, str] = {}
    for name, address in addresses.items():
        scheme, host, port = origin_of(address)
        if name in _THERE and host:
            # A host of IPv6 has colons of its own.
            asked.setdefault(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}", name)
    with ThreadPoolExecutor(max_workers=max(len(asked), 1)) as threads:
        found = threads.map(
            lambda place: _at(place[0], place[1], (headers or {}).get(place[1], {}), transport),
            asked.items(),
        )
        return [server for server in found if server is not None]


def _at(
    address: str, name: str, headers: Mapping[str, str], transport: "httpx.BaseTransport | None"
) -> Server | None:
    import httpx

    timeout = httpx.Timeout(SILENCE, connect=CONNECT)
    # Loading the certificates takes 20 ms.
    tls = address.startswith("https")
    with httpx.Client(
        timeout=timeout, headers=dict(headers), trust_env=False, verify=tls, transport=transport
    ) as client:
        # Nothing listens there, in most places.
        try:
            client.get(address + "/").close()
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return None
        except httpx.HTTPError:
            pass

        def ask(path: str) -> Any:
            return _json(client, address + path)

        for kind in _THERE[name]:
            program = _PROGRAMS[kind]
            offers = program.offers(ask)
            if offers is not None:
                use = program.use.replace("ADDRESS", address)
                return Server(kind, program.title, address, offers, use)
    return Server(name, "a server that is not known", address, "", "it is none that imagine asks")


def _json(client: "httpx.Client", url: str) -> Any:
    """What the server answers, where that is JSON; else None."""
    import httpx

    try:
        with client.stream("GET", url) as answer:
            body = bytearray()
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _MAX_ANSWER:
                    return None
            return json.loads(body) if answer.is_success else None
    except (httpx.HTTPError, ValueError, RecursionError):
        return None


def _webui(ask: Ask) -> str | None:
    models = ask("/sdapi/v1/sd-models")
    return _named("checkpoint", models, "model_name") if isinstance(models, list) else None


def _webui_without_api(ask: Ask) -> str | None:
    # Gradio, which it is made with, describes itself.
    return "its API is off" if "components" in table(ask("/config")) else None


def _comfyui(ask: Ask) -> str | None:
    system = table(ask("/system_stats")).get("system")
    if not isinstance(system, dict):
        return None
    version = system.get("comfyui_version")
    files = ask("/models/checkpoints")
    if not isinstance(files, list):
        # Older ones tell their files by the node that loads them alone.
        loader = "CheckpointLoaderSimple"
        files = list(choices(ask(f"/object_info/{loader}"), loader, "ckpt_name")) or None
    told = [f"version {shown(version)}"] if version else []
    told += [_named("checkpoint", files, "")] if isinstance(files, list) else []
    return ", ".join(told)


def _sdcpp(ask: Ask) -> str | None:
    can = ask("/sdcpp/v1/capabilities")
    if not isinstance(can, dict):
        return None
    model = table(can.get("model"))
    name = model.get("name") or model.get("stem")
    return f"model {shown(name)}" if name else ""


def _lmstudio(ask: Ask) -> str | None:
    return _openai_models(ask("/api/v0/models"))


def _llamacpp(ask: Ask) -> str | None:
    if "default_generation_settings" not in table(ask("/props")):
        return None
    return _openai_models(ask("/v1/models")) or ""


def _localai(ask: Ask) -> str | None:
    if "version" not in table(ask("/version")):
        return None
    return _openai_models(ask("/v1/models")) or ""


def _sglang(ask: Ask) -> str | None:
    info = table(ask("/get_model_info")) or table(ask("/model_info"))
    return f"model {shown(info['model_path'])}" if "model_path" in info else None


def _ollama(ask: Ask) -> str | None:
    models = table(ask("/api/tags")).get("models")
    return _named("model", models, "name") if isinstance(models, list) else None


def _openai_models(answer: Any) -> str | None:
    data = table(answer).get("data")
    return _named("model", data, "id") if isinstance(data, list) else None


def _named(what: str, items: list[Any], key: str) -> str:
    """ "4 models (a, b, c, ...)"."""
    names = [item.get(key) if isinstance(item, dict) else item for item in items]
    told = [shown(name, limit=60) for name in names[:_MOST_NAMED] if name]
    more = ["…"] if len(names) > _MOST_NAMED else []
    number = f"{len(names) or 'no'} {what}{'' if len(names) == 1 else 's'}"
    return f"{number} ({', '.join(told + more)})" if told else number


_OPENAI = "-b openai with IMAGINE_OPENAI_BASE_URL=ADDRESS/v1"
_PROGRAMS = {
    "sdapi": _Program("Stable Diffusion WebUI", "-b sdapi", _webui),
    "webui": _Program("Stable Diffusion WebUI", "start it with --api", _webui_without_api),
    "comfyui": _Program("ComfyUI", "-b comfyui", _comfyui),
    "sdcpp": _Program(
        "stable-diffusion.cpp", "-b sdapi with IMAGINE_SDAPI_BASE_URL=ADDRESS", _sdcpp
    ),
    "lmstudio": _Program("LM Studio", "--enhancer lmstudio", _lmstudio),
    "llamacpp": _Program("llama.cpp", "--enhancer llamacpp", _llamacpp),
    "localai": _Program("LocalAI", _OPENAI, _localai),
    "vllm": _Program("vLLM", f"--enhancer vllm, or {_OPENAI} for vLLM-Omni", _localai),
    "sglang": _Program("SGLang", _OPENAI, _sglang),
    "ollama": _Program("Ollama", "--enhancer ollama", _ollama),
}
# Where each usually is; settings may say otherwise of those that are providers.
ADDRESSES = {
    "sdapi": "http://127.0.0.1:7860",
    "comfyui": "http://127.0.0.1:8188",
    "lmstudio": "http://127.0.0.1:1234",
    "localai": "http://127.0.0.1:8080",
    "llamacpp": "http://127.0.0.1:8080",
    "vllm": "http://127.0.0.1:8000",
    "sglang": "http://127.0.0.1:30000",
    "ollama": "http://127.0.0.1:11434",
}
# What may be at the usual address of each, the likeliest first.
_THERE = {
    "sdapi": ("sdcpp", "sdapi", "webui"),
    "comfyui": ("comfyui",),
    "lmstudio": ("sdcpp", "lmstudio"),
    "llamacpp": ("llamacpp", "localai"),
    "localai": ("localai", "llamacpp"),
    "vllm": ("vllm",),
    "sglang": ("sglang",),
    "ollama": ("ollama",),
}
TITLES = {name: _PROGRAMS[name].title for name in ADDRESSES}
