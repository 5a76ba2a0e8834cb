"""Names of networks: refused with the name that the upscaler has here."""

import pytest

from imagine.stages.errors import UsageError
from imagine.stages.upscale import UPSCALERS
from imagine.stages.upscale.names import check_no_network


@pytest.mark.parametrize(
    "name", ["realesrgan", "waifu2x", "esrgan", "real-esrgan", "esrgan4x", "RealESRGAN_x4plus"]
)
def test_a_network_is_told_by_our_name(name: str) -> None:
    with pytest.raises(UsageError) as error:
        check_no_network(name)
    assert str(error.value) == (
        f"There is no upscaler '{name}', which is a network: art is Real-ESRGAN animevideov3, "
        "photo is waifu2x, detail is Real-ESRGAN x4plus; choose one of these."
    )


@pytest.mark.parametrize("name", [*UPSCALERS.built_in, "lancos", ""])
def test_other_names_pass(name: str) -> None:
    check_no_network(name)
