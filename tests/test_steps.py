"""Steps: raised until one is left, or refused."""

import pytest
from hosted import request_of

from imagine.stages.errors import UsageError
from imagine.stages.generate.local.steps import steps_for


@pytest.mark.parametrize(
    ("steps", "strength", "asked"),
    [(10, None, 10), (10, 0.5, 10), (1, None, 1), (1, 0.5, 2), (1, 0.35, 3), (4, 0.1, 10)],
)
def test_the_models_own_steps_are_raised_until_one_is_left(
    steps: int, strength: float | None, asked: int
) -> None:
    assert steps_for(request_of(), steps, strength) == asked
    assert strength is None or int(asked * strength) >= 1


@pytest.mark.parametrize("hundredth", range(1, 101))
def test_any_strength_leaves_a_step(hundredth: int) -> None:
    strength = hundredth / 100
    assert int(steps_for(request_of(), 1, strength) * strength) >= 1


def test_the_users_steps_and_strength_have_to_leave_one() -> None:
    with pytest.raises(UsageError) as caught:
        steps_for(request_of(num_inference_steps=2), 2, 0.3)
    assert str(caught.value) == (
        "At a strength of 0.3, 2 steps leave none to draw; choose --steps 4 or more."
    )
    with pytest.raises(UsageError) as caught:
        steps_for(request_of(), 20, 0.0)
    assert str(caught.value) == (
        "A strength of 0 leaves the picture as it is; choose a --strength above 0."
    )
