"""`ampo verify serve` against calling the pool directly: verdicts a second at 1, 16 and 256 clients, and what it keeps.

    python perf/verify_server.py [--claims 512] [--batch 2] [--soak 1000000]

Pool and server have the same number of workers and judge the same claims, which all differ, so that no cache answers;
each figure is the server's rate over the pool's, in one run. Clients keep their connection and send --batch claims a
request. --soak sends so many claims and prints the server's memory on the way.
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
from itertools import count

import psutil

from ampo.verify import Claim, VerifierPool

CLIENTS = (1, 16, 256)
_number = count(1000)


def claims(n: int) -> list[dict[str, str]]:
    """Claims that take a worker, no two alike."""
    return [
        {
            "gold": rf"\frac{{{(k := next(_number))}\sqrt{{2}}}}{{{k + 1}}}",
            "response": rf"\boxed{{{k}\cdot 2^{{1/2}}/{k + 1}}}",
        }
        for _ in range(n)
    ]


def direct(n: int, workers: int) -> float:
    """Verdicts a second."""
    with VerifierPool(workers) as pool:
        pool.verify_many([Claim(claim["gold"], claim["response"]) for claim in claims(20)])
        asked = [Claim(claim["gold"], claim["response"]) for claim in claims(n)]
        start = time.perf_counter()
        assert all(verdict.correct for verdict in pool.verify_many(asked))
        return n / (time.perf_counter() - start)


def served(port: int, n: int, clients: int, batch: int) -> float:
    """Verdicts a second."""
    asked = claims(n)
    batches = [asked[i : i + batch] for i in range(0, n, batch)]
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
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(right) == n
    assert all(right)
    return n / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=512)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--soak", type=int, default=0)
    given = parser.parse_args()
    command = [sys.executable, "-m", "ampo", "verify", "serve", "--port", "0", "--workers", str(given.workers)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = re.search(r":(\d+)/verify", process.stderr.readline())
    assert found, "the server did not start"
    port, server = int(found[1]), psutil.Process(process.pid)
    try:
        served(port, 200, 4, given.batch)
        for clients in CLIENTS:
            base, rate = direct(given.claims, given.workers), served(port, given.claims, clients, given.batch)
            print(f"{clients} clients: {rate:.0f} verdicts/s, the pool {base:.0f}", flush=True)
            print(f"ratio: verdicts over HTTP, {clients} clients | the pool directly | {rate / base:.2f}", flush=True)
        done = 0
        while done < given.soak:
            done += round(served(port, 20_000, 16, 256) > 0) * 20_000
            memory = [p.memory_info().rss / 2**20 for p in (server, *server.children(recursive=True))]
            print(f"{done} claims: server {memory[0]:.0f} MiB, workers {sum(memory[1:]):.0f} MiB", flush=True)
    finally:
        process.terminate()
        print(process.communicate(timeout=150)[1].strip())


if __name__ == "__main__":
    main()
