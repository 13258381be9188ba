"""What an evaluation against a fast endpoint costs: responses a second, CPU a response, memory from start to end.

The endpoint is a process of its own that answers at once with texts of a given length, so that what is measured is
ours: the client, the writing, the judging, the statistics. CPU time hardly depends on what else the machine does.

    python perf/eval_scale.py                       # 6,000 responses: under a minute on two cores
    python perf/eval_scale.py --responses 192000    # as large as the paper's suite at 32 samples of 6,000 problems
    python perf/eval_scale.py --keep FOLDER         # leaves the run there
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

SAMPLES = 32


def serve(characters: int, port: Any) -> None:
    """A bare HTTP server: one canned reply to whatever is posted."""
    text = "x + 1 = 2 and so on. " * (characters // 21) + "<answer>7</answer>"
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 20, "completion_tokens": characters // 4}
    replies = {
        "POST": json.dumps({"choices": [choice], "usage": usage}).encode(),
        "GET": json.dumps({"data": [{"id": "fake"}]}).encode(),
    }

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):  # the client has gone
                return
            length = next((int(x[15:]) for x in head.split(b"\r\n") if x[:15].lower() == b"content-length:"), 0)
            await reader.readexactly(length)
            body = replies[head.split(b" ", 1)[0].decode()]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
            writer.write(body)

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def memory_mib() -> float:
    """Of this process, now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


class Memory:
    """Samples the memory of this process while a block lasts."""

    def __init__(self, file: Path) -> None:
        self._file, self._ended, self.start, self.peak = file, threading.Event(), 0.0, 0.0
        self.cpu = 0.0

    def __enter__(self) -> Memory:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            now = memory_mib()
            if not self.start and self._file.exists() and self._file.stat().st_size > 1 << 20:
                self.start, self.cpu = now, time.process_time()  # everything is imported, connections are open
            self.peak = max(self.peak, now)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--responses", type=int, default=6_000)
    parser.add_argument("--characters", type=int, default=4_000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--keep", type=Path, help="a new folder for the run; default: a temporary one")
    options = parser.parse_args()

    from ampo import load_engine
    from ampo.eval.run import RunSpec, Task, evaluate
    from ampo.eval.rundir import RunDir
    from ampo.prompts import load_template
    from ampo.types import Problem, SamplingParams

    port: Any = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(options.characters, port), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{port.get()}/v1"
    problems = [Problem(f"p/{i}", f"What is {i}?", "7", "p") for i in range(options.responses // SAMPLES)]
    task = Task("p", problems, load_template("plain"), SamplingParams(n=SAMPLES, temperature=0.6))
    with tempfile.TemporaryDirectory() as folder:
        run = RunDir(options.keep or Path(folder) / "run")
        started = time.perf_counter()
        with Memory(run.responses) as memory:
            engine = load_engine("fake", base_url=url, concurrency=options.concurrency, say=lambda _: None)
            evaluate(RunSpec("fake", [task]), run, lambda: engine, say=lambda _: None, quiet=True)
            ended = memory_mib()
        seconds, cpu = time.perf_counter() - started, time.process_time() - memory.cpu
    server.terminate()
    count = len(problems) * SAMPLES
    print(f"{count} responses of {options.characters} characters: {count / seconds:.0f} a second")
    print(f"CPU of the main process: {1000 * cpu / count:.2f} ms a response, {count / cpu:.0f} a second of a core")
    what = f"memory of ampo eval, {count} responses of {options.characters} characters"
    print(f"ratio: {what}: MiB | the same at its start | {ended / memory.start:.2f}")
    print(f"memory: {memory.start:.0f} MiB at the start, {ended:.0f} at the end, {memory.peak:.0f} at most")


if __name__ == "__main__":
    main()
