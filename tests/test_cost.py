"""Cost: what calls did cost, the budget they come out of, and who has to agree."""

import pytest
from paid import BANANA, CORE, LITE, PRICES, UNKNOWN, Hosted, chat

from imagine.stages.enhance import ModelEnhancer
from imagine.stages.enhance.chat.enhancer import ChatEnhancer
from imagine.stages.errors import (
    BudgetError,
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    UnusableAnswerError,
    UsageError,
)
from imagine.stages.generate.sketch.backend import SketchBackend
from imagine.stages.money.cost import (
    Budget,
    actual,
    check_consent,
    cost_of_failure,
    cost_record,
    many_pictures,
    parse_dollars,
)
from imagine.stages.money.estimate import Estimate, Expense, estimate_enhance, estimate_images
from imagine.stages.money.usage import Usage
from imagine.stages.network.providers import connect
from imagine.stages.recipe import CostRecord, UsageRecord


@pytest.mark.parametrize(
    ("service", "usage", "served", "size", "cost"),
    [
        (LITE, Usage(1, 1500, 300), "gemini-3.5-flash-lite", None, 0.0012),
        (LITE, Usage(2, 3100, 600), "gemini-3.5-flash-lite", None, 0.00243),
        # Another model answered, at its own price; one without a price costs what was asked for.
        (LITE, Usage(1, 1500, 300), "gemini-3.8-flash", None, 0.00225),
        (LITE, Usage(1, 1500, 300), "gemini-9-new", None, 0.0012),
        # Nothing was asked, or nothing was counted.
        (LITE, None, "", None, 0.0),
        (LITE, Usage(), "", None, 0.0),
        (LITE, Usage(1), "gemini-3.5-flash-lite", None, None),
        (ChatEnhancer(connect("ollama"), "m"), Usage(1, 900, 300), "m", None, 0.0),
        (chat("http://127.0.0.1:8080/v1"), Usage(1, 900, 300), "m", None, 0.0),
        (chat("https://api.example.com/v1"), Usage(1, 900, 300), "m", None, None),
        (BANANA, Usage(1, 60, 0, 1120, 1), "gemini-nano-banana-2.1", (1024, 1024), 0.03369),
        (BANANA, UsageRecord(calls=1, image_tokens=1120), "", (1024, 1024), 0.0336),
        (CORE, Usage(1, images=1), "core", (1536, 1536), 0.03),
        (UNKNOWN, Usage(1, images=1), "", (1024, 1024), None),
        # A backend that counts nothing has drawn a picture all the same.
        (CORE, Usage(), "", (1536, 1536), 0.03),
        (UNKNOWN, Usage(), "", (1536, 1536), None),
        (SketchBackend(), Usage(), "sketch", (1024, 1024), 0.0),
    ],
)
def test_the_cost_comes_from_what_was_counted(
    service: ModelEnhancer | Hosted | SketchBackend,
    usage: Usage | UsageRecord | None,
    served: str,
    size: tuple[int, int] | None,
    cost: float | None,
) -> None:
    assert actual(PRICES, service, usage, served=served, size=size) == cost


def after(error: ImagineError, *counts: int) -> ImagineError:
    """The error of calls for which the provider has counted something."""
    error.usage = Usage(*counts)
    return error


@pytest.mark.parametrize(
    ("service", "error", "found"),
    [
        (BANANA, LostAnswerError("It may be billed."), (0.0336, "lost")),
        (UNKNOWN, LostAnswerError("It may be billed."), (None, "lost")),
        # The second attempt was lost, and the first was counted.
        (LITE, after(LostAnswerError("It may be billed."), 1, 1000, 400), (0.0045, "lost")),
        # A picture came, whole or not, and is paid for.
        (BANANA, UnusableAnswerError("It is damaged."), (0.0336, "failed")),
        (BANANA, after(UnusableAnswerError("It is damaged."), 1, 10, 10), (0.0336, "failed")),
        (LITE, after(UnusableAnswerError("It is damaged."), 1, 1000, 400), (0.0013, "failed")),
        (LITE, after(UnusableAnswerError("It is damaged."), 1), (0.0032, "failed")),
        (LITE, UnusableAnswerError("It is damaged."), (0.0032, "failed")),
        # A refusal costs what was counted, which for a picture is the words around it.
        (BANANA, RefusedError("It refused."), (0.0, "refused")),
        (BANANA, after(RefusedError("It refused."), 1, 100, 20), (0.0003, "refused")),
        (BANANA, after(RefusedError("It refused."), 1, 100, 20, 1120), (0.0339, "refused")),
        (CORE, after(RefusedError("It refused."), 1, 100, 20), (0.0, "refused")),
        (UNKNOWN, after(RefusedError("It refused."), 1, 100, 20), (None, "refused")),
        (LITE, after(RefusedError("It refused."), 1, 1000, 400), (0.0013, "refused")),
        (LITE, after(RefusedError("It refused."), 1), (0.0, "refused")),
        (BANANA, ProviderError("It is down."), (0.0, "failed")),
        (LITE, after(ProviderError("It is down."), 1, 1000, 400), (0.0013, "failed")),
        (BANANA, ConfigError("The key is wrong."), None),
        (LITE, after(ConfigError("The key is wrong."), 1, 1000, 400), (0.0013, "failed")),
        (BANANA, UsageError("The size is wrong."), None),
    ],
)
def test_a_failure_costs_what_may_be_billed(
    service: ModelEnhancer | Hosted, error: ImagineError, found: tuple[float | None, str] | None
) -> None:
    estimate = (
        estimate_images(PRICES, service, size=(1024, 1024))
        if isinstance(service, Hosted)
        else estimate_enhance(PRICES, service)
    )
    assert cost_of_failure(PRICES, service, error, estimate) == found


