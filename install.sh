#!/bin/sh
# Builds stagegate (or takes a binary), installs it, and puts its hooks in place; takes all of it back with --uninstall.
# The hooks themselves stand in hooks/; this file only fills in where the binary is. What it does not know it does not touch.
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
  --global             every repository that is made or cloned from now on, through init.templateDir
  --global=hooks-path  every repository of this user, through core.hooksPath; their own hooks go on running
  --no-hooks           nothing: only the binary

OPTIONS
  --hooks LIST    which hooks, separated by commas; without it pre-commit,pre-merge-commit,pre-push, and of a bare
                  repository pre-receive (or update, where pre-receive belongs to somebody else)
  --binary FILE   install FILE instead of building
  --prefix DIR    folder for the binary (default: ~/.local/bin)
  --uninstall     put back what was before, for the same TARGET; with --no-hooks, remove the binary
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

# Does what follows the sentence, or says only the sentence in a dry run.
act() {
    if $dry; then
        say "would $1"
    else
        say "$1"
        shift
        "$@"
    fi
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

quoted() { printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"; }

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

copy_binary() {
    mkdir -p -- "$prefix"
    cp -- "$binary" "$installed.new.$$"
    chmod 755 "$installed.new.$$"
    mv -f -- "$installed.new.$$" "$installed" # a rename, because a running binary cannot be written to
}

place_binary() {
    if [ -e "$installed" ] || [ -L "$installed" ]; then
        if cmp -s -- "$binary" "$installed"; then
            say "unchanged: $installed"
            return
        fi
        { [ -f "$installed" ] && [ ! -L "$installed" ] && is_stagegate "$installed"; } ||
            fail "$installed is there already and is not stagegate" 'Move it away, or choose another folder with --prefix DIR.'
    fi
    act "install the binary as $installed" copy_binary
    case ":${PATH}:" in
    *":$prefix:"*) ;;
    *) say "note: $prefix is not on PATH; the hooks know the full path, but to run \`stagegate\` yourself add it" ;;
    esac
}

remove_binary() {
    if [ ! -e "$installed" ]; then
        say "nothing to do: there is no $installed"
        return
    fi
    is_stagegate "$installed" || fail "$installed is not stagegate; not removed"
    act "remove $installed" rm -f -- "$installed"
    say 'note: hooks that still point to it refuse every commit and push until they are uninstalled too'
}

# ---- one hook file ----

# The line that marks a file as ours holds a checksum over all its other lines: an edited shim is not ours to replace.
sum_of() { sed '/^# stagegate-shim: /d' <"$1" | cksum | cut -d' ' -f1; }
mark_of() { sed -n 's/^# stagegate-shim: //p' <"$1"; }

# Writes shim $1, with $2 for HIDES and $3 as the mark's last word, to file $4.
fill_in() {
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in
        "STAGEGATE=''") printf 'STAGEGATE=%s\n' "$(quoted "$installed")" ;;
        HIDES=\'*) printf 'HIDES=%s\n' "$(quoted "$2")" ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$source/hooks/$1" >"$4"
    sum=$(sum_of "$4")
    sed "s/^# stagegate-shim: .*/# stagegate-shim: $1 $sum $3/" <"$4" >"$4.marked"
    mv -- "$4.marked" "$4"
}

# Sets `state`: none, ours, edited, foreign (a file or a symbolic link, of whoever), odd (a folder, a device).
look_at() {
    if [ -L "$1" ]; then
        state=foreign
    elif [ ! -e "$1" ]; then
        state=none
    elif [ ! -f "$1" ]; then
        state=odd
    elif grep -q '^# stagegate-shim: ' <"$1"; then
        case $(mark_of "$1") in
        *" $(sum_of "$1") "*) state=ours ;;
        *) state=edited ;;
        esac
        for shim in "$source"/hooks/*; do
            if cmp -s -- "$shim" "$1"; then state=ours; fi
        done
    else
        state=foreign
    fi
}

there() { [ -e "$1" ] || [ -L "$1" ]; }

keep() {
    if grep -q basename 2>/dev/null <"$1"; then
        # Such a hook finds out by its own name what it is (Gitea's, overcommit's): give it that name back.
        mkdir -p -- "${1%/*}/stagegate-kept"
        ln -s "../${1##*/}.stagegate-kept" "${1%/*}/stagegate-kept/${1##*/}"
    fi
    mv -- "$1" "$1.stagegate-kept"
}

