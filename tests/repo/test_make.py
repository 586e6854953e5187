"""What ``make`` prepares for the tests: a browser, and letters for it to draw."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUB = "#!/bin/sh\necho {name} \"$@\" >> '{log}'\n{does}\n"


def _stub(folder: Path, name: str, does: str = "") -> None:
    """Put a program of a name into a folder; it writes down how it was called, and does a little."""
    program = folder / name
    program.write_text(STUB.format(name=name, log=folder / "log", does=does), encoding="utf-8")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("fonts", "installs"),
    [
        ("", ["apt-get install -y -qq --no-install-recommends fontconfig fonts-wqy-microhei"]),
        ("/usr/share/fonts/wqy-microhei.ttc: WenQuanYi Micro Hei", []),
    ],
    ids=["no Chinese font", "a Chinese font"],
)
def test_browser_gets_a_chinese_font(tmp_path: Path, fonts: str, installs: list[str]) -> None:
    """A browser without Chinese letters draws boxes, and every test of a page's width would measure those."""
    _stub(tmp_path, "chromium")
    _stub(tmp_path, "sudo", 'exec "$@"')
    _stub(tmp_path, "apt-get")
    _stub(tmp_path, "fc-list", f"printf '%s' '{fonts}'")

    subprocess.run(
        ["make", "--silent", "browser"],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=True,
        capture_output=True,
    )

    called = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    assert "fc-list :lang=zh" in called
    assert [line for line in called if line.startswith("apt-get install")] == installs
