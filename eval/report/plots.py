"""The page's plots, as plotly figures: accuracy with intervals, verdicts, pass@k, lengths.

Colours are those of the light theme; the page replaces each by the variable that PALETTE gives it, so that one
figure serves both themes. Shares are in percent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil, log10
from typing import Any

from ampo.eval.report.figures import interval
from ampo.eval.report.responses import ShownResponse
from ampo.eval.report.source import Against, Shown
from ampo.eval.scores import RATES
from ampo.plots import OUTCOME_COLOURS
from ampo.types import OUTCOMES, Outcome

SERIES = ("#2f6db5", "#c4631f", "#2c8a66", "#8756a8", "#b0365a", "#5f6b7a")
PAPER = "#1e2022"
PALETTE = (
    {colour: f"--series-{i}" for i, colour in enumerate(SERIES)}
    | {colour: f"--{outcome}" for outcome, colour in OUTCOME_COLOURS.items()}
    | {PAPER: "--ink"}
)
ALL = ""
_BINS = 40
_NAMES = {"automargin": True, "ticks": "outside", "ticklen": 9, "tickcolor": "rgba(0,0,0,0)"}  # an axis of names


def figures(runs: Sequence[Shown], rows: Sequence[ShownResponse], printed: Against, protocol: str) -> dict[str, Any]:
    """The page's plots, as plotly's JSON.

    Args:
        runs: What is reported.
        rows: Their responses, for the lengths.
        printed: The paper's rows, drawn beside the accuracies.
        protocol: Whose verdicts count.

    Returns:
        Plot -> its figure; those of `pass` and `lengths` by benchmark, ALL over all of them.
    """
    stats = [run.protocols[protocol]["benchmarks"] if protocol in run.protocols else {} for run in runs]
    names = list(dict.fromkeys(name for benchmarks in stats for name in benchmarks))
    labels = [run.label for run in runs]
    choices = (ALL, *names) if len(names) > 1 else names
    return {
        "accuracy": _accuracy(stats, names, labels, {row.name: row.figures for row in printed.values()}),
        "verdicts": _verdicts(stats, names, labels),
        "pass": {name: curve for name in choices if (curve := _pass_curves(stats, labels, name))},
        "lengths": {name: plot for name in choices if (plot := _lengths(rows, labels, protocol, name))},
    }


def _figure(data: Sequence[Any], **layout: Any) -> dict[str, Any]:
    import plotly.graph_objects as go

    # An empty template: the default one would put 7 kB into each figure, and the page has its own looks.
    common = go.Layout(template=go.layout.Template(), margin={"l": 8, "r": 12, "t": 8, "b": 40}, hovermode="closest")
    return go.Figure(data, common).update_layout(**layout).to_plotly_json()


def _colour(run: int) -> str:
    return SERIES[run % len(SERIES)]


def _accuracy(
    stats: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    labels: Sequence[str],
    printed: Mapping[str, Mapping[str, float]],
) -> dict[str, Any]:
    """A point with its interval for each benchmark and run, the printed figures as diamonds."""
    import plotly.graph_objects as go

    places = list(reversed(range(len(names))))  # the first benchmark on top
    data = [
        _points(benchmarks, names, places, labels[run], _colour(run), _offset(run, len(stats)))
        for run, benchmarks in enumerate(stats)
    ]
    for name, figures_ in printed.items():
        there = [(figures_[b], place) for b, place in zip(names, places, strict=True) if b in figures_]
        data.append(
            go.Scatter(
                x=[x for x, _ in there],
                y=[y for _, y in there],
                mode="markers",
                name=f"paper: {name}",
                marker={"symbol": "diamond-open", "size": 10, "color": PAPER, "line": {"width": 1.5}},
                hovertemplate="%{x:.1f} % printed<extra></extra>",
            )
        )
    return _figure(
        data,
        height=90 + max(26, 18 * len(stats) + 8) * len(names),
        showlegend=len(data) > 1,
        xaxis={"title": {"text": "avg@k, %"}, "rangemode": "tozero", "zeroline": True},
        yaxis=_NAMES | {"tickvals": places, "ticktext": list(names), "range": [-0.6, len(names) - 0.4]},
    )


def _offset(run: int, runs: int) -> float:
    """Runs side by side within a benchmark's place, the first on top."""
    return 0.0 if runs == 1 else 0.5 * (0.5 - run / (runs - 1))


