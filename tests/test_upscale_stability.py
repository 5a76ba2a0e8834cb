import io
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from fakes import Fake, serve
from hosted import KEY, base64_picture, connected
from hosted_upscale import away, enlarged, picture
from patience import LONG
from PIL import Image
from test_stability import form_of

from imagine.stages.errors import LostAnswerError, RefusedError, UnusableAnswerError, UsageError
from imagine.stages.image import Progress
from imagine.stages.network.providers import Secret, connect
from imagine.stages.upscale import stability as module
from imagine.stages.upscale.enlarge import check, scaled
from imagine.stages.upscale.stability import MODELS, StabilityUpscaler

PROMPT = "a red fox"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_PAUSE", 0.01)
    monkeypatch.setattr("imagine.stages.network.retry.FIRST_CEILING", 0.001)


def upscaler_at(fake: Fake, model: str, **changes: Any) -> StabilityUpscaler:
    values = {"base_url": fake.url, "key": Secret(fake.key or ""), "patience": 5.0}
    return StabilityUpscaler(connection=connect("stability", **(values | changes)), model=model)


@pytest.fixture
def fake() -> Iterator[Fake]:
    with serve("stability") as served:
        yield served


def sent_by(model: str, **changes: Any) -> tuple[httpx.Request, dict[str, bytes]]:
    """The one request that enlarging takes, and its form."""
    sent = []

    def answer(asked: httpx.Request) -> httpx.Response:
        asked.read()
        sent.append(asked)
        image = base64_picture(384, 256)
        return httpx.Response(200, json={"image": image, "finish_reason": "SUCCESS"})

    upscaler = StabilityUpscaler(connection=connected("stability", answer), model=model)
    enlarged(upscaler, **changes)
    (only,) = sent
    return only, form_of(only)


def test_fast_takes_a_picture_and_nothing_else() -> None:
    request, form = sent_by("fast", prompt=PROMPT, negative_prompt="people", seed=7)
    assert str(request.url) == "https://api.stability.ai/v2beta/stable-image/upscale/fast"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "application/json"
    image = Image.open(io.BytesIO(form.pop("image")))
    assert image.tobytes() == picture().tobytes()
    assert form == {"output_format": b"png"}


def test_conservative_takes_the_words_of_the_picture_too() -> None:
    request, form = sent_by("conservative", prompt=PROMPT, negative_prompt="people", seed=7)
    assert request.url.path == "/v2beta/stable-image/upscale/conservative"
    del form["image"]
    assert form == {
        "prompt": b"a red fox",
        "negative_prompt": b"people",
        "creativity": b"0.35",
        "seed": b"7",
        "output_format": b"png",
    }


@pytest.mark.parametrize(
    ("asked", "sent"), [(None, None), (1, b"1"), (0, b"1"), (2**32 - 2, b"4294967294")]
)
def test_a_seed_goes_out_as_one_that_means_the_same_there(
    asked: int | None, sent: bytes | None
) -> None:
    _, form = sent_by("conservative", prompt=PROMPT, seed=asked)
    assert form.get("seed") == sent


SIZES = {"fast": "384x256", "conservative": "2508x1672", "creative": "3547x2365"}


@pytest.mark.parametrize(
    ("model", "by"),
    [("fast", 2), ("fast", 3), ("fast", 4), ("conservative", 3), ("creative", 2)],
)
def test_every_model_enlarges_by_any_factor(fake: Fake, model: str, by: int) -> None:
    with closing(upscaler_at(fake, model)) as upscaler:
        made = enlarged(upscaler, by=by, prompt=PROMPT, seed=7)
    assert away(made) <= 2
    assert made.model == model
    assert made.notes == ()
    known = dict(made.parameters)
    assert known.pop("size", "384x256") == SIZES[model]
    assert (
        known
        == {
            "fast": {},
            "conservative": {"creativity": 0.35, "seed": 7},
            "creative": {"creativity": 0.3, "seed": 7},
        }[model]
    )
    assert fake.paid == 1
    assert {entry.leaks for entry in fake.entries} == {()}


def test_what_fast_cannot_give_is_resampled_and_told(fake: Fake) -> None:
    with closing(upscaler_at(fake, "fast")) as upscaler:
        made = enlarged(upscaler, by=8)
    assert away(made) <= 2
    assert made.notes == (
        "Stability AI enlarged it to 384x256; from there to 768x512 it was resampled.",
    )


