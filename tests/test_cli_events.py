"""The events of a batch: their keys in their order, one line each, from any thread."""

import json
from threading import Thread

import pytest

from imagine.cli.console import Console
from imagine.cli.events import Events


def test_every_event_is_one_line_with_its_keys_in_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    events = Events(Console(json=True))
    events.start(total=None, skipped=17)
    events.picture("fox", 3, "out/fox.png", {"seed": 7, "path": "fox.png"})
    events.item({"id": "fox", "line": 3, "status": "done"})
    events.item({"id": "owl", "line": 4, "status": "refused"})
    events.note("Gemini allows 60 a minute.\nIt waits.")
    events.end(done=198, failed=2, skipped=17, seconds=2.50049, cost=0.1 + 0.2, interrupted=True)
    assert capsys.readouterr().out.splitlines() == [
        '{"event": "start", "total": null, "skipped": 17}',
        '{"event": "picture", "id": "fox", "line": 3, "path": "out/fox.png", "seed": 7}',
        '{"event": "item", "ok": true, "id": "fox", "line": 3, "status": "done"}',
        '{"event": "item", "ok": false, "id": "owl", "line": 4, "status": "refused"}',
        '{"event": "note", "text": "Gemini allows 60 a minute.\\nIt waits."}',
        '{"event": "end", "done": 198, "failed": 2, "skipped": 17, "seconds": 2.5, "cost": 0.3, '
        '"interrupted": true}',
    ]


def test_an_unknown_cost_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    events = Events(Console(json=True))
    events.end(done=1, failed=0, skipped=0, seconds=1, cost=None, interrupted=False)
    assert json.loads(capsys.readouterr().out)["cost"] is None


def test_without_json_there_are_no_events(capsys: pytest.CaptureFixture[str]) -> None:
    events = Events(Console())
    events.start(total=1, skipped=0)
    events.note("Something.")
    assert capsys.readouterr() == ("", "")


def test_events_of_several_threads_stay_whole(capsys: pytest.CaptureFixture[str]) -> None:
    events = Events(Console(json=True))

    def tell(name: int) -> None:
        for index in range(200):
            events.note(f"{name} {index} " + "x" * 500)

    threads = [Thread(target=tell, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [json.loads(line)["text"].split() for line in capsys.readouterr().out.splitlines()]
    for name in range(4):
        assert [text[1] for text in told if text[0] == str(name)] == [str(n) for n in range(200)]
