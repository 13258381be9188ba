"""What the page costs: time to first token and tokens/s through its endpoint, against the bare engine.

Both arms are the same engine in this process, with the same questions and seeds. Bare: a thread a user takes
`engine.stream`. Page: a process of its own asks by the protocol that a browser uses, a session a user
(gradio_client looks for news every 50 ms, so it would measure itself). The arms alternate.
To be held: time to first token at most 1.10 times the bare engine's plus 50 ms, tokens/s at least 0.95 times.

    python perf/app.py [--users 1 4 16] [--repeat 3] [--tokens 256] [--model smollm2-135m]
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

sys.path[0] = str(Path(__file__).parent.parent)  # this file bears the name of the package that it measures

TOPICS = ("a fox", "the sea", "an old clock", "two friends", "a train", "winter", "a lost key", "a baker")


class Result(NamedTuple):
    """first: seconds to each user's first token. tokens: of all users. seconds: from the start to the last end."""

    first: list[float]
    tokens: int
    seconds: float


def question(user: int) -> str:
    return f"Tell a long story about {TOPICS[user % len(TOPICS)]}, number {user}."


def at_once(users: int, one: Callable[[int, float], tuple[float, int]]) -> Result:
    """Run `one(user, started)` for all users from the same moment. It gives seconds to the first token, and tokens."""
    done: dict[int, tuple[float, int]] = {}
    barrier, begun = threading.Barrier(users + 1), threading.Event()
    clock: list[float] = []

    def work(user: int) -> None:
        barrier.wait()
        begun.wait()
        done[user] = one(user, clock[0])

    threads = [threading.Thread(target=work, args=(user,)) for user in range(users)]
    for thread in threads:
        thread.start()
    barrier.wait()
    clock.append(time.perf_counter())
    begun.set()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - clock[0]
    return Result([first for first, _ in done.values()], sum(tokens for _, tokens in done.values()), seconds)


def bare(engine: Any, users: int, tokens: int, seed: int) -> Result:
    from ampo.types import Request, SamplingParams

    def one(user: int, started: float) -> tuple[float, int]:
        params = SamplingParams(temperature=0.6, max_tokens=tokens, seed=seed + user)
        first, response = 0.0, None
        for delta in engine.stream(Request("q", ({"role": "user", "content": question(user)},), params)):
            first = first or (time.perf_counter() - started if delta.text else 0.0)
            response = delta.response
        assert response is not None
        return first, response.completion_tokens

    return at_once(users, one)


def through_page(url: str, users: int, tokens: int, seed: int) -> Result:
    """The clients' side, in its own process."""
    command = [sys.executable, __file__, "--client", url, "--users", str(users)]
    command += ["--tokens", str(tokens), "--seed", str(seed)]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Result(*json.loads(out.splitlines()[-1]))


def clients(url: str, users: int, tokens: int, seed: int) -> Result:
    import httpx

    config = httpx.get(f"{url}config").json()
    fields = inputs(config, httpx.get(f"{url}gradio_api/info").json())
    fresh = next(one["id"] for one in config["dependencies"] if one["api_name"] == "open")
    address = urlsplit(url).netloc
    # http.client: a user's machine is not this one, and each millisecond of a client is taken from the page here.
    sessions = [http.client.HTTPConnection(address, timeout=600) for _ in range(users)]
    for user, session in enumerate(sessions):  # a page that has been open for a while
        warm = {"question": f"Hello, I am user {user}.", "max_tokens": 1}
        tell(session, f"{seed} {user}", fields(warm), 0.0)
        tell(session, f"{seed} {user}", {"fn_index": fresh, "data": [""]}, 0.0)  # a new conversation

    def one(user: int, started: float) -> tuple[float, int]:
        asked = {"question": question(user), "temperature": 0.6, "max_tokens": tokens, "seed": str(seed + user)}
        first, last = tell(sessions[user], f"{seed} {user}", fields(asked), started)
        return first, int(last.rpartition("ampo-stats")[2].partition(" tokens")[0].rpartition(">")[2].replace(",", ""))

    return at_once(users, one)


