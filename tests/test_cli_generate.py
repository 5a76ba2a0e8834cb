"""`imagine generate`: pictures, dry runs, lines of prompts, and every kind of bad input."""

import json
import os
from pathlib import Path

import pytest
from conftest import Command
from PIL import Image

from imagine.stages.metadata import read_recipe

SMALL = ("--size", "64x64")


def files() -> list[str]:
    return sorted(str(path) for path in Path().rglob("*") if path.is_file())


def test_a_prompt_gives_a_picture_and_its_path_alone_on_stdout(imagine: Command) -> None:
    done = imagine("a red fox", "--seed", "7", *SMALL)
    assert (done.code, done.out) == (0, "a-red-fox-7.png\n")
    with Image.open("a-red-fox-7.png") as picture:
        assert picture.size == (64, 64)
    assert done.err.splitlines()[0] == (
        "Enhancer offline (needs no key), backend sketch "
        "(embedded: a layout draft of cut-outs, no diffusion model)."
    )


def test_unquoted_words_are_one_prompt(imagine: Command) -> None:
    assert imagine("a", "red", "fox", "--seed", "7", *SMALL).out == "a-red-fox-7.png\n"


def test_several_pictures_count_their_seeds_up(imagine: Command) -> None:
    done = imagine("a fox", "-n", "3", "--seed", str(2**32 - 2), "-o", "out", *SMALL)
    assert done.lines == [
        "out/a-fox-4294967294.png",
        "out/a-fox-4294967295.png",
        "out/a-fox-0.png",
    ]
    assert files() == sorted(done.lines)


def test_the_same_command_gives_the_same_picture_and_overwrites_none(imagine: Command) -> None:
    first = imagine("a fox", "--seed", "7", *SMALL).out.strip()
    second = imagine("a fox", "--seed", "7", *SMALL).out.strip()
    assert (first, second) == ("a-fox-7.png", "a-fox-7-2.png")
    assert Image.open(first).tobytes() == Image.open(second).tobytes()
    assert imagine("a fox", "--seed", "7", "--overwrite", *SMALL).out.strip() == first


def test_a_seed_that_nobody_chose_is_recorded(imagine: Command) -> None:
    path = Path(imagine("a fox", *SMALL).out.strip())
    seed = read_recipe(path).to_request().seed
    assert path.name == f"a-fox-{seed}.png"


def test_flags_in_the_prompt_are_understood_and_options_win(imagine: Command) -> None:
    plain = imagine("a fox --ar 16:9 --seed 3 --no people", "--dry-run", "--json").json
    request = plain["requests"][0]
    assert (request["width"], request["height"], request["seed"]) == (1344, 768, 3)
    assert request["spec"]["exclude"] == ["people"]
    assert request["prompt"].startswith("a fox. ")
    won = imagine("a fox --ar 16:9 --seed 3", "--ar", "1:1", "--seed", "4", "--dry-run", "--json")
    request = won.json["requests"][0]
    assert (request["width"], request["height"], request["seed"]) == (1024, 1024, 4)


def test_flags_are_no_part_of_the_file_name(imagine: Command) -> None:
    assert imagine("a castle --no people --seed 7", *SMALL).out == "a-castle-7.png\n"


def test_styles_may_be_separated_by_commas(imagine: Command) -> None:
    both = imagine("a fox", "-s", "watercolor, storybook", "--dry-run").out
    assert both == imagine("a fox", "-s", "watercolor", "-s", "storybook", "--dry-run").out


def test_an_edit_is_recorded_as_an_edit(imagine: Command) -> None:
    text = imagine("enhance", "three red apples", "-q").out
    Path("apples.yaml").write_text(text.replace("count: 3", "count: 5"))
    imagine("--spec", "apples.yaml", "-o", "apples.png", *SMALL)
    guard = read_recipe(Path("apples.png")).guard
    assert guard is not None
    assert {found.action for found in guard.findings} == {"left as it was written"}


def test_a_ratio_that_no_spec_knows_is_drawn_all_the_same(imagine: Command) -> None:
    request = imagine("a fox", "--ar", "7:5", "--dry-run", "--json").json["requests"][0]
    assert (request["width"], request["height"]) == (1216, 896)


