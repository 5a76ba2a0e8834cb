import _thread
import io
import json
import socket
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest
from fakes import Fake, serve
from hosted import base64_picture, connected, draw, picture_bytes, reference, request_of
from patience import LONG, PATIENT, Limit, is_in, until
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    ProviderError,
    RefusedError,
    StoppedError,
    UnusableAnswerError,
    UsageError,
)
from imagine.stages.generate import BACKENDS, CheckingBackend, TogetherBackend
from imagine.stages.generate.local.schedulers import SchedulerName
from imagine.stages.generate.sdapi import SILENCE, SdapiBackend
from imagine.stages.image import (
    GeneratedImage,
    HiresFix,
    ImageRequest,
    Lora,
    Progress,
    ReferenceImage,
)
from imagine.stages.network.providers import Secret, connect

HABITS = ["sdapi", "forge", "sdnext", "sd-server"]
WEBUIS = ["sdapi", "forge", "sdnext"]
LOGIN = "fox:a-long-password"
# So long that the seconds in which a machine stands still are as good as nothing of it.
HOUR = 3600.0


def backend_at(fake: Fake, model: str = "", **changes: Any) -> SdapiBackend:
    values: dict[str, Any] = {"base_url": fake.url, "patience": 0.0}
    return SdapiBackend(connection=connect("sdapi", **(values | changes)), model=model)


def sent(fake: Fake) -> dict[str, Any]:
    """What the one request for a picture said, but for its name."""
    (entry,) = fake.log.of("image")
    body = dict(entry.parsed)
    assert body.pop("force_task_id").startswith("imagine-")
    return body


