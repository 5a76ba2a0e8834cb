"""Lines of A1111's "Prompts from file"."""

import pytest

from imagine.stages.batch.webui import fields_of, is_command
from imagine.stages.errors import UsageError


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('--prompt "a red fox" --seed 3', {"prompt": "a red fox", "seed": "3"}),
        ("--prompt a red fox --steps 20", {"prompt": "a red fox", "steps": "20"}),
        ("--steps 20 --prompt 'a fox'", {"steps": "20", "prompt": "a fox"}),
        ('--prompt="a fox" --cfg_scale=7.5', {"prompt": "a fox", "cfg_scale": "7.5"}),
        (
            '--prompt "a \\"big\\" fox" --negative_prompt "cars, people"',
            {"prompt": 'a "big" fox', "negative_prompt": "cars, people"},
        ),
        ("--prompt fox --width 512", {"prompt": "fox", "width": "512"}),
        ("--prompt fox --n_iter 2 --batch_size 3", {"prompt": "fox", "num": "6"}),
        ("--prompt fox --batch_size 3", {"prompt": "fox", "num": "3"}),
        ("--prompt fox --seed -1", {"prompt": "fox"}),
        ("--prompt fox --styles ink", {"prompt": "fox", "styles": "ink"}),
        (
            "--prompt fox --sampler_name Euler a --hr_scale 2",
            {"prompt": "fox", "sampler_name": "Euler a", "hr_scale": "2"},
        ),
        ("--prompt fox --restore_faces false --tiling False", {"prompt": "fox"}),
        ("--prompt fox --do_not_save_grid true --outpath_grids g", {"prompt": "fox"}),
        ("--prompt (fox:1.3), [cat] -- dog", {"prompt": "(fox:1.3), [cat] -- dog"}),
        ("--prompt fox --ar 16:9", {"prompt": "fox", "ar": "16:9"}),
    ],
)  # fmt: skip
def test_its_options_are_fields(line: str, fields: dict[str, str]) -> None:
    assert is_command(line)
    assert fields_of(line) == fields


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--prompt fox --sampler_index 3", "Nothing here reads --sampler_index; leave it out."),
        ("--prompt fox --outpath_samples x", "Nothing here reads --outpath_samples; leave it out."),
        ("--prompt fox --tiling true", "Nothing here reads --tiling; leave it out."),
        ("--prompt fox --sd_model x", "Nothing here reads --sd_model; leave it out."),
        ("--prompt fox --seed 3 --seed 4", "--seed is given twice; leave one out."),
        (
            "--prompt fox --n_iter many",
            "'n_iter' is 'many', which is no whole number; correct it.",
        ),
        (
            "--prompt a fox's tail",
            "The quotes of the line do not match; put the prompt in double quotes.",
        ),
    ],
)
def test_what_cannot_be_honoured_is_refused(line: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        fields_of(line)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "line", ["a fox --prompt x", "a fox --ar 16:9", "--ar 16:9", "-- a fox --prompt x", "--prompts"]
)
def test_other_lines_are_none(line: str) -> None:
    assert not is_command(line)
