"""Both ways to Gemini, the SDK and plain REST, have to pass the same tests against the fake."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, get_args

import httpx
import pytest
from fakes import Fake, serve
from foxes import ANSWER, QUESTION, TEXT
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENT, Limit

from imagine.stages.enhance import ModelEnhancer, Question, Revision
from imagine.stages.enhance.asking import ask
from imagine.stages.enhance.gemini.enhancer import GeminiEnhancer, GeminiTransport
from imagine.stages.enhance.gemini.outcome import check_reply
from imagine.stages.enhance.gemini.rest import reply_of
from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    ProviderError,
    RefusedError,
    UnusableAnswerError,
    UsageError,
)
from imagine.stages.image import ReferenceImage
from imagine.stages.network.providers import Secret, connect

MODEL = "gemini-3.5-flash-lite"


@pytest.fixture(params=get_args(GeminiTransport))
def transport(request: pytest.FixtureRequest) -> GeminiTransport:
    way: GeminiTransport = request.param
    return way


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagine.stages.network.retry.FIRST_CEILING", 0.01)


@dataclass
class Line:
    """A fake Gemini and an enhancer that talks to it."""

    fake: Fake
    enhancer: GeminiEnhancer
    told: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    @property
    def statuses(self) -> list[int]:
        return [entry.status for entry in self.fake.log.of("text")]


@contextmanager
def line(
    transport: GeminiTransport,
    *faults: str,
    model: str = "",
    level: str | None = None,
    answers: tuple[Any, ...] = (ANSWER,),
    base: str | None = None,
    key: str | None = None,
    patience: float = 5.0,
    timeout: float = PATIENT,
) -> Iterator[Line]:
    with serve("gemini", faults=faults, answers=list(answers)) as fake:
        told: list[str] = []
        logged: list[str] = []
        connection = connect(
            "gemini",
            base_url=base or fake.url,
            key=Secret(key or fake.key or ""),
            timeout=timeout,
            patience=patience,
            tell=told.append,
            log=logged.append,
        )
        enhancer = GeminiEnhancer(connection, model, transport=transport, thinking_level=level)
        try:
            yield Line(fake, enhancer, told, logged)
        finally:
            enhancer.close()


def error_of(talk: Line, question: Question = QUESTION) -> ImagineError:
    with pytest.raises(ImagineError) as caught:
        talk.enhancer.ask(question)
    return caught.value


# Answers that are good.


def test_it_is_a_model_enhancer(transport: GeminiTransport) -> None:
    enhancer: ModelEnhancer = GeminiEnhancer(connect("gemini"), transport=transport)
    assert isinstance(enhancer, ModelEnhancer)
    assert (enhancer.name, enhancer.model, enhancer.sees_images) == ("gemini", MODEL, True)
    assert len(enhancer.template_hash) == 16


def test_an_answer_becomes_a_description(transport: GeminiTransport) -> None:
    with line(transport) as talk:
        found = talk.enhancer.enhance(QUESTION.intent, seed=7)
    assert [subject.name for subject in found.spec.subjects] == ["fox", "sign"]
    assert found.spec.lighting == "soft evening light from the left"
    assert [item.content for item in found.spec.text] == ["OPEN"]
    assert (found.model, found.notes, found.answer) == (MODEL, (), TEXT)
    assert found.usage.calls == 1
    assert talk.told == []


@pytest.mark.parametrize(
    "fault",
    [
        "split-parts",
        "thought-parts",
        "signature-only",
        "unknown-enum",
        "unknown-fields",
        "null-fields",
        "no-model",
        "no-usage",
        "fenced",
        "extra-keys",
        "gzip",
        "slow=0.01",
    ],
)
def test_oddities_of_an_answer_do_not_matter(transport: GeminiTransport, fault: str) -> None:
    with line(transport, fault) as talk:
        found = talk.enhancer.ask(QUESTION)
    assert [subject.id for subject in found.spec.subjects] == ["fox", "sign"]
    assert found.model == MODEL
    assert talk.statuses == [200]


def test_parts_are_joined_without_anything_between(transport: GeminiTransport) -> None:
    with line(transport, "split-parts") as talk:
        assert talk.enhancer.ask(QUESTION).answer == TEXT


def test_thoughts_are_billed_but_not_read(transport: GeminiTransport) -> None:
    with line(transport, "thought-parts") as talk:
        found = talk.enhancer.ask(QUESTION)
    counts = talk.fake.log.of("text")[0]
    assert counts.status == 200
    assert found.answer == TEXT
    # The fake's model thinks for 128 tokens.
    assert found.usage.output_tokens > 128
    assert found.usage.input_tokens > 100


def test_both_ways_count_alike() -> None:
    used = []
    for way in get_args(GeminiTransport):
        with line(way) as talk:
            used.append(talk.enhancer.ask(QUESTION).usage.output_tokens)
    assert used[0] == used[1]


def test_a_model_that_stands_in_for_another_is_told(transport: GeminiTransport) -> None:
    with line(transport, model="gemini-3.7-flash") as talk:
        found = talk.enhancer.ask(QUESTION)
    assert found.model == "gemini-3.8-flash"
    assert found.notes == ("Google served gemini-3.8-flash for gemini-3.7-flash.",)


@pytest.mark.parametrize(
    ("asked", "served", "told"),
    [
        ("gemini-3.5-flash-lite", "gemini-3.5-flash-lite", False),
        ("gemini-3.5-flash-lite", "gemini-3.5-flash-lite-001", False),
        ("gemini-3.5-flash-lite", "gemini-3.5-flash-lite-preview-09-2026", False),
        ("gemini-3.5-flash", "gemini-3.5-flash-lite", True),
        ("gemini-flash-latest", "gemini-3.8-flash", False),
        ("gemini-2.5-flash", "gemini-3.5-flash-lite", True),
    ],
)
def test_versions_of_a_model_are_that_model(
    transport: GeminiTransport, asked: str, served: str, told: bool
) -> None:
    with line(transport, f"routed={served}", model=asked) as talk:
        found = talk.enhancer.ask(QUESTION)
    assert found.model == served
    assert bool(found.notes) is told


def test_a_change_to_a_description_is_asked_for_and_applied(transport: GeminiTransport) -> None:
    with line(transport) as talk:
        spec = talk.enhancer.ask(QUESTION).spec
    change = {
        "source_prompt": 'three red foxes under a sign that says "OPEN"',
        "remove_subjects": [],
        "subjects": [{"id": "fox", "count": 3}],
    }
    question = replace(QUESTION, revision=Revision(spec, "make it three foxes"))
    with line(transport, answers=(change,)) as talk:
        changed = talk.enhancer.ask(question).spec
    assert [subject.count for subject in changed.subjects] == [3, None]
    assert changed.lighting == spec.lighting


@given(
    answer=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    (
                        "candidates",
                        "content",
                        "parts",
                        "text",
                        "thought",
                        "finishReason",
                        "finishMessage",
                        "promptFeedback",
                        "blockReason",
                        "usageMetadata",
                        "totalTokenCount",
                        "promptTokenCount",
                        "modelVersion",
                    )
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_read_without_a_crash(answer: Any) -> None:
    reply = reply_of(answer)
    assert reply.usage.input_tokens >= 0
    assert reply.usage.output_tokens >= 0
    with suppress(ImagineError):
        check_reply(reply, connect("gemini"))


# What is sent.


def test_the_key_is_in_its_header_alone(transport: GeminiTransport) -> None:
    with line(transport) as talk:
        talk.enhancer.ask(QUESTION)
    (entry,) = talk.fake.log.entries
    assert (entry.key, entry.key_is_right, entry.leaks) == ("x-goog-api-key", True, ())
    assert entry.prompt == QUESTION.intent.core


def test_what_netrc_holds_is_not_sent(transport: GeminiTransport, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("default login somebody password secret\n")
    (home / ".netrc").chmod(0o600)
    with line(transport) as talk:
        talk.enhancer.ask(QUESTION)
    (entry,) = talk.fake.log.entries
    assert "authorization" not in entry.headers


def test_loopback_is_reached_without_proxy(
    transport: GeminiTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with line(transport) as talk:
        assert talk.enhancer.ask(QUESTION).answer == TEXT


def test_pictures_go_along(transport: GeminiTransport, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8), "red").save(tmp_path / "red.png")
    picture = ReferenceImage((tmp_path / "red.png").read_bytes(), "png", 8, 8, "0" * 64)
    with line(transport) as talk:
        talk.enhancer.ask(Question(QUESTION.intent, images=(picture,)))
    (entry,) = talk.fake.log.entries
    kinds = [next(iter(part)) for part in entry.body["contents"][0]["parts"]]
    assert kinds == ["inlineData", "text"]
    assert entry.body["contents"][0]["parts"][0]["inlineData"]["mimeType"] == "image/png"


def test_rest_sends_what_the_sdk_cannot() -> None:
    with line("httpx", model="gemini-3.8-flash") as talk:
        talk.enhancer.ask(QUESTION)
    body = talk.fake.log.entries[0].body
    config = body["generationConfig"]
    assert body["store"] is False
    assert config["seed"] == 7
    assert config["thinkingConfig"] == {"thinkingLevel": "low"}
    assert config["responseJsonSchema"]["required"][0] == "resolutions"
    assert sorted(config) == [
        "maxOutputTokens",
        "responseJsonSchema",
        "responseMimeType",
        "seed",
        "thinkingConfig",
    ]


def test_the_thinking_level_is_left_to_a_model_that_thinks_little() -> None:
    with line("httpx") as talk:
        talk.enhancer.ask(QUESTION)
    assert "thinkingConfig" not in talk.fake.log.entries[0].body["generationConfig"]


def test_a_thinking_level_that_was_asked_for_is_sent() -> None:
    with line("httpx", level="high") as talk:
        talk.enhancer.ask(QUESTION)
    config = talk.fake.log.entries[0].body["generationConfig"]
    assert config["thinkingConfig"] == {"thinkingLevel": "high"}


def test_settings_that_change_the_answer_change_the_template_hash() -> None:
    hashes = {
        GeminiEnhancer(connect("gemini"), transport="httpx", thinking_level=level).template_hash
        for level in (None, "low", "high")
    }
    assert len(hashes) == 3


def test_the_sdk_refuses_a_thinking_level() -> None:
    with pytest.raises(ConfigError) as caught:
        GeminiEnhancer(connect("gemini"), transport="sdk", thinking_level="low")
    assert str(caught.value) == (
        "google-generativeai cannot send the thinking level 'low'; set gemini_transport to httpx, "
        "or leave the level out."
    )


@pytest.mark.parametrize("name", ["../v1/x", "a b", "models/", "x?key=1", "-x"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        GeminiEnhancer(connect("gemini"), name)
    assert str(caught.value) == (
        f"'{name}' is no name of a Gemini model; write one such as gemini-3.5-flash-lite."
    )


def test_google_is_not_asked_without_a_key(transport: GeminiTransport) -> None:
    enhancer = GeminiEnhancer(connect("gemini"), transport=transport)
    with pytest.raises(ConfigError) as caught:
        enhancer.ask(QUESTION)
    assert str(caught.value) == (
        "There is no key for Google Gemini: set GEMINI_API_KEY in the environment or in .env "
        "(https://aistudio.google.com/apikey), or work without one: "
        "--enhancer offline --backend sketch."
    )


def test_a_server_of_ones_own_is_asked_without_a_key() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert "x-goog-api-key" not in request.headers
        content = {"parts": [{"text": json.dumps(ANSWER)}]}
        return httpx.Response(200, json={"candidates": [{"content": content}]})

    connection = connect(
        "gemini", base_url="http://127.0.0.1:9", transport=httpx.MockTransport(answer)
    )
    found = GeminiEnhancer(connection, transport="httpx").ask(QUESTION)
    assert found.model == MODEL


def test_two_enhancers_of_different_keys_do_not_mix(transport: GeminiTransport) -> None:
    with line(transport, answers=(ANSWER, ANSWER)) as one, line(transport, key="other") as two:
        one.enhancer.ask(QUESTION)
        assert isinstance(error_of(two), ConfigError)
        one.enhancer.ask(QUESTION)
    assert one.statuses == [200, 200]
    assert two.statuses == [400]


# Answers that are none. Each row: the fault, the class of the error, and its whole message.

AGAIN = "try again, or choose another model."
REFUSED = [
    ("SAFETY", "SAFETY: its safety filter"),
    ("RECITATION", "RECITATION: too close to existing material"),
    ("BLOCKLIST", "BLOCKLIST: a word on its blocklist"),
    ("PROHIBITED_CONTENT", "PROHIBITED_CONTENT: prohibited content"),
    ("SPII", "SPII: personal data"),
    ("IMAGE_SAFETY", "IMAGE_SAFETY: its safety filter for pictures"),
    (
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_PROHIBITED_CONTENT: prohibited content in a picture",
    ),
    ("IMAGE_RECITATION", "IMAGE_RECITATION: too close to an existing picture"),
]
# The SDK gets these as numbers, and which they are is not published.
REFUSED_LATELY = [
    ("MODEL_ARMOR", "MODEL_ARMOR: the project's Model Armor filter"),
    ("ESCALATION", "ESCALATION: passed on for review"),
]
BLOCKED = [
    ("SAFETY", "SAFETY: its safety filter"),
    ("OTHER", "OTHER"),
    ("BLOCKLIST", "BLOCKLIST: a word on its blocklist"),
    ("PROHIBITED_CONTENT", "PROHIBITED_CONTENT: prohibited content"),
    ("IMAGE_SAFETY", "IMAGE_SAFETY: its safety filter for pictures"),
]
ONLY_JSON = "Answer with the JSON object alone: call no tool and make no picture."
EMPTY = "The answer was empty."
CUT = "The answer was cut because it was too long; be much shorter."
# Also: what the model is told when it is asked again, "" for what is not worth it.
UNUSABLE = [
    ("no-candidates", "Google Gemini sent an empty answer; try again.", EMPTY),
    ("empty-candidates", "Google Gemini sent an empty answer; try again.", EMPTY),
    ("no-content", "Google Gemini sent an empty answer; try again.", EMPTY),
    ("no-parts", "Google Gemini sent an empty answer; try again.", EMPTY),
    ("empty-text", "Google Gemini sent an empty answer; try again.", EMPTY),
    ("whitespace", "Google Gemini sent an empty answer; try again.", EMPTY),
    ("signature-alone", "Google Gemini sent an empty answer; try again.", EMPTY),
    ("thoughts-only", "Google Gemini sent an empty answer; try again.", EMPTY),
    (
        "max-tokens",
        "Google Gemini broke its answer off after 8192 tokens (MAX_TOKENS); shorten the prompt, or "
        "choose another model.",
        CUT,
    ),
    (
        "max-tokens-no-parts",
        "Google Gemini used up its 8192 tokens in thinking and wrote no answer; choose another "
        "model or a lower thinking level.",
        "",
    ),
    (
        "LANGUAGE",
        "Google Gemini does not know the prompt's language (LANGUAGE); write it in another "
        "language.",
        "",
    ),
    ("OTHER", f"Google Gemini broke off without giving a reason (OTHER); {AGAIN}", ""),
    (
        "MALFORMED_FUNCTION_CALL",
        f"Google Gemini tried to call a tool, and there is none (MALFORMED_FUNCTION_CALL); {AGAIN}",
        ONLY_JSON,
    ),
]
TOOL = "tried to call a tool, and there is none"
PICTURE = "tried to make a picture, not to describe one"
FAILED = [
    ("UNEXPECTED_TOOL_CALL", TOOL, ONLY_JSON, AGAIN),
    ("TOO_MANY_TOOL_CALLS", TOOL, ONLY_JSON, AGAIN),
    ("NO_IMAGE", PICTURE, ONLY_JSON, "choose another model."),
    ("IMAGE_OTHER", PICTURE, ONLY_JSON, "choose another model."),
]
FAILED_LATELY = [
    ("MISSING_THOUGHT_SIGNATURE", "misses a mark of its own thoughts", "", AGAIN),
    (
        "MALFORMED_RESPONSE",
        "sent an answer that it calls malformed itself",
        "The answer was malformed; answer with the JSON object alone.",
        AGAIN,
    ),
    ("PUP_LIMITED_DISABLED", "is not open to this key", "", "check the key's project."),
    ("CONTINUATION", "wants to go on later", "", AGAIN),
]


@pytest.mark.parametrize(("reason", "why"), BLOCKED)
def test_a_blocked_prompt_is_a_refusal(transport: GeminiTransport, reason: str, why: str) -> None:
    with line(transport, f"blocked={reason}") as talk:
        error = error_of(talk)
    assert isinstance(error, RefusedError)
    assert str(error) == f"Google Gemini blocked the prompt ({why}); change the prompt."
    assert error.usage is not None
    assert error.usage.calls == 1
    assert talk.statuses == [200]


def test_a_prompt_blocked_for_a_new_reason_is_a_refusal() -> None:
    with line("httpx", "blocked=MODEL_MOOD") as talk:
        error = error_of(talk)
    assert isinstance(error, RefusedError)
    assert str(error) == "Google Gemini blocked the prompt (MODEL_MOOD); change the prompt."


@pytest.mark.parametrize(("reason", "why"), REFUSED)
def test_a_refused_answer_is_a_refusal(transport: GeminiTransport, reason: str, why: str) -> None:
    with line(transport, reason) as talk:
        error = error_of(talk)
    assert isinstance(error, RefusedError)
    assert str(error) == f"Google Gemini broke off ({why}); change the prompt."
    assert error.usage is not None
    assert error.usage.calls == 1


@pytest.mark.parametrize(("reason", "why"), REFUSED_LATELY)
def test_the_latest_refusals_are_known_by_name(reason: str, why: str) -> None:
    with line("httpx", reason) as talk:
        error = error_of(talk)
    assert isinstance(error, RefusedError)
    assert str(error) == f"Google Gemini broke off ({why}); change the prompt."


@pytest.mark.parametrize(("fault", "message", "problem"), UNUSABLE)
def test_an_answer_without_description_is_unusable(
    transport: GeminiTransport, fault: str, message: str, problem: str
) -> None:
    with line(transport, fault) as talk:
        error = error_of(talk)
    assert isinstance(error, UnusableAnswerError)
    assert str(error) == message
    assert error.problem == problem
    assert error.usage is not None
    assert error.usage.calls == 1
    assert talk.statuses == [200]


@pytest.mark.parametrize(("reason", "what", "problem", "advice"), FAILED)
def test_each_failure_is_told(
    transport: GeminiTransport, reason: str, what: str, problem: str, advice: str
) -> None:
    with line(transport, reason) as talk:
        error = error_of(talk)
    assert isinstance(error, UnusableAnswerError)
    assert str(error) == f"Google Gemini {what} ({reason}); {advice}"
    assert error.problem == problem


@pytest.mark.parametrize(("reason", "what", "problem", "advice"), FAILED_LATELY)
def test_the_latest_failures_are_known_by_name(
    reason: str, what: str, problem: str, advice: str
) -> None:
    with line("httpx", reason) as talk:
        error = error_of(talk)
    assert isinstance(error, UnusableAnswerError)
    assert str(error) == f"Google Gemini {what} ({reason}); {advice}"
    assert error.problem == problem


def test_a_reason_that_nobody_knows_leaves_an_empty_answer(transport: GeminiTransport) -> None:
    with line(transport, "finish=BRAND_NEW") as talk:
        error = error_of(talk)
    assert isinstance(error, UnusableAnswerError)
    told = " (BRAND_NEW)" if transport == "httpx" else " (99)"
    assert str(error) == f"Google Gemini sent an empty answer{told}; try again."


def test_a_cut_answer_goes_back_with_what_is_wrong(transport: GeminiTransport) -> None:
    with line(transport, "max-tokens") as talk:
        error = error_of(talk)
    assert isinstance(error, UnusableAnswerError)
    assert error.answer
    assert TEXT.startswith(error.answer)


@pytest.mark.parametrize("fault", ["cut-json", "schema-mismatch", "prose", "json-null"])
def test_what_the_model_got_wrong_leads_to_one_more_try(
    transport: GeminiTransport, fault: str
) -> None:
    answers = ({"style": {"medium": "photograph"}}, ANSWER) if fault == "schema-mismatch" else ()
    faults = () if answers else (fault,)
    with line(transport, *faults, answers=answers or (ANSWER, ANSWER)) as talk:
        asked = ask(talk.enhancer, QUESTION)
    assert asked.replaced
    assert asked.enhancement.usage.calls == 2
    assert talk.statuses == [200, 200]


def test_it_is_never_asked_three_times(transport: GeminiTransport) -> None:
    answers = (ANSWER,) * 5
    with line(transport, "cut-json*", answers=answers) as talk, pytest.raises(UnusableAnswerError):
        ask(talk.enhancer, QUESTION)
    assert talk.statuses == [200, 200]


# Errors of the service and of the way to it.

PAGE = "https://aistudio.google.com/apikey"
FINAL = [
    (
        "invalid-key",
        ConfigError,
        'Google Gemini rejected the key ("API key not valid. Please pass a valid API key"); set '
        f"GEMINI_API_KEY to a valid one ({PAGE}).",
    ),
    (
        "echo-key",
        ConfigError,
        'Google Gemini rejected the key ("API key [key] is not valid for this service"); set '
        f"GEMINI_API_KEY to a valid one ({PAGE}).",
    ),
    (
        "403",
        ConfigError,
        "Google Gemini does not allow this (403 SERVICE_DISABLED): Generative Language API has not "
        "been used in project 1234 before or it is disabled; check that the key's account may use "
        "the model, and from your country.",
    ),
    (
        "location",
        ProviderError,
        "Google Gemini rejected the request (400 FAILED_PRECONDITION): User location is not "
        "supported for the API use; check the model and the options that you gave.",
    ),
    (
        "redirect=https://example.com/x",
        ConfigError,
        "{host} sends on to 'example.com' (302), where the key is not sent; set gemini_base_url to "
        "the address that is meant.",
    ),
    (
        "huge=9",
        UnusableAnswerError,
        "The answer of Google Gemini is larger than 8 MB",
    ),
    (
        "huge-declared",
        UnusableAnswerError,
        "The answer of Google Gemini is larger than 8 MB",
    ),
    (
        "bomb",
        UnusableAnswerError,
        "The answer of Google Gemini is larger than 8 MB",
    ),
    (
        "html",
        UnusableAnswerError,
        "The answer of 127.0.0.1 is a web page",
    ),
    (
        "empty",
        UnusableAnswerError,
        "The answer of 127.0.0.1 is empty; try again, or check that its address is right.",
    ),
    (
        "not-json",
        UnusableAnswerError,
        "The answer of 127.0.0.1 is no JSON but begins ",
    ),
    (
        "truncated-json",
        UnusableAnswerError,
        "The answer of 127.0.0.1 is damaged or was cut off: it is no whole JSON; try again, or "
        "check that its address is right.",
    ),
]


@pytest.mark.parametrize(("fault", "kind", "message"), FINAL)
def test_what_no_other_attempt_mends_is_not_repeated(
    transport: GeminiTransport, fault: str, kind: type[ImagineError], message: str
) -> None:
    with line(transport, fault) as talk:
        error = error_of(talk)
        host = talk.fake.url.removeprefix("http://")
    assert type(error) is kind
    assert str(error).startswith(message.format(host=host))
    assert str(error).endswith(".")
    assert len(talk.fake.log.entries) == 1


def test_a_retired_model_is_told_with_those_that_are_served(transport: GeminiTransport) -> None:
    with line(transport, model="gemini-2.0-flash") as talk:
        error = error_of(talk)
    assert isinstance(error, ConfigError)
    assert str(error) == (
        "Google Gemini does not serve the model 'gemini-2.0-flash', which may be retired; this key "
        "can use gemini-3.5-flash-lite, gemini-3.8-flash, gemini-3.7-flash, gemini-3.6-flash, "
        "gemini-3.5-flash, gemini-2.5-flash: name another with --enhancer gemini/MODEL or "
        "gemini_text_model."
    )


def test_an_address_without_gemini_is_told(transport: GeminiTransport) -> None:
    with line(transport) as talk:
        base = f"{talk.fake.url}/elsewhere"
        with line(transport, base=base) as lost:
            error = error_of(lost)
    assert isinstance(error, ConfigError)
    assert str(error) == (
        f"Google Gemini does not serve the model 'gemini-3.5-flash-lite', or there is no Gemini "
        f"API at {base}; check gemini_text_model and gemini_base_url."
    )


@pytest.mark.parametrize("fault", ["429=0.02", "429-bare", "500", "502", "503", "504", "html-502"])
def test_what_passes_is_tried_again(transport: GeminiTransport, fault: str) -> None:
    with line(transport, fault, answers=(ANSWER, ANSWER)) as talk:
        found = talk.enhancer.ask(QUESTION)
    assert found.answer == TEXT
    assert found.usage.calls == 1
    assert len(talk.statuses) == 2
    (told,) = talk.told
    assert told.startswith("Google Gemini ")
    assert ": waiting 0" in told


@pytest.mark.parametrize("fault", ["reset-before", "reset", "cut"])
def test_a_broken_connection_is_tried_again(transport: GeminiTransport, fault: str) -> None:
    with line(transport, fault, answers=(ANSWER, ANSWER)) as talk:
        assert talk.enhancer.ask(QUESTION).answer == TEXT
    assert len(talk.fake.log.entries) == 2


@pytest.mark.parametrize("fault", ["error-list", "error-text"])
def test_errors_of_any_shape_are_understood(transport: GeminiTransport, fault: str) -> None:
    with line(transport, fault) as talk:
        assert talk.enhancer.ask(QUESTION).answer == TEXT


def test_a_quota_of_the_day_is_not_tried_again(transport: GeminiTransport) -> None:
    with line(transport, "429-day*") as talk:
        error = error_of(talk)
    assert type(error) is ProviderError
    assert str(error).startswith("Google Gemini's quota for this key is used up")
    assert talk.statuses == [429]


def test_a_wait_longer_than_patience_is_not_waited(transport: GeminiTransport) -> None:
    with line(transport, "429=40*") as talk:
        error = error_of(talk)
    assert type(error) is ProviderError
    assert "asks to wait 40 s, longer than 5 s of patience that are left" in str(error)
    assert talk.statuses == [429]


def test_a_server_that_answers_503_for_ever_ends_in_time(
    transport: GeminiTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagine.stages.network.retry.FIRST_CEILING", 5.0)
    with Limit(), line(transport, "503*", patience=0.6) as talk:
        error = error_of(talk)
    assert type(error) is ProviderError
    assert str(error).startswith("Google Gemini failed (503 UNAVAILABLE) (after ")
    waits = [re.search(r": waiting ([\d.]+) s\.$", told) for told in talk.told]
    # A tenth is the least that is told.
    assert sum(float(wait[1]) for wait in waits if wait) <= 0.6 + 0.1 * len(waits)
    assert all(waits)
    assert len(talk.statuses) <= 5


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("hang*", "Google Gemini sent nothing for 0.3 s (after 2 tries); "),
        ("stall*", "Google Gemini sent nothing for 0.3 s (after 2 tries); "),
    ],
)
@pytest.mark.usefixtures("no_time_goes_by")
def test_a_silent_server_is_given_up(transport: GeminiTransport, fault: str, message: str) -> None:
    with Limit(), line(transport, fault, timeout=0.3, answers=(ANSWER, ANSWER)) as talk:
        error = error_of(talk)
    assert type(error) is ProviderError
    assert str(error).startswith(message)
    assert str(error).endswith("try again later, or raise the timeout.")


@pytest.mark.usefixtures("minutes_in_a_moment")
def test_a_slow_server_is_given_up(transport: GeminiTransport) -> None:
    with Limit(), line(transport, "slow=0.1*") as talk:
        error = error_of(talk)
    assert type(error) is ProviderError
    assert str(error).startswith("Google Gemini answers too slowly (")
    assert str(error).endswith("try again later, or raise the timeout.")


def test_a_closed_port_is_told_at_once(transport: GeminiTransport) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        with line(transport, base=f"http://{host}") as talk:
            error = error_of(talk)
    assert type(error) is ProviderError
    assert str(error) == (
        f"Google Gemini is not running at {host}: nothing listens there; "
        "start it, or set IMAGINE_GEMINI_BASE_URL."
    )


def test_a_name_that_nobody_knows_is_told(
    transport: GeminiTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with line(transport, base="https://gemini.invalid") as talk:
        error = error_of(talk)
    assert type(error) is ProviderError
    assert str(error) == (
        "Google Gemini cannot be reached: the name gemini.invalid is not known (DNS) (after 2 "
        "tries); check the network and gemini_base_url."
    )


@pytest.mark.parametrize(
    "faults",
    [("503", "reset", "429=0.01"), ("echo-key",), ("blocked",), ("html",), ("redirect",)],
)
def test_the_key_is_in_no_message_and_no_log(
    transport: GeminiTransport, faults: tuple[str, ...]
) -> None:
    with line(transport, *faults, answers=(ANSWER,) * 4) as talk:
        try:
            said = str(talk.enhancer.ask(QUESTION))
        except ImagineError as error:
            chain = [error, error.__cause__, error.__context__]
            said = " ".join(f"{link!s} {link!r}" for link in chain)
        key = talk.fake.key or "?"
        assert key not in " ".join([said, *talk.told, *talk.logged, repr(talk.enhancer)])
        assert len(talk.logged) == len(talk.fake.log.entries)
        assert all(not entry.leaks for entry in talk.fake.log.entries)


def test_an_answer_that_repeats_the_key_comes_without_it(transport: GeminiTransport) -> None:
    answer = ANSWER | {"mood": "calm test-key-gemini"}
    with line(transport, answers=(answer,)) as talk:
        assert talk.fake.key == "test-key-gemini"
        found = talk.enhancer.ask(QUESTION)
    assert found.spec.mood == "calm [key]"
    assert json.loads(found.answer)["mood"] == "calm [key]"


def test_connections_are_used_again(transport: GeminiTransport) -> None:
    with line(transport, answers=(ANSWER,) * 3) as talk:
        for _ in range(3):
            talk.enhancer.ask(QUESTION)
    assert len({entry.connection for entry in talk.fake.log.entries}) == 1


# The SDK itself.


def test_what_the_sdk_lacks_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    with line("sdk") as talk:
        monkeypatch.setitem(sys.modules, "imagine.stages.enhance.gemini.sdk", None)
        error = error_of(talk)
    assert isinstance(error, ConfigError)
    assert str(error).startswith("google-generativeai cannot be imported (import of ")
    assert str(error).endswith("; reinstall it, or set gemini_transport to httpx.")


def test_the_environment_of_googles_cloud_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "example.com")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    monkeypatch.setenv("GEMINI_API_KEY", "another")
    with line("sdk") as talk:
        assert talk.enhancer.ask(QUESTION).answer == TEXT
    assert talk.fake.log.entries[0].key_is_right


def test_an_environment_that_the_sdk_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_USE_MTLS_ENDPOINT", "perhaps")
    with line("sdk") as talk:
        error = error_of(talk)
    assert isinstance(error, ConfigError)
    assert str(error).startswith("google-generativeai cannot be set up (Environment variable ")
    assert str(error).endswith("); set gemini_transport to httpx.")


def test_importing_the_sdk_is_silent_and_happens_beside_other_work() -> None:
    program = (
        "import sys, warnings\n"
        "from imagine.stages.enhance.gemini.enhancer import GeminiEnhancer\n"
        "from imagine.stages.network.providers import connect\n"
        "assert 'google.generativeai' not in sys.modules\n"
        "GeminiEnhancer(connect('gemini')).warm_up()\n"
        "print('meanwhile', flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "meanwhile\n", "")


def test_a_reply_of_another_form_than_the_sdk_knows_is_told(
    transport: GeminiTransport,
) -> None:
    class Changed(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = b'{"candidates": {"text": 1}, "usageMetadata": ["many"]}'
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Changed) as server:
        Thread(target=server.handle_request).start()
        base = f"http://127.0.0.1:{server.server_port}"
        with line(transport, base=base) as talk:
            error = error_of(talk)
    assert isinstance(error, UnusableAnswerError)
    if transport == "sdk":
        assert str(error).startswith(
            "The answer of Google Gemini has another form than google-generativeai knows ("
        )
        assert str(error).endswith("); set gemini_transport to httpx.")
    else:
        assert str(error) == "Google Gemini sent an empty answer; try again."
