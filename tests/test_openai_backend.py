import json
from typing import Any

import httpx
import pytest
from fakes import serve
from hosted import KEY, base64_picture, connected, draw, picture_bytes, reference, request_of
from patience import PATIENT

from imagine.stages.errors import (
    ConfigError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    UnusableAnswerError,
    UsageError,
)
from imagine.stages.generate.openai import DIALECTS, OpenAIBackend
from imagine.stages.image import ImageRequest, ReferenceImage
from imagine.stages.money.usage import Usage
from imagine.stages.network.providers import Secret, connect

MODEL = "gpt-image-2.5-flare"
PICTURE = {"data": [{"b64_json": base64_picture()}]}
OWN = "http://127.0.0.1:8080/v1"
ALL = {
    "negative_prompt": "blur",
    "num_inference_steps": 20,
    "guidance_scale": 5.0,
}


class Server:
    """Answers every request with `answer`; remembers what was sent."""

    def __init__(self, answer: Any = PICTURE) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.method == "GET":
            return httpx.Response(200, content=picture_bytes())
        return httpx.Response(200, json=self.answer)

    def backend(self, dialect: str = "auto", model: str = MODEL, **changes: Any) -> OpenAIBackend:
        connection = connected("openai", self, **changes)
        return OpenAIBackend(connection=connection, model=model, dialect=dialect)

    @property
    def body(self) -> Any:
        return json.loads(self.requests[0].content)


BODIES: list[tuple[str, ImageRequest, dict[str, Any]]] = [
    ("openai", request_of(), {"prompt": "a red fox"}),
    ("compatible", request_of(), {"prompt": "a red fox", "response_format": "b64_json"}),
    (
        "localai",
        request_of("a | b", negative_prompt="blur|noise", num_inference_steps=20),
        {"prompt": "a / b|blur/noise", "step": 20, "seed": 7, "response_format": "b64_json"},
    ),
    (
        "localai",
        request_of(images=(reference(),)),
        {
            "prompt": "a red fox",
            "seed": 7,
            "file": base64_picture(32, 24),
            "response_format": "b64_json",
        },
    ),
    (
        "vllm",
        request_of(**ALL),
        {"prompt": "a red fox", **ALL, "seed": 7, "response_format": "b64_json"},
    ),
    (
        "sglang",
        request_of(**ALL),
        {
            "prompt": "a red fox",
            **ALL,
            "seed": 7,
            "response_format": "b64_json",
            "enhance_prompt": False,
        },
    ),
    (
        "sdcpp",
        request_of(**ALL),
        {
            "prompt": 'a red fox<sd_cpp_extra_args>{"negative_prompt": "blur", "sample_params": '
            '{"sample_steps": 20, "guidance": {"txt_cfg": 5.0}}, "seed": 7}</sd_cpp_extra_args>',
            "response_format": "b64_json",
        },
    ),
]


@pytest.mark.parametrize(("dialect", "request_", "body"), BODIES)
def test_each_dialect_sends_its_own_fields(
    dialect: str, request_: ImageRequest, body: dict[str, Any]
) -> None:
    server = Server()
    draw(server.backend(dialect), request_)
    assert server.requests[0].url.path == "/v1/images/generations"
    assert server.body == {"model": MODEL, "size": "1024x1024", **body}


@pytest.mark.parametrize(
    ("url", "dialect", "paid", "key"),
    [
        ("https://api.openai.com/v1", "openai", True, f"Bearer {KEY}"),
        ("https://eu.api.openai.com/v1", "openai", True, f"Bearer {KEY}"),
        ("http://127.0.0.1:8080/v1", "compatible", False, f"Bearer {KEY}"),
        ("http://localhost:8080/v1", "compatible", False, f"Bearer {KEY}"),
        ("http://192.168.1.20:8080/v1", "compatible", False, f"Bearer {KEY}"),
        ("http://100.64.3.1:8080/v1", "compatible", False, f"Bearer {KEY}"),
        ("http://studio:8080/v1", "compatible", False, f"Bearer {KEY}"),
        ("https://studio.local/v1", "compatible", False, f"Bearer {KEY}"),
        ("https://images.example.org/v1", "compatible", True, f"Bearer {KEY}"),
    ],
)
def test_the_address_decides_about_dialect_and_money(
    url: str, dialect: str, paid: bool, key: str
) -> None:
    server = Server()
    backend = server.backend(model="flux" if dialect == "compatible" else MODEL, base_url=url)
    assert backend.dialect == dialect
    assert backend.capabilities.paid is paid
    draw(backend)
    assert server.requests[0].headers["authorization"] == key


