"""What is installed: the list of packages, the version, and no import that it should not need."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from imagine.cli.settings import SETTINGS
from imagine.stages import VERSION

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_folder_is_listed() -> None:
    folders = {
        "imagine." + ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("cli", "stages", "prompts")
        for path in (ROOT / top).rglob("__init__.py")
    }
    assert folders == set(PROJECT["tool"]["setuptools"]["packages"])


def test_what_draws_knows_nothing_of_what_enlarges() -> None:
    # The other way round it does: upscalers are models, too, and two folders that read each other
    # are one.
    drawing = (ROOT / "stages" / "generate").rglob("*.py")
    texts = {path: path.read_text(encoding="utf-8") for path in drawing}
    assert texts
    assert [path for path, text in texts.items() if "imagine.stages.upscale" in text] == []


def test_the_version_is_stated_once() -> None:
    assert PROJECT["project"]["version"] == VERSION
    assert f"## {VERSION}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_example_environment_names_every_setting_with_a_comment() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    named = {line.removesuffix("=") for line in lines if line.endswith("=")}
    assert {f"IMAGINE_{name.upper()}" for name in SETTINGS} <= named
    assert {name for setting in SETTINGS.values() for name in setting.variables} <= named
    read = set()
    for path in (ROOT / "cli").glob("*.py"):
        source = path.read_text(encoding="utf-8")
        read |= set(re.findall(r'environ(?:\.get\(|\[)"(\w+)"', source))
        read |= set(re.findall(r'"(\w+)" (?:not )?in os\.environ', source))
    # What the terminal and the shell set by themselves is no setting.
    theirs = {"TERM", "_IMAGINE_COMPLETE", "COMP_WORDS", "COMP_CWORD", "XDG_CACHE_HOME"}
    assert read - theirs <= named


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; sys.argv[1:] = " + repr(arguments) + "\n"
        "from imagine.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'PIL', 'pydantic', 'httpx', 'numpy', 'google.generativeai',\n"
        "         'rich', 'yaml', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"
    assert done.stdout
