"""Training: in one process (`loop`), or on OpenRLHF (`openrlhf`), from the same config.

config, plan        what a run is, as data; what it means before it costs anything
memory, hours       what an update takes of memory, and the run of time, reckoned before
rundir, result      the run's folder; a run as Python sees it

A step:
prompts, refill     which prompts it takes; others in place of those that were dropped
rollout             sampling from the policy; rollout_vllm: by vLLM in the same process
rows                what passes between rollouts, guidance and the update
guide, refusal      from judged groups to mixed rows; why a solution can't be learnt from
turn                the end of a turn
batches, prefix     rows as tensors; prompts in common pass through the model once
logprobs, chunked   log-probabilities of many rows; without the logits as a whole
attention           causal attention over a cache, on a CPU
update, schedule    from rows to an update; the learning rate
adamw, lora         the optimiser's states; adapters in place of all weights

A run:
loop                the local backend
openrlhf/           the OpenRLHF backend
checkpoint          weights, optimiser and what else the next step goes by
validation          on the way, on problems that are not trained on
metrics, alarms     of a step; what is wrong in them
holes               whether a policy has found a hole in the verifier
log, samples        where metrics go; responses for people to read
report, modelcard   a run as a table and a page; the trained model with a card
teachers            procedural teachers for the offline demo
"""
