"""The small logs in tests/eval/elsewhere, written by the tools themselves.

build/integrations/inspect/bin/python tests/integrations/real/make_logs.py inspect tests/eval/elsewhere
build/integrations/lighteval/bin/python tests/integrations/real/make_logs.py lighteval tests/eval/elsewhere

Four problems, three samples each, of which these are right: 2, 1, 0, 3. One response is cut off.
"""

import json
import sys
from pathlib import Path

TRUTH = {"1/2": [1, 1, 0], "7": [1, 0, 0], "x+1": [0, 0, 0], "9": [1, 1, 1]}


def text(gold: str, right: int) -> str:
    return rf"\boxed{{{gold}}}" if right else "I don't know"


def inspect(folder: Path) -> None:
    from inspect_ai import Task
    from inspect_ai import eval as inspect_eval
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ModelOutput, ModelUsage, get_model
    from inspect_ai.solver import generate

    from ampo.integrations.inspect_ai import ampo

    samples = [Sample(input=f"What is {gold}?", target=gold, id=gold) for gold in TRUTH]
    for form in ("eval", "json"):
        said = [ModelOutput.from_content("mockllm", text(g, TRUTH[g][e])) for e in range(3) for g in TRUTH]
        for output in said:
            output.usage = ModelUsage(input_tokens=5, output_tokens=10, total_tokens=15)
        said[10].choices[0].stop_reason = "max_tokens"
        inspect_eval(
            Task(dataset=MemoryDataset(samples), solver=generate(), scorer=ampo(), epochs=3, name="sums"),
            model=get_model("mockllm/small", custom_outputs=said),
            log_dir=str(folder / f"inspect-{form}"),
            log_format=form,
            display="none",
            max_connections=1,
            max_samples=1,
        )
    for log in folder.glob("inspect-json/*.json"):  # without what only a viewer shows
        data = json.loads(log.read_text())
        for sample in data["samples"]:
            del sample["events"], sample["events_data"], sample["messages"]
        log.write_text(json.dumps(data))


def lighteval(folder: Path) -> None:
    from lighteval.logging.evaluation_tracker import EvaluationTracker
    from lighteval.models.dummy.dummy_model import DummyModelConfig
    from lighteval.models.model_output import ModelResponse
    from lighteval.tasks.requests import Doc

    from ampo.integrations.lighteval import avg_at_n, pass_at_k

    tracker = EvaluationTracker(output_dir=str(folder / "lighteval"))
    tracker.general_config_logger.log_model_info(DummyModelConfig(seed=0, model_name="org/small"))
    for i, (gold, truth) in enumerate(TRUTH.items()):
        doc = Doc(query=f"What is {gold}?", choices=[gold], gold_index=0, task_name="sums|0", id=str(i))
        response = ModelResponse(text=[text(gold, right) for right in truth], output_tokens=[[1] * 10] * 3)
        scores = {}
        for metric in (avg_at_n(3), pass_at_k(2, 3)):
            scores |= metric.compute_sample(doc=doc, model_response=response)
        tracker.details_logger.log("sums|0", doc, response, scores)
        tracker.metrics_logger.log("sums|0", scores)
    tracker.save()


if __name__ == "__main__":
    {"inspect": inspect, "lighteval": lighteval}[sys.argv[1]](Path(sys.argv[2]))
