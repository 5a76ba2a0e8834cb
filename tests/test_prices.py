"""Prices: the shipped list, the user's over it, and which entry a model finds."""

import datetime
from pathlib import Path

import pytest

from imagine.stages.errors import ConfigError
from imagine.stages.money.prices import (
    FREE,
    Price,
    PriceList,
    dollars,
    load_prices,
    rough,
)
from imagine.stages.money.usage import Usage
from imagine.stages.network.providers import PROVIDERS

TODAY = datetime.date(2026, 11, 22)


@pytest.fixture
def prices() -> PriceList:
    return load_prices(today=TODAY)


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    return path


def found(prices: PriceList, provider: str, *models: str, base_url: str = "") -> str:
    """The model that the entry names, "free" or "unknown"."""
    price = prices.price_of(provider, *models, base_url=base_url)
    if price is None:
        return "unknown"
    return "free" if price is FREE else price.model


def test_every_shipped_price_names_its_date_and_source(prices: PriceList) -> None:
    assert len(prices.prices) > 25
    for price in prices.prices:
        assert price.date is not None
        assert price.date <= TODAY
        assert price.source != Price.model_fields["source"].default
        assert price.provider in PROVIDERS
    assert prices.date == max(str(price.date) for price in prices.prices)


def test_no_name_stands_twice_on_one_day() -> None:
    for day in (TODAY, datetime.date(2027, 1, 1)):
        names = [
            (price.provider, name)
            for price in load_prices(today=day).prices
            for name in (price.model, *price.aliases)
            # An introductory price stands before the one that follows it.
            if price.until is None
        ]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        (name, model)
        for name, provider in PROVIDERS.items()
        for model in (provider.text_model, provider.image_model)
        # Hugging Face bills seconds; Google's Imagen is gone.
        if model and name not in ("huggingface", "imagen")
    ],
)
def test_what_is_asked_for_by_default_has_a_price(
    prices: PriceList, provider: str, model: str
) -> None:
    assert found(prices, provider, model) != "unknown"


@pytest.mark.parametrize(
    ("provider", "models", "base_url", "entry"),
    [
        ("gemini", ["gemini-3.5-flash-lite"], "", "gemini-3.5-flash-lite"),
        ("gemini", ["models/gemini-3.5-flash-lite"], "", "gemini-3.5-flash-lite"),
        ("gemini", ["gemini-3.5-flash-lite-001"], "", "gemini-3.5-flash-lite"),
        ("gemini", ["gemini-flash-lite-latest"], "", "gemini-3.5-flash-lite"),
        ("gemini", ["gemini-3.5-flash-lite-image"], "", "unknown"),
        ("gemini", ["gemini-9-new", "gemini-3.8-flash"], "", "gemini-3.8-flash"),
        ("gemini", ["gemini-3.8-flash", "gemini-3.5-flash-lite"], "", "gemini-3.8-flash"),
        ("openai", ["gpt-image-2.5-flare-2026-09-08"], "", "gpt-image-2.5-flare"),
        ("openai", ["gpt-image-2.6-flare"], "", "gpt-image-2.6-flare"),
        ("openai", ["gpt-image-2.6-sunburst"], "", "gpt-image-2.6-flare"),
        ("openai", ["gpt-image-3"], "", "unknown"),
        ("openai", ["gpt-6-luna-2026-09-22"], "", "gpt-6-luna"),
        ("stability", ["sd3.5-large-turbo"], "", "sd3.5-large-turbo"),
        ("fal", ["fal-ai/flux/schnell"], "", "fal-ai/flux/schnell"),
        ("fal", ["fal-ai/flux-1/schnell"], "", "fal-ai/flux/schnell"),
        ("huggingface", ["black-forest-labs/FLUX.1-schnell"], "", "unknown"),
        ("imagen", ["imagen-4.0-generate-001"], "", "unknown"),
        ("sketch", [""], "", "free"),
        ("offline", ["offline"], "", "free"),
        ("none", ["none"], "", "free"),
        ("ollama", ["llama3.2"], "", "free"),
        ("ollama", ["gpt-oss:120b"], "https://ollama.com/v1", "unknown"),
        ("vllm", ["qwen"], "http://192.168.1.20:8000/v1", "free"),
        ("openai", ["flux.1-dev"], "http://127.0.0.1:8080/v1", "free"),
        ("openai", ["flux.1-dev"], "https://api.example.com/v1", "unknown"),
        # A gateway on this machine passes the bill on.
        ("openai", ["gpt-image-2"], "http://localhost:4000/v1", "gpt-image-2"),
        ("openai", ["other", "gpt-image-2"], "http://localhost:4000/v1", "gpt-image-2"),
        ("chat", ["deepseek-v4"], "https://api.example.com/v1", "unknown"),
        ("chat", ["m"], "", "unknown"),
        *(
            (provider, ["other"], "http://127.0.0.1:8765", entry)
            for provider, entry in {
                "openai": "free",
                "chat": "free",
                "ollama": "free",
                "lmstudio": "free",
                "llamacpp": "free",
                "vllm": "free",
                # What speaks these is a proxy of the maker's service, which bills.
                "gemini": "unknown",
                "imagen": "unknown",
                "stability": "unknown",
                "replicate": "unknown",
                "fal": "unknown",
                "huggingface": "unknown",
                "a-plugin": "unknown",
            }.items()
        ),
        *(
            ("openai", ["flux.1-dev"], address, entry)
            for address, entry in {
                "http://[::1]:8080": "free",
                "http://10.1.2.3": "free",
                "http://100.64.0.7:8000": "free",
                "http://box.localhost:8000": "free",
                "http://gpubox:8000/v1": "free",
                "http://gpubox.local/v1": "free",
                "http://host.docker.internal:8000": "free",
                "http://8.8.8.8": "unknown",
                "https://local.example.com": "unknown",
                "http://[": "unknown",
            }.items()
        ),
        ("a-plugin", ["its-model"], "", "unknown"),
    ],
)
def test_a_model_finds_its_price(
    prices: PriceList, provider: str, models: list[str], base_url: str, entry: str
) -> None:
    assert found(prices, provider, *models, base_url=base_url) == entry


