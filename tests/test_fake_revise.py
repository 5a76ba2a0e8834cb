"""What the fakes answer to a wish for changes: the prompt's smallest edit, and one change."""

import json
from typing import Any

import pytest
from fakes.client import TEXT, chat, client, config, joined
from fakes.revise import revise_prompt

from imagine.stages.enhance.schema import REFINE_SCHEMA, json_schema

PROMPT = "a fluffy corgi wearing a gold crown, in the morning"
DESCRIPTION = {
    "subjects": [
        {"id": "corgi-1", "name": "corgi", "attributes": ["fluffy"]},
        {"id": "crown-2", "name": "crown", "colors": ["gold"]},
        {"id": "gull", "name": "gull", "origin": "added"},
    ],
    "relations": [],
}
UNCHANGED = {"source_prompt": PROMPT, "subjects": [], "remove_subjects": []}
WISHES: list[tuple[str, dict[str, Any]]] = [
    (
        "make the crown tiny",
        {
            "source_prompt": "a fluffy corgi wearing a gold tiny crown, in the morning",
            "subjects": [{"id": "crown-2", "attributes": ["tiny"]}],
        },
    ),
    (
        "Make the corgi old.",
        {
            "source_prompt": "a fluffy old corgi wearing a gold crown, in the morning",
            "subjects": [{"id": "corgi-1", "attributes": ["fluffy", "old"]}],
        },
    ),
    (
        "paint the crown orange",
        {
            "source_prompt": "a fluffy corgi wearing an orange crown, in the morning",
            "subjects": [{"id": "crown-2", "colors": ["orange"]}],
        },
    ),
    ("make the gull white", {"subjects": [{"id": "gull", "colors": ["white"]}]}),
    (
        "remove the crown",
        {
            "source_prompt": "a fluffy corgi, in the morning",
            "remove_subjects": ["crown-2"],
        },
    ),
    ("without the gull", {"remove_subjects": ["gull"]}),
    (
        "at night",
        {
            "source_prompt": "a fluffy corgi wearing a gold crown, at night",
            "lighting": "at night",
        },
    ),
    ("make the light warmer", {"lighting": "warmer light"}),
    ("seen from above!", {"camera": "seen from above"}),
    ('write "Hi" on it', {"source_prompt": f'{PROMPT}, "Hi"'}),
    ("put it on a beach", {"setting": "put it on a beach"}),
]


def said(instruction: str) -> str:
    return (
        f"<prompt>\n{PROMPT}\n</prompt>\n\n<description>\n{json.dumps(DESCRIPTION)}\n"
        f"</description>\n\n<instruction>\n{instruction}\n</instruction>"
    )


def changed(answer: dict[str, Any]) -> dict[str, Any]:
    """What of an answer is no null and no empty list; subjects without their nulls."""
    kept = {name: value for name, value in answer.items() if value not in (None, [])}
    for name, values in kept.items():
        if name == "subjects":
            kept[name] = [{n: v for n, v in one.items() if v is not None} for one in values]
    return kept


@pytest.mark.parametrize("schema", [REFINE_SCHEMA, json_schema(REFINE_SCHEMA)])
@pytest.mark.parametrize(("instruction", "expected"), WISHES)
def test_a_wish_makes_the_smallest_edit_and_one_change(
    instruction: str, expected: dict[str, Any], schema: Any
) -> None:
    answer = revise_prompt(PROMPT, said(instruction), schema)
    assert set(schema["required"]) <= set(answer)
    assert changed(answer) == changed(UNCHANGED | expected)


@pytest.mark.parametrize(
    ("prompt", "instruction", "edited"),
    [
        ("an old fox", "make the fox young", "an old young fox"),
        ("two boats", "make the boat red", "two red boats"),
        ('a fox, "fox hole"', "make the hole red", 'a fox, "fox hole"'),
        ('a sign: "OPEN"', 'it should say "CLOSED"', 'a sign: "CLOSED"'),
        ("A owl", "make the owl big", "A big owl"),
        ("a fox", "remove the fox", "a fox"),
    ],
)
def test_an_edit_keeps_grammar_and_quotes(prompt: str, instruction: str, edited: str) -> None:
    names = ("fox", "boat", "owl", "hole", "sign")
    subjects = [{"id": name, "name": name} for name in names if name in prompt]
    description = json.dumps({"subjects": subjects})
    text = f"<description>{description}</description><instruction>{instruction}</instruction>"
    assert revise_prompt(prompt, text, None)["source_prompt"] == edited


def test_gemini_and_chat_servers_revise() -> None:
    text = said("make the crown tiny")
    wanted = changed(UNCHANGED | WISHES[0][1])
    with client("gemini") as gemini:
        body = config(responseMimeType="application/json", responseSchema=REFINE_SCHEMA)
        body["contents"] = [{"role": "user", "parts": [{"text": text}]}]
        reply = gemini.post(f"/v1beta/models/{TEXT}:generateContent", body)
        assert changed(json.loads(joined(reply))) == wanted
        assert gemini.fake.entries[0].prompt == PROMPT
    with client("ollama") as ollama:
        schema = {"name": "changes", "strict": True, "schema": json_schema(REFINE_SCHEMA)}
        body = chat("llama3.2", {"type": "json_schema", "json_schema": schema})
        body["messages"][1]["content"] = text
        message = ollama.post("/chat/completions", body).json()["choices"][0]["message"]
        assert changed(json.loads(message["content"])) == wanted
