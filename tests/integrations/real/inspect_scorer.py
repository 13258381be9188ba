"""inspect_ai's `eval` with its mock model: scores, epochs, and the standard error against our own statistics."""

import tempfile

from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import accuracy, stderr
from inspect_ai.solver import generate

from ampo.eval.stats import standard_error
from ampo.integrations.inspect_ai import ampo

RIGHT = {"1/2": r"\boxed{0.5}", "7": r"<answer>7</answer>", "x+1": r"\boxed{1+x}", "9": r"\boxed{9}"}
# per problem and epoch, whether the mock model is right
TRUTH = {"1/2": [1, 1, 0], "7": [1, 0, 0], "x+1": [0, 0, 0], "9": [1, 1, 1]}


def run(task: Task, outputs: list[str]):
    said = [ModelOutput.from_content("mockllm", text) for text in outputs]
    for output in said:
        output.usage = ModelUsage()  # else it is counted, by a tokenizer that is downloaded
    model = get_model("mockllm/model", custom_outputs=said)
    folder = tempfile.mkdtemp()  # a log is read from its file as its parts are asked for
    (log,) = inspect_eval(task, model=model, log_dir=folder, display="none", max_connections=1, max_samples=1)
    assert log.status == "success", log.error
    return log


def main() -> None:
    samples = [Sample(input=f"What is {gold}?", target=gold, id=gold) for gold in TRUTH]
    # One sample at a time, in order; the epochs of the whole set follow one another.
    outputs = [RIGHT[g] if TRUTH[g][e] else "I don't know" for e in range(3) for g in TRUTH]
    log = run(Task(dataset=MemoryDataset(samples), solver=generate(), scorer=ampo(), epochs=3), outputs)
    found = {(s.id, s.epoch): s.scores["ampo"].value for s in log.samples}
    for gold, truth in TRUTH.items():
        assert [found[gold, e + 1] == "C" for e in range(3)] == [bool(t) for t in truth], (gold, found)
    metrics = {name: m.value for name, m in log.results.scores[0].metrics.items()}
    means = [sum(truth) / len(truth) for truth in TRUTH.values()]
    mean, error = sum(means) / len(means), standard_error(means)
    assert abs(metrics["accuracy"] - mean) < 1e-9, (metrics, mean)
    assert abs(metrics["stderr"] - error) < 1e-9, (metrics, error)

    # Several samples of one problem as rows of their own: clustered by metadata, the error is the same.
    rows = [
        Sample(input="?", target=gold, id=f"{gold}#{e}", metadata={"problem": gold}) for gold in TRUTH for e in range(3)
    ]
    texts = [RIGHT[g] if TRUTH[g][e] else "I don't know" for g in TRUTH for e in range(3)]
    clustered = Task(
        dataset=MemoryDataset(rows), solver=generate(), scorer=ampo(), metrics=[accuracy(), stderr(cluster="problem")]
    )
    metrics = {name: m.value for name, m in run(clustered, texts).results.scores[0].metrics.items()}
    assert abs(metrics["accuracy"] - mean) < 1e-9, metrics
    assert abs(metrics["stderr"] - error) < 1e-9, (metrics, error)

    choice = Sample(input="Which is even?", choices=["one", "two"], target="B")
    assert run(Task(dataset=MemoryDataset([choice]), solver=generate(), scorer=ampo()), ["The answer is B."])
    print(f"accuracy {mean:.3f}, standard error over problems {error:.4f}, by epochs and by cluster")


if __name__ == "__main__":
    main()
