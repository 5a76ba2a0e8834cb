"""How models run on this machine: what is set, and what a picture that is drawn again had."""

import pytest

from imagine.stages.generate.local.options import LocalOptions, Recorded, unread_note


@pytest.mark.parametrize(
    ("dtype", "recorded", "device", "expected"),
    [
        ("auto", Recorded(), "cpu", "auto"),
        ("auto", Recorded(device="cpu", dtype="bfloat16"), "cpu", "bfloat16"),
        # What is set wins; and of another device the pixels differ anyway.
        ("float32", Recorded(device="cpu", dtype="bfloat16"), "cpu", "float32"),
        ("auto", Recorded(device="cuda", dtype="bfloat16"), "cpu", "auto"),
        ("auto", Recorded(device="cpu"), "cpu", "auto"),
        # Recipes of sdcpp have no device.
        ("auto", Recorded(dtype="float16"), "", "float16"),
    ],
)
def test_the_first_dtype_counts_on_the_first_device_where_none_is_set(
    dtype: str, recorded: Recorded, device: str, expected: str
) -> None:
    assert LocalOptions(dtype=dtype, recorded=recorded).dtype_on(device) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (LocalOptions(), False),
        (LocalOptions(tiny_vae="taesd"), True),
        (LocalOptions(recorded=Recorded(vae="tiny")), True),
    ],
)
def test_a_small_decoder_is_used_that_is_set_or_was_used_first(
    options: LocalOptions, expected: bool
) -> None:
    assert options.uses_tiny_vae is expected


def test_options_that_a_backend_does_not_read_are_named() -> None:
    options = LocalOptions(compile=True, batch_size=2)
    assert unread_note("sdcpp", options, "compile", "batch_size", "offload") == (
        "The backend 'sdcpp' does not read IMAGINE_COMPILE and IMAGINE_BATCH_SIZE."
    )
    assert unread_note("sdcpp", options, "offload") == ""
