#!/bin/sh
# Builds stagegate, or takes a binary, and lets it install itself and its hooks, or take all of it back with --uninstall.
# What is done to hooks stands in the binary (`stagegate install --help`, src/install/); this file finds or builds it.
set -eu
LC_ALL=C
export LC_ALL
umask 022
unset CDPATH

newline='
'

usage() {
    cat <<'END'
Usage: install.sh [TARGET] [OPTIONS]
       install.sh --try [--binary FILE]

Builds the stagegate binary, installs it, and puts the hooks in place that run it.

TARGET: what to guard
  (none)               the git repository of the current folder: its commits, merges and pushes
  --repo DIR           the git repository at DIR: the same
  --bare DIR           the bare repository at DIR (on a server): what is pushed to it
  --below DIR          every bare repository below DIR
  --into DIR           a folder of hooks that a server runs for many repositories (hooks/README.md)
  --global             every repository that is made or cloned from now on, through init.templateDir
  --global=hooks-path  every repository of this user, through core.hooksPath; their own hooks go on running
  --no-hooks           nothing: only the binary

OPTIONS
  --hooks LIST    which hooks, separated by commas; without it pre-commit,pre-merge-commit,pre-push, and of a bare
                  repository pre-receive (or update, where pre-receive belongs to somebody else)
  --binary FILE   install FILE instead of building
  --prefix DIR    folder for the binary (default: ~/.local/bin); of a folder `bin`, manual pages and completions go
                  to the folder `share` beside it
  --uninstall     put back what was before, for the same TARGET; with --no-hooks, remove the binary
                  with its pages and completions
  --dry-run       say what would be done, change nothing
  --try           show the main job on a scratch server, install nothing
  --help          this text

A hook that is already there is kept as HOOK.stagegate-kept and runs too: before the gate where a commit is made, after it
where something is pushed. Exit codes: 0 done or nothing to do, 1 --try saw the wrong behaviour, 2 refused or failed.
END
}

say() { printf '%s\n' "$@"; }

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    shift
    for line; do printf '  %s\n' "$line" >&2; done
    exit 2
}

# Sets `answer` to the output of a command, whatever newlines it ends with. Fails if the command fails.
ask() {
    answer=$("$@" 2>/dev/null && printf x) || return 1
    answer=${answer%x}
    answer=${answer%"$newline"}
}

