#!/bin/bash
# The steps of `make test`, by name. All of them run, even after a failure; the last lines sum up.
set -u
cd "$(dirname "$0")/.." || exit 1
JOBS=${JOBS:-$(nproc)}
FUZZ_SECONDS=${FUZZ_SECONDS:-5}
summary=()
failures=0

build() {  # PRESET TARGET
  if [ ! -f "build/$1/build.ninja" ]; then cmake --preset "$1" || return 1; fi
  cmake --build "build/$1" -j "$JOBS" --target "$2"
}

tests() {  # PRESET ctest-arguments…
  local preset=$1
  shift
  ctest --test-dir "build/$preset" -j "$JOBS" --output-on-failure "$@"
}

# `make run` may have configured without LibTorch.
step_release() {
  if grep -qs '^TORCH_CPU.*NOTFOUND' build/release/CMakeCache.txt; then
    cmake build/release -U 'TORCH_*'
  fi
  build release all
}
# The tests that need a real model say that they skip where this one cannot be fetched.
step_models() {
  for name in default gemma3; do
    build/release/tokenmill pull "$name" || echo "its tests will be skipped"
  done
}
step_ctest() { tests release; }
step_ctest-fast() { tests release -LE slow; }
step_asan() { build asan-ubsan mill_tests && tests asan-ubsan -R '^unit\.' -LE slow; }
step_tidy() { build tidy all; }  # clang's warnings are errors, and so are clang-tidy's
step_tsan() { build tsan mill_tests && tests tsan -R '^unit\.' -LE slow; }

# The fuzzers share the library of the address sanitizer's tests.
step_fuzz() {
  build asan-ubsan fuzzers || return 1
  local broken=0
  for fuzzer in build/asan-ubsan/fuzz_*; do
    [ -x "$fuzzer" ] || continue
    local name=${fuzzer##*/fuzz_} log=$fuzzer.log
    mkdir -p "build/asan-ubsan/corpus/$name"
    if "$fuzzer" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 \
      -artifact_prefix="build/asan-ubsan/$name-" "build/asan-ubsan/corpus/$name" >"$log" 2>&1; then
      echo "fuzz $name: $(grep -E '^Done ' "$log")"
    else
      echo "fuzz $name: FAILED"
      tail -40 "$log"
      broken=1
    fi
  done
  return $broken
}

for step in "$@"; do
  echo "== $step"
  start=$SECONDS
  if "step_$step"; then verdict=passed; else verdict=FAILED failures=$((failures + 1)); fi
  summary+=("$(printf '%-12s %s  %4d s' "$step" "$verdict" $((SECONDS - start)))")
done
echo "== summary"
printf '%s\n' "${summary[@]}"
exit "$failures"
