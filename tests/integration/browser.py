"""Chromium for tests: Debian's, found on the path."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from brokers import missing
from playwright.sync_api import Browser, sync_playwright


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium; the test is skipped (in CI failed) where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        missing("Chromium", "apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=["--no-sandbox", "--font-render-hinting=none"]
        )
        try:
            yield browser
        finally:
            browser.close()