put_shim() {
    mkdir -p -- "${2%/*}"
    cp -- "$1" "$2.stagegate-new"
    chmod 755 "$2.stagegate-new"
    mv -f -- "$2.stagegate-new" "$2"
}

# Refuses where it is not clear what to do with hook $1. Sets `state` and `kept`.
check_hook() {
    kept=$1.stagegate-kept
    look_at "$1"
    case $state in
    edited) fail "$1 is stagegate's, but was edited since" 'Move it away and run this again. Nothing was changed.' ;;
    odd) fail "$1 is neither a file nor a link" 'Move it away and run this again. Nothing was changed.' ;;
    foreign)
        ! there "$kept" || fail "$1 is not stagegate's, but $kept from an earlier installation is still there" \
            'Another tool has replaced the hook since. Decide which of the two to keep, move the other away, run this again.' \
            'Nothing was changed.'
        ;;
    esac
}

# Puts shim $1 into folder $2 as hook $3, with $4 for HIDES.
place_hook() {
    hook=$2/$3
    make_scratch
    check_hook "$hook"
    origin=here
    # Each shim in a folder that was made for them says so: whichever is removed last takes the folder along.
    if [ ! -d "$2" ] || grep -qs '^# stagegate-shim: .* made-folder$' "$2"/*; then origin=made-folder; fi
    fill_in "$1" "$4" "$origin" "$scratch/shim"
    case $state in
    ours)
        if cmp -s -- "$scratch/shim" "$hook" && [ -x "$hook" ]; then
            say "unchanged: $hook"
            return
        fi
        act "update $hook" put_shim "$scratch/shim" "$hook"
        return
        ;;
    foreign)
        if [ -f "$hook" ] && [ -x "$hook" ]; then
            act "keep the hook that is there as $kept; it goes on running" keep "$hook"
        else
            act "keep the hook that is there as $kept; git did not run it (not executable, or no such target), so neither will stagegate" \
                keep "$hook"
        fi
        ;;
    none)
        if there "$kept"; then say "chaining $kept, which an earlier installation had kept"; fi
        ;;
    esac
    act "install $hook" put_shim "$scratch/shim" "$hook"
}

put_back() {
    if [ -L "${1%/*}/stagegate-kept/${1##*/}" ]; then
        rm -f -- "${1%/*}/stagegate-kept/${1##*/}"
        rmdir -- "${1%/*}/stagegate-kept" 2>/dev/null || :
    fi
    mv -f -- "$1.stagegate-kept" "$1"
}

take_away() {
    rm -f -- "$1"
    if [ "$2" = made-folder ]; then rmdir -- "${1%/*}" 2>/dev/null || :; fi
}

# Refuses where it is not clear what is to be taken out as hook $2 of folder $1; false where there is nothing to take.
# Sets `hook`, `state` and `kept`.
check_removal() {
    hook=$1/$2
    kept=$hook.stagegate-kept
    look_at "$hook"
    case $state in
    edited) fail "$hook is stagegate's, but was edited since; not removed" 'Remove it yourself. Nothing was changed.' ;;
    foreign | odd)
        there "$kept" || return 1
        fail "$hook is not stagegate's, but $kept is still there" \
            'Another tool has replaced the hook since. Decide which of the two to keep; nothing was changed.'
        ;;
    esac
}

