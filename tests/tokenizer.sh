#!/bin/bash
# usage: tokenizer.sh TOKENMILL SOURCE_DIR BUILD_DIR
set -e
tokenmill=$1 source=$2 build=$3
archive=${TOKENMILL_SHARED_DATA:-$source/../shared/data}/tokenizers.tar.zst
data=$build/test-data/tokenizers
venv=$build/tokenizer-venv

if [ ! -f "$data/.complete" ]; then
  [ -f "$archive" ] || { echo "skipped: no $archive"; exit 77; }
  mkdir -p "$data"
  tar --zstd -xf "$archive" -C "$data"
  touch "$data/.complete"
fi
if [ ! -f "$venv/.complete" ]; then
  python3 -m venv "$venv" &&
    timeout 180 "$venv/bin/pip" install -q tokenizers==0.23.3 sentencepiece==0.2.3 ||
    { echo "skipped: pip could not install tokenizers and sentencepiece"; exit 77; }
  touch "$venv/.complete"
fi
# One vocabulary of each kind; all of them: tools/compare_tokenizers.py without --only.
TOKENIZERS_PARALLELISM=false "$venv/bin/python" "$source/tools/compare_tokenizers.py" \
  --tokenmill "$tokenmill" --data "$data/tokenizers" --only gpt2 qwen3 gemma3 llama2.model