def test_json_is_one_envelope_with_everything(imagine: Command) -> None:
    done = imagine("a fox", "--seed", "7", "--json", "--sidecar", "-n", "2", *SMALL)
    envelope = done.json
    assert envelope["ok"] is True
    assert envelope["source_prompt"] == "a fox"
    assert envelope["backend"] == "sketch"
    assert [image["path"] for image in envelope["images"]] == ["a-fox-7.png", "a-fox-8.png"]
    assert [image["seed"] for image in envelope["images"]] == [7, 8]
    assert envelope["images"][0]["sidecar_path"] == "a-fox-7.png.json"
    assert len(envelope["images"][0]["sha256"]) == 64


def test_a_dry_run_prints_the_prompt_and_draws_nothing(imagine: Command) -> None:
    done = imagine("a red fox", "--dry-run", "--seed", "7")
    assert done.code == 0
    assert done.out.startswith("a red fox. ")
    assert done.out.count("\n") == 1
    assert "Would draw 1 of 1024x1024 with sketch, seed 7. Nothing was drawn." in done.err
    assert files() == []


def test_the_description_is_shown_on_request(imagine: Command) -> None:
    done = imagine("two red foxes", "--show-prompt", "-v", *SMALL)
    assert "subject      2 × fox, red" in done.err
    assert "final        two red foxes. " in done.err
    assert "Guard: the description keeps all that the prompt says." in done.err


def test_quiet_says_nothing_but_the_path(imagine: Command) -> None:
    assert imagine("a zorgblat", "-q", *SMALL).err == ""


def test_no_enhance_sends_the_prompt_as_it_is(imagine: Command) -> None:
    request = imagine("a red fox", "--no-enhance", "--dry-run", "--json").json["requests"][0]
    assert request["prompt"] == "a red fox"


def test_a_style_that_contradicts_the_prompt_is_left_out_and_said(imagine: Command) -> None:
    done = imagine("a photo of a fox", "-s", "watercolor", "--dry-run")
    assert "watercolor" not in done.out.lower()
    assert "Style 'watercolor' is left out: the prompt asks for a photograph." in done.err


def test_lines_on_stdin_give_a_picture_each(imagine: Command) -> None:
    done = imagine("--seed", "1", *SMALL, stdin=b"a fox\n# no prompt\n\na cat\n")
    assert (done.code, sorted(done.lines)) == (0, ["a-cat-1.png", "a-fox-1.png"])


def test_a_bad_line_stops_the_run_before_anything_is_drawn(imagine: Command) -> None:
    done = imagine("-o", "out", "--seed", "1", *SMALL, stdin=b"a fox\n\xff\na cat\x07\na dog\n")
    assert (done.code, done.lines) == (2, [])
    assert "Error: line 2: The row is not UTF-8; convert the file." in done.err
    assert "Error: line 3: The prompt contains the control character U+0007; remove it." in done.err
    assert done.err.endswith(
        "Error: 2 rows of stdin cannot be drawn, so nothing was; correct them, or add "
        "--keep-going to record them as failed.\n"
    )


def test_a_bad_line_fails_alone_where_the_run_is_to_go_on(imagine: Command) -> None:
    done = imagine(
        "-k", "-o", "out", "--seed", "1", *SMALL, stdin=b"a fox\n\xff\na cat\x07\na dog\n"
    )
    assert done.code == 8
    assert sorted(done.lines) == ["out/a-dog-1.png", "out/a-fox-1.png"]
    assert done.err.endswith(
        "2 of 4 items have no picture; correct the rows that are wrong, and run the same command.\n"
    )
    assert "Error: line 3: The prompt contains the control character U+0007; remove it." in done.err


def test_a_bad_line_with_json_is_a_line_of_its_own(imagine: Command) -> None:
    done = imagine("--json", "-k", *SMALL, stdin=b"a fox\n\xff\n")
    rows = [row for row in map(json.loads, done.lines) if row["event"] == "item"]
    assert sorted((row["line"], row["ok"]) for row in rows) == [(1, True), (2, False)]


