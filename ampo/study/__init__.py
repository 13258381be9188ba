"""A controlled study of where guidance helps, at a size where anyone can repeat it: `ampo study`, `make study`.

task        chained sums by level of difficulty, and disjoint splits of them
teachers    four procedural teachers, all right, each in a style of its own
student     a decoder of 0.2 million parameters (size small) over characters, from scratch
warm_start  it learns to work and to answer at once; then, how rarely it begins to work
design      arms, claims and sizes, as data (arms.toml, claims.toml, sizes.toml)
jobs        what is to be done, in the order in which it decides; schedule does it, each job in a process of its own
preloaded   what jobs would import only when they need it
arm         one job: a student made and measured (calibration), or an arm trained and tested (sampling)
watch       the local backend, watched: gradients, and the probability of beginning (curves keeps them)
store       what is finished, a line a job: a later run goes on from it
decide      what must hold before any arm counts: the gate of SFT, the learning rate
power       what the study can tell, by simulation before it runs
analysis    intervals over seeds and problems, Holm's correction, verdicts; findings applies them to what is there
comprehension  what a student makes of each teacher
write_up    results.json, figures and the page, with what is missing named
page        the page; page_task: its sections on the task; page_inside: those on what went on inside
figures     its pictures; words: figures as text; advice: three sentences for a practitioner
full        the same question for a real model on a GPU
"""
