"""`ampo verify serve --ray-address`: two replicas on a Ray cluster of this machine, asked, and stopped under load."""

import json
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import ray


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ask(url: str, body: object = None) -> object:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=120) as answer:
        return json.loads(answer.read())


def start_cluster() -> None:
    """Ray gives its node 30 s to start, which a busy machine may not keep."""
    for left in (2, 1, 0):
        try:
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
            return
        except Exception as error:
            if not left or "timed out during startup" not in str(error):
                raise
            ray.shutdown()


def main() -> None:
    start_cluster()
    address, port = ray.get_runtime_context().gcs_address, free_port()
    command = [sys.executable, "-m", "ampo", "verify", "serve", "--ray-address", address, "--port", str(port)]
    server = subprocess.Popen([*command, "--replicas", "2"], stderr=subprocess.PIPE, text=True)
    url = f"http://127.0.0.1:{port}"
    for said in server.stderr:
        print(said, end="")
        if f"{url}/verify" in said:
            break
    else:
        sys.exit("the server did not start")
    claims = [{"gold": "x+y", "response": rf"\boxed{{y+{n}x}}"} for n in range(40)]
    verdicts = ask(f"{url}/verify", {"claims": claims})["verdicts"]
    assert [v["correct"] for v in verdicts] == [n == 1 for n in range(40)], verdicts
    assert ask(f"{url}/health")["status"] == "ok"

    answered, failed, stopping = [], [], threading.Event()

    def client(number: int) -> None:
        k = number
        while not stopping.is_set():
            k += 100
            claim = {"gold": f"{k}x+y", "response": rf"\boxed{{y+{k}x}}"}
            try:
                answered.append(ask(f"{url}/verify", claim)["correct"])
            except (urllib.error.URLError, ConnectionError) as error:
                if not stopping.is_set() and server.poll() is None:
                    failed.append(repr(error))
                return

    threads = [threading.Thread(target=client, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    stopping.wait(3)
    stopping.set()  # no more are sent; those under way must be answered
    server.send_signal(signal.SIGTERM)
    words = server.communicate(timeout=180)[1]
    for thread in threads:
        thread.join(150)
    assert "taken down" in words, words
    assert "Traceback" not in words, words
    assert answered, "nobody was answered"
    assert all(answered), answered
    assert not failed, failed
    ray.shutdown()
    print(f"two replicas: {len(claims)} claims at once, {len(answered)} by 8 clients, all answered at the stop")


if __name__ == "__main__":
    main()
