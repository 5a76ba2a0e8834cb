"""What a good engineer writes instead of a batch command: asyncio, httpx, and a page of care.

    GEMINI_API_KEY=... python benchmarks/rival_asyncio.py prompts.txt out [--at-once 16]

Each prompt is described by a language model, then drawn. Both stages overlap, each under a
semaphore of its own; 8 tries with Retry-After, RetryInfo or a growing wait with jitter; pictures
are checked, and appear under their names whole. What benchmarks/batch.py measures `imagine`
against.
"""

import argparse
import asyncio
import base64
import io
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

TEXT_MODEL = "gemini-3.5-flash-lite"
IMAGE_MODEL = "gemini-nano-banana-2.1"
TRIES = 8
PASSING = {408, 429, 500, 502, 503, 504}
SCHEMA = {
    "type": "OBJECT",
    "properties": {
        name: {"type": "STRING"} for name in ("subject", "setting", "lighting", "composition")
    },
    "required": ["subject", "setting", "lighting", "composition"],
}


class FailedError(Exception):
    """One prompt came to nothing."""


class Rival:
    def __init__(self, client: httpx.AsyncClient, out: Path, at_once: int) -> None:
        self._client = client
        self._out = out
        self._describing = asyncio.Semaphore(at_once)
        self._drawing = asyncio.Semaphore(at_once)

    async def picture(self, number: int, prompt: str) -> None:
        path = self._out / f"{number:05}.png"
        if path.exists():
            return
        async with self._describing:
            described = await self._ask(TEXT_MODEL, _question(prompt))
        fields = json.loads(described["text"])
        full = f"{prompt}. " + " ".join(str(value) for value in fields.values())
        async with self._drawing:
            drawn = await self._ask(IMAGE_MODEL, {"contents": [{"parts": [{"text": full}]}]})
        if "inlineData" not in drawn:
            raise FailedError("text instead of a picture")
        await asyncio.to_thread(_save, base64.b64decode(drawn["inlineData"]["data"]), path)

    async def _ask(self, model: str, body: dict[str, Any]) -> dict[str, Any]:
        """The last part of the answer, after up to TRIES tries."""
        told = ""
        for tried in range(TRIES):
            wait = random.uniform(0, 2**tried)
            try:
                reply = await self._client.post(
                    f"/v1beta/models/{model}:generateContent", json=body
                )
                if reply.status_code == httpx.codes.OK:
                    return _last_part(reply.json())
                told = f"{reply.status_code} {reply.text[:200]}"
                if reply.status_code not in PASSING:
                    break
                wait = _asked_wait(reply) or wait
            except (httpx.TransportError, json.JSONDecodeError) as error:
                told = repr(error)
            await asyncio.sleep(wait)
        raise FailedError(told)


def _question(prompt: str) -> dict[str, Any]:
    text = f"Describe a picture of this prompt, as JSON: <prompt>{prompt}</prompt>"
    config = {"responseMimeType": "application/json", "responseSchema": SCHEMA}
    return {"contents": [{"parts": [{"text": text}]}], "generationConfig": config}


def _last_part(answer: dict[str, Any]) -> dict[str, Any]:
    for candidate in answer.get("candidates", []):
        for part in reversed(candidate.get("content", {}).get("parts", [])):
            found: dict[str, Any] = part
            return found
    raise FailedError(f"no candidates: {answer.get('promptFeedback')}")


def _asked_wait(reply: httpx.Response) -> float | None:
    """Seconds that the server asks for, with a little jitter."""
    if "retry-after" in reply.headers:
        return float(reply.headers["retry-after"]) + random.uniform(0, 0.5)
    for detail in reply.json().get("error", {}).get("details", []):
        if "retryDelay" in detail:
            return float(detail["retryDelay"].rstrip("s")) + random.uniform(0, 0.5)
    return None


def _save(data: bytes, path: Path) -> None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError) as error:
        raise FailedError(f"a broken picture: {error}") from error
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


async def batch(prompts: list[str], out: Path, at_once: int) -> int:
    """How many prompts failed."""
    out.mkdir(parents=True, exist_ok=True)
    limits = httpx.Limits(max_connections=2 * at_once, max_keepalive_connections=2 * at_once)
    async with httpx.AsyncClient(
        base_url=os.environ["IMAGINE_GEMINI_BASE_URL"],
        headers={"x-goog-api-key": os.environ["GEMINI_API_KEY"]},
        timeout=120,
        limits=limits,
    ) as client:
        rival = Rival(client, out, at_once)
        work = (rival.picture(number, prompt) for number, prompt in enumerate(prompts))
        ended = await asyncio.gather(*work, return_exceptions=True)
    failures = [error for error in ended if error is not None]
    for error in failures:
        print(error, file=sys.stderr)
    return len(failures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prompts", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--at-once", type=int, default=16)
    options = parser.parse_args()
    prompts = options.prompts.read_text(encoding="utf-8").splitlines()
    sys.exit(8 if asyncio.run(batch(prompts, options.out, options.at_once)) else 0)


if __name__ == "__main__":
    main()
