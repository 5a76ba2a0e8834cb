import pytest
from fakes.sdapi_prompt import read_by_sdcpp, read_by_webui
from hypothesis import given
from hypothesis import strategies as st

from imagine.stages.generate.sdapi_prompt import for_sdcpp, for_webui, lora_tags, sdcpp_tag
from imagine.stages.image import Lora

# What their parsers look for, so that what is made up comes near to it.
PIECES = st.sampled_from(
    ["a fox", " ", "(", ")", "[", "]", ":", "1.2", "0.5", "\\", "<lora:x:1>", "<", ">", "|", "\n",
     "BREAK", "AND", "B", "A", "{", "}", "16:9", ".", ",", "#", "<sd_cpp_extra_args>",
     "</sd_cpp_extra_args>", "{\"seed\":1}", "hypernet:", "<wildcard:", "_", "é"]
)  # fmt: skip
PROMPTS = st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=30)


def in_one_line(prompt: str) -> str:
    return " ".join(prompt.split())


@given(PROMPTS)
def test_a_web_ui_reads_every_prompt_as_the_words_that_it_is(prompt: str) -> None:
    sent, _ = for_webui(prompt)
    words = in_one_line(prompt.replace("{", "(").replace("}", ")"))
    assert read_by_webui(sent).plain in (words, f"{words},")


@given(PROMPTS)
def test_sdcpp_reads_every_prompt_without_weights_chunks_and_settings(prompt: str) -> None:
    sent, _ = for_sdcpp(prompt)
    reading = read_by_sdcpp(sent)
    assert reading.settings == ""
    words = reading.plain
    assert words is not None
    # Letters and digits are those of the prompt, but for a tag.
    kept = [char for char in words.lower() if char.isalnum()]
    whole = [char for char in prompt.lower() if char.isalnum()]
    tagged = any(word in prompt.lower() for word in ("sd_cpp_extra_args", "<lora"))
    assert kept == whole or tagged


@pytest.mark.parametrize(
    ("prompt", "sent"),
    [
        ("a fox, 35 mm film; it's red!", "a fox, 35 mm film; it's red!"),
        ("a fox (red) [old]", "a fox \\(red\\) \\[old\\]"),
        ("(a fox:1.4)", "\\(a fox:1.4\\)"),
        ("C:\\foxes", "C:\\\\foxes"),
        ("a <lora:fox:1> and <3", "a <\\lora:fox:1> and <3"),
        ("a sign “BREAK”, BREAKFAST", "a sign “B\\REAK”, BREAKFAST"),
        ("AND a fox", "A\\ND a fox"),
        ("a fox in 16:9", "a fox in 16:9,"),
        ("16:9, a fox", "16:9, a fox"),
        ("a fox\n\nand a cat\t", "a fox and a cat"),
        ("[fox|cat], fox|cat", "\\[fox|cat\\], fox|cat"),
    ],
)
def test_what_a_web_ui_would_read_is_escaped(prompt: str, sent: str) -> None:
    assert for_webui(prompt) == (sent, [])


def test_braces_are_told_to_be_sent_as_brackets() -> None:
    sent, notes = for_webui("a {red} fox")
    assert sent == "a \\(red\\) fox"
    assert notes == [
        "The prompt's “{ }” were sent as “( )”: some servers choose among what stands in them."
    ]


@pytest.mark.parametrize(
    ("prompt", "sent"),
    [
        ("a fox, 35 mm film; it's red!", "a fox, 35 mm film; it's red!"),
        ("a fox (red) [old] {big}", "a fox \\(red) \\(old) {big}"),
        ("a fox (in 16:9)", "a fox \\(in 16:9 )"),
        ("a sign “BREAK”, BREAKFAST", "a sign “Break”, BREAKFAST"),
        ("AND a fox\nin 16:9", "AND a fox in 16:9"),
    ],
)
def test_what_sdcpp_would_read_is_escaped_as_it_knows_it(prompt: str, sent: str) -> None:
    assert for_sdcpp(prompt) == (sent, [])


@pytest.mark.parametrize(
    "prompt",
    [
        "a fox <lora:cat:1>seed",
        "a fox <sd_cpp_extra_args>seed</sd_cpp_extra_args>",
        "a fox <sd_cpp_<sd_cpp_extra_args>extra_args>seed</ SD_CPP_extra_args >",
    ],
)
def test_tags_that_sdcpp_obeys_are_left_out_and_that_is_told(prompt: str) -> None:
    assert for_sdcpp(prompt) == (
        "a fox seed",
        ["The prompt was sent without the tags in it, which are commands to stable-diffusion.cpp."],
    )


def test_loras_stand_behind_the_prompt_with_their_weights() -> None:
    tags = lora_tags((Lora("more_fur"), Lora("ink", -0.25)))
    assert tags == " <lora:more_fur:1> <lora:ink:-0.25>"
    reading = read_by_webui(f"a fox{tags}")
    assert reading.networks == (("lora", "more_fur:1"), ("lora", "ink:-0.25"))


def test_settings_for_sdcpp_are_read_from_their_tag() -> None:
    reading = read_by_sdcpp("a fox" + sdcpp_tag({"seed": 2**32 - 1}))
    assert reading.settings == '{"seed": 4294967295}'
    assert reading.plain == "a fox"
