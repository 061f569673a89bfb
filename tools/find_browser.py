"""Find a browser for the tests: $BROWSER, an installed Chrome, Chromium or Edge, or else Playwright's own Chromium.

python tools/find_browser.py     say which one; fetch Playwright's if there is none
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

COMMANDS = (
    "chromium-headless-shell",  # Debian's Chromium without its windows: a third less work
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"),
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
ADVICE = """No browser was found for the tests, and Playwright could not fetch one. Install Chromium, Chrome or Edge:
  Debian, Ubuntu:  sudo apt-get install chromium
  macOS:           brew install --cask google-chrome
or name one: BROWSER=/path/to/chrome make test"""


def find_browser() -> str | None:
    """The path of a Chromium-like browser, or None."""
    if named := os.environ.get("BROWSER"):
        return shutil.which(named)
    installed = next((path for command in COMMANDS if (path := shutil.which(command))), None)
    return installed or next((place for place in PLACES if Path(place).exists()), None) or playwrights_own()


def playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def main() -> None:
    if not find_browser():
        print("No browser installed: fetching Playwright's Chromium", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if not (found := find_browser()):
        sys.exit(ADVICE)
    print(f"Browser for the tests: {found}")


if __name__ == "__main__":
    main()
