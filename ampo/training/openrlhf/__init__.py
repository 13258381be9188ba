"""The OpenRLHF backend: configs, data, verifier, guidance, loss and metrics of the local one, on OpenRLHF 0.11.2.

flags        our config as OpenRLHF's flags: one table, checked by OpenRLHF's own parser
hardware     whether a run is for GPUs
refusals     what may not be set and why, in a table
plan         what a run means: placement, tokens a step, memory
data         the prompts and the pool in the forms that travel
settings     what OpenRLHF's processes have to know of the run
substitute   the one way in which its names come to mean ours
builds       what DeepSpeed compiles when it is first used
launch       Ray, OpenRLHF's own command with classes of ours in it, the result put in place
trainer      OpenRLHF's trainer: order of prompts, metrics, counters
rollouts     its samples generator: which prompts a step takes
asynchronous its trainer of two processes, one that samples and one that learns
maker        its experience maker: guidance between rollouts and log-probabilities
actor        its policy and the update, with AMPO's loss
engine       its vLLM actor: a seed for each response
samples      its samples as groups, mixed rows as its samples
schedule     the local backend's learning rates on its warm-up
loss         AMPO's loss in the shape of its own, exact across micro-batches and data-parallel ranks
reward       `reward_func`, on the shared verifier
special      the tokenizer's special tokens, which no text that is judged has
agent        the same as OpenRLHF's agent, for those who ask for one
sft          preset sft on OpenRLHF's own SFT command: flags, refusals, what a run means
sft_launch   torchrun, a process a GPU
sft_trainer  its trainer, with our metrics
checkpoints  which of its checkpoints are whole
final        the last weights with a model card
failures     what went wrong somewhere, in a line
watchdog     the end of a run one of whose processes has died
leftovers    what a killed run leaves of Ray
cpu          all that it takes where there is no GPU
"""
