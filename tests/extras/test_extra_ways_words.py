"""Words for real pipelines of random weights: nothing is cut off; needs imagine-cli[diffusers]."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("transformers")

# What these packages warn of among themselves is no concern of ours.
pytestmark = pytest.mark.filterwarnings("ignore")

import torch  # noqa: E402
from tiny_loaded import draw, load, request  # noqa: E402

from imagine.stages.generate.diffusers.chunks import (  # noqa: E402
    KEPT,
    akin,
    kinship,
    prompt_inputs,
)
from imagine.stages.generate.diffusers.clip import chunked  # noqa: E402
from imagine.stages.generate.diffusers.lengths import prompt_notes  # noqa: E402
from imagine.stages.generate.diffusers.loaded import Loaded  # noqa: E402
from imagine.stages.generate.diffusers.memory import draw_within_memory  # noqa: E402
from imagine.stages.image import ImageRequest  # noqa: E402

GUIDANCE = 4.0
# The tiny tokenizer makes a token of every letter: 300 and more.
LONG = ", ".join(f"thing {letter * 7}" for letter in "abcdefghijklmnopqrstuvw") + ", lastword"


@pytest.fixture(scope="module")
def models(tiny: Callable[[str], Path]) -> Callable[[str], Loaded]:
    loaded: dict[str, Loaded] = {}

    def model(name: str) -> Loaded:
        if name not in loaded:
            loaded[name] = load(tiny(name))
        return loaded[name]

    return model


def drawn(loaded: Loaded, prompt: str, negative: str | None = None, **options: Any) -> bytes:
    words = prompt_inputs(loaded, [prompt], [negative], guided=True)
    return draw(loaded.pipeline, guidance_scale=GUIDANCE, width=64, height=64, **words, **options)[
        0
    ]


@pytest.mark.parametrize(
    ("name", "negative"),
    [
        ("sd15", None),
        ("sd15", "blurry"),
        ("lcm", "blurry"),
        ("sdxl", None),
        ("sdxl", ""),
        ("sdxl", "blurry"),
        ("sd3", "blurry"),
        ("flux", "blurry"),
        ("zimage", None),
        ("pixart", "blurry"),
        ("sana", "blurry"),
    ],
)
def test_a_short_prompt_draws_what_plain_diffusers_draws(
    models: Callable[[str], Loaded], name: str, negative: str | None
) -> None:
    loaded = models(name)
    said = {} if negative is None else {"negative_prompt": negative}
    plain = draw(
        loaded.pipeline, prompt="a red fox", guidance_scale=GUIDANCE, width=64, height=64, **said
    )
    assert drawn(loaded, "a red fox", negative) == plain[0]


@pytest.mark.parametrize("name", ["sd15", "sdxl"])
def test_without_guidance_the_negative_prompt_is_not_encoded(
    models: Callable[[str], Loaded], name: str
) -> None:
    words = prompt_inputs(models(name), ["a fox"], ["blurry"], guided=False)
    assert not [key for key in words if key.startswith("negative")]
    plain = draw(models(name).pipeline, prompt="a fox", guidance_scale=1.0, width=64, height=64)
    ours = draw(models(name).pipeline, guidance_scale=1.0, width=64, height=64, **words)
    assert ours == plain


@pytest.mark.parametrize("name", ["sd15", "sdxl"])
def test_of_a_prompt_of_300_tokens_the_last_word_counts(
    models: Callable[[str], Loaded], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = models(name)
    with caplog.at_level(logging.INFO):
        assert len(loaded.pipeline.tokenizer(LONG, verbose=False).input_ids) > 300
        assert drawn(loaded, LONG) != drawn(loaded, LONG.replace("lastword", "lastwood"))
    assert "truncated" not in caplog.text
    assert prompt_notes(loaded, LONG) == []


def test_chunks_hold_every_token_in_its_order(models: Callable[[str], Loaded]) -> None:
    tokenizer = models("sd15").pipeline.tokenizer
    chunks = chunked(tokenizer, LONG)
    assert [token for chunk in chunks for token in chunk] == tokenizer(
        LONG, add_special_tokens=False, verbose=False
    ).input_ids
    assert all(len(chunk) <= 75 for chunk in chunks)
    ends = [tokenizer.convert_ids_to_tokens(chunk[-1:])[0] for chunk in chunks]
    assert ends == [*[",</w>"] * (len(chunks) - 1), "d</w>"]


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("", [0]),
        ("a" * 75, [75]),
        ("a" * 76, [75, 1]),
        ("a" * 70 + " " + "b" * 10, [70, 10]),
        ("a" * 200, [75, 75, 50]),
        ("ab, " * 10 + "c" * 50 + " d", [75 - 75 + 30, 51]),
    ],
    ids=["empty", "full", "one over", "at a word", "one long word", "at a word again"],
)
def test_chunks_end_where_words_end(
    models: Callable[[str], Loaded], text: str, lengths: list[int]
) -> None:
    chunks = chunked(models("sd15").pipeline.tokenizer, text)
    assert [len(chunk) for chunk in chunks] == lengths


def test_chunks_are_what_clip_makes_of_each_side_by_side(
    models: Callable[[str], Loaded],
) -> None:
    """The reference is written as straight as can be, with the tokenizer's own marks."""
    pipeline = models("sd15").pipeline
    parts = []
    for chunk in chunked(pipeline.tokenizer, LONG):
        text = pipeline.tokenizer.decode(chunk)
        inputs = pipeline.tokenizer(text, padding="max_length", return_tensors="pt")
        assert inputs.input_ids.shape == (1, 77)
        with torch.no_grad():
            parts.append(pipeline.text_encoder(inputs.input_ids).last_hidden_state)
    words = prompt_inputs(models("sd15"), [LONG], ["blurry"], guided=True)
    assert torch.equal(words["prompt_embeds"], torch.cat(parts, dim=1))
    assert words["negative_prompt_embeds"].shape == words["prompt_embeds"].shape


