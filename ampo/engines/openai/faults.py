"""What it means that an endpoint has failed or refused: for the run, for one sample, and in words for the user."""

from __future__ import annotations

from ampo.engines.openai import wire
from ampo.engines.openai.endpoint import FailedError, RefusedError
from ampo.errors import UserError

Fault = FailedError | RefusedError


def ends_run(fault: Fault) -> bool:
    """Whether no other request would fare better: a refused key, an unknown path or model, no system role."""
    if isinstance(fault, FailedError):
        return False
    return fault.status not in (400, 413, 415, 422) or wire.no_system_role(fault.data)


def own_fault(fault: Fault) -> str:
    """Why this request alone is refused, whatever becomes of the others; "" where that isn't known."""
    return wire.own_fault(fault.status, fault.data) if isinstance(fault, RefusedError) else ""


def is_lost(fault: Fault) -> bool:
    """Whether nobody answered at all."""
    return isinstance(fault, FailedError) and fault.lost


def reason(fault: Fault) -> str:
    """What a sample without a response is counted as."""
    if isinstance(fault, RefusedError):
        return f"refused (HTTP {fault.status})"
    return "lost" if fault.lost else "failed at the server"


def refusal(error: RefusedError, base_url: str, *, listed: bool = True) -> UserError:
    """A refusal in words, with what may mend it. listed: whether the endpoint lists its models."""
    return UserError(f"the request was refused by {error}{_hint(error, base_url, listed)}")


def _hint(error: RefusedError, base_url: str, listed: bool) -> str:
    if error.status == 401:
        return " (the key is taken from OPENAI_API_KEY, or --api-key @FILE)"
    if error.status == 404 and not listed and not base_url.endswith("/v1"):
        return f" (is it {base_url}/v1?)"
    if wire.no_system_role(error.data):
        return " (leave out the system prompt: --template plain has none)"
    return ""