def test_a_price_ends_with_its_last_day() -> None:
    def flash(day: datetime.date) -> float | None:
        price = load_prices(today=day).price_of("gemini", "gemini-3.8-flash")
        return price and price.input

    assert flash(datetime.date(2026, 12, 31)) == 0.75
    assert flash(datetime.date(2027, 1, 1)) == 1.50
    # From December another model answers, or none.
    november, december = (
        load_prices(today=day) for day in (datetime.date(2026, 11, 30), datetime.date(2026, 12, 1))
    )
    for name in (
        "gemini/gemini-2.5-pro",
        "openai/gpt-image-1.5",
        "openai/gpt-image-1-mini",
        "openai/chatgpt-image-latest",
    ):
        assert found(november, *name.split("/")) != "unknown"
        assert found(december, *name.split("/")) == "unknown"


@pytest.mark.parametrize(
    ("provider", "model", "size", "cost"),
    [
        # Google's table: 1K, 2K and 4K.
        ("gemini", "gemini-nano-banana-2.1", (1024, 1024), 0.0336),
        ("gemini", "gemini-nano-banana-2.1", (1376, 768), 0.0336),
        ("gemini", "gemini-nano-banana-2.1", (2048, 2048), 0.0504),
        ("gemini", "gemini-nano-banana-2.1", (2752, 1536), 0.0504),
        ("gemini", "gemini-nano-banana-2.1", (4096, 4096), 0.1134),
        ("gemini", "gemini-3-pro-image", (1024, 1024), 0.1344),
        ("gemini", "gemini-3-pro-image", (2048, 2048), 0.1344),
        ("gemini", "gemini-3-pro-image", (4096, 4096), 0.24),
        ("gemini", "gemini-2.5-flash-image", (1024, 1024), 0.0387),
        # OpenAI's calculator as fal lists it, quality high.
        ("openai", "gpt-image-2", (1024, 768), 0.14445),
        ("openai", "gpt-image-2", (1024, 1024), 0.21072),
        ("openai", "gpt-image-2", (1024, 1536), 0.16464),
        ("openai", "gpt-image-2", (3840, 2160), 0.40026),
        ("openai", "gpt-image-2.5-flare", (1024, 1024), 0.05268),
        ("openai", "gpt-image-2.5-flare", (1920, 1080), 0.0396),
        ("openai", "gpt-image-2.6-flare", (1024, 1024), 0.05268),
        ("openai", "gpt-image-2.5-sunburst", (2560, 1440), 0.05529),
        ("openai", "gpt-image-1.5", (1024, 1024), 0.13312),
        ("openai", "gpt-image-1.5", (1536, 1024), 0.19968),
        ("openai", "gpt-image-1-mini", (1024, 1024), 0.036),
        ("openai", "gpt-image-1-mini", (1024, 1536), 0.052),
        ("stability", "core", (1536, 1536), 0.03),
        ("replicate", "black-forest-labs/flux-schnell", (1024, 1024), 0.003),
        # By the megapixel, rounded up.
        ("fal", "fal-ai/flux/dev", (1024, 1024), 0.025),
        ("fal", "fal-ai/flux/dev", (1088, 1024), 0.05),
        ("fal", "fal-ai/flux/dev", (512, 512), 0.025),
        ("fal", "fal-ai/flux-1/schnell", (1024, 1024), 0.003),
        ("fal", "fal-ai/flux-pro/v1.1", (1088, 1024), 0.08),
        ("fal", "google/nano-banana-2.1", (1376, 768), 0.04),
        ("gemini", "gemini-3.5-flash-lite", (1024, 1024), None),
    ],
)
def test_a_picture_costs_what_the_maker_lists(
    prices: PriceList, provider: str, model: str, size: tuple[int, int], cost: float | None
) -> None:
    price = prices.price_of(provider, model)
    assert price is not None
    each = price.one_picture(*size)
    assert each == (cost if cost is None else pytest.approx(cost, abs=1e-9))


