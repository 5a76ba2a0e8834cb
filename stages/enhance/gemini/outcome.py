"""What a Gemini reply means: a ModelReply goes in; one without a description raises an error."""

from imagine.stages.enhance.gemini.call import MAX_OUTPUT_TOKENS, ModelReply
from imagine.stages.enhance.instructions import MAX_ANSWER
from imagine.stages.errors import RefusedError, UnusableAnswerError, shown
from imagine.stages.network.google import REFUSALS, reason_shown
from imagine.stages.network.providers import Connection
from imagine.stages.network.reply import quotable

_AGAIN = "try again, or choose another model"
_ONLY_JSON = "Answer with the JSON object alone: call no tool and make no picture."
_TOOL = ("tried to call a tool, and there is none", _ONLY_JSON, _AGAIN)
_PICTURE = ("tried to make a picture, not to describe one", _ONLY_JSON, "choose another model")
# Values of finishReason that leave no answer: what happened, what to tell the model when it is
# asked once more ("" when that is of no use), and what the user can do.
_FAILED = {
    "MAX_TOKENS": (
        f"broke its answer off after {MAX_OUTPUT_TOKENS} tokens",
        "The answer was cut because it was too long; be much shorter.",
        "shorten the prompt, or choose another model",
    ),
    "LANGUAGE": ("does not know the prompt's language", "", "write it in another language"),
    "OTHER": ("broke off without giving a reason", "", _AGAIN),
    "MALFORMED_FUNCTION_CALL": _TOOL,
    "UNEXPECTED_TOOL_CALL": _TOOL,
    "TOO_MANY_TOOL_CALLS": _TOOL,
    "MISSING_THOUGHT_SIGNATURE": ("misses a mark of its own thoughts", "", _AGAIN),
    "MALFORMED_RESPONSE": (
        "sent an answer that it calls malformed itself",
        "The answer was malformed; answer with the JSON object alone.",
        _AGAIN,
    ),
    "NO_IMAGE": _PICTURE,
    "IMAGE_OTHER": _PICTURE,
    "PUP_LIMITED_DISABLED": ("is not open to this key", "", "check the key's project"),
    "CONTINUATION": ("wants to go on later", "", _AGAIN),
}


def check_reply(reply: ModelReply, connection: Connection) -> None:
    """Refuse a reply that cannot hold a description.

    Raises:
        RefusedError: a filter stopped it.
        UnusableAnswerError: it is cut, empty or ended in a way that leaves no answer.
    """
    who = connection.provider.title
    words = _words(reply, connection)
    if reason := reply.block_reason:
        raise RefusedError(
            f"{who} blocked the prompt ({reason_shown(reason)}){words}; change the prompt."
        )
    reason = reply.finish_reason
    if reason in REFUSALS:
        raise RefusedError(f"{who} broke off ({reason_shown(reason)}){words}; change the prompt.")
    answer = reply.text[:MAX_ANSWER]
    if reason == "MAX_TOKENS" and not reply.text.strip():
        raise UnusableAnswerError(
            f"{who} used up its {MAX_OUTPUT_TOKENS} tokens in thinking and wrote no answer; "
            "choose another model or a lower thinking level."
        )
    if reason in _FAILED:
        why, problem, advice = _FAILED[reason]
        raise UnusableAnswerError(
            f"{who} {why} ({reason}){words}; {advice}.", answer=answer, problem=problem
        )
    if not reply.text.strip():
        told = f" ({shown(reason)})" if reason not in ("", "STOP") else ""
        raise UnusableAnswerError(
            f"{who} sent an empty answer{told}{words}; try again.",
            problem="The answer was empty.",
        )


def _words(reply: ModelReply, connection: Connection) -> str:
    """What the model says itself, for a message."""
    said = reply.finish_message.strip() or reply.text.strip()
    if not said or said.startswith(("{", "[", "```")):
        return ""
    return f', in its words "{quotable(connection, said)}"'
