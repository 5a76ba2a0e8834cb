"""`imagine styles`, `backends` and `doctor`: what there is, and whether it works."""

import json
from pathlib import Path

import pytest
from conftest import Command
from fakes import serve

from imagine.cli import doctor, engines
from imagine.cli.doctor import CHECKS
from imagine.cli.settings import config_directory
from imagine.stages.enhance import ENHANCERS
from imagine.stages.generate import BACKENDS
from imagine.stages.network import servers
from imagine.stages.network.servers import Server
from imagine.stages.upscale import UPSCALERS, auto


@pytest.fixture(autouse=True)
def no_server_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs on the machine of whoever tests."""
    monkeypatch.setattr(servers, "find_servers", lambda *addresses, **more: [])


def test_styles_are_listed_by_family(imagine: Command) -> None:
    done = imagine("styles")
    names = [line.split()[0] for line in done.lines if line.startswith("  ")]
    assert len(names) >= 30
    assert len(set(names)) == len(names)
    assert "watercolor" in names
    assert [json.loads(line)["name"] for line in imagine("styles", "--json").lines] == names


def test_one_style_is_shown_in_full(imagine: Command) -> None:
    lines = imagine("styles", "watercolor").lines
    assert any(line.split() == ["medium", "painting"] for line in lines)
    assert imagine("styles", "watercolor", "--json").json["medium"] == "painting"
    assert imagine("styles", "watercolr").code == 2


def test_a_style_of_the_users_is_found_and_used(imagine: Command) -> None:
    folder = config_directory() / "styles"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(
        'title = "Mine"\nfamily = "painting"\ndescription = "Just mine."\n'
        'medium = "painting"\nfits = []\ndetail = "finger painting"\n'
    )
    assert "  mine" in imagine("styles").out
    assert "inger painting" in imagine("a fox", "-s", "mine", "--dry-run").out


def test_a_broken_style_of_the_users_names_its_file(imagine: Command) -> None:
    folder = config_directory() / "styles"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text('title = "Mine"\nmedum = "painting"\n')
    done = imagine("styles")
    assert done.code == 3
    assert "mine.toml" in done.err
    assert done.err.count("\n") == 1


def test_backends_and_enhancers_are_listed_with_what_they_honour(imagine: Command) -> None:
    done = imagine("backends")
    assert "no diffusion model" in done.out
    rows = [json.loads(line) for line in imagine("backends", "--json").lines]
    named = [(row["kind"], row["name"]) for row in rows]
    assert named == [
        *(("backend", name) for name in BACKENDS.names()),
        *(("enhancer", name) for name in ENHANCERS.names()),
        *(("upscaler", name) for name in UPSCALERS.names()),
    ]
    ready = {row["name"] for row in rows if row["ready"] and row["kind"] != "upscaler"}
    assert ready == {
        *("sketch", "offline", "none", "ollama", "lmstudio", "llamacpp", "vllm"),
        *("sdapi", "comfyui"),
    }
    enlarging = {row["name"] for row in rows if row["ready"] and row["kind"] == "upscaler"}
    assert enlarging >= {"lanczos", "nearest", "photo", "art", "sdapi", "localai"}
    assert not enlarging & {"model", "diffusers", "stability"}


def test_a_key_makes_its_provider_ready(imagine: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "not set up: STABILITY_API_KEY" in imagine("backends").out
    monkeypatch.setenv("STABILITY_API_KEY", "sk-not-shown")
    listed = imagine("backends").out
    assert "STABILITY_API_KEY" not in listed
    told = imagine("doctor").out
    assert "stability     key in the environment, at https://api.stability.ai" in told
    assert "sk-not-shown" not in listed + told


def test_the_doctor_finds_nothing_wrong_here(imagine: Command) -> None:
    done = imagine("doctor")
    assert done.code == 0
    assert [line.split()[1] for line in done.lines] == [*CHECKS, "providers", "servers"]
    assert not any(line.startswith("broken") for line in done.lines)


def test_the_doctor_says_that_numpy_is_missing(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto, "find_spec", lambda name: None)
    found = {row["name"]: row for row in map(json.loads, imagine("doctor", "--json").lines)}
    assert found["upscalers"]["status"] == "warning"
    assert found["upscalers"]["detail"].endswith("not installed; run `pip install numpy`.")


def test_the_doctor_ends_with_1_when_something_is_broken(imagine: Command) -> None:
    config_directory().mkdir(parents=True)
    (config_directory() / "config.toml").write_text("format = 3")
    done = imagine("doctor", "--json")
    assert done.code == 1
    found = {row["name"]: row for row in map(json.loads, done.lines)}
    assert found["settings"]["status"] == "broken"
    assert "config.toml" in found["settings"]["detail"]
    assert found["sketch"]["status"] == "ok"


@pytest.mark.parametrize(("online", "asked"), [((), False), (("--online",), True)])
def test_the_doctor_asks_servers_of_this_machine_and_others_on_demand(
    imagine: Command, monkeypatch: pytest.MonkeyPatch, online: tuple[str, ...], asked: bool
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", {})
    monkeypatch.setattr(doctor, "_is_used", lambda provider, settings: False)
    monkeypatch.setenv("IMAGINE_COMFYUI_BASE_URL", "http://10.0.0.5:8188")
    monkeypatch.setenv("IMAGINE_SDAPI_API_KEY", "me:secret")
    calls: list[tuple[dict[str, str], dict[str, dict[str, str]]]] = []

    def find(addresses: dict[str, str], *, headers: dict[str, dict[str, str]]) -> list[Server]:
        calls.append((addresses, headers))
        return [Server("ollama", "Ollama", "http://127.0.0.1:11434", "1 model (a)", "use it")]

    monkeypatch.setattr(servers, "find_servers", find)
    done = imagine("doctor", *online)
    assert done.lines == [
        "ok       providers     none is set up; see `imagine backends`",
        "ok       ollama        Ollama at http://127.0.0.1:11434: 1 model (a); use it",
    ]
    ((addresses, headers),) = calls
    assert ("comfyui" in addresses) == asked
    assert {name: addresses[name] for name in ("sdapi", "sglang", "ollama")} == {
        "sdapi": "http://127.0.0.1:7860",
        "sglang": "http://127.0.0.1:30000",
        "ollama": "http://127.0.0.1:11434/v1",
    }
    assert headers["sdapi"] == {"authorization": "Basic bWU6c2VjcmV0"}


def test_the_doctor_has_one_line_for_a_server_that_is_set(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", {})
    monkeypatch.setenv("IMAGINE_COMFYUI_BASE_URL", "http://127.0.0.1:8189")
    monkeypatch.setenv("IMAGINE_SDAPI_API_KEY", "me:secret")
    monkeypatch.setenv("IMAGINE_OLLAMA_BASE_URL", "http://127.0.0.1:11435/v1")
    found = [
        Server("comfyui", "ComfyUI", "http://127.0.0.1:8189", "1 checkpoint (a)", "-b comfyui"),
        Server("sdapi", "Stable Diffusion WebUI", "http://127.0.0.1:7860", "", "-b sdapi"),
        Server("vllm", "vLLM", "http://127.0.0.1:8000", "", "--enhancer vllm"),
    ]
    monkeypatch.setattr(servers, "find_servers", lambda addresses, *, headers: found)
    told = sorted(imagine("doctor").lines)
    assert told == [
        "ok       comfyui       ComfyUI at http://127.0.0.1:8189: 1 checkpoint (a); -b comfyui",
        "ok       ollama        no key, at http://127.0.0.1:11435/v1",
        "ok       sdapi         Stable Diffusion WebUI at http://127.0.0.1:7860; -b sdapi; key in "
        "the environment",
        "ok       vllm          vLLM at http://127.0.0.1:8000; --enhancer vllm",
    ]


def test_the_doctor_sends_no_key_where_a_directory_says(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "CHECKS", {})
    monkeypatch.setattr(doctor, "_is_used", lambda provider, settings: False)
    Path(".env").write_text("IMAGINE_SDAPI_BASE_URL=https://sdapi.example.com\n")
    monkeypatch.setenv("IMAGINE_SDAPI_API_KEY", "me:secret")
    monkeypatch.setenv("IMAGINE_COMFYUI_API_KEY", "mine")
    asked: list[dict[str, dict[str, str]]] = []

    def find(addresses: dict[str, str], *, headers: dict[str, dict[str, str]]) -> list[Server]:
        assert addresses["sdapi"] == "https://sdapi.example.com"
        asked.append(headers)
        return []

    monkeypatch.setattr(servers, "find_servers", find)
    assert imagine("doctor", "--online").code == 0
    ((headers),) = asked
    assert "sdapi" not in headers
    assert headers["comfyui"]["authorization"].endswith("mine")


def test_a_backend_that_cannot_be_set_up_is_a_line_among_others(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGINE_COMFYUI_WORKFLOW", "nowhere.json")
    done = imagine("backends")
    assert done.code == 0, done.err
    assert "  comfyui      a ComfyUI server, with your workflow or a plain one" in done.lines
    line = next(line for line in done.lines if "nowhere.json" in line)
    assert line.startswith("               not set up: comfyui_workflow: ")
    told = [json.loads(line) for line in imagine("backends", "--json").lines]
    row = next(row for row in told if row["name"] == "comfyui")
    assert (row["ready"], "nowhere.json" in row["missing"]) == (False, True)


def test_the_doctor_says_what_draws_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "missing_extra", engines.install)
    monkeypatch.setattr(engines, "versions", lambda name: "")
    assert CHECKS["engines"]() == (
        "ok", "none for models of yours; for one: pip install 'imagine-cli[diffusers]'"
    )  # fmt: skip
    monkeypatch.setattr(engines, "device", lambda: "a card")
    found = {"diffusers": "torch 2.13.0", "openvino": "", "sdcpp": "cyllama 0.2.18"}
    monkeypatch.setattr(engines, "versions", found.__getitem__)
    monkeypatch.setattr(
        engines, "missing_extra", lambda name: "" if name == "sdcpp" else engines.install(name)
    )
    assert CHECKS["engines"]() == (
        "ok",
        "diffusers in part (torch 2.13.0; pip install 'imagine-cli[diffusers]'), sdcpp (cyllama "
        "0.2.18); a card",
    )


def test_one_backend_is_shown_with_the_models_whose_price_is_known(imagine: Command) -> None:
    done = imagine("backends", "gemini")
    assert "gemini-3-pro-image" in done.out
    assert "sketch" not in done.out
    wrong = imagine("backends", "gemmini")
    assert wrong.code == 2
    assert "did you mean 'gemini'?" in wrong.err


def test_the_doctor_asks_the_providers_that_are_set_up(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve("gemini") as fake:
        monkeypatch.setenv("GEMINI_API_KEY", fake.key or "")
        monkeypatch.setenv("IMAGINE_GEMINI_BASE_URL", fake.url)
        monkeypatch.setenv("IMAGINE_TIMEOUT", "2")
        for name in ("OLLAMA", "LMSTUDIO", "LLAMACPP", "VLLM"):
            monkeypatch.setenv(f"IMAGINE_{name}_BASE_URL", "http://127.0.0.1:9/v1")
        told = imagine("doctor", "--online").out
        assert f"at {fake.url}: reachable, and takes the key" in told
        assert "imagen" not in told
        monkeypatch.setenv("GEMINI_API_KEY", "another-key")
        wrong = imagine("doctor", "--online")
    assert wrong.code == 1
    assert "GEMINI_API_KEY" in wrong.out
