"""Settings: falling order of sources, and mistakes in each."""

from pathlib import Path

import pytest
from conftest import Command

from imagine.cli.settings import GENERAL, SETTINGS, config_directory, load_settings
from imagine.stages.enhance import ENHANCERS
from imagine.stages.errors import ConfigError
from imagine.stages.generate import BACKENDS


@pytest.fixture(autouse=True)
def in_an_empty_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def write_user_config(text: str) -> None:
    config_directory().mkdir(parents=True)
    (config_directory() / "config.toml").write_text(text)


def test_defaults_hold_when_nothing_is_set() -> None:
    settings = load_settings()
    assert {name: settings.values[name] for name in SETTINGS} == {
        name: setting.default for name, setting in SETTINGS.items()
    }
    assert set(settings.origins.values()) == {"default"}


def test_each_source_wins_over_those_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    write_user_config('format = "jpg"\nsidecar = true\nquality = 50\noutput = "a"')
    Path("imagine.toml").write_text('format = "webp"\noutput = "b"\nquality = 60')
    Path(".env").write_text('IMAGINE_FORMAT=avif\nIMAGINE_OUTPUT="c d" # comment\nOTHER=1\n')
    monkeypatch.setenv("IMAGINE_FORMAT", "png")
    settings = load_settings()
    found = {name: (settings.values[name], settings.origins[name]) for name in SETTINGS}
    assert found["format"] == ("png", "environment")
    assert found["output"] == ("c d", ".env")
    assert found["quality"] == (60, "imagine.toml")
    assert found["sidecar"] == (True, str(config_directory() / "config.toml"))
    assert settings.get("format", "jpg") == "jpg"


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGINE_FORMAT", "")
    assert load_settings().origins["format"] == "default"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("format", "gif", "is none of png, jpg, webp, avif: 'gif'; correct it."),
        ("quality", "101", "is no number from 1 to 100: '101'; correct it."),
        ("sidecar", "maybe", "is neither true nor false: 'maybe'; correct it."),
        ("output", " ", "is not a text: ' '; correct it."),
        (
            "device",
            "gpu0",
            "is none of auto, cpu, cuda, cuda:1, mps, GPU, NPU: 'gpu0'; correct it.",
        ),
        ("dtype", "int8", "is none of auto, bfloat16, float16, float32: 'int8'; correct it."),
        ("batch_size", "0", "is no whole number from 1 to 1000: '0'; correct it."),
    ],
)
def test_a_wrong_value_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"IMAGINE_{name.upper()}", value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value) == f"IMAGINE_{name.upper()} in the environment {message}"


def test_an_unknown_setting_in_a_file_is_refused() -> None:
    Path("imagine.toml").write_text('fromat = "png"')
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value) == (
        "'imagine.toml' has no setting 'fromat'; did you mean 'format'?; see `imagine config`."
    )


@pytest.mark.parametrize("content", [b"format = ", b"\xff\xfe"])
def test_a_broken_file_is_refused(content: bytes) -> None:
    Path("imagine.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"^'imagine\.toml' cannot be read: "):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("size", "2", "The size '2' is not WIDTHxHEIGHT, such as 1024x768; write it so."),
        ("aspect_ratio", "wide", "The aspect ratio 'wide' is not W:H, such as 16:9; write it so."),
        ("backend", "zz", f"There is no backend 'zz' (known: {', '.join(BACKENDS.names())})."),
        ("enhancer", "zz", f"There is no enhancer 'zz' (known: {', '.join(ENHANCERS.names())})."),
    ],
)
def test_a_value_that_no_option_would_take_is_refused_with_its_source(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(f"IMAGINE_{name.upper()}", value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value) == f"IMAGINE_{name.upper()} in the environment: {message}"


def test_an_unknown_style_or_a_name_that_leaves_the_directory_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMAGINE_STYLE", "watercolor, oil-paintin")
    with pytest.raises(ConfigError, match=r"names no style; did you mean 'oil-painting'\?"):
        load_settings()
    monkeypatch.setenv("IMAGINE_STYLE", "watercolor, oil-painting")
    monkeypatch.setenv("IMAGINE_NAME", "../x")
    with pytest.raises(ConfigError, match=r"^IMAGINE_NAME in the environment: "):
        load_settings()


def test_a_misspelt_variable_is_refused_and_a_stranger_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMAGINE_SOMETHING_ELSE", "1")
    load_settings()
    Path(".env").write_text("IMAGINE_BACKND=sketch\n")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value) == (
        "IMAGINE_BACKND in the .env is no setting; did you mean IMAGINE_BACKEND?"
    )


