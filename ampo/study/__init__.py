"""A small controlled study of what AMPO claims, at a size where anyone can repeat it: `ampo study`, `make study`.

task        chained sums by level of difficulty, and disjoint splits of them
teachers    four procedural teachers, all right, each in a style of its own
student     a decoder of about a million parameters over characters, from scratch
design      the arms and the sizes, as data (arms.toml, sizes.toml)
arm         one arm with one seed: warm-started, trained by the local backend, sampled on the test problems
schedule    all of them, each in a process of its own; what is done is kept, what crashed is run again
analysis    scores with intervals paired over seeds and problems, and the claims with their verdicts
write_up    results.json, the figures and the page in docs/study, all of them made by the command
"""