def test_another_seed_than_asked_for_is_told(fake: Fake) -> None:
    with closing(upscaler_at(fake, "conservative")) as upscaler:
        made = enlarged(upscaler, prompt=PROMPT, seed=2**32 - 1)
    assert made.notes == (
        "Stability AI reads seeds from 1 to 4294967294 for this model: 2 was sent instead of "
        "4294967295.",
    )
    assert dict(made.parameters)["seed"] == 2


@pytest.mark.parametrize(
    ("model", "size", "message"),
    [
        (
            "fast",
            (31, 64),
            "stability/fast takes pictures of 32 to 1536 pixels a side, and this one is 31x64; "
            "choose another upscaler (--upscaler).",
        ),
        (
            "fast",
            (1600, 900),
            "stability/fast takes pictures of 32 to 1536 pixels a side, and this one is 1600x900; "
            "choose stability/conservative, or another upscaler (--upscaler).",
        ),
        (
            "fast",
            (1537, 64),
            "stability/fast takes pictures of 32 to 1536 pixels a side, and this one is 1537x64; "
            "choose another upscaler (--upscaler).",
        ),
        (
            "fast",
            (1025, 1024),
            "stability/fast takes pictures of up to 1.05 megapixels, and this one is 1025x1024; "
            "choose stability/conservative, or another upscaler (--upscaler).",
        ),
        (
            "conservative",
            (63, 64),
            "stability/conservative takes pictures of at least 64 pixels a side, and this one is "
            "63x64; choose another upscaler (--upscaler).",
        ),
        (
            "conservative",
            (251, 100),
            "stability/conservative takes pictures of shapes up to 2.5:1 and 1:2.5, and this one "
            "is 251x100; choose another upscaler (--upscaler).",
        ),
        (
            "conservative",
            (2048, 2048),
            "stability/conservative takes pictures of up to 4.19 megapixels, and this one is "
            "2048x2048; choose another upscaler (--upscaler).",
        ),
    ],
)
def test_pictures_out_of_range_are_refused_before_anything_is_sent(
    model: str, size: tuple[int, int], message: str
) -> None:
    upscaler = StabilityUpscaler(connection=connect("stability"), model=model)
    with pytest.raises(UsageError) as caught:
        check(upscaler, size, scaled(size, 2), denoise=None)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("fast", (32, 32)),
        ("fast", (1536, 682)),
        ("fast", (1024, 1024)),
        ("conservative", (64, 160)),
        ("conservative", (2047, 2048)),
        ("creative", (1024, 1024)),
    ],
)
def test_pictures_at_the_edge_of_the_range_pass(model: str, size: tuple[int, int]) -> None:
    upscaler = StabilityUpscaler(connection=connect("stability"), model=model)
    check(upscaler, size, scaled(size, 2), denoise=None)


@pytest.mark.parametrize("prompt", [None, "  "])
def test_conservative_wants_the_words_of_the_picture(fake: Fake, prompt: str | None) -> None:
    with (
        closing(upscaler_at(fake, "conservative")) as upscaler,
        pytest.raises(UsageError) as caught,
    ):
        enlarged(upscaler, prompt=prompt)
    assert str(caught.value) == (
        "stability/conservative wants words for what the picture shows, and this one carries "
        "none; say it with --prompt, or choose another upscaler (--upscaler)."
    )
    assert fake.entries == []


def test_prompts_that_are_too_long_are_refused(fake: Fake) -> None:
    with closing(upscaler_at(fake, "creative")) as upscaler, pytest.raises(UsageError) as caught:
        enlarged(upscaler, prompt=PROMPT, negative_prompt="no " * 4000)
    assert str(caught.value) == (
        "stability/creative reads prompts of at most 10,000 characters, and this picture's has "
        "12,000; choose another upscaler (--upscaler)."
    )


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        StabilityUpscaler(connection=connect("stability"), model="conservativ")
    assert str(caught.value) == (
        "There is no Stability upscaler 'conservativ'; did you mean 'conservative'? (known: "
        "fast, conservative, creative)."
    )


def test_the_words_of_the_picture_are_what_creative_and_conservative_read() -> None:
    reads = {
        model: (rules.capabilities.prompt, rules.capabilities.seed)
        for model, rules in MODELS.items()
    }
    assert reads == {"fast": (False, False), "conservative": (True, True), "creative": (True, True)}


# creative, which is a job


