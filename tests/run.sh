#!/bin/sh
# Runs all tests from a fresh clone, after installing what they need (a Rust toolchain and git are assumed).
# Arguments go to cargo test: tests/run.sh --test install
set -eu
here() { cd -- "$1/.." && pwd -P; }
root=$(here "$(dirname -- "$0")")
sh "$root/tests/setup.sh"
cd -- "$root"
exec cargo test --locked --no-fail-fast "$@"
