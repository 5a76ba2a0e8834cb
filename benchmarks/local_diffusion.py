"""Local diffusion beside plain diffusers scripts, in one run: what we add to a picture and a batch.

    python benchmarks/local_diffusion.py                      a tiny pipeline of random weights
    python benchmarks/local_diffusion.py --model FOLDER --device cuda --size 1024 --steps 30

Every figure is a ratio: our time over that of the script, taken in turns. Peak memory is
that of the process, or of the graphics card where there is one.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoPipelineForText2Image

from imagine.stages.description import describe
from imagine.stages.enhance import ENHANCERS
from imagine.stages.generate.diffusers.backend import DiffusersBackend
from imagine.stages.generate.local.options import LocalOptions
from imagine.stages.generate.local.shelf import Shelf
from imagine.stages.image import ImageRequest

ROOT = Path(__file__).resolve().parents[1]
PROMPT = "a red fox in the snow, oil painting"
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "DIFFUSERS_VERBOSITY": "error",
}

# What a careful person writes: loaded once, no progress bars, several prompts in one call.
SCRIPT = """
import json, resource, sys, time
from pathlib import Path
start = time.perf_counter()
import torch
from diffusers import AutoPipelineForText2Image
folder, target, size, steps, device, batch = sys.argv[1:7]
prompts = json.loads(sys.stdin.read())
size, steps, batch = int(size), int(steps), int(batch)
dtype = torch.float32 if device == "cpu" else torch.bfloat16
pipe = AutoPipelineForText2Image.from_pretrained(folder, dtype=dtype, local_files_only=True)
pipe.set_progress_bar_config(disable=True)
pipe.to(device)
loaded = time.perf_counter()
Path(target).mkdir(parents=True, exist_ok=True)
for first in range(0, len(prompts), batch):
    part = prompts[first : first + batch]
    makers = [torch.Generator("cpu").manual_seed(first + n) for n in range(len(part))]
    images = pipe(part, generator=makers, num_inference_steps=steps, width=size, height=size).images
    for number, image in enumerate(images):
        image.save(Path(target) / f"{first + number:03d}.png")
