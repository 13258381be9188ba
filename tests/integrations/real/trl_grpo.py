"""Two steps of TRL's GRPOTrainer on a tiny random model, with the reward function as users give it."""

import tempfile

from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer

from ampo.integrations.trl import accuracy_reward

RIGHT, WRONG = r"so \boxed{\frac{1}{2}}", r"so \boxed{\frac{1}{3}}"


def turn(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def check_shapes() -> None:
    logged = {}
    found = accuracy_reward(
        completions=[turn(RIGHT), turn(WRONG), turn(RIGHT)],
        prompts=[turn("1/2?")] * 3,
        answer=["0.5", "0.5", None],
        log_extra=lambda name, values: logged.update({name: values}),
        log_metric=lambda name, value: logged.update({name: value}),
    )
    assert found == [1.0, 0.0, None], found
    assert logged["extracted"][0] == r"\frac{1}{2}", logged
    assert logged["ampo/no_answer"] == 0


def train() -> None:
    words = ["<eos>", "<unk>", "what", "is", "?", "7", "8"]
    core = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="<eos>", pad_token="<eos>", unk_token="<unk>")
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
    )
    seen = []

    def reward(**columns):
        found = accuracy_reward(**columns)
        seen.append(found)
        return found

    data = Dataset.from_list([{"prompt": "what is ?", "answer": digit} for digit in "7878"])
    with tempfile.TemporaryDirectory() as folder:
        arguments = GRPOConfig(
            output_dir=folder,
            max_steps=2,
            per_device_train_batch_size=8,
            num_generations=4,
            report_to=[],
            max_completion_length=1,
            use_cpu=True,
            bf16=False,
            logging_steps=1,
            save_strategy="no",
        )
        trainer = GRPOTrainer(
            LlamaForCausalLM(config),
            reward_funcs=reward,
            args=arguments,
            train_dataset=data,
            processing_class=tokenizer,
        )
        trainer.train()
        steps = [row for row in trainer.state.log_history if "reward" in row]
    assert len(steps) == 2, trainer.state.log_history
    assert len(seen) == 2, seen
    assert all(value in (0.0, 1.0) for values in seen for value in values), seen
    assert any(value for values in seen for value in values), "a random digit is never right?"
    for row, values in zip(steps, seen, strict=True):
        assert abs(row["reward"] - sum(values) / len(values)) < 1e-6, (row, values)
    print("two steps of GRPO, rewards", [row["reward"] for row in steps])


if __name__ == "__main__":
    check_shapes()
    train()
