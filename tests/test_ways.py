"""What a diffusers pipeline can do beside text-to-image, as far as torch is not needed."""

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hosted import request_of
from networks import write_safetensors
from PIL import Image, ImageDraw

from imagine.stages.errors import LocalBackendError, UsageError
from imagine.stages.generate.diffusers.loras import check_lora
from imagine.stages.generate.diffusers.schedule import check_scheduler, leads_flow
from imagine.stages.generate.diffusers.ways import (
    STRENGTHS,
    WAYS,
    draws_from_words,
    is_usable,
    longest_picture,
    most_pictures,
    needs_mask,
    reads_strength,
    strength_for,
    ways_of,
)
from imagine.stages.generate.starting_pictures import (
    check_mask,
    kept_outside,
    mask_from,
    picture_from,
    whole_picture,
)
from imagine.stages.image import Lora, ReferenceImage

EULER = {"_class_name": "EulerDiscreteScheduler", "prediction_type": "epsilon"}
FLOW = {"_class_name": "FlowMatchEulerDiscreteScheduler"}


def reference(image: Image.Image) -> ReferenceImage:
    file = io.BytesIO()
    image.save(file, "PNG")
    return ReferenceImage(file.getvalue(), "png", *image.size, sha256="0" * 64)


@pytest.mark.parametrize(
    ("name", "ways", "strength"),
    [
        ("StableDiffusionXLPipeline", (True, True), (True, True)),
        ("KolorsPipeline", (True, False), (True, False)),
        ("StableDiffusionInpaintPipeline", (True, True), (True, True)),
        ("StableDiffusionXLImg2ImgPipeline", (True, True), (True, True)),
        ("ZImageInpaintPipeline", (True, True), (True, True)),
        ("FluxKontextPipeline", (True, True), (False, True)),
        ("FluxFillPipeline", (True, True), (False, True)),
        ("Flux2Pipeline", (True, False), (False, False)),
        ("Flux2KleinPipeline", (True, True), (False, True)),
        ("QwenImageEditPlusPipeline", (True, False), (False, False)),
        ("PixArtSigmaPipeline", (False, False), (False, False)),
        ("AnythingPipeline", (False, False), (False, False)),
    ],
)
def test_a_class_says_what_it_takes(
    name: str, ways: tuple[bool, bool], strength: tuple[bool, bool]
) -> None:
    reads = reads_strength(name, masked=False), reads_strength(name, masked=True)
    assert (ways_of(name), reads) == (ways, strength)


def test_of_every_class_that_draws_over_pictures_the_strength_is_known() -> None:
    assert set(STRENGTHS) == {
        name for ways in WAYS.values() for name in (ways.image, ways.mask) if name
    }


@pytest.mark.parametrize(
    ("name", "changes", "strength"),
    [
        ("StableDiffusionXLPipeline", {}, None),
        ("StableDiffusionXLPipeline", {"images": 1}, 0.6),
        ("StableDiffusionXLPipeline", {"images": 1, "strength": 0.2}, 0.2),
        ("StableDiffusionXLPipeline", {"images": 1, "mask": 1}, 0.9999),
        ("StableDiffusionInpaintPipeline", {"images": 1, "mask": 1}, 1.0),
        ("Flux2Pipeline", {"images": 1}, None),
    ],
)
def test_a_picture_is_left_as_far_as_somebody_says_or_the_class_has_it(
    name: str, changes: dict[str, Any], strength: float | None
) -> None:
    white = reference(Image.new("L", (64, 64), "white"))
    given = {"images": (white,), "mask": white}
    options = {option: given.get(option, value) for option, value in changes.items()}
    assert strength_for(name, request_of(**options)) == strength


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("FluxPipeline", 1),
        ("FluxFillPipeline", 1),
        ("FluxKontextInpaintPipeline", 1),
        ("Flux2Pipeline", 6),
        ("Flux2KleinInpaintPipeline", 4),
        ("QwenImageEditPlusPipeline", 3),
        ("SanaPipeline", 0),
    ],
)
def test_a_class_says_how_many_pictures_it_takes(name: str, most: int) -> None:
    assert most_pictures(name) == most


@pytest.mark.parametrize(
    ("name", "longest"),
    [
        ("Flux2Pipeline", 8),
        ("Flux2KleinInpaintPipeline", 8),
        ("Flux2KleinKVPipeline", 8),
        ("QwenImageEditPipeline", 100),
        ("FluxFillPipeline", 0),
        ("StableDiffusionXLPipeline", 0),
    ],
)
def test_a_class_says_how_long_the_pictures_may_be_that_it_reads_whole(
    name: str, longest: int
) -> None:
    assert longest_picture(name) == longest


