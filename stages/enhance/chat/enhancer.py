"""The chat enhancer: from a Question to a PromptSpec, by any server of OpenAI's chat protocol.

POST chat/completions. Servers differ in what they understand; what worked is remembered (see
imagine.stages.enhance.chat.request).
"""

import re
from threading import Lock

from imagine.stages.enhance import Enhancement, Question
from imagine.stages.enhance.answer import read_answer
from imagine.stages.enhance.chat.reply import (
    ChatReply,
    check_reply,
    in_its_words,
    reply_of,
)
from imagine.stages.enhance.chat.request import (
    MAX_COMPLETION_TOKENS,
    MAX_TOKENS,
    Habits,
    body_of,
    is_about_form,
    is_about_pictures,
)
from imagine.stages.enhance.instructions import template_hash
from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    ProviderError,
    UsageError,
    shown,
)
from imagine.stages.intent import Intent
from imagine.stages.network.failure import failure_of
from imagine.stages.network.json_values import table, tables, text
from imagine.stages.network.providers import TEXT_TIMEOUT, Connection
from imagine.stages.network.reply import Problem, Reply
from imagine.stages.network.retry import Fault, Transient
from imagine.stages.network.session import Session

MAX_REPLY = 8 * 2**20
# A model of one's own first has to be loaded, and says nothing until it is done.
LOADING_TIMEOUT = 300.0
# For the list of models, which only makes a message better.
LIST_TIMEOUT = 10.0
# Of a server's models, as many as a message names.
MAX_NAMES = 6


class _UnwillingError(ImagineError):
    """The server refused the form of a request.

    Attributes:
        words: its own, which tell what it does not understand.
        usual: the error when nothing else can be tried.
    """

    def __init__(self, words: str, usual: ImagineError) -> None:
        super().__init__(words)
        self.words = words
        self.usual = usual