def test_a_recipe_records_what_was_paid() -> None:
    assert cost_record(PRICES, enhance=0.0, generate=0.0) is None
    record = cost_record(PRICES, enhance=0.0012, generate=0.0336)
    assert record == CostRecord(enhance=0.0012, generate=0.0336, prices=PRICES.date)
    assert cost_record(PRICES, enhance=0.0, generate=None) == CostRecord(
        enhance=0.0, prices=PRICES.date
    )


def test_without_a_limit_anything_may_be_spent() -> None:
    budget = Budget(None)
    budget.check(Estimate(unknown=("x/y",)))
    budget.spend(1000.0)
    budget.check(Estimate((Expense("picture", 1000, 1.0, 1.0),)))
    assert budget.left is None


def test_a_budget_ends_before_it_is_exceeded() -> None:
    budget = Budget(0.10)
    picture = Estimate((Expense("picture", 1, 0.03, 0.05),))
    budget.check(picture)
    budget.spend(0.03)
    budget.check(picture)
    budget.spend(0.03)
    with pytest.raises(BudgetError) as caught:
        budget.check(picture)
    assert str(caught.value) == (
        "1 picture may cost $0.05, and $0.04 of the budget of $0.10 is left "
        "($0.06 is spent); raise --budget or ask for less."
    )
    assert caught.value.exit_code == 7
    budget.spend(0.06)
    assert budget.left == 0


def test_a_budget_is_used_to_the_last_cent() -> None:
    budget = Budget(0.3)
    for _ in range(3):
        budget.check(Estimate((Expense("picture", 1, 0.1, 0.1),)))
        budget.spend(0.1)
    with pytest.raises(BudgetError, match=r"^1 picture may cost \$0\.10, and \$0\.00 of "):
        budget.check(Estimate((Expense("picture", 1, 0.1, 0.1),)))


def test_a_budget_of_nothing_allows_what_is_free() -> None:
    Budget(0.0).check(Estimate())
    with pytest.raises(BudgetError) as caught:
        Budget(0.0).check(Estimate((Expense("picture", 1, 0.03, 0.03),)))
    assert str(caught.value) == (
        "1 picture may cost $0.03, and $0.00 of the budget of $0.00 is left; "
        "raise --budget or ask for less."
    )


def test_a_budget_names_all_that_it_is_too_small_for() -> None:
    plan = estimate_enhance(PRICES, LITE) + estimate_images(
        PRICES, CORE, size=(1024, 1024), count=5
    )
    with pytest.raises(BudgetError) as caught:
        Budget(0.15).check(plan)
    assert str(caught.value) == (
        "1 description and 5 pictures may cost $0.1566, and $0.15 of the budget of $0.15 is left; "
        "raise --budget or ask for less."
    )


def test_a_server_of_ones_own_is_asked_within_any_budget() -> None:
    Budget(0.0).check(estimate_enhance(PRICES, chat("http://127.0.0.1:8080/v1")))


def test_a_budget_cannot_be_kept_without_a_price() -> None:
    with pytest.raises(BudgetError) as caught:
        Budget(1.0).check(estimate_images(PRICES, UNKNOWN, size=(1024, 1024)))
    assert str(caught.value) == (
        "The price of huggingface/black-forest-labs/FLUX.1-schnell is not known, so that --budget "
        "$1.00 cannot be kept; add it to prices.toml (see `imagine cost --prices`), or leave "
        "--budget out."
    )


@pytest.mark.parametrize(("backend", "attended"), [(BANANA, True), (SketchBackend(), False)])
def test_nobody_has_to_agree(backend: Hosted | SketchBackend, attended: bool) -> None:
    estimate = estimate_images(PRICES, backend, size=(1024, 1024), count=100)
    check_consent(100, estimate, attended=attended)


@pytest.mark.parametrize(
    ("backend", "described", "more", "told"),
    [
        (CORE, 0, False, "5 paid pictures, about $0.15"),
        (CORE, 5, False, "5 paid pictures, about $0.17"),
        (BANANA, 0, True, "At least 5 paid pictures, at least $0.168"),
        (BANANA, 5, True, "At least 5 paid pictures, at least $0.184"),
        (
            UNKNOWN,
            5,
            False,
            "5 paid pictures, price unknown for huggingface/black-forest-labs/FLUX.1-schnell, "
            "beside 5 descriptions at $0.0032",
        ),
    ],
)
def test_many_paid_pictures_need_a_yes(
    backend: Hosted, described: int, more: bool, told: str
) -> None:
    estimate = estimate_images(PRICES, backend, size=(1024, 1024), count=5)
    if described:
        estimate += estimate_enhance(PRICES, LITE, variants=described)
    assert many_pictures(5, estimate, more=more) == told[0].lower() + told[1:]
    with pytest.raises(BudgetError) as caught:
        check_consent(5, estimate, attended=False, more=more)
    assert str(caught.value) == (
        f"{told}, need a yes, and nobody can be asked here; add --yes, or ask for at most 4."
    )


@pytest.mark.parametrize(
    ("text", "amount"), [("2", 2.0), ("0.50", 0.5), ("$1.20", 1.2), (" 0 ", 0.0), ("1e-2", 0.01)]
)
def test_a_budget_is_read(text: str, amount: float) -> None:
    assert parse_dollars(text) == amount


@pytest.mark.parametrize("text", ["", "two", "-1", "nan", "inf", "1_0", "1,50", "٣", "1e9"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_dollars(text)
    assert str(caught.value) == (
        f"The budget '{text}' is no amount of dollars; give one such as 0.50."
    )