@pytest.mark.parametrize(
    ("name", "usable", "mask"),
    [
        ("FluxPipeline", True, False),
        ("FluxFillPipeline", True, True),
        ("QwenImageEditPipeline", True, False),
        ("FluxControlPipeline", False, False),
    ],
)
def test_models_that_only_change_pictures_are_usable_where_it_is_known_how(
    name: str, usable: bool, mask: bool
) -> None:
    assert (is_usable(name), needs_mask(name)) == (usable, mask)


@pytest.mark.parametrize(
    ("name", "draws"),
    [
        ("FluxPipeline", True),
        ("FluxKontextPipeline", True),
        ("StableDiffusionInpaintPipeline", True),
        ("FluxFillPipeline", False),
        ("QwenImageEditPlusPipeline", False),
        ("StableDiffusionXLControlNetPipeline", False),
    ],
)
def test_a_class_that_only_changes_pictures_is_known_by_its_name(name: str, draws: bool) -> None:
    assert draws_from_words(name) is draws


def test_nothing_here_needs_torch_to_be_asked() -> None:
    package = "imagine.stages.generate.diffusers"
    modules = ("ways", "hires", "chunks", "clip", "schedule", "loras", "previews")
    imports = "; ".join(f"import {package}.{module}" for module in modules)
    asked = f"import sys; {imports}; print(*{{'torch', 'numpy', 'diffusers'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_a_picture_covers_the_size_and_is_cropped_in_the_middle() -> None:
    wide = Image.new("RGB", (300, 100), "blue")
    wide.paste("red", (100, 0, 200, 100))
    picture = picture_from(reference(wide), (50, 50))
    assert (picture.mode, picture.size) == ("RGB", (50, 50))
    assert picture.getpixel((25, 25)) == picture.getpixel((5, 45)) == (255, 0, 0)


def test_a_picture_of_the_size_stays_as_it_is() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (20, 30, 3), np.uint8)
    picture = picture_from(reference(Image.fromarray(noise)), (30, 20))
    assert (np.asarray(picture) == noise).all()


@pytest.mark.parametrize(
    ("given", "pixels", "size"),
    [
        ((300, 100), 30_000, (300, 100)),
        ((600, 200), 30_000, (300, 100)),
        # FLUX.2 takes none that is smaller.
        ((80, 48), 30_000, (106, 64)),
        ((7, 56), 30_000, (64, 512)),
        ((300, 100), 7_500, (192, 64)),
    ],
)
def test_a_picture_to_look_at_keeps_its_shape_and_is_not_too_small(
    given: tuple[int, int], pixels: int, size: tuple[int, int]
) -> None:
    picture = whole_picture(reference(Image.new("RGBA", given, (9, 9, 9, 0))), pixels)
    assert (picture.mode, picture.size) == ("RGB", size)
    assert picture.getpixel((4, 4)) == (255, 255, 255)


def test_what_is_transparent_becomes_white() -> None:
    picture = picture_from(reference(Image.new("RGBA", (8, 8), (9, 9, 9, 0))), (8, 8))
    assert picture.getpixel((4, 4)) == (255, 255, 255)


def test_a_mask_is_white_from_the_middle_grey_on() -> None:
    mask = Image.new("L", (3, 1))
    mask.putdata([127, 128, 255])
    assert list(mask_from(reference(mask), (3, 1)).tobytes()) == [0, 255, 255]


def test_a_mask_without_white_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        mask_from(reference(Image.new("L", (64, 32), 100)), (64, 32))
    assert str(caught.value) == (
        "The mask has no white at 64x32, so nothing would be drawn; paint what --mask is to draw "
        "anew in white."
    )


def test_a_mask_is_checked_before_its_size_is_known_and_decoded_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Its white is at an edge, which a square leaves out and another size does not.
    wide = Image.new("L", (64, 32))
    wide.paste(255, (0, 0, 4, 32))
    mask, opened = reference(wide), list[object]()
    plain = Image.open
    monkeypatch.setattr(Image, "open", lambda file: opened.append(file) or plain(file))
    check_mask(mask)
    assert mask_from(mask, (128, 64)).getpixel((0, 0)) == 255
    with pytest.raises(UsageError, match=r"^The mask has no white at 32x32, "):
        mask_from(mask, (32, 32))
    assert len(opened) == 1
    with pytest.raises(UsageError, match=r"^The mask has no white at 8x6, "):
        check_mask(reference(Image.new("L", (8, 6))))


def test_a_damaged_picture_is_refused() -> None:
    damaged = ReferenceImage(b"\x89PNG\r\n\x1a\n", "png", 8, 8, sha256="0" * 64)
    with pytest.raises(UsageError, match=r"^The picture of --mask cannot be decoded: "):
        mask_from(damaged, (8, 8))