def answering(body: Any, status: int = 200, **changes: Any) -> SdapiBackend:
    """A backend at a server that lists nothing and gives `body` for a picture."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(("/txt2img", "/img2img")):
            if isinstance(body, str):
                return httpx.Response(status, text=body)
            return httpx.Response(status, json=body)
        return httpx.Response(404, json={"detail": "Not Found"})

    return SdapiBackend(connection=connected("sdapi", answer, key=None, **changes), model="")


def as_reference(picture: Image.Image) -> ReferenceImage:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return ReferenceImage(file.getvalue(), "png", *picture.size, sha256="0" * 64)


def opened(encoded: str) -> Image.Image:
    return Image.open(io.BytesIO(b64decode(encoded)))


def test_it_is_registered_and_checks_and_draws_one_picture_at_a_time() -> None:
    with closing(BACKENDS.create("sdapi", connection=connect("sdapi"), model="")) as backend:  # type: ignore[type-var]
        assert isinstance(backend, SdapiBackend)
        assert isinstance(backend, CheckingBackend)
        assert not isinstance(backend, TogetherBackend)
        can = backend.capabilities
        assert can.concurrency == 1
        assert not can.paid
        assert can.seed
        assert can.negative_prompt
        assert can.mask
        assert can.scheduler
        assert can.hires_fix
        assert (can.max_images, can.max_loras) == (1, 16)


def test_words_go_to_txt2img_with_nothing_that_was_not_asked_for() -> None:
    with serve("sdapi") as fake, closing(backend_at(fake)) as backend:
        made = draw(backend, request_of("a red fox"))
        assert [entry.path for entry in fake.entries] == [
            "/sdapi/v1/options",
            "/sdapi/v1/progress",
            "/sdapi/v1/txt2img",
        ]
        assert sent(fake) == {
            "prompt": "a red fox",
            "width": 1024,
            "height": 1024,
            "seed": 7,
            # The interface's own are 50.
            "steps": 20,
            "batch_size": 1,
            "n_iter": 1,
            "send_images": True,
            "save_images": False,
            "override_settings": {"enable_prompt_comments": False},
            "override_settings_restore_afterwards": True,
        }
        assert made.received is not None
        assert made.received.data == fake.pictures[-1].bytes
    assert made.model == "foxes_v2"
    assert made.parameters == (
        ("num_inference_steps", 20),
        ("guidance_scale", 7.0),
        ("scheduler", "Euler"),
        ("weights", "0f0c5e52aa"),
    )
    assert made.notes == ()


def test_options_go_out_under_the_servers_names() -> None:
    with serve("forge") as fake, closing(backend_at(fake)) as backend:
        made = draw(
            backend,
            request_of(
                "a red fox",
                negative_prompt="blur (soft)",
                num_inference_steps=12,
                guidance_scale=3.5,
                scheduler="euler_a",
                width=768,
                height=512,
            ),
        )
        body = sent(fake)
    assert body["negative_prompt"] == "blur \\(soft\\)"
    assert (body["steps"], body["cfg_scale"], body["sampler_name"]) == (12, 3.5, "Euler a")
    assert (body["width"], body["height"]) == (768, 512)
    assert made.size == (768, 512)
    assert made.parameters == (("weights", "0f0c5e52aa"),)


@pytest.mark.parametrize(
    ("habit", "name", "fields", "settings"),
    [
        ("sdapi", "euler", {"sampler_name": "Euler"}, {}),
        ("sdapi", "k_euler_a", {"sampler_name": "Euler a"}, {}),
        ("sdapi", "dpm++_2m_karras", {"sampler_name": "DPM++ 2M", "scheduler": "karras"}, {}),
        ("sdapi", "DPM++ 2M Karras", {"sampler_name": "DPM++ 2M", "scheduler": "karras"}, {}),
        ("sdapi", "UniPC SGM Uniform", {"sampler_name": "UniPC", "scheduler": "sgm_uniform"}, {}),
        ("sdapi", "Euler Automatic", {"sampler_name": "Euler", "scheduler": "automatic"}, {}),
        ("sd-server", "dpm++_2m", {"sampler_name": "dpm++2m"}, {}),
        ("sd-server", "dpm++_2m_karras", {"sampler_name": "dpm++2m", "scheduler": "karras"}, {}),
        ("sd-server", "dpm++2m karras", {"sampler_name": "dpm++2m", "scheduler": "karras"}, {}),
        ("sd-server", "ddim_trailing", {"sampler_name": "ddim_trailing"}, {}),
        ("sdnext", "euler", {"sampler_name": "Euler"}, {}),
        ("sdnext", "euler_karras", {"sampler_name": "Euler"}, {"schedulers_sigma": "karras"}),
    ],
)
def test_a_scheduler_goes_by_our_names_and_by_the_servers(
    habit: str, name: str, fields: dict[str, str], settings: dict[str, str]
) -> None:
    with serve(habit) as fake, closing(backend_at(fake)) as backend:
        draw(backend, request_of(scheduler=name))
        body = sent(fake)
    assert {key: body[key] for key in ("sampler_name", "scheduler") if key in body} == fields
    assert settings.items() <= body["override_settings"].items()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("dpm++_2m", {"sampler_name": "DPM++ 2M", "scheduler": "exponential"}),
        # As the server spells it, with whatever schedule it chooses for it.
        ("DPM++ 2M", {"sampler_name": "DPM++ 2M"}),
    ],
)
def test_a_name_of_ours_means_what_it_means_everywhere(
    name: str, fields: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = SchedulerName("dpm++_2m", a1111=("DPM++ 2M", "Exponential"))
    monkeypatch.setattr("imagine.stages.generate.sdapi_server.find_scheduler", lambda _: ours)
    with serve("sdapi") as fake, closing(backend_at(fake)) as backend:
        draw(backend, request_of(scheduler=name))
        body = sent(fake)
    assert {key: body[key] for key in ("sampler_name", "scheduler") if key in body} == fields


@pytest.mark.parametrize("habit", HABITS)
def test_what_a_picture_was_drawn_with_can_be_asked_for_again(habit: str) -> None:
    with serve(habit) as fake, closing(backend_at(fake)) as backend:
        before = dict(draw(backend, request_of()).parameters)
        names = ("num_inference_steps", "guidance_scale", "scheduler")
        changes: Any = {name: before[name] for name in names}
        assert draw(backend, request_of(**changes)).parameters == tuple(
            (name, value) for name, value in before.items() if name not in names
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"scheduler": "oiler"},
            "Stable Diffusion WebUI has no sampler for --scheduler oiler; did you mean 'Euler'? "
            "(it has: DDIM, DPM++ 2M, DPM++ SDE, Euler, Euler a, Heun, LCM, UniPC); choose one of "
            "these.",
        ),
        (
            {"loras": (Lora("more_fun"),)},
            "Stable Diffusion WebUI has no LoRA 'more_fun'; did you mean 'more_fur'? (it has: "
            "more_fur, ink); name another with --lora.",
        ),
    ],
)
def test_what_the_server_does_not_have_is_refused_by_its_option(
    changes: dict[str, Any], message: str
) -> None:
    with serve("sdapi") as fake, closing(backend_at(fake)) as backend:
        with pytest.raises(UsageError) as caught:
            draw(backend, request_of(**changes))
        assert fake.log.of("image") == []
    assert str(caught.value) == message


def test_a_server_that_lists_no_loras_gets_none() -> None:
    with closing(answering({})) as backend, pytest.raises(UsageError) as caught:
        draw(backend, request_of(loras=(Lora("ink"),)))
    assert str(caught.value) == (
        "Stable Diffusion WebUI does not say which LoRAs it has, and would pass over one that it "
        "lacks; leave out --lora."
    )


@pytest.mark.parametrize("habit", WEBUIS)
@pytest.mark.parametrize("name", ["more_fur", "More_Fur.safetensors", "Fur", "fur"])
def test_a_web_ui_loads_loras_that_the_prompt_names(habit: str, name: str) -> None:
    with serve(habit) as fake, closing(backend_at(fake)) as backend:
        draw(backend, request_of("a (red) fox", loras=(Lora(name, 0.8), Lora("ink"))))
        assert sent(fake)["prompt"] == "a \\(red\\) fox <lora:more_fur:0.8> <lora:ink:1>"


def test_sdcpp_loads_loras_by_their_paths() -> None:
    with serve("sd-server") as fake, closing(backend_at(fake)) as backend:
        draw(backend, request_of("a (red) fox", loras=(Lora("more_fur", 0.8),)))
        body = sent(fake)
    assert body["prompt"] == "a \\(red) fox"
    assert body["lora"] == [{"path": "more_fur.safetensors", "multiplier": 0.8}]


@pytest.mark.parametrize("seed", [7, 2**31 - 1])
def test_seeds_that_sdcpp_reads_go_out_as_they_are(seed: int) -> None:
    with serve("sd-server") as fake, closing(backend_at(fake)) as backend:
        assert draw(backend, request_of("a red fox", seed=seed)).notes == ()
        body = sent(fake)
    assert (body["prompt"], body["seed"]) == ("a red fox", seed)


def test_greater_seeds_reach_sdcpp_in_its_tag() -> None:
    # Its field has 32 bits, of which one is the sign: 2**31 would be any seed.
    with serve("sd-server") as fake, closing(backend_at(fake)) as backend:
        assert draw(backend, request_of("a red fox", seed=2**32 - 1)).notes == ()
        body = sent(fake)
    tag = '<sd_cpp_extra_args>{"seed": 4294967295}</sd_cpp_extra_args>'
    assert (body["prompt"], body["seed"]) == (f"a red fox{tag}", 2**31 - 1)


def test_greater_seeds_are_counted_round_for_other_servers_without_a_web_ui() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/options"):
            return httpx.Response(200, json={"sd_model_checkpoint": "foxes"})
        if request.url.path.endswith("/sd-models"):
            return httpx.Response(200, json=[{"title": "foxes", "hash": "1"}])
        if request.url.path.endswith("/txt2img"):
            bodies.append(json.loads(request.content))
            return httpx.Response(200, json={"images": [base64_picture()], "info": ""})
        return httpx.Response(404)

    bodies: list[dict[str, Any]] = []
    connection = connected("sdapi", answer, key=None)
    with closing(SdapiBackend(connection=connection, model="")) as backend:
        made = draw(backend, request_of("a red fox", seed=2**31 + 5))
    assert (bodies[0]["prompt"], bodies[0]["seed"]) == ("a red fox", 5)
    assert made.model == "foxes"
    assert made.notes == (
        "Stable Diffusion WebUI reads seeds below 2147483648: 5 was sent for 2147483653.",
    )


@pytest.mark.parametrize(
    "named",
    [
        "dunes_xl",
        "Dunes_XL",
        "landscapes/dunes_xl.safetensors [8b1f77c0d3]",
        "dunes_xl.safetensors",
        "8b1f77c0d3",
    ],
)
def test_a_model_is_loaded_for_this_picture_alone(named: str) -> None:
    with serve("sdapi") as fake, closing(backend_at(fake, named)) as backend:
        made = draw(backend)
        body = sent(fake)
    assert body["override_settings"] == {
        "enable_prompt_comments": False,
        "sd_model_checkpoint": "landscapes/dunes_xl.safetensors [8b1f77c0d3]",
    }
    assert body["override_settings_restore_afterwards"] is True
    assert made.model == "dunes_xl"
    assert made.notes == ()


def test_a_model_that_the_server_lacks_is_told_before_anything_is_drawn() -> None:
    # Real ones pass over it in silence, and draw with another.
    with serve("sdapi") as fake, closing(backend_at(fake, "foxes_v3")) as backend:
        with pytest.raises(UsageError) as caught:
            draw(backend)
        assert fake.log.of("image") == []
    assert str(caught.value) == (
        "Stable Diffusion WebUI has no model 'foxes_v3'; did you mean 'foxes_v2'? (it has: "
        "foxes_v2, dunes_xl); name another with --model."
    )


def test_settings_that_would_change_a_prompt_are_overridden_for_it() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/options"):
            plain = {f"option_{number}": 1 for number in range(20)}
            return httpx.Response(
                200, json=plain | {"emphasis": "None", "enable_prompt_comments": False}
            )
        if request.url.path.endswith("/txt2img"):
            bodies.append(json.loads(request.content))
            return httpx.Response(200, json={"images": [base64_picture()], "info": "{}"})
        return httpx.Response(404)

    bodies: list[dict[str, Any]] = []
    connection = connected("sdapi", answer, key=None)
    with closing(SdapiBackend(connection=connection, model="")) as backend:
        draw(backend, request_of("fox #5"))
    assert bodies[0]["override_settings"] == {"emphasis": "Original"}


def turned_to_flux(bodies: list[dict[str, Any]]) -> SdapiBackend:
    """A backend at a Forge that draws with FLUX."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/options"):
            plain = {f"option_{number}": 1 for number in range(20)}
            return httpx.Response(200, json=plain | {"forge_preset": "flux"})
        if request.url.path.endswith("/txt2img"):
            body = json.loads(request.content)
            bodies.append(body)
            distilled = body.get("distilled_cfg_scale", 3.5)
            told = f"a fox\nSteps: 20, CFG scale: 1, Distilled CFG Scale: {distilled}, Seed: 7"
            info = json.dumps({"cfg_scale": 1.0, "seed": 7, "infotexts": [told]})
            size = (body.get("hr_resize_x", 1024), body.get("hr_resize_y", 1024))
            return httpx.Response(200, json={"images": [base64_picture(*size)], "info": info})
        return httpx.Response(404)

    return SdapiBackend(connection=connected("sdapi", answer, key=None), model="")


