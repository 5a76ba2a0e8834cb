"""The README: every command and program in it runs, and the help in it is current."""

import os
import re
import subprocess
import sys
from pathlib import Path

from fakes import serve

from imagine.cli.main import COMMANDS

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(language: str, page: Path = README) -> list[str]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for name, text in found if name == language]


def environment(directory: Path) -> dict[str, str]:
    beside_python = Path(sys.executable).parent
    return {"PATH": f"{beside_python}{os.pathsep}{os.environ['PATH']}", "HOME": str(directory)}


def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    # The two that make a virtual environment are run by .ci/run.
    lines = [line for text in blocks("sh") for line in text.splitlines() if "venv" not in line]
    assert len(lines) >= 8
    script = "set -euo pipefail\n" + "\n".join(lines)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "foxes.png").stat().st_size > 10_000
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 4


def test_every_command_that_needs_a_key_runs_against_the_fake_services(tmp_path: Path) -> None:
    lines = [line for text in blocks("bash") for line in text.splitlines()]
    assert len(lines) >= 8
    with serve("gemini") as gemini, serve("openai") as openai, serve("ollama") as ollama:
        settings = {
            "IMAGINE_GEMINI_BASE_URL": gemini.url,
            "OPENAI_API_KEY": str(openai.key),
            "IMAGINE_OPENAI_BASE_URL": openai.url,
            "IMAGINE_OLLAMA_BASE_URL": ollama.url,
        }
        script = "\n".join(lines).replace("your-key", str(gemini.key))
        done = subprocess.run(
            ["bash", "-c", "set -euo pipefail\n" + script],
            cwd=tmp_path,
            env=environment(tmp_path) | settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert gemini.log.paid == 3
        assert openai.log.paid == 1
        assert len(ollama.log.of("text")) == 1
    assert {"corgi.png", "beach.png"} <= {path.name for path in tmp_path.iterdir()}
    assert "gemini-nano-banana-2.1" in done.stdout


def test_the_program_of_the_readme_runs(tmp_path: Path) -> None:
    (program,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "fox.png\n"
    assert (tmp_path / "fox.png").stat().st_size > 10_000


def test_the_help_in_the_documents_is_current() -> None:
    commands = README.parent / "docs" / "commands.md"
    subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", str(README), str(commands)], check=True
    )
    text = commands.read_text(encoding="utf-8")
    assert all(f"## imagine {name}\n" in text for name in COMMANDS)


def test_the_first_screen_shows_a_command_and_its_picture() -> None:
    first = "\n".join(README.read_text(encoding="utf-8").splitlines()[:20])
    assert 'imagine "fluffy corgi' in first
    image = re.search(r'<img src="([^"]+)"', first)
    assert image is not None
    assert (README.parent / image[1]).exists()


def run_page(name: str, directory: Path) -> None:
    """Every command of a page of docs/ that needs no key, in one shell."""
    script = "\n".join(blocks("sh", README.parent / "docs" / name))
    done = subprocess.run(
        ["bash", "-c", "set -euo pipefail\n" + script],
        cwd=directory,
        env=environment(directory),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_command_of_the_page_on_batches_runs(tmp_path: Path) -> None:
    run_page("batch.md", tmp_path)
    assert sorted(path.name for path in (tmp_path / "foxes").glob("*.png")) == [
        "pair-2.png",
        "red-1.png",
    ]
    assert len(list((tmp_path / "story").glob("*.png"))) == 2


def test_every_command_of_the_page_on_upscaling_runs(tmp_path: Path) -> None:
    run_page("upscale.md", tmp_path)
    assert (tmp_path / "lighthouse.png").stat().st_size > 10_000
    assert len(list((tmp_path / "large").glob("*-2x.png"))) == 2
    assert len(list((tmp_path / "web").glob("*-2x.webp"))) == 2
