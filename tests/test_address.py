import pytest

from imagine.stages.network.address import Place, joined, origin_of, place_of

ORIGINS = [
    ("https://api.example/v1", ("https", "api.example", 443)),
    ("http://API.example:80/v1", ("http", "api.example", 80)),
    ("http://me:secret@box:8000", ("http", "box", 8000)),
    ("http://[::1]:8000/", ("http", "::1", 8000)),
    ("ftp://api.example", ("ftp", "api.example", None)),
    ("api.example/v1", ("", "", None)),
    ("https://", ("", "", None)),
    ("http://[::1", ("", "", None)),
    ("http://box:port", ("", "", None)),
    ("http://box:99999", ("", "", None)),
    ("", ("", "", None)),
]


@pytest.mark.parametrize(("url", "origin"), ORIGINS)
def test_a_key_is_for_scheme_host_and_port(url: str, origin: tuple[str, str, int | None]) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("url", "whole"),
    [
        ("a.png", "http://box:8080/v1/a.png"),
        ("/files/a.png", "http://box:8080/files/a.png"),
        ("//files.example/a.png", "http://files.example/a.png"),
        ("https://files.example/a.png", "https://files.example/a.png"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_an_address_is_seen_from_where_it_stands(url: str, whole: str) -> None:
    assert joined("http://box:8080/v1/", url) == whole


PLACES: list[tuple[str | None, Place]] = [
    ("127.0.0.1", "here"),
    ("127.9.9.9", "here"),
    ("127.1", "here"),
    ("0.0.0.0", "here"),  # noqa: S104  # nothing is bound
    ("::1", "here"),
    ("::ffff:127.0.0.1", "here"),
    ("localhost", "here"),
    ("Localhost.", "here"),
    ("box.localhost", "here"),
    ("192.168.0.1", "own network"),
    ("10.0.0.7", "own network"),
    ("172.31.0.1", "own network"),
    ("100.64.1.1", "own network"),
    ("169.254.169.254", "own network"),
    ("fd00::1", "own network"),
    ("fe80::1%eth0", "own network"),
    ("::ffff:10.0.0.7", "own network"),
    ("box", "own network"),
    ("box.local", "own network"),
    ("metadata.google.internal", "own network"),
    ("93.184.216.34", "public"),
    ("2606:4700::1", "public"),
    ("172.32.0.1", "public"),
    ("100.128.0.1", "public"),
    ("example.org", "public"),
    ("notlocalhost.example", "public"),
    ("localhost.example", "public"),
    ("", "public"),
    (None, "public"),
]


@pytest.mark.parametrize(("host", "place"), PLACES)
def test_a_host_is_here_near_or_anywhere(host: str | None, place: Place) -> None:
    assert place_of(host) == place