@pytest.mark.parametrize(
    ("guidance", "fields", "recorded"),
    [
        (
            None,
            {"cfg_scale": 1.0, "hr_cfg": 1.0},
            (("num_inference_steps", 20), ("guidance_scale", 3.5)),
        ),
        (
            2.5,
            {"cfg_scale": 1.0, "distilled_cfg_scale": 2.5, "hr_cfg": 1.0, "hr_distilled_cfg": 2.5},
            (("num_inference_steps", 20),),
        ),
    ],
)
def test_forge_is_told_guidance_for_flux_as_flux_learnt_it(
    guidance: float | None, fields: dict[str, float], recorded: tuple[tuple[str, float], ...]
) -> None:
    bodies: list[dict[str, Any]] = []
    with closing(turned_to_flux(bodies)) as backend:
        made = draw(backend, request_of(guidance_scale=guidance, hires_fix=HiresFix(1.5)))
    assert {name: value for name, value in bodies[0].items() if "cfg" in name} == fields
    assert made.parameters == recorded
    assert made.notes == ()


def test_a_picture_goes_to_img2img_in_the_size_that_is_drawn() -> None:
    stripes = Image.new("RGB", (300, 100), "red")
    stripes.paste("blue", (100, 0, 200, 100))
    image = as_reference(stripes)
    with serve("sdapi") as fake, closing(backend_at(fake)) as backend:
        request = request_of(images=(image,), strength=0.4, width=512, height=512)
        made = draw(backend, request)
        body = sent(fake)
        assert fake.log.of("image")[0].path == "/sdapi/v1/img2img"
    assert body["denoising_strength"] == 0.4
    (first,) = body["init_images"]
    with opened(first) as picture:
        assert picture.size == (512, 512)
        # The middle of it, which the square covers.
        assert picture.getpixel((30, 256)) == (0, 0, 255)
        assert picture.getpixel((482, 256)) == (0, 0, 255)
    assert "strength" not in dict(made.parameters)


