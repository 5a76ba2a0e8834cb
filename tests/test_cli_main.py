"""The command line as a whole: the default command, exit codes, one line for every mistake."""

import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest
import typer
from conftest import Command

from imagine.cli.main import COMMANDS, GROUPS, with_command
from imagine.stages import VERSION
from imagine.stages.errors import UsageError

ENTRY = [sys.executable, "-m", "imagine.cli"]


def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


def test_the_version_is_printed() -> None:
    done = subprocess.run([*ENTRY, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"imagine {VERSION}\n"


@pytest.mark.parametrize(("loaded", "left"), [("torch", "others"), ("json", "others, apart")])
@pytest.mark.parametrize(("arguments", "code"), [(["styles", "--json"], 0), (["--nonsense"], 2)])
def test_a_process_with_torch_ends_without_taking_it_apart(
    loaded: str, left: str, arguments: list[str], code: int
) -> None:
    program = (
        "import atexit, os, sys, types\n"
        f"sys.argv[1:] = {arguments!r}\n"
        f"module = sys.modules[{loaded!r}] = types.ModuleType({loaded!r}) "
        f"if {loaded!r} == 'torch' else __import__({loaded!r})\n"
        "class Heavy:\n"
        "    def __del__(self): os.write(2, b', apart')\n"
        "module.heavy = Heavy()\n"
        "from imagine.cli import main\n"
        "shown = main.run\n"
        "def run(arguments):\n"
        "    atexit.register(os.write, 2, b'others')\n"
        "    return shown(arguments)\n"
        "main.run = run\n"
        "main.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert done.stderr.endswith(left)
    assert bool(done.stdout) == (code == 0)


def test_the_help_lists_every_command_with_its_own_first_line(imagine: Command) -> None:
    done = imagine("--help")
    assert done.code == 0
    for name, summary in COMMANDS.items():
        function = getattr(import_module(f"imagine.cli.{name}"), name)
        if isinstance(function, typer.Typer):
            function = function.registered_callback.callback
        assert function.__doc__.splitlines()[0] == summary
        assert f"{name:<8}" in done.out
        assert summary in done.out


def test_no_argument_in_a_terminal_shows_the_help(imagine: Command) -> None:
    assert imagine().out == imagine("--help").out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help(imagine: Command, name: str) -> None:
    done = imagine(name, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: imagine {name}")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["a fox"], "generate"),
        (["--seed", "3", "a fox"], "generate"),
        (["show", "fox.png"], "show"),
        (["--help"], None),
        ([], "generate"),
        (["-"], "generate"),
        (["an enhanced style"], "generate"),
        (["doctors"], None),
    ],
)
def test_generate_is_the_default_command(arguments: list[str], name: str | None) -> None:
    if arguments == ["doctors"]:
        with pytest.raises(UsageError):
            with_command(arguments)
        return
    found, completed = with_command(arguments)
    assert found == name
    assert completed[-len(arguments) :] == arguments or not arguments


def test_a_word_near_a_command_is_a_question_and_no_picture(imagine: Command) -> None:
    done = imagine("stlyes")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "Error: 'stlyes' is nearly a command: run `imagine styles`, "
        "or `imagine generate stlyes` to draw it.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["help"], "imagine --help"),
        (["shwo", "fox.png"], "imagine show"),
        (["generat", "a cat"], "imagine generate"),
        (["model", "list"], "imagine models list"),
        (["modles", "add", "folder"], "imagine models add"),
    ],
)
def test_a_mistyped_command_is_a_question(
    imagine: Command, arguments: list[str], meant: str
) -> None:
    Path("fox.png").write_bytes(b"")
    done = imagine(*arguments)
    assert (done.code, done.out) == (2, "")
    assert f"is nearly a command: run `{meant}`, or " in done.err


def test_words_too_long_for_a_file_are_words(imagine: Command) -> None:
    assert imagine("fox", "x" * 5000).code == 2
    done = imagine("show", "x" * 5000, "y")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "fault" not in done.err


def test_words_without_quotes_are_no_command(imagine: Command) -> None:
    assert imagine("shiw", "me", "a", "fox", "--dry-run").code == 0


def test_a_command_that_lacks_its_argument_says_how_to_draw_its_name(imagine: Command) -> None:
    done = imagine("show")
    assert done.code == 2
    assert done.err == (
        "Error: Missing argument 'FILE'; see `imagine show --help`, "
        "or `imagine generate show` to draw that.\n"
    )


def test_a_command_within_another_that_lacks_its_arguments_has_a_help_of_its_own(
    imagine: Command,
) -> None:
    done = imagine("models", "convert")
    assert (done.code, done.err) == (
        2,
        "Error: Missing argument 'MODEL'; see `imagine models convert --help`.\n",
    )


def test_the_commands_within_others_are_known() -> None:
    found = {
        name: tuple(typer.main.get_command(group).commands)
        for name in COMMANDS
        if isinstance(group := getattr(import_module(f"imagine.cli.{name}"), name), typer.Typer)
    }
    assert {name: sorted(names) for name, names in found.items()} == {
        name: sorted(names) for name, names in GROUPS.items()
    }