def _points(
    benchmarks: Mapping[str, Any], names: Sequence[str], places: Sequence[int], label: str, colour: str, offset: float
) -> Any:
    import plotly.graph_objects as go

    scored = [(benchmarks.get(b, {}), place + offset) for b, place in zip(names, places, strict=True)]
    there = [(row | {"ci95": row.get("ci95", [row["avg_at_k"]] * 2)}, y) for row, y in scored if "avg_at_k" in row]
    return go.Scatter(
        x=[100 * row["avg_at_k"] for row, _ in there],
        y=[place for _, place in there],
        mode="markers",
        name=label,
        marker={"size": 9, "color": colour},
        cliponaxis=False,
        error_x={
            "array": [100 * (row["ci95"][1] - row["avg_at_k"]) for row, _ in there],
            "arrayminus": [100 * (row["avg_at_k"] - row["ci95"][0]) for row, _ in there],
            "color": colour,
            "thickness": 1.6,
            "width": 4,
        },
        text=[interval(row["avg_at_k"], row["ci95"]) for row, _ in there],
        hovertemplate="%{text}<extra></extra>",
    )


def _verdicts(stats: Sequence[Mapping[str, Any]], names: Sequence[str], labels: Sequence[str]) -> dict[str, Any]:
    """The shares of the outcomes, each problem weighing the same, a bar each benchmark and run."""
    import plotly.graph_objects as go

    bars = [(b, run) for b in reversed(names) for run in reversed(range(len(stats))) if _is_whole(stats[run].get(b))]
    shares = [_shares(stats[run][b]) for b, run in bars]
    data = [
        go.Bar(
            x=[share[outcome] for share in shares],
            y=list(range(len(bars))),
            orientation="h",
            name=outcome.replace("_", " "),
            marker={"color": OUTCOME_COLOURS[outcome]},
            hovertemplate=f"{outcome.replace('_', ' ')}: %{{x:.1f}} %<extra></extra>",
        )
        for outcome in OUTCOMES
        if any(share[outcome] for share in shares)
    ]
    return _figure(
        data,
        barmode="stack",
        bargap=0.3,
        height=90 + 24 * max(len(bars), 2),
        xaxis={"title": {"text": "% of responses"}, "range": [0, 100]},
        yaxis=_NAMES
        | {
            "tickvals": list(range(len(bars))),
            "ticktext": [b if len(stats) == 1 else f"{b} · {_short(labels[run])}" for b, run in bars],
        },
    )


def _is_whole(row: Mapping[str, Any] | None) -> bool:
    return row is not None and all(rate in row for rate in ("avg_at_k", *RATES[:3]))


def _shares(row: Mapping[str, Any]) -> dict[Outcome, float]:
    rates: dict[Outcome, float] = {
        "correct": row["avg_at_k"],
        "no_answer": row["no_answer_rate"],
        "truncated": row["truncated_rate"],
        "timeout": row["timeout_rate"],
    }
    rates["wrong"] = max(0.0, 1 - sum(rates.values()))
    return {outcome: 100 * share for outcome, share in rates.items()}