def test_without_a_strength_the_servers_own_is_recorded() -> None:
    image = reference(64, 64)
    with serve("sdapi") as fake, closing(backend_at(fake)) as backend:
        made = draw(backend, request_of(images=(image,), width=64, height=64))
        body = sent(fake)
    assert "denoising_strength" not in body
    assert dict(made.parameters)["strength"] == 0.75


def test_a_mask_says_what_is_drawn_anew_in_black_and_white() -> None:
    mask = Image.new("L", (64, 64), 127)
    mask.paste(128, (32, 0, 64, 64))
    with serve("sdapi") as fake, closing(backend_at(fake)) as backend:
        image = reference(64, 64)
        draw(backend, request_of(images=(image,), mask=as_reference(mask), width=64, height=64))
        body = sent(fake)
    with opened(body["mask"]) as picture:
        assert picture.size == (64, 64)
        assert (picture.getpixel((0, 0)), picture.getpixel((63, 0))) == (0, 255)
    assert body["inpainting_fill"] == 1
    assert body["inpaint_full_res"] is False
    assert body["mask_blur"] == 4


def test_what_is_transparent_is_white_and_a_mask_without_white_is_refused() -> None:
    clear = as_reference(Image.new("RGBA", (64, 64), (0, 0, 0, 0)))
    black = as_reference(Image.new("L", (64, 64), 127))
    with serve("sdapi") as fake, closing(backend_at(fake)) as backend:
        draw(backend, request_of(images=(clear,), width=64, height=64))
        (first,) = sent(fake)["init_images"]
        with pytest.raises(UsageError) as caught:
            draw(backend, request_of(images=(clear,), mask=black, width=64, height=64))
        assert len(fake.log.of("image")) == 1
    with opened(first) as picture:
        assert picture.convert("RGB").getextrema() == ((255, 255),) * 3
    assert str(caught.value) == (
        "The mask has no white at 64x64, so nothing would be drawn; paint what --mask is to draw "
        "anew in white."
    )


def test_a_picture_that_cannot_be_decoded_is_refused() -> None:
    broken = ReferenceImage(b"no picture", "png", 64, 64, sha256="0" * 64)
    with serve("sdapi") as fake, closing(backend_at(fake)) as backend:
        with pytest.raises(UsageError, match=r"^The picture of --image cannot be decoded: "):
            draw(backend, request_of(images=(broken,), width=64, height=64))
        assert fake.log.of("image") == []


