"""Reports as text: Markdown, JSON, CSV and LaTeX. Pure: runs and printed rows in, text out.

markdown  a run's whole table; several runs side by side with their scores alone
json      everything, as in metrics.json, under the runs' labels; scores are fractions
csv       a line a run, protocol and benchmark; scores are fractions
latex     a booktabs table: a row a run, a column a benchmark, and the intervals as distances up and down
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ampo.errors import UserError, nearest
from ampo.eval.paper import PaperRow
from ampo.eval.report.figures import (
    averaged,
    averages,
    bounds,
    counts,
    mean,
    pass_at_most,
    percent,
    score,
    tokens,
)
from ampo.eval.report.modelcard import model_index
from ampo.eval.report.source import Against, Shown
from ampo.eval.scores import RATES

Table = list[list[str]]


def render(name: str, runs: Sequence[Shown], printed: Against) -> str:
    """The report in a format of FORMATS."""
    return FORMATS[check_format(name)](runs, printed)


def check_format(name: str) -> str:
    """The name, if it is a format's; else UserError, with the nearest."""
    if name not in ("table", *FORMATS):
        hint = "--html writes the page" if name == "html" else nearest(name, ("table", *FORMATS), "a format")
        raise UserError(f"unknown format {name!r}: {hint}")
    return name


def markdown(runs: Sequence[Shown], printed: Against) -> str:
    return "\n".join(_markdown_single(runs[0], printed) if len(runs) == 1 else _markdown_side_by_side(runs, printed))


def _markdown_single(run: Shown, printed: Against) -> Iterator[str]:
    row = printed.get(run.label)
    for protocol, metrics in run.protocols.items():
        yield f"**{_cell(run.model)}**, protocol `{protocol}`, in %\n"
        yield from _pipes(_whole_table(metrics, row), left=1)
        yield ""
    yield from (_source_line(row), "") if row else ()
    yield from _notes([run])


def _whole_table(metrics: Mapping[str, Any], printed: PaperRow | None) -> Table:
    late = any(map(bounds, metrics["benchmarks"].values()))
    head = ["benchmark", "n × k", "avg@k [95 %]", "pass@k", "maj@k", "cut off", "no answer", "time-out"]
    head.append("not shown")
    head += [*(["bounds"] if late else []), "tokens"]
    lines = [head + (["paper"] if printed else [])]
    for name, row in metrics["benchmarks"].items():
        line = [name, counts(row, "×"), score(row), percent(pass_at_most(row)), percent(row.get("maj_at_k"))]
        line += [*(percent(row.get(rate)) for rate in RATES), *([bounds(row)] if late else []), tokens(row)]
        lines.append(line + ([_printed(printed, name)] if printed else []))
    if averaged(metrics) > 1:
        last = ["mean", "", mean(metrics)]
        lines.append(last + [""] * (len(lines[0]) - len(last)))
    for name, row in averages(metrics, [printed] if printed else []).items():
        lines.append([name, "", score(row), *[""] * (len(lines[0]) - 4), _printed(printed, name)])
    return lines


def _markdown_side_by_side(runs: Sequence[Shown], printed: Against) -> Iterator[str]:
    rows = {row.name: row for row in printed.values()}
    for protocol in _protocols(runs):
        yield f"avg@k [95 %], protocol `{protocol}`, in %\n"
        yield from _pipes(_side_by_side(runs, protocol, rows), left=1)
        yield ""
    for row in rows.values():
        yield from (_source_line(row), "")
    yield from _notes(runs)


def _notes(runs: Sequence[Shown]) -> Iterator[str]:
    """What a reader of the figures must know: that it is a part of a run, or was sampled adaptively."""
    for run in runs:
        for note in run.notes:
            yield from (f"{f'{run.label}: ' if len(runs) > 1 else ''}{note}", "")


def _side_by_side(runs: Sequence[Shown], protocol: str, rows: Mapping[str, PaperRow]) -> Table:
    head = ["benchmark", *(run.label for run in runs), *(f"paper: {name}" for name in rows)]
    parts = [run.protocols.get(protocol) for run in runs]
    lines = [head]
    for name in _benchmarks(runs):
        found = [part["benchmarks"].get(name) if part else None for part in parts]
        scores = [score(row) if row else "" for row in found]
        lines.append([name, *scores, *(_printed(row, name) for row in rows.values())])
    if len(lines) > 2:
        means = [mean(part) if part else "" for part in parts]
        lines.append(["mean", *means, *("" for _ in rows)])
    found = [averages(part, rows.values()) if part else {} for part in parts]
    for name in dict.fromkeys(name for averages_ in found for name in averages_):
        scores = [score(averages_.get(name, {})) for averages_ in found]
        lines.append([name, *scores, *(_printed(row, name) for row in rows.values())])
    return lines


def _pipes(table: Table, left: int) -> Iterator[str]:
    """A table of GitHub's Markdown. left: the columns that are aligned to the left."""
    head, *body = ([_cell(cell) for cell in line] for line in table)
    rule = [":--" if i < left else "--:" for i in range(len(head))]
    yield from (f"| {' | '.join(line)} |" for line in (head, rule, *body))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _source_line(row: PaperRow) -> str:
    return f"paper: {row.name} in {row.source}; single runs without intervals, judged by the authors' scorer."


