"""The web UIs and stable-diffusion.cpp's server as far as they draw."""

import json
import threading
from base64 import b64decode
from typing import Any

import pytest
from fakes.client import Client, client
from fakes.pictures import draw, size_of
from fakes.sdapi_prompt import Reading, read_by_sdcpp, read_by_webui
from patience import LONG, Limit, until

TXT = "/sdapi/v1/txt2img"
IMG = "/sdapi/v1/img2img"
INIT = b"".join(draw(32, 32, prompt="a fox").base64).decode()


def asked(**fields: Any) -> dict[str, Any]:
    return {"prompt": "a fox", "width": 64, "height": 32, **fields}


@pytest.mark.parametrize("habit", ["sdapi", "forge", "sdnext", "sd-server"])
def test_a_picture_comes_with_a_report_of_how_it_was_drawn(habit: str) -> None:
    with client(habit) as server:
        reply = server.post(TXT, asked(seed=3, steps=9)).json()
        assert server.fake.paid == 1
    (image,) = reply["images"]
    # stable-diffusion.cpp rounds up.
    assert size_of(b64decode(image)) == ((64, 64) if habit == "sd-server" else (64, 32))
    info = json.loads(reply["info"])
    assert (info["seed"], info["steps"], info["sd_model_name"]) == (3, 9, "foxes_v2")


@pytest.mark.parametrize(
    ("habit", "path", "fields", "status", "words"),
    [
        ("sdapi", TXT, {"steps": "9"}, 422, "Input should be from 1 to 1000"),
        ("sdapi", TXT, {"cfg_scale": None}, 422, "Input should be from 0 to 100"),
        ("sdapi", TXT, {"enable_hr": 1}, 422, "Input should be a valid boolean"),
        ("sdapi", TXT, {"sampler": "Euler"}, 422, "Extra inputs are not permitted"),
        ("sdapi", TXT, {"sampler_name": "Oiler"}, 400, "Sampler not found"),
        ("sd-server", TXT, {"sampler_name": "Euler"}, 400, "Sampler not found"),
        ("sdnext", TXT, {"scheduler": "karras"}, 400, "Scheduler not found"),
        ("sdapi", TXT, {"hr_upscaler": "Resize"}, 500, "could not find upscaler named Resize"),
        ("forge", TXT, {"enable_hr": True}, 500, "argument of type 'NoneType' is not iterable"),
        ("sd-server", TXT, {"lora": [{"path": "x"}]}, 400, "invalid lora path"),
        ("sdapi", TXT, {"init_images": [INIT]}, 422, "Extra inputs are not permitted"),
        ("sdapi", IMG, {}, 404, "Init image not found"),
        ("sdapi", IMG, {"init_images": ["%%%"]}, 500, "Invalid encoded image"),
        ("sdapi", IMG, {"init_images": [INIT], "mask": "AAAA"}, 500, "Invalid encoded image"),
        ("sdapi", "/sdapi/v1/nothing", {}, 404, "Not Found"),
    ],
)
def test_what_a_server_would_not_take_is_refused(
    habit: str, path: str, fields: dict[str, Any], status: int, words: str
) -> None:
    with client(habit) as server:
        reply = server.post(path, asked(**fields))
        assert server.fake.paid == 0
    assert reply.status_code == status
    assert words in reply.text


@pytest.mark.parametrize(
    ("habit", "path", "there"),
    [
        ("sdapi", "/sdapi/v1/schedulers", True),
        ("sdnext", "/sdapi/v1/schedulers", False),
        ("sdnext", "/sdapi/v1/progress", True),
        ("sd-server", "/sdapi/v1/progress", False),
        ("sd-server", "/sdapi/v1/loras", True),
        ("forge", "/sdapi/v1/sd-models", True),
        ("forge", "/sdapi/v1/nothing", False),
    ],
)
def test_each_has_its_part_of_the_protocol(habit: str, path: str, there: bool) -> None:
    with client(habit) as server:
        assert server.get(f"{server.fake.url}{path}").status_code == (200 if there else 404)


def drawing(server: Client, name: str) -> threading.Thread:
    """A request under way."""
    body = asked(steps=10, force_task_id=name)
    thread = threading.Thread(target=server.post, args=(TXT, body))
    thread.start()
    until(lambda: True in told(server, name))
    return thread


def told(server: Client, name: str) -> tuple[bool, bool, bool]:
    answer = server.post("/internal/progress", {"id_task": name}).json()
    return answer["active"], answer["queued"], answer["completed"]


def test_pictures_are_drawn_one_after_the_other_and_one_is_stopped() -> None:
    with client("forge", latency=LONG) as server:
        first, second = drawing(server, "1"), drawing(server, "2")
        progress = server.get(f"{server.fake.url}/sdapi/v1/progress").json()
        assert progress["state"]["sampling_steps"] == 10
        assert size_of(b64decode(progress["current_image"])) == (64, 64)
        assert (told(server, "1"), told(server, "2")) == (
            (True, False, False),
            (False, True, False),
        )
        server.fake.forward(LONG)
        first.join()
        assert (told(server, "1"), told(server, "2")) == (
            (False, False, True),
            (True, False, False),
        )
        with Limit():
            server.post("/sdapi/v1/interrupt", {})
            second.join()
        state = server.get(f"{server.fake.url}/sdapi/v1/progress").json()["state"]
        assert (state["job_count"], state["interrupted"]) == (0, True)


@pytest.mark.parametrize(
    ("prompt", "reading"),
    [
        ("a fox", Reading((("a fox", 1.0),))),
        ("a (red) fox", Reading((("a ", 1.0), ("red", 1.1), (" fox", 1.0)))),
        ("a (red:1.5) fox", Reading((("a ", 1.0), ("red", 1.5), (" fox", 1.0)))),
        ("[red]", Reading((("red", 1 / 1.1),))),
        ("(red", Reading((("red", 1.1),))),
        ("\\(red\\)", Reading((("(", 1.0), ("red", 1.0), (")", 1.0)))),
        ("a fox BREAK snow", Reading((("a fox", 1.0), ("BREAK", -1.0), ("snow", 1.0)))),
        ("<lora:fur:1>a fox", Reading((("a fox", 1.0),), (("lora", "fur:1"),))),
        ("fox AND cat:2", Reading((("fox ", 1.0), (" cat", 1.0)), joints=(1.0, 2.0))),
    ],
)
def test_a_web_ui_reads_brackets_and_commands(prompt: str, reading: Reading) -> None:
    assert read_by_webui(prompt) == reading


@pytest.mark.parametrize(
    ("prompt", "reading"),
    [
        ("(red:1.5)", Reading((("red", 1.5),))),
        ("\\(red\\)", Reading((("(", 1.0), ("red", 1.0), ("\\)", 1.0)))),
        ("in 16:9)", Reading((("in 16", 1.0),))),
        ("fox AND cat:2", Reading((("fox AND cat", 1.0), (":", 1.0), ("2", 1.0)))),
        ("fox<sd_cpp_extra_args>{}</sd_cpp_extra_args>", Reading((("fox", 1.0),), settings="{}")),
    ],
)
def test_sdcpp_reads_fewer(prompt: str, reading: Reading) -> None:
    assert read_by_sdcpp(prompt) == reading
