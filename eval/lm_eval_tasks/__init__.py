"""The paper's benchmarks as tasks for lm-eval: our problems, prompts, samples, verifier and statistics.

    lm_eval --include_path "$(python -m ampo.eval.lm_eval_tasks)" --tasks ampo_math500 --apply_chat_template ...

One YAML a benchmark, `ampo_<name>`; the groups `ampo` (the six sets of mathematics), `ampo_ood` and `ampo_paper` are
their suites. `task` holds what the YAMLs share. Nothing is imported here: the folder is what counts.
"""