@pytest.mark.parametrize(
    "box",
    [(10, 10, 50, 40), (0, 0, 20, 64), (0, 0, 64, 64), (30, 5, 33, 60), (62, 62, 64, 64)],
    ids=["inside", "at the edge", "everywhere", "thin", "small"],
)
def test_outside_the_mask_every_pixel_stays_and_inside_the_drawn_comes(
    box: tuple[int, int, int, int],
) -> None:
    rng = np.random.default_rng(3)
    original = Image.fromarray(rng.integers(0, 100, (64, 64, 3), np.uint8))
    drawn = Image.fromarray(rng.integers(150, 256, (64, 64, 3), np.uint8))
    mask = Image.new("L", (64, 64))
    ImageDraw.Draw(mask).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=255)
    kept, white = np.asarray(kept_outside(drawn, original, mask)), np.asarray(mask) == 255
    assert (kept[~white] == np.asarray(original)[~white]).all()
    assert (kept[white] != np.asarray(original)[white]).any()
    x, y = (box[0] + box[2]) // 2, (box[1] + box[3]) // 2
    assert tuple(kept[y, x]) == drawn.getpixel((x, y))


@pytest.mark.parametrize(
    ("config", "flow"),
    [
        (EULER, False),
        (FLOW, True),
        ({"_class_name": "DPMSolverMultistepScheduler", "use_flow_sigmas": True}, True),
        ({"_class_name": "UniPCMultistepScheduler", "prediction_type": "flow_prediction"}, True),
        ({}, False),
    ],
)
def test_a_scheduler_says_whether_its_model_matches_flows(
    config: dict[str, Any], flow: bool
) -> None:
    assert leads_flow(config) is flow


@pytest.mark.parametrize(
    ("name", "own", "message"),
    [
        (
            "flow_heun",
            {**FLOW, "use_dynamic_shifting": True},
            "--scheduler flow_heun does not take the steps of this model's pipeline; choose one "
            "of flow_euler, flow_lcm, flow_dpm++_2m, flow_unipc, or leave it out.",
        ),
        (
            "euler",
            {"_class_name": "SCMScheduler", "prediction_type": "trigflow"},
            "--scheduler euler does not lead this model, whose own is the only one that does; "
            "leave it out.",
        ),
        (
            # As it was typed, whatever its twin for such models is called.
            "DPM++ 2M Karras",
            FLOW,
            "--scheduler dpm++_2m_karras does not lead a flow-matching model; choose one of "
            "flow_euler, flow_heun, flow_lcm, flow_dpm++_2m, flow_unipc.",
        ),
        (
            "heun",
            {**FLOW, "use_dynamic_shifting": True},
            "--scheduler heun does not take the steps of this model's pipeline; choose one of "
            "flow_euler, flow_lcm, flow_dpm++_2m, flow_unipc, or leave it out.",
        ),
        (
            "ddim",
            FLOW,
            "--scheduler ddim does not lead a flow-matching model; choose one of flow_euler, "
            "flow_heun, flow_lcm, flow_dpm++_2m, flow_unipc.",
        ),
        (
            "dpm++ 3m sde",
            EULER,
            "--scheduler dpm++_3m_sde is not known to diffusers; choose one of euler, euler_a, "
            "heun, lms, dpm2, dpm2_a, dpm++_2m, dpm++_2m_sde, dpm++_2s, dpm++_sde, ddim, ddpm, "
            "pndm, unipc, deis, sa_solver, lcm, tcd.",
        ),
    ],
)
def test_a_scheduler_of_another_kind_is_refused(
    name: str, own: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_scheduler(name, own, "StableDiffusion3Pipeline")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "own", "twin"),
    [
        ("euler", FLOW, "flow_euler"),
        ("DPM++ 2M", FLOW, "flow_dpm++_2m"),
        ("Heun", FLOW, "flow_heun"),
        ("Flow Euler", EULER, "euler"),
    ],
)
def test_a_scheduler_of_another_kind_stands_for_its_twin(
    name: str, own: dict[str, Any], twin: str
) -> None:
    assert check_scheduler(name, own, "StableDiffusion3Pipeline").name == twin


FLOWS = ("flow_euler", "flow_heun", "flow_lcm", "flow_dpm++_2m", "flow_unipc")


