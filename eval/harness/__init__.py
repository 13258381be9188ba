"""lm-eval run with our engines: `ampo eval --harness lm-eval --suite <tasks>`.

`model` is an lm-eval model over an engine of ours, `answers` keeps on disk what it was told, `run` does the run.
"""
