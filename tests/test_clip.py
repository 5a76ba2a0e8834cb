import hashlib
import io
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENT
from PIL import Image

from imagine.stages.errors import UsageError
from imagine.stages.references import clip
from imagine.stages.references.reading import read_reference

MP4 = struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 512, b"mp41") + bytes(100)
MOV = struct.pack(">I4s4sI4s", 20, b"ftyp", b"qt  ", 512, b"qt  ") + bytes(100)
OLD_MOV = struct.pack(">I4s", 100, b"moov") + bytes(100)
WEBM = b"\x1a\x45\xdf\xa3" + bytes(100)

# Stands in for ffmpeg: tells a length of 8 s, and paints the time that is asked for in red.
STAND_IN = """#!{python}
import io, json, pathlib, sys
options = sys.argv[1:]
with open({log!r}, "a") as file:
    file.write(json.dumps(options) + "\\n")
if "-progress" in options:
    print("frame=1\\nout_time_us=N/A\\nout_time_us=4000000\\nout_time_us=8000000\\nprogress=end")
else:
    from PIL import Image
    second = float(options[options.index("-ss") + 1])
    file = io.BytesIO()
    Image.new("RGB", (64, 36), (int(second * 10), 0, 0)).save(file, "PNG")
    sys.stdout.buffer.write(file.getvalue())
"""

Install = Callable[[str], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a program named ffmpeg on the PATH, and nothing else; its log's path comes back."""
    folder, log = tmp_path / "bin", tmp_path / "log"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def write(script: str) -> Path:
        program = folder / "ffmpeg"
        program.write_text(script.format(python=sys.executable, log=str(log)), encoding="utf-8")
        program.chmod(0o755)
        return log

    return write


@pytest.mark.parametrize(
    ("data", "container"), [(MP4, "mov"), (MOV, "mov"), (OLD_MOV, "mov"), (WEBM, "matroska")]
)
def test_frames_are_spread_over_the_clip(
    install: Install, tmp_path: Path, data: bytes, container: str
) -> None:
    log = install(STAND_IN)
    path = tmp_path / "-i film.txt"
    path.write_bytes(data)
    found = read_reference(path)
    reds = [Image.open(io.BytesIO(frame.data)).getpixel((0, 0))[0] for frame in found]  # type: ignore[index]
    assert reds == [10, 30, 50, 70]
    assert [(frame.format, frame.width, frame.height) for frame in found] == [("png", 64, 36)] * 4
    assert found[0].sha256 == hashlib.sha256(data + b"#1000").hexdigest()
    for line in log.read_text(encoding="utf-8").splitlines():
        assert f'"-protocol_whitelist", "file,pipe", "-f", "{container}"' in line
        assert f'"-i", "file:{path}"' in line


def test_a_clip_of_one_frame_gives_one(install: Install, tmp_path: Path) -> None:
    install(STAND_IN.replace("int(second * 10)", "7"))
    path = tmp_path / "film.mp4"
    path.write_bytes(MP4)
    assert len(read_reference(path)) == 1


FAILURES = [
    (
        "#!{python}\nimport sys\nprint('[mov @ 0x7] moov atom not found', file=sys.stderr)\n"
        "print('Error opening input', file=sys.stderr)\nsys.exit(1)\n",
        "is a clip that ffmpeg cannot read (moov atom not found); give another, or pictures.",
    ),
    (
        "#!{python}\nraise SystemExit(3)\n",
        "is a clip that ffmpeg cannot read (exit code 3); give another, or pictures.",
    ),
    (
        "#!{python}\n",
        "is a clip that ffmpeg cannot read (it shows no frame); give another, or pictures.",
    ),
    (
        "#!{python}\nimport time\ntime.sleep(60)\n",
        "is a clip that ffmpeg cannot read (it took more than 1 s); give another, or pictures.",
    ),
    (
        "#!/no/such/program\n",
        "is a clip that ffmpeg cannot read (No such file or directory); give another, or pictures.",
    ),
]


@pytest.mark.parametrize(
    ("script", "message"), FAILURES, ids=["words", "silent", "nothing", "slow", "broken"]
)
def test_what_ffmpeg_cannot_read_is_refused(
    install: Install,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    message: str,
) -> None:
    monkeypatch.setattr(clip, "TIMEOUT", 1.0 if "sleep" in script else PATIENT)
    install(script)
    path = tmp_path / "film.mp4"
    path.write_bytes(MP4)
    with pytest.raises(UsageError) as caught:
        read_reference(path)
    assert str(caught.value) == f"'{path}' {message}"


def test_without_ffmpeg_the_way_out_is_named(install: Install, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(MP4)
    with pytest.raises(UsageError) as caught:
        read_reference(path)
    assert str(caught.value) == (
        f"'{path}' is a clip, which only ffmpeg can open, and it is not installed; "
        "install ffmpeg, or give pictures or an animated GIF."
    )
