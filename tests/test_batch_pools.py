"""The place where models of this machine draw: whose turn it is, and what is in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import pytest
from patience import PATIENT, until

from imagine.cli.batch_pools import LocalPlace, Places


@dataclass
class Model:
    """Equal to others of its name, as backends may be."""

    name: str
    log: list[str] = field(compare=False)
    model: str = ""
    capabilities: Any = None

    def generate(self, request: Any) -> Iterator[Any]:
        raise NotImplementedError

    def release(self) -> None:
        self.log.append(f"released {self.name}")


def drawn_by(order: Sequence[str]) -> list[str]:
    """What happens when pictures of these models come while the first one is being drawn."""
    place, log, begun = LocalPlace(), list[str](), Event()
    models = {name: Model(name[:1], log) for name in order}

    def draw(name: str) -> None:
        with place.taken(models[name]):
            begun.set()
            if not log:
                until(lambda: len(place._waiting) == len(order) - 1)
            log.append(name)

    threads = []
    for number, name in enumerate(order):
        threads.append(Thread(target=draw, args=(name,)))
        threads[-1].start()
        assert begun.wait(PATIENT)
        until(lambda number=number: log or len(place._waiting) == number)
    for thread in threads:
        thread.join(PATIENT)
    assert not any(thread.is_alive() for thread in threads)
    return log


@pytest.mark.parametrize(
    ("order", "log"),
    [
        ("aaa", "a a a"),
        ("abab", "a a released-a b b"),
        ("abcabc", "a a released-a b b released-b c c"),
        ("acbbc", "a released-a c c released-c b b"),
    ],
)
def test_each_model_is_loaded_once_for_all_who_wait_for_it(order: str, log: str) -> None:
    assert drawn_by(list(order)) == [word.replace("-", " ") for word in log.split()]


def test_models_that_are_equal_are_two_all_the_same() -> None:
    log = drawn_by(["a1", "a2", "a1", "a2"])
    assert log == ["a1", "a1", "released a", "a2", "a2"]


def test_a_picture_that_fails_makes_room() -> None:
    place, model = LocalPlace(), Model("a", [])
    with pytest.raises(KeyboardInterrupt), place.taken(model):
        raise KeyboardInterrupt
    with place.taken(model):
        pass


def test_backends_of_this_machine_share_one_place_and_services_have_their_own() -> None:
    places, log = Places(), list[str]()
    one, other = (Model(name, log) for name in ("diffusers", "sdcpp"))
    service = Model("openai", log, model="gpt-image")
    with places.at("backend", one, 1), places.at("backend", service, 1):
        assert log == []
    with places.at("backend", other, 1):
        assert log == ["released diffusers"]
