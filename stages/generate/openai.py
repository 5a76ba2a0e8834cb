"""The `openai` backend: an ImageRequest in, a picture by gpt-image or a compatible server out.

POST {base}/images/generations, or /images/edits where reference pictures go in. OpenAI's own models
read little beside prompt and size; servers of one's own read more, each in a dialect of its own.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from json import dumps
from typing import Any, Literal, get_args

from imagine.stages.errors import ConfigError, ImagineError, ProviderError, did_you_mean, shown
from imagine.stages.generate.hosted import HostedBackend, Parameters
from imagine.stages.generate.parameters import PARAMETERS, capabilities_of, nested, placed
from imagine.stages.generate.sdcpp.words import plain_words, without_tags
from imagine.stages.image import GeneratedImage, ImageRequest, Progress
from imagine.stages.money.usage import Usage
from imagine.stages.network.address import origin_of, place_of
from imagine.stages.network.failure import host_of
from imagine.stages.network.json_values import count, table, tables, text
from imagine.stages.network.providers import Connection, is_own_host
from imagine.stages.network.reply import Problem, Reply, problem_of
from imagine.stages.sizes import FreeSizes, ListedSizes, Sizes

Dialect = Literal["openai", "compatible", "localai", "vllm", "sglang", "sdcpp"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

# gpt-image-1 and 1.5; since version 2 any size of multiples of 16.
_FIRST_MODELS = re.compile(r"gpt-image-1(?!\d)")
_FIRST_SIZES = ListedSizes(((1024, 1024, "1:1"), (1536, 1024, "3:2"), (1024, 1536, "2:3")))
_FREE_SIZES = FreeSizes(
    min_side=480,
    max_side=3840,
    min_pixels=655_360,
    max_pixels=3840 * 2160,
    step=16,
    steepest=3.0,
    upwards=True,
)
# Of a server of one's own nothing is known but that diffusion models draw in cells of 8 pixels.
_OWN_SIZES = FreeSizes(min_side=64, max_side=4096, max_pixels=16_000_000, step=8)

# stable-diffusion.cpp reads its settings from this tag within the prompt; a prompt that brings one
# of its own would change them.
_TAG = "sd_cpp_extra_args"


class _FormatRefusedError(ProviderError):
    """The server draws, but does not know `response_format`."""


class OpenAIBackend(HostedBackend):
    """Draws with gpt-image, or with whatever the server at the base URL serves."""

    name = "openai"

    def __init__(self, *, connection: Connection, model: str, dialect: str = "auto") -> None:
        """Choose what is sent beside the standard fields.

        Args:
            connection: the user's way to the server; one of one's own needs no key.
            model: what requests name; "" leaves it to a server of one's own.
            dialect: one of DIALECTS, or "auto": "openai" at OpenAI's own address and for
                OpenAI's own models behind a gateway, else "compatible".

        Raises:
            ConfigError: there is no such dialect.
        """
        own = is_own_host(connection.provider, connection.base_url)
        self.dialect = _dialect(dialect, model, own=own)
        if not own and dialect != "openai":
            # Messages name the server, whose keys are not made at OpenAI.
            provider = replace(connection.provider, title=host_of(connection), key_page="")
            connection = replace(connection, provider=provider)
        super().__init__(connection=connection, model=model)
        self._row = PARAMETERS[self.dialect]
        self._rounds_up = self.dialect == "sdcpp"
        self.capabilities = capabilities_of(
            self._row,
            sizes=self._sizes(),
            max_images=1 if self.dialect == "localai" else 16,
            paid=self.dialect == "openai"
            or place_of(origin_of(connection.base_url)[1]) == "public",
        )
        # Servers built after OpenAI's refuse what OpenAI's own models refuse; found out by asking.
        self._takes_format = self.dialect != "openai"

    def _sizes(self) -> Sizes:
        if self.dialect != "openai":
            return _OWN_SIZES
        return _FIRST_SIZES if _FIRST_MODELS.match(self.model) else _FREE_SIZES

    def generate(self, request: ImageRequest) -> Iterator[Progress | GeneratedImage]:
        """Yields "sent", "received", then the picture.

        Raises:
            RefusedError: the prompt or the picture was refused, or none came.
            UnusableAnswerError: what came is no whole picture of about the size asked for.
            ConfigError: key or model are not accepted.
            ProviderError: the service failed or could not be reached.
        """
        yield self.sent()
        fields, notes = self._fields(request)
        try:
            reply = self._ask(request, fields)
        except _FormatRefusedError:
            if fields.pop("response_format", None) is None:
                raise
            # Nothing was drawn; without the field the picture comes at an address, or as it likes.
            self._takes_format = False
            reply = self._ask(request, fields)
        answer = table(reply.json())
        first = next(iter(tables(answer.get("data"))), {})
        encoded, url = first.get("b64_json"), text(first.get("url"))
        if not encoded and not url:
            raise self._no_picture(reply)
        revised = text(first.get("revised_prompt")).strip()
        if revised and revised != request.prompt.strip():
            notes = [*notes, f"{self.title} drew from another prompt: {self.quoted(revised)}"]
        yield from self.finished(
            request,
            self.picture_in(encoded) if encoded else self.session.download(url).body,
            model=self.model or text(answer.get("model")),
            notes=notes,
            parameters=self._parameters(answer),
            usage=_usage(table(answer.get("usage"))),
        )

    def translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        if problem.code == "model_not_found":
            return ConfigError(
                f"{self.title} has no model '{shown(self.model)}' for this key: it may be retired, "
                "or need a verified organization; choose another with --model."
            )
        if reply.status not in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY):
            return None
        said = f" ({self.quoted(problem.message)})" if problem.message else ""
        # Another thread may have found it out since this request was sent.
        if self.dialect != "openai" and "response_format" in problem.message:
            return _FormatRefusedError(
                f"{self.title} takes no response_format{said}; set openai_dialect to what the "
                "server is."
            )
        asks_model = "model" in problem.message.lower() or not self._takes_format
        if self.model or self.dialect == "openai" or not asks_model:
            return None
        return ProviderError(
            f"{self.title} rejected a request that names no model{said}; name one "
            "(--backend openai/MODEL), or set openai_dialect to what the server is."
        )

    def _ask(self, request: ImageRequest, fields: dict[str, Any]) -> Reply:
        if not request.images:
            return self.session.post("/images/generations", json=fields, paid=True)
        if self.dialect == "localai":
            picture = {self._row["images"]: request.images[0].base64}
            return self.session.post("/images/generations", json={**fields, **picture}, paid=True)
        files = [
            (
                self._row["images"],
                (f"image-{number}.{image.format}", image.data, image.media_type),
            )
            for number, image in enumerate(request.images, start=1)
        ]
        # A form knows no types: 7 and "7" are the same there.
        form = {
            name: value if isinstance(value, str) else dumps(value)
            for name, value in fields.items()
        }
        return self.session.post("/images/edits", fields=form, files=files, paid=True)

    def _fields(self, request: ImageRequest) -> tuple[dict[str, Any], list[str]]:
        """What is sent of the request but its pictures, and what the user should know of it."""
        options = placed(self._row, request)
        prompt = request.prompt
        notes: list[str] = []
        fixed: dict[str, Any] = {"size": f"{request.width}x{request.height}"}
        if self.model:
            fixed["model"] = self.model
        if self._takes_format:
            # Others default to an address on a disk of theirs; gpt-image refuses the field.
            fixed["response_format"] = "b64_json"
        if self.dialect == "sglang":
            # Its server would have a language model rewrite the prompt.
            fixed["enhance_prompt"] = False
        if self.dialect == "localai":
            prompt, notes = _localai_prompt(prompt, options.pop(self._row["negative_prompt"], None))
        if self.dialect == "sdcpp":
            prompt, notes = _sdcpp_prompt(prompt, options)
            options = {}
        return {"prompt": prompt, **fixed, **nested(options)}, notes

    def _no_picture(self, reply: Reply) -> ImagineError:
        """Some compatible servers report errors with status 200."""
        words = problem_of(reply).message
        if words:
            return ProviderError(
                f"{self.title} reports an error instead of a picture: {self.quoted(words)}; "
                "check its log, or choose another model (--model)."
            )
        return self.wordy(text(table(reply.json()).get("text")))

    def _parameters(self, answer: dict[str, Any]) -> Parameters:
        chosen = [
            (name, value)
            for name in ("quality", "background", "output_format")
            if (value := text(answer.get(name)))
        ]
        return (("dialect", self.dialect), *chosen)


def _dialect(name: str, model: str, *, own: bool) -> Dialect:
    if name == "auto":
        openais = own or model.startswith(("gpt-image", "chatgpt-image"))
        return "openai" if openais else "compatible"
    for dialect in DIALECTS:
        if dialect == name:
            return dialect
    known = ["auto", *DIALECTS]
    raise ConfigError(
        f"There is no dialect '{shown(name)}' of the OpenAI protocol{did_you_mean(name, known)} "
        f"(known: {', '.join(known)})."
    )


def _localai_prompt(prompt: str, negative: str | None) -> tuple[str, list[str]]:
    """LocalAI takes what follows a "|" for the negative prompt."""
    notes = []
    if "|" in prompt:
        notes.append("The prompt's “|” was sent as “/”: LocalAI reads a negative prompt behind it.")
        prompt = prompt.replace("|", "/")
    return (f"{prompt}|{negative.replace('|', '/')}" if negative else prompt), notes


def _sdcpp_prompt(prompt: str, options: dict[str, Any]) -> tuple[str, list[str]]:
    """The prompt with the server's settings behind it, and without any that it brought itself."""
    notes = []
    if without_tags(prompt) != prompt:
        notes.append(f"The prompt was sent without its “{_TAG}” tags: the server would obey them.")
    settings = nested(
        {
            place: plain_words(value) if isinstance(value, str) else value
            for place, value in options.items()
        }
    )
    return f"{plain_words(prompt)}<{_TAG}>{dumps(settings, ensure_ascii=False)}</{_TAG}>", notes


def _usage(counted: dict[str, Any]) -> Usage:
    """What gpt-image puts out is a picture, but for the words that its details name."""
    output = count(counted.get("output_tokens"))
    words = min(output, count(table(counted.get("output_tokens_details")).get("text_tokens")))
    return Usage(
        calls=1,
        input_tokens=count(counted.get("input_tokens")),
        output_tokens=words,
        image_tokens=output - words,
        images=1,
    )