# Takes hook $2 out of folder $1; false where there was nothing to take.
remove_hook() {
    check_removal "$1" "$2" || return 1
    if there "$kept"; then
        act "put back $hook as it was" put_back "$hook"
        took=true
    elif [ "$state" = ours ]; then
        origin=$(mark_of "$hook")
        act "remove $hook" take_away "$hook" "${origin##* }"
        took=true
    else
        return 1
    fi
}

# ---- where hooks are ----

# Sets `top` (where the repository's hooks run), `own` (its own hooks folder) and `hooks` (the folder git runs hooks from).
find_hooks() {
    [ -d "$1" ] || fail "there is no folder $1"
    ask git -C "$1" rev-parse --is-bare-repository ||
        fail "$1 is not in a git repository (or git refuses to open it)" "git says: $(git -C "$1" rev-parse 2>&1 || :)"
    bare=$answer
    if $bare; then ask git -C "$1" rev-parse --absolute-git-dir; else ask git -C "$1" rev-parse --show-toplevel; fi ||
        fail "$1 has no working tree to guard" "git says: $(git -C "$1" rev-parse --show-toplevel 2>&1 || :)"
    top=$answer
    ask git -C "$top" rev-parse --git-common-dir || fail "git cannot tell where the repository of $1 is"
    case $answer in /*) own=$answer/hooks ;; .) own=$top/hooks ;; *) own=$top/$answer/hooks ;; esac
    ask git -C "$top" rev-parse --git-path hooks || fail "git cannot tell where the hooks of $1 are"
    case $answer in /*) hooks=$answer ;; *) hooks=$top/$answer ;; esac
}

# Whether core.hooksPath sends this repository's hooks elsewhere. Sets `configured`.
is_redirected() {
    ask git -C "$top" config --get --type=path core.hooksPath || return 1
    configured=$answer
    [ -n "$configured" ]
}

# The folder that hook $1 goes into, or none where it is there already: sets `folder`. Refuses where somebody else manages the
# hooks of the repository.
find_folder() {
    folder=$hooks
    is_redirected || return 0
    if [ "$configured" = "$data/hooks" ]; then
        case $(mark_of "$configured/$1" 2>/dev/null) in
        "$1 "*) folder= ;;
        *) folder=$own ;; # the hook of that name there passes on to the repository's own
        esac
        return
    fi
    case $configured in
    .husky | .husky/* | */.husky | */.husky/*)
        set -- "husky manages the hooks of $top (core.hooksPath is $configured) and writes that folder anew"
        for name in $chosen; do
            case $name in
            pre-commit | pre-merge-commit) set -- "$@" "Add to .husky/$name the line  stagegate pre-commit" ;;
            *) set -- "$@" "Add to .husky/$name the line  stagegate $name \"\$@\"" ;;
            esac
        done
        fail "$@" 'Nothing was changed.'
        ;;
    esac
    if ! git -C "$top" config --local --get core.hooksPath >/dev/null 2>&1 &&
        ! git -C "$top" config --worktree --get core.hooksPath >/dev/null 2>&1; then
        fail "core.hooksPath is $configured for more than this repository, so a hook there would guard all of them" \
            'Use --global=hooks-path, which goes in front of that folder and keeps its hooks running. Nothing was changed.'
    fi
}

target_repo() {
    find_hooks "$1"
    if $bare; then fail "$1 is a bare repository" 'Use --bare DIR to put a pre-receive hook there.'; fi
    guard "$of_commits"
}

target_bare() {
    find_hooks "$1"
    $bare || fail "$1 is not a bare repository" 'Use --repo DIR for a repository with a working tree.'
    guard "$of_pushes"
}

# Sets `chosen`: of the hooks $1, those that --hooks names; without it the hooks $2.
choose_hooks() {
    chosen=$2
    [ -n "$list" ] || return 0
    chosen=
    for name in $(printf '%s\n' "$list" | tr ',' ' '); do
        case " $1 " in
        *" $name "*) chosen="$chosen $name" ;;
        *) fail "--hooks: no hook of that kind here: $name" "Those that stagegate can guard here: $1." ;;
        esac
    done
    [ -n "$chosen" ] || fail '--hooks names no hook' "Those that stagegate can guard here: $1."
}

guard() { # the hooks that there may be
    if $uninstall; then
        choose_hooks "$1" "$1"
        # The folder for every repository of this user is not this one's to empty.
        if is_redirected && [ "$configured" = "$data/hooks" ]; then hooks=$own; fi
        for turn in check_removal remove_hook; do # all of them, or none
            for name in $chosen; do
                $turn "$hooks" "$name" || :
                if [ "$own" != "$hooks" ]; then $turn "$own" "$name" || :; fi
            done
        done
        $took || say "nothing to do: stagegate guards nothing in $hooks"
        return
    fi
    case $1 in "$of_commits") choose_hooks "$1" "$1" ;; *) choose_hooks "$1" pre-receive ;; esac
    missing=
    for name in $chosen; do
        find_folder "$name"
        if [ -n "$folder" ]; then
            missing="$missing $name"
            check_hook "$folder/$name" # all of them, and before minutes of building
        fi
    done
    if [ -z "$missing" ]; then
        say "nothing to do: core.hooksPath leads to stagegate's hooks in $configured, which guard this repository already"
        return
    fi
    if is_redirected && [ "$configured" != "$data/hooks" ]; then
        say "note: core.hooksPath of this repository is $configured; git runs hooks only from there, so that is where they go"
        case $hooks in
        "$own") ;;
        "$top"/*) say 'note: that folder is part of the working tree; think before you commit what is put there' ;;
        esac
    fi
    have_binary
    for name in $missing; do
        find_folder "$name"
        place_hook "$name" "$folder" "$name" ''
    done
}

# ---- every repository of this user ----

fill_template() {
    # A template replaces git's own, so it has to hold what git's own would have given: description, info/exclude.
    mkdir -p -- "$data/template/info"
    git init -q --bare "$scratch/bare"
    for file in description info/exclude; do
        if [ -f "$scratch/bare/$file" ]; then cp -- "$scratch/bare/$file" "$data/template/$file"; fi
    done
}

empty_template() {
    rm -f -- "$data/template/description" "$data/template/info/exclude"
    rmdir -- "$data/template/info" "$data/template/hooks" "$data/template" 2>/dev/null || :
    rmdir -- "$data" 2>/dev/null || :
}

target_template() {
    template=
    choose_hooks "$of_commits" "$of_commits"
    if ask git config --get --type=path init.templateDir; then template=$answer; fi
    if $uninstall; then
        gone=false
        if [ -n "$template" ]; then
            for turn in check_removal remove_hook; do
                for name in $chosen; do
                    $turn "$template/hooks" "$name" || :
                done
            done
            gone=$took
        fi
        if [ "$template" = "$data/template" ] && [ -z "$list" ]; then
            act 'unset init.templateDir, which stagegate had set' git config --global --unset init.templateDir
            act "remove $data/template" empty_template
            gone=true
        fi
        if $gone; then
            say 'note: repositories made meanwhile have their own copy of the hooks; --uninstall --repo DIR takes it out'
        else
            say 'nothing to do: init.templateDir leads to no hook of stagegate'
        fi
        return
    fi
    if [ -n "${GIT_TEMPLATE_DIR-}" ]; then say "note: GIT_TEMPLATE_DIR is set and outranks init.templateDir"; fi
    if [ -n "$template" ] && [ "$template" != "$data/template" ]; then
        [ -d "$template" ] || fail "init.templateDir is $template, and there is no such folder" \
            'Make it, or unset init.templateDir. Nothing was changed.'
        [ -w "$template" ] || fail "init.templateDir is $template, where you cannot write" \
            'Use --global=hooks-path, or ask the owner of that folder. Nothing was changed.'
        for name in $chosen; do check_hook "$template/hooks/$name"; done
        have_binary
        say "note: init.templateDir is $template already, so the hooks go there and the setting stays"
        for name in $chosen; do place_hook "$name" "$template/hooks" "$name" ''; done
    else
        have_binary
        make_scratch
        template=$data/template
        if [ ! -d "$template" ]; then act "make the template $template" fill_template; fi
        for name in $chosen; do place_hook "$name" "$template/hooks" "$name" ''; done
        if ask git config --global --get --type=path init.templateDir && [ "$answer" = "$template" ]; then
            say 'unchanged: init.templateDir'
        else
            act "set init.templateDir to $template" git config --global init.templateDir "$template"
        fi
    fi
    say 'note: new repositories and clones get the hooks; for those that are there already: install.sh --repo DIR'
    say 'note: linked worktrees share the hooks of their repository'
}

# All hooks that git looks for in the hooks folder, apart from three that must be absent where a
# repository has none: push-to-checkout (its presence replaces what git would do), and reference-transaction and
# post-index-change (one process for each step of nearly every command).
passed_on='applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit prepare-commit-msg commit-msg
post-commit pre-rebase post-checkout post-merge pre-push pre-receive update proc-receive post-receive post-update pre-auto-gc
post-rewrite sendemail-validate p4-changelist p4-prepare-changelist p4-post-changelist p4-pre-submit'

remember_setting() {
    mkdir -p -- "$data"
    printf '%s\n' "$1" >"$data/earlier-hooks-path"
}

restore_setting() {
    if [ -f "$data/earlier-hooks-path" ]; then
        ask cat -- "$data/earlier-hooks-path"
        git config --global core.hooksPath "$answer"
        rm -f -- "$data/earlier-hooks-path"
    else
        git config --global --unset core.hooksPath
    fi
}

target_hooks_path() {
    current=
    choose_hooks "$of_commits" "$of_commits"
    if ask git config --global --get --type=path core.hooksPath; then current=$answer; fi
    if $uninstall; then
        [ -z "$list" ] || fail '--hooks does not go with --uninstall --global=hooks-path' \
            'To guard fewer, install again with a shorter list; the others are passed on then.'
        gone=false
        if [ "$current" = "$data/hooks" ]; then
            act 'give core.hooksPath back the value it had (or none)' restore_setting
            gone=true
        elif [ -d "$data/hooks" ]; then
            say "note: core.hooksPath is not stagegate's any more, so it stays as it is"
        fi
        for name in $passed_on; do
            if remove_hook "$data/hooks" "$name" >/dev/null; then gone=true; fi
        done
        if $gone; then
            if $dry; then say "would remove $data/hooks"; else
                rmdir -- "$data/hooks" "$data" 2>/dev/null || :
                say "remove $data/hooks"
            fi
        else
            say 'nothing to do: core.hooksPath does not lead to stagegate'
        fi
        return
    fi
    have_binary
    hides=repository
    if [ -n "$current" ] && [ "$current" != "$data/hooks" ]; then
        hides=$current
        say "note: core.hooksPath is $current; the hooks there go on running, after stagegate's"
        ask git config --global --get core.hooksPath
        act 'remember that value for --uninstall' remember_setting "$answer"
    elif [ -f "$data/earlier-hooks-path" ]; then
        ask cat -- "$data/earlier-hooks-path"
        # shellcheck disable=SC2088 # the tilde is git's to write and ours to expand
        case $answer in '~/'*) hides=$HOME/${answer#'~/'} ;; *) hides=$answer ;; esac
    fi
    for name in $chosen; do place_hook "$name" "$data/hooks" "$name" "$hides"; done
    say "pass on every other hook, from $data/hooks"
    for name in $passed_on; do
        case " $chosen " in
        *" $name "*) ;;
        *) place_hook pass-on "$data/hooks" "$name" "$hides" >/dev/null ;;
        esac
    done
    if [ "$current" = "$data/hooks" ]; then
        say 'unchanged: core.hooksPath'
    else
        act "set core.hooksPath to $data/hooks" git config --global core.hooksPath "$data/hooks"
    fi
    say 'note: a repository with a core.hooksPath of its own (husky) is not reached by this'
    say 'note: hooks named push-to-checkout, reference-transaction and post-index-change are not passed on'
}

have_binary() {
    if ! $have && [ -z "$binary" ]; then
        if $dry; then
            say "would build stagegate from $source and install it as $installed"
            have=true
            return
        fi
        build
    fi
    if ! $have; then place_binary; fi
    have=true
}

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

# The hooks that the gate has a shim for: where people work, and where they push to.
of_commits='pre-commit pre-merge-commit pre-push'
of_pushes='pre-receive update'

target=
directory=.
list=
binary=
prefix=
dry=false
uninstall=false
trial=false
have=false
took=false

choose() {
    [ -z "$target" ] || fail 'only one of --repo, --bare, --global and --no-hooks can be given'
    target=$1
}

value_of() { # option, number of arguments left
    [ "$2" -ge 2 ] || fail "$1 needs a value" 'install.sh --help tells more.'
}

while [ $# -gt 0 ]; do
    option=$1
    case $option in
    --repo=* | --bare=* | --hooks=* | --hook=* | --binary=* | --prefix=*)
        argument=${option#*=}
        option=${option%%=*}
        shift
        set -- "$option" "$argument" "$@"
        ;;
    esac
    case $option in
    --repo | --bare)
        value_of "$option" $#
        choose "${option#--}"
        directory=$2
        shift
        ;;
    --global | --global=template) choose template ;;
    --global=hooks-path) choose hooks-path ;;
    --no-hooks) choose nothing ;;
    --hooks | --hook)
        value_of "$option" $#
        list=${2:-,}
        shift
        ;;
    --binary)
        value_of "$option" $#
        absolute "$2"
        binary=$answer
        { [ -f "$binary" ] && [ -x "$binary" ]; } || fail "$binary is not an executable file"
        shift
        ;;
    --prefix)
        value_of "$option" $#
        absolute "$2"
        prefix=$answer
        shift
        ;;
    --dry-run | -n) dry=true ;;
    --uninstall) uninstall=true ;;
    --try) trial=true ;;
    --help | -h)
        usage
        exit 0
        ;;
    *) fail "unknown option: $option" 'install.sh --help lists them.' ;;
    esac
    shift
done

ask dirname -- "$0"
ask resolve "$answer" || fail 'cannot tell where install.sh stands'
source=$answer
[ -f "$source/hooks/pre-commit" ] || fail "$source/hooks is missing; install.sh needs it beside itself"

if $trial && { [ -n "$target" ] || $uninstall || $dry; }; then
    fail '--try goes with nothing but --binary FILE'
fi
if [ -n "$list" ] && { $trial || [ "$target" = nothing ]; }; then
    fail '--hooks goes with --repo, --bare and --global'
fi
if [ -z "$prefix" ] && ! $trial; then
    [ -n "${HOME-}" ] || fail 'HOME is not set' 'Say with --prefix DIR where the binary goes.'
    prefix=$HOME/.local/bin
fi
installed=${prefix%/}/stagegate
data=${XDG_DATA_HOME:-${HOME-}/.local/share}/stagegate

needs git 'Install git.'
# A repository that the environment names (as inside another hook) is not the one that was asked for.
# shellcheck disable=SC2046 # a list of variable names
unset $(git rev-parse --local-env-vars)

if $trial; then
    try_it
    exit 0
fi
case $target in
'' | repo) target_repo "$directory" ;;
bare) target_bare "$directory" ;;
template) target_template ;;
hooks-path) target_hooks_path ;;
nothing)
    if $uninstall; then remove_binary; else have_binary; fi
    ;;
esac
if $took && [ -e "$installed" ]; then
    say "note: the binary stays, because other repositories may use it; to remove it: install.sh --uninstall --no-hooks"
fi
