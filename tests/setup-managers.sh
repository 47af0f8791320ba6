#!/bin/sh
# Installs the hook managers that tests/managers.rs drives, from PyPI and npm, in target/test-tools/managers. Safe to run
# again: what is there stays as it is. tests/setup.sh runs it.
set -eu

here=$(cd -- "$(dirname -- "$0")/.." && pwd -P)/target/test-tools/managers
python='pre-commit==4.7.0 prek==0.5.11 lefthook==2.2.2 check-jsonschema==0.39.0'
node='husky@9.1.7 lint-staged@16.4.0 simple-git-hooks@2.14.0'

wanted="$python $node"
if [ -f "$here/installed" ] && [ "$(cat "$here/installed")" = "$wanted" ]; then
    echo "tests/setup-managers.sh: pre-commit, prek, lefthook, husky, lint-staged and simple-git-hooks are there"
    exit 0
fi
mkdir -p "$here"
python3 -m venv "$here/python"
# shellcheck disable=SC2086 # one word a package is meant
"$here/python/bin/pip" install -q --disable-pip-version-check $python
if ! command -v npm >/dev/null; then
    echo "tests/setup-managers.sh: please install Node.js with npm, for husky, lint-staged and simple-git-hooks" >&2
    exit 1
fi
mkdir -p "$here/node"
printf '{ "private": true }\n' >"$here/node/package.json"
# Their own installation scripts would look for hooks to set in the repository around.
# shellcheck disable=SC2086 # one word a package is meant
npm install --prefix "$here/node" --ignore-scripts --no-audit --no-fund --silent $node
printf '%s' "$wanted" >"$here/installed"
