"""vLLM as an engine, and its parts, which training and `ampo serve` take as well.

engine       the engine: requests in, samples out
start        vLLM imported and started, or one line about why not
arguments    our settings -> vLLM's engine arguments
core         what a running vLLM can be asked; in_process, processes: the two ways to run one
requests     our requests <-> vLLM's
likelihoods  log-probabilities of given texts
weights      other weights for a vLLM that runs
overheard    what its processes write to stderr
cli          vLLM's own command line
"""

from typing import TYPE_CHECKING

from ampo.lazy import on_first_use

if TYPE_CHECKING:
    from ampo.engines.vllm.arguments import cpu_arguments, engine_arguments
    from ampo.engines.vllm.engine import VLLMEngine
    from ampo.engines.vllm.in_process import InProcessCore
    from ampo.engines.vllm.requests import FINISH, bare_params
    from ampo.engines.vllm.start import BrokenVLLMError, import_vllm, start_core
    from ampo.engines.vllm.weights import give_weights

__all__ = [
    "FINISH",
    "BrokenVLLMError",
    "InProcessCore",
    "VLLMEngine",
    "bare_params",
    "cpu_arguments",
    "engine_arguments",
    "give_weights",
    "import_vllm",
    "start_core",
]

__getattr__ = on_first_use(
    __name__,
    {
        "BrokenVLLMError": "start",
        "FINISH": "requests",
        "InProcessCore": "in_process",
        "VLLMEngine": "engine",
        "bare_params": "requests",
        "cpu_arguments": "arguments",
        "engine_arguments": "arguments",
        "give_weights": "weights",
        "import_vllm": "start",
        "start_core": "start",
    },
)