def test_a_job_is_followed_to_its_end() -> None:
    steps: list[Progress] = []
    with (
        serve("stability", latency={"image": 0.2}) as fake,
        closing(upscaler_at(fake, "creative")) as upscaler,
    ):
        made = enlarged(upscaler, prompt=PROMPT, told=steps.append)
        polls = fake.log.of("poll")
    assert away(made) <= 2
    assert [step.label for step in steps] == [
        "sent to Stability AI",
        "enlarging",
        "received 3547x2365 PNG, 0.0 MB",
    ]
    assert [entry.status for entry in polls] == [202] * (len(polls) - 1) + [200]
    assert len(polls) > 2
    assert {entry.headers["accept"] for entry in polls} == {"image/*"}


@pytest.mark.parametrize("fault", ["poll/500", "poll/reset", "poll/html", "poll/429=0.01"])
def test_a_poll_that_goes_wrong_is_repeated(fault: str) -> None:
    with (
        serve("stability", faults=[fault]) as fake,
        closing(upscaler_at(fake, "creative")) as upscaler,
    ):
        assert away(enlarged(upscaler, prompt=PROMPT)) <= 2
        assert fake.paid == 1


JOB = "0" * 64


def test_a_job_that_is_lost_sight_of_is_named() -> None:
    with (
        serve("stability", faults=["poll/404"]) as fake,
        closing(upscaler_at(fake, "creative")) as upscaler,
        pytest.raises(LostAnswerError) as caught,
    ):
        enlarged(upscaler, prompt=PROMPT)
    assert str(caught.value) == (
        f"Stability AI holds the job {JOB}, which may be billed, but it was lost sight of "
        f"(Stability AI has nothing at /v2beta/results/{JOB} (404 NOT_FOUND): the requested "
        "resource was not found; check the model's name and stability_base_url); look for its "
        f"picture at {fake.url}/v2beta/results/{JOB}."
    )


def test_a_result_that_stays_damaged_is_named_too() -> None:
    with (
        serve("stability", faults=["half-png"]) as fake,
        closing(upscaler_at(fake, "creative")) as upscaler,
        pytest.raises(LostAnswerError, match=r"^Stability AI holds the job 0{64}, .+ damaged PNG"),
    ):
        enlarged(upscaler, prompt=PROMPT)
    assert len(fake.log.of("poll")) == 3


def test_a_job_without_a_name_may_be_billed() -> None:
    with (
        serve("stability", faults=["no-picture"]) as fake,
        closing(upscaler_at(fake, "creative")) as upscaler,
        pytest.raises(LostAnswerError) as caught,
    ):
        enlarged(upscaler, prompt=PROMPT)
    assert str(caught.value) == (
        "Stability AI accepted the picture and did not name the job, so its result cannot be "
        "fetched; look at your usage there before you repeat it."
    )


def test_a_job_whose_result_is_filtered_is_refused() -> None:
    with (
        serve("stability", faults=["refused"]) as fake,
        closing(upscaler_at(fake, "creative")) as upscaler,
        pytest.raises(RefusedError) as caught,
    ):
        enlarged(upscaler, prompt=PROMPT)
    assert str(caught.value) == (
        "Stability AI withheld the picture (“CONTENT_FILTERED”); choose another upscaler "
        "(--upscaler)."
    )


def test_who_stops_waiting_for_a_job_is_told_that_it_goes_on() -> None:
    told: list[str] = []

    def stop(progress: Progress) -> None:
        if progress.label == "enlarging":
            raise KeyboardInterrupt

    with (
        serve("stability", latency={"image": LONG}) as fake,
        closing(upscaler_at(fake, "creative", tell=told.append)) as upscaler,
        pytest.raises(KeyboardInterrupt),
    ):
        enlarged(upscaler, prompt=PROMPT, told=stop)
    assert told == [
        f"Stability AI could not be asked to stop the job {JOB}, which may be billed; see "
        f"{fake.url}/v2beta/results/{JOB}."
    ]


def test_a_reason_that_nobody_knows_keeps_the_picture() -> None:
    answer = {"image": base64_picture(384, 256), "finish_reason": "NEW_REASON"}

    def upscaler_for(body: dict[str, str]) -> StabilityUpscaler:
        connection = connected("stability", lambda request: httpx.Response(200, json=body))
        return StabilityUpscaler(connection=connection, model="fast")

    enlarged(upscaler_for(answer))
    with pytest.raises(RefusedError):
        enlarged(upscaler_for({"finish_reason": "NEW_REASON"}))
    with pytest.raises(UnusableAnswerError):
        enlarged(upscaler_for({"finish_reason": "SUCCESS"}))
