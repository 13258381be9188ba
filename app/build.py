"""The page as a whole: its tabs, its style, and the server that shows it.

It asks no other host for anything: fonts and scripts are Gradio's own, analytics are off, no public link is made
unless it is asked for, and the content security policy forbids the browser to fetch from elsewhere.
"""

from __future__ import annotations

import logging
import os
from importlib.resources import files
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when Gradio is imported
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from html import escape

import gradio as gr
from gradio.themes import Default, LocalFont

from ampo.app import browse, chat, compare, controls, sample, scoreboard
from ampo.app.desk import Desk
from ampo.app.server import Address as Address
from ampo.app.server import Server
from ampo.app.shelf import Shelf

log = logging.getLogger(__name__)

THEME = Default(
    primary_hue="indigo",
    neutral_hue="zinc",
    # Gradio carries them itself. The default's bold face lacks most letters.
    font=[LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"],
    font_mono=[LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "monospace"],
).set(
    # Gradio's own are too faint for the contrast that WCAG asks for (4.5 to 1).
    button_primary_background_fill="*primary_600",
    button_primary_background_fill_dark="*primary_600",
    button_primary_background_fill_hover="*primary_700",
    button_primary_background_fill_hover_dark="*primary_700",
    button_primary_text_color="white",
    button_cancel_background_fill="#b91c1c",
    button_cancel_background_fill_dark="#b91c1c",
    button_cancel_background_fill_hover="#991b1b",
    button_cancel_background_fill_hover_dark="#991b1b",
    button_cancel_text_color="white",
    button_cancel_text_color_dark="white",
    body_text_color_subdued="*neutral_600",
    body_text_color_subdued_dark="*neutral_300",
    block_info_text_color="*neutral_600",
    block_info_text_color_dark="*neutral_300",
    input_placeholder_color="*neutral_600",
    input_placeholder_color_dark="*neutral_300",
)

QUEUE_SECONDS = 0.01
"""So often the queue looks for a new question. Gradio's own 0.001 keeps a core busy that the engine can use."""

SESSIONS = 1000
"""Open pages whose conversations are kept; the least used make room."""

_OPEN_WHERE_WIDE = "() => { if (innerWidth >= 1200) document.querySelector('.sidebar .toggle-button')?.click() }"


class Page(gr.Blocks):
    """Gradio's, whose console stays free of tracebacks: a bad call is its caller's business."""

    async def process_api(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().process_api(*args, **kwargs)
        except gr.Error as error:
            error.print_exception = False
            raise
        except Exception as error:
            log.warning("a call failed: %s: %s", type(error).__name__, " ".join(str(error).split())[:300])
            log.debug("the same", exc_info=True)
            raise gr.Error(f"this call can't be taken ({type(error).__name__})", print_exception=False) from error


def build(desk: Desk) -> gr.Blocks:
    """The page, not yet served."""
    with Page(title="AMPO", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400)) as page:
        names = " against ".join(escape(name) for name in desk.engines)
        gr.HTML(f'<h1>AMPO</h1><span class="ampo-model">{names}</span>', elem_id="ampo-head")
        with gr.Sidebar(open=False, width=300):
            shelf = Shelf()
            knobs = controls.build(desk.defaults, desk.system, desk.limits, page)
        with gr.Tabs() as tabs:
            with gr.Tab("Chat", id="chat"):
                chat.build(desk, knobs, shelf)
            with gr.Tab("Sample k", id="sample"):
                sample.build(desk, knobs)
            with gr.Tab("Compare", id="compare"):
                compare.build(desk, knobs)
            with gr.Tab("Votes", id="votes") as votes:
                scoreboard.build(desk, votes)
            if desk.services.read_run is not None:
                with gr.Tab("Browse", id="browse"):
                    browse.build(desk, page, tabs)
        page.load(None, None, None, js=_OPEN_WHERE_WIDE)
        shelf.load(page)
    return page


def launch(desk: Desk, address: Address, server: Server | None = None) -> Server:
    """Serve the page, at a server that is there already or at one of its own."""
    server = server or Server(address)
    page = build(desk)
    page.queue(max_size=desk.queue_size, default_concurrency_limit=desk.concurrency)
    page._queue.sleep_when_free = QUEUE_SECONDS
    page.max_threads = page._queue.max_thread_count = desk.concurrency + 40
    page.state_session_capacity = SESSIONS
    assets = files("ampo.app")
    server.public = server.open(
        page,
        max_file_size="1kb",  # nothing here is uploaded; Gradio has a way in for files all the same
        theme=THEME,
        css=assets.joinpath("style.css").read_text("utf-8"),
        head=f"<script>{assets.joinpath('page.js').read_text('utf-8')}</script>",
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        show_error=True,
    )
    return server