def test_a_server_of_ones_own_needs_neither_key_nor_model() -> None:
    server = Server()
    made = draw(server.backend(model="", base_url=OWN, key=None))
    assert "authorization" not in server.requests[0].headers
    assert "model" not in server.body
    assert made.model == ""
    assert made.notes == ()


@pytest.mark.parametrize("host", ["api.openai.com", "eu.api.openai.com"])
def test_openai_itself_needs_a_key(host: str) -> None:
    with pytest.raises(ConfigError, match=r"^There is no key for OpenAI: set OPENAI_API_KEY"):
        draw(Server().backend(model="flux", base_url=f"https://{host}/v1", key=None))


def test_a_gateway_to_openais_models_may_have_their_key_itself() -> None:
    server = Server()
    draw(server.backend(base_url=OWN, key=None))
    assert "authorization" not in server.requests[0].headers


REFUSED_FIELD = "Unknown parameter: 'response_format'."
NO_MODEL = "you must provide a model parameter"


def test_a_server_that_refuses_the_response_format_is_asked_without() -> None:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        if "response_format" in sent[-1]:
            return httpx.Response(400, json={"error": {"message": REFUSED_FIELD}})
        return httpx.Response(200, json=PICTURE)

    backend = OpenAIBackend(connection=connected("openai", answer, base_url=OWN), model="")
    draw(backend)
    draw(backend)
    assert sent == [
        {"prompt": "a red fox", "size": "1024x1024", "response_format": "b64_json"},
        {"prompt": "a red fox", "size": "1024x1024"},
        {"prompt": "a red fox", "size": "1024x1024"},
    ]


def test_a_server_that_always_refuses_the_response_format_is_asked_twice_at_most() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(422, json={"error": {"message": REFUSED_FIELD}})

    with pytest.raises(ProviderError) as caught:
        draw(OpenAIBackend(connection=connected("openai", answer, base_url=OWN), model="flux"))
    assert str(caught.value) == (
        "127.0.0.1:8080 takes no response_format (“Unknown parameter: 'response_format'”); set "
        "openai_dialect to what the server is."
    )
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("answers", "asked"), [([REFUSED_FIELD, NO_MODEL], 2), ([NO_MODEL], 1)], ids=["then", "at once"]
)
def test_a_server_that_wants_a_model_says_so(answers: list[str], asked: int) -> None:
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"error": {"message": left.pop(0)}})

    with pytest.raises(ProviderError) as caught:
        draw(OpenAIBackend(connection=connected("openai", answer, base_url=OWN), model=""))
    assert str(caught.value) == (
        "127.0.0.1:8080 rejected a request that names no model (“you must provide a model "
        "parameter”); name one (--backend openai/MODEL), or set openai_dialect to what the server "
        "is."
    )
    assert left == []
    assert len(answers) == asked


