"""What the page is lent of training runs: their steps, which prompts were guided, and by whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ampo.errors import UserError
from ampo.files import read_jsonl, well_formed

if TYPE_CHECKING:
    from ampo.app.desk import GuidedPrompt, Training
    from ampo.training.rundir import TrainDir

_COLUMNS = {
    "own/accuracy": "own accuracy",
    "mixed/reward": "mixed reward",
    "guidance/trigger_rate": "triggered",
    "mixed/replaced": "rows replaced",
    "own/length": "tokens",
    "own/entropy": "entropy",
    "val/accuracy": "validation",
}


def training_names(root: Path) -> list[str]:
    """The training runs in a folder and one level below, the last changed first."""
    found = {f.parent for pattern in ("*/metrics.jsonl", "*/*/metrics.jsonl") for f in root.glob(pattern)}
    kept = [folder for folder in found if inside(root, folder)]
    kept.sort(key=lambda folder: (folder / "metrics.jsonl").stat().st_mtime, reverse=True)
    return [str(folder.relative_to(root)) for folder in kept]


def inside(root: Path, folder: Path) -> bool:
    """Whether a run and each of its files lie in a folder: a link that leads out of it is not followed."""
    top = root.resolve()
    return all(path.resolve().is_relative_to(top) for path in (folder, *folder.iterdir()))


def read_training(root: Path, name: str) -> Training:
    """A training run by its name. Only one of `training_names` is opened. Raises UserError where it can't be read."""
    from ampo.app.desk import Training
    from ampo.training.rundir import TrainDir

    if name not in training_names(root):
        raise UserError(f"{root} has no training run {name!r}: choose one of the list")
    run = TrainDir(root / name)
    try:
        steps = [[row["step"], *(_figure(row.get(key)) for key in _COLUMNS)] for row in run.read_metrics()]
        return Training(name, ["step", *_COLUMNS.values()], steps, _prompts(run))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise UserError(f"{root / name} can't be read as a training run: {type(error).__name__} {error}") from error


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else ""


def _prompts(run: TrainDir) -> dict[int, list[GuidedPrompt]]:
    """By step: the prompts that guidance was triggered for, and those whose responses were kept."""
    decisions, samples = (
        {(row["step"], row["prompt_id"]): row for _, row in read_jsonl(file, growing=True)} if file.exists() else {}
        for file in (run.guidance, run.samples)
    )
    found: defaultdict[int, list[GuidedPrompt]] = defaultdict(list)
    for key in dict.fromkeys((*decisions, *samples)):
        found[key[0]].append(_prompt(key, decisions.get(key, {}), samples.get(key, {})))
    return dict(found)


def _prompt(key: tuple[int, str], decision: Mapping[str, Any], sample: Mapping[str, Any]) -> GuidedPrompt:
    from ampo.app.desk import GuidedPrompt

    scores, chosen = decision.get("scores", ()), decision.get("chosen", ())
    teachers = [
        (name, scores[i] if i < len(scores) else None, i in chosen)
        for i, name in enumerate(decision.get("candidates", ()))
    ]
    gave_way = decision.get("positions", ())
    responses = [
        (_ruled(one), one["tokens"], i in gave_way, well_formed(one["text"]))
        for i, one in enumerate(sample.get("responses", ()))
    ]
    return GuidedPrompt(*key, sample.get("answer", ""), teachers, responses)


def _ruled(response: Mapping[str, Any]) -> str:
    cut = ", cut off" if response["finish_reason"] == "length" else ""
    return f"{response['outcome']}{'' if response['shown'] else ', not shown'}{cut}"