def test_a_picture_can_be_given_an_exact_file(imagine: Command) -> None:
    assert imagine("a fox", "-o", "new/deep/fox.webp", *SMALL).out == "new/deep/fox.webp\n"
    with Image.open("new/deep/fox.webp") as picture:
        assert picture.format == "WEBP"


def test_a_separator_at_its_end_makes_the_output_a_directory(imagine: Command) -> None:
    assert imagine("a fox", "--seed", "1", "-o", "fox.png/", *SMALL).out == "fox.png/a-fox-1.png\n"


def test_a_description_comes_from_stdin(imagine: Command) -> None:
    text = imagine("enhance", "two foxes", "-q").out
    done = imagine("--spec", "-", "-o", "foxes.png", *SMALL, stdin=text.encode())
    assert (done.code, done.out) == (0, "foxes.png\n")
    assert read_recipe(Path("foxes.png")).spec.subjects[0].count == 2


def test_two_wishes_that_exclude_each_other_are_told(imagine: Command) -> None:
    done = imagine("a fox", "-N", "fox", "--dry-run")
    assert "'fox' is not avoided: the prompt asks for it." in done.err


def test_without_metadata_the_file_says_nothing(imagine: Command) -> None:
    imagine("a fox", "-o", "fox.png", "--no-metadata", *SMALL)
    assert b"fox" not in Path("fox.png").read_bytes()


def test_a_spec_is_drawn_as_it_was_edited(imagine: Command) -> None:
    text = imagine("enhance", "three red apples", "-q").out
    Path("apples.yaml").write_text(text.replace("count: 3", "count: 5"))
    done = imagine("--spec", "apples.yaml", "--dry-run", "--json")
    assert done.json["requests"][0]["spec"]["subjects"][0]["count"] == 5
    assert "5 of them" in done.json["requests"][0]["prompt"]
    assert "differs from its prompt, which is sent too: count of apple" in done.err


def editor(tmp_path: Path, program: str) -> str:
    path = tmp_path / "editor.sh"
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(0o755)
    return str(path)


def test_an_edited_description_is_drawn(
    imagine: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, 'sed -i "s/^mood: .*/mood: stormy/" "$1"'))
    done = imagine("a fox", "--edit", "--seed", "1", *SMALL)
    assert read_recipe(Path(done.out.strip())).spec.mood == "stormy"
    assert "The mood is stormy." in read_recipe(Path(done.out.strip())).prompt


