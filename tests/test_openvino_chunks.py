"""Long prompts in pieces."""

from hypothesis import given
from hypothesis import strategies as st

from imagine.stages.generate.openvino.chunks import pieces


def letters(text: str) -> int:
    """Every letter is a token; blanks are none."""
    return len("".join(text.split()))


@given(st.text(st.sampled_from("ab,. \n"), max_size=200), st.integers(1, 20))
def test_nothing_is_lost_and_every_piece_fits(text: str, room: int) -> None:
    made = pieces(text, count=letters, room=room)
    assert "".join(made) == text.strip()
    assert all(letters(piece) <= room for piece in made)
    assert made == [""] or all(made)


def test_a_short_text_stays_whole() -> None:
    assert pieces(" a red fox ", count=letters, room=75) == ["a red fox"]
    assert pieces("", count=letters, room=75) == [""]


def test_a_piece_ends_at_a_comma_near_its_end_else_between_words() -> None:
    assert pieces("a red fox, in the snow", count=letters, room=12) == [
        "a red fox, ",
        "in the snow",
    ]
    assert pieces("a red fox in the snow", count=letters, room=12) == [
        "a red fox in the ",
        "snow",
    ]


def test_a_comma_far_from_the_end_ends_nothing() -> None:
    text = "a, " + "b " * 40 + "c"
    assert pieces(text, count=letters, room=40)[0] == "a, " + "b " * 38


def test_a_word_that_is_too_long_is_parted() -> None:
    assert pieces("abcdefgh", count=letters, room=3) == ["ab", "cd", "ef", "gh"]