def inputs(config: dict[str, Any], api: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What makes the body of a question of named values, as `/chat` has them: the rest as the page has it."""
    asking = next(one for one in config["dependencies"] if one["api_name"] == "ask")  # what the page's box sets off
    states = {one["id"] for one in config["components"] if one["type"] == "state"}
    parameters = api["named_endpoints"]["/chat"]["parameters"]

    def body(given: dict[str, Any]) -> dict[str, Any]:
        assert given.keys() <= {p["parameter_name"] for p in parameters}
        values = iter([given.get(p["parameter_name"], p.get("parameter_default", "")) for p in parameters])
        data = [None if component in states else next(values) for component in asking["inputs"]]
        return {"fn_index": asking["id"], "data": data}

    return body


def tell(session: http.client.HTTPConnection, name: str, body: dict[str, Any], started: float) -> tuple[float, str]:
    """Send an event: seconds until there was more than the waiting sign on this side, and the last message."""
    first, said = 0.0, b""
    event = json.dumps(body | {"session_hash": name})
    session.request("POST", "/gradio_api/queue/join", event, {"Content-Type": "application/json"})
    joined = session.getresponse()
    if joined.status != 200:
        raise RuntimeError(f"the page refused an event: {joined.status} {joined.read()[:500]!r}")
    joined.read()
    session.request("GET", f"/gradio_api/queue/data?session_hash={quote(name)}")
    with session.getresponse() as stream:
        for line in stream:
            if b'"msg":"process_generating"' in line or b'"msg":"process_completed"' in line:
                said = line
                first = first or (0.0 if b"ampo-wait" in line else time.perf_counter() - started)
            if b'"msg":"process_completed"' in line:
                stream.read()
                return first, said.decode()
    raise RuntimeError("the page ended in the middle")


def measure(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from ampo import load_engine
    from ampo.app.build import Address, launch
    from ampo.app.controls import Limits
    from ampo.app.desk import Desk
    from ampo.verify import VerifierPool

    with load_engine(options.model) as engine, VerifierPool(workers=1) as verifier:
        desk = Desk(
            {engine.model: engine}, verifier, replace(engine.default_sampling_params(), max_tokens=512), Limits()
        )
        server = launch(desk, Address())
        bare(engine, 1, 8, 0)
        through_page(server.url, 1, 8, 0)  # both ways are warm
        for users in options.users:
            arms: dict[str, list[Result]] = {"bare": [], "page": []}
            for turn in range(options.repeat):
                seed = 1000 * turn
                arms["bare"].append(bare(engine, users, options.tokens, seed))
                arms["page"].append(through_page(server.url, users, options.tokens, seed))
            report(users, arms)
        server.close()


def report(users: int, arms: dict[str, list[Result]]) -> None:
    first = {arm: statistics.median(statistics.median(r.first) for r in results) for arm, results in arms.items()}
    speed = {arm: statistics.median(r.tokens / r.seconds for r in results) for arm, results in arms.items()}
    allowed = 1.10 * first["bare"] + 0.05
    ratio = speed["page"] / speed["bare"]
    print(
        f"{users:3} users  first token {1000 * first['page']:6.0f} ms, bare {1000 * first['bare']:6.0f} ms "
        f"(allowed {1000 * allowed:.0f}: {'held' if first['page'] <= allowed else 'MISSED'})   "
        f"tokens/s {speed['page']:6.1f}, bare {speed['bare']:6.1f}, ratio {ratio:.3f} "
        f"({'held' if ratio >= 0.95 else 'MISSED'})",
        flush=True,
    )
    print(f"ratio: the page, {users} users at once: tokens a second | the bare engine | {ratio:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--users", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--model", default="smollm2-135m")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        print(json.dumps(clients(options.client, options.users[0], options.tokens, options.seed)), flush=True)
    else:
        measure(options)


if __name__ == "__main__":
    main()
