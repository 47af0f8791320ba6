#!/bin/sh
# Runs all tests from a fresh clone, after installing what they need (a Rust toolchain and git are assumed).
# Arguments go to cargo test: tests/run.sh --test install
set -eu
here() { cd -- "$1/.." && pwd -P; }
root=$(here "$(dirname -- "$0")")
cd -- "$root"
# Installing waits for the network, building for the processor. What does not build is said by the last line once more.
cargo test --locked --no-run --quiet "$@" &
sh tests/setup.sh
wait || true
exec cargo test --locked --no-fail-fast "$@"
