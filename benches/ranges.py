#!/usr/bin/env python3
"""Processor and wall time of `stagegate check` over ranges of commits, as a ratio to what git needs to read their objects:
`git rev-list --objects RANGE | git cat-file --batch --buffer`. Both in turns, in one run.

    python3 benches/ranges.py --stagegate target/bin/stagegate REPOSITORY...

A binary that is called `reading` is the one of `benches/reading.rs`: walking and reading alone, without matching.

Of each repository the last 10, 100, 1,000 and 10,000 commits of HEAD are taken. `--gitops N` adds a repository of N
commits made by `gitops.py`. Memory is the peak of resident memory; of mapped packs only what was touched counts.
`--json` prints the same for programs. Standard library only.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import gitops


def git(repository, *arguments):
    """Runs git there; its output."""
    done = subprocess.run(["git", *arguments], cwd=repository, check=True, capture_output=True, text=True)
    return done.stdout


def cost(commands, repository, environment):
    """Seconds of processor time, user and system, of a pipeline of commands, its wall time, the peak memory of its last in MiB,
    and the last one's exit code."""
    reading = None
    started = time.monotonic()
    children = []
    for number, command in enumerate(commands):
        last = number + 1 == len(commands)
        child = subprocess.Popen(
            command,
            cwd=repository,
            env=environment,
            stdin=reading or subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if last else subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        if reading:
            reading.close()
        reading = child.stdout
        children.append(child)
    seconds, peak, code = 0.0, 0, 0
    for child in children:
        _, status, usage = os.wait4(child.pid, 0)
        code = child.returncode = os.waitstatus_to_exitcode(status)
        seconds += usage.ru_utime + usage.ru_stime
        peak = usage.ru_maxrss
    return seconds, time.monotonic() - started, peak / 1024, code


def ranges(repository, sizes):
    """Base, head and number of commits of the last so many commits of HEAD."""
    listed = git(repository, "rev-list", "--topo-order", f"--max-count={max(sizes) + 1}", "HEAD").split()
    for size in sizes:
        if size >= len(listed):
            return
        base = listed[size]
        count = int(git(repository, "rev-list", "--count", f"{base}..HEAD"))
        yield base, listed[0], count


def measure(binaries, repository, base, head, runs, ref, policy):
    """Median seconds of git and of each binary, its ratio to git's of the same turn, and what it said it read."""
    environment = dict(os.environ, GIT_NO_LAZY_FETCH="1", GIT_CONFIG_NOSYSTEM="1")
    anchor = [
        ["git", "rev-list", "--objects", "--no-object-names", f"{base}..{head}"],
        ["git", "cat-file", "--batch", "--buffer"],
    ]
    commands = []
    told = []
    for binary in binaries:
        if binary.name.startswith("reading"):
            commands.append([str(binary), str(repository), base, head])
            done = subprocess.run(commands[-1], env=environment, capture_output=True, text=True, check=True)
            _, _, blobs, _, size, _ = done.stdout.split()
            told.append({"blobs": int(blobs), "bytes": int(size)})
            continue
        command = [str(binary), "check", "--base", base, "--head", head, "--ref", ref]
        command += ["--policy", str(policy)] if policy else []
        commands.append(command)
        done = subprocess.run(
            command + ["--format", "json"], cwd=repository, env=environment, capture_output=True, check=False
        )
        told.append(json.loads(done.stdout)["stats"])
    of_git, of_each = [], [[] for _ in commands]
    for _ in range(runs):
        of_git.append(cost(anchor, repository, environment))
        for seen, command in zip(of_each, commands):
            seen.append(cost([command], repository, environment))
    rows = []
    for binary, seen, stats in zip(binaries, of_each, told):
        ratios = [one[0] / of[0] for one, of in zip(seen, of_git)]
        walls = [one[1] / of[1] for one, of in zip(seen, of_git)]
        rows.append(
            {
                "binary": str(binary),
                "seconds": statistics.median(one[0] for one in seen),
                "ratio": statistics.median(ratios),
                "spread": [min(ratios), max(ratios)],
                "wall_seconds": statistics.median(one[1] for one in seen),
                "wall_ratio": statistics.median(walls),
                "peak_mib": max(one[2] for one in seen),
                "exit": seen[-1][3],
                "stats": stats,
            }
        )
    return statistics.median(one[0] for one in of_git), rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repositories", nargs="*", type=pathlib.Path)
    parser.add_argument("--stagegate", type=pathlib.Path, action="append", required=True, help="several are compared")
    parser.add_argument("--sizes", default="10,100,1000,10000", help="numbers of commits")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--ref", default="staging", help="where the range is on its way to")
    parser.add_argument("--policy", type=pathlib.Path)
    parser.add_argument("--gitops", type=int, default=0, metavar="N", help="a made repository of N commits, too")
    parser.add_argument("--at-most", type=float, help="fail where a ratio is larger")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    binaries = [binary.resolve() for binary in given.stagegate]
    policy = given.policy.resolve() if given.policy else None
    rows = []
    with tempfile.TemporaryDirectory(prefix="stagegate-ranges-") as made:
        repositories = [path.resolve() for path in given.repositories]
        if given.gitops:
            repositories.append(pathlib.Path(made) / "gitops.git")
            gitops.build(repositories[-1], given.gitops)
        if not given.json:
            print("| repository | commits | git | binary | time | ratio | spread | wall | ratio | peak MiB | blobs | MB |")
            print("| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
        for repository in repositories:
            for base, head, count in ranges(repository, sizes):
                of_git, seen = measure(binaries, repository, base, head, given.runs, given.ref, policy)
                for row in seen:
                    row = {"repository": repository.name, "commits": count, "git_seconds": of_git, **row}
                    rows.append(row)
                    if not given.json:
                        print(
                            f"| {row['repository']} | {count} | {of_git:.3f} s "
                            f"| {pathlib.Path(row['binary']).name} | {row['seconds']:.3f} s "
                            f"| {row['ratio']:.2f} | {row['spread'][0]:.2f}-{row['spread'][1]:.2f} "
                            f"| {row['wall_seconds']:.3f} s | {row['wall_ratio']:.2f} "
                            f"| {row['peak_mib']:.0f} | {row['stats']['blobs']} | {row['stats']['bytes'] / 1e6:.1f} |",
                            flush=True,
                        )
    if given.json:
        json.dump(rows, sys.stdout, indent=1)
        print()
    if given.at_most and any(row["ratio"] > given.at_most for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