@pytest.mark.parametrize("size", [(72, 64), (1000, 600)])
def test_a_side_that_sdcpp_rounds_up_is_told_and_the_picture_kept(size: tuple[int, int]) -> None:
    wide, high = (-(-side // 64) * 64 for side in size)
    with serve("sd-server") as fake, closing(backend_at(fake)) as backend:
        made = draw(backend, request_of(width=size[0], height=size[1]))
    assert made.size == (wide, high)
    assert made.notes == (
        f"The picture is {wide}x{high} instead of the {size[0]}x{size[1]} asked for: the server "
        "rounds up to what its model draws.",
    )


def test_sdcpp_draws_with_the_steps_that_it_was_started_with() -> None:
    with serve("sd-server") as fake, closing(backend_at(fake)) as backend:
        draw(backend)
        assert "steps" not in sent(fake)


@pytest.mark.parametrize(
    ("preset", "loaded", "fields"),
    [
        ({}, "dreamshaper_8.safetensors [879db523c3]", {"steps": 20}),
        ({}, "juggernautXL_lightning_4step", {"steps": 4, "cfg_scale": 1.0}),
        ({}, "sd3.5_large_turbo", {"steps": 4, "cfg_scale": 1.0}),
        ({"forge_preset": "xl"}, "flux1-dev-fp8", {"steps": 20, "cfg_scale": 1.0}),
        # Its guidance is that of diffusers: 1 would be hardly any.
        ({"schedulers_sigma": "default"}, "flux1-dev-fp8", {"steps": 20}),
    ],
)
def test_a_model_is_asked_as_its_name_says(
    preset: dict[str, str], loaded: str, fields: dict[str, float]
) -> None:
    bodies: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/options"):
            plain = {f"option_{number}": 1 for number in range(20)}
            return httpx.Response(200, json=plain | preset | {"sd_model_checkpoint": loaded})
        if request.url.path.endswith("/txt2img"):
            bodies.append(json.loads(request.content))
            return httpx.Response(200, json={"images": [base64_picture()], "info": ""})
        return httpx.Response(404)

    connection = connected("sdapi", answer, key=None)
    with closing(SdapiBackend(connection=connection, model="")) as backend:
        draw(backend)
        draw(backend, request_of(num_inference_steps=9, guidance_scale=2.0))
    assert {name: bodies[0][name] for name in ("steps", "cfg_scale") if name in bodies[0]} == fields
    assert bodies[1]["steps"] == 9


def test_a_distilled_model_is_led_as_it_was_trained_to_be() -> None:
    bodies: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/options"):
            plain = {f"option_{number}": 1 for number in range(20)}
            loaded = {"sd_model_checkpoint": "juggernautXL_lightning_4step"}
            return httpx.Response(200, json=plain | loaded)
        if path.endswith("/samplers"):
            return httpx.Response(200, json=[{"name": "Euler"}, {"name": "DPM++ 2M"}])
        if path.endswith("/schedulers"):
            return httpx.Response(200, json=[{"name": "sgm_uniform", "label": "SGM Uniform"}])
        if path.endswith("/txt2img"):
            bodies.append(json.loads(request.content))
            return httpx.Response(200, json={"images": [base64_picture()], "info": ""})
        return httpx.Response(404)

    connection = connected("sdapi", answer, key=None)
    with closing(SdapiBackend(connection=connection, model="")) as backend:
        draw(backend)
        draw(backend, request_of(scheduler="DPM++ 2M"))
    names = ("sampler_name", "scheduler")
    assert [[body.get(name) for name in names] for body in bodies] == [
        ["Euler", "sgm_uniform"],
        ["DPM++ 2M", None],
    ]


def test_a_named_model_gets_prompts_and_sizes_as_it_reads_them() -> None:
    def can(model: str) -> tuple[str, bool, tuple[int, int]]:
        capabilities = SdapiBackend(connection=connect("sdapi"), model=model).capabilities
        size = capabilities.sizes.for_ratio("sdapi", (1, 1), exact=False)
        return capabilities.profile, capabilities.negative_prompt, size

    assert can("") == ("clip75", True, (512, 512))
    assert can("ponyDiffusionV6XL") == ("clip75", True, (1024, 1024))
    assert can("flux1-dev-fp8") == ("natural", False, (1024, 1024))


def test_a_model_that_nobody_named_and_that_is_another_is_told_once() -> None:
    told: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/options"):
            return httpx.Response(200, json={"sd_model_checkpoint": "juggernautXL_v9"})
        if request.url.path.endswith("/txt2img"):
            return httpx.Response(200, json={"images": [base64_picture(512, 512)], "info": ""})
        return httpx.Response(404)

    connection = connected("sdapi", answer, key=None, tell=told.append)
    with closing(SdapiBackend(connection=connection, model="")) as backend:
        for _ in range(2):
            draw(backend, request_of(width=512, height=512))
    assert told == [
        "juggernautXL_v9 (Stable Diffusion XL) was not named, so it was asked as Stable Diffusion "
        "1 is; name it with --model or IMAGINE_SDAPI_IMAGE_MODEL for prompts in its way and "
        "1024x1024."
    ]


@pytest.mark.parametrize(
    ("habit", "guidance", "upscaler", "second"),
    [
        ("sdapi", None, "Lanczos", 7.0),
        ("forge", 1.0, "Lanczos", 1.0),
        ("sdnext", None, "Resize Lanczos", 7.0),
        ("sd-server", 2.0, "Lanczos", 2.0),
    ],
)
def test_a_second_pass_enlarges_plainly_and_draws_with_the_same_guidance(
    habit: str, guidance: float | None, upscaler: str, second: float
) -> None:
    with serve(habit) as fake, closing(backend_at(fake)) as backend:
        hires = HiresFix(1.5, 0.3)
        request = request_of(width=512, height=768, hires_fix=hires, guidance_scale=guidance)
        made = draw(backend, request)
        body = sent(fake)
    assert body["enable_hr"] is True
    assert (body["width"], body["height"]) == (512, 768)
    assert (body["hr_resize_x"], body["hr_resize_y"]) == (768, 1152)
    assert body["hr_upscaler"] == upscaler
    assert body["hr_cfg"] == second
    assert body["denoising_strength"] == 0.3
    assert made.size == (768, 1152)
    assert made.notes == ()
    assert "size" not in dict(made.parameters)


@pytest.mark.parametrize(
    ("fault", "notes", "parameters"),
    [
        ("grid", (), 4),
        ("data-url", (), 4),
        ("jpeg", (), 4),
        ("webp", (), 4),
        # The steps that were sent.
        ("no-info", (), 1),
        (
            "other-seed",
            ("Stable Diffusion WebUI drew from the seed 999 instead of 7.",),
            4,
        ),
    ],
)
def test_what_comes_is_found_however_it_comes(
    fault: str, notes: tuple[str, ...], parameters: int
) -> None:
    with serve("sdapi", faults=[fault]) as fake, closing(backend_at(fake)) as backend:
        made = draw(backend)
        assert made.received is not None
        assert made.received.data == fake.pictures[-1].bytes
    assert made.notes == notes
    assert len(made.parameters) == parameters


def test_a_picture_that_is_black_with_no_word_of_nudity_is_a_picture() -> None:
    black = picture_bytes()
    info = {"extra_generation_params": {"Schedule type": "Automatic"}}
    body = {"images": [base64_picture()], "info": json.dumps(info), "parameters": {}}
    with closing(answering(body)) as backend:
        made = draw(backend)
    assert made.received is not None
    assert made.received.data == black


def test_a_word_of_nudity_about_a_picture_that_shows_something_is_no_refusal() -> None:
    info = {"prompt": "a fox", "extra_generation_params": {"NSFW filter": "on"}}
    body = {"images": [base64_picture()], "info": json.dumps(info), "parameters": {}}
    with closing(answering(body)) as backend:
        assert draw(backend).size == (1024, 1024)


@pytest.mark.parametrize("answer", [[], {}, {"images": None}, {"images": []}, {"images": "AAAA"}])
def test_an_answer_without_pictures_is_a_refusal(answer: Any) -> None:
    with closing(answering(answer)) as backend, pytest.raises(RefusedError) as caught:
        draw(backend)
    assert str(caught.value) == (
        "Stable Diffusion WebUI sent no picture and no reason; change the prompt or choose "
        "another model (--model)."
    )


@pytest.mark.parametrize("info", ["", "no JSON", "[1]", None, 7, '{"steps": "many"}'])
def test_a_report_that_cannot_be_read_is_no_hindrance(info: Any) -> None:
    with closing(answering({"images": [base64_picture()], "info": info})) as backend:
        made = draw(backend)
    assert (made.model, made.parameters, made.notes) == ("", (), ())


def test_where_there_is_no_report_the_pictures_own_text_is_one() -> None:
    file, told = io.BytesIO(), PngInfo()
    told.add_text(
        "parameters",
        "a fox\nSteps: 99, Seed: 3\nSteps: 20, CFG scale: 7.500000, Guidance: 3.500000, Eta: inf, "
        "Seed: 8, Size: 64x64, Sampler: dpm++2m karras, Version: stable-diffusion.cpp",
    )
    Image.new("RGB", (64, 64)).save(file, "PNG", pnginfo=told)
    body = {"images": [b64encode(file.getvalue()).decode()], "info": ""}
    with closing(answering(body)) as backend:
        made = draw(backend, request_of(width=64, height=64))
    assert made.parameters == (
        ("num_inference_steps", 20),
        ("guidance_scale", 7.5),
        ("scheduler", "dpm++2m karras"),
    )
    assert made.notes == ("Stable Diffusion WebUI drew from the seed 8 instead of 7.",)


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (
            422,
            {"detail": [{"loc": ["body", "steps"], "msg": "Input should be less than 150"}]},
            ProviderError,
            "Stable Diffusion WebUI rejected the request (422): body.steps: Input should be less "
            "than 150; check the model and the options that you gave.",
        ),
        (
            404,
            {"detail": "Not Found"},
            ConfigError,
            "Stable Diffusion WebUI at http://127.0.0.1:7860 has no interface for programs (404): "
            "Not Found; start it with --api, or set IMAGINE_SDAPI_BASE_URL.",
        ),
        (
            501,
            "Error response",
            ConfigError,
            "Stable Diffusion WebUI is not what answers at http://127.0.0.1:7860 (501); start it "
            "with --api, or set IMAGINE_SDAPI_BASE_URL.",
        ),
        (
            401,
            {"detail": "Incorrect username or password"},
            ConfigError,
            "Stable Diffusion WebUI wants a user and a password (401): Incorrect username or "
            "password; set sdapi_api_key to the USER:PASSWORD that its --api-auth names.",
        ),
        (
            500,
            {"error": "OutOfMemoryError", "detail": "", "errors": "CUDA out of memory."},
            ProviderError,
            "Stable Diffusion WebUI ran out of memory (OutOfMemoryError: CUDA out of memory); ask "
            "for a smaller --size, or choose another model (--model).",
        ),
        (
            500,
            {"error": "server_error", "message": "type must be number"},
            ProviderError,
            "Stable Diffusion WebUI failed (server_error: type must be number); look at what it "
            "printed.",
        ),
        (
            500,
            "Internal Server Error",
            ProviderError,
            "Stable Diffusion WebUI failed (500): Internal Server Error; look at what it printed.",
        ),
        (
            400,
            {"error": "prompt required"},
            ProviderError,
            "Stable Diffusion WebUI rejected the request (400): prompt required; check the model "
            "and the options that you gave.",
        ),
    ],
)
def test_errors_say_what_to_do(
    status: int, body: Any, error: type[ImagineError], message: str
) -> None:
    with closing(answering(body, status)) as backend, pytest.raises(error) as caught:
        draw(backend)
    assert type(caught.value) is error
    assert str(caught.value) == message