def test_sdxl_reads_the_layer_before_the_last_and_the_first_chunk_as_a_whole(
    models: Callable[[str], Loaded],
) -> None:
    loaded = models("sdxl")
    pipeline, sides, pooled = loaded.pipeline, [], None
    for tokenizer, encoder in (
        (pipeline.tokenizer, pipeline.text_encoder),
        (pipeline.tokenizer_2, pipeline.text_encoder_2),
    ):
        parts = []
        for index, chunk in enumerate(chunked(tokenizer, LONG)):
            text = tokenizer.decode(chunk)
            ids = tokenizer(text, padding="max_length", return_tensors="pt").input_ids
            with torch.no_grad():
                output = encoder(ids, output_hidden_states=True)
            parts.append(output.hidden_states[-2])
            if index == 0 and encoder is pipeline.text_encoder_2:
                pooled = output.text_embeds
        sides.append(torch.cat(parts, dim=1))
    words = prompt_inputs(loaded, [LONG], [None], guided=True)
    assert torch.equal(words["prompt_embeds"], torch.cat(sides, dim=-1))
    assert torch.equal(words["pooled_prompt_embeds"], pooled)
    # The tiny model reads no negative prompt as zeros, as the published one does.
    assert not words["negative_prompt_embeds"].any()
    assert words["negative_prompt_embeds"].shape == words["prompt_embeds"].shape


@pytest.mark.parametrize("name", ["sd15", "sdxl", "sd3", "flux", "zimage"])
def test_words_weigh_the_same_among_others(models: Callable[[str], Loaded], name: str) -> None:
    prompts, negatives = ["a red fox", "two owls, by night", "a red fox"], ["blurry", "", "grey"]
    together = prompt_inputs(models(name), prompts, negatives, guided=True)
    for index, (prompt, negative) in enumerate(zip(prompts, negatives, strict=True)):
        alone = prompt_inputs(load_again(models(name)), [prompt], [negative], guided=True)
        for key, value in alone.items():
            if key != "max_sequence_length":
                assert torch.equal(value[0], together[key][index])


def load_again(loaded: Loaded) -> Loaded:
    """The same model that remembers no text."""
    return Loaded(loaded.pipeline, loaded.family, loaded.name, loaded.path, "cpu", "float32")


def test_pictures_are_akin_where_their_texts_have_as_many_chunks(
    models: Callable[[str], Loaded],
) -> None:
    sd15, zimage = models("sd15"), models("zimage")
    assert kinship(sd15, "a fox", None) == kinship(sd15, "owls", "blurry")
    assert kinship(sd15, LONG, None) == kinship(sd15, "a fox", LONG) != kinship(sd15, "a", None)
    assert kinship(zimage, "a fox", None) != kinship(zimage, "a foxes", None)
    assert akin(sd15, ["a", LONG, "b"], [None] * 3) == [[0, 2], [1]]


def test_pictures_of_short_and_long_texts_are_drawn_as_they_are_alone(
    models: Callable[[str], Loaded],
) -> None:
    asked = [request(seed=seed, prompt=text) for seed, text in enumerate(("a", LONG, "b"))]

    def made(requests: list[ImageRequest]) -> list[bytes]:
        pictures = draw_within_memory(
            models("sd15"),
            requests,
            loras=[],
            weights="",
            torch=torch,
            tell=lambda progress: None,
            say=lambda sentence: None,
        )
        return [picture.pixels.tobytes() for picture in pictures]

    assert made(asked) == [made([each])[0] for each in asked]


def test_equal_texts_are_encoded_once_and_old_ones_forgotten(
    models: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, calls = load_again(models("sd15")), []
    encoder = loaded.pipeline.text_encoder
    forward = encoder.forward
    monkeypatch.setattr(
        encoder, "forward", lambda *args, **kwargs: calls.append(1) or forward(*args, **kwargs)
    )
    prompt_inputs(loaded, ["a fox"] * 4, ["blurry"] * 4, guided=True)
    prompt_inputs(loaded, ["a fox"], ["blurry"], guided=True)
    assert len(calls) == 2
    for index in range(KEPT):
        prompt_inputs(loaded, [f"fox {index}"], ["blurry"], guided=True)
    assert len(loaded.embeddings) == KEPT
    assert len(calls) == 2 + KEPT


@pytest.mark.parametrize(("name", "length"), [("sd3", 512), ("flux", 512)])
def test_t5_reads_as_much_as_the_family_allows(
    models: Callable[[str], Loaded], name: str, length: int, caplog: pytest.LogCaptureFixture
) -> None:
    loaded, text = models(name), "ab " * 100 + "fox"
    words = prompt_inputs(loaded, [text], [None], guided=True)
    assert words["max_sequence_length"] == length
    other = prompt_inputs(loaded, [text.replace("fox", "ox")], [None], guided=True)
    assert not torch.equal(words["prompt_embeds"], other["prompt_embeds"])
    assert prompt_notes(loaded, text) == []
    assert caplog.text == ""


def test_what_no_encoder_reads_is_said(models: Callable[[str], Loaded]) -> None:
    text = "ab " * 300
    assert prompt_notes(models("flux"), text) == [
        "The prompt has 900 tokens, and Tiny flux reads 511 of them; what stands last is not drawn."
    ]
