"""A training run as a table and as a page: curves of the policy's own responses apart from what it learnt from, what is
wrong, and the responses themselves with who was chosen to help and why. The page can follow a run.
"""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ampo.errors import UserError
from ampo.files import read_jsonl, write
from ampo.plots import Folded, Section, figure, graph_objects, page
from ampo.terminal import Console
from ampo.training.alarms import alarms
from ampo.training.metrics import BINS
from ampo.training.rundir import TrainDir

_REFRESH = 10  # seconds
_SAMPLES = 200  # prompts on a page

_CURVES: list[tuple[str, str, dict[str, str]]] = [
    (
        "Accuracy",
        "Of the policy's own responses before guidance was mixed in, and on the validation set.",
        {"own/accuracy": "own", "val/accuracy": "validation"},
    ),
    (
        "Reward",
        "Own responses, and the mixed group that the policy learns from: the published curves show only the latter.",
        {"own/reward": "own", "mixed/reward": "mixed"},
    ),
    (
        "Guidance",
        "Share of prompts that triggered it, of rows that teachers took, and of prompts with nothing right.",
        {"guidance/trigger_rate": "triggered", "mixed/replaced": "rows replaced", "own/solved_none": "none right"},
    ),
    ("Length", "Tokens of a response.", {"own/length": "own", "mixed/length": "mixed"}),
    ("Entropy", "Of the policy on its own responses, in nats a token.", {"own/entropy": "own"}),
    (
        "Teacher tokens",
        "Mean weight f'(p) p of the gradient, and mean probability, on teacher tokens.",
        {"update/teacher_weight": "weight", "update/teacher_prob": "probability"},
    ),
    ("Update", "Gradient norm before clipping.", {"update/grad_norm": "gradient norm"}),
    (
        "Pull",
        "Norm of the loss's gradient in the log-probabilities of the tokens: the teachers' against the policy's own.",
        {"update/own_pull": "own", "update/teacher_pull": "teachers"},
    ),
    (
        "Judging",
        "Share of own responses that were cut off, and whose verdict rests on what could not be read or compared.",
        {"own/truncated_rate": "cut off", "own/not_shown_rate": "not shown"},
    ),
    ("Clipping", "Share of own tokens.", {"update/clip_fraction": "clipped", "update/dual_clip_fraction": "dual clip"}),
]


def load(path: Path) -> tuple[TrainDir, list[dict[str, Any]]]:
    """A run and its steps. Raises UserError where nothing is logged yet."""
    run = TrainDir(path)
    rows = run.read_metrics()
    if not rows:
        raise UserError(f"{path} has no step yet: wait for the first one")
    return run, rows


def show(path: Path, console: Console | None = None) -> None:
    """The last steps as a table."""
    run, rows = load(path)
    table = Table(title=f"{run.path}   {len(rows)} steps", title_justify="left", box=SIMPLE_HEAD)
    columns = ["own/accuracy", "own/reward", "mixed/reward", "guidance/trigger_rate", "own/length", "val/accuracy"]
    table.add_column("step", justify="right")
    for name in columns:  # on two lines: whole at eighty characters too
        table.add_column(name.replace("/", "\n").replace("_", " "), justify="right", no_wrap=True)
    for row in rows[-20:]:
        table.add_row(str(row["step"]), *(f"{row[name]:.3g}" if name in row else "" for name in columns))
    (console or Console(highlight=False)).print(table)


def follow(path: Path, output: Path | None = None, say: Callable[[str], None] = print) -> None:
    """Write the page anew as the run goes on, until its last step or Ctrl-C; a browser that shows it loads it again."""
    written = -1
    while True:
        run, rows = load(path)
        steps = tomllib.loads(run.config.read_text(encoding="utf-8")).get("steps", 0)
        done = rows[-1]["step"] >= steps
        if len(rows) != written:
            file = write_page(path, output, refresh=None if done else _REFRESH)
            if written < 0:
                say(f"wrote {file}; it follows the run until its last step (Ctrl-C stops that)")
            written = len(rows)
        if done:
            return
        time.sleep(_REFRESH)


