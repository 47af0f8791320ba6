#!/usr/bin/env python3
"""Instructions that stagegate executes in three fixed scenarios, counted by valgrind's callgrind.

Times differ from run to run and from machine to machine; counts do not, but for a fraction of a percent that hash maps with
random seeds cause. They are recorded in benches/instructions.toml and compared by .ci/run. Needs valgrind; otherwise the
standard library only:

    RUSTFLAGS="-C target-feature=+crt-static" cargo build --profile counted --locked --target x86_64-unknown-linux-gnu
    python3 benches/instructions.py              # show
    python3 benches/instructions.py --check      # compare: exit 1 where it is more
    python3 benches/instructions.py --record     # after a change that is worth it

Counts are those of one compiler, one profile and static linking: with another compiler --check says so and compares nothing.
"""

import argparse
import os
import pathlib
import random
import re
import string
import subprocess
import sys
import tempfile
import tomllib

RECORD = pathlib.Path(__file__).with_name("instructions.toml")
# Of this many runs the least counts.
RUNS = 2
COMMITS = 200
WHO = "Bench <bench@example.com>"


def environment(scratch):
    """Nothing of whoever runs this."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch),
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z",
        "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z",
    }


def git(repository, *arguments, stdin=None):
    """Runs git there; its output."""
    command = ["git", "-c", "user.name=Bench", "-c", "user.email=bench@example.com", *arguments]
    done = subprocess.run(
        command, cwd=repository, env=environment(repository.parent), check=True, capture_output=True, input=stdin
    )
    return done.stdout.decode().strip()


def service(generator, number):
    """A configuration file of a service."""
    return (
        f"service:\n  name: service-{number}\n  replicas: {generator.randint(1, 9)}\n"
        f"  image: registry.example.com/team/service-{number}:{generator.randint(1, 99)}\n"
        "  environment:\n    LOG_LEVEL: info\n    DATABASE_PASSWORD: ${DATABASE_PASSWORD}\n"
    )


def module(generator, number):
    """A file of source code."""
    lines = [f'"""Module {number}."""', ""]
    for at in range(generator.randint(10, 60)):
        lines += [f"def value_{number}_{at}(items, token=None):", f"    return [item for item in items if item > {at}]", ""]
    return "\n".join(lines)


def history(repository, commits):
    """A repository of 100 files and so many commits on top, each of which changes two of them; all by one fast-import."""
    generator = random.Random(1)
    stream = []

    def commit(number, files):
        message = f"Change {number}"
        stream.append(f"commit refs/heads/staging\nmark :{number + 1}\n")
        stream.append(f"committer {WHO} {1577836800 + number * 60} +0000\ndata {len(message)}\n{message}\n")
        if number:
            stream.append(f"from :{number}\n")
        for path, text in files.items():
            stream.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")

    def files(numbers):
        return {
            (f"config/{n // 10}/service-{n}.yml" if n % 4 == 0 else f"src/{n // 10}/module_{n}.py"):
            (service if n % 4 == 0 else module)(generator, n)
            for n in numbers
        }

    commit(0, files(range(100)))
    for number in range(1, commits + 1):
        commit(number, files(sorted(generator.sample(range(100), 2))))
    repository.mkdir()
    git(repository, "init", "-q", "-b", "staging")
    git(repository, "config", "gc.auto", "0")
    git(repository, "fast-import", "--quiet", stdin="".join(stream).encode())
    git(repository, "checkout", "-q", "-f", "staging")


def staged(repository, path, more):
    """Adds lines to a file, and stages it."""
    file = repository / path
    file.write_text(file.read_text() + more)
    git(repository, "add", "-A")


def scenarios(scratch):
    """Names, with the folder, the arguments and the exit code that is expected."""
    nothing, hit, push = (scratch / name for name in ("nothing", "hit", "push"))
    history(nothing, 1)
    staged(nothing, "src/1/module_11.py", "\n\ndef last(items):\n    return items[-1]\n")
    yield "pre-commit-with-nothing", nothing, ["pre-commit", "-q"], 0
    history(hit, 1)
    # No file of this project holds anything that looks like a secret: it is put together here.
    letters = random.Random(2).choices(string.ascii_letters + string.digits, k=24)
    staged(hit, "config/0/service-0.yml", "    STRIPE: " + "_".join(["sk", "live", "".join(letters)]) + "\n")
    yield "pre-commit-with-a-hit", hit, ["pre-commit", "-q"], 1
    history(push, COMMITS)
    base = git(push, "rev-parse", f"HEAD~{COMMITS}")
    yield f"push-of-{COMMITS}-commits", push, ["check", "-q", "--base", base, "--head", "HEAD", "--ref", "staging"], 0


def counted(stagegate, folder, arguments, expected):
    """Instructions of one process."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", stagegate, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment(folder.parent), capture_output=True, text=True, check=False)
    found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
    if done.returncode != expected or not found:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode} and not {expected}:\n{done.stdout}{done.stderr}")
    return int(found.group(1))


def compiler():
    """The compiler that builds here."""
    return subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.strip()


def main():
    """Counts, and compares or records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stagegate", default="target/x86_64-unknown-linux-gnu/counted/stagegate", help="the binary (default: %(default)s)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="exit 1 where more instructions are needed than recorded")
    what.add_argument("--record", action="store_true", help="write benches/instructions.toml")
    options = parser.parse_args()
    stagegate = os.path.abspath(options.stagegate)
    recorded = tomllib.loads(RECORD.read_text()) if RECORD.exists() else {}
    rustc = compiler()
    counts, worse = {}, []
    with tempfile.TemporaryDirectory(prefix="stagegate-count-") as scratch:
        for name, folder, arguments, expected in scenarios(pathlib.Path(scratch)):
            counts[name] = min(counted(stagegate, folder, arguments, expected) for _ in range(RUNS))
            before = recorded.get("instructions", {}).get(name)
            told = f"{name:28} {counts[name]:15,}"
            if before:
                change = counts[name] / before - 1
                told += f"  recorded {before:15,}  {change:+.1%}"
                if change > recorded["tolerance"]:
                    worse.append(name)
                if change < -recorded["tolerance"]:
                    told += "  (better: record it)"
            print(told)
    if options.record:
        lines = [
            "# Instructions by `valgrind --tool=callgrind`: written by `benches/instructions.py --record`, compared by .ci/run.",
            f'rustc = "{rustc}"',
            f"tolerance = {recorded.get('tolerance', 0.05)}",
            "",
            "[instructions]",
            *(f"{name} = {count}" for name, count in counts.items()),
        ]
        RECORD.write_text("\n".join(lines) + "\n")
    if not options.check:
        return
    if recorded.get("rustc") != rustc:
        print(f"not compared: recorded with {recorded.get('rustc')}, this is {rustc}; record the counts anew")
    elif worse:
        sys.exit(f"more instructions than recorded, by over {recorded['tolerance']:.0%}: {', '.join(worse)}. "
                 "Mend it, or say why in the commit and record the counts anew")


if __name__ == "__main__":
    main()