@pytest.mark.parametrize(
    ("program", "code", "message"),
    [
        (': > "$1"', 2, "The description was emptied; nothing was drawn."),
        ("exit 3", 3, "ended with 3; nothing was drawn, try again."),
        ('echo "colour: red" >> "$1"', 2, "colour: there is no such field"),
    ],
)
def test_a_failed_edit_draws_nothing(
    imagine: Command, tmp_path: Path, program: str, code: int, message: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EDITOR", editor(tmp_path, program))
        patch.setattr("tempfile.tempdir", str(tmp_path))
        done = imagine("a fox", "--edit")
    assert done.code == code
    assert message in done.err
    assert files() == []


def test_a_broken_edit_is_kept_for_the_user(
    imagine: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", editor(tmp_path, 'echo "colour: red" >> "$1"'))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = imagine("a fox", "--edit")
    assert done.code == 2
    kept = next(tmp_path.glob("imagine-*.yaml"))
    assert f"Your edit is kept in '{kept}'." in done.err
    assert "colour: red" in kept.read_text()


def test_no_editor_is_a_configuration_error(imagine: Command) -> None:
    done = imagine("a fox", "--edit")
    assert done.code == 3
    assert done.err.endswith("Error: No editor is set; set EDITOR, as in: export EDITOR=nano.\n")


BAD = [
    ([""], 2, 'The prompt is empty; say what to draw, as in: imagine "a red fox".'),
    (["x" * 5000], 2, "The prompt has 5000 characters, the limit is 4000; shorten it."),
    (["a\x00b"], 2, "The prompt contains the control character U+0000; remove it."),
    (["a\udcffb"], 2, "The prompt contains the lone surrogate U+DCFF; remove it."),
    (["a fox", "-b", "skech"], 2, "There is no backend 'skech'; did you mean 'sketch'? (known: sketch, gemini, openai, stability, huggingface, replicate, fal, imagen, diffusers, openvino, sdcpp, sdapi, comfyui)."),
    (["a fox", "-e", "ofline"], 2, "There is no enhancer 'ofline'; did you mean 'offline'? (known: offline, none, gemini, openai, ollama, lmstudio, llamacpp, vllm, chat)."),
    (["a fox", "-s", "watercolour"], 2, "There is no style 'watercolour'; did you mean 'watercolor'?; see `imagine styles`."),
    (["a fox", "--size", "0x0"], 2, "The size 0x0 is out of range: sketch draws sides from 16 to 8192 pixels; choose one of these."),
    (["a fox", "--size", "100000x100000"], 2, "The size 100000x100000 is 10,000 megapixels, and at most 89 are made at once; draw a smaller picture and enlarge the file with `imagine upscale`, which needs no memory for the result."),
    (["a fox", "--size", "8x64"], 2, "The size 8x64 is out of range: sketch draws sides from 16 to 8192 pixels; choose one of these."),
    (["a fox", "--size", "big"], 2, "The size 'big' is not WIDTHxHEIGHT, such as 1024x768; write it so."),
    (["a fox", "--ar", "wide"], 2, "The aspect ratio 'wide' is not W:H, such as 16:9; write it so."),
    (["a fox", "--ar", "1:1", "--size", "64x64"], 2, "--size 64x64 and --ar 1:1 exclude each other; give one."),
    (["a fox", "-n", "two"], 2, "Invalid value for '--num' / '-n': 'two' is no whole number; see `imagine generate --help`."),
    (["a fox", "-n", "0"], 2, "0 pictures cannot be made at once; ask for 1 to 100."),
    (["a fox", "--seed", "-1"], 2, "--seed -1 is not between 0 and 4294967295; choose one that is."),
    (["a fox", "--enhance-seed", str(2**32)], 2, "--enhance-seed 4294967296 is not between 0 and 4294967295; choose one that is."),
    (["a fox", "--format", "gif"], 2, "There is no format 'gif' (known: png, jpg, webp, avif)."),
    (["a fox", "--quality", "0", "--format", "jpg"], 2, "The quality 0 is not between 1 and 100; choose one that is."),
    (["a fox", "--quality", "90"], 2, "PNG is lossless and has no quality; leave --quality out, or choose --format jpg, webp or avif."),
    (["a fox", "--no-enhance", "-e", "offline"], 2, "--enhancer offline and --no-enhance exclude each other; give one."),
    (["a fox", "--spec", "x.yaml"], 2, "--spec and a prompt exclude each other; give one of them."),
    (["--spec", "x.yaml"], 2, "'x.yaml' cannot be read: No such file or directory; check the path."),
    (["a fox", "-o", "fox.png", "--name", "{seed}"], 2, "--name '{seed}' and the file 'fox.png' exclude each other; give one."),
    (["a fox", "-o", "fox.png", "--overwrite", "-n", "2"], 2, "2 pictures cannot all replace 'fox.png'; name a directory."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "message"), BAD, ids=[" ".join(row[0])[:40] for row in BAD]
)
def test_bad_input_is_one_line_and_leaves_no_file(
    imagine: Command, arguments: list[str], code: int, message: str
) -> None:
    done = imagine("generate", "-q", *arguments)
    assert (done.code, done.out) == (code, "")
    assert done.err == f"Error: {message}\n"
    assert files() == []


@pytest.mark.parametrize("name", ["../../x", "/etc/x", "..", "CON", "nul.txt", "{nope}", "{seed"])
def test_a_name_that_leaves_the_directory_or_is_no_name_is_refused(
    imagine: Command, name: str
) -> None:
    done = imagine("a fox", "-q", "--name", name, "-o", "out", *SMALL)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert files() == []
    assert not Path("out").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_refused(imagine: Command) -> None:
    Path("locked").mkdir(mode=0o500)
    done = imagine("a fox", "-q", "-o", "locked", *SMALL)
    assert done.code == 1
    assert files() == []


def test_a_file_in_the_way_of_the_directory_is_refused(imagine: Command) -> None:
    Path("taken").write_text("")
    done = imagine("a fox", "-q", "-o", "taken/out", *SMALL)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert files() == ["taken"]
