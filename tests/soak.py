"""Kill -9 at random moments, many times: what comes out must be what an undisturbed run gives. For hours, not for CI.

    python tests/soak.py --kills 100                                  # evaluations of an endpoint that answers at once
    python tests/soak.py --kills 20 -- --model smollm2-135m           # the model here, by vLLM
    python tests/soak.py --kills 20 -- --model smollm2-135m --ray-address auto
    python tests/soak.py --kills 20 --train my.toml                   # training, between and inside steps

What stands after -- is given to `ampo eval`. Exit code 1, and what differs, where something was lost or done twice.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "perf"))
from eval_scale import serve  # pyright: ignore[reportMissingImports]  (a script beside it)

_TIMING = ("seconds", "first_token_seconds")


def command(options: argparse.Namespace, folder: Path, url: str) -> list[str]:
    """The run to be killed and resumed."""
    if options.train:
        return [sys.executable, "-m", "ampo", "train", options.train, "--output_dir", str(folder)]
    where = options.rest or ["--base-url", url, "--samples", "32"]
    return [sys.executable, "-m", "ampo", "eval", "--suite", "demo", "--output-dir", str(folder), *where]


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """Of a log, in an order of its own, without what differs from time to time."""
    file = folder / name
    found = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    kept = [{k: v for k, v in row.items() if k not in _TIMING and not k.startswith("time/")} for row in found]
    return sorted(kept, key=lambda row: json.dumps(row, sort_keys=True))


def killed(options: argparse.Namespace, folder: Path, url: str, kills: int, rng: random.Random) -> int:
    """Start and kill until that many kills were at work or the run has finished; then finish. The kills that were."""
    done = 0
    while done < kills:
        process = subprocess.Popen(command(options, folder, url), start_new_session=True, stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(options.least, options.most))
        if process.poll() is not None:
            return done
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        done += 1
        print(f"{done} kills of {folder.name}", flush=True)
    subprocess.run(command(options, folder, url), check=True)
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--least", type=float, default=2.0, help="seconds until a kill, at least")
    parser.add_argument("--most", type=float, default=6.0)
    parser.add_argument("--train", help="a training config instead of an evaluation")
    parser.add_argument("rest", nargs="*", help="after --: of ampo eval")
    options = parser.parse_args()
    port: Any = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(4_000, port), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{port.get()}/v1"
    if options.train:
        os.environ["OMP_NUM_THREADS"] = "1"  # several add in no fixed order: two runs differ from the first step on
    names = ("metrics.jsonl", "guidance.jsonl") if options.train else ("responses.jsonl", "verdicts.jsonl")
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / "whole"
        subprocess.run(command(options, whole, url), check=True)
        started, rng = time.monotonic(), random.Random(20251002)
        kills = runs = 0
        different: list[str] = []
        while kills < options.kills:  # a run that has finished is followed by another
            torn = Path(place) / f"run-{(runs := runs + 1)}"
            kills += killed(options, torn, url, options.kills - kills, rng)
            different += [f"{torn.name}/{name}" for name in names if rows(whole, name) != rows(torn, name)]
        seconds = time.monotonic() - started
        print(f"{kills} kills, {runs} runs, {seconds:.0f} s: {', '.join(different) or 'nothing'} differs", flush=True)
    server.terminate()
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
