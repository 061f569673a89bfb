"""A real browser on the built site. A page opened here may ask nobody but the site itself, and may not complain."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from built_site import OpenPage, Site, built_site
from find_browser import ADVICE, find_browser
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

expect.set_options(timeout=60_000)  # a busy machine takes its time: nothing here is about how long it takes


@pytest.fixture(scope="session")
def site() -> Site:
    site = built_site()
    if not site.pages:
        pytest.fail(f"There is no site in {site.folder}; `make book` builds it")
    return site


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_browser()
    if not path:
        pytest.fail(ADVICE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


NO_STORAGE = "?storage=off"  # what the server below is asked for


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        if NO_STORAGE in self.path:  # a page in a sandbox has an origin of its own, which owns no storage
            self.send_header("Content-Security-Policy", "sandbox allow-scripts allow-forms")
        self.send_header("Access-Control-Allow-Origin", "*")  # so that such a page may load our fonts
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def server(site: Site) -> Iterator[str]:
    """The site on a local server: its address."""
    handler = functools.partial(_Quiet, directory=str(site.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[OpenPage]:
    """`open_page("part-2/regression")` opens a page from its file.

    Options: `width`, `dark`, `origin` (a server's address), `storage` (with False nothing may be stored; needs an
    origin), and those of Playwright's `new_context`.
    After the test, every request that left the origin and every error on the console makes it fail.
    """
    contexts, complaints = [], []

    def open_page(
        name: str,
        *,
        width: int = 1280,
        dark: bool = False,
        origin: str = "",
        storage: bool = True,
        **options: object,
    ) -> Page:
        origin = origin or site.folder.as_uri() + "/"
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", **options
        )
        contexts.append(context)

        def guard(route: Route) -> None:
            if route.request.url.startswith(origin):
                route.continue_()
            else:
                complaints.append(f"{name} asked for {route.request.url}")
                route.abort()

        def listen(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                complaints.append(f"{name} said {message.type}: {message.text} ({message.location['url']})")

        context.route("**/*", guard)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda problem: complaints.append(f"{name} raised {problem}"))
        page.goto(urljoin(origin, f"{name}.html{'' if storage else NO_STORAGE}"))
        page.wait_for_load_state("load")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
