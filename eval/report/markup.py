"""The static parts of the page: cards, tables, settings. They stand there before, and without, any script.

Everything that comes from a run goes through `html.escape`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from ampo.eval.paper import AVERAGES, PaperRow
from ampo.eval.report.figures import (
    averaged,
    averages,
    bounds,
    counts,
    interval,
    pass_at_most,
    percent,
    span,
    tokens,
)
from ampo.eval.report.source import Against, Shown
from ampo.eval.scores import RATES

_SETTINGS = ("temperature", "top_p", "top_k", "min_p", "max_tokens", "repetition_penalty")


def cards(runs: Sequence[Shown], protocols: Sequence[str]) -> str:
    """One card a run: its name, the mean over benchmarks under each protocol, how it was sampled."""
    return "".join(_card(i, run, protocols, len(runs) > 1) for i, run in enumerate(runs))


def _card(number: int, run: Shown, protocols: Sequence[str], several: bool) -> str:
    dot = f'<span class="dot series-{number % 6}"></span>' if several else ""
    means = "".join(_mean(p, run.protocols.get(p), hidden=p != protocols[0]) for p in protocols)
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in run.notes)
    return (
        f'<article class="card"><h2>{dot}{escape(run.label)}</h2><p class="model">{escape(run.model)}</p>'
        f'{means}<p class="settings">{escape(settings(run))}</p>{notes}</article>'
    )


def _mean(protocol: str, metrics: Mapping[str, Any] | None, hidden: bool) -> str:
    view = f'data-view="{escape(protocol)}"{" hidden" if hidden else ""}'
    if not metrics or metrics.get("macro_avg") is None:
        return f'<p class="mean" {view}>not judged by this protocol</p>'
    ci95 = metrics.get("macro_ci95")
    n = averaged(metrics)
    what = f"mean of {n} benchmarks" if n > 1 else f"avg@k on {escape(next(iter(metrics['benchmarks'])))}"
    return (
        f'<p class="mean" {view}><b>{percent(metrics["macro_avg"])}</b><span class="unit">%</span> '
        f'<span class="ci">{" to ".join(map(percent, ci95)) if ci95 else ""}</span><small>{what}</small></p>'
    )


def settings(run: Shown) -> str:
    """Sampling in one line: what all benchmarks share."""
    tables = [b.get("sampling", {}) for b in run.config.get("benchmarks", {}).values()]
    shared = {key: {str(t.get(key)) for t in tables} for key in _SETTINGS} if tables else {}
    plain = {"top_p": "1.0", "top_k": "0", "min_p": "0.0", "repetition_penalty": "1.0"}
    parts = [
        f"{key} {next(iter(values)) if len(values) == 1 else 'varies'}"
        for key, values in shared.items()
        if values not in ({plain.get(key)}, {"None"})
    ]
    seed = run.config.get("seed")
    return ", ".join([*parts, *([f"seed {seed}"] if seed is not None else [])])


def table(runs: Sequence[Shown], protocol: str, printed: Against, hidden: bool) -> str:
    """The figures under one protocol, a row each benchmark and run.

    Args:
        runs: What is reported.
        protocol: Whose verdicts count.
        printed: The paper's rows, which get columns of their own.
        hidden: Whether the page shows another protocol's table at first.
    """
    rows = {row.name: row for row in printed.values()}
    head = ["benchmark", *(["run"] if len(runs) > 1 else []), "n × k", "avg@k, 95 % interval", ""]
    head += [*(f"paper: {name}" if len(rows) > 1 else "paper" for name in rows), "pass@k", "maj@k"]
    late = _any_late(runs, protocol)
    head += ["cut off", "no answer", "time-out", "not shown", *(["bounds"] if late else []), "tokens"]
    cells = "".join(f"<th{_class(title)}>{escape(title)}</th>" for title in head)
    body = "".join(_body(runs, protocol, list(rows.values()), late))
    return (
        f'<div class="scroll" data-view="{escape(protocol)}"{" hidden" if hidden else ""}>'
        f'<table class="figures"><thead><tr>{cells}</tr></thead>{body}</table></div>'
    )


def _any_late(runs: Sequence[Shown], protocol: str) -> bool:
    """Whether anything was not shown, so that scores have bounds."""
    return any(
        bounds(row) for run in runs for row in run.protocols.get(protocol, {"benchmarks": {}})["benchmarks"].values()
    )


def _class(title: str) -> str:
    return ' class="left"' if title in ("benchmark", "run") else ""


def _body(runs: Sequence[Shown], protocol: str, rows: Sequence[PaperRow], late: bool) -> Iterator[str]:
    found = [run.protocols.get(protocol) for run in runs]
    names = list(dict.fromkeys(name for metrics in found if metrics for name in metrics["benchmarks"]))
    top = _scale(found, names, rows)
    for name in names:
        lines = [
            _line(run, i, metrics["benchmarks"][name], name, rows, top, len(runs) > 1, late)
            for i, (run, metrics) in enumerate(zip(runs, found, strict=True))
            if metrics and name in metrics["benchmarks"]
        ]
        title = f'<th class="left" rowspan="{len(lines)}">{escape(name)}</th>'
        yield f"<tbody><tr>{title}{'</tr><tr>'.join(lines)}</tr></tbody>"
    for name in ("mean", *AVERAGES):
        means = [
            _mean_line(run, i, average, [row.averages.get(name) for row in rows], top, len(runs) > 1, late)
            for i, (run, metrics) in enumerate(zip(runs, found, strict=True))
            if metrics and (average := _average(metrics, name, rows))
        ]
        if means:
            title = f'<th class="left" rowspan="{len(means)}">{name}</th>'
            yield f'<tbody class="mean-row"><tr>{title}{"</tr><tr>".join(means)}</tr></tbody>'


def _average(metrics: Mapping[str, Any], name: str, rows: Sequence[PaperRow]) -> Mapping[str, Any] | None:
    """The mean over all benchmarks where there are several, or one of those that are printed."""
    if name != "mean":
        return averages(metrics, rows).get(name)
    return {"avg_at_k": metrics["macro_avg"], "ci95": metrics["macro_ci95"]} if averaged(metrics) > 1 else None


def _scale(found: Sequence[Mapping[str, Any] | None], names: Sequence[str], rows: Sequence[PaperRow]) -> float:
    """The right end of the interval bars: the highest figure, rounded up to a tenth."""
    there = [m["benchmarks"][n] for m in found if m for n in names if n in m["benchmarks"]]
    highs = [row.get("ci95", [0, row.get("avg_at_k", 0)])[1] for row in there]
    highs += [row.figures[n] / 100 for row in rows for n in names if n in row.figures]
    return min(1.0, (int(10 * max(highs, default=1.0)) + 1) / 10)


def _line(
    run: Shown,
    number: int,
    row: Mapping[str, Any],
    name: str,
    rows: Sequence[PaperRow],
    top: float,
    several: bool,
    late: bool,
) -> str:
    printed = [r.figures.get(name) for r in rows]
    return "".join(
        [
            _run_cell(run, number) if several else "",
            f"<td>{counts(row, '×')}</td>",
            *_score(row.get("avg_at_k"), row.get("ci95"), printed, top, number),
            *_printed(printed),
            f"<td>{percent(pass_at_most(row))}</td><td>{percent(row.get('maj_at_k'))}</td>",
            *(f"<td{'' if row.get(rate) else ' class=zero'}>{percent(row.get(rate))}</td>" for rate in RATES),
            f"<td>{bounds(row)}</td>" if late else "",
            f"<td>{tokens(row)}</td>",
        ]
    )


def _mean_line(
    run: Shown,
    number: int,
    average: Mapping[str, Any],
    printed: Sequence[float | None],
    top: float,
    several: bool,
    late: bool,
) -> str:
    return "".join(
        [
            _run_cell(run, number) if several else "",
            "<td></td>",
            *_score(average["avg_at_k"], average["ci95"], printed, top, number),
            *_printed(printed),
            "<td></td>" * (6 + late),
        ]
    )


def _printed(values: Sequence[float | None]) -> Iterator[str]:
    return (f"<td>{'' if value is None else f'{value:.1f}'}</td>" for value in values)


def _run_cell(run: Shown, number: int) -> str:
    return f'<td class="left run"><span class="dot series-{number % 6}"></span>{escape(run.label)}</td>'


def _score(
    value: float | None, ci95: Sequence[float] | None, printed: Sequence[float | None], top: float, number: int
) -> Iterator[str]:
    """The figure, and the same as a line with a dot, printed figures as diamonds, on a scale from 0 to `top`."""
    yield f'<td class="score"><b>{percent(value)}</b> <span>{f"[{span(ci95)}]" if ci95 else ""}</span></td>'
    if value is None:
        yield "<td></td>"
        return
    ci95 = ci95 or (value, value)
    left, right = (min(100.0, 100 * end / top) for end in ci95)
    marks = "".join(f'<i class="printed" style="left:{v / top:.2f}%"></i>' for v in printed if v is not None)
    yield (
        f'<td class="bar series-{number % 6}" title="{escape(interval(value, ci95))}"><div>'
        f'<i class="line" style="left:{left:.2f}%;width:{right - left:.2f}%"></i>'
        f'<i class="point" style="left:{min(100.0, 100 * value / top):.2f}%"></i>{marks}</div></td>'
    )


_LENGTHS = ("n", "mean", "p5", "p25", "p50", "p75", "p95")


def lengths(runs: Sequence[Shown], protocol: str, hidden: bool) -> str:
    """Tokens of right and of wrong samples, where it is known: mean and percentiles."""
    several = len(runs) > 1
    lines = [
        f'<tr><th class="left">{escape(name)}</th>{_run_cell(run, i) if several else ""}'
        f'<td class="left">{which}</td>{"".join(f"<td>{part[key]:,.0f}</td>" for key in _LENGTHS)}</tr>'
        for i, run in enumerate(runs)
        for name, row in run.protocols.get(protocol, {"benchmarks": {}})["benchmarks"].items()
        for which, part in row.get("lengths", {}).items()
        if part
    ]
    if not lines:
        return ""
    left = ("benchmark", *(["run"] if several else []), "samples")
    head = "".join([*(f'<th class="left">{title}</th>' for title in left), *(f"<th>{key}</th>" for key in _LENGTHS)])
    return (
        f'<details class="lengths" data-view="{escape(protocol)}"{" hidden" if hidden else ""}>'
        f'<summary>Lengths in tokens, right against wrong</summary><div class="scroll">'
        f'<table class="figures"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div></details>'
    )


def facts(runs: Sequence[Shown]) -> str:
    """What it takes to repeat each run: its configuration and environment."""
    return "".join(
        f"<details><summary>{escape(str(run.path))}</summary><dl>{''.join(_facts(_told(run)))}</dl></details>"
        for run in runs
    )


def _told(run: Shown) -> dict[str, Any]:
    environment = {key: value for key, value in run.environment.items() if key != "resumed"}
    return {"model": run.model} | dict(run.config) | environment


def _facts(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from _facts(value, f"{name}.")
        elif value not in (None, "", []):
            yield f"<dt>{escape(name)}</dt><dd>{escape(str(value))}</dd>"
