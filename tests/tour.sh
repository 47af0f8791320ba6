#!/bin/sh
# Prints docs/tour.md: a new user's first hour in three roles, with what the binary and git really print.
#   tests/tour.sh BINARY > docs/tour.md
# Names, dates and keys are fixed, so that the page is the same each time: tests/tour.rs compares it. Values are made here
# from templates; no file of this project holds anything that looks like a key.
set -eu
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
source=$(cd "$(dirname "$0")/.." && pwd)
LC_ALL=C
export LC_ALL
# Always as long: lines are broken where they are long with it.
scratch=$(mktemp -d /tmp/tour.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

# Nothing of this machine's settings may take part.
HOME=$scratch/home
GIT_CONFIG_NOSYSTEM=1
PATH=$HOME/.local/bin:$PATH
XDG_CONFIG_HOME=$HOME/.config
export HOME GIT_CONFIG_NOSYSTEM PATH XDG_CONFIG_HOME
for name in $(env | sed -nE 's/^((GIT_|STAGEGATE|GITHUB_|CI|GITLAB_|NO_COLOR)[A-Z_]*)=.*/\1/p'); do
    case $name in GIT_CONFIG_NOSYSTEM) ;; *) unset "$name" ;; esac
done
mkdir -p "$HOME" "$scratch/srv/git"
git config --global init.defaultBranch main
git config --global user.name Ada
git config --global user.email ada@example.com
git config --global advice.detachedHead false

day() {
    GIT_AUTHOR_DATE="$1T10:00:00+00:00"
    GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
    export GIT_AUTHOR_DATE GIT_COMMITTER_DATE
}

# A value of 24 letters and digits that looks like chance and is the same in every run.
value() { printf 'tour %s' "$1" | git hash-object --stdin | tr '0123456789abcdef' 'k7Qz2XbR9mTw4HvL' | cut -c1-24; }
live=$(printf 'sk_%s_%s' live "$(value stripe)")
sandbox=$(printf 'sk_%s_%s' test "$(value sandbox)")
token=$(value database)
export live sandbox token

# What is of this machine or of this minute is written as a reader would see it. Then no value may stand in it.
clean() {
    sed -e "s#$scratch/home#~#g" -e "s#$scratch##g" -e "s#$source#~/stagegate#g" -e 's/[[:space:]]*$//' \
        -e 's/git         version .*/git         version 2.47/' "$scratch/output" >"$scratch/cleaned"
    for secret in "$live" "$sandbox" "$token"; do
        if grep -qF "$secret" "$scratch/cleaned"; then
            echo "tour.sh: the output shows a value" >&2
            exit 1
        fi
    done
    cat "$scratch/cleaned"
}

# Runs a line, and shows it, what it printed and how it ended. /srv is in the scratch folder.
run() {
    printf '$ %s\n' "$1"
    code=0
    sh -c "$(printf '%s' "$1" | sed "s# /srv# $scratch/srv#g")" >"$scratch/output" 2>&1 || code=$?
    clean
    if [ "$code" -ne 0 ]; then printf '[exit code %s]\n' "$code"; fi
}

# Files are written out of sight: their content is the value that must not be seen.
payments() { # file, value
    mkdir -p "$(dirname "$1")"
    printf 'payments:\n  currency: eur\n  stripe_secret_key: %s\n' "$2" >"$1"
}

open() { printf '\n```console\n'; }
close() { printf '```\n'; }

cat <<'END'
# A tour, in three roles

What a new user sees who has read the [README](../README.md) and nothing else. Everything below a `$` was printed by
stagegate and git: `tests/tour.sh BINARY` makes this page, and a test compares it with what the binary prints today. Only paths of
the scratch folder are shortened. Keys are made when it runs; stagegate itself masks them.

## A developer: before the commit

Ada works on a shop. She guards her clone:
END
cd "$scratch"
mkdir -p "$HOME/shop"
cd "$HOME/shop"
day 2026-03-02
git init -q
printf 'A shop\n' >README.md
git add README.md
git commit -q -m Start
open
printf '$ ~/stagegate/install.sh --repo ~/shop\n'
"$source/install.sh" --binary "$binary" --repo "$HOME/shop" >"$scratch/output" 2>&1
clean
close
cat <<'END'

On `staging` she configures payments. The key that she has at hand is production's:
END
git switch -q -c staging
payments config/staging.yml "$live"
open
run 'git add config/staging.yml && git commit -m "Configure payments in staging"'
close
cat <<'END'

The commit was not made. She wants to know why, as exactly as it can be said:
END
open
run 'stagegate explain config/staging.yml:3'
close
cat <<'END'

She gets a key of Stripe's sandbox, and writes that into the file. It is said that it will live long; it passes:
END
payments config/staging.yml "$sandbox"
open
run 'git add config/staging.yml && git commit -m "Configure payments in staging"'
close
cat <<'END'

