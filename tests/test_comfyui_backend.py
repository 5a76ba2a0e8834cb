"""The backend `comfyui` against the fake: what is sent, followed, fetched, stopped, and refused."""

import io
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from comfyui_workflows import Nodes, named, node, of_parts, two_passes, with_alpha, write
from fakes import Fake, serve
from fakes.comfyui_nodes import CHECKPOINTS, KINDS, LORAS, Kind
from hosted import connected, draw, pauses_pass, request_of
from patience import LONG, PATIENT, until
from PIL import Image

from imagine.stages.errors import (
    ConfigError,
    ImagineError,
    LostAnswerError,
    ProviderError,
    RefusedError,
    UsageError,
)
from imagine.stages.generate.comfyui.backend import ComfyUIBackend
from imagine.stages.generate.job import JobFailedError
from imagine.stages.image import GeneratedImage, HiresFix, Lora, Progress, ReferenceImage
from imagine.stages.network.providers import connect


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagine.stages.generate.comfyui.backend.EVERY", 0.01)
    monkeypatch.setattr("imagine.stages.network.retry.FIRST_CEILING", 0.001)
    monkeypatch.setattr("imagine.stages.generate.queued.CANCEL_TIMEOUT", PATIENT)


@contextmanager
def at(
    fake: Fake, model: str = "", workflow: Path | None = None, **changes: Any
) -> Iterator[ComfyUIBackend]:
    values: dict[str, Any] = {"base_url": fake.url, "patience": 5.0}
    connection = connect("comfyui", **(values | changes))
    with closing(ComfyUIBackend(connection=connection, model=model, workflow=workflow)) as backend:
        yield backend


def sent(fake: Fake) -> Nodes:
    """The last graph that was sent."""
    nodes: Nodes = fake.log.of("image")[-1].parsed["prompt"]
    return nodes


def picture(
    width: int, height: int, box: tuple[int, int, int, int] | None = None
) -> ReferenceImage:
    """A red picture with a white box in it."""
    image = Image.new("RGB", (width, height), "red")
    if box is not None:
        image.paste("white", box)
    file = io.BytesIO()
    image.save(file, "PNG")
    return ReferenceImage(file.getvalue(), "png", width, height, sha256="0" * 64)


def mask(width: int, height: int, box: tuple[int, int, int, int] | None = None) -> ReferenceImage:
    image = Image.new("L", (width, height), 0)
    if box is not None:
        image.paste(200, box)
    file = io.BytesIO()
    image.save(file, "PNG")
    return ReferenceImage(file.getvalue(), "png", width, height, sha256="1" * 64)


def uploads(fake: Fake) -> dict[str, Image.Image]:
    """What was uploaded, by the name it was given."""
    found = {}
    for entry in fake.log.of("files"):
        data = dict(entry.parsed)["image"]
        image = Image.open(io.BytesIO(data))
        found[str(len(found))] = image
    return found


def test_a_picture_is_asked_for_followed_and_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagine.stages.generate.comfyui.backend.EVERY", LONG / 10)
    with serve("comfyui", latency=LONG) as fake, at(fake) as backend:
        pauses_pass(monkeypatch, fake)
        *steps, made = backend.generate(request_of(width=512, height=768))
    assert isinstance(made, GeneratedImage)
    assert [step.label for step in steps if isinstance(step, Progress)][:3] == [
        "sent to ComfyUI",
        "waiting",
        "drawing",
    ]
    assert made.received is not None
    assert made.received.data == fake.pictures[0].bytes
    assert (made.model, made.size, made.notes) == (CHECKPOINTS[0], (512, 768), ())
    (asked,) = fake.log.of("image")
    assert dict(made.parameters) == {
        "job": asked.parsed["prompt_id"],
        "workflow": "txt2img",
        "num_inference_steps": 25,
        "guidance_scale": 7.5,
        "scheduler": "dpmpp_2m/karras",
    }
    kinds = [f"{entry.method} {entry.path.split('/')[1]}" for entry in fake.entries]
    assert list(dict.fromkeys(kinds)) == [
        "GET object_info",
        "POST prompt",
        "GET history",
        "GET queue",
        "GET view",
    ]
    assert asked.prompt == "a red fox"