def test_a_broken_dotenv_names_its_line(capfd: pytest.CaptureFixture[str]) -> None:
    Path(".env").write_text("IMAGINE_FORMAT=png\n=x\n")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value) == "'.env' line 2 is not NAME=value; correct it."
    assert capfd.readouterr().err == ""


def test_a_home_that_is_no_directory_has_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGINE_CONFIG_DIR", "/dev/null/imagine")
    assert set(load_settings().origins.values()) == {"default"}


@pytest.mark.parametrize("content", ["x = " + "[" * 5000, "quality = " + "9" * 5000])
def test_a_file_made_to_break_readers_is_refused(content: str) -> None:
    Path("imagine.toml").write_text(content)
    with pytest.raises(ConfigError, match=r"^'imagine\.toml' cannot be read: "):
        load_settings()


def test_the_command_shows_every_setting_and_its_origin(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGINE_FORMAT", "webp")
    done = imagine("config")
    assert done.code == 0
    assert [line.split()[0] for line in done.lines] == list(GENERAL)
    assert [line.split()[0] for line in imagine("config", "--all").lines] == list(SETTINGS)
    row = next(line for line in done.lines if line.startswith("format"))
    assert row.split()[:3] == ["format", "webp", "environment"]


def test_a_broken_configuration_ends_with_3(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGINE_QUALITY", "best")
    assert imagine("a fox").code == 3


@pytest.mark.parametrize(
    ("variables", "wins"),
    [
        ({"GOOGLE_API_KEY": "google"}, "google"),
        ({"GOOGLE_API_KEY": "google", "GEMINI_API_KEY": "gemini"}, "gemini"),
        ({"GEMINI_API_KEY": "gemini", "IMAGINE_GEMINI_API_KEY": "ours"}, "ours"),
    ],
)
def test_a_key_goes_by_its_usual_names(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wins: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    key = load_settings().secret("gemini_api_key")
    assert key is not None
    assert key.reveal() == wins


def test_no_key_is_ever_shown(imagine: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIza-secret")
    Path(".env").write_text("OPENAI_API_KEY=sk-secret\n")
    shown = [imagine("config").out, imagine("config", "--all").out, imagine("config", "--json").out]
    assert "secret" not in "".join(shown)
    assert all("(set, not shown)" in text for text in shown)
    monkeypatch.setenv("GEMINI_API_KEY", "AIza secret")
    done = imagine("config")
    assert done.code == 3
    assert done.err == (
        "Error: GEMINI_API_KEY in the environment holds a space, line break or other sign that no "
        "key has; correct it.\n"
    )


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("ftp://x", "is no address such as http://127.0.0.1:8080/v1: 'ftp://x'; correct it."),
        ("http://", "is no address such as http://127.0.0.1:8080/v1: 'http://'; correct it."),
        (
            "http://x:99999",
            "is no address such as http://127.0.0.1:8080/v1: 'http://x:99999'; correct it.",
        ),
        ("https://u:pw@x", "holds a password, which addresses show to everyone; use the key."),
    ],
)
def test_an_address_that_is_none_is_refused(
    monkeypatch: pytest.MonkeyPatch, address: str, message: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value) == f"OPENAI_BASE_URL in the environment {message}"


def test_a_file_of_the_directory_sends_no_key_of_the_users_elsewhere(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    Path(".env").write_text("OPENAI_BASE_URL=https://thief.example/v1\n")
    done = imagine("a fox", "-b", "openai", "--no-enhance")
    assert done.code == 3
    assert done.err == (
        "Error: '.env' of this directory would send your OpenAI key to https://thief.example/v1; "
        "if that is meant, set IMAGINE_OPENAI_BASE_URL in the environment, or put the key beside "
        "it.\n"
    )
