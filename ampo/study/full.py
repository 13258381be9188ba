"""`ampo study --size full` (`full-trial`): the arms with a real model, each run by `ampo train` and `ampo eval` in a
process of its
own.

    data/train.jsonl, validation.jsonl, test.jsonl      the pool's questions, split by a hash; train has the solutions
    <arm>/seed-<n>/run, eval                            what the two commands write; each goes on where it was killed
    results.json, README.md                             what is finished, compared by seed and question

The pool is that of the GSM8K release (MIT): four models' solutions of its 1,319 test questions.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from ampo.errors import UserError
from ampo.eval.rundir import RunDir
from ampo.files import dump, first_line, read_jsonl, write, write_json
from ampo.study import analysis
from ampo.study.words import points, seeds
from ampo.training.config import validated

POOL = "https://github.com/openai/grade-school-math/raw/master/grade_school_math/data/example_model_solutions.jsonl"
_ENDING = re.compile(r"\n*A: ?(.*?)\s*$")
_CALCULATED = re.compile(r"<<[^>]*>>")
_FIELDS = {"question", "ground_truth"}


class Full(BaseModel):
    """See full.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    arms: tuple[str, ...]
    seeds: int
    validation: int
    test: int
    samples: int
    train: dict[str, Any]

    @property
    def runs(self) -> list[tuple[str, int]]:
        """(arm, seed), seed by seed."""
        return [(arm, seed) for seed in range(self.seeds) for arm in self.arms]


def settings() -> dict[str, Full]:
    """The size `full`, and the one that tries it on a CPU."""
    text = files("ampo.study").joinpath("full.toml").read_text(encoding="utf-8")
    return {name: Full.model_validate(values) for name, values in tomllib.loads(text).items()}


def run(folder: Path, full: Full, pool: Path | None, say: Callable[[str], None]) -> Path:
    """Do what is missing and write it up.

    Args:
        folder: The study's.
        full: Which models, arms and seeds.
        pool: The guidance pool; read where the data is not there yet.
        say: Takes each line of progress.

    Returns:
        The page.

    Raises:
        UserError: There is no pool, or a command fails.
    """
    data = folder / "data"
    if not (data / "test.jsonl").exists():
        _split(data, full, pool)
    for done, (arm, seed) in enumerate(full.runs):
        place = folder / arm / f"seed-{seed}"
        if not (place / "eval" / "metrics.json").exists():
            say(f"{done}/{len(full.runs)}  {arm}, seed {seed}, in {place}")
            _run(place, full, arm, seed, data)
        _write_up(folder, full)
    return folder / "README.md"


