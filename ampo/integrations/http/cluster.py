"""The same application on Ray Serve, a replica with a pool on each of several machines."""

from __future__ import annotations

import signal
import sys
import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from ampo.errors import MissingExtraError, UserError

if TYPE_CHECKING:
    from ampo.serve import Door

NAME = "ampo-verify"
BREAKS_WITH_PROTOBUF_7 = (2, 55)
"""The newest Ray that was seen to."""


def serve(door: Door, address: str, replicas: int, workers: int, timeout: float, queue: int) -> None:
    """Deploy to a Ray cluster, and stay until told to stop, when the deployment is taken down.

    Args:
        door: Where each machine's proxy listens.
        address: Of the cluster.
        replicas: How many; each has a pool of its own.
        workers: Processes of a pool.
        timeout: Seconds an item.
        queue: Claims that a replica has under way, at most.

    Raises:
        UserError: The cluster can't be reached or can't deploy; or there is a key, for which Ray Serve's proxy doesn't
            ask.
    """
    try:
        import ray
        from ray import serve as ray_serve
        from ray.exceptions import RayError
    except ImportError as error:
        raise MissingExtraError("ray[serve]", "serve-ray", "--ray-address") from error
    _check_versions()
    if door.api_key:
        raise UserError("--api-key is asked for by one process; behind Ray Serve put a proxy that asks for it")
    door.check()
    try:
        ray.init(address, namespace=NAME, log_to_driver=False)
    except (ConnectionError, ValueError) as error:
        raise UserError(f"no Ray cluster answers at {address}: {' '.join(str(error).split())[:200]}") from error
    try:
        ray_serve.start(http_options={"host": door.host, "port": door.port})
        ray_serve.run(application(replicas, workers, timeout, queue), name=NAME, route_prefix="/")
    except (RayError, RuntimeError) as error:
        last = (str(error).strip() or repr(error)).splitlines()[-1]  # of a traceback on another machine
        raise UserError(f"Ray Serve can't deploy the verifier: {last[:300]}") from error
    print(f"the verifier is on http://{door.host}:{door.port}/verify, {replicas} replicas", file=sys.stderr, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass
    finally:
        ray_serve.delete(NAME)  # returns when what was accepted is answered
        print("stopped: the deployment is taken down", file=sys.stderr, flush=True)


def _check_versions() -> None:
    """Ray Serve's replicas die at a field that protobuf 7 has no more, and say so in their own log alone."""
    ray, protobuf = (tuple(map(int, version(name).split(".")[:2])) for name in ("ray", "protobuf"))
    if ray <= BREAKS_WITH_PROTOBUF_7 and protobuf >= (7,):
        raise UserError(
            f"Ray Serve {version('ray')} breaks with protobuf {version('protobuf')}, which is installed: "
            "pip install 'protobuf<7' (an environment of its own with the extra serve-ray has it)"
        )


def application(replicas: int, workers: int, timeout: float, queue: int):
    """What `serve.run` takes. Arguments as of `serve`."""
    from ray import serve as ray_serve

    from ampo.integrations.http.app import GRACE

    def builder():
        from ampo.integrations.http.app import build
        from ampo.integrations.http.desk import Desk
        from ampo.verify import VerifierPool

        pool = VerifierPool(workers, timeout)
        return build(Desk(pool, queue), pool.close)

    @ray_serve.deployment(
        num_replicas=replicas,
        max_ongoing_requests=queue,
        graceful_shutdown_timeout_s=GRACE,
        ray_actor_options={"num_cpus": workers},
    )
    @ray_serve.ingress(builder)
    class Verifier:
        """A replica."""

    return Verifier.bind()
