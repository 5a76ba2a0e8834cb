"""`imagine refine`: a picture and a wish in; the changes on stderr, the new picture's path out."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command
from scripted import ScriptedModel

from imagine.stages.enhance import ENHANCERS
from imagine.stages.errors import ProviderError
from imagine.stages.metadata import read_recipe

TINY: dict[str, Any] = {
    "source_prompt": "a tiny red fox",
    "subjects": [{"id": "fox", "attributes": ["tiny"]}],
}
MODEL: list[ScriptedModel] = []


def scripted() -> ScriptedModel:
    """What the registry makes: the model that the test has prepared."""
    return MODEL[-1]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Prepare the enhancer called "scripted" with its answers."""
    monkeypatch.setitem(ENHANCERS.built_in, "scripted", "test_cli_refine:scripted")

    def prepare(*answers: Any) -> ScriptedModel:
        MODEL.append(ScriptedModel(answers))
        return MODEL[-1]

    return prepare


@pytest.fixture
def fox(imagine: Command) -> str:
    """A picture of a red fox."""
    done = imagine("a red fox", "--seed", "7", "--size", "96x64", "-o", "fox.png")
    assert done.code == 0, done.err
    return done.lines[0]


def test_the_change_is_shown_and_the_picture_drawn_with_it(
    imagine: Command, fox: str, answering: Any
) -> None:
    answering(TINY)
    done = imagine("refine", fox, "make the fox tiny", "-e", "scripted", "-o", "tiny.png")
    assert done.code == 0, done.err
    assert done.lines == ["tiny.png"]
    assert "prompt: a red fox → a tiny red fox\n" in done.err
    assert "fox: attributes: (nothing) → tiny\n" in done.err
    before, after = read_recipe(Path(fox)), read_recipe(Path("tiny.png"))
    assert after.source_prompt == "a tiny red fox"
    assert after.prompt.startswith("a tiny red fox")
    assert [item.model_dump() for item in after.refined] == [
        {"instruction": "make the fox tiny", "source_prompt": "a red fox"}
    ]
    assert after.backend.parameters == before.backend.parameters
    assert Path(fox).exists()


def test_the_words_need_no_quotes_and_a_dry_run_draws_nothing(
    imagine: Command, fox: str, answering: Any
) -> None:
    model = answering(TINY)
    done = imagine("refine", fox, "make", "it", "tiny", "-e", "scripted", "--dry-run", "--json")
    assert done.code == 0, done.err
    assert model.questions[0].revision is not None
    assert model.questions[0].revision.instruction == "make it tiny"
    assert done.json["dry_run"]
    assert done.json["requests"][0]["spec"]["source_prompt"] == "a tiny red fox"
    assert [path.name for path in Path.cwd().glob("*.png")] == ["fox.png"]


def test_without_a_model_it_says_what_is_missing(
    imagine: Command, fox: str, answering: Any
) -> None:
    done = imagine("refine", fox, "bigger")
    assert done.code == 2
    assert done.err.splitlines()[-1] == (
        "Error: The enhancer offline asks no language model, which reading an instruction takes; "
        "set GEMINI_API_KEY, or name one such as --enhancer ollama/llama3.2."
    )


def test_a_failure_draws_nothing(imagine: Command, fox: str, answering: Any) -> None:
    answering(ProviderError("The scripted model is gone; wait."))
    done = imagine("refine", fox, "bigger", "-e", "scripted", "--json")
    assert done.code == 4
    assert json.loads(done.out)["ok"] is False
    assert [path.name for path in Path.cwd().glob("*.png")] == ["fox.png"]


def test_a_file_without_a_recipe_is_refused(imagine: Command, answering: Any) -> None:
    Path("a.png").write_bytes(b"no picture")
    assert imagine("refine", "a.png", "bigger", "-e", "offline").code == 2


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ((), [(192, 128)]),
        (("--upscale", "3"), [(288, 192)]),
        (("--upscaler", "none"), []),
    ],
)
def test_a_refined_picture_is_enlarged_as_before_unless_an_option_says_otherwise(
    imagine: Command, answering: Any, options: tuple[str, ...], sizes: list[tuple[int, int]]
) -> None:
    large = ("--size", "96x64", "--upscale", "2", "--upscaler", "nearest", "-o", "fox.png")
    assert imagine("a red fox", "--seed", "7", *large).code == 0
    answering(TINY)
    change = ("refine", "fox.png", "make the fox tiny", "-e", "scripted", "-o", "tiny.png")
    done = imagine(*change, *options)
    assert done.code == 0, done.err
    records = read_recipe(Path("tiny.png")).upscales
    assert [(record.width, record.height) for record in records] == sizes
