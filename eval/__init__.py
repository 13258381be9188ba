"""Evaluation: benchmarks in, verdicts and statistics out, by way of a run directory.

What is asked:
suites, spec        what names mean: benchmarks, suites; from a user's flags to a `RunSpec`
data, sources       a benchmark's problems; rows of files and of the hub; demo: made offline
normalise, fields   a row -> question, answer, options; whether a row has a dataclass's fields
given               benchmarks made of what a user hands over
doubtful            problems that are known to be wrong or doubtful
plan, plan_table    what a run would ask and take, before anything is asked

A run:
run, session        `ampo eval` from start to end; one stretch of work on it
resume              going on with the run that a folder holds
seeds, progress     the seeds of samples; how far it is
adaptive, looks     how many samples until an interval is narrow; its looks on disk
environment         what a reader needs to repeat it
rundir, records     the run directory; the lines of its files
stored, ledger      files of records; what a run has by now, as numbers
result              a run as Python sees it
extraction          how its answers are found, and taking a benchmark's present way

Verdicts and figures:
judging, verdicts   responses in, verdicts out; which verdict is on which response
score               `ampo score`: judged again
unjudged            what is said of responses that could not be judged
judge/              a model's second opinion
measure, metrics    from verdicts to metrics.json; the statistics themselves, pure
stats, two_stages   estimators on counts; intervals of a benchmark sampled in two stages
scores              metrics.json with names and types
paper               what the paper printed

What is made of it:
report/             figures in a terminal, as text, as a page
compare, compared   paired differences of runs; the same as Python sees it
comparable          whether runs may be compared
compare_table       what a comparison looks like
paired, power       the mean of paired differences; what would separate two runs
export              a run in other people's files

Other harnesses:
harness/            lm-eval run with our engines
lm_eval_tasks/      our benchmarks as tasks of lm-eval
elsewhere           results of others: whose they are
lm_eval_results, lighteval_details, inspect_logs    what reads them
sampled             a benchmark's figures from their samples
"""
