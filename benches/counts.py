#!/usr/bin/env python3
"""Time against number, for what there can be many of: refs in one push, commits in one push, folders in each other.

    python3 benches/counts.py --stagegate PATH [--only CASE] [--most 60] [--json] [--plot FILE.svg]

Each case makes a repository with `git fast-import` and measures user and system time of the whole process, in turns with what
git needs to read the same objects. The next number of a case is skipped where it would take more than `--most` seconds at the
pace so far. Prints how much more one of them costs at the largest number than at the one a decade before: 1 is linear.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import chart

ZERO = "0" * 40
READING = "git -c core.maxTreeDepth=1000000 rev-list --objects --no-object-names {what} | git cat-file --batch --buffer"


class Import:
    """A bare repository, written through `git fast-import`."""

    def __init__(self, folder):
        self.folder = folder
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", folder], check=True)
        self.stream = subprocess.Popen(
            ["git", "-C", folder, "-c", "core.maxTreeDepth=1000000", "fast-import", "--quiet", "--depth=50"],
            stdin=subprocess.PIPE,
        )
        self.commits = 0

    def commit(self, ref, path, content, parent=None):
        """A commit that changes one file; its mark."""
        self.commits += 1
        text = f"commit {ref}\nmark :{self.commits}\ncommitter A <a@example.com> {1_600_000_000 + self.commits} +0000\ndata 1\nx\n"
        if parent:
            text += f"from :{parent}\n"
        data = content.encode()
        self.stream.stdin.write(f"{text}M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
        return self.commits

    def done(self):
        self.stream.stdin.close()
        if self.stream.wait() != 0:
            sys.exit("git fast-import failed")


def values(number):
    """A values file as a deployment changes it."""
    return f"image:\n  repository: registry.example/shop\n  tag: 1.0.{number}\nreplicas: {number % 7}\nenv:\n  LOG_LEVEL: info\n"


def refs(folder, number):
    """A push of so many new branches of staging, each with a commit of its own."""
    made = Import(folder)
    base = made.commit("refs/heads/main", "values.yaml", values(0))
    for at in range(number):
        made.commit(f"refs/pushed/{at}", f"apps/{at % 100}.yaml", values(at), base)
    made.done()
    return pushed(folder, "refs/heads/staging-{}")


def tags(folder, number):
    """A push of so many tags of one new commit."""
    made = Import(folder)
    base = made.commit("refs/heads/main", "values.yaml", values(0))
    made.commit("refs/pushed/0", "values.yaml", values(1), base)
    made.done()
    lines, reading = pushed(folder, "refs/tags/staging-{}")
    tip = lines.split()[1]
    return "".join(f"{ZERO} {tip} refs/tags/staging-{at}\n" for at in range(number)), reading


def pushed(folder, name):
    """What git tells a hook of a push of all below refs/pushed, which nothing names any more, and how it reads the same."""
    shown = git(folder, "for-each-ref", "--format=%(objectname)", "refs/pushed").split()
    doomed = git(folder, "for-each-ref", "--format=delete %(refname)", "refs/pushed")
    subprocess.run(["git", "-C", folder, "update-ref", "--stdin"], input=doomed, text=True, check=True)
    Path(folder, "pushed").write_text("\n".join([*shown, "^main", ""]))
    lines = "".join(f"{ZERO} {oid} {name.format(at)}\n" for at, oid in enumerate(shown))
    return lines, READING.format(what="--stdin <pushed")


def commits(folder, number):
    """A push of one branch of so many commits, each of which changes one of a hundred files."""
    made = Import(folder)
    tip = made.commit("refs/heads/main", "values.yaml", values(0))
    for at in range(number):
        tip = made.commit("refs/pushed/0", f"apps/{at % 100}.yaml", values(at), tip)
    made.done()
    return pushed(folder, "refs/heads/staging")


def depth(folder, number):
    """A push of one file below so many folders. More than 4,096 are refused as malformed."""
    made = Import(folder)
    base = made.commit("refs/heads/main", "values.yaml", values(0))
    made.commit("refs/pushed/0", "d/" * number + "values.yaml", values(1), base)
    made.done()
    return pushed(folder, "refs/heads/staging")


CASES = {
    "refs, a commit each": (refs, [10, 100, 1_000, 10_000]),
    "tags of one commit": (tags, [10, 100, 1_000, 10_000]),
    "commits, a file each": (commits, [100, 1_000, 10_000, 100_000]),
    "folders in each other": (depth, [4, 40, 400, 4_000]),
}


def git(folder, *arguments):
    done = subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


def cost(command, folder, given=""):
    """Seconds of processor time of a command and of what it waits for, and its exit code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, input=given, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done


def measure(stagegate, make, number, runs):
    """The medians of one number."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = str(Path(scratch, "pushed-to.git"))
        lines, reading = make(folder, number)
        ours, gits = [], []
        for _ in range(runs):
            seconds, done = cost(["sh", "-c", reading], folder)
            if done.returncode != 0:
                sys.exit(f"git could not read it: {done.stderr}")
            gits.append(seconds)
            seconds, done = cost([stagegate, "pre-receive", "--time-budget", "10m"], folder, lines)
            ours.append(seconds)
        say = done.stderr.strip().splitlines()
        return {
            "number": number,
            "seconds": round(statistics.median(ours), 4),
            "git_seconds": round(statistics.median(gits), 4),
            "exit": done.returncode,
            "said": say[0] if say else "",
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stagegate", default="stagegate")
    parser.add_argument("--only", help="cases whose name holds this")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--most", type=float, default=60, help="seconds that one run may be expected to take (default %(default)s)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", metavar="FILE.svg")
    options = parser.parse_args()
    stagegate = os.path.abspath(options.stagegate) if os.sep in options.stagegate else options.stagegate
    rows = []
    for case, (make, numbers) in CASES.items():
        if options.only and options.only not in case:
            continue
        points = []
        for number in numbers:
            if points and points[-1]["seconds"] * number / points[-1]["number"] > options.most:
                print(f"{case}: {number:,} and more are skipped: over {options.most:g} s are expected", file=sys.stderr)
                break
            points.append(measure(stagegate, make, number, options.runs))
            if not options.json:
                one = points[-1]
                ratio = one["seconds"] / max(one["git_seconds"], 1e-3)
                print(f"{case:24} {number:8,} {one['seconds']:9.3f} s  git {one['git_seconds']:8.3f} s  ratio {ratio:6.2f}"
                      f"  exit {one['exit']} {one['said'][:90]}", flush=True)
        bend = None
        if len(points) > 1:
            before, last = points[-2:]
            bend = round((last["seconds"] / last["number"]) / (before["seconds"] / before["number"]), 2)
            if not options.json:
                print(f"{case:24} one costs {bend} times as much at {last['number']:,} as at {before['number']:,}", flush=True)
        rows.append({"case": case, "bend": bend, "points": points})
    if options.json:
        print(json.dumps(rows, indent=1))
    if options.plot:
        lines = {}
        for row in rows:
            lines[row["case"]] = [(one["number"], max(one["seconds"], 1e-3)) for one in row["points"]]
        Path(options.plot).write_text(chart.draw(
            "Processor time of pre-receive against number", lines, "number", "seconds",
            [("1 ms each", [(100, 0.1), (10_000, 10)])]))


if __name__ == "__main__":
    main()
