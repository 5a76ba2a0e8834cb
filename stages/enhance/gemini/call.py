"""One call to a Gemini model: what goes out and what comes back, whatever carries it."""

from dataclasses import dataclass, replace
from typing import Any, Protocol

from imagine.stages.image import ReferenceImage
from imagine.stages.money.usage import Usage
from imagine.stages.network.providers import Connection

# A description takes some 600 tokens; thoughts count too, and a limit that they use up leaves an
# answer without any text.
MAX_OUTPUT_TOKENS = 8192
# An answer with its thoughts' signatures takes some 100 KB.
MAX_REPLY = 8 * 2**20


@dataclass(frozen=True, slots=True)
class ModelCall:
    """What goes to the model, whatever carries it.

    Attributes:
        model: without "models/".
        schema: of the answer, in the minimal form of imagine.stages.enhance.schema.
        thinking_level: None leaves it to the model; never sent by the SDK, which cannot.
        seed: likewise.
    """

    model: str
    system: str
    user: str
    images: tuple[ReferenceImage, ...]
    schema: dict[str, Any]
    seed: int
    thinking_level: str | None


@dataclass(frozen=True, slots=True)
class ModelReply:
    """What came back, whatever carried it.

    Attributes:
        text: of all parts that are no thoughts, joined.
        finish_reason: the API's word, a number where the SDK does not know it, "" without one.
        finish_message: what the model says to it.
        block_reason: why the prompt was not read; "" when it was.
        model: what served the request.
    """

    text: str
    finish_reason: str
    finish_message: str
    block_reason: str
    model: str
    usage: Usage

    def redacted(self, connection: Connection) -> "ModelReply":
        """The reply without the key, should the server repeat it."""
        return replace(
            self,
            text=connection.redact(self.text),
            finish_message=connection.redact(self.finish_message),
            model=connection.redact(self.model),
        )


class Carrier(Protocol):
    """Carries calls to Google: `Carrier` of gemini_sdk or of gemini_rest.

    `send` raises as imagine.stages.network.session.Session.post does.
    """

    def send(self, call: ModelCall) -> ModelReply: ...
    def close(self) -> None: ...


def usage_of(*, prompt: int, candidates: int, thoughts: int, total: int) -> Usage:
    """What one call used, from Google's counts; 0 where a count is missing.

    The SDK does not know the count of thoughts; the total holds them.
    """
    output = max(candidates + thoughts, total - prompt if prompt else 0)
    return Usage(calls=1, input_tokens=prompt, output_tokens=output)
