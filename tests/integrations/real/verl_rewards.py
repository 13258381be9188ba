"""veRL's own reward managers, both the batch one and the one of its reward loop, with our functions found by pkg://;
and its own client of a sandbox, asking `ampo verify serve`."""

import asyncio
import re
import subprocess
import sys

import numpy as np
import torch
from omegaconf import OmegaConf
from tensordict import TensorDict
from verl import DataProto
from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
from verl.trainer.ppo.reward import get_custom_reward_fn
from verl.utils.reward_score import default_compute_score
from verl.workers.reward_manager.batch import BatchRewardManager

GOLDS = ["1/2", ["7"], '{"ground_truth": "x+1"}', "B"]
RESPONSES = [r"\boxed{0.5}", r"\boxed{8}", r"<answer>1+x</answer>", "I don't know."]
EXPECTED = [1.0, 0.0, 1.0, 0.0]


class Texts:
    """A tokenizer whose token i is the i-th response."""

    def decode(self, ids, skip_special_tokens=True):
        return RESPONSES[int(ids[0])]


def loaded(name: str):
    config = {"reward": {"custom_reward_function": {"path": "pkg://ampo.integrations.verl", "name": name}}}
    return get_custom_reward_fn(OmegaConf.create(config))


def batch() -> DataProto:
    n = len(GOLDS)
    ids = torch.arange(n).reshape(n, 1)
    tensors = {"prompts": ids, "responses": ids, "attention_mask": torch.ones(n, 2, dtype=torch.long)}
    objects = {
        "data_source": np.array(["any"] * n, dtype=object),
        "reward_model": np.array([{"ground_truth": gold} for gold in GOLDS], dtype=object),
        "extra_info": np.array([{"question": "?"} for _ in GOLDS], dtype=object),
    }
    return DataProto(TensorDict(tensors, batch_size=n), objects, {})


def sandbox() -> None:
    command = [sys.executable, "-m", "ampo", "verify", "serve", "--port", "0", "--workers", "1"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        said = server.stderr.readline()
        found = re.search(r"http://[\d.:]+", said)
        assert found, said + server.stderr.read()
        url = found[0] + "/run_code"
        tests = {"inputs": ["1/2"], "outputs": ["correct"]}
        for text, score in ((r"\boxed{0.5}", 1.0), ("0.5", 1.0), (r"\boxed{0.6}", 0.0)):
            said = f"So it is\n```\n{text}\n```"
            found = default_compute_score("codecontests", said, tests, sandbox_fusion_url=url, memory_limit_mb=1024)
            assert found == score, (text, found)
    finally:
        server.terminate()
        server.wait(60)
    print("its sandbox client: right 1.0, wrong 0.0")


def main() -> None:
    manager = BatchRewardManager(Texts(), num_examine=0, compute_score=loaded("compute_score_batch"))
    found = manager(batch(), return_dict=True)
    assert found["reward_tensor"][:, -1].tolist() == EXPECTED, found
    assert found["reward_extra_info"]["acc"] == EXPECTED, found

    async def loop() -> list[float]:
        naive = NaiveRewardManager(OmegaConf.create({}), Texts(), loaded("compute_score"))
        naive.loop = asyncio.get_running_loop()
        data = batch()
        return [(await naive.run_single(data[i : i + 1]))["reward_score"] for i in range(len(GOLDS))]

    assert asyncio.run(loop()) == EXPECTED
    print("batch and single reward managers:", EXPECTED)
    sandbox()


if __name__ == "__main__":
    main()