def as_json(runs: Sequence[Shown], printed: Against) -> str:
    def entry(run: Shown) -> dict[str, Any]:
        found: dict[str, Any] = {"run": run.label, "path": str(run.path), "model": run.model, "metrics": run.metrics}
        if run.notes:
            found["notes"] = list(run.notes)
        if row := printed.get(run.label):
            scores = {name: round(value / 100, 6) for name, value in row.figures.items()}
            found["printed"] = {"name": row.name, "source": row.source, "benchmarks": scores}
            found["averages"] = {
                protocol: {
                    name: average | {"printed": round(row.averages[name] / 100, 6)}
                    for name, average in averages(metrics, [row]).items()
                }
                for protocol, metrics in run.protocols.items()
            }
        return found

    return json.dumps({"runs": [entry(run) for run in runs]}, indent=1, ensure_ascii=False) + "\n"


_COUNTS = ("n_problems", "n_samples")
_PAIRS = {
    "ci95": ("ci95_low", "ci95_high"),
    "bounds": ("bound_low", "bound_high"),
    "samples_per_problem": ("k", "k_most"),
}
_SCORES = ("avg_at_k", "ci95_low", "ci95_high", "stderr", "pass_at_k", "maj_at_k", "bound_low", "bound_high")


def as_csv(runs: Sequence[Shown], printed: Against) -> str:
    columns = ["run", "model", "protocol", "benchmark", *_COUNTS, "k", "k_most", "adaptive", *_SCORES, *RATES]
    columns.append("mean_completion_tokens")
    out = io.StringIO()
    writer = csv.DictWriter(out, columns + (["paper"] if printed else []), restval="", lineterminator="\n")
    writer.writeheader()
    for run in runs:
        row = printed.get(run.label)
        for protocol, metrics in run.protocols.items():
            for name, stats in (metrics["benchmarks"] | averages(metrics, [row] if row else [])).items():
                value = row.figures.get(name, row.averages.get(name)) if row else None
                beside = {"paper": round(value / 100, 6)} if value is not None else {}
                names = {"run": run.label, "model": run.model, "protocol": protocol, "benchmark": name}
                writer.writerow(names | _flat(stats) | beside)
    return out.getvalue()


def _flat(stats: Mapping[str, Any]) -> dict[str, Any]:
    """A benchmark's scalars. k: the samples that every problem has; pass@k and maj@k are at that k. adaptive: why
    adaptive sampling stopped, or "open"; empty for a fixed number of samples.
    """
    names = (*_COUNTS, "avg_at_k", "stderr", "maj_at_k", *RATES, "mean_completion_tokens")
    flat = {name: stats.get(name, "") for name in names} | {"pass_at_k": pass_at_most(stats)}
    if "adaptive" in stats:
        flat["adaptive"] = stats["adaptive"]["stopped"] or "open"
    for name, columns in _PAIRS.items():
        flat |= dict(zip(columns, stats.get(name) or (), strict=False))
    return flat


def latex(runs: Sequence[Shown], printed: Against) -> str:
    names = _benchmarks(runs)
    rows = {row.name: row for row in printed.values()}
    parts = [metrics for run in runs for metrics in run.protocols.values()]
    more = list(dict.fromkeys(name for metrics in parts for name in averages(metrics, rows.values())))
    tail = [*(["mean"] if len(names) > 1 else []), *more]
    lines = [
        "% \\usepackage{booktabs}. Percent; avg@k over problems, 95 % intervals clustered by problem.",
        f"\\begin{{tabular}}{{l{'r' * (len(names) + len(tail))}}}",
        "\\toprule",
        _latex_line(["", *names, *tail]),
        "\\midrule",
    ]
    for run in runs:
        for protocol, metrics in run.protocols.items():
            name = f"{run.label if len(runs) > 1 else run.model}{f' ({protocol})' if len(run.protocols) > 1 else ''}"
            scored = [metrics["benchmarks"].get(b, {}) for b in names]
            cells = [_with_distances(row.get("avg_at_k"), row.get("ci95")) for row in scored]
            last = [_with_distances(metrics["macro_avg"], metrics["macro_ci95"])] if len(names) > 1 else []
            found = averages(metrics, rows.values())
            last += [_with_distances(**found[a]) if a in found else "" for a in more]
            lines.append(_latex_line([name], [*cells, *last]))
    for row in rows.values():
        cells = [*(_printed(row, b) for b in names), *([""] if len(names) > 1 else [])]
        cells += [_printed(row, a) for a in more]
        lines.append(_latex_line([f"{row.name}, as printed"], cells))
    notes = [f"\\par{{\\footnotesize {_latex(note)}}}" for note in _notes(runs) if note]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", *notes, ""])


def _latex_line(names: Sequence[str], cells: Sequence[str] = ()) -> str:
    return f"{' & '.join([*map(_latex, names), *cells])} \\\\"


def _with_distances(avg_at_k: float | None, ci95: Sequence[float] | None) -> str:
    if avg_at_k is None or ci95 is None:
        return percent(avg_at_k)
    low, high = ci95
    return f"${percent(avg_at_k)}_{{-{percent(avg_at_k - low)}}}^{{+{percent(high - avg_at_k)}}}$"


_LATEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def _latex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in text)


def _printed(row: PaperRow | None, name: str) -> str:
    """Of a benchmark or an average."""
    value = row.figures.get(name, row.averages.get(name)) if row else None
    return "" if value is None else f"{value:.1f}"


def _benchmarks(runs: Sequence[Shown]) -> list[str]:
    """Every run's, in the order in which they first come."""
    return list(dict.fromkeys(name for run in runs for name in run.metrics["benchmarks"]))


def _protocols(runs: Sequence[Shown]) -> list[str]:
    return list(dict.fromkeys(protocol for run in runs for protocol in run.protocols))


FORMATS: dict[str, Callable[[Sequence[Shown], Against], str]] = {
    "md": markdown,
    "json": as_json,
    "csv": as_csv,
    "latex": latex,
    "hub": model_index,
}
