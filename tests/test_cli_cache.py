"""`imagine cache`: where descriptions are kept, how many, and away with them."""

from conftest import Command

from imagine.cli.settings import cache_directory


def test_the_cache_is_shown_and_cleared(imagine: Command) -> None:
    folder = cache_directory() / "descriptions" / "00"
    assert imagine("cache").lines == [f"{cache_directory()}: 0 descriptions, 0.0 kB"]
    folder.mkdir(parents=True)
    (folder / "00ff.json").write_bytes(b" " * 1500)
    assert imagine("cache").lines == [f"{cache_directory()}: 1 description, 1.5 kB"]
    assert imagine("cache", "--json").json == {
        "directory": str(cache_directory()),
        "cleared": False,
        "entries": 1,
        "bytes": 1500,
    }
    assert imagine("cache", "--clear").lines == ["Removed 1 description, 1.5 kB."]
    assert not folder.exists()
    assert imagine("cache", "--clear", "--json").json == {
        "directory": str(cache_directory()),
        "cleared": True,
        "entries": 0,
        "bytes": 0,
    }
