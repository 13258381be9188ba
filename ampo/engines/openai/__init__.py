"""OpenAI-compatible endpoints as an engine: `OpenAIEngine`.

engine     the engine: requests in, samples out, over one endpoint or several
models     which model is asked for
sampler    the samples of a batch, those that failed asked again
client     one request: waits, and tries again
endpoint   a server: its connections, and what it refused
learnt     the parameters that a server doesn't take, from its refusals
stream     the pieces of an answer -> a response
wire       our types <-> the protocol; logprobs: those of tokens
faults     what a person reads where a server refuses or fails
secrets    keys from files and the environment
"""

from ampo.engines.openai.engine import OpenAIEngine

__all__ = ["OpenAIEngine"]
