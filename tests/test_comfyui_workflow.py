"""Workflows of ComfyUI: what is found in them, what is filled in, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from comfyui_workflows import (
    Nodes,
    named,
    node,
    of_parts,
    plain,
    two_passes,
    with_alpha,
    with_control,
    with_sdxl_words,
    write,
)
from hosted import reference, request_of

from imagine.stages.errors import UsageError
from imagine.stages.generate.comfyui.plain import Kind, plain_workflow
from imagine.stages.generate.comfyui.prompts import escaped
from imagine.stages.generate.comfyui.workflow import Names, Workflow, read_workflow
from imagine.stages.generate.parameters import PARAMETERS
from imagine.stages.image import HiresFix, Lora


def workflow(tmp_path: Path, nodes: Any) -> Workflow:
    return read_workflow(write(tmp_path / "mine.json", nodes))


def filled(made: Workflow, names: Names | None = None, **changes: Any) -> Nodes:
    """The nodes of one picture of 512x768."""
    request = request_of(**({"width": 512, "height": 768} | changes))
    made.check(request)
    return made.filled(request, names or Names()).nodes


def test_the_plain_workflow_takes_every_option() -> None:
    nodes = filled(
        plain_workflow("txt2img"),
        Names(model="dream.safetensors", sampler="euler", scheduler="simple"),
        negative_prompt="blur",
        num_inference_steps=4,
        guidance_scale=1.5,
        seed=2**32 - 1,
    )
    assert nodes["1"]["inputs"] == {"ckpt_name": "dream.safetensors"}
    assert nodes["2"]["inputs"] == {"clip": ["1", 1], "text": "a red fox"}
    assert nodes["3"]["inputs"] == {"clip": ["1", 1], "text": "blur"}
    assert nodes["4"]["inputs"] == {"width": 512, "height": 768, "batch_size": 1}
    assert nodes["5"]["inputs"] == {
        "model": ["1", 0],
        "positive": ["2", 0],
        "negative": ["3", 0],
        "latent_image": ["4", 0],
        "seed": 2**32 - 1,
        "steps": 4,
        "cfg": 1.5,
        "sampler_name": "euler",
        "scheduler": "simple",
        "denoise": 1.0,
    }
    assert plain("txt2img") == plain_workflow("txt2img").graph.nodes


def test_the_table_of_parameters_names_the_places_of_the_plain_workflows() -> None:
    made = plain_workflow("inpaint").slots
    empty = plain_workflow("txt2img")
    slots = {
        "prompt": "prompt",
        "negative_prompt": "negative",
        "num_inference_steps": "steps",
        "guidance_scale": "guidance",
        "seed": "seed",
        "images": "image",
        "strength": "strength",
        "mask": "mask",
    }
    graph = plain_workflow("inpaint").graph
    places = {
        option: [f"{graph.kind(place.node)}.{place.input}" for place in made.places(slot)]
        for option, slot in slots.items()
    }
    row = PARAMETERS["comfyui"]
    assert places == {option: [row[option]] for option in slots}
    sized = empty.slots.places("size")
    assert row["size"] == ", ".join(
        f"{empty.graph.kind(place.node)}.{place.input}" for place in sized
    )


def test_ones_own_workflow_says_what_its_models_draw_best(tmp_path: Path) -> None:
    nodes = named()
    nodes["4"]["inputs"] |= {"width": 512, "height": 512}
    sizes = workflow(tmp_path, nodes).capabilities.sizes
    assert sizes.for_ratio("comfyui", (1, 1), exact=False) == (512, 512)
    plain_sizes = plain_workflow("txt2img").capabilities.sizes
    assert plain_sizes.for_ratio("comfyui", (1, 1), exact=False) == (512, 512)
    named_sizes = plain_workflow("txt2img", "sd_xl_base_1.0").capabilities.sizes
    assert named_sizes.for_ratio("comfyui", (1, 1), exact=False) == (1024, 1024)
    with pytest.raises(UsageError, match=r"whose sides are multiples of 16; ask for 512x512"):
        workflow(tmp_path, of_parts()).capabilities.sizes.check("comfyui", 520, 512)


def test_what_was_not_asked_for_stays_as_the_workflow_has_it() -> None:
    made = plain_workflow("txt2img")
    graph = made.filled(request_of(), Names())
    assert made.said(graph, request_of()) == {
        "num_inference_steps": 25,
        "guidance_scale": 7.5,
        "scheduler": "dpmpp_2m/karras",
    }


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("sd_xl_base_1.0.safetensors", (30, 6.0, "dpmpp_2m/karras")),
        ("sdxl/juggernautXL_lightning_4step.safetensors", (4, 1.0, "euler/sgm_uniform")),
        ("dreamshaper_8LCM", (4, 1.0, "lcm/sgm_uniform")),
        ("flux1-dev-fp8.safetensors", (28, 3.5, "euler/simple")),
        ("flux1-schnell-fp8", (4, 1.0, "euler/simple")),
        ("sd3.5_large", (28, 4.5, "euler/simple")),
    ],
)
def test_a_plain_workflow_asks_a_model_as_its_name_says(
    model: str, said: tuple[int, float, str]
) -> None:
    made = plain_workflow("txt2img", model)
    graph = made.filled(request_of(), Names(model=model))
    assert tuple(made.said(graph, request_of()).values()) == said


@pytest.mark.parametrize("kind", ["txt2img", "img2img", "inpaint"])
def test_guidance_of_flux_stands_in_a_node_of_its_own(kind: Kind) -> None:
    made = plain_workflow(kind, "flux1-dev-fp8.safetensors")
    assert made.capabilities.profile == "natural"
    assert not made.capabilities.negative_prompt
    graph = made.filled(request_of("a red fox", guidance_scale=2.5), Names())
    (apart,) = [node for node in graph.nodes.values() if node["class_type"] == "FluxGuidance"]
    assert apart["inputs"] == {"conditioning": ["2", 0], "guidance": 2.5}
    assert graph.nodes["5"]["inputs"]["cfg"] == 1.0
    assert graph.nodes["2"]["inputs"]["text"] == "a red fox"
    assert plain_workflow(kind).capabilities.profile == "clip75"


def test_a_model_for_inpainting_sees_the_picture_and_the_mask() -> None:
    made = plain_workflow("inpaint", "dreamshaper_8Inpainting.safetensors")
    graph = made.filled(request_of(images=(reference(),)), Names(image="fox.png", mask="where.png"))
    (node,) = [name for name in graph.nodes if graph.kind(name) == "InpaintModelConditioning"]
    assert graph.inputs(node) == {
        "positive": ["2", 0],
        "negative": ["3", 0],
        "vae": ["1", 2],
        "pixels": ["4", 0],
        "mask": ["9", 0],
        "noise_mask": True,
    }
    sampler = graph.inputs("5")
    assert [sampler[name] for name in ("positive", "negative", "latent_image")] == [
        [node, 0], [node, 1], [node, 2],
    ]  # fmt: skip
    assert graph.inputs("4")["image"] == "fox.png"
    assert graph.inputs("9")["image"] == "where.png"
    kinds = {graph.kind(name) for name in graph.nodes}
    assert not kinds & {"VAEEncode", "SetLatentNoiseMask"}


def test_a_picture_and_a_mask_go_where_the_plain_workflows_load_them() -> None:
    request = {"images": (reference(),), "strength": 0.4}
    names = Names(image="fox.png", mask="where.png")
    nodes = filled(plain_workflow("inpaint"), names, **request)
    assert nodes["4"]["inputs"]["image"] == "fox.png"
    assert nodes["9"]["inputs"]["image"] == "where.png"
    assert nodes["5"]["inputs"]["denoise"] == 0.4
    nodes = filled(plain_workflow("img2img"), Names(image="fox.png"), **request)
    assert nodes["4"]["inputs"]["image"] == "fox.png"
    assert nodes["5"]["inputs"]["denoise"] == 0.4


@pytest.mark.parametrize("nodes", [plain(), named()], ids=["plain", "own"])
def test_a_second_pass_enlarges_the_picture_and_draws_over_it(tmp_path: Path, nodes: Nodes) -> None:
    made = workflow(tmp_path, nodes)
    assert made.capabilities.hires_fix
    after = filled(made, hires_fix=HiresFix(1.5, 0.3), num_inference_steps=9)
    assert after["8"]["class_type"] == "ImageScale"
    assert after["8"]["inputs"] == {
        "image": ["6", 0],
        "upscale_method": "lanczos",
        "width": 768,
        "height": 1152,
        "crop": "disabled",
    }
    assert after["9"] == node("VAEEncode", pixels=["8", 0], vae=["1", 2])
    first, second = after["5"]["inputs"], after["10"]["inputs"]
    assert second == {**first, "latent_image": ["9", 0], "denoise": 0.3}
    assert (second["seed"], second["steps"]) == (7, 9)
    assert after["11"] == node("VAEDecode", samples=["10", 0], vae=["1", 2])
    assert after["7"]["inputs"]["images"] == ["11", 0]


def test_loras_stand_in_their_order_between_the_model_and_all_that_takes_it() -> None:
    nodes = filled(
        plain_workflow("txt2img"),
        Names(loras=("ink.safetensors", "detail.safetensors")),
        loras=(Lora("ink", 0.8), Lora("detail", -1.0)),
        hires_fix=HiresFix(2.0),
    )
    first, second = (name for name in nodes if nodes[name]["class_type"] == "LoraLoader")
    assert nodes[first]["inputs"] == {
        "model": ["1", 0],
        "clip": ["1", 1],
        "lora_name": "ink.safetensors",
        "strength_model": 0.8,
        "strength_clip": 0.8,
    }
    assert nodes[second]["inputs"] == {
        "model": [first, 0],
        "clip": [first, 1],
        "lora_name": "detail.safetensors",
        "strength_model": -1.0,
        "strength_clip": -1.0,
    }
    samplers = [one["inputs"] for one in nodes.values() if one["class_type"] == "KSampler"]
    assert [one["model"] for one in samplers] == [[second, 0]] * 2
    assert nodes["2"]["inputs"]["clip"] == nodes["3"]["inputs"]["clip"] == [second, 1]


def test_a_sampler_of_parts_is_filled_wherever_its_parts_stand(tmp_path: Path) -> None:
    made = workflow(tmp_path, of_parts())
    can = made.capabilities
    assert (can.profile, can.negative_prompt, can.strength, can.max_images) == (
        "natural", False, False, 0,
    )  # fmt: skip
    assert (can.hires_fix, can.max_loras, can.scheduler) == (False, 10, True)
    nodes = filled(
        made,
        Names(model="flux1-schnell.safetensors", sampler="heun", loras=("ink.safetensors",)),
        num_inference_steps=4,
        guidance_scale=2.5,
        loras=(Lora("ink"),),
    )
    assert nodes["words"]["inputs"]["text"] == "a red fox"
    assert nodes["guidance"]["inputs"]["guidance"] == 2.5
    assert nodes["noise"]["inputs"]["noise_seed"] == ["seed", 0]
    assert nodes["seed"]["inputs"]["value"] == 7
    assert nodes["sigmas"]["inputs"]["steps"] == 4
    assert nodes["sigmas"]["inputs"]["scheduler"] == "simple"
    assert nodes["sampler"]["inputs"]["sampler_name"] == "heun"
    assert nodes["latent"]["inputs"] == {"width": 512, "height": 768, "batch_size": 1}
    shift = nodes["shift"]["inputs"]
    assert (shift["width"], shift["height"]) == (512, 768)
    assert nodes["model"]["inputs"]["unet_name"] == "flux1-schnell.safetensors"
    # Between the model and the LoRA that the workflow has.
    assert nodes["lora"]["inputs"]["model"] == ["1", 0]
    assert nodes["1"] == node(
        "LoraLoader",
        model=["model", 0],
        lora_name="ink.safetensors",
        strength_model=1.0,
        clip=["clip", 0],
        strength_clip=1.0,
    )


def test_two_passes_of_the_workflow_share_prompt_and_seed(tmp_path: Path) -> None:
    made = workflow(tmp_path, two_passes())
    assert not made.capabilities.hires_fix
    nodes = filled(made)
    assert nodes["20"]["inputs"]["value"] == "a red fox"
    assert [nodes[one]["inputs"]["seed"] for one in ("5", "22")] == [7, 7]
    assert made.slots.output == "7"


def test_what_could_go_to_two_nodes_is_refused_until_one_is_marked(tmp_path: Path) -> None:
    nodes = two_passes()
    made = workflow(tmp_path, nodes)
    with pytest.raises(UsageError) as caught:
        filled(made, num_inference_steps=4)
    assert str(caught.value) == (
        f"The workflow '{tmp_path / 'mine.json'}' could take --steps in node 22 (KSampler) or "
        "node 5 (KSampler); give the one that is meant the title 'imagine:steps' and export it "
        "again."
    )
    nodes["5"]["_meta"] = {"title": "first pass imagine:steps"}
    after = filled(workflow(tmp_path, nodes), num_inference_steps=4)
    assert [after[one]["inputs"]["steps"] for one in ("5", "22")] == [4, 8]


def test_a_mask_in_the_transparency_of_a_picture_is_known_as_such(tmp_path: Path) -> None:
    made = workflow(tmp_path, with_alpha())
    assert made.mask_in_image
    assert made.capabilities.mask
    assert made.capabilities.strength
    nodes = filled(made, Names(image="both.png"), images=(reference(),))
    assert nodes["4"]["inputs"]["image"] == "both.png"
    assert not plain_workflow("inpaint").mask_in_image


def test_both_encoders_of_sdxl_get_the_prompt(tmp_path: Path) -> None:
    made = workflow(tmp_path, with_sdxl_words())
    assert not made.capabilities.negative_prompt
    words = filled(made)["2"]["inputs"]
    assert (words["text_g"], words["text_l"]) == ("a red fox", "a red fox")


def test_words_are_found_behind_a_control_net_and_its_picture_is_no_start(tmp_path: Path) -> None:
    made = workflow(tmp_path, with_control())
    can = made.capabilities
    assert (can.max_images, can.strength, can.mask) == (1, False, False)
    request = {"images": (reference(),), "negative_prompt": "blur"}
    nodes = filled(made, Names(image="me.png"), **request)
    assert nodes["30"]["inputs"]["image"] == "me.png"
    assert [nodes[one]["inputs"]["text"] for one in ("2", "3")] == ["a red fox", "blur"]
    assert nodes["4"]["inputs"]["width"] == 512


def test_marks_win_over_what_is_found(tmp_path: Path) -> None:
    nodes = named()
    nodes["40"] = node("MyPrompt", "imagine:prompt", prompt="?", strength=1.0)
    nodes["41"] = node("MySize", "imagine:size, please", width=64, height=64, batch_size=2)
    after = filled(workflow(tmp_path, nodes))
    assert after["40"]["inputs"]["prompt"] == "a red fox"
    assert after["2"]["inputs"]["text"] == ""
    assert after["41"]["inputs"] == {"width": 512, "height": 768, "batch_size": 1}


def without_saving() -> Nodes:
    nodes = named()
    del nodes["7"]
    return nodes


def changed(name: str, **inputs: Any) -> Nodes:
    nodes = named()
    nodes[name]["inputs"] |= inputs
    return nodes


def titled(name: str, title: str) -> Nodes:
    nodes = named()
    nodes[name]["_meta"] = {"title": title}
    return nodes


def with_node(name: str, made: dict[str, Any], base: Nodes | None = None) -> Nodes:
    return {**(base or named()), name: made}


EXPORT = (
    "export it there with 'Save (API Format)', in newer ones 'Export (API)' of the menu Workflow."
)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ({"nodes": [], "links": []}, f"is in the format of ComfyUI's editor; {EXPORT}"),
        ([1, 2], f"holds no nodes with class_type and inputs; {EXPORT}"),
        ({}, f"holds no nodes with class_type and inputs; {EXPORT}"),
        ({"1": {"class_type": "KSampler"}}, f"holds no nodes with class_type and inputs; {EXPORT}"),
        (
            changed("5", model=["77", 0]),
            "is incomplete: model of node 5 (KSampler) comes from node 77, which is not in it; "
            f"{EXPORT}",
        ),
        (
            without_saving(),
            "saves no picture; give it a node SaveImage, or PreviewImage, and export it again.",
        ),
        (
            with_node("8", node("SaveImage", images=["6", 0], filename_prefix="b")),
            "could take the picture that is wanted in node 7 (SaveImage) or node 8 (SaveImage); "
            "give the one that is meant the title 'imagine:output' and export it again.",
        ),
        (
            changed("5", positive=["8", 0])
            | {
                "8": node("ConditioningCombine", conditioning_1=["2", 0], conditioning_2=["9", 0]),
                "9": node("CLIPTextEncode", clip=["1", 1], text="more"),
            },
            "could take the prompt in node 2 (CLIPTextEncode) or node 9 (CLIPTextEncode); give the "
            "one that is meant the title 'imagine:prompt' and export it again.",
        ),
        (
            changed("6", samples=["4", 0]),
            "has no sampler that its picture depends on; link a KSampler and a CLIPTextEncode to "
            "it, or give the node with the prompt the title 'imagine:prompt'.",
        ),
        (
            changed("5", positive=["8", 0]) | {"8": node("LoadWords", path="a.txt")},
            "encodes no prompt that its picture depends on; link a KSampler and a CLIPTextEncode "
            "to it, or give the node with the prompt the title 'imagine:prompt'.",
        ),
        (
            changed("5", latent_image=["8", 0]) | {"8": node("LatentOfMine", shape="square")},
            "has no node for the size; link an EmptyLatentImage to its sampler, or give the node "
            "with width and height the title 'imagine:size'.",
        ),
        (
            titled("5", "imagine:sede"),
            "marks node 5 (KSampler) as 'imagine:sede', which is nothing to fill in; did you mean "
            "'seed'? (known: prompt, negative, size, seed, steps, guidance, strength, sampler, "
            "scheduler, image, mask, model, output).",
        ),
        (
            titled("7", "imagine:size"),
            "marks node 7 (SaveImage) as 'imagine:size', and it has no width and height to fill "
            "in; mark the node that has.",
        ),
    ],
    ids=[
        "editor", "list", "empty", "no inputs", "loose link", "no output", "two outputs",
        "two prompts", "no sampler", "no prompt", "no size", "unknown mark", "useless mark",
    ],
)  # fmt: skip
def test_a_workflow_that_cannot_be_used_is_refused(
    tmp_path: Path, nodes: Any, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        workflow(tmp_path, nodes)
    assert str(caught.value) == f"The workflow '{tmp_path / 'mine.json'}' {message}"


def test_a_workflow_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    with pytest.raises(UsageError) as caught:
        read_workflow(path)
    assert str(caught.value) == (
        f"comfyui_workflow: '{path}' cannot be read: No such file or directory; check the path."
    )
    path.write_text("{no json")
    with pytest.raises(UsageError) as caught:
        read_workflow(path)
    assert str(caught.value).startswith(f"The workflow '{path}' is no JSON (")
    assert str(caught.value).endswith("); check comfyui_workflow.")


def test_a_workflow_as_a_server_gets_it_is_read_too(tmp_path: Path) -> None:
    made = workflow(tmp_path, {"prompt": named(), "client_id": "x"})
    assert made.graph.nodes == named()
    assert made.name == workflow(tmp_path, named()).name
    assert json.loads((tmp_path / "mine.json").read_text()) == named()


def test_a_workflow_that_starts_from_a_picture_wants_one(tmp_path: Path) -> None:
    made = workflow(tmp_path, with_alpha())
    with pytest.raises(UsageError) as caught:
        filled(made)
    assert str(caught.value) == (
        f"The workflow '{tmp_path / 'mine.json'}' starts from a picture; give one (--image)."
    )


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("a fox", "a fox"),
        ("a (red) fox (small:1.4)", r"a \(red\) fox \(small:1.4\)"),
        (r"a \(red\) fox", r"a \\(red\\) fox"),
        ("embedding:easy, a fox", "embedding :easy, a fox"),
        ("a fox, embedding:easy", "a fox, embedding :easy"),
        ("a fox\nembedding:easy", "a fox\nembedding :easy"),
        ("an embedding: of words, disembedding:x", "an embedding : of words, disembedding:x"),
        ("{a|b} [fox] <lora:x:1>", "{a|b} [fox] <lora:x:1>"),
    ],
)
def test_prompts_are_read_as_words_alone(text: str, sent: str) -> None:
    assert escaped(text) == sent
