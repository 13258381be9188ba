"""verifiers: the reward plugged into a task by its config, and scored on real traces."""

import asyncio

import verifiers.v1 as vf

from ampo.integrations.verifiers import correct_answer

PLUGGED = {"correct": {"fn": "ampo.integrations.verifiers:correct"}}


class Data(vf.TaskData):
    answer: str


class Maths(vf.Task[Data, vf.State, vf.TaskConfig]):
    pass


async def scored(answer: str, reply: str) -> dict:
    task = Maths(Data(idx=0, prompt="What is a half?", answer=answer), vf.TaskConfig(rewards=PLUGGED))
    trace = vf.Trace.model_construct(rewards={}, metrics={})
    object.__setattr__(trace, "root_reply", reply)  # what a rollout leaves there
    await task.score(trace)
    return {name: reward.score for name, reward in trace.rewards.items()}


async def main() -> None:
    assert await scored("1/2", r"\boxed{0.5}") == {"correct": 1.0}
    assert await scored("1/2", r"\boxed{0.6}") == {"correct": 0.0}
    messages = [{"role": "assistant", "content": r"\boxed{0.5}"}]
    assert await correct_answer(completion=messages, answer="1/2", prompt=[{"role": "user", "content": "?"}]) == 1.0
    print("a plugged reward, and a function for a Rubric")


if __name__ == "__main__":
    asyncio.run(main())