class ChatEnhancer:
    """Asks a model of an OpenAI-compatible chat server; see `ModelEnhancer`.

    Args:
        connection: the user's way to the server.
        model: "" for the provider's default; servers of one's own have none, so that `ask` then
            lists what there is.
    """

    sees_images = True

    def __init__(self, connection: Connection, model: str = "") -> None:
        self.name = connection.provider.name
        self.model = model or connection.provider.text_model
        self.template_hash = template_hash(f"{MAX_TOKENS} {MAX_COMPLETION_TOKENS}")
        self.connection = connection
        openais = re.match(r"gpt-\d|chatgpt|o\d", self.model) is not None
        self._habits = Habits(limit="max_completion_tokens" if openais else "max_tokens")
        self._session: Session | None = None
        self._opening = Lock()

    def enhance(self, intent: Intent, *, seed: int) -> Enhancement:
        """Ask with everything at its default; raises as `ask` does."""
        return self.ask(Question(intent, seed=seed))

    def ask(self, question: Question) -> Enhancement:
        """One call, after those in which the server's habits are found out.

        Raises:
            UsageError: no model was named, and there is no default.
            ConfigError: the key is missing or rejected, or the model is not there or is blind.
            RefusedError: the model or a filter refused.
            UnusableAnswerError: an answer that is no description.
            ProviderError: no answer came.
        """
        if not self.model:
            raise self._nameless()
        reply = self._answer(question)
        try:
            check_reply(reply, self.connection, who=self._who)
            spec = read_answer(reply.text, question)
        except ImagineError as error:
            error.usage = reply.usage
            raise
        served = reply.model or self.model
        return Enhancement(spec=spec, model=served, usage=reply.usage, answer=reply.text)

    def _answer(self, question: Question) -> ChatReply:
        """What the server answers when it is asked in a way that it understands."""
        while True:
            habits = self._habits
            body = body_of(question, model=self.model, habits=habits)
            session = self._open()
            try:
                reply = session.post("/chat/completions", json=body, paid=False, limit=MAX_REPLY)
                return reply_of(reply.json(), self.connection)
            except _UnwillingError as error:
                if question.images and is_about_pictures(error.words):
                    raise self._blind(error.words) from error
                following = habits.after(error.words)
                if following is None:
                    raise error.usual from error
                # Each step leaves something out, so that this ends.
                self._habits = following

    def close(self) -> None:
        """Close the connection; `ask` opens it anew."""
        with self._opening:
            if self._session is not None:
                self._session.close()
            self._session = None

    def _open(self) -> Session:
        with self._opening:
            if self._session is None:
                provider = self.connection.provider
                self._session = Session(
                    self.connection,
                    headers=self.connection.headers(),
                    timeout=TEXT_TIMEOUT if provider.needs_key else LOADING_TIMEOUT,
                    translate=self._translate,
                )
            return self._session

    def _translate(self, reply: Reply, problem: Problem) -> ImagineError | None:
        """What an error answer means here; None leaves it to imagine.stages.network.session."""
        if reply.status == 503 and "loading" in problem.message.lower():
            # llama.cpp answers so for as long as it reads its file; patience alone bounds it.
            raise Transient(Fault("is still loading its model", counts=False))
        words = problem.message
        missing = "model" in problem.code and "not_found" in problem.code
        refused = reply.status in (400, 404, 415, 422, 500, 501) and not missing
        if refused and (is_about_form(words) or is_about_pictures(words)):
            usual = failure_of(self.connection, reply, problem)
            if isinstance(usual, Transient):
                usual = ProviderError(
                    f"{self._who} failed ({reply.status}){in_its_words(self.connection, words)}; "
                    "try again later, or choose another model."
                )
            return _UnwillingError(words, usual)
        if reply.status == 404 or missing:
            return self._not_served(problem)
        return None

    @property
    def _who(self) -> str:
        """The model, for a message: "llama3.2 of Ollama"."""
        return f"{shown(self.model)} of {self.connection.provider.title}"

    def _nameless(self) -> UsageError:
        title = self.connection.provider.title
        try:
            names = served_models(self.connection)
        except ImagineError:
            names = []
        listed = f"; it has {', '.join(names)}" if names else ""
        return UsageError(
            f"{title} needs the name of a model{listed}: write --enhancer {self.name}/MODEL, or "
            f"set {self.name}_text_model."
        )

    def _not_served(self, problem: Problem) -> ConfigError:
        title = self.connection.provider.title
        try:
            names = served_models(self.connection)
        except ImagineError:
            said = in_its_words(self.connection, problem.message)
            return ConfigError(
                f"{title} does not know the model '{shown(self.model)}', or there is no chat API "
                f"at {shown(self.connection.base_url)}, which usually ends in /v1{said}; "
                f"check {self.name}_base_url and the model."
            )
        known = f"; it has {', '.join(names)}" if names else ", nor any other"
        pull = f" (or run: ollama pull {shown(self.model)})" if self.name == "ollama" else ""
        return ConfigError(
            f"{title} does not have the model '{shown(self.model)}'{known}: name another with "
            f"--enhancer {self.name}/MODEL or {self.name}_text_model{pull}."
        )

    def _blind(self, words: str) -> ConfigError:
        said = in_its_words(self.connection, words)
        return ConfigError(
            f"{self._who} takes no pictures{said}; choose a model that sees, or another --enhancer."
        )


def served_models(connection: Connection) -> list[str]:
    """Names of the server's models that can chat, in its order, at most MAX_NAMES.

    Raises:
        ImagineError: the list could not be had.
    """
    hasty = connection.hasty(LIST_TIMEOUT)
    with Session(hasty, headers=connection.headers(), timeout=LIST_TIMEOUT) as session:
        document = session.get("/models", limit=MAX_REPLY).json()
    names = [text(entry.get("id")) for entry in tables(table(document).get("data"))]
    return [shown(name, limit=60) for name in names if name and "embed" not in name][:MAX_NAMES]