def test_a_failure_of_the_servers_own_code_is_not_tried_again() -> None:
    with serve("forge", faults=["plain-500*"]) as fake, closing(backend_at(fake)) as backend:
        with pytest.raises(ProviderError):
            draw(backend)
        assert len(fake.log.of("image")) == 1


def test_user_and_password_go_with_every_request_and_a_wrong_one_is_told() -> None:
    with serve("sdapi", key=LOGIN) as fake:
        with closing(backend_at(fake, key=Secret(LOGIN))) as backend:
            draw(backend)
        assert all(entry.key_is_right for entry in fake.entries)
        wrong = backend_at(fake, key=Secret("fox:wrong"))
        with closing(wrong), pytest.raises(ConfigError) as caught:
            draw(wrong)
    assert str(caught.value) == (
        "Stable Diffusion WebUI rejected the key (401): Incorrect username or password; set "
        "sdapi_api_key to the USER:PASSWORD that its --api-auth names."
    )


def test_a_drawing_may_take_an_hour_unless_the_user_says_otherwise() -> None:
    with closing(SdapiBackend(connection=connect("sdapi"), model="")) as backend:
        assert backend.connection.timeout == SILENCE == 3600.0
    with closing(SdapiBackend(connection=connect("sdapi", timeout=5.0), model="")) as backend:
        assert backend.connection.timeout == 5.0


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagine.stages.generate.sdapi_progress.EVERY", 0.02)
    monkeypatch.setattr("imagine.stages.generate.sdapi_progress.PREVIEW_EVERY", 0.1)
    # A slow machine may stop; who waits too long for it is another test's.
    monkeypatch.setattr("imagine.stages.generate.sdapi_progress.CANCEL_TIMEOUT", PATIENT)


