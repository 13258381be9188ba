"""The students: one that has the skill, and from it one for each start, that begins to work as rarely as that says.

    students/skilled        after the first phase: works, or answers at once, as it comes
    students/start-<share>  after the last phase: answers at once, but for what is left

The last phase takes the beginning away and not the skill: part of its examples are worked, and all of them but the
first token is learnt, so that whoever begins goes on as before. The others are what the share is of; their first token
may count for more than one, which makes a rare beginning rarer in the same steps.
"""

from __future__ import annotations

import fcntl
import random
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ampo.engines.settings import EngineSettings
from ampo.engines.transformers import Loaded, load
from ampo.study import student, task
from ampo.study.design import Phase, Size, problems
from ampo.study.student import prompt_ids
from ampo.study.teachers import solution
from ampo.training.rundir import replace_folder
from ampo.types import Problem

GUESSES = 100
"""A guess is one of the numbers below."""


class Row(NamedTuple):
    """An example. begins: the response is learnt from its first token on."""

    prompt: tuple[int, ...]
    response: tuple[int, ...]
    begins: bool


def loaded(folder: Path) -> Loaded:
    """A student, in float32."""
    return load(str(folder), None, EngineSettings(dtype="float32"), None, None)


def skilled(study: Path, size: Size) -> Path:
    """The student after the first phase, made where it isn't there."""
    place = study / "students" / "skilled"
    if not place.exists():
        untrained = place.with_name("untrained")
        student.write_untrained(untrained, size.student.shape, 2 * size.training.max_tokens, seed=0)
        _teach(untrained, place, size, size.student.skill, 1 - size.student.at_once, seed=0)
        shutil.rmtree(untrained)
    return place


def starting(study: Path, size: Size, share: float) -> Path:
    """The student that arms begin with, after the last phase with this share of worked examples."""
    place = study / "students" / f"start-{share:g}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / f"{place.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another job may need it at the same time
        if not place.exists():
            _teach(skilled(study, size), place, size, size.student.last, share, seed=1)
    return place


def _teach(source: Path, place: Path, size: Size, phase: Phase, worked: float, seed: int) -> None:
    """Supervised steps on fresh examples, `worked` of them worked out; the weights after them, in `place`."""
    import torch

    found = loaded(source)
    examples = _examples(found.tokenizer, size, worked, phase.kept, random.Random(seed))
    optimizer = torch.optim.AdamW(found.model.parameters(), lr=phase.lr, betas=(0.9, 0.98), weight_decay=0.01)
    found.model.train()
    for step in range(1, phase.steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = phase.lr * _schedule(step, phase.steps)
        optimizer.zero_grad()
        loss = _learn(found.model, [next(examples) for _ in range(size.student.batch)], phase.first)
        torch.nn.utils.clip_grad_norm_(found.model.parameters(), 1.0)
        optimizer.step()
        if step % 100 == 0:
            print(f"{place.name}, step {step}: loss {loss:.3f}", flush=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    replace_folder(place, lambda fresh: _write(found, fresh))


def _learn(model: Any, rows: Sequence[Row], first: float) -> float:
    """The gradient of the mean over the responses' tokens, and that mean. first: weight of a response's first token.
    In two halves by length: less padding."""
    import torch

    ordered = sorted(rows, key=lambda row: len(row.prompt) + len(row.response))
    tokens, total = sum(len(row.response) for row in rows), 0.0
    for part in (ordered[: len(rows) // 2], ordered[len(rows) // 2 :]):
        batch = _padded(part)
        logits = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), batch["labels"][:, 1:], reduction="none")
        (loss * _weights(part, first, loss)).sum().div(tokens).backward()
        total += loss.sum().item() / tokens
    return total


def _weights(rows: Sequence[Row], first: float, like: Any) -> Any:
    """[B, T - 1]: one, and `first` where the first token of a response is foretold."""
    weights = like.new_ones(like.shape)
    for row, given in zip(weights, rows, strict=True):
        if given.begins:
            row[len(given.prompt) - 1] = first
    return weights


def _write(found: Loaded, folder: Path) -> None:
    found.model.save_pretrained(folder)
    found.tokenizer.save_pretrained(folder)


def _schedule(step: int, steps: int) -> float:
    """Up over 40 steps, level, and down over the last 30 %."""
    return min(1.0, step / 40, max(0.02, (steps - step) / (0.3 * steps)))


def _examples(tokenizer: Any, size: Size, worked: float, kept: float, rng: random.Random) -> Iterator[Row]:
    """(prompt, response) without end; none of the problems is in a split. kept: share whose first token of work counts
    as the prompt's."""
    known = {problem.question for part in problems(size).values() for problem in part}
    names, weights = list(size.student.levels), list(size.student.levels.values())
    while True:
        problem = task.make_problem(rng, task.LEVELS[rng.choices(names, weights)[0]])
        style = "rare" if rng.random() < size.student.rare else "own"
        given = int(rng.random() < kept)
        work = given or rng.random() < worked
        text = solution(problem, style).content if work else _at_once(problem, rng)
        if problem.question not in known:
            response = (*tokenizer(text)["input_ids"], tokenizer.eos_token_id)
            yield Row((*prompt_ids(tokenizer, problem), *response[:given]), response[given:], not given)


def _at_once(problem: Problem, rng: random.Random) -> str:
    """What the student does in place of working. It knows the easy ones by heart; elsewhere it guesses."""
    answer = problem.answer if problem.benchmark == "easy" else rng.randint(0, GUESSES - 1)
    return f"<answer>{answer}</answer>"


def _padded(rows: Sequence[Row]) -> dict[str, Any]:
    """input_ids, attention_mask and labels [B, T] of examples, padded on the right."""
    import torch

    width = max(len(row.prompt) + len(row.response) for row in rows)
    ids, mask, labels = [], [], []
    for prompt, response, _ in rows:
        rest = width - len(prompt) - len(response)
        ids.append([*prompt, *response, *[0] * rest])
        mask.append([1] * (width - rest) + [0] * rest)
        labels.append([-100] * len(prompt) + [*response] + [-100] * rest)
    return {name: torch.tensor(v) for name, v in (("input_ids", ids), ("attention_mask", mask), ("labels", labels))}
