"""`python -m ampo.eval.lm_eval_tasks` prints this folder, for lm-eval's --include_path."""

from pathlib import Path

if __name__ == "__main__":
    print(Path(__file__).parent)