@pytest.mark.parametrize(
    ("pipeline", "refused"),
    [
        ("StableDiffusion3Pipeline", ()),
        ("FluxFillPipeline", ("flow_heun", "flow_dpm++_2m")),
        ("Flux2Pipeline", ("flow_heun",)),
        ("Flux2KleinKVPipeline", ("flow_heun",)),
        ("Flux2KleinInpaintPipeline", ("flow_heun",)),
        ("QwenImageEditPipeline", ("flow_heun", "flow_dpm++_2m")),
        ("QwenImageEditPlusPipeline", ("flow_heun", "flow_dpm++_2m")),
        ("QwenImageEditInpaintPipeline", ("flow_heun", "flow_dpm++_2m")),
        ("ZImagePipeline", ("flow_heun", "flow_dpm++_2m", "flow_unipc")),
    ],
)
def test_only_schedulers_that_would_be_taken_are_offered(
    pipeline: str, refused: tuple[str, ...]
) -> None:
    taken = [name for name in FLOWS if name not in refused]
    for name in taken:
        assert check_scheduler(name, FLOW, pipeline).name == name
    with pytest.raises(UsageError) as caught:
        check_scheduler("ddim", FLOW, pipeline)
    offered = ", ".join(taken)
    assert str(caught.value) == (
        f"--scheduler ddim does not lead a flow-matching model; choose one of {offered}."
    )
    for name in refused:
        with pytest.raises(UsageError) as caught:
            check_scheduler(name, FLOW, pipeline)
        assert str(caught.value) == (
            f"--scheduler {name} does not take the steps of this model's pipeline; choose one of "
            f"{offered}, or leave it out."
        )


def test_a_scheduler_that_leads_from_noise_alone_is_refused_for_pictures() -> None:
    offered = "flow_euler, flow_heun, flow_lcm"
    for name in ("flow_dpm++_2m", "UniPC"):
        check_scheduler(name, FLOW, "StableDiffusion3Pipeline")
        with pytest.raises(UsageError) as caught:
            check_scheduler(name, FLOW, "StableDiffusion3Pipeline", started=True)
        typed = name.lower()
        assert str(caught.value) == (
            f"--scheduler {typed} leads this model from noise alone, and not from a picture; "
            f"choose one of {offered}, or leave it out."
        )
    with pytest.raises(UsageError, match=f"; choose one of {offered}.$"):
        check_scheduler("ddim", FLOW, "StableDiffusion3Pipeline", started=True)
    assert check_scheduler("unipc", EULER, "StableDiffusionPipeline", started=True).name == "unipc"


def test_the_models_own_scheduler_leads_it_whatever_it_is() -> None:
    own = {"_class_name": "SCMScheduler", "prediction_type": "trigflow"}
    assert check_scheduler("SCMScheduler", own, "SanaSprintPipeline").diffusers == "SCMScheduler"
    sana = {"_class_name": "DPMSolverMultistepScheduler", "use_flow_sigmas": True}
    assert check_scheduler("DPMSolverMultistepScheduler", sana, "SanaPipeline").flow


@pytest.mark.parametrize("own", ["EDMDPMSolverMultistepScheduler", "EDMEulerScheduler"])
def test_a_model_that_counts_noise_its_own_way_is_led_by_nothing_else(own: str) -> None:
    with pytest.raises(UsageError, match=r"^--scheduler euler does not lead this model"):
        check_scheduler("euler", {"_class_name": own}, "StableDiffusionXLPipeline")


def test_a_scheduler_without_its_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagine.stages.generate.diffusers.schedule.find_spec", lambda name: None)
    with pytest.raises(LocalBackendError) as caught:
        check_scheduler("lms", EULER, "StableDiffusionPipeline")
    assert str(caught.value) == (
        "--scheduler lms needs the Python package 'scipy', which is not installed; "
        "pip install scipy."
    )


def test_a_lora_is_a_file_of_low_rank_weights(tmp_path: Path) -> None:
    lora = tmp_path / "detail.safetensors"
    write_safetensors(lora, {"unet.down.lora_A.weight": np.zeros((2, 4), np.float32)})
    check_lora(Lora("detail"), lora)
    write_safetensors(lora, {"unet.down.weight": np.zeros((2, 4), np.float32)})
    with pytest.raises(LocalBackendError) as caught:
        check_lora(Lora("detail"), lora)
    assert str(caught.value) == (
        "The file 'detail' is no LoRA: it holds no low-rank weights; name a LoRA with --lora, and "
        "a whole model with --model."
    )


def test_a_pickled_lora_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalBackendError) as caught:
        check_lora(Lora(str(tmp_path / "old.pt")), tmp_path / "old.pt")
    assert "old.pt' is no .safetensors file, and others can run programs; " in str(caught.value)


def test_a_lora_that_was_not_downloaded_to_its_end_is_refused(tmp_path: Path) -> None:
    lora = tmp_path / "half.safetensors"
    write_safetensors(lora, {"unet.down.lora_A.weight": np.zeros((64, 64), np.float32)})
    lora.write_bytes(lora.read_bytes()[:-100])
    with pytest.raises(LocalBackendError, match=r" is cut off, [\d,]+ of [\d,]+ bytes are there"):
        check_lora(Lora("half"), lora)
