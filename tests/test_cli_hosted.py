"""Hosted services through the command line: Gemini describes and draws, failures tell the truth."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, Start
from PIL import Image

from imagine.cli.console import Console
from imagine.stages.metadata import read_recipe

CORGI = "fluffy corgi wearing a tiny crown, sitting on a velvet cushion"


@pytest.fixture(params=["httpx", "sdk"])
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def files(directory: Path = Path()) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def test_gemini_describes_and_draws_and_its_picture_is_kept_byte_for_byte(
    imagine: Command, gemini: Start, transport: str
) -> None:
    fake = gemini(transport=transport)
    done = imagine(CORGI, "-o", "corgi.png", "--show-prompt", "-v")
    assert (done.code, done.lines) == (0, ["corgi.png"]), done.err
    assert "subject      corgi, fluffy" in done.err
    assert f"final        {CORGI}. " in done.err
    assert [path.name for path in files()] == ["corgi.png", "corgi.png.json"]
    sent = fake.log.pictures[0]
    assert Path("corgi.png").read_bytes() == sent.bytes
    recipe = read_recipe(Path("corgi.png"))
    assert recipe.source_prompt == CORGI
    assert recipe.prompt.startswith(CORGI)
    assert recipe.original
    assert recipe.finish_reason == "STOP"
    assert recipe.enhancer is not None
    assert (recipe.enhancer.name, recipe.enhancer.model) == ("gemini", "gemini-3.5-flash-lite")
    assert recipe.enhancer.template is not None
    assert recipe.enhancer.usage is not None
    assert recipe.enhancer.usage.calls == 1
    assert recipe.backend.model == "gemini-nano-banana-2.1"
    assert recipe.backend.parameters["width"] == 1024
    assert recipe.usage is not None
    assert recipe.usage.image_tokens == 1120
    assert recipe.cost is not None
    assert recipe.cost.generate is not None
    assert recipe.cost.enhance is not None
    assert 0.0336 <= recipe.cost.generate < 0.04
    assert 0 < recipe.cost.enhance < 0.01
    assert set(recipe.timings) == {"enhance", "generate"}
    assert all(entry.key == "x-goog-api-key" and not entry.leaks for entry in fake.entries)


def test_an_unsigned_picture_carries_its_recipe(imagine: Command, gemini: Start) -> None:
    fake = gemini(signed=False)
    assert imagine(CORGI, "-o", "corgi.png").code == 0
    assert [path.name for path in files()] == ["corgi.png"]
    assert read_recipe(Path("corgi.png")).source_prompt == CORGI
    with Image.open("corgi.png") as saved:
        assert saved.size == (1024, 1024)
        assert hashlib.sha256(saved.tobytes()).hexdigest()
    assert imagine(CORGI, "-o", "bare.png", "--no-metadata").code == 0
    assert Path("bare.png").read_bytes() == fake.log.pictures[1].bytes


def test_a_jpeg_is_kept_as_one_unless_another_format_is_asked_for(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini(format="jpeg")
    assert imagine(CORGI, "--name", "corgi").lines == ["corgi.jpg"]
    assert Path("corgi.jpg").read_bytes() == fake.log.pictures[0].bytes
    done = imagine(CORGI, "-o", "corgi.png")
    assert Path("corgi.png").read_bytes()[:4] == b"\x89PNG"
    assert "C2PA" in done.err
    assert not read_recipe(Path("corgi.png")).original


def test_the_picture_is_drawn_again_from_its_file(imagine: Command, gemini: Start) -> None:
    fake = gemini()
    assert imagine("a red fox", "-o", "fox.png", "--ar", "16:9").code == 0
    done = imagine("replay", "fox.png", "-o", "again.png")
    assert done.code == 0, done.err
    first, again = fake.log.of("image")
    assert first.body == again.body
    assert len(fake.log.of("text")) == 1
    assert read_recipe(Path("again.png")).backend.parameters["width"] == 1376


# What a run meets, its exit code, and what the user reads.
FAILURES = [
    (["text/blocked=SAFETY*"], 5, "SAFETY"),
    (["text/503*"], 4, "503"),
    (["text/invalid-key*"], 3, "GEMINI_API_KEY"),
    (["text/not-json*"], 4, ""),
    (["image/IMAGE_SAFETY"], 5, "IMAGE_SAFETY"),
    (["image/blocked=PROHIBITED_CONTENT"], 5, "PROHIBITED_CONTENT"),
    (["image/429-day*"], 4, "quota"),
    (["image/reset"], 4, "billed"),
    (["image/lost"], 4, "billed"),
    (["image/truncated-json"], 4, ""),
    (["image/half-png"], 4, ""),
    (["image/text-only"], 5, ""),
    (["image/no-candidates"], 5, ""),
    (["image/wrong-size"], 4, ""),
]


@pytest.mark.parametrize(
    ("faults", "code", "told"), FAILURES, ids=[row[0][0].replace("/", " ") for row in FAILURES]
)
@pytest.mark.usefixtures("impatient")
def test_a_failure_is_one_line_with_its_code_and_no_file(
    imagine: Command, gemini: Start, faults: list[str], code: int, told: str
) -> None:
    fake = gemini(faults)
    done = imagine("a red fox")
    assert (done.code, done.out) == (code, ""), done.err
    error = done.err.splitlines()[-1]
    assert error.startswith("Error: ")
    assert told in error
    assert files() == []
    assert fake.log.paid <= 1


def test_no_key_reaches_a_file_a_log_or_the_output(
    imagine: Command, gemini: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, transport: str
) -> None:
    monkeypatch.setenv("IMAGINE_PATIENCE", "5")
    key = "AIzaSecretSecretSecret"
    shown = []
    for faults in (
        ["text/429=0.01", "text/500", "image/503", "image/429=0.01"],
        ["text/reset", "text/truncated-json"],
        ["image/reset"],
        ["text/invalid-key*"],
        ["text/403*"],
        ["image/retired*"],
        ["text/html*"],
        ["image/blocked"],
    ):
        fake = gemini(faults, key=key, transport=transport)
        done = imagine("a red fox", "-vv", "--json", "--no-cache", "--sidecar")
        shown.append(done.out + done.err)
        assert not any(entry.leaks for entry in fake.entries)
    for command in (["config", "--all"], ["doctor"], ["backends"], ["cost"], ["cache"]):
        done = imagine(*command)
        shown.append(done.out + done.err)
    assert "POST http://127.0.0.1" in shown[0]
    assert key not in "".join(shown)
    written = files(tmp_path)
    assert any(path.name == "ledger.jsonl" for path in written)
    assert not [path for path in written if key.encode() in path.read_bytes()]


def test_a_dry_run_asks_nobody_and_says_the_price(imagine: Command, gemini: Start) -> None:
    fake = gemini()
    done = imagine("a red fox", "--dry-run", "-n", "2")
    # What would be sent is not known before the description is there.
    assert (done.code, done.out) == (0, "")
    assert "A dry run asks nobody, so the description by gemini is missing" in done.err
    assert "Would draw 2 of 1024x1024 with gemini gemini-nano-banana-2.1: about $0.07" in done.err
    assert fake.entries == []
    estimate = imagine("a red fox", "--dry-run", "--json").json["estimate"]
    assert [part["what"] for part in estimate["parts"]] == ["picture", "description"]
    assert 0.03 < estimate["dollars"] < estimate["at_most"] < 0.06


def test_a_description_is_paid_for_once(imagine: Command, gemini: Start) -> None:
    fake = gemini()
    assert imagine("a red fox").code == 0
    second = imagine("a red fox", "--json").json
    assert len(fake.log.of("text")) == 1
    assert second["enhancer"]["cached"] is True
    assert imagine("a red fox", "--enhance-seed", "1").code == 0
    assert imagine("a red fox", "--no-cache").code == 0
    assert len(fake.log.of("text")) == 3
    assert "2 descriptions" in imagine("cache").out
    assert imagine("cache", "--clear").code == 0
    assert imagine("a red fox").code == 0
    assert len(fake.log.of("text")) == 4


def test_a_budget_stops_before_it_is_exceeded(imagine: Command, gemini: Start) -> None:
    fake = gemini()
    done = imagine("a red fox", "--budget", "0.01")
    assert done.code == 7
    assert "of the budget of $0.01 is left" in done.err
    assert fake.log.paid == 0
    several = imagine(
        "-", "--budget", "0.10", "--yes", stdin=b"a red fox\na blue fox\na green fox\n"
    )
    assert several.code == 7
    assert len(several.lines) == fake.log.paid == 2


def test_many_paid_pictures_need_a_yes(
    imagine: Command, gemini: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = gemini()
    lines = b"".join(b"fox %d\n" % number for number in range(5))
    for arguments, stdin in ((["a red fox", "-n", "5"], None), (["-"], lines)):
        done = imagine(*arguments, stdin=stdin)
        assert (done.code, done.out) == (7, "")
        assert "add --yes" in done.err
    assert fake.entries == []
    monkeypatch.setattr(Console, "can_ask", lambda self: True)
    monkeypatch.setattr(Console, "ask", lambda self, question: "n")
    assert imagine("a red fox", "-n", "5").code == 7
    assert fake.entries == []
    monkeypatch.setattr(Console, "ask", lambda self, question: "y")
    assert len(imagine("a red fox", "-n", "5").lines) == 5
    assert imagine("-", "--yes", stdin=lines).code == 0
    assert fake.log.paid == 10


def test_the_ledger_adds_up_what_was_spent(imagine: Command, gemini: Start) -> None:
    gemini(["image/reset"])
    assert imagine("a red fox").code == 4
    assert imagine("a red fox").code == 0
    rows = [json.loads(line) for line in imagine("cost", "--json", "--by", "model").lines]
    told = json.dumps(rows)
    assert "gemini-nano-banana-2.1" in told
    assert "gemini-3.5-flash-lite" in told


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("policy", "name"), [("offline", "offline"), ("original", "none")])
def test_a_failing_enhancer_is_replaced_only_when_that_is_asked_for(
    imagine: Command, gemini: Start, policy: str, name: str
) -> None:
    gemini(["text/503*"])
    done = imagine("a red fox", "-b", "sketch")
    assert done.code == 4
    assert "--no-enhance" in done.err
    assert "--on-enhance-error original|offline" in done.err
    instead = imagine("a red fox", "-b", "sketch", "--on-enhance-error", policy, "--json")
    assert instead.code == 0
    assert instead.json["enhancer"]["name"] == name
    assert "gemini failed" in " ".join(instead.json["notes"])


def test_a_reference_picture_goes_to_both_stages_and_is_asked_for_again(
    imagine: Command, gemini: Start
) -> None:
    fake = gemini()
    Image.new("RGB", (300, 200), "navy").save("start.png")
    done = imagine("the same fox at night", "-i", "start.png", "-o", "night.png")
    assert done.code == 0, done.err
    for entry in fake.entries:
        kinds = [set(part) for part in entry.body["contents"][-1]["parts"]]
        assert any("inlineData" in kind for kind in kinds)
    recipe = read_recipe(Path("night.png"))
    digest = hashlib.sha256(Path("start.png").read_bytes()).hexdigest()
    assert [item.sha256 for item in recipe.references] == [digest]
    again = imagine("replay", "night.png")
    assert again.code == 2
    assert digest[:12] in again.err
    assert imagine("replay", "night.png", "-i", "start.png").code == 0


def test_the_user_picks_one_of_several_descriptions(
    imagine: Command, gemini: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = gemini()
    done = imagine("enhance", "a red fox", "--pick", "3", "--format", "json")
    assert len(done.lines) == len(fake.log.of("text")) == 3
    assert len(set(done.lines)) == 3
    answers = iter(["9", "", "2"])
    monkeypatch.setattr(Console, "can_ask", lambda self: True)
    monkeypatch.setattr(Console, "ask", lambda self, question: next(answers))
    picked = imagine("enhance", "a red fox", "--pick", "3", "--format", "json")
    assert json.loads(picked.out) == json.loads(done.lines[1])
    assert len(fake.log.of("text")) == 3


REFUSED = [
    (
        ["-b", "gemini", "--steps", "20"],
        "gemini with gemini-nano-banana-2.1 does not read --steps; leave it out.",
    ),
    (
        ["-b", "gemini", "--guidance", "5"],
        "gemini with gemini-nano-banana-2.1 does not read --guidance; leave it out.",
    ),
    (["-b", "gemini", "--ar", "7:5"], "gemini cannot draw the aspect ratio 7:5; it draws"),
    (
        ["-b", "gemini", "--size", "1000x700", "--upscaler", "none"],
        "gemini cannot draw 1000x700; its nearest size is",
    ),
    (["-b", "sketch", "-i", "x.png"], "'x.png' cannot be read"),
    (["-b", "sketch", "-m", "x"], "The backend sketch has no models; leave out --model x."),
    (["-b", "gemini/a", "-m", "b"], "--backend gemini/a and --model b both name one; give one."),
    (["-b", "sketch", "--strength", "0.5"], "sketch does not read --strength; leave it out."),
    (["--pick", "9"], "--pick 9 is not between 1 and 8; choose one that is."),
    (["--budget", "-1"], "The budget '-1' is no amount of dollars; give one such as 0.50."),
    (["--on-enhance-error", "ignore"], "There is no --on-enhance-error 'ignore'"),
    (["-e", "offline/x"], "The enhancer offline has no models; leave out '/x'."),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=[" ".join(r[0]) for r in REFUSED])
def test_what_would_be_ignored_is_refused_before_anything_is_sent(
    imagine: Command, gemini: Start, arguments: list[str], message: str
) -> None:
    fake = gemini()
    done = imagine("a red fox", *arguments)
    assert (done.code, done.out) == (2, ""), done.err
    assert message in done.err.splitlines()[-1]
    assert fake.entries == []
    assert files() == []


def test_a_missing_key_says_where_to_get_one(imagine: Command) -> None:
    done = imagine("a red fox", "-b", "openai", "-e", "offline")
    assert done.code == 3
    assert done.err == (
        "Error: There is no key for OpenAI: set OPENAI_API_KEY in the environment or in .env "
        "(https://platform.openai.com/api-keys), or work without one: "
        "--enhancer offline --backend sketch.\n"
    )


def answer(count: int) -> dict[str, Any]:
    return {
        "subjects": [
            {"id": "fox", "name": "fox", "source_span": "foxes", "origin": "user", "count": count}
        ],
        "style": {"medium": "photograph"},
        "setting": "a birch wood",
        "assumptions": ["setting: a birch wood"],
    }


@pytest.mark.parametrize(
    ("answers", "calls", "repaired"),
    [([3], 1, False), ([5, 3], 2, False), ([5, 5, 3], 2, True)],
    ids=["faithful", "mended", "stubborn"],
)
def test_a_wrong_answer_is_asked_again_once_and_then_repaired(
    imagine: Command, gemini: Start, answers: list[int], calls: int, repaired: bool
) -> None:
    fake = gemini(answers=[answer(count) for count in answers])
    done = imagine("three foxes", "-b", "sketch", "--json")
    assert done.code == 0, done.err
    asked = fake.log.of("text")
    assert len(asked) == calls
    assert done.json["spec"]["subjects"][0]["count"] == 3
    assert bool(done.json["guard"]["findings"]) is repaired
    assert done.json["guard"]["clean"]
    assert len(done.json["enhancer"]["reasked"]) == calls - 1
    assert done.json["enhancer"]["usage"]["calls"] == calls
    if calls == 2:
        assert "the prompt says 3, the description says 5" in str(asked[1].body)
