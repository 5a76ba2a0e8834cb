"""What one call to a provider used, as the provider counts it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts of one call, or the sum of several; 0 where the provider says nothing.

    Attributes:
        calls: requests that were answered.
        input_tokens: of prompt, instruction and reference images.
        output_tokens: text, the thoughts of a thinking model included: they are billed alike.
        image_tokens: output tokens of pictures, where the provider counts them.
        images: pictures received.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    image_tokens: int = 0
    images: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.image_tokens + other.image_tokens,
            self.images + other.images,
        )


NOTHING = Usage()