def test_what_was_recorded_asks_for_the_same_again() -> None:
    with serve("comfyui") as fake, at(fake) as backend:
        first = draw(backend)
        chosen = dict(first.parameters)
        before = sent(fake)
        again = request_of(
            num_inference_steps=chosen["num_inference_steps"],
            guidance_scale=chosen["guidance_scale"],
            scheduler=chosen["scheduler"],
        )
        draw(backend, again)
    assert sent(fake) == before


@pytest.mark.parametrize(
    ("model", "checkpoint"),
    [
        ("", CHECKPOINTS[0]),
        ("dreamshaper_8.safetensors", CHECKPOINTS[0]),
        ("DreamShaper_8", CHECKPOINTS[0]),
        ("sd_xl_base_1.0", CHECKPOINTS[1]),
        ("sdxl\\sd_xl_base_1.0.safetensors", CHECKPOINTS[1]),
    ],
)
def test_a_checkpoint_is_found_without_folder_and_ending(model: str, checkpoint: str) -> None:
    with serve("comfyui") as fake, at(fake, model) as backend:
        made = draw(backend)
    assert sent(fake)["1"]["inputs"]["ckpt_name"] == checkpoint
    assert (made.model, made.notes) == (checkpoint, ())


def test_which_checkpoint_draws_is_told_once_where_nobody_named_one() -> None:
    told: list[str] = []
    with serve("comfyui") as fake, at(fake, tell=told.append) as backend:
        for _ in range(2):
            draw(backend)
    assert told == [
        "ComfyUI draws with dreamshaper_8.safetensors, the first of its 2 checkpoints; --model "
        "names another."
    ]


def test_what_the_server_has_is_asked_for_once() -> None:
    with serve("comfyui") as fake, at(fake) as backend:
        for _ in range(2):
            draw(backend, request_of(scheduler="euler", loras=(Lora("detail"),)))
    asked = [entry.path for entry in fake.log.of("models")]
    assert asked == [
        "/object_info/CheckpointLoaderSimple",
        "/object_info/KSampler",
        "/object_info/KSampler",
        "/object_info/LoraLoader",
    ]


@pytest.mark.parametrize(
    ("scheduler", "sampler", "schedule"),
    [
        ("euler", "euler", "normal"),
        ("Euler a", "euler_ancestral", "normal"),
        ("dpm++_2m_karras", "dpmpp_2m", "karras"),
        ("ddim/sgm_uniform", "ddim", "sgm_uniform"),
    ],
)
def test_a_scheduler_is_named_as_everywhere_or_as_the_server_does(
    scheduler: str, sampler: str, schedule: str
) -> None:
    with serve("comfyui") as fake, at(fake) as backend:
        draw(backend, request_of(scheduler=scheduler))
    inputs = sent(fake)["5"]["inputs"]
    assert (inputs["sampler_name"], inputs["scheduler"]) == (sampler, schedule)


def test_loras_are_found_as_checkpoints_are() -> None:
    with serve("comfyui") as fake, at(fake) as backend:
        draw(backend, request_of(loras=(Lora("ink", 0.5), Lora("Detail"))))
    loaded = [one["inputs"] for one in sent(fake).values() if one["class_type"] == "LoraLoader"]
    assert [(one["lora_name"], one["strength_model"]) for one in loaded] == [
        (LORAS[1], 0.5),
        (LORAS[0], 1.0),
    ]


def test_a_second_pass_gives_the_larger_picture() -> None:
    with serve("comfyui") as fake, at(fake) as backend:
        made = draw(backend, request_of(width=512, height=512, hires_fix=HiresFix(2.0, 0.4)))
    assert made.size == (1024, 1024)
    assert made.notes == ()


def test_a_reference_picture_and_its_mask_are_brought_to_the_size_and_uploaded() -> None:
    request = request_of(
        width=512,
        height=512,
        images=(picture(300, 200),),
        mask=mask(300, 200, (0, 0, 150, 200)),
        strength=0.6,
    )
    with serve("comfyui") as fake, at(fake) as backend:
        made = draw(backend, request)
    drawn, where = uploads(fake).values()
    assert (drawn.size, drawn.mode) == ((512, 512), "RGB")
    assert (where.size, sorted(set(where.tobytes()))) == ((512, 512), [0, 255])
    assert (where.getpixel((10, 256)), where.getpixel((500, 256))) == (255, 0)
    nodes = sent(fake)
    first, second = (dict(entry.parsed)["overwrite"] for entry in fake.log.of("files"))
    assert (first, second) == ("true", "true")
    assert nodes["4"]["inputs"]["image"].startswith("imagine-")
    assert nodes["9"]["inputs"]["image"].startswith("imagine-")
    assert nodes["5"]["inputs"]["denoise"] == 0.6
    assert dict(made.parameters)["workflow"] == "inpaint"
    assert dict(made.parameters)["strength"] == 0.6