ended = time.perf_counter()
peak = torch.cuda.max_memory_allocated() if device != "cpu" else 0
peak = peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"load": loaded - start, "draw": ended - loaded, "peak": peak}))
"""


def main() -> None:
    options = _options()
    os.environ.update(QUIET)
    with tempfile.TemporaryDirectory() as scratch:
        model = options.model or _tiny(Path(scratch) / "model")
        one_picture(model, options)
        whole_commands(model, options, Path(scratch))
        batches(model, options, Path(scratch))


def one_picture(model: Path, options: argparse.Namespace) -> None:
    """In one process, loaded before: the backend's picture against the pipeline's, in turns."""
    nowhere = Path(tempfile.gettempdir()) / "imagine-no-shelf"
    shelf = Shelf(nowhere / "models.toml", nowhere / "seen.json", nowhere / "hub")
    local = LocalOptions(device=options.device, dtype=_dtype(options), batch_size=1)
    backend = DiffusersBackend(
        model=str(model), shelf=shelf, options=local, tell=lambda text: print(text, file=sys.stderr)
    )
    pipe = AutoPipelineForText2Image.from_pretrained(
        model, dtype=getattr(torch, _dtype(options)), local_files_only=True
    ).to(options.device)
    pipe.set_progress_bar_config(disable=True)
    spec = describe(PROMPT, enhancer=ENHANCERS.create("offline")).spec

    def plain() -> object:
        made = torch.Generator("cpu").manual_seed(1)
        return pipe(
            PROMPT,
            generator=made,
            num_inference_steps=options.steps,
            width=options.size,
            height=options.size,
        ).images[0]

    def ours() -> object:
        request = ImageRequest(
            prompt=PROMPT,
            negative_prompt=None,
            spec=spec,
            width=options.size,
            height=options.size,
            seed=1,
            num_inference_steps=options.steps,
        )
        return list(backend.generate(request))[-1]

    times: dict[str, list[float]] = {"plain": [], "ours": []}
    for _ in range(options.rounds + 1):
        for name, draw in (("plain", plain), ("ours", ours)):
            start = time.perf_counter()
            draw()
            times[name].append(time.perf_counter() - start)
    plain_time, our_time = (statistics.median(times[name][1:]) for name in ("plain", "ours"))
    _tell("one picture, model loaded", our_time, plain_time)


def whole_commands(model: Path, options: argparse.Namespace, scratch: Path) -> None:
    """From a cold start to the file: the command against the script."""
    ours, plain = [], []
    for number in range(options.processes):
        plain.append(_script(model, options, scratch / f"plain{number}", [PROMPT], 1)["total"])
        ours.append(_command(model, options, scratch / f"ours{number}", [PROMPT], 1)["total"])
    _tell("whole command, one picture", statistics.median(ours), statistics.median(plain))


def batches(model: Path, options: argparse.Namespace, scratch: Path) -> None:
    """Many prompts: `imagine batch` against the best of several hand-written loops."""
    prompts = [f"{PROMPT}, number {n}" for n in range(options.pictures)]
    sizes = [size for size in (1, 4, 8, 16, 32) if size <= options.pictures]
    loops = {n: _script(model, options, scratch / f"loop{n}", prompts, n) for n in sizes}
    for size, told in loops.items():
        rate = 60 * len(prompts) / told["draw"]
        print(f"  loop of {size:>2}: {told['total']:.2f} s, {rate:.0f} a minute once loaded, "
              f"peak {told['peak'] / 2**20:.0f} MiB")  # fmt: skip
    best = min(told["total"] for told in loops.values())
    ours = _command(model, options, scratch / "batch", prompts, 0)
    print(f"  imagine batch: {ours['total']:.2f} s, peak {ours['peak'] / 2**20:.0f} MiB")
    _tell(f"{len(prompts)} pictures, whole command", ours["total"], best)


def _script(
    model: Path, options: argparse.Namespace, target: Path, prompts: list[str], batch: int
) -> dict[str, float]:
    command = [sys.executable, "-c", SCRIPT, str(model), str(target)]
    command += [str(value) for value in (options.size, options.steps, options.device, batch)]
    start = time.perf_counter()
    done = subprocess.run(
        command, input=json.dumps(prompts), capture_output=True, text=True, check=True
    )
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told | {"total": time.perf_counter() - start}


def _command(
    model: Path, options: argparse.Namespace, target: Path, prompts: list[str], seed: int
) -> dict[str, float]:
    settings = {
        "IMAGINE_CONFIG_DIR": str(target / "config"),
        "IMAGINE_CACHE_DIR": str(target / "cache"),
        "IMAGINE_DEVICE": options.device,
        "IMAGINE_DTYPE": _dtype(options),
    }
    command = [sys.executable, "-m", "imagine.cli", *(["batch", "-"] if len(prompts) > 1 else [])]
    command += [] if len(prompts) > 1 else ["generate", prompts[0]]
    command += ["-b", "diffusers", "-m", str(model), "--no-enhance"]
    command += ["--size", f"{options.size}x{options.size}", "--steps", str(options.steps)]
    command += ["--seed", str(seed), "-o", str(target / "pictures")]
    start = time.perf_counter()
    subprocess.run(
        command,
        input="\n".join(prompts) if len(prompts) > 1 else None,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **settings},
    )
    total = time.perf_counter() - start
    # Of all children so far; the largest is what matters, and loops ran before.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return {"total": total, "peak": float(peak)}


def _tiny(folder: Path) -> Path:
    sys.path.insert(0, str(ROOT / "tests" / "extras"))
    tiny: Any = import_module("tiny_models")
    return Path(tiny.sd15(folder))


def _dtype(options: argparse.Namespace) -> str:
    return "float32" if options.device == "cpu" else "bfloat16"


def _tell(what: str, ours: float, plain: float) -> None:
    print(f"{what}: {ours:.3f} s against {plain:.3f} s, {ours / plain:.2f} of it, "
          f"{1000 * (ours - plain):+.0f} ms")  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a diffusers folder; default a tiny one")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--pictures", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--processes", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
