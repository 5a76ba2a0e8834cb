"""By hand: `python tests/fakes/serve.py gemini --port 8765` prints what to export, and serves.

`serve.py all` serves every provider on one port, each under its own name. Ctrl-C ends it.
"""

import argparse
import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes.desk import SERVICES, Desk, Latency, make_desk, service_class
from fakes.faults import DELIVERY, WORK
from fakes.limits import ByStep, Limits
from fakes.log import Entry, Log
from fakes.pictures import prepare
from fakes.server import Fake

# Names under which the settings know a service's key; the servers of one's own need none.
_KEYS = {
    "gemini": "GEMINI_API_KEY",
    "imagen": "GEMINI_API_KEY",
    "openai": "OPENAI_API_KEY",
    "together": "IMAGINE_CHAT_API_KEY",
    "stability": "STABILITY_API_KEY",
    "huggingface": "HF_TOKEN",
    "replicate": "REPLICATE_API_TOKEN",
    "fal": "FAL_KEY",
    "sdapi": "IMAGINE_SDAPI_API_KEY",
}
# Servers that are reached through other providers' settings.
_SETTINGS = {
    "localai": ("openai", "localai"),
    "vllm-omni": ("openai",),
    "sglang": ("openai",),
    "sdcpp": ("openai",),
    "together": ("chat",),
    "forge": ("sdapi",),
    "sdnext": ("sdapi",),
    "sd-server": ("sdapi",),
}


def main() -> None:
    options = _parser().parse_args()
    if options.faults_known:
        _list_faults(options.service)
        return
    log = Log(options.log, tell=_tell if options.verbose else None)
    names = [name for name in SERVICES if name not in _SETTINGS]
    served = names if options.service == "all" else [options.service]
    try:
        desks = {_prefix(name, served): _desk(name, options, log) for name in served}
    except ValueError as error:
        sys.exit(str(error))
    if options.megabytes and not options.tiny:
        prepare(1024, 1024, megabytes=options.megabytes)
    fake = Fake(desks, log)
    fake.start(options.port)
    for prefix, desk in desks.items():
        name = desk.service.options.habit
        for setting in _SETTINGS.get(name, (name,)):
            address = f"{fake.root}{prefix}{desk.service.suffix}"
            print(f"export IMAGINE_{setting.upper()}_BASE_URL={address}")
        if name in _KEYS and desk.service.options.key:
            print(f"export {_KEYS[name]}={desk.service.options.key}")
    sys.stdout.flush()
    # A shell starts what runs in its background with SIGINT ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print(f"{len(log.entries)} requests, {log.paid} pictures paid.", file=sys.stderr)
    finally:
        fake.stop()
    for crash in fake.crashes:
        print(crash, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A fake provider on this machine.")
    parser.add_argument("service", choices=[*SERVICES, "all"])
    parser.add_argument("--port", type=int, default=0, help="a free one unless given")
    parser.add_argument("--key", help="the only right key; 'none' takes any")
    parser.add_argument("--latency", default="0", help="seconds of work: 2, 1-3, text=0.8,image=2")
    parser.add_argument(
        "--limit",
        type=parse_limit,
        help="texts and pictures worked on at a time, more get a 429: 16, text=32,image=16",
    )
    parser.add_argument("--queue", action="store_true", help="more of them wait instead")
    parser.add_argument(
        "--per-minute",
        type=parse_limit,
        help="texts and pictures a minute, more get a 429: 60, text=300,image=60",
    )
    parser.add_argument("--minute", type=float, default=60.0, help="seconds of a minute")
    parser.add_argument(
        "--faults",
        default="",
        help="in turn: 429,ok,reset,503* -- or as shares of the requests: 429:0.05,reset:0.02",
    )
    parser.add_argument("--faults-known", action="store_true", help="list the faults and stop")
    parser.add_argument("--seed", type=int, default=0, help="of shares, latencies, descriptions")
    parser.add_argument("--megabytes", type=float, default=0.0, help="of noise in every picture")
    parser.add_argument("--tiny", action="store_true", help="pictures of a few kB, whatever size")
    parser.add_argument(
        "--format", choices=("png", "jpeg"), default="png", help="of pictures by Gemini 3.x"
    )
    parser.add_argument("--log", type=Path, help="append every request to this file, JSON Lines")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for every request")
    return parser


def _desk(name: str, options: argparse.Namespace, log: Log) -> Desk:
    key = {} if options.key is None else {"key": None if options.key == "none" else options.key}
    return make_desk(
        name,
        faults=parse_faults(options.faults),
        latency=parse_latency(options.latency),
        limits=Limits(options.limit, options.queue, options.per_minute, options.minute),
        log=log,
        seed=options.seed,
        megabytes=options.megabytes,
        tiny=options.tiny,
        format=options.format,
        **key,
    )


def parse_faults(text: str) -> list[str] | dict[str, float]:
    """ "429,ok" is a script; "429:0.05,reset:0.02" are shares."""
    parts = [part for part in text.split(",") if part]
    shares = [re.fullmatch(r"(.+):([\d.]+)", part) for part in parts]
    if parts and all(shares):
        return {found[1]: float(found[2]) for found in shares if found}
    return parts


def parse_limit(text: str) -> ByStep:
    """ "16", or by step: "text=32,image=16"."""
    if "=" not in text:
        return int(text)
    pairs = [part.partition("=") for part in text.split(",")]
    if not {step for step, _, _ in pairs} <= set(WORK):
        raise argparse.ArgumentTypeError(f"the steps of {text!r} are not among {', '.join(WORK)}")
    return {step: int(value) for step, _, value in pairs}


def parse_latency(text: str) -> Latency | dict[str, Latency]:
    """ "2", "1-3", or either of these by step: "text=0.8,image=2-4"."""
    if "=" in text:
        pairs = (part.partition("=") for part in text.split(","))
        return {step: _seconds(value) for step, _, value in pairs}
    return _seconds(text)


def _seconds(text: str) -> Latency:
    low, dash, high = text.partition("-")
    return (float(low), float(high)) if dash else float(low)


def _prefix(name: str, served: list[str]) -> str:
    return "" if len(served) == 1 else f"/{name}"


def _list_faults(name: str) -> None:
    names = SERVICES if name == "all" else [name]
    for one in dict.fromkeys(service_class(name) for name in names):
        print(f"{one.name}: answers before any work")
        for fault, told in one.errors.items():
            print(f"  {fault:22} {told}")
        for kind, table in (("text", one.text_faults), ("picture", one.image_faults)):
            if table:
                print(f"{one.name}: what is wrong with a {kind}")
            for fault, told in table.items():
                print(f"  {fault:22} {told}")
    print("everywhere: what happens on the way")
    for fault, told in DELIVERY.items():
        print(f"  {fault:22} {told}")


def _tell(entry: Entry) -> None:
    seconds = entry.finished - entry.time
    print(
        f"{entry.provider} {entry.step} {entry.status} {entry.outcome} {seconds:.3f} s "
        f"paid {entry.paid} {entry.prompt[:60]!r}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
