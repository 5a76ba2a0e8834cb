"""The estimate of CLIP tokens: exact for common words, never low for rare ones."""

import pytest

from imagine.stages.language.tokens import estimate_tokens


# Counted with OpenAI's tokenizer, start and end marks left out.
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a photo of a fox", 5),
        ("1024", 4),
        ("Fox, fox!", 4),
        ("a fluffy dog wearing a tiny crown", 7),
        ("an impressionist painting of a lighthouse", 6),
    ],
)
def test_common_words_are_counted_exactly(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("a capybara", 4),
        ("a Diplodocus", 5),
        ("supercalifragilisticexpialidocious", 9),
        ("狐", 3),
        ("café", 1),
        ("🦊", 2),
    ],
)
def test_rare_words_are_never_counted_too_low(text: str, tokens: int) -> None:
    assert tokens <= estimate_tokens(text) <= 2 * tokens + 3
