"""What a chat server's answer holds: its JSON goes in, a ChatReply comes out, or what is wrong."""

from dataclasses import dataclass
from typing import Any

from imagine.stages.enhance.instructions import MAX_ANSWER
from imagine.stages.errors import RefusedError, UnusableAnswerError
from imagine.stages.money.usage import Usage
from imagine.stages.network.json_values import count, table, tables, text
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import quotable

EMPTY = "The answer was empty."


@dataclass(frozen=True, slots=True)
class ChatReply:
    """The first choice of an answer.

    Attributes:
        text: of the message; thoughts that stand beside it are left out.
        finish_reason: "stop", "length", "content_filter" or a server's own word; "" without one.
        refusal: the model's words when it refuses.
        error: the server's words when the answer is an error in spite of its status.
        model: what served the request; "" when the server does not say.
    """

    text: str
    finish_reason: str
    refusal: str
    error: str
    model: str
    usage: Usage


def reply_of(document: Any, connection: Connection) -> ChatReply:
    """Read an answer without trust in its shape, and without the key that it may repeat."""
    body = table(document)
    choice = next(iter(tables(body.get("choices"))), {})
    message = table(choice.get("message"))
    counts = table(body.get("usage"))
    return ChatReply(
        text=connection.redact(_text(message.get("content"))),
        finish_reason=text(choice.get("finish_reason")),
        refusal=text(message.get("refusal")),
        error=text(table(body.get("error")).get("message")) or text(body.get("error")),
        model=connection.redact(text(body.get("model"))),
        usage=Usage(
            calls=1,
            input_tokens=count(counts.get("prompt_tokens")),
            output_tokens=count(counts.get("completion_tokens")),
        ),
    )


def check_reply(reply: ChatReply, connection: Connection, *, who: str) -> None:
    """Refuse a reply that cannot hold a description.

    Args:
        who: the model, for messages: "llama3.2 of Ollama".

    Raises:
        RefusedError: the model or a filter refused.
        UnusableAnswerError: it is cut or empty.
    """
    if reply.refusal.strip():
        words = in_its_words(connection, reply.refusal)
        raise RefusedError(f"{who} refused{words}; change the prompt.")
    if reply.finish_reason == "content_filter":
        raise RefusedError(
            f"{who} broke off: its content filter objects to the answer; change the prompt."
        )
    empty = not reply.text.strip()
    if reply.finish_reason == "length" and empty:
        raise UnusableAnswerError(
            f"{who} used up all its tokens before it wrote an answer; give the model a larger "
            "context, or choose one that thinks less."
        )
    if reply.finish_reason == "length":
        raise UnusableAnswerError(
            f"{who} broke its answer off for its length; shorten the prompt, give the model a "
            "larger context, or choose another.",
            answer=reply.text[:MAX_ANSWER],
            problem="The answer was cut because it was too long; be much shorter.",
        )
    if empty:
        words = in_its_words(connection, reply.error)
        raise UnusableAnswerError(f"{who} sent an empty answer{words}; try again.", problem=EMPTY)


def in_its_words(connection: Connection, words: str) -> str:
    """What somebody said, as a message goes on with it; "" for nothing."""
    said = quotable(connection, words)
    return f', in its words "{said}"' if said else ""


def _text(content: Any) -> str:
    """The text of a message, which is a string or a list of parts."""
    return text(content) or "".join(text(part.get("text")) for part in tables(content))