Is all of it in place? `doctor` looks:
END
open
run 'stagegate doctor'
close
cat <<'END'

## An administrator: nobody gets round it

A client's hook can be skipped with `--no-verify`. Grace looks after the server, `/srv/git/shop.git`, and puts the gate there:
END
day 2026-03-03
git init -q --bare "$scratch/srv/git/shop.git"
git remote add origin "$scratch/srv/git/shop.git"
git push -q origin main staging 2>/dev/null
open
printf '$ ~/stagegate/install.sh --bare /srv/git/shop.git\n'
"$source/install.sh" --binary "$binary" --bare "$scratch/srv/git/shop.git" >"$scratch/output" 2>&1
clean
close
cat <<'END'

Production's configuration lives on `main`, as it does in many a repository. A merge brings it to `staging`, with not one line that
anybody typed there, and with the client's hooks skipped:
END
git switch -q main
payments config/production.yml "$live"
git add -A
git commit -q -m "Configure payments in production" >/dev/null 2>&1
git push -q origin main >/dev/null 2>&1
git switch -q staging
day 2026-03-04
open
run 'git merge -q --no-edit --no-verify main && git push --no-verify origin staging'
close
cat <<'END'

This repository carries the files of all environments on every branch, so its owners say that paths speak for the branch. The policy
of a server is the administrator's, or the one that stood there before the push; Grace keeps it beside the repository:
END
cat >"$scratch/srv/git/shop.toml" <<'POLICY'
version = 1
precedence = "path"

[environment.production.identity]
hosts = ["*.prod.example.com"]
POLICY
open
run 'cat /srv/git/shop.toml'
run 'stagegate policy check --policy /srv/git/shop.toml'
run 'git -C /srv/git/shop.git config stagegate.policy /srv/git/shop.toml'
run 'git push --no-verify origin staging'
close
cat <<'END'

The file of production may now stand on `staging`, and a file of staging still may not hold what is production's. A pointer to what
was declared counts as well: Ada's new line names a database host of production, with a password that nobody could tell whose it is.
END
day 2026-03-05
printf 'database:\n  url: postgres://shop:%s@db.prod.example.com/shop\n' "$token" >config/staging-db.yml
git add -A
git commit -q --no-verify -m "Connect the database"
open
run 'git push --no-verify origin staging'
close
cat <<'END'

What stands where is said for a whole server at once:
END
open
run 'stagegate doctor --below /srv/git'
close
cat <<'END'

## A security team: what stands there already

The gate says what a push brings. Lin inherits a repository that had none, and asks what its history holds:
END
git init -q "$HOME/legacy"
cd "$HOME/legacy"
day 2025-01-15
printf 'A shop from before\n' >README.md
git add -A
git commit -q -m Start
git branch staging
payments config/production.yml "$live"
git add -A
git commit -q -m "Production's configuration"
git switch -q staging
day 2025-06-20
payments config/staging.yml "$live"
printf 'database:\n  password: %s\n' "$token" >config/staging-db.yml
git add -A
git commit -q -m "Try payments in staging"
day 2026-02-01
payments config/staging.yml "$sandbox"
printf 'stripe_secret_key: %s\n' "$live" >config/staging-old.yml
git rm -q -f config/staging-db.yml
git add -A
git commit -q -m "Use the sandbox, keep the old key for now"
open
run 'cd ~/legacy && stagegate audit --as-of 2026-04-01'
close
cat <<'END'

Production's key is in `staging` since June 2025, and moved to another file in February. The third, which `--all` lists, is a password
that stands in no file any more; whoever clones the repository has the commit that held it. The same as [one HTML page](audit.md) for
a browser, and as records for a query:
END
open
run 'stagegate audit --as-of 2026-04-01 --output html=posture.html --output json-lines=posture.jsonl && ls posture.*'
close
cat <<'END'

What cannot be mended on the first day goes into a baseline: those values are warned about, and only what is new is refused. What the
policy says of each is from then on `warn`:
END
cat >stagegate.toml <<'POLICY'
version = 1

[audit]
rotation-age = 90
baseline = "stagegate-baseline.jsonl"
POLICY
open
run 'cat stagegate.toml'
run 'stagegate audit --as-of 2026-04-01 --baseline | tail -1'
run 'git add -A && git commit -q -m "Take stock" && stagegate audit --as-of 2026-04-01 | head -15'
close
cat <<'END'

And before the policy is put in force, cases say whether it does what was meant:
END
cat >cases.toml <<'CASES'
[[case]]
ref = "staging"
path = "config/staging.yml"
what = "production-credential"
verdict = "block"

[[case]]
ref = "feature/x"
path = "src/main.rs"
what = "production-credential"
verdict = "allow"
CASES
open
run 'cat cases.toml'
run 'stagegate policy test cases.toml'
close
cat <<'END'

Next: [concepts](concepts.md), [the policy](policy.md), [how a push is read](how-a-push-is-read.md).
END