@pytest.mark.parametrize(
    ("name", "usage", "size", "references", "cost"),
    [
        # Text: thoughts are among the output.
        ("gemini/gemini-3.5-flash-lite", Usage(1, 1000, 400), None, 0, 0.0013),
        # The counted tokens of a picture, not the table's.
        ("gemini/gemini-nano-banana-2.1", Usage(1, 100, 20, 1120, 1), (1024, 1024), 0, 0.0339),
        # A provider that counts no tokens of pictures.
        ("gemini/gemini-nano-banana-2.1", Usage(1, images=1), (1024, 1024), 0, 0.0336),
        # 1,500 of the input are the reference picture, at its own price.
        ("openai/gpt-image-2.5-flare", Usage(1, 1600, 0, 1756, 1), (1024, 1024), 1, 0.06518),
        # Words of a model that draws.
        ("openai/gpt-image-2.5-flare", Usage(1, 0, 10, 1756, 1), (1024, 1024), 0, 0.05298),
        # Billed by the picture, whatever else is counted; nothing for none.
        ("stability/core", Usage(1, 900, 900, 0, 1), (1024, 1024), 0, 0.03),
        ("stability/core", Usage(1, images=0), (1024, 1024), 0, 0.0),
        # To start from a picture costs more.
        ("fal/fal-ai/flux/dev", Usage(1, images=1), (1024, 1024), 0, 0.025),
        ("fal/fal-ai/flux/dev", Usage(1, images=1), (1088, 1024), 1, 0.06),
        ("fal/fal-ai/flux/schnell", Usage(1, images=1), (1024, 1024), 1, 0.003),
        # The list has no price of a picture, or none of text.
        ("gemini/gemini-3.5-flash-lite", Usage(1, 10, 10, 0, 1), (1024, 1024), 0, None),
        ("stability/core", Usage(1, 10, 10), None, 0, None),
    ],
)
def test_what_was_used_has_its_cost(
    name: str,
    usage: Usage,
    size: tuple[int, int] | None,
    references: int,
    cost: float | None,
) -> None:
    price = load_prices(today=TODAY).price_of(*name.split("/", 1))
    assert price is not None
    spent = price.used(usage, size=size, references=references)
    assert spent == (cost if cost is None else pytest.approx(cost, abs=1e-9))