def followed(
    backend: SdapiBackend, fake: Fake, request: ImageRequest, *, seconds: float = LONG / 10
) -> Iterator[Progress | GeneratedImage]:
    """Every step of a picture, after each of which the server draws for some more seconds."""
    for step in backend.generate(request):
        yield step
        if isinstance(step, Progress) and step.label.startswith(("drawing", "waiting")):
            fake.forward(seconds)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("habit", WEBUIS)
def test_steps_are_told_as_they_are_drawn_with_previews(habit: str) -> None:
    with serve(habit, latency=HOUR) as fake, closing(backend_at(fake)) as backend:
        request = request_of(num_inference_steps=10)
        *steps, last = followed(backend, fake, request, seconds=HOUR / 10)
    assert isinstance(last, GeneratedImage)
    drawing = [step for step in steps if isinstance(step, Progress) and step.label == "drawing"]
    assert [step.step for step in drawing] == list(range(10))
    assert {step.total for step in drawing} == {10}
    previews = [step.preview() for step in drawing if step.preview is not None]
    assert previews
    assert all(preview.mode == "RGB" and preview.size == (64, 64) for preview in previews)


@pytest.mark.usefixtures("quick")
def test_both_passes_are_told() -> None:
    with serve("forge", latency=HOUR) as fake, closing(backend_at(fake)) as backend:
        request = request_of(num_inference_steps=10, hires_fix=HiresFix(2.0))
        steps = followed(backend, fake, request, seconds=HOUR / 10)
        labels = [step.label for step in steps if isinstance(step, Progress)]
    assert list(dict.fromkeys(labels))[:-1] == [
        "sent to Stable Diffusion WebUI",
        "drawing, pass 1 of 2",
        "drawing, pass 2 of 2",
    ]


@pytest.mark.usefixtures("quick")
def test_a_server_that_tells_nothing_is_asked_once_and_left_alone() -> None:
    with serve("sd-server", latency=0.3) as fake, closing(backend_at(fake)) as backend:
        steps = [step for step in backend.generate(request_of()) if isinstance(step, Progress)]
        assert [step.label for step in steps] == [
            "sent to Stable Diffusion WebUI",
            "received 1024x1024 PNG, 0.1 MB",
        ]
        assert len([entry for entry in fake.entries if entry.path.endswith("/progress")]) == 1


def drawing_elsewhere(fake: Fake) -> threading.Thread:
    """Somebody else's picture, which is being drawn when this returns."""

    def other() -> None:
        body = {"prompt": "a cat", "steps": 10, "force_task_id": "theirs"}
        httpx.post(f"{fake.url}/sdapi/v1/txt2img", json=body, trust_env=False, timeout=LONG)

    thread = threading.Thread(target=other)
    thread.start()
    until(lambda: is_drawing(fake))
    return thread


def is_drawing(fake: Fake) -> bool:
    """Whether a server draws anything now, as somebody else hears of it."""
    told = httpx.get(f"{fake.url}/sdapi/v1/progress", trust_env=False).json()
    return bool(told["state"]["job_count"])


@pytest.mark.usefixtures("quick")
def test_steps_of_somebody_elses_picture_are_not_told_as_ours() -> None:
    with serve("sdapi", latency=LONG) as fake, closing(backend_at(fake)) as backend:
        other = drawing_elsewhere(fake)
        steps = followed(backend, fake, request_of(num_inference_steps=50), seconds=LONG)
        told = [step for step in steps if isinstance(step, Progress)]
        other.join()
    assert told[1].label == "waiting in line"
    assert {step.total for step in told if step.label == "drawing"} == {50}


def interrupted(steps: Iterator[Progress | GeneratedImage], label: str) -> None:
    """Go on until a step says `label`, then stop as Ctrl-C does."""
    for step in steps:
        if isinstance(step, Progress) and step.label == label:
            break
    with pytest.raises(KeyboardInterrupt):
        steps.throw(KeyboardInterrupt())  # type: ignore[attr-defined]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("habit", WEBUIS)
def test_ctrl_c_has_the_server_stop_and_the_next_picture_is_drawn_as_ever(habit: str) -> None:
    told: list[str] = []
    with serve(habit, latency=LONG) as fake, closing(backend_at(fake, tell=told.append)) as backend:
        with Limit():
            interrupted(backend.generate(request_of()), "drawing")
        assert told == ["Stable Diffusion WebUI was asked to stop drawing."]
        assert len(fake.log.of("cancel")) == 1
        *_, made = followed(backend, fake, request_of())
    assert isinstance(made, GeneratedImage)
    assert made.received is not None
    assert made.received.data == fake.pictures[-1].bytes
    assert made.notes == ()


@pytest.mark.usefixtures("quick")
def test_ctrl_c_stops_nothing_of_somebody_elses() -> None:
    told: list[str] = []
    with (
        serve("sdapi", latency=LONG) as fake,
        closing(backend_at(fake, tell=told.append)) as backend,
    ):
        other = drawing_elsewhere(fake)
        interrupted(backend.generate(request_of()), "waiting in line")
        assert fake.log.of("cancel") == []
        fake.forward(LONG)
        other.join()
    assert told == [
        "Stable Diffusion WebUI cannot be stopped now and may draw the picture to its end."
    ]


