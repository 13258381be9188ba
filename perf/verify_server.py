"""`ampo verify serve` against calling the pool directly: verdicts a second at 1, 16 and 256 clients, and what it keeps.

    python perf/verify_server.py [--claims 512] [--batch 2] [--clients 1 16 256]
    python perf/verify_server.py --claims 0 --soak 1000000

Pool and server have the same number of workers and judge the same claims, which all differ, so that no cache answers;
each figure is the server's rate over the pool's, one after the other. Clients keep their connection and send --batch
claims a request; they run in a process of their own. On a machine that does other things too, the processors' seconds a
verdict, server and workers together, say more than the clock: both are printed.

--soak sends so many claims, all different, of which one in 16 takes a worker, and prints on the way what the server and
its workers hold in memory.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

import psutil

from ampo.verify import Claim, VerifierPool

CLIENTS = (1, 16, 256)
_number = count(1000)

Row = dict[str, str]


class Rate(NamedTuple):
    """cpu: seconds of processors, of the judging side alone."""

    wall: float
    cpu: float


def claims(n: int, worker: int = 1) -> list[Row]:
    """No two alike. Every `worker`-th takes a worker, the others are judged at once."""
    return [_hard(k) if i % worker == 0 else _easy(k) for i, k in enumerate(next(_number) for _ in range(n))]


def _hard(k: int) -> Row:
    return {
        "gold": rf"\frac{{{k}\sqrt{{2}}}}{{{k + 1}}}",
        "response": rf"\boxed{{{k}\cdot 2^{{1/2}}/{k + 1}}}",
    }


def _easy(k: int) -> Row:
    return {"gold": rf"\frac{{{k}}}{{{k + 1}}}", "response": rf"So it is \boxed{{{k}/{k + 1}}}."}


def spent(process: psutil.Process) -> float:
    """Seconds of processors, of a process and its children."""
    return sum(sum(p.cpu_times()[:2]) for p in (process, *process.children(recursive=True)))


def direct(n: int, workers: int) -> Rate:
    """Verdicts a second, and seconds of processors a verdict."""
    me = psutil.Process()
    with VerifierPool(workers) as pool:
        pool.verify_many([Claim(claim["gold"], claim["response"]) for claim in claims(20)])
        asked = [Claim(claim["gold"], claim["response"]) for claim in claims(n)]
        start, before = time.perf_counter(), spent(me)
        assert all(verdict.correct for verdict in pool.verify_many(asked))
        return Rate(n / (time.perf_counter() - start), (spent(me) - before) / n)


def served(port: int, server: psutil.Process, asked: list[Row], clients: int, batch: int) -> Rate:
    """The same. All must be right."""
    batches = [asked[i : i + batch] for i in range(0, len(asked), batch)]
    lock, right = threading.Lock(), []

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        while True:
            with lock:
                if not batches:
                    return
                mine = batches.pop()
            connection.request("POST", "/verify", json.dumps({"claims": mine}))
            verdicts = json.loads(connection.getresponse().read())["verdicts"]
            with lock:
                right.extend(verdict["correct"] for verdict in verdicts)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    start, before = time.perf_counter(), spent(server)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(right) == len(asked)
    assert all(right)
    return Rate(len(asked) / (time.perf_counter() - start), (spent(server) - before) / len(asked))


@contextmanager
def running(workers: int) -> Iterator[tuple[int, psutil.Process]]:
    """The port and the process of a server."""
    command = [sys.executable, "-m", "ampo", "verify", "serve", "--port", "0", "--workers", str(workers)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        found = re.search(r":(\d+)/verify", process.stderr.readline())
        assert found, "the server did not start"
        yield int(found[1]), psutil.Process(process.pid)
    finally:
        process.terminate()
        print(process.communicate(timeout=150)[1].strip())


def rates(port: int, server: psutil.Process, given: argparse.Namespace) -> None:
    served(port, server, claims(200), 4, given.batch)
    for clients in given.clients:
        pool = direct(given.claims, given.workers)
        http_ = served(port, server, claims(given.claims), clients, given.batch)
        print(
            f"{clients} clients: {http_.wall:.0f} verdicts/s, {1000 * http_.cpu:.2f} ms of processors a verdict; "
            f"the pool {pool.wall:.0f}, {1000 * pool.cpu:.2f} ms",
            flush=True,
        )
        print(f"ratio: verdicts over HTTP, {clients} clients | the pool directly | {http_.wall / pool.wall:.2f}")
        cost = f"processor time a verdict over HTTP, {clients} clients"
        print(f"ratio: {cost} | the pool directly | {http_.cpu / pool.cpu:.2f}", flush=True)


def soak(port: int, server: psutil.Process, n: int) -> None:
    step = max(1000, n // 20)
    for done in range(0, n + 1, step):
        memory = [p.memory_info().rss / 2**20 for p in (server, *server.children(recursive=True))]
        print(f"{done} claims: server {memory[0]:.0f} MiB, workers {sum(memory[1:]):.0f} MiB", flush=True)
        if done < n:
            served(port, server, claims(step, worker=16), 16, 250)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=512, help="0: no rates")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--soak", type=int, default=0, help="claims")
    given = parser.parse_args()
    with running(given.workers) as (port, server):
        if given.claims:
            rates(port, server, given)
        if given.soak:
            soak(port, server, given.soak)


if __name__ == "__main__":
    main()
