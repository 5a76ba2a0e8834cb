import pytest

from imagine.stages.network.address import joined, origin_of

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