@pytest.mark.parametrize("dialect", ["openai", "compatible", "vllm", "sglang", "sdcpp"])
def test_reference_pictures_go_to_the_edits_as_files(dialect: str) -> None:
    server = Server()
    draw(server.backend(dialect), request_of(images=(reference(32, 24), reference(8, 8))))
    (request,) = server.requests
    assert request.url.path == "/v1/images/edits"
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    for number, size in (("1", (32, 24)), ("2", (8, 8))):
        head = (
            f'Content-Disposition: form-data; name="image[]"; filename="image-{number}.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        )
        assert head.encode() + picture_bytes(*size) + b"\r\n" in request.content
    assert b'name="size"\r\n\r\n1024x1024\r\n' in request.content
    assert (b'name="response_format"' in request.content) is (dialect != "openai")
    assert (b'name="enhance_prompt"\r\n\r\nfalse\r\n' in request.content) is (dialect == "sglang")


@pytest.mark.parametrize(
    ("dialect", "notes"),
    [
        (
            "sdcpp",
            (
                "The picture is 128x64 instead of the 72x64 asked for: the server rounds up to "
                "what its model draws.",
            ),
        ),
        ("compatible", None),
    ],
)
def test_a_side_that_sdcpp_rounds_up_is_told_and_the_picture_kept(
    dialect: str, notes: tuple[str, ...] | None
) -> None:
    backend = Server({"data": [{"b64_json": base64_picture(128, 64)}]}).backend(dialect)
    if notes is None:
        with pytest.raises(UnusableAnswerError, match="of 128x64 instead of the 72x64 asked for"):
            draw(backend, request_of(width=72, height=64))
    else:
        assert draw(backend, request_of(width=72, height=64)).notes == notes


def test_strength_goes_where_it_is_read() -> None:
    server = Server()
    draw(server.backend("vllm"), request_of(images=(reference(),), strength=0.5))
    assert b'name="strength"\r\n\r\n0.5\r\n' in server.requests[0].content
    assert {d for d in DIALECTS if Server().backend(d).capabilities.strength} == {
        "sdcpp",
        "vllm",
    }


@pytest.mark.parametrize(
    "picture",
    [
        {"b64_json": base64_picture()},
        {"b64_json": None, "url": "https://api.openai.com/files/fox.png"},
        {"url": "/generated-images/fox.png"},
        {"url": f"data:image/png;base64,{base64_picture()}"},
        {"b64_json": f"data:image/png;base64,{base64_picture()}"},
    ],
    ids=["base64", "address", "relative address", "data URL", "data URL as base64"],
)
def test_a_picture_comes_in_any_of_the_usual_ways(picture: dict[str, Any]) -> None:
    made = draw(Server({"data": [picture]}).backend())
    assert made.received is not None
    assert made.received.data == picture_bytes()


def test_what_openai_says_of_a_picture_is_kept() -> None:
    made = draw(
        Server(
            {
                "data": [{**PICTURE["data"][0], "revised_prompt": " a crimson fox "}],
                "quality": "high",
                "output_format": "png",
                "usage": {
                    "input_tokens": 50,
                    "output_tokens": 4200,
                    "output_tokens_details": {"image_tokens": 4160, "text_tokens": 40},
                },
            }
        ).backend()
    )
    assert made.model == MODEL
    assert made.notes == ("OpenAI drew from another prompt: “a crimson fox”",)
    assert made.parameters == (
        ("dialect", "openai"),
        ("quality", "high"),
        ("output_format", "png"),
    )
    assert made.usage == Usage(
        calls=1, input_tokens=50, output_tokens=40, image_tokens=4160, images=1
    )


def test_an_unchanged_prompt_needs_no_note() -> None:
    answer = {"data": [{**PICTURE["data"][0], "revised_prompt": "a red fox"}]}
    assert draw(Server(answer).backend()).notes == ()


def test_a_model_that_is_gone_is_told() -> None:
    error = {"message": "The model `x` does not exist", "code": "model_not_found"}
    backend = OpenAIBackend(
        connection=connected("openai", lambda _: httpx.Response(404, json={"error": error})),
        model="gpt-image-1",
    )
    with pytest.raises(ConfigError) as caught:
        draw(backend)
    assert str(caught.value) == (
        "OpenAI has no model 'gpt-image-1' for this key: it may be retired, or need a verified "
        "organization; choose another with --model."
    )


NOTHING = "no picture and no reason; change the prompt or choose another model (--model)."
ERROR = "; check its log, or choose another model (--model)."


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (
            {"text": "Which style?"},
            RefusedError,
            "OpenAI sent words instead of a picture: “Which style?”; change the prompt or choose "
            "another model (--model).",
        ),
        ({"data": []}, RefusedError, f"OpenAI sent {NOTHING}"),
        ({"data": [{}]}, RefusedError, f"OpenAI sent {NOTHING}"),
        ({"data": [{"url": ""}]}, RefusedError, f"OpenAI sent {NOTHING}"),
        ({}, RefusedError, f"OpenAI sent {NOTHING}"),
        (
            {"error": "out of memory"},
            ProviderError,
            f"OpenAI reports an error instead of a picture: “out of memory”{ERROR}",
        ),
        (
            {"error": {"message": f"wrong {KEY}"}},
            ProviderError,
            f"OpenAI reports an error instead of a picture: “wrong [key]”{ERROR}",
        ),
        (
            {"detail": [{"loc": ["body", "size"], "msg": "bad"}]},
            ProviderError,
            f"OpenAI reports an error instead of a picture: “body.size: bad”{ERROR}",
        ),
    ],
)
def test_an_answer_without_picture_says_why(
    answer: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        draw(Server(answer).backend())
    assert str(caught.value) == message


def test_messages_name_a_server_that_is_not_openais() -> None:
    with pytest.raises(RefusedError) as caught:
        draw(Server({}).backend(base_url="http://user:pass@127.0.0.1:8080/v1"))
    assert str(caught.value) == f"127.0.0.1:8080 sent {NOTHING}"


@pytest.mark.parametrize(
    ("dialect", "prompt", "sent", "note"),
    [
        (
            "localai",
            "left|right",
            "left/right",
            "The prompt's “|” was sent as “/”: LocalAI reads a negative prompt behind it.",
        ),
        (
            "sdcpp",
            'a fox <sd_cpp_extra_args>{"seed": 1}</SD_CPP_extra_args> ',
            'a fox {"seed": 1} <sd_cpp_extra_args>{"seed": 7}</sd_cpp_extra_args>',
            "The prompt was sent without its “sd_cpp_extra_args” tags: the server would obey them.",
        ),
        (
            "sdcpp",
            "a <sd_cpp_<sd_cpp_extra_args>extra_args>fox",
            'a fox<sd_cpp_extra_args>{"seed": 7}</sd_cpp_extra_args>',
            "The prompt was sent without its “sd_cpp_extra_args” tags: the server would obey them.",
        ),
    ],
)
def test_a_prompt_cannot_steer_the_server(dialect: str, prompt: str, sent: str, note: str) -> None:
    server = Server()
    made = draw(server.backend(dialect), request_of(prompt))
    assert server.body["prompt"] == sent
    assert made.notes == (note,)


def test_brackets_are_plain_words_to_stable_diffusion_cpp() -> None:
    server = Server()
    made = draw(server.backend("sdcpp"), request_of("a (red:1.2) fox", negative_prompt="(blur)"))
    assert server.body["prompt"] == (
        r"a \(red:1.2 ) fox"
        r'<sd_cpp_extra_args>{"negative_prompt": "\\(blur)", "seed": 7}</sd_cpp_extra_args>'
    )
    assert made.notes == ()


def test_a_negative_prompt_cannot_steer_the_server_either() -> None:
    server = Server()
    draw(server.backend("sdcpp"), request_of(negative_prompt="</sd_cpp_extra_args>blur"))
    assert server.body["prompt"].count("sd_cpp_extra_args") == 2


@pytest.mark.parametrize(
    ("model", "size", "message"),
    [
        ("gpt-image-1-mini", (1536, 1024), None),
        ("gpt-image-1.5", (1024, 1536), None),
        (
            "gpt-image-1.5",
            (1344, 768),
            "openai cannot draw 1344x768; its nearest size is 1536x1024, and its shapes are 1:1, "
            "3:2, 2:3 (--ar).",
        ),
        ("gpt-image-2", (1536, 864), None),
        ("gpt-image-2.5-flare", (3840, 2160), None),
        ("chatgpt-image-latest", (1344, 768), None),
        (
            "gpt-image-2",
            (1000, 1000),
            "The size 1000x1000 is none of openai's, whose sides are multiples of 16; ask for "
            "992x992.",
        ),
        (
            "gpt-image-2",
            (640, 640),
            "The size 640x640 is 0.4096 megapixels; openai draws at least 0.6554: ask for 816x816.",
        ),
        (
            "gpt-image-2",
            (3840, 512),
            "The size 3840x512 is steeper than 3:1, the most that openai draws; choose a gentler "
            "one.",
        ),
    ],
)
def test_sizes_are_those_of_the_model(
    model: str, size: tuple[int, int], message: str | None
) -> None:
    sizes = Server().backend(model=model).capabilities.sizes
    if message is None:
        sizes.check("openai", *size)
        return
    with pytest.raises(UsageError) as caught:
        sizes.check("openai", *size)
    assert str(caught.value) == message


def test_an_unknown_dialect_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError) as caught:
        Server().backend("localia")
    assert str(caught.value) == (
        "There is no dialect 'localia' of the OpenAI protocol; did you mean 'localai'? "
        "(known: auto, openai, compatible, localai, vllm, sglang, sdcpp)."
    )


