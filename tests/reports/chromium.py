"""A real browser that tests drive over a pipe of its own: no port, no library, and no network."""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--remote-debugging-pipe",
)
ON_PIPE = """
import fcntl, os, sys
theirs = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
os.dup2(theirs[0], 3), os.dup2(theirs[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Puts the pipe where a browser looks for it, at 3 and 4, and becomes the browser."""
PATIENCE_S = 30.0
"""A browser that has not answered by then is broken; it usually takes milliseconds."""


@dataclass
class Browser:
    """A running browser; ``sent`` and ``heard`` are the two ends of its pipe."""

    sent: int
    heard: int
    number: int = 0
    waiting: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, method: str, session: str | None = None, **params: object) -> dict[str, Any]:
        """Send a command and return its result; what happens meanwhile is kept in ``events``."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self.sent, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self.number:
            self.events.append(answer)
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def wait_for(self, method: str) -> None:
        """Return when an event has happened, or when it already has."""
        while all(event.get("method") != method for event in self.events):
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.waiting:
            ready, _, _ = select.select([self.heard], [], [], PATIENCE_S)
            piece = os.read(self.heard, 1 << 20) if ready else b""
            assert piece, "The browser does not answer."
            self.waiting += piece
        head, _, self.waiting = self.waiting.partition(b"\0")
        message: dict[str, Any] = json.loads(head)
        return message


@dataclass
class Page:
    """A file as a browser shows it on a screen of a width."""

    browser: Browser
    session: str
    events: list[dict[str, Any]]

    def value(self, expression: str) -> Any:
        """Return what a JavaScript expression gives in the page."""
        asked = {"expression": expression, "returnByValue": True}
        result = self.browser.ask("Runtime.evaluate", self.session, **asked)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """Return the text that a reader sees of each element, as it is shown."""
        elements = f"[...document.querySelectorAll({json.dumps(selector)})]"
        found: list[str] = self.value(f"{elements}.map(element => element.innerText.trim())")
        return found

    def complaints(self) -> list[str]:
        """Return whatever the page wrote on the console, and every fault the browser found."""
        self.value("1")
        seen = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Network.loadingFailed")
        return [json.dumps(event) for event in self.events if event.get("method") in seen]

    def requests(self) -> list[str]:
        """Return the addresses of everything the page asked for."""
        self.value("1")
        asked = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in asked]

    def picture(self) -> bytes:
        """Return a PNG of the whole page."""
        shot = self.browser.ask("Page.captureScreenshot", self.session, format="png", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def printed(self) -> bytes:
        """Return the page as PDF, as a printer would get it."""
        return base64.b64decode(self.browser.ask("Page.printToPDF", self.session, preferCSSPageSize=True)["data"])


def find_browser() -> str:
    """Return the path of a browser, or fail with the words what to install."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.fail("No Chromium here: `make browser` installs it (on Debian or Ubuntu: chromium fonts-wqy-microhei).")
    return found


@contextmanager
def running_browser(profile: Path) -> Iterator[Browser]:
    """Start a browser with a new profile, and end it when the block does."""
    theirs_in, sent = os.pipe()
    heard, theirs_out = os.pipe()
    command = [sys.executable, "-c", ON_PIPE, str(theirs_in), str(theirs_out), find_browser(), *FLAGS]
    with subprocess.Popen(
        [*command, f"--user-data-dir={profile}"],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield Browser(sent, heard)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            os.close(sent)
            os.close(heard)


def open_file(browser: Browser, path: Path, *, width_px: int, height_px: int = 900, is_phone: bool = False) -> Page:
    """Open a file on a screen of a width; the network is cut."""
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    session: str = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    browser.events.clear()
    for room in ("Page", "Runtime", "Log", "Network"):
        browser.ask(f"{room}.enable", session)
    cut = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    browser.ask("Network.emulateNetworkConditions", session, **cut)
    screen = {"width": width_px, "height": height_px, "deviceScaleFactor": 2 if is_phone else 1, "mobile": is_phone}
    browser.ask("Emulation.setDeviceMetricsOverride", session, **screen)
    browser.ask("Page.navigate", session, url=path.as_uri())
    browser.wait_for("Page.loadEventFired")
    return Page(browser, session, browser.events)
