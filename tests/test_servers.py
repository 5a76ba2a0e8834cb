"""Servers of one's own: each is told from others on its port, and what it offers is said."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from imagine.stages.network.servers import ADDRESSES, find_servers

Answers = dict[str, Any]


def answering(
    servers: dict[int, Answers], seen: list[httpx.Request] | None = None
) -> httpx.MockTransport:
    """A machine on whose ports these paths answer these values; other ports are closed."""

    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        if request.url.port not in servers:
            raise httpx.ConnectError("connection refused", request=request)
        value = servers[request.url.port].get(request.url.path)
        if isinstance(value, bytes):
            return httpx.Response(200, content=value)
        if value is None:
            return httpx.Response(404, json={"detail": "Not Found"})
        return httpx.Response(200, json=value)

    return httpx.MockTransport(answer)


def models(*names: str) -> Answers:
    return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}


OPENAI = "-b openai with IMAGINE_OPENAI_BASE_URL=http://127.0.0.1:{}/v1"
RUNNING: list[tuple[str, int, Answers, str]] = [
    ("webui", 7860, {"/sdapi/v1/sd-models": [{"model_name": "a"}, {"model_name": "b"}]},
     "Stable Diffusion WebUI at http://127.0.0.1:7860: 2 checkpoints (a, b); -b sdapi"),
    ("webui without a model", 7860, {"/sdapi/v1/sd-models": []},
     "Stable Diffusion WebUI at http://127.0.0.1:7860: no checkpoints; -b sdapi"),
    ("webui without --api", 7860, {"/config": {"components": []}},
     "Stable Diffusion WebUI at http://127.0.0.1:7860: its API is off; start it with --api"),
    ("sd.cpp where the webui is", 7860,
     {"/sdcpp/v1/capabilities": {"model": {"name": "sd15.gguf"}},
      "/sdapi/v1/sd-models": [{"model_name": "sd15"}]},
     "stable-diffusion.cpp at http://127.0.0.1:7860: model sd15.gguf; -b sdapi with "
     "IMAGINE_SDAPI_BASE_URL=http://127.0.0.1:7860"),
    ("comfyui", 8188,
     {"/system_stats": {"system": {"comfyui_version": "0.3.64"}},
      "/models/checkpoints": ["a", "b", "c", "d"]},
     "ComfyUI at http://127.0.0.1:8188: version 0.3.64, 4 checkpoints (a, b, c, …); -b comfyui"),
    ("a comfyui that tells its files by the node that loads them", 8188,
     {"/system_stats": {"system": {}},
      "/object_info/CheckpointLoaderSimple": {"CheckpointLoaderSimple": {"input": {"required":
          {"ckpt_name": [["sd15.safetensors"], {}]}}}}},
     "ComfyUI at http://127.0.0.1:8188: 1 checkpoint (sd15.safetensors); -b comfyui"),
    ("an old comfyui", 8188, {"/system_stats": {"system": {}}},
     "ComfyUI at http://127.0.0.1:8188; -b comfyui"),
    ("sd.cpp", 1234,
     {"/sdcpp/v1/capabilities": {"model": {"stem": "flux"}}, "/v1/models": models("sd-cpp-local")},
     "stable-diffusion.cpp at http://127.0.0.1:1234: model flux; -b sdapi with "
     "IMAGINE_SDAPI_BASE_URL=http://127.0.0.1:1234"),
    ("lm studio", 1234, {"/api/v0/models": models("gemma"), "/v1/models": models("gemma")},
     "LM Studio at http://127.0.0.1:1234: 1 model (gemma); --enhancer lmstudio"),
    ("localai", 8080, {"/version": {"version": "v3.9"}, "/v1/models": models("sd", "llama")},
     f"LocalAI at http://127.0.0.1:8080: 2 models (sd, llama); {OPENAI.format(8080)}"),
    ("llama.cpp", 8080,
     {"/props": {"default_generation_settings": {}}, "/v1/models": models("gemma.gguf")},
     "llama.cpp at http://127.0.0.1:8080: 1 model (gemma.gguf); --enhancer llamacpp"),
    ("vllm", 8000, {"/version": {"version": "0.30.0"}, "/v1/models": models("Qwen/Qwen-Image")},
     "vLLM at http://127.0.0.1:8000: 1 model (Qwen/Qwen-Image); --enhancer vllm, or "
     f"{OPENAI.format(8000)} for vLLM-Omni"),
    ("sglang", 30000, {"/get_model_info": {"model_path": "FLUX.1-dev"}},
     f"SGLang at http://127.0.0.1:30000: model FLUX.1-dev; {OPENAI.format(30000)}"),
    ("ollama", 11434, {"/api/tags": {"models": [{"name": "llama3.2"}]}},
     "Ollama at http://127.0.0.1:11434: 1 model (llama3.2); --enhancer ollama"),
    ("something else", 8000, {"/": b"<html>"},
     "a server that is not known at http://127.0.0.1:8000; it is none that imagine asks"),
]  # fmt: skip


@pytest.mark.parametrize(("port", "answers", "told"), [row[1:] for row in RUNNING],
                         ids=[row[0] for row in RUNNING])  # fmt: skip
def test_a_server_is_known_by_what_it_alone_answers(port: int, answers: Answers, told: str) -> None:
    found = find_servers(ADDRESSES, transport=answering({port: answers}))
    assert [server.told() for server in found] == [told]


def test_all_that_run_are_found_in_the_order_of_the_addresses() -> None:
    running = {port: answers for name, port, answers, _ in RUNNING if name in ("comfyui", "ollama")}
    found = find_servers(ADDRESSES, transport=answering(running))
    assert [server.kind for server in found] == ["comfyui", "ollama"]
    assert find_servers(ADDRESSES, transport=answering({})) == []


def test_an_address_that_two_share_is_asked_once() -> None:
    seen: list[httpx.Request] = []
    find_servers(ADDRESSES, transport=answering({}, seen))
    asked = [str(request.url) for request in seen]
    assert len(asked) == len(set(asked)) == len(set(ADDRESSES.values()))


def test_a_key_goes_to_its_own_server_alone() -> None:
    seen: list[httpx.Request] = []
    find_servers(
        ADDRESSES,
        headers={"sdapi": {"authorization": "Basic abc"}},
        transport=answering({port: answers for _, port, answers, _ in RUNNING}, seen),
    )
    keyed = {request.url.port for request in seen if "authorization" in request.headers}
    assert keyed == {7860}


@pytest.mark.parametrize(
    "broken",
    [
        lambda request: httpx.Response(200, content=b"{" * 100),
        lambda request: httpx.Response(200, content=b"[" * 100_000),
        lambda request: httpx.Response(200, json=["\x1b[31m"] * 3),
        lambda request: httpx.Response(500, json={"detail": "x"}),
        lambda request: httpx.Response(200, content=b" " * 5 * 2**20),
    ],
)
def test_nonsense_is_a_server_that_is_not_known(
    broken: Callable[[httpx.Request], httpx.Response],
) -> None:
    found = find_servers({"comfyui": "http://[::1]:8188/"}, transport=httpx.MockTransport(broken))
    assert [server.told() for server in found] == [
        "a server that is not known at http://[::1]:8188; it is none that imagine asks"
    ]


def test_nothing_listens_and_nothing_is_waited_for() -> None:
    assert find_servers({"sdapi": "http://127.0.0.1:9"}) == []
