"""report.html: one page that works offline, with every response to browse.

All of it is in the file: style, scripts, KaTeX with its fonts, plotly.js (the one that the package plotly carries),
and the data. What is large is gzip in base64, unpacked in the browser when it is needed, so that 6,000 responses of
some thousand tokens stay a page that opens at once.

Nothing that a model wrote can run or call out. Texts reach the page as JSON in gzip and the document as text nodes;
a content security policy allows the scripts of this file alone, by their hashes, and no request to anywhere.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from ampo.eval.progress import RunProgress
from ampo.eval.report import markup
from ampo.eval.report.plots import PALETTE, figures
from ampo.eval.report.responses import TEXTS, ShownResponse, carried, chunks_of, index_of, rows_of
from ampo.eval.report.source import Against, Shown
from ampo.files import well_formed
from ampo.types import OUTCOMES

_BLOBS = "<!-- blobs -->"
_LONG = 20_000_000  # characters of texts from which on writing takes long enough to be shown
_SCRIPTS = ("unpack", "mathematics", "plots", "filter", "list", "detail", "main")


def page(runs: Sequence[Shown], printed: Against, most: int = TEXTS) -> str:
    """The whole page. The same runs give the same text. most: characters of texts in it."""
    return "".join(parts(runs, printed, most))


def parts(runs: Sequence[Shown], printed: Against, most: int = TEXTS) -> Iterator[str]:
    """The page, a part at a time, so that a large one is never in memory; progress is shown where it is long."""
    rows = rows_of(runs)
    there = carried(rows, most)
    protocols = list(dict.fromkeys(protocol for run in runs for protocol in run.protocols))
    script, plotly, katex = _script(), _plotly(), _asset("katex/katex.min.js")
    outline = Template(_asset("page.html")).substitute(
        policy=_policy(script, plotly, katex),
        title=escape(_title(runs)),
        style=_asset("page.css"),
        heading=escape(_title(runs)),
        summary=escape(_summary(runs, rows)),
        switch=_switch(protocols),
        cards=markup.cards(runs, protocols),
        tables="".join(markup.table(runs, p, printed, hidden=p != protocols[0]) for p in protocols),
        lengths="".join(markup.lengths(runs, p, hidden=p != protocols[0]) for p in protocols),
        source=_source(printed),
        absent=_absent(rows, there),
        facts=markup.facts(runs),
        meta=_json(_meta(runs, rows, protocols)),
        blobs=_BLOBS,
        script=script,
    )
    before, after = outline.split(_BLOBS)
    yield before
    for blob in _blobs(runs, rows, there, printed, protocols, plotly, katex):
        yield f"{blob}\n"
    yield after


def _absent(rows: Sequence[ShownResponse], there: Collection[int]) -> str:
    """What a reader must know of a run that is too large for a page."""
    if len(there) == len(rows):
        return ""
    return (
        f'<p class="note">The texts of {len(there):,} of {len(rows):,} responses are on this page, the first samples '
        "of each problem. The others are listed with their verdicts; their texts are in responses.jsonl of the run. A "
        "search looks through what is on this page.</p>"
    )


def _title(runs: Sequence[Shown]) -> str:
    models = list(dict.fromkeys(run.model for run in runs))
    return ", ".join(models[:3]) + (f" and {len(models) - 3} more" if len(models) > 3 else "")


def _summary(runs: Sequence[Shown], rows: Sequence[ShownResponse]) -> str:
    benchmarks = {name for run in runs for name in run.metrics["benchmarks"]}
    problems = {row.problem.id for row in rows}
    parts = [_count(len(runs), "run")] if len(runs) > 1 else []
    parts.append(_count(len(benchmarks), "benchmark"))
    parts += [_count(len(problems), "problem"), _count(len(rows), "response")] if rows else []
    started = [str(run.environment.get("started", ""))[:10] for run in runs]
    return " · ".join([*parts, *sorted({day for day in started if day})])


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _switch(protocols: Sequence[str]) -> str:
    if len(protocols) < 2:
        return f'<span class="quiet">protocol {escape(protocols[0])}</span>'
    inputs = "".join(
        f'<label><input type="radio" name="protocol" value="{escape(p)}"{" checked" if p == protocols[0] else ""}>'
        f"{escape(p)}</label>"
        for p in protocols
    )
    return f'<fieldset class="switch"><legend>protocol</legend>{inputs}</fieldset>'


def _source(printed: Against) -> str:
    lines = {
        f"{row.name} as printed in {row.source}: single runs without intervals, judged by the authors’ scorer."
        for row in printed.values()
    }
    return "".join(f'<p class="quiet">◇ {escape(line)}</p>' for line in sorted(lines))


def _meta(runs: Sequence[Shown], rows: Sequence[ShownResponse], protocols: Sequence[str]) -> dict[str, Any]:
    return {
        "runs": [run.label for run in runs],
        "benchmarks": list(dict.fromkeys(row.problem.benchmark for row in rows)),
        "outcomes": list(OUTCOMES),
        "protocols": list(protocols),
        "palette": PALETTE,
        "rows": len(rows),
    }


def _blobs(
    runs: Sequence[Shown],
    rows: Sequence[ShownResponse],
    there: Collection[int],
    printed: Against,
    protocols: Sequence[str],
    plotly: str,
    katex: str,
) -> Iterator[str]:
    yield _blob("index", json.dumps(index_of(rows, there, protocols), ensure_ascii=False))
    quiet = sum(rows[place].characters for place in there) < _LONG
    with RunProgress(len(rows), 0, Counter(), quiet, unit="responses written") as progress:
        for number, chunk in enumerate(chunks_of(runs, rows, there)):
            yield _blob(f"texts-{number}", json.dumps(chunk, ensure_ascii=False), f' data-rows="{len(chunk)}"')
            for _ in chunk:
                progress.sample(0)
    yield _blob("figures", json.dumps({p: figures(runs, rows, printed, p) for p in protocols}, ensure_ascii=False))
    yield _packed_library("katex", katex)
    yield _packed_library("katex-style", _katex_style())
    yield _packed_library("plotly", plotly)


@cache
def _packed_library(name: str, text: str) -> str:
    return _blob(name, text)


def _blob(name: str, text: str, attributes: str = "") -> str:
    """A block of data that the browser leaves alone. Halves of characters: see `well_formed`."""
    packed = gzip.compress(well_formed(text).encode(), 6, mtime=0)
    content = base64.b64encode(packed).decode("ascii")
    return f'<script type="application/gzip" id="{name}"{attributes}>{content}</script>'


def _json(value: Mapping[str, Any]) -> str:
    """JSON that can stand in a script block: no tag can begin in it."""
    return json.dumps(value).replace("<", "\\u003c")


def _policy(*scripts: str) -> str:
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; font-src data:; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _script() -> str:
    parts = "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return get_plotlyjs()


@cache
def _katex_style() -> str:
    """KaTeX's style with its fonts in it; of each font only the form that every browser of today reads."""
    style = _asset("katex/katex.min.css")
    return re.sub(r"src:url\(fonts/([\w-]+\.woff2)\)[^;}]*", lambda m: f"src:{_font(m.group(1))}", style)


def _font(name: str) -> str:
    data = files("ampo.eval.report").joinpath("assets", "katex", "fonts", name).read_bytes()
    return f'url(data:font/woff2;base64,{base64.b64encode(data).decode("ascii")}) format("woff2")'


def _asset(name: str) -> str:
    return files("ampo.eval.report").joinpath("assets", *name.split("/")).read_text(encoding="utf-8")
