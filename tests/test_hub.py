"""The hub: lists, files whole and in part, and what is said when it does not give them out."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import Fake
from fakes.hub import KEY, Repository, serve_hub

from imagine.stages.errors import ConfigError, ImagineError, ProviderError, UsageError
from imagine.stages.generate.local.hub import Hub
from imagine.stages.generate.local.hub import Repository as Listed
from imagine.stages.generate.local.hub_files import RemoteFile
from imagine.stages.network.providers import Secret

DATA = bytes(range(256)) * 4000
FILES = {"model_index.json": b'{"_class_name": "X"}', "unet/model.safetensors": DATA}


def hub_at(fake: Fake, key: str | None = None) -> Hub:
    return Hub(address=fake.root, key=Secret(key) if key else None, sleep=lambda seconds: None)


def fetched(hub: Hub, target: Path, name: str = "unet/model.safetensors") -> list[int]:
    """Downloads a file of "org/tiny"; how many bytes were told of."""
    told: list[int] = []
    repository = hub.repository("org/tiny")
    file = next(file for file in repository.files if file.name == name)
    hub.fetch(repository, file, target, told.append)
    return told


def test_a_repository_is_listed_with_sizes_and_digests() -> None:
    tiny = Repository(FILES)
    with serve_hub({"org/tiny": tiny}) as fake, hub_at(fake) as hub:
        listed = hub.repository("org/tiny")
        assert hub.index(listed, "model_index.json") == {"_class_name": "X"}
    git = hashlib.sha1(b"blob 20\0" + FILES["model_index.json"], usedforsecurity=False).hexdigest()
    sha = hashlib.sha256(DATA).hexdigest()
    files = (
        RemoteFile("model_index.json", 20, git),
        RemoteFile("unet/model.safetensors", len(DATA), sha),
    )
    assert listed == Listed("org/tiny", tiny.commit, files, "openrail++")


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ({"license": "other", "license_name": "flux-1-dev"}, "flux-1-dev"),
        ({"license": ["mit", "apache-2.0"]}, "mit, apache-2.0"),
        ({}, "other"),
    ],
)
def test_the_licence_is_that_of_the_card(card: dict[str, object], licence: str) -> None:
    with serve_hub({"org/tiny": Repository(FILES, card=card)}) as fake, hub_at(fake) as hub:
        assert hub.repository("org/tiny").licence == licence


@pytest.mark.parametrize("name", list(FILES))
def test_a_file_is_downloaded_and_checked(tmp_path: Path, name: str) -> None:
    with serve_hub({"org/tiny": Repository(FILES)}) as fake, hub_at(fake) as hub:
        told = fetched(hub, tmp_path / "file", name)
    assert (tmp_path / "file").read_bytes() == FILES[name]
    assert told == sorted(told)
    assert told[-1] == len(FILES[name])


@pytest.mark.parametrize("fault", ["cut", "reset", "reset-before", "503", "429", "500"])
def test_a_download_goes_on_after_a_fault(tmp_path: Path, fault: str) -> None:
    faults = ["download/ok", f"download/{fault}"]
    with serve_hub({"org/tiny": Repository(FILES)}, faults=faults) as fake, hub_at(fake) as hub:
        fetched(hub, tmp_path / "file")
        ranges = [entry.headers.get("range") for entry in fake.entries if "/store/" in entry.path]
    assert (tmp_path / "file").read_bytes() == DATA
    assert len(ranges) == 2
    # Half of it had come.
    begun = {"cut": f"bytes={len(DATA) // 2}-", "reset": f"bytes={len(DATA) // 2}-"}
    assert ranges[1] == begun.get(fault)


def test_what_is_there_is_not_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA[:1000])
    with serve_hub({"org/tiny": Repository(FILES)}) as fake, hub_at(fake) as hub:
        fetched(hub, tmp_path / "file")
        assert fake.entries[-1].headers["range"] == "bytes=1000-"
        asked = len(fake.entries)
        fetched(hub, tmp_path / "file")
        # The list alone.
        assert len(fake.entries) == asked + 1
    assert (tmp_path / "file").read_bytes() == DATA


def test_a_server_without_ranges_begins_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(DATA[:1000])
    faults = ["download/ok", "download/no-ranges"]
    with serve_hub({"org/tiny": Repository(FILES)}, faults=faults) as fake, hub_at(fake) as hub:
        fetched(hub, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == DATA


@pytest.mark.parametrize(
    ("before", "fault"),
    [
        (b"", "download/damaged"),
        (b"other" * 200, "download/ok"),
        (DATA + b"more", "download/ok"),
    ],
    ids=["on the way", "its beginning", "too long"],
)
def test_damaged_files_are_not_kept(tmp_path: Path, before: bytes, fault: str) -> None:
    (tmp_path / "file").write_bytes(before)
    with (
        serve_hub({"org/tiny": Repository(FILES)}, faults=["download/ok", fault]) as fake,
        hub_at(fake) as hub,
        pytest.raises(ProviderError) as raised,
    ):
        fetched(hub, tmp_path / "file")
    assert str(raised.value) == (
        "The file 'unet/model.safetensors' of org/tiny arrived damaged; run it again."
    )
    assert not (tmp_path / "file").exists()


def test_after_five_attempts_in_vain_what_came_is_kept(tmp_path: Path) -> None:
    faults = ["download/ok", "download/cut", "download/503*"]
    with (
        serve_hub({"org/tiny": Repository(FILES)}, faults=faults) as fake,
        hub_at(fake) as hub,
        pytest.raises(ProviderError) as raised,
    ):
        fetched(hub, tmp_path / "file")
    assert str(raised.value) == "127.0.0.1 fails (503); run it again later."
    assert (tmp_path / "file").read_bytes() == DATA[: len(DATA) // 2]
    assert len([entry for entry in fake.entries if entry.step == "download"]) == 7


def test_the_token_goes_to_the_hub_alone(tmp_path: Path) -> None:
    tiny = Repository(FILES, gated=True, private=True)
    with serve_hub({"org/tiny": tiny}) as fake, hub_at(fake, KEY) as hub:
        fetched(hub, tmp_path / "file")
    keys = {(entry.path.split("/")[1], entry.key) for entry in fake.entries}
    assert keys == {("api", "authorization"), ("org", "authorization"), ("store", "")}
    assert not any(entry.leaks for entry in fake.entries)


ASKED: list[tuple[str, str | None, Callable[[Hub, Path], object], type[ImagineError], str]] = [
    (
        "no such model",
        None,
        lambda hub, path: hub.repository("org/none"),
        UsageError,
        "There is no model 'org/none' on 127.0.0.1; check the name, or set HF_TOKEN if it is a "
        "private one of yours.",
    ),
    (
        "no such model, with a token",
        KEY,
        lambda hub, path: hub.repository("org/none"),
        UsageError,
        "There is no model 'org/none' on 127.0.0.1; check the name.",
    ),
    (
        "no such revision",
        None,
        lambda hub, path: hub.repository("org/tiny", "v2"),
        UsageError,
        "The model org/tiny has no such revision; see ROOT/org/tiny.",
    ),
    (
        "gated",
        None,
        fetched,
        ConfigError,
        "The model org/tiny is for those who accepted its licence: do so at ROOT/org/tiny, and "
        "set HF_TOKEN to a token of that account (ROOT/settings/tokens).",
    ),
    (
        "gated, with the token of somebody else",
        "hf_another_key_of_the_hub",
        fetched,
        ConfigError,
        "The model org/tiny is for those who accepted its licence: do so at ROOT/org/tiny, with "
        "the account of your HF_TOKEN (ROOT/settings/tokens).",
    ),
]


@pytest.mark.parametrize(("key", "ask", "kind", "message"), [row[1:] for row in ASKED],
                         ids=[row[0] for row in ASKED])  # fmt: skip
def test_a_refusal_says_what_to_do(
    tmp_path: Path,
    key: str | None,
    ask: Callable[[Hub, Path], object],
    kind: type[ImagineError],
    message: str,
) -> None:
    with (
        serve_hub({"org/tiny": Repository(FILES, gated=True)}) as fake,
        hub_at(fake, key) as hub,
        pytest.raises(kind) as raised,
    ):
        ask(hub, tmp_path / "file")
    assert str(raised.value).replace(fake.root, "ROOT") == message


@pytest.mark.parametrize(
    ("faults", "kind", "message"),
    [
        (["models/401"], ConfigError, "127.0.0.1 does not give out org/tiny (401); check HF_TOKEN (ROOT/settings/tokens)."),  # noqa: E501
        (["models/500*"], ProviderError, "127.0.0.1 fails (500); run it again later."),
        (["models/html"], ProviderError, "127.0.0.1 does not list the files of org/tiny as the hub does; check hub_url, or try again later."),  # noqa: E501
        (["models/huge=20"], ProviderError, "127.0.0.1 sent more than 16 MB about org/tiny, which is no list of its files; check hub_url."),  # noqa: E501
        (["models/reset-before*"], ProviderError, "127.0.0.1 cannot be reached (ReadError); check the network and any proxy, and run it again: it goes on where it stopped."),  # noqa: E501
    ],
)  # fmt: skip
def test_a_failing_hub_is_told_in_a_sentence(
    faults: list[str], kind: type[ImagineError], message: str
) -> None:
    with (
        serve_hub({"org/tiny": Repository(FILES)}, faults=faults) as fake,
        hub_at(fake) as hub,
        pytest.raises(kind) as raised,
    ):
        hub.repository("org/tiny")
    assert str(raised.value).replace(fake.root, "ROOT") == message


@pytest.mark.parametrize("name", ["/etc/passwd", "../../outside", "a/../../b", "a\\b"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with (
        serve_hub({"org/tiny": Repository({name: b"x"})}) as fake,
        hub_at(fake) as hub,
        pytest.raises(ProviderError, match="does not list the files"),
    ):
        hub.repository("org/tiny")


def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://me:secret@proxy:1")
    with pytest.raises(ConfigError) as raised:
        Hub()
    assert str(raised.value) == (
        "The proxy of HTTPS_PROXY or ALL_PROXY, or the certificates of SSL_CERT_FILE, cannot be "
        "used; correct or unset them (SOCKS needs `pip install httpx[socks]`)."
    )