@pytest.mark.parametrize(
    ("checkpoint", "kind"),
    [
        ("flux1-dev-fp8.safetensors", "FluxGuidance"),
        ("dreamshaper_8Inpainting.safetensors", "InpaintModelConditioning"),
    ],
)
def test_what_a_models_name_says_is_in_the_graph_that_the_server_runs(
    checkpoint: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = Kind({"ckpt_name": (checkpoint,)}, ("MODEL", "CLIP", "VAE"))
    monkeypatch.setitem(KINDS, "CheckpointLoaderSimple", loader)
    request = request_of(
        width=512, height=512, images=(picture(512, 512),), mask=mask(512, 512, (0, 0, 99, 99))
    )
    # The name is that of the model that draws, whether the user gave it or not.
    with serve("comfyui") as fake, at(fake) as backend:
        assert draw(backend, request).received is not None
    assert kind in {node["class_type"] for node in sent(fake).values()}


def test_what_is_transparent_in_a_picture_is_white() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(file, "PNG")
    clear = ReferenceImage(file.getvalue(), "png", 64, 64, sha256="0" * 64)
    with serve("comfyui") as fake, at(fake) as backend:
        draw(backend, request_of(width=64, height=64, images=(clear,)))
    (uploaded,) = uploads(fake).values()
    assert uploaded.getextrema() == ((255, 255),) * 3


def test_a_workflow_of_ones_own_is_known_by_its_hash(tmp_path: Path) -> None:
    mine, other = named(), named()
    other["5"]["inputs"]["steps"] = 7
    paths = [write(tmp_path / f"{number}.json", one) for number, one in enumerate((mine, other))]
    identities = [
        ComfyUIBackend(connection=connect("comfyui"), model="", workflow=path).identity
        for path in (*paths, paths[0], None)
    ]
    assert identities[0] == identities[2] != identities[1]
    assert [len(identity) for identity in identities] == [16, 16, 16, 0]


def test_a_model_that_nobody_named_and_that_is_another_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loader = Kind({"ckpt_name": ("juggernautXL_v9.safetensors",)}, ("MODEL", "CLIP", "VAE"))
    monkeypatch.setitem(KINDS, "CheckpointLoaderSimple", loader)
    told: list[str] = []
    with serve("comfyui") as fake, at(fake, tell=told.append) as backend:
        for _ in range(2):
            draw(backend, request_of(width=512, height=512))
    assert told == [
        "juggernautXL_v9.safetensors (Stable Diffusion XL) was not named, so it was asked as "
        "Stable Diffusion 1 is; name it with --model or IMAGINE_COMFYUI_IMAGE_MODEL for prompts "
        "in its way and 1024x1024."
    ]


def test_without_a_mask_all_of_the_picture_is_drawn_anew() -> None:
    with serve("comfyui") as fake, at(fake) as backend:
        made = draw(backend, request_of(width=512, height=512, images=(picture(512, 512),)))
    assert len(uploads(fake)) == 1
    assert dict(made.parameters)["workflow"] == "img2img"
    assert dict(made.parameters)["strength"] == 0.75


def test_the_mask_of_ones_own_workflow_may_be_the_transparency(tmp_path: Path) -> None:
    nodes = with_alpha()
    # The fake has no such node; this one takes the same.
    nodes["8"] = node("VAEEncode", pixels=["4", 0], vae=["1", 2])
    nodes["9"] = node("SetLatentNoiseMask", samples=["8", 0], mask=["4", 1])
    nodes["5"]["inputs"]["latent_image"] = ["9", 0]
    request = request_of(
        width=512, height=512, images=(picture(512, 512),), mask=mask(512, 512, (0, 0, 256, 512))
    )
    workflow = write(tmp_path / "mine.json", nodes)
    with serve("comfyui") as fake, at(fake, workflow=workflow) as backend:
        draw(backend, request)
    (both,) = uploads(fake).values()
    assert both.mode == "RGBA"
    assert both.getpixel((10, 10)) == (255, 0, 0, 0)
    assert both.getpixel((500, 10)) == (255, 0, 0, 255)


def test_ones_own_workflow_keeps_its_model_and_may_change_the_size(tmp_path: Path) -> None:
    nodes = named()
    nodes["8"] = node(
        "ImageScale", image=["6", 0], upscale_method="lanczos", width=640, height=640, crop="center"
    )
    nodes["7"]["inputs"]["images"] = ["8", 0]
    workflow = write(tmp_path / "mine.json", nodes)
    with serve("comfyui") as fake, at(fake, workflow=workflow) as backend:
        made = draw(backend, request_of(width=512, height=768))
    assert fake.log.of("models") == []
    assert made.model == CHECKPOINTS[0]
    assert made.notes == (
        "The picture is 640x640 instead of the 512x768 asked for, as the workflow has it.",
    )
    assert len(str(dict(made.parameters)["workflow"])) == 16


def test_of_several_pictures_the_first_is_taken() -> None:
    with serve("comfyui", faults=["several"]) as fake, at(fake) as backend:
        assert draw(backend).received is not None
    assert [entry.query["filename"] for entry in fake.log.of("download")] == ["imagine_00001_.png"]


def test_a_server_that_names_jobs_itself_is_followed_by_its_name() -> None:
    with serve("comfyui", faults=["other-prompt-id"]) as fake, at(fake) as backend:
        assert dict(draw(backend).parameters)["job"] == "own-0"


def test_pictures_wait_for_each_other_and_say_so() -> None:
    labels: list[str] = []
    with serve("comfyui", latency=LONG) as fake, at(fake) as backend:
        first = Thread(target=draw, args=(backend,))
        first.start()
        until(lambda: fake.log.of("poll"))
        for step in backend.generate(request_of("a cat")):
            if isinstance(step, Progress):
                labels.append(step.label)
                if step.label in ("waiting, 1 before it", "drawing"):
                    fake.forward(LONG)
        first.join()
    assert labels[:4] == ["sent to ComfyUI", "waiting", "waiting, 1 before it", "drawing"]
    assert fake.paid == 2


@pytest.mark.parametrize(
    ("faults", "error", "message"),
    [
        (
            ["failed=mat1 and mat2 shapes cannot be multiplied"],
            JobFailedError,
            "The job JOB failed at ComfyUI in CheckpointLoaderSimple: SafetensorError “mat1 and "
            "mat2 shapes cannot be multiplied”; look at what it printed, or choose another model "
            "(--model).",
        ),
        (
            ["out-of-memory"],
            JobFailedError,
            "ComfyUI ran out of memory in KSampler (“Allocation on device”); ask for a smaller "
            "--size, or start it with --lowvram.",
        ),
        (
            ["interrupted"],
            JobFailedError,
            "The job JOB was interrupted at ComfyUI; draw the picture again.",
        ),
        (
            ["forgotten"],
            JobFailedError,
            "ComfyUI knows nothing of the job JOB any more: it was restarted, or its queue was "
            "cleared; draw the picture again.",
        ),
        (
            ["no-images"],
            RefusedError,
            "ComfyUI sent no picture and no reason; change the prompt or choose another model "
            "(--model).",
        ),
        (
            ["gone"],
            LostAnswerError,
            "ComfyUI holds the job JOB, but it was lost sight of (ComfyUI no longer has the file "
            "of this picture (404), and does not draw again what it remembers; choose another "
            "--seed, or restart it); look for its picture at URL.",
        ),
        (
            ["missing-node"],
            ConfigError,
            "ComfyUI lacks a node of the workflow “Cannot execute because node FaceDetailer does "
            "not exist: Node ID '#1'”; install what has it there, or use another workflow "
            "(comfyui_workflow).",
        ),
        (
            ["400"],
            ProviderError,
            "ComfyUI rejects the workflow: No prompt provided; check the options that you gave, "
            "and the workflow.",
        ),
        (
            ["no-prompt-id"],
            LostAnswerError,
            "ComfyUI accepted the request and did not name the job, so its picture cannot be "
            "fetched; try again.",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_picture_that_does_not_come_is_an_error(
    faults: list[str], error: type[ImagineError], message: str
) -> None:
    with serve("comfyui", faults=faults) as fake, at(fake) as backend:
        with pytest.raises(error) as caught:
            draw(backend)
        (asked,) = fake.log.of("image")
        told = message.replace("JOB", asked.parsed["prompt_id"]).replace("URL", fake.url)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("model", "changes", "message"),
    [
        (
            "dreamshaper",
            {},
            "ComfyUI has no model 'dreamshaper'; did you mean 'dreamshaper_8.safetensors'? "
            "(--model; it has: dreamshaper_8.safetensors, sdxl/sd_xl_base_1.0.safetensors).",
        ),
        (
            "",
            {"loras": (Lora("details"),)},
            "ComfyUI has no LoRA 'details'; did you mean 'detail.safetensors'? (--lora; it has: "
            "detail.safetensors, styles/ink.safetensors).",
        ),
        (
            "",
            {"scheduler": "my_sampler"},
            "ComfyUI has no sampler 'my_sampler' (--scheduler; it has: euler, euler_ancestral, "
            "dpmpp_2m, ddim).",
        ),
        (
            "",
            {"scheduler": "euler/carras"},
            "ComfyUI has no schedule 'carras'; did you mean 'karras'? (--scheduler; it has: "
            "simple, sgm_uniform, karras, normal).",
        ),
        (
            "",
            {"guidance_scale": 101.0},
            "--guidance 101 is out of range: ComfyUI reads 0 to 100; choose one of these.",
        ),
        (
            "nosuch",
            {},
            "ComfyUI has no model 'nosuch' (--model; it has: dreamshaper_8.safetensors, "
            "sdxl/sd_xl_base_1.0.safetensors).",
        ),
        (
            "",
            {"width": 64, "height": 64, "images": (picture(64, 64),), "mask": mask(64, 64)},
            "The mask has no white at 64x64, so nothing would be drawn; paint what --mask is to "
            "draw anew in white.",
        ),
    ],
    ids=["model", "LoRA", "sampler", "schedule", "guidance", "another model", "black mask"],
)
def test_what_the_server_lacks_is_refused_before_it_draws(
    model: str, changes: dict[str, Any], message: str
) -> None:
    refused = pytest.raises(UsageError)
    with serve("comfyui") as fake, at(fake, model) as backend, refused as caught:
        draw(backend, request_of(**changes))
    assert str(caught.value) == message
    assert fake.log.of("image", "files") == []


def test_a_model_that_the_workflow_names_and_the_server_lacks_is_named(tmp_path: Path) -> None:
    workflow = write(tmp_path / "mine.json", named("dreamshaper_7.safetensors"))
    refused = pytest.raises(UsageError)
    with serve("comfyui") as fake, at(fake, workflow=workflow) as backend, refused as caught:
        draw(backend)
    assert str(caught.value) == (
        "ComfyUI has no 'dreamshaper_7.safetensors' for ckpt_name of node 1 "
        "(CheckpointLoaderSimple); did you mean 'dreamshaper_8.safetensors'? (it has: "
        "dreamshaper_8.safetensors, sdxl/sd_xl_base_1.0.safetensors); name another (--model, "
        "--lora, --scheduler), or change the workflow."
    )


def test_a_workflow_of_which_only_another_part_would_run_is_an_error(tmp_path: Path) -> None:
    nodes = named("dreamshaper_7.safetensors")
    nodes["50"] = node("LoadImage", image="x.png")
    good = {**named(), "7": node("PreviewImage", images=["6", 0])}
    shifted = {f"1{name}": _renumbered(one) for name, one in good.items()}
    workflow = write(tmp_path / "mine.json", {**nodes, **shifted})
    refused = pytest.raises(UsageError, match=r"^ComfyUI has no 'dreamshaper_7\.safetensors' for")
    with serve("comfyui") as fake, at(fake, workflow=workflow) as backend, refused:
        draw(backend)
    assert [entry.path for entry in fake.log.of("cancel")][:1] == ["/queue"]


def _renumbered(one: dict[str, Any]) -> dict[str, Any]:
    inputs = {
        name: [f"1{value[0]}", value[1]] if isinstance(value, list) else value
        for name, value in one["inputs"].items()
    }
    return {**one, "inputs": inputs}


def test_a_model_for_a_workflow_that_loads_none_is_refused(tmp_path: Path) -> None:
    nodes = of_parts()
    nodes["model"] = node("MyLoader", path="x")
    workflow = write(tmp_path / "mine.json", nodes)
    with pytest.raises(UsageError) as caught:
        ComfyUIBackend(connection=connect("comfyui"), model="flux", workflow=workflow)
    assert str(caught.value) == (
        f"The workflow '{workflow}' has no one node that loads a model, such as "
        "CheckpointLoaderSimple; leave --model out, or give the node that is meant the title "
        "'imagine:model'."
    )


def test_a_server_without_checkpoints_says_what_to_do() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        listed = {"input": {"required": {"ckpt_name": ["COMBO", {"options": []}]}}}
        return httpx.Response(200, json={"CheckpointLoaderSimple": listed})

    backend = ComfyUIBackend(connection=connected("comfyui", answer, key=None), model="")
    with pytest.raises(ConfigError) as caught:
        draw(backend)
    assert str(caught.value) == (
        "ComfyUI has no checkpoint; put one into its folder models/checkpoints, or set "
        "comfyui_workflow to a workflow that loads what it has."
    )


def interrupted(fake: Fake, when: str, prompt: str = "a red fox") -> list[str]:
    """What is told when Ctrl-C comes at the first step that is labelled so."""
    told: list[str] = []
    with at(fake, CHECKPOINTS[0], tell=told.append) as backend:
        steps = backend.generate(request_of(prompt))
        for step in steps:
            if isinstance(step, Progress) and step.label == when:
                with pytest.raises(KeyboardInterrupt):
                    steps.throw(KeyboardInterrupt())  # type: ignore[attr-defined]
    return told


def test_ctrl_c_interrupts_the_picture_that_is_drawn() -> None:
    with serve("comfyui", latency=60) as fake:
        told = interrupted(fake, "drawing")
        (asked,) = fake.log.of("image")
        job = asked.parsed["prompt_id"]
        stops = [(entry.path, entry.parsed) for entry in fake.log.of("cancel")]
        queue = httpx.get(f"{fake.url}/queue", trust_env=False).json()
    assert told == [f"ComfyUI was asked to stop the job {job}."]
    assert stops == [("/queue", {"delete": [job]}), ("/interrupt", {"prompt_id": job})]
    assert queue == {"queue_running": [], "queue_pending": []}
    assert fake.paid == 0


def test_ctrl_c_takes_a_waiting_picture_out_of_the_queue_and_lets_others_go_on() -> None:
    with serve("comfyui", latency=LONG) as fake, at(fake) as other:
        made: list[GeneratedImage] = []
        first = Thread(target=lambda: made.append(draw(other)))
        first.start()
        until(lambda: fake.log.of("poll"))
        interrupted(fake, "waiting, 1 before it", "a cat")
        fake.forward(LONG)
        first.join()
        stops = [entry.path for entry in fake.log.of("cancel")]
    assert stops == ["/queue"]
    assert len(made) == 1
    assert fake.paid == 1


def test_after_an_interrupted_picture_the_next_is_drawn() -> None:
    with serve("comfyui", faults=["never-done"]) as fake:
        interrupted(fake, "drawing")
        with at(fake) as backend:
            assert draw(backend).received is not None


def test_a_picture_that_nobody_finishes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagine.stages.generate.comfyui.backend.EVERY", LONG / 10)
    with serve("comfyui", faults=["never-done"]) as fake, at(fake, timeout=LONG) as backend:
        pauses_pass(monkeypatch, fake)
        with pytest.raises(LostAnswerError) as caught:
            draw(backend)
        job = fake.log.of("image")[0].parsed["prompt_id"]
    assert str(caught.value) == (
        f"ComfyUI holds the job {job}, but it has said “drawing” for 60 s; look for its picture "
        f"at {fake.url}."
    )


def test_capabilities_are_those_of_the_plain_workflows_or_of_ones_own(tmp_path: Path) -> None:
    plain = ComfyUIBackend(connection=connect("comfyui"), model="").capabilities
    assert (plain.max_images, plain.mask, plain.strength, plain.hires_fix) == (1, True, True, True)
    assert (plain.profile, plain.prompt_tokens, plain.paid) == ("clip75", 225, False)
    path = write(tmp_path / "mine.json", two_passes())
    own = ComfyUIBackend(connection=connect("comfyui"), model="", workflow=path).capabilities
    assert (own.max_images, own.mask, own.strength, own.hires_fix) == (0, False, False, False)
    assert json.loads(path.read_text()) == two_passes()