def _short(label: str, most: int = 14) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _pass_curves(stats: Sequence[Mapping[str, Any]], labels: Sequence[str], name: str) -> dict[str, Any] | None:
    """pass@k and maj@k of each run; over several benchmarks the means of those with several samples. None without."""
    import plotly.graph_objects as go

    data = []
    top = 1
    for run, benchmarks in enumerate(stats):
        chosen = [row for key, row in benchmarks.items() if name in (ALL, key) and len(row.get("maj_curve", ())) > 1]
        if not chosen:
            continue
        ks = list(range(1, min(len(row["pass_at_k"]) for row in chosen) + 1))
        top = max(top, ks[-1])
        for key, title, dash in (("pass_at_k", "pass@k", "solid"), ("maj_curve", "maj@k", "dot")):
            data.append(
                go.Scatter(
                    x=ks,
                    y=[100 * sum(row[key][str(k)] for row in chosen) / len(chosen) for k in ks],
                    mode="lines+markers" if len(ks) <= 8 else "lines",
                    name=title if len(stats) == 1 else f"{labels[run]} {title}",
                    line={"color": _colour(run), "dash": dash, "width": 2},
                    hovertemplate=f"{title}, k = %{{x}}: %{{y:.1f}} %<extra></extra>",
                )
            )
    if not data:
        return None
    axis = {"type": "log", "tickvals": [2**i for i in range(11) if 2**i <= top]} if top > 8 else {"dtick": 1}
    return _figure(
        data,
        height=340,
        showlegend=True,
        xaxis={"title": {"text": "k"}} | axis,
        yaxis={"title": {"text": "%"}, "rangemode": "tozero", "automargin": True},
    )


def _lengths(rows: Sequence[ShownResponse], labels: Sequence[str], protocol: str, name: str) -> dict[str, Any] | None:
    """Tokens a response by outcome, stacked, a panel for each run on the same scale. None without responses."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    judged = [
        (row.run, row.verdicts[protocol].outcome, row.completion_tokens)  # pyright: ignore[reportArgumentType]
        for row in rows
        if protocol in row.verdicts and name in (ALL, row.problem.benchmark) and row.completion_tokens is not None
    ]
    if not judged:
        return None
    width = _bin_width(max(tokens for *_, tokens in judged))
    counts = Counter((run, outcome, tokens // width) for run, outcome, tokens in judged)
    shown = sorted({run for run, *_ in judged})
    figure = make_subplots(rows=len(shown), shared_xaxes=True, shared_yaxes="all")  # pyright: ignore[reportArgumentType]
    seen: set[str] = set()
    for outcome in OUTCOMES:
        for panel, run in enumerate(shown, 1):
            bins = sorted(b for r, o, b in counts if (r, o) == (run, outcome))
            if bins:
                bar = go.Bar(
                    x=[(b + 0.5) * width for b in bins],
                    y=[counts[run, outcome, b] for b in bins],
                    width=width,
                    name=outcome.replace("_", " "),
                    legendgroup=outcome,
                    showlegend=outcome not in seen,
                    marker={"color": OUTCOME_COLOURS[outcome], "line": {"width": 0}},
                    customdata=[f"{b * width} to {(b + 1) * width - 1} tokens" for b in bins],
                    hovertemplate="%{customdata}: %{y}<extra>" + outcome.replace("_", " ") + "</extra>",
                )
                figure.add_trace(bar, row=panel, col=1)
                seen.add(outcome)
    figure.update_yaxes(title_text="responses", automargin=True)
    for panel, run in enumerate(shown if len(labels) > 1 else (), 1):
        figure.update_yaxes(title_text=_short(labels[run], 20), row=panel, col=1)
    figure.update_xaxes(rangemode="tozero")
    figure.update_xaxes(title_text="tokens", row=len(shown), col=1)
    plain = figure.to_plotly_json()
    return _figure(
        plain["data"], **plain["layout"] | {"template": {}, "barmode": "stack", "height": 340 + 160 * (len(shown) - 1)}
    )


def _bin_width(longest: int) -> int:
    """1, 2 or 5 times a power of ten, for at most _BINS bins."""
    least = max(1.0, (longest + 1) / _BINS)
    power = 10 ** int(log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= ceil(least))