def test_the_users_prices_win_over_the_shipped_ones(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        '[[price]]\nprovider = "gemini"\nmodel = "gemini-nano-banana-2.1"\npicture = 0.02\n'
        '[[price]]\nprovider = "gemini"\nmodel = "gemini-3.8-flash"\ninput = 1\noutput = 2\n'
        "date = 2026-12-01\n"
        '[[price]]\nprovider = "acme"\nmodel = "*"\npicture = 0.05\n'
        '[[price]]\nprovider = "acme"\nmodel = "fast-*"\npicture = 0.01\n',
    )
    prices = load_prices(path, today=TODAY)

    def picture(provider: str, model: str) -> float | None:
        price = prices.price_of(provider, model)
        return price and price.one_picture(1024, 1024)

    assert picture("gemini", "gemini-nano-banana-2.1") == 0.02
    assert picture("gemini", "gemini-3-pro-image") == pytest.approx(0.1344)
    assert picture("acme", "slow") == 0.05
    assert picture("acme", "fast-2") == 0.01
    # Even over an introductory price.
    flash = prices.price_of("gemini", "gemini-3.8-flash")
    assert flash is not None
    assert flash.told() == "$1.00 in, $2.00 out per 1M tokens"
    assert flash.source == "your prices.toml"


def test_a_missing_list_of_the_users_is_none(tmp_path: Path) -> None:
    assert load_prices(tmp_path / "prices.toml", today=TODAY) == load_prices(today=TODAY)


def test_a_list_of_the_users_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.mkdir()
    with pytest.raises(ConfigError) as caught:
        load_prices(path, today=TODAY)
    assert str(caught.value) == f"'{path}' cannot be read: Is a directory; check the path."
    assert load_prices(tmp_path / "missing" / "prices.toml") == load_prices()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("price = ", "is not valid TOML: invalid value (at end of document); correct it."),
        (
            'models = "x"',
            "is no list of [[price]] entries; see `imagine cost --prices` for the form.",
        ),
        (
            'price = "free"',
            "is no list of [[price]] entries; see `imagine cost --prices` for the form.",
        ),
        ("price = [3]", ", entry 1: must be a table of fields, got 3; correct it."),
        (
            '[[price]]\nprovider = "x"\npicture = 1',
            ", entry 1: model is missing; correct the field.",
        ),
        ('[[price]]\nprovider = "x"\nmodel = "y"', ", entry 1: names no price; correct it."),
        (
            '[[price]]\nprovider = "x"\nmodel = "y"\npicture = -1',
            ", entry 1: picture is -1, and 0.0 is the least; correct the field.",
        ),
        (
            '[[price]]\nprovider = "x"\nmodel = "y"\npicture = nan',
            ", entry 1: picture must be a number, got nan; correct the field.",
        ),
        (
            '[[price]]\nprovider = "x"\nmodel = "y"\npictur = 1',
            ", entry 1: pictur: there is no such field; did you mean 'picture'?",
        ),
        (
            '[[price]]\nprovider = "x"\nmodel = "y"\npicture = 1\nmegapixel = 1',
            ", entry 1: names several prices of a picture, and one is the most; correct it.",
        ),
        (
            '[[price]]\nprovider = "x"\nmodel = "y"\ninput = 1\nedit_megapixel = 1',
            ", entry 1: needs megapixel with edit_megapixel; correct it.",
        ),
        (
            '[[price]]\nprovider = "x"\nmodel = "y"\nimage_output = 30',
            ", entry 1: needs image_output with image_tokens or grid, or none of the three; "
            "correct it.",
        ),
    ],
)
def test_a_wrong_list_of_the_users_is_refused(tmp_path: Path, text: str, told: str) -> None:
    path = own(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_prices(path, today=TODAY)
    joint = "" if told.startswith(",") else " "
    assert str(caught.value) == f"The price list '{path}'{joint}{told}"


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        (0, "$0.00"),
        (0.00001, "less than $0.0001"),
        (0.0008, "$0.0008"),
        (0.0336, "$0.0336"),
        (0.13, "$0.13"),
        (0.5, "$0.50"),
        (1.234, "$1.23"),
        (1234.5, "$1,234.50"),
    ],
)
def test_an_amount_reads_as_money(amount: float, told: str) -> None:
    assert dollars(amount) == told


@pytest.mark.parametrize(
    ("amount", "digits", "told"),
    [
        (0.0, 2, "$0.00"),
        (0.0032, 2, "$0.0032"),
        (0.03378, 2, "$0.034"),
        (0.1689, 2, "$0.17"),
        (0.1689, 3, "$0.169"),
        (0.996, 2, "$1.00"),
        (12.345, 2, "$12.35"),
        (1689.0, 2, "$1,689.00"),
    ],
)
def test_an_estimate_is_told_no_more_exactly_than_it_is(
    amount: float, digits: int, told: str
) -> None:
    assert rough(amount, digits=digits) == told
