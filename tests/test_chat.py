"""The chat enhancer against servers of OpenAI's protocol with their habits."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fakes import Fake, serve
from foxes import ANSWER, QUESTION, TEXT
from hypothesis import given
from hypothesis import strategies as st

from imagine.stages.enhance import ModelEnhancer, Question
from imagine.stages.enhance.asking import ask
from imagine.stages.enhance.chat.enhancer import ChatEnhancer
from imagine.stages.enhance.chat.reply import check_reply, reply_of
from imagine.stages.enhance.chat.request import Habits
from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    ProviderError,
    RefusedError,
    UnusableAnswerError,
    UsageError,
)
from imagine.stages.image import ReferenceImage
from imagine.stages.money.usage import Usage
from imagine.stages.network.providers import Secret, connect

PICTURE = ReferenceImage(b"\x89PNG...", "png", 8, 8, "0" * 64)

# A server of each kind, and a model that its fake has.
SERVERS = [
    ("openai", "gpt-5.4-mini"),
    ("ollama", "llama3.2"),
    ("lmstudio", "qwen2.5-7b-instruct"),
    ("llamacpp", "default"),
    ("vllm", "Qwen/Qwen3-8B"),
]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagine.stages.network.retry.FIRST_CEILING", 0.01)


@dataclass
class Line:
    fake: Fake
    enhancer: ChatEnhancer
    told: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)


@contextmanager
def line(
    name: str = "ollama",
    *faults: str,
    model: str | None = None,
    fake_of: str | None = None,
    answers: tuple[Any, ...] = (ANSWER,),
    base: str | None = None,
    **changes: Any,
) -> Iterator[Line]:
    """An enhancer called `name` that talks to a fake of `fake_of`, the same server by default."""
    with serve(fake_of or name, faults=faults, answers=list(answers)) as fake:
        told: list[str] = []
        logged: list[str] = []
        key = Secret(fake.key) if fake.key else None
        values = {"base_url": base or fake.url, "key": key, "patience": 2.0, "timeout": 5.0}
        connection = connect(
            name, **(values | {"tell": told.append, "log": logged.append} | changes)
        )
        if model is None:
            model = dict(SERVERS).get(fake_of or name, "")
        enhancer = ChatEnhancer(connection, model)
        try:
            yield Line(fake, enhancer, told, logged)
        finally:
            enhancer.close()


Handler = Callable[[dict[str, Any]], httpx.Response]


def enhancer_of(handler: Handler, *, name: str = "vllm") -> tuple[ChatEnhancer, list[Any]]:
    """An enhancer whose server is `handler`, and the bodies that it gets."""
    bodies: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"data": [{"id": "m"}]})
        bodies.append(json.loads(request.content))
        return handler(bodies[-1])

    connection = connect(name, transport=httpx.MockTransport(answer), patience=2.0)
    return ChatEnhancer(connection, "m"), bodies


def said(text: str = TEXT, **more: Any) -> httpx.Response:
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop", **more}
    return httpx.Response(200, json={"choices": [choice], "model": "m"})


def refused(message: str, status: int = 400) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": message, "type": "bad_request"}})


def error_of(enhancer: ChatEnhancer, question: Question = QUESTION) -> ImagineError:
    with pytest.raises(ImagineError) as caught:
        enhancer.ask(question)
    enhancer.close()
    return caught.value


# Servers as they are.


@pytest.mark.parametrize(("name", "model"), SERVERS)
def test_every_server_answers_at_the_first_request(name: str, model: str) -> None:
    with line(name) as talk:
        enhancer: ModelEnhancer = talk.enhancer
        found = enhancer.enhance(QUESTION.intent, seed=7)
    assert isinstance(enhancer, ModelEnhancer)
    assert (enhancer.name, enhancer.model, enhancer.sees_images) == (name, model, True)
    assert [subject.id for subject in found.spec.subjects] == ["fox", "sign"]
    assert [item.content for item in found.spec.text] == ["OPEN"]
    assert found.model.startswith(model)
    assert found.answer == TEXT
    assert found.usage.calls == 1
    assert found.usage.input_tokens > 500
    assert found.usage.output_tokens > 50
    assert [entry.status for entry in talk.fake.log.entries] == [200]


@pytest.mark.parametrize(("name", "model"), SERVERS)
def test_an_answer_made_from_the_schema_is_a_description(name: str, model: str) -> None:
    with line(name, answers=()) as talk:
        found = talk.enhancer.ask(QUESTION)
    assert found.spec.source_prompt == QUESTION.intent.source
    assert found.model.startswith(model)


def test_the_key_goes_along_only_where_there_is_one() -> None:
    with line("openai") as paid, line("ollama") as own:
        paid.enhancer.ask(QUESTION)
        own.enhancer.ask(QUESTION)
    (entry,) = paid.fake.log.entries
    assert (entry.key, entry.key_is_right, entry.leaks) == ("authorization", True, ())
    assert own.fake.log.entries[0].key == ""
    assert "authorization" not in own.fake.log.entries[0].headers


def test_openai_itself_needs_a_key() -> None:
    with pytest.raises(ConfigError, match="There is no key for OpenAI: set OPENAI_API_KEY in"):
        ChatEnhancer(connect("openai")).ask(QUESTION)


def test_what_is_sent() -> None:
    with line("vllm") as talk:
        talk.enhancer.ask(QUESTION)
    body = talk.fake.log.entries[0].body
    assert sorted(body) == ["max_tokens", "messages", "model", "response_format", "seed", "stream"]
    assert [turn["role"] for turn in body["messages"]] == ["system", "user"]
    assert "temperature" not in body
    assert (body["max_tokens"], body["seed"], body["stream"]) == (4096, 7, False)
    schema = body["response_format"]["json_schema"]
    assert (schema["name"], schema["strict"]) == ("picture_description", True)
    assert schema["schema"]["additionalProperties"] is False


def test_openais_own_models_get_their_own_limit() -> None:
    sent: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return said()

    transport = httpx.MockTransport(answer)
    enhancer = ChatEnhancer(connect("openai", key=Secret("k"), transport=transport))
    enhancer.ask(QUESTION)
    assert enhancer.model.startswith("gpt-")
    assert sent[0]["max_completion_tokens"] == 8192
    assert "max_tokens" not in sent[0]


def test_pictures_go_as_data_urls() -> None:
    with line("ollama") as talk:
        talk.enhancer.ask(Question(QUESTION.intent, images=(PICTURE,)))
    picture, text = talk.fake.log.entries[0].body["messages"][1]["content"]
    assert picture["image_url"]["url"] == "data:image/png;base64,iVBORy4uLg=="
    assert text["type"] == "text"


# What servers do not understand.


def test_lm_studio_refuses_json_objects_and_gets_words_alone() -> None:
    with line("lmstudio") as talk:
        talk.enhancer._habits = Habits(format="json_object")
        talk.enhancer.ask(QUESTION)
        talk.enhancer.ask(QUESTION)
    formats = [entry.body.get("response_format", {}).get("type") for entry in talk.fake.log.entries]
    assert formats == ["json_object", None, None]


LADDER = [
    "'response_format' of type json_schema is not supported",
    "Invalid parameter: json_schema",
    "Failed to parse grammar",
    "json mode is not available",
]


@pytest.mark.parametrize("words", LADDER)
@pytest.mark.parametrize("status", [400, 404, 422, 500])
def test_the_ladder_ends_with_the_schema_in_words(words: str, status: int) -> None:
    def handler(body: dict[str, Any]) -> httpx.Response:
        return refused(words, status) if "response_format" in body else said()

    enhancer, bodies = enhancer_of(handler)
    enhancer.ask(QUESTION)
    enhancer.ask(QUESTION)
    formats = [body.get("response_format", {}) for body in bodies]
    assert [kind.get("type") for kind in formats] == [
        "json_schema",
        "json_schema",
        "json_object",
        None,
        None,
    ]
    # Together's form: the schema stands in the format itself.
    assert sorted(formats[0]) == ["json_schema", "type"]
    assert sorted(formats[1]) == ["schema", "type"]
    systems = [body["messages"][0]["content"] for body in bodies]
    assert '"additionalProperties":false' not in systems[1]
    assert '"additionalProperties":false' in systems[2]
    assert '"additionalProperties":false' in systems[3]


HABITS = [
    ("Unsupported parameter: 'max_tokens'; use 'max_completion_tokens'", "max_tokens"),
    ("This model's maximum context length is 4096 tokens, you asked for 6000", "max_tokens"),
    ("Unrecognized request argument supplied: seed", "seed"),
]


@pytest.mark.parametrize(("words", "without"), HABITS)
def test_what_a_server_does_not_take_is_left_out(words: str, without: str) -> None:
    def handler(body: dict[str, Any]) -> httpx.Response:
        return refused(words) if without in body else said()

    enhancer, bodies = enhancer_of(handler)
    enhancer.ask(QUESTION)
    enhancer.ask(QUESTION)
    assert [without in body for body in bodies] == [True, False, False]


def test_instructions_move_where_a_template_has_no_place_for_them() -> None:
    def handler(body: dict[str, Any]) -> httpx.Response:
        roles = [turn["role"] for turn in body["messages"]]
        return refused("System role not supported") if "system" in roles else said()

    enhancer, bodies = enhancer_of(handler)
    enhancer.ask(QUESTION)
    (turn,) = bodies[1]["messages"]
    assert turn["content"].startswith(bodies[0]["messages"][0]["content"])
    assert turn["content"].endswith(bodies[0]["messages"][1]["content"])


def test_a_server_that_refuses_everything_is_not_asked_for_ever() -> None:
    enhancer, bodies = enhancer_of(lambda _: refused("response_format and seed are not supported"))
    error = error_of(enhancer)
    assert type(error) is ProviderError
    assert str(error) == (
        "vLLM rejected the request (400 BAD_REQUEST): response_format and seed are not supported; "
        "check the model and the options that you gave."
    )
    assert len(bodies) == 5


@pytest.mark.parametrize(
    "words",
    [
        "Model does not support images. Please use a model that does",
        "image input is not supported: no mmproj",
        "At most 0 image(s) may be provided in one request",
        "llama is not a multimodal model",
    ],
)
def test_a_blind_model_is_told(words: str) -> None:
    enhancer, bodies = enhancer_of(lambda _: refused(words))
    error = error_of(enhancer, Question(QUESTION.intent, images=(PICTURE,)))
    assert isinstance(error, ConfigError)
    assert str(error) == (
        f'm of vLLM takes no pictures, in its words "{words}"; choose a model that sees, or '
        "another --enhancer."
    )
    assert len(bodies) == 1


def test_a_server_that_loads_its_model_is_waited_for() -> None:
    answers = iter([refused("Loading model", 503)] * 8)
    told: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        return next(answers, said())

    transport = httpx.MockTransport(handler)
    connection = connect("llamacpp", transport=transport, patience=60.0, tell=told.append)
    assert ChatEnhancer(connection).ask(QUESTION).answer == TEXT
    assert len(told) == 8
    assert told[0].startswith("llama.cpp is still loading its model: waiting 0")


# Answers and how they end.


@pytest.mark.parametrize(
    "fault",
    [
        "fenced",
        "think-tags",
        "think-open",
        "reasoning",
        "prose-around",
        "extra-keys",
        "content-list",
        "unknown-enum",
        "unknown-fields",
        "no-usage",
    ],
)
@pytest.mark.parametrize("name", ["ollama", "llamacpp"])
def test_oddities_of_an_answer_do_not_matter(name: str, fault: str) -> None:
    with line(name, fault) as talk:
        found = talk.enhancer.ask(QUESTION)
    assert [subject.id for subject in found.spec.subjects] == ["fox", "sign"]


@given(
    answer=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    (
                        "choices",
                        "message",
                        "content",
                        "text",
                        "refusal",
                        "finish_reason",
                        "error",
                        "usage",
                        "prompt_tokens",
                        "model",
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
    reply = reply_of(answer, connect("ollama"))
    assert reply.usage.input_tokens >= 0
    with suppress(ImagineError):
        check_reply(reply, connect("ollama"), who="a model")


def test_an_answer_that_repeats_the_key_comes_without_it() -> None:
    key = "sk-a-key-of-a-test"
    text = json.dumps(ANSWER | {"mood": f"calm {key}"})

    def answer(request: httpx.Request) -> httpx.Response:
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        return httpx.Response(200, json={"choices": [choice], "model": f"m-{key}"})

    connection = connect("vllm", transport=httpx.MockTransport(answer), key=Secret(key))
    found = ChatEnhancer(connection, "m").ask(QUESTION)
    assert found.spec.mood == "calm [key]"
    assert json.loads(found.answer)["mood"] == "calm [key]"
    assert found.model == "m-[key]"


EMPTY = "The answer was empty."
CUT = "The answer was cut because it was too long; be much shorter."
OUTCOMES = [
    (
        "refused=I would rather not.",
        RefusedError,
        'llama3.2 of Ollama refused, in its words "I would rather not"; change the prompt.',
        "",
    ),
    (
        "content-filter",
        RefusedError,
        "llama3.2 of Ollama broke off: its content filter objects to the answer; change the "
        "prompt.",
        "",
    ),
    (
        "length",
        UnusableAnswerError,
        "llama3.2 of Ollama broke its answer off for its length; shorten the prompt, give the "
        "model a larger context, or choose another.",
        CUT,
    ),
    (
        "length-empty",
        UnusableAnswerError,
        "llama3.2 of Ollama used up all its tokens before it wrote an answer; give the model a "
        "larger context, or choose one that thinks less.",
        "",
    ),
    (
        "empty-text",
        UnusableAnswerError,
        "llama3.2 of Ollama sent an empty answer; try again.",
        EMPTY,
    ),
    (
        "content-null",
        UnusableAnswerError,
        "llama3.2 of Ollama sent an empty answer; try again.",
        EMPTY,
    ),
    (
        "no-message",
        UnusableAnswerError,
        "llama3.2 of Ollama sent an empty answer; try again.",
        EMPTY,
    ),
    (
        "no-choices",
        UnusableAnswerError,
        "llama3.2 of Ollama sent an empty answer; try again.",
        EMPTY,
    ),
    (
        "error-in-200",
        UnusableAnswerError,
        'llama3.2 of Ollama sent an empty answer, in its words "Internal error while sampling"; '
        "try again.",
        EMPTY,
    ),
]


@pytest.mark.parametrize(("fault", "kind", "message", "problem"), OUTCOMES)
def test_each_way_to_end_has_its_message(
    fault: str, kind: type[ImagineError], message: str, problem: str
) -> None:
    with line("ollama", fault) as talk:
        error = error_of(talk.enhancer)
    assert type(error) is kind
    assert str(error) == message
    assert getattr(error, "problem", "") == problem
    assert error.usage is not None
    assert error.usage.calls == 1
    assert len(talk.fake.log.entries) == 1


@pytest.mark.parametrize("fault", ["cut-json", "prose", "length", "schema-mismatch", "empty-text"])
def test_an_answer_that_is_no_description_leads_to_one_more_try(fault: str) -> None:
    first = {"style": {"medium": "photograph"}} if fault == "schema-mismatch" else ANSWER
    faults = () if fault == "schema-mismatch" else (fault,)
    with line("ollama", *faults, answers=(first, ANSWER)) as talk:
        asked = ask(talk.enhancer, QUESTION)
    assert asked.replaced
    assert asked.enhancement.usage.calls == 2
    assert len(talk.fake.log.entries) == 2


# Errors.


def test_without_a_model_those_that_are_there_are_listed() -> None:
    with line("ollama", model="") as talk:
        error = error_of(talk.enhancer)
    assert isinstance(error, UsageError)
    assert str(error) == (
        "Ollama needs the name of a model; it has llama3.2, llama3.2:latest, qwen3:4b: write "
        "--enhancer ollama/MODEL, or set ollama_text_model."
    )


def test_without_a_model_and_without_server_the_name_is_asked_for() -> None:
    error = error_of(ChatEnhancer(connect("ollama", base_url=f"http://127.0.0.1:{closed_port()}")))
    assert isinstance(error, UsageError)
    assert str(error) == (
        "Ollama needs the name of a model: write --enhancer ollama/MODEL, or set ollama_text_model."
    )


def test_a_model_that_is_not_there_is_told_with_those_that_are() -> None:
    with line("ollama", model="mistral") as talk:
        error = error_of(talk.enhancer)
    assert isinstance(error, ConfigError)
    assert str(error) == (
        "Ollama does not have the model 'mistral'; it has llama3.2, llama3.2:latest, qwen3:4b: "
        "name another with --enhancer ollama/MODEL or ollama_text_model (or run: ollama pull "
        "mistral)."
    )


@pytest.mark.parametrize(("name", "has"), [("vllm", "Qwen/Qwen3-8B"), ("openai", "gpt-5.4-mini")])
def test_each_server_lists_its_models(name: str, has: str) -> None:
    with line(name, model="mistral") as talk:
        error = error_of(talk.enhancer)
    assert isinstance(error, ConfigError)
    assert "does not have the model 'mistral'; it has " in str(error)
    assert has in str(error)


def test_an_address_without_chat_is_told() -> None:
    with line("ollama") as talk:
        base = talk.fake.url.removesuffix("/v1")
        with line("ollama", base=base) as lost:
            error = error_of(lost.enhancer)
    assert isinstance(error, ConfigError)
    assert str(error).startswith(
        f"Ollama does not know the model 'llama3.2', or there is no chat API at {base}, which "
        "usually ends in /v1"
    )
    assert str(error).endswith("; check ollama_base_url and the model.")


def test_a_server_that_does_not_run_is_told() -> None:
    port = closed_port()
    connection = connect("ollama", base_url=f"http://127.0.0.1:{port}/v1")
    error = error_of(ChatEnhancer(connection, "llama3.2"))
    assert type(error) is ProviderError
    assert str(error) == (
        f"Ollama is not running at 127.0.0.1:{port}: nothing listens there; start it, or set "
        "IMAGINE_OLLAMA_BASE_URL."
    )


def test_a_rejected_key_is_told_and_never_shown() -> None:
    with line("openai", key=Secret("sk-of-somebody-else-12345")) as talk:
        error = error_of(talk.enhancer)
    assert isinstance(error, ConfigError)
    assert str(error).startswith('OpenAI rejected the key ("Incorrect API key provided: ')
    assert "sk-of-somebody-else-12345" not in " ".join([str(error), *talk.logged, *talk.told])


def test_what_passes_is_tried_again() -> None:
    with line("openai", "429=0.01", "500", "503", "reset-before") as talk:
        found = talk.enhancer.ask(QUESTION)
    assert found.answer == TEXT
    assert found.usage == Usage(
        calls=1,
        input_tokens=found.usage.input_tokens,
        output_tokens=found.usage.output_tokens,
    )
    assert len(talk.fake.log.entries) == 5


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port