def write_page(path: Path, output: Path | None = None, refresh: int | None = None) -> Path:
    """Write report.html into the run's folder, or elsewhere; gives its path. refresh: seconds."""
    run, rows = load(path)
    file = output or path / "report.html"
    wrong = [Section("Alarms", "What is wrong at the last step.", "\n".join(a.text for a in alarms(rows)))]
    sections = wrong if alarms(rows) else []
    sections += [Section(title, about, _curves(rows, names)) for title, about, names in _CURVES if _any(rows, names)]
    if scores := _scores(rows):
        sections.append(Section("Comprehension scores", "Of the scored candidates, over the whole run.", scores))
    if wins := _wins(run):
        sections.append(Section("Teachers", "Solutions of each that were learnt from.", wins))
    if told := _samples(run):
        about = "Some prompts of each step, those that got guidance first, with every response and its verdict."
        sections.append(Section("Responses", about, Folded(told)))
    sections.append(Section("Time", "Seconds of a step, by part.", _times(rows)))
    sections.append(Section("Config", "Every value that was in force.", run.config.read_text(encoding="utf-8")))
    last = rows[-1]
    summary = f"{last['step']} steps, {last.get('samples', 0):.0f} responses, {last.get('tokens', 0):.0f} tokens"
    write(file, page(f"Training run {path.name}", summary, sections, refresh))
    return file


def _any(rows: list[dict[str, Any]], names: dict[str, str]) -> bool:
    return any(name in row for row in rows for name in names)


def _curves(rows: list[dict[str, Any]], names: dict[str, str]) -> Any:
    lines = []
    for name, label in names.items():
        points = [(row["step"], row[name]) for row in rows if name in row]
        if points:
            x, y = zip(*points, strict=True)
            lines.append(graph_objects().Scatter(x=x, y=y, name=label, mode="lines+markers"))
    return figure(lines, "step", "", showlegend=len(lines) > 1)


def _scores(rows: list[dict[str, Any]]) -> Any:
    counts = [sum(row.get(f"guidance/score_hist_{i}", 0) for row in rows) for i in range(BINS)]
    middles = [(i + 0.5) / BINS for i in range(BINS)]
    return figure([graph_objects().Bar(x=middles, y=counts)], "score", "solutions") if any(counts) else None


def _wins(run: TrainDir) -> Any:
    if not run.guidance.exists():
        return None
    decisions = [row for _, row in read_jsonl(run.guidance, growing=True)]
    wins = Counter(source for decision in decisions for source in decision["sources"])
    names = [name for name, _ in wins.most_common()]
    return figure([graph_objects().Bar(x=names, y=[wins[n] for n in names])], "", "solutions") if wins else None


def _samples(run: TrainDir) -> list[tuple[str, str]]:
    """The last of samples.jsonl, newest first: (prompt, its responses and who was chosen)."""
    if not run.samples.exists():
        return []
    decisions = {}
    if run.guidance.exists():
        decisions = {(d["step"], d["prompt_id"]): d for _, d in read_jsonl(run.guidance, growing=True)}
    rows = [row for _, row in read_jsonl(run.samples, growing=True)][-_SAMPLES:]
    return [_sample(row, decisions.get((row["step"], row["prompt_id"]))) for row in reversed(rows)]


def _sample(row: Mapping[str, Any], decision: Mapping[str, Any] | None) -> tuple[str, str]:
    right = sum(r["outcome"] == "correct" for r in row["responses"])
    name = f"step {row['step']}: {row['prompt_id']}, {right} of {len(row['responses'])} right"
    lines = [f"reference answer: {row['answer']}"]
    if decision:
        name += f", guided by {', '.join(decision['sources'])}" if decision["sources"] else ", nobody to guide it"
        lines += [f"  {line}" for line in _why(decision)]
    for i, r in enumerate(row["responses"]):
        replaced = ", gave way to a teacher" if decision and i in decision["positions"] else ""
        shown = "" if r["shown"] else ", not shown"
        lines += ["", f"--- {i + 1}: {r['outcome']}{shown}, {r['tokens']} tokens, {r['finish_reason']}{replaced}"]
        lines.append(r["text"])
    return name, "\n".join(lines)


def _why(decision: Mapping[str, Any]) -> Iterator[str]:
    """A line a candidate: how likely it makes the reference answer, where that was asked."""
    for i, name in enumerate(decision["candidates"]):
        score = f", score {decision['scores'][i]:.3f}" if i < len(decision["scores"]) else ""
        yield f"{name}{score}{', chosen' if i in decision['chosen'] else ''}"


def _times(rows: list[dict[str, Any]]) -> Any:
    names = sorted({name for row in rows for name in row if name.startswith("time/") and name != "time/step"})
    bars = [
        graph_objects().Bar(x=[r["step"] for r in rows], y=[r.get(n, 0) for r in rows], name=n.removeprefix("time/"))
        for n in names
    ]
    return figure(bars, "step", "seconds", barmode="stack", showlegend=True)