@pytest.mark.parametrize("group", [(), ("models",)])
def test_summaries_of_commands_are_whole_on_a_narrow_terminal(
    imagine: Command, monkeypatch: pytest.MonkeyPatch, group: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    listed = imagine(*group, "--help").out.partition("Commands:\n")[2].partition("\n\n")[0]
    assert len(listed.splitlines()) >= len(GROUPS["models"])
    assert all(line.endswith(".") and not line.endswith("...") for line in listed.splitlines())


def test_a_mistyped_command_of_a_group_draws_nothing(imagine: Command) -> None:
    done = imagine("models", "lst")
    assert (done.code, done.err) == (
        2,
        "Error: No such command 'lst'; did you mean 'list'? (see `imagine models --help`).\n",
    )
    no_command = imagine("models", "in", "a", "row").err
    assert no_command.endswith('or `imagine generate "models in a row"` to draw that.\n')


def test_a_prompt_that_begins_with_a_command_is_a_question(imagine: Command) -> None:
    done = imagine("doctor", "in", "a", "clinic")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "Error: Got unexpected extra argument(s) (in a clinic); see `imagine doctor --help`, "
        'or `imagine generate "doctor in a clinic"` to draw that.\n'
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["a fox", "--sede", "3"],
            "No such option: --sede (Possible options: --scheduler, --seed, --spec); "
            "see `imagine generate --help`.",
        ),
        (
            ["a fox", "--long-edge", "9"],
            "No such option: --long-edge; here it is --size or --upscale, see `imagine generate "
            "--help`.",
        ),
        (
            ["a fox", "--seed", "x"],
            "Invalid value for '--seed': 'x' is no whole number; see `imagine generate --help`.",
        ),
    ],
)
def test_a_wrong_option_is_one_line(imagine: Command, arguments: list[str], message: str) -> None:
    done = imagine(*arguments)
    assert (done.code, done.out, done.err) == (2, "", f"Error: {message}\n")


def test_an_error_with_json_is_an_envelope_on_stdout(imagine: Command) -> None:
    done = imagine("a fox", "--backend", "skech", "--json")
    assert done.code == 2
    message = (
        "There is no backend 'skech'; did you mean 'sketch'? (known: sketch, gemini, openai, "
        "stability, huggingface, replicate, fal, imagen, diffusers, openvino, sdcpp, sdapi, "
        "comfyui)."
    )
    assert done.json == {
        "ok": False,
        "error": {"type": "UsageError", "message": message, "exit_code": 2},
    }
    assert done.err == f"Error: {message}\n"


def test_markup_in_an_error_is_printed_as_it_is(imagine: Command) -> None:
    done = imagine("a fox", "--style", "[/red][type=missing]")
    assert "There is no style '[/red][type=missing]'" in done.err


def test_escape_sequences_in_input_do_not_reach_the_terminal(imagine: Command) -> None:
    done = imagine("show", "\x1b[31mfox.png")
    assert "\x1b" not in done.err
    assert "\\u001b[31mfox.png" in done.err


@pytest.mark.parametrize("arguments", [["--help"], ["styles"], ["enhance", "a fox"]])
def test_a_full_device_behind_stdout_is_one_line(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*ENTRY, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "Error: The output cannot be written: No space left on device; free some space."
    )


def test_closed_streams_stop_no_picture(tmp_path: Path) -> None:
    command = f"{' '.join(ENTRY)} 'a fox' --size 64x64 -o fox.png"
    for closing in ("2>&-", ">&-", "<&- >&- 2>&-", "2>/dev/full"):
        done = subprocess.run(["bash", "-c", f"{command} {closing}"], cwd=tmp_path, check=False)
        assert done.returncode == 0, closing
    assert len(list(tmp_path.glob("fox*.png"))) == 4


def test_a_fault_of_the_program_is_one_line(
    imagine: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr("imagine.cli.settings.load_settings", fail)
    done = imagine("a fox", "--json")
    assert done.code == 1
    assert done.err == (
        "Error: This is a fault of imagine itself (ZeroDivisionError: of ours); "
        "run it with -v and report what it says.\n"
    )
    assert done.json["ok"] is False
    assert "Traceback" in imagine("a fox", "-v").err


def test_a_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    lines = tmp_path / "prompts.txt"
    lines.write_text("a fox\n" * 500)
    script = f"{' '.join(ENTRY)} enhance -q -f {lines} | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 2
    assert done.stdout.endswith("\n141\n")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("imagine sho", ["show"]),
        ("imagine --enhance-s", ["--enhance-seed"]),
        ("imagine fox --style waterc", ["watercolor"]),
        ("imagine generate --format we", ["webp"]),
        ("imagine replay x.png --backend ske", ["sketch"]),
    ],
)
def test_the_shell_completes_commands_options_and_names(line: str, expected: list[str]) -> None:
    variables = {
        "_IMAGINE_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split()) - 1),
    }
    done = subprocess.run(
        ENTRY, env=environment() | variables, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == expected


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_finished_pictures_only(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    command = [*ENTRY, "a fox", "-n", "100", "--size", "1024x1024", "-o", str(tmp_path / "out")]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        # A shell that runs the tests in the background has them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # no threads here
    )
    assert process.stdout is not None
    first = process.stdout.readline().strip()
    time.sleep(0.3)
    process.send_signal(number)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == code
    named = {Path(line).name for line in [first, *rest.split()]}
    left = {path.name for path in (tmp_path / "out").iterdir()}
    # A picture may be finished in the instant before its path is printed.
    assert named <= left
    assert len(left - named) <= 1
    for name in left:
        assert (tmp_path / "out" / name).read_bytes().endswith(b"IEND\xaeB`\x82")


def test_a_prompt_is_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "LC_ALL": "C",
    }
    command = [sys.executable, "-m", "imagine.cli", "enhance", "Füchse 狐", "--format", "prompt"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().startswith("Füchse 狐")
