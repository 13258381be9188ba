"""What `ampo score`, `compare` and `report` cost on a large run: CPU time, and the peak of the memory with all workers.

    python perf/large_run.py                                                # 192,000 responses of 4,000 characters
    python perf/large_run.py --responses 6000 --samples 4 --characters 32000    # as many as 8,192 tokens each
    python perf/large_run.py --keep FOLDER                                  # leaves the run there

The run is made up: sums, an answer to each that is right half of the time, and before it a text of sentences from a
pool of 20,000, which compresses about as English does. CPU time hardly depends on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from ampo.eval.records import ResponseRecord, VerdictRecord
from ampo.eval.rundir import RunDir
from ampo.files import dump
from ampo.types import Problem

_LETTERS = "etaoinshrdlucmfwypvbgk"


def sentences(source: random.Random) -> list[str]:
    words = ["".join(source.choices(_LETTERS, range(22, 0, -1), k=source.randint(2, 9))) for _ in range(3000)]

    def one() -> str:
        chosen = " ".join(words[int(source.paretovariate(0.9)) % 3000] for _ in range(source.randint(8, 24)))
        return f"{chosen} $x_{{{source.randrange(99)}}} = {source.randrange(999)}$. "

    return [one() for _ in range(20_000)]


def responses(count: int, samples: int, characters: int, seed: int) -> Iterator[ResponseRecord]:
    source = random.Random(seed)
    pool = sentences(random.Random(0))
    for i in range(count):
        problem, sample = divmod(i, samples)
        answer = 2 * problem if source.random() < 0.5 else source.randrange(5)
        length, parts = int(source.lognormvariate(0, 0.3) * characters / 1.046), []
        while length > 0:
            parts.append(source.choice(pool))
            length -= len(parts[-1])
        text = f"<think>\n{''.join(parts)}\n</think>\n<answer>{answer}</answer>"
        yield ResponseRecord(f"sum/{problem}#{sample}", f"sum/{problem}", sample, i, text, "stop", 100, 800, 1.0, 0.1)


def make(folder: Path, options: argparse.Namespace, seed: int) -> RunDir:
    """A run that is not judged yet. One that is there (of a `--keep` before) is taken as it is."""
    run = RunDir(folder)
    if run.responses.exists():
        return run
    folder.mkdir(parents=True)
    count = options.responses // options.samples
    run.write_problems(Problem(f"sum/{i}", f"What is ${i} + {i}$?", str(2 * i), f"part{i % 6}") for i in range(count))
    with run.responses.open("w", encoding="utf-8") as stream:
        stream.writelines(
            dump(asdict(r)) for r in responses(count * options.samples, options.samples, options.characters, seed)
        )
    benchmarks = {f"part{i}": {"problems": len(range(i, count, 6)), "samples": options.samples} for i in range(6)}
    run.write_config({"schema_version": 1, "model": {"name": "made/up"}, "seed": seed, "benchmarks": benchmarks})
    return run


def judge(run: RunDir, seed: int) -> None:
    """Make up the verdicts: right where the answer is, but for one in ten."""
    source = random.Random(seed)
    with run.verdicts.open("w", encoding="utf-8") as stream:
        for record in run.scan_responses():
            found = record.text.rpartition("<answer>")[2].removesuffix("</answer>")
            right = int(found) == 2 * int(record.problem.removeprefix("sum/")) and source.random() < 0.9
            verdict = VerdictRecord(record.id, "ampo", "correct" if right else "wrong", found, "tags", 0.001)
            stream.write(dump(asdict(verdict)))


def copy(run: RunDir, folder: Path) -> RunDir:
    """The same run under another name: what a comparison reads."""
    folder.mkdir(exist_ok=True)
    for file in ("config.toml", "problems.jsonl", "responses.jsonl"):
        (folder / file).unlink(missing_ok=True)
        os.link(run.path / file, folder / file)
    return RunDir(folder)


def tree(root: int) -> list[int]:
    """The processes that a process has started, and itself."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue  # it has ended
        children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def memory_mib(pids: list[int]) -> float:
    """Their resident memory; pages that they share count in each."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return pages * resource.getpagesize() / 2**20


def measured(*arguments: str | Path) -> tuple[float, float, float]:
    """CPU seconds with all children, peak MiB of all together, and of the main process alone."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "ampo", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peaks = [0.0, 0.0]

    def watch() -> None:
        while process.returncode is None:
            peaks[0] = max(peaks[0], memory_mib(tree(process.pid)))
            peaks[1] = max(peaks[1], memory_mib([process.pid]))
            time.sleep(0.2)

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    watcher.join()
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peaks[0], peaks[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--responses", type=int, default=192_000)
    parser.add_argument("--samples", type=int, default=32, help="of a problem")
    parser.add_argument("--characters", type=int, default=4_000, help="of a response, on the average")
    parser.add_argument("--keep", type=Path, help="a new folder for the runs; default: a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = options.keep or Path(temporary)
        run = make(root / "run", options, 0)
        size = run.responses.stat().st_size / 1e6
        what = f"{options.responses:,} responses, {size:,.0f} MB"
        print(f"made {what}", flush=True)

        def show(name: str, *arguments: str | Path) -> None:
            cpu, peak, main_alone = measured(*arguments)
            print(f"ampo {name}: {cpu:.0f} s of CPU, at most {peak:.0f} MiB ({main_alone:.0f} without the workers)")
            print(f"ratio: memory of ampo {name}, {what} | 500 MiB | {peak / 500:.2f}", flush=True)

        other = copy(run, root / "other")
        for number, one in enumerate((run, other)):
            judge(one, number)
        show("compare", "compare", run.path, other.path)
        show("report", "report", run.path)
        show("report --html", "report", run.path, "--html")
        print(f"report.html: {(run.path / 'report.html').stat().st_size / 1e6:.0f} MB", flush=True)
        show("score", "score", run.path)


if __name__ == "__main__":
    main()
