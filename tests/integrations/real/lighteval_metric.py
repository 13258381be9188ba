"""lighteval: the metrics on its own documents and responses, and through its metric classes' corpus step."""

from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc

from ampo.integrations.lighteval import ampo_accuracy, avg_at_n, pass_at_k

RIGHT, WRONG = r"\boxed{0.5}", r"\boxed{0.6}"


def doc(gold: str) -> Doc:
    return Doc(query="What is a half?", choices=[gold], gold_index=0, task_name="t", id="0")


def main() -> None:
    golds = ["1/2", "ANSWER: 1/2", r"ANSWER: One of two, so it is $\boxed{\frac{1}{2}}$."]
    for gold in golds:
        for text, expected in ((RIGHT, 1.0), (WRONG, 0.0)):
            found = ampo_accuracy.compute_sample(doc=doc(gold), model_response=ModelResponse(text=[text]))
            assert found == {"ampo_accuracy": expected}, (gold, text, found)
    several = ModelResponse(text=[RIGHT, WRONG, WRONG, WRONG])
    average, at_2 = avg_at_n(4), pass_at_k(2, 4)
    assert average.compute_sample(doc=doc("1/2"), model_response=several) == {"ampo_avg@4": 0.25}
    assert at_2.compute_sample(doc=doc("1/2"), model_response=several) == {"ampo_pass@2": 0.5}
    assert average.get_corpus_aggregations()["ampo_avg@4"]([0.25, 0.75]) == 0.5
    print("accuracy, avg@4, pass@2")


if __name__ == "__main__":
    main()
