"""The page as a whole: its tabs, its style, and the server that shows it.

It asks no other host for anything: fonts and scripts are Gradio's own, analytics are off, no public link is made
unless it is asked for, and the content security policy forbids the browser to fetch from elsewhere.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when Gradio is imported
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from html import escape

import gradio as gr
from gradio.themes import Default, LocalFont

from ampo.app import browse, chat, compare, controls, sample
from ampo.app.desk import Desk
from ampo.app.policy import ContentPolicy
from ampo.app.shelf import Shelf

THEME = Default(
    primary_hue="indigo",
    neutral_hue="zinc",
    # Gradio carries them itself. The default's bold face lacks most letters.
    font=[LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"],
    font_mono=[LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"],
)

QUEUE_SECONDS = 0.01
"""So often the queue looks for a new question. Gradio's own 0.001 keeps a core busy that the engine can use."""

_OPEN_WHERE_WIDE = "() => { if (innerWidth >= 1200) document.querySelector('.sidebar .toggle-button')?.click() }"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page is served and to whom. auth: (user, password) pairs; empty lets everybody in."""

    host: str = "127.0.0.1"
    port: int | None = None
    auth: tuple[tuple[str, str], ...] = ()
    share: bool = False
    root_path: str | None = None
    open_browser: bool = False
    queue_size: int = 64


def build(desk: Desk) -> gr.Blocks:
    """The page, not yet served."""
    with gr.Blocks(title="AMPO", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400)) as page:
        names = " against ".join(escape(name) for name in desk.engines)
        gr.HTML(f'<h1>AMPO</h1><span class="ampo-model">{names}</span>', elem_id="ampo-head")
        with gr.Sidebar(open=False, width=300):
            shelf = Shelf()
            knobs = controls.build(desk.defaults, desk.system, desk.limits)
        with gr.Tabs():
            with gr.Tab("Chat", id="chat"):
                chat.build(desk, knobs, shelf)
            with gr.Tab("Sample k", id="sample"):
                sample.build(desk, knobs)
            with gr.Tab("Compare", id="compare"):
                compare.build(desk, knobs)
            if desk.services.read_run is not None:
                with gr.Tab("Browse", id="browse"):
                    browse.build(desk, page)
        page.load(None, None, None, js=_OPEN_WHERE_WIDE)
        shelf.load(page)
    return page


def launch(desk: Desk, address: Address, ready: Callable[[str], None] | None = None) -> tuple[gr.Blocks, str]:
    """Serve the page; gives it and its address. With `ready`, tell that the address and wait for an interrupt."""
    page = build(desk)
    page.queue(max_size=address.queue_size, default_concurrency_limit=desk.concurrency)
    page._queue.sleep_when_free = QUEUE_SECONDS
    _, url, public = page.launch(
        server_name=address.host,
        server_port=address.port,
        share=address.share,
        auth=list(address.auth) or None,
        root_path=address.root_path,
        inbrowser=address.open_browser,
        prevent_thread_lock=True,
        max_threads=desk.concurrency + 40,
        max_file_size="1kb",  # nothing here is uploaded; Gradio has a way in for files all the same
        theme=THEME,
        css=files("ampo.app").joinpath("style.css").read_text("utf-8"),
        head=f"<script>{files('ampo.app').joinpath('page.js').read_text('utf-8')}</script>",
        app_kwargs={"middleware": ContentPolicy.middleware()},
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        show_error=True,
        quiet=True,
    )
    if ready is not None:
        ready(" and ".join(filter(None, (url, public))))
        try:
            threading.Event().wait()
        finally:
            page.close(verbose=False)
    return page, url