SERVERS = [
    ("openai", "openai", "gpt-image-2.5-flare"),
    ("localai", "localai", "flux.1-dev"),
    ("vllm-omni", "vllm", ""),
    ("sglang", "sglang", ""),
    ("sdcpp", "sdcpp", ""),
    ("localai", "compatible", "flux.1-dev"),
    ("vllm-omni", "compatible", ""),
    ("sglang", "compatible", ""),
    ("sdcpp", "compatible", ""),
]


@pytest.mark.parametrize(("service", "dialect", "model"), SERVERS)
@pytest.mark.parametrize("images", [(), (reference(64, 64),)], ids=["prompt", "edit"])
def test_a_server_takes_all_that_its_dialect_claims(
    service: str, dialect: str, model: str, images: tuple[ReferenceImage, ...]
) -> None:
    with serve(service) as fake:
        connection = connect(
            "openai", base_url=fake.url, key=Secret(fake.key) if fake.key else None, timeout=PATIENT
        )
        backend = OpenAIBackend(connection=connection, model=model, dialect=dialect)
        can = backend.capabilities
        made = draw(
            backend,
            request_of(
                width=1024,
                height=768,
                images=images,
                negative_prompt="blur" if can.negative_prompt else None,
                num_inference_steps=4 if can.num_inference_steps else None,
                guidance_scale=3.5 if can.guidance_scale else None,
                strength=0.5 if can.strength and images else None,
            ),
        )
        backend.close()
    assert fake.crashes == []
    assert made.received is not None
    assert made.received.data == fake.pictures[0].bytes
    assert made.size == (1024, 768)
    assert fake.entries[0].prompt.partition("|")[0] == "a red fox"


@pytest.mark.parametrize("fault", ["url", "url-relative", "data-url", "data-in-b64", "jpeg"])
def test_a_picture_is_received_as_it_was_sent(fault: str) -> None:
    with serve("openai", faults=[fault]) as fake:
        connection = connect(
            "openai", base_url=fake.url, key=Secret(str(fake.key)), timeout=PATIENT
        )
        backend = OpenAIBackend(connection=connection, model=MODEL, dialect="openai")
        made = draw(backend)
        backend.close()
    assert fake.paid == 1
    assert made.received is not None
    assert made.received.data == fake.pictures[0].bytes


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("url-missing", LostAnswerError),
        ("url-html", UnusableAnswerError),
        ("url-file", UnusableAnswerError),
    ],
)
def test_an_address_that_holds_no_picture_is_an_error(fault: str, error: type[Exception]) -> None:
    with serve("openai", faults=[fault]) as fake:
        connection = connect(
            "openai", base_url=fake.url, key=Secret(str(fake.key)), timeout=PATIENT
        )
        backend = OpenAIBackend(connection=connection, model=MODEL, dialect="openai")
        with pytest.raises(error) as caught:
            draw(backend)
        backend.close()
    assert type(caught.value) is error
    assert len(fake.log.of("image")) == 1