def _run(place: Path, full: Full, arm: str, seed: int, data: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    write(place / "config.toml", config(full, arm, seed, data))
    _command(place, "train", str(place / "config.toml"), "--output-dir", str(place / "run"))
    asked = [
        "--model",
        str(place / "run" / "final"),
        "--data",
        str(data / "test.jsonl"),
        "--samples",
        str(full.samples),
    ]
    limit = str(full.train["rollout"]["max_tokens"])
    _command(place, "eval", *asked, "--temperature", "1", "--max-tokens", limit, "--output-dir", str(place / "eval"))


def config(full: Full, arm: str, seed: int, data: Path) -> str:
    """A run as a config of `ampo train`. Rollouts are vLLM's where there is a GPU.

    Args:
        full: The study.
        arm: The preset.
        seed: Of the run.
        data: The folder of its three files.
    """
    import torch

    values = json.loads(json.dumps(full.train))
    values |= {"model": full.model, "preset": arm, "seed": seed}
    values["data"] = {"train": str(data / "train.jsonl"), "validation": str(data / "validation.jsonl")}
    chosen = validated(values, "full.toml")
    if chosen.resolved_algorithm().uses_pool:
        values["data"]["pool"] = str(data / "train.jsonl")
    if torch.cuda.is_available():
        values["rollout"]["engine"] = "vllm"
    return validated(values, "full.toml").to_toml()


def _command(place: Path, *arguments: str) -> None:
    """An `ampo` command; what it prints is in log.txt."""
    with (place / "log.txt").open("ab") as log:
        done = subprocess.run(  # noqa: S603  (ours)
            [sys.executable, "-m", "ampo", *arguments], stdout=log, stderr=subprocess.STDOUT
        )
    if done.returncode:
        raise UserError(f"`ampo {arguments[0]}` failed: see {place / 'log.txt'}; the same command goes on")


def _split(data: Path, full: Full, pool: Path | None) -> None:
    """Write the three files. Raises UserError without a pool."""
    if pool is None or not pool.is_file():
        raise UserError(f"the full size needs the pool of GSM8K's release: curl -LO {POOL}, then give it as --pool")
    rows = sorted(_entries(pool), key=lambda row: sha256(row["question"].encode()).digest())
    first, second = full.test, full.test + full.validation
    parts = {"test": rows[:first], "validation": rows[first:second], "train": rows[second:]}
    data.mkdir(parents=True, exist_ok=True)
    for name in ("train", "validation", "test"):  # the last one says that all are there
        keep = {"solutions"} if name == "train" else set()
        write(data / f"{name}.jsonl", "".join(dump(_fields(row, keep)) for row in parts[name]))


def _entries(pool: Path) -> Iterator[dict[str, Any]]:
    for number, row in read_jsonl(pool):
        try:
            yield entry(row)
        except (KeyError, TypeError, AttributeError) as error:
            said = f"it has no {error}" if isinstance(error, KeyError) else first_line(error)
            raise UserError(f"{pool}:{number} is no row of a pool ({said}): mend or remove this line") from error


def _fields(row: dict[str, Any], more: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name in {"uid", "question", "answer"} | more}


def entry(row: dict[str, Any]) -> dict[str, Any]:
    """A question of the release, or of a pool in our own form, as our pool's row: right solutions only, their answer in
    the tags that the student is asked for. The calculator's notes (`<<2+1=3>>`) are left out."""
    if "ground_truth" in row:
        found = [(name, told) for name, told in row.items() if name not in _FIELDS]
        solutions = [
            {"source": name, "content": told["solution"], "is_correct": told["is_correct"]} for name, told in found
        ]
        answer = _ENDING.search(row["ground_truth"])
        row = {
            "question": row["question"],
            "answer": answer[1].replace(",", "") if answer else "",
            "solutions": solutions,
        }
    uid = row.get("uid") or sha256(row["question"].encode()).hexdigest()[:12]
    right = [one for one in row["solutions"] if one.get("is_correct", one.get("verified", False))]
    told = [{"source": one["source"], "content": _tagged(one["content"], row["answer"])} for one in right]
    return {"uid": uid, "question": row["question"], "answer": row["answer"], "solutions": told}


def _tagged(content: str, answer: str) -> str:
    return f"{_ENDING.sub('', _CALCULATED.sub('', content))}\n<answer> {answer} </answer>"


def results(folder: Path, full: Full) -> dict[str, dict[int, dict[str, Any]]]:
    """By arm and seed: right samples of each test question, as `analysis` takes them."""
    found: dict[str, dict[int, dict[str, Any]]] = {arm: {} for arm in full.arms}
    for arm, seed in full.runs:
        place = folder / arm / f"seed-{seed}" / "eval"
        if (place / "metrics.json").exists():
            found[arm][seed] = {"test": {"test": _right(place)}, "samples": full.samples}
    return found


def _right(place: Path) -> list[int]:
    """Right samples by question, in the questions' order."""
    run = RunDir(place)
    right, verdicts = dict.fromkeys(sorted(run.read_problems()), 0), run.read_verdicts()
    for record in run.read_responses().values():
        right[record.problem] += any(verdict.correct for verdict in verdicts.on(record).values())
    return list(right.values())


def _write_up(folder: Path, full: Full) -> None:
    found = results(folder, full)
    scores = {arm: analysis.score(list(runs.values()), ["test"]) for arm, runs in found.items() if runs}
    data = {
        "settings": full.model_dump(mode="json"),
        "arms": {arm: score._asdict() | {"seeds": list(found[arm])} for arm, score in scores.items()},
        "compared": {f"ampo - {other}": d._asdict() for other, d in _compared(full, found)},
    }
    write_json(folder / "results.json", data)
    write(folder / "README.md", "\n".join(_page(full, found, scores)) + "\n")


def _compared(full: Full, found: dict[str, dict[int, Any]]) -> Iterator[tuple[str, analysis.Estimate]]:
    for other in full.arms:
        both = [seed for seed in found.get("ampo", {}) if seed in found[other]]
        if other != "ampo" and both:
            a, b = ([found[arm][seed] for seed in both] for arm in ("ampo", other))
            yield other, analysis.difference(a, b, ["test"])


def _page(full: Full, found: dict[str, dict[int, Any]], scores: dict[str, analysis.Estimate]) -> Iterator[str]:
    done, compared = sum(map(len, found.values())), list(_compared(full, found))
    yield f"# {full.model} on GSM8K's questions: {done} of {len(full.runs)} runs\n"
    yield "| arm | right, % | seeds |\n| :-- | --: | --: |"
    for arm, score in scores.items():
        yield f"| {arm} | {points(score, sign=False)} | {seeds(len(found[arm]), full.seeds)} |"
    corrected = analysis.holm([analysis.p_value(d) for _, d in compared])
    yield "\n| compared | points | p, corrected | verdict |\n| :-- | --: | --: | :-- |"
    for (other, d), p in zip(compared, corrected, strict=True):
        yield f"| ampo − {other} | {points(d)} | {p:.2g} | {analysis.verdict(d, 0.0, p)} |"
    sampled = f"{full.test} test questions, {full.samples} samples each at temperature 1"
    yield f"\n{sampled}; intervals over seeds and questions."
