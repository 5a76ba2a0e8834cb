"""The Gemini enhancer: from a Question to the PromptSpec that one of Google's models answers.

Two ways carry the call: google-generativeai (gemini_sdk) and plain REST (gemini_rest). What a
reply means is decided here, once for both.
"""

import re
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from threading import Lock
from types import ModuleType
from typing import Literal

from imagine.stages.enhance import Enhancement, Question
from imagine.stages.enhance.answer import read_answer
from imagine.stages.enhance.gemini.call import (
    MAX_OUTPUT_TOKENS,
    Carrier,
    ModelCall,
)
from imagine.stages.enhance.gemini.outcome import check_reply
from imagine.stages.enhance.instructions import messages, template_hash
from imagine.stages.enhance.schema import schema_for
from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    UsageError,
    shown,
)
from imagine.stages.intent import Intent
from imagine.stages.network.google import served_models
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import Problem, Reply

# As many of the models that could serve instead as a message names.
MAX_NAMES = 6

GeminiTransport = Literal["sdk", "httpx"]
_MODULES: dict[GeminiTransport, str] = {"sdk": "sdk", "httpx": "rest"}

# These think at "medium" unless told otherwise, and their thoughts are billed as output; the work
# is light, and Google's own default for a model meant for such work is "minimal".
# The 3.5 and 3.7 names are routed to them.
_LEVELS = {
    "gemini-3.5-flash": "low",
    "gemini-3.6-flash": "low",
    "gemini-3.7-flash": "low",
    "gemini-3.8-flash": "low",
}


class GeminiEnhancer:
    """Asks a Gemini model; see `ModelEnhancer`.

    Args:
        connection: the user's way to Google.
        model: "" for the provider's default.
        transport: "sdk" for google-generativeai, "httpx" for plain REST.
        thinking_level: "minimal", "low", "medium" or "high"; needs "httpx".

    Raises:
        UsageError: the model's name is none.
        ConfigError: a thinking level for the SDK, which cannot send one.
    """

    name = "gemini"
    sees_images = True

    def __init__(
        self,
        connection: Connection,
        model: str = "",
        *,
        transport: GeminiTransport = "sdk",
        thinking_level: str | None = None,
    ) -> None:
        self.model = _model_name(model or connection.provider.text_model)
        if thinking_level is not None and transport == "sdk":
            raise ConfigError(
                f"google-generativeai cannot send the thinking level '{shown(thinking_level)}'; "
                "set gemini_transport to httpx, or leave the level out."
            )
        if transport == "httpx":
            thinking_level = thinking_level or _LEVELS.get(self.model)
        self.connection = connection
        self._transport = transport
        self._level = thinking_level
        self.template_hash = template_hash(f"{MAX_OUTPUT_TOKENS} {thinking_level}")
        self._carrier: Carrier | None = None
        self._importing: Future[ModuleType] | None = None
        self._opening = Lock()

    def warm_up(self) -> None:
        """Start what takes long beside other work; `ask` waits for it."""
        if self._importing is None:
            name = f"imagine.stages.enhance.gemini.{_MODULES[self._transport]}"
            with_one = ThreadPoolExecutor(1, thread_name_prefix="imagine-gemini")
            self._importing = with_one.submit(import_module, name)
            with_one.shutdown(wait=False)

    def close(self) -> None:
        """Close the connection; `ask` opens it anew."""
        with self._opening:
            if self._carrier is not None:
                self._carrier.close()
            self._carrier = None

    def enhance(self, intent: Intent, *, seed: int) -> Enhancement:
        """Ask with everything at its default; raises as `ask` does."""
        return self.ask(Question(intent, seed=seed))

    def ask(self, question: Question) -> Enhancement:
        """One call.

        Raises:
            ConfigError: the key is missing or rejected, or the model is not served.
            RefusedError: prompt or answer were stopped by a filter.
            UnusableAnswerError: an answer that is no description.
            ProviderError: no answer came.
        """
        self.connection.headers()  # without a key nothing is opened
        said = messages(question)
        call = ModelCall(
            model=self.model,
            system=said.system,
            user=said.user,
            images=question.images,
            schema=schema_for(question),
            seed=question.seed,
            thinking_level=self._level,
        )
        reply = self._open().send(call).redacted(self.connection)
        try:
            check_reply(reply, self.connection)
            spec = read_answer(reply.text, question)
        except ImagineError as error:
            error.usage = reply.usage
            raise
        served = reply.model or self.model
        return Enhancement(
            spec=spec,
            model=served,
            notes=_routing(self.model, served),
            usage=reply.usage,
            answer=reply.text,
        )

    def _open(self) -> Carrier:
        """What carries the calls, made at the first.

        Raises:
            ConfigError: google-generativeai cannot be imported.
        """
        with self._opening:
            if self._carrier is None:
                self.warm_up()
                assert self._importing is not None  # noqa: S101  # warm_up sets it
                if error := self._importing.exception():
                    self._importing = None
                    raise ConfigError(
                        f"google-generativeai cannot be imported ({shown(error, limit=200)}); "
                        "reinstall it, or set gemini_transport to httpx."
                    ) from error
                translate = Translation(self.connection, self.model)
                self._carrier = self._importing.result().Carrier(self.connection, translate)
            return self._carrier


@dataclass(frozen=True, slots=True)
class Translation:
    """From an error answer to the error that says what it means for this model."""

    connection: Connection
    model: str

    def __call__(self, reply: Reply, problem: Problem) -> ImagineError | None:
        """The error of a model that is not served; None leaves the answer to `Session`.

        A provider's models come and go, so the message lists those that the key can use.
        """
        if reply.status != 404:
            return None
        who, setting = self.connection.provider.title, f"{self.connection.provider.name}_text_model"
        try:
            names = _describing_models(self.connection)
        except ImagineError:
            return ConfigError(
                f"{who} does not serve the model '{shown(self.model)}', or there is no Gemini API "
                f"at {shown(self.connection.base_url)}; check {setting} and gemini_base_url."
            )
        known = f"; this key can use {', '.join(names)}" if names else ""
        return ConfigError(
            f"{who} does not serve the model '{shown(self.model)}', which may be retired{known}: "
            f"name another with --enhancer gemini/MODEL or {setting}."
        )


def _describing_models(connection: Connection) -> list[str]:
    """Names of models that can describe a picture, in Google's order, at most MAX_NAMES.

    Raises:
        ImagineError: the list could not be had.
    """
    other = re.compile(r"image|banana|tts|audio|robotics|embedding|computer-use")
    names = [name for name in served_models(connection) if not other.search(name)]
    return [shown(name, limit=60) for name in names[:MAX_NAMES]]


def _model_name(given: str) -> str:
    name = given.removeprefix("models/")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise UsageError(
            f"'{shown(given)}' is no name of a Gemini model; write one such as "
            "gemini-3.5-flash-lite."
        )
    return name


def _routing(asked: str, served: str) -> tuple[str, ...]:
    """A note when Google served another model, at another price perhaps."""
    version = rf"{re.escape(asked)}(-\d+|-preview[\w-]*)?"
    if re.fullmatch(version, served) or asked.endswith("-latest"):
        return ()
    return (f"Google served {shown(served)} for {asked}.",)