absolute() { # sets answer
    case $1 in /*) answer=$1 ;; *) answer=$PWD/$1 ;; esac
}

resolve() { cd -- "$1" && pwd -P; }

scratch=
cleanup() {
    if [ -n "$scratch" ]; then rm -rf -- "$scratch"; fi
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
make_scratch() {
    if [ -z "$scratch" ]; then scratch=$(mktemp -d "${TMPDIR:-/tmp}/stagegate.XXXXXX"); fi
}

# ---- the binary ----

needs() {
    command -v "$1" >/dev/null 2>&1 || fail "$1 is missing. $2"
}

# Builds and sets `binary`.
build() {
    needs cargo 'Install a Rust toolchain (https://rustup.rs), or give a ready binary with --binary FILE.'
    needs cc 'Install a C compiler (Debian: apt-get install gcc), or give a ready binary with --binary FILE.'
    host=$(rustc -vV | sed -n 's/^host: //p')
    output=${CARGO_TARGET_DIR:-$source/target}
    absolute "$output"
    output=$answer
    # Without --target, the flags would reach build scripts and procedural macros too, which cannot be linked statically.
    set -- build --release --locked --manifest-path "$source/Cargo.toml" --target-dir "$output" --bin stagegate
    binary=$output/release/stagegate
    flags=${RUSTFLAGS-}
    make_scratch
    case $host in
    *-linux-gnu*)
        if printf 'int main(void) { return 0; }\n' | cc -static -x c - -o "$scratch/static" 2>/dev/null; then
            set -- "$@" --target "$host"
            binary=$output/$host/release/stagegate
            flags="$flags -C target-feature=+crt-static"
        else
            say 'note: no static C library here (Fedora: glibc-static), so the binary will need the one of this system'
        fi
        ;;
    esac
    say "building stagegate for $host (some minutes the first time)"
    RUSTFLAGS=$flags cargo "$@" || fail 'the build failed; cargo says why above'
}

is_stagegate() { "$1" --version 2>/dev/null </dev/null | grep -q '^stagegate '; }

# ---- the main job, shown on a scratch server ----

try_git() { git -c user.name='A Developer' -c user.email=developer@example.com -c commit.gpgSign=false "$@"; }

try_it() {
    needs git 'Install git.'
    if [ -z "$binary" ]; then build; fi
    make_scratch
    # Nothing of this user's settings or hooks may take part.
    mkdir -p "$scratch/home"
    HOME=$scratch/home
    XDG_CONFIG_HOME=$HOME/.config
    XDG_DATA_HOME=$HOME/.local/share
    GIT_CONFIG_NOSYSTEM=1
    export HOME XDG_CONFIG_HOME XDG_DATA_HOME GIT_CONFIG_NOSYSTEM
    unset GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_TEMPLATE_DIR STAGEGATE 2>/dev/null || :

    say "== a server with a stagegate hook, and a clone of it, in $scratch"
    git init -q --bare "$scratch/server.git"
    sh "$source/install.sh" --bare "$scratch/server.git" --binary "$binary" --prefix "$scratch/bin" >"$scratch/installed" ||
        fail 'the installation failed'
    grep -v '^note: ' "$scratch/installed"
    git clone -q "$scratch/server.git" "$scratch/clone" 2>/dev/null
    cd "$scratch/clone"
    git checkout -q -b main
    echo 'A shop' >README.md
    git add README.md
    try_git commit -q -m 'Start'
    git push -q origin main

    # Made here and now: no file of this project holds anything that looks like a key.
    value=$(od -An -tx1 -N12 /dev/urandom | tr -d ' \n' | tr '0123456789abcdef' 'k7Qz2XbR9mTw4HvL')
    git checkout -q -b staging
    mkdir config
    printf 'payments:\n  currency: eur\n  stripe_secret_key: sk_%s_%s\n' live "$value" >config/staging.yml
    git add config
    try_git commit -q -m 'Configure payments in staging'
    say '' '' "== push 1: config/staging.yml holds production's Stripe key, and the branch is staging"
    say '$ git push origin staging'
    wrong=0
    if git push origin staging >"$scratch/refused" 2>&1; then
        say 'WRONG: the server took it'
        wrong=1
    fi
    sed 's/[[:space:]]*$//' "$scratch/refused"
    if git -C "$scratch/server.git" rev-parse -q --verify refs/heads/staging >/dev/null; then
        say 'WRONG: staging moved on the server'
        wrong=1
    fi
    if grep -q "$value" "$scratch/refused"; then
        say 'WRONG: the output shows the key'
        wrong=1
    fi
    if ! grep -q 'config/staging\.yml' "$scratch/refused"; then
        say 'WRONG: the refusal does not say where the key is'
        wrong=1
    fi

    printf 'payments:\n  currency: eur\n  stripe_secret_key: sk_%s_%s\n' test "$value" >config/staging.yml
    git add config
    try_git commit -q --amend -m 'Configure payments in staging'
    say '' "== push 2: the same file with a key of Stripe's sandbox"
    say '$ git push origin staging'
    if ! git push origin staging >"$scratch/accepted" 2>&1; then
        say 'WRONG: the server refused it'
        wrong=1
    fi
    sed 's/[[:space:]]*$//' "$scratch/accepted"
    if [ "$(git rev-parse HEAD)" != "$(git -C "$scratch/server.git" rev-parse -q --verify refs/heads/staging)" ]; then
        say 'WRONG: staging did not move on the server'
        wrong=1
    fi
    cd "$source"

    say ''
    if [ "$wrong" -ne 0 ]; then
        say '== something is wrong: see the lines above'
        exit 1
    fi
    say '== refused and accepted as it should be; the scratch folder is removed'
    say 'What now:'
    say '  ./install.sh --repo DIR          guard a repository of yours before each commit, merge and push'
    say '  ./install.sh --bare DIR          guard a bare repository on a server: nobody gets round this one'
    say '  ./install.sh --dry-run --global  see what guarding every new repository would do'
    say '  README.md                        what is judged, and how to say whose is what in stagegate.toml'
}

# ---- the command line ----

# An older binary has no such subcommand.
installs() { is_stagegate "$1" && "$1" install --help >/dev/null 2>&1 </dev/null; }

# Sets `binary` to one that is there, or builds it. To take hooks out, the one that was installed will do.
find_binary() {
    if [ -n "$binary" ]; then return; fi
    if $uninstall; then
        for place in "$prefix/stagegate" "$(command -v stagegate)"; do
            if [ -x "$place" ] && installs "$place"; then
                binary=$place
                return
            fi
        done
    fi
    build
}

binary=
prefix=
dry=false
uninstall=false
trial=false
others=

value_of() { # option, number of arguments left
    [ "$2" -ge 2 ] || fail "$1 needs a value" 'install.sh --help tells more.'
}

# What is for the binary is passed on in its order: each argument goes from the front of the list to its end.
left=$#
while [ "$left" -gt 0 ]; do
    option=$1
    case $option in
    --binary=* | --prefix=*)
        argument=${option#*=}
        option=${option%%=*}
        shift
        set -- "$option" "$argument" "$@"
        left=$((left + 1))
        ;;
    esac
    case $option in
    --binary)
        value_of "$option" "$left"
        absolute "$2"
        binary=$answer
        { [ -f "$binary" ] && [ -x "$binary" ]; } || fail "$binary is not an executable file"
        shift 2
        left=$((left - 2))
        continue
        ;;
    --prefix)
        value_of "$option" "$left"
        absolute "$2"
        prefix=$answer
        shift 2
        left=$((left - 2))
        continue
        ;;
    --uninstall) uninstall=true ;;
    --try) trial=true ;;
    --help | -h)
        usage
        exit 0
        ;;
    *)
        case $option in --dry-run | -n) dry=true ;; esac
        others=$option
        set -- "$@" "$option"
        ;;
    esac
    shift
    left=$((left - 1))
done

ask dirname -- "$0"
ask resolve "$answer" || fail 'cannot tell where install.sh stands'
source=$answer

needs git 'Install git.'
if $trial; then
    if [ -n "$others" ] || $uninstall; then fail '--try goes with nothing but --binary FILE'; fi
    try_it
    exit 0
fi
if [ -z "$prefix" ]; then
    [ -n "${HOME-}" ] || fail 'HOME is not set' 'Say with --prefix DIR where the binary goes.'
    prefix=$HOME/.local/bin
fi
if $uninstall; then verb=uninstall; else verb=install; fi
if ! $uninstall && $dry && [ -z "$binary" ] && [ -x "$prefix/stagegate" ] && installs "$prefix/stagegate"; then
    # To say what would be done, nothing has to be built.
    binary=$prefix/stagegate
fi
if $dry && [ -z "$binary" ] && ! $uninstall; then
    say "would build stagegate from $source first; what follows depends on it"
    exit 0
fi
find_binary
"$binary" "$verb" --binary "$binary" --prefix "$prefix" "$@"