@pytest.mark.usefixtures("quick")
def test_ctrl_c_does_not_wait_for_a_server_that_cannot_stop_and_says_that_it_draws_on() -> None:
    told: list[str] = []
    with serve("sd-server", latency=LONG) as fake:
        backend = backend_at(fake, tell=told.append)
        with closing(backend), ctrl_c_while_it_follows(), pytest.raises(KeyboardInterrupt):
            draw(backend)
    assert told == [
        "Stable Diffusion WebUI cannot be stopped now and may draw the picture to its end."
    ]


@contextmanager
def ctrl_c_while_it_follows() -> Iterator[None]:
    """Presses Ctrl-C when a picture is waited for, which then may not take long."""

    def press() -> None:
        until(lambda: is_in("follow"))
        _thread.interrupt_main()

    pressing = threading.Thread(target=press)
    pressing.start()
    with Limit():
        yield
    pressing.join()


@contextmanager
def mute(*paths: str) -> Iterator[httpx.MockTransport]:
    """A server that takes questions under these paths, and never answers them."""
    over = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(paths):
            over.wait(LONG)
        if request.url.path.endswith("/txt2img"):
            return httpx.Response(200, json={"images": [base64_picture()], "info": ""})
        return httpx.Response(404)

    yield httpx.MockTransport(answer)
    over.set()


@pytest.mark.usefixtures("quick")
def test_ctrl_c_does_not_wait_for_a_server_that_answers_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("imagine.stages.generate.sdapi_progress.CANCEL_TIMEOUT", 0.1)
    told: list[str] = []
    with mute("/txt2img", "/internal/progress") as transport:
        connection = connect("sdapi", transport=transport, tell=told.append)
        backend = SdapiBackend(connection=connection, model="")
        with ctrl_c_while_it_follows(), pytest.raises(KeyboardInterrupt):
            for _ in backend.generate(request_of()):
                pass
    assert told == [
        "Stable Diffusion WebUI cannot be stopped now and may draw the picture to its end."
    ]


@pytest.mark.parametrize("silent", ["options", "txt2img"])
def test_a_server_that_never_answers_is_given_up_after_the_users_timeout(silent: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stop = threading.Event()
        thread = threading.Thread(target=answering_all_but, args=(listening, silent, stop))
        thread.start()
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        connection = connect("sdapi", base_url=base_url, timeout=0.2, patience=0.0)
        backend = SdapiBackend(connection=connection, model="")
        with closing(backend), pytest.raises(ProviderError) as caught:
            draw(backend)
        stop.set()
        thread.join()
    assert str(caught.value).startswith("Stable Diffusion WebUI sent nothing for 0.2 s")


def answering_all_but(listening: socket.socket, silent: str, stop: threading.Event) -> None:
    """A server that says of everything that it is not there, but keeps one path waiting."""
    listening.settimeout(0.02)
    held = []
    while not stop.is_set():
        try:
            accepted, _ = listening.accept()
        except TimeoutError:
            continue
        held.append(accepted)
        if silent.encode() not in accepted.recv(65_536):
            accepted.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    for accepted in held:
        accepted.close()


@pytest.mark.usefixtures("quick")
def test_a_picture_that_another_thread_draws_can_be_stopped_and_is_not_kept() -> None:
    with serve("sdapi", latency=LONG) as fake, closing(backend_at(fake)) as backend:
        ends: list[object] = []

        def drawing() -> None:
            try:
                ends.append(draw(backend))
            except ImagineError as error:
                ends.append(error)

        thread = threading.Thread(target=drawing)
        thread.start()
        until(lambda: is_drawing(fake))
        assert backend.cancel_all() == ["Stable Diffusion WebUI was asked to stop drawing."]
        thread.join(PATIENT)
        assert not thread.is_alive()
    (end,) = ends
    assert type(end) is StoppedError
    assert str(end) == "Stable Diffusion WebUI was asked to stop drawing."
    assert backend.cancel_all() == []


@pytest.mark.usefixtures("quick")
def test_a_picture_that_was_stopped_at_the_server_says_so() -> None:
    with serve("forge", latency=LONG) as fake, closing(backend_at(fake)) as backend:
        *_, made = stopped_there(backend, fake)
    assert isinstance(made, GeneratedImage)
    assert made.notes == (
        "Stable Diffusion WebUI was stopped there before the picture was finished.",
    )


def stopped_there(backend: SdapiBackend, fake: Fake) -> Iterator[Progress | GeneratedImage]:
    for step in backend.generate(request_of()):
        if isinstance(step, Progress) and step.label == "drawing":
            httpx.post(f"{fake.url}/sdapi/v1/interrupt", trust_env=False)
        yield step


def test_a_damaged_preview_is_a_blank_one() -> None:
    from imagine.stages.generate.sdapi_progress import _preview

    for encoded in ("%%%", "AAAA", base64_picture()[:100]):
        shown = _preview(encoded)
        assert shown is not None
        assert shown().getextrema() == ((0, 0),) * 3
    assert _preview("") is None


def test_a_damaged_picture_of_which_nudity_is_told_is_unusable() -> None:
    info = {"extra_generation_params": {"NSFW": "blanked"}}
    backend = answering({"images": ["AAAA"], "info": json.dumps(info)})
    with closing(backend), pytest.raises(UnusableAnswerError) as caught:
        draw(backend)
    assert str(caught.value) == "The picture is damaged; nothing was saved, try again."
