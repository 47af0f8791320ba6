#!/usr/bin/env python3
"""What one new password in staging costs among many files of production's.

Builds a repository with real git: configuration files of production's, each with a password of its own, packed; one file of
staging's is staged, once with a new password and once with another port. Runs `stagegate pre-commit` on both in turns.
Standard library only:

    python3 benches/reuse.py --stagegate target/release/stagegate --files 10000
"""

import argparse
import json
import os
import pathlib
import random
import resource
import statistics
import string
import subprocess
import sys
import tempfile
import time

LETTERS = string.ascii_letters + string.digits


def git(repository, *arguments):
    """Runs git there."""
    subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True)


def build(repository, files, size):
    """The repository; tells the path of staging's file."""
    generator = random.Random(3)
    words = ["".join(generator.choices(string.ascii_lowercase, k=generator.randint(2, 11))) for _ in range(5000)]
    git(repository, "init", "-q", "-b", "main")
    # Else the commit starts a gc of its own, which the one below would meet.
    git(repository, "config", "gc.auto", "0")
    for number in range(files):
        path = pathlib.Path(repository, f"deploy/production/{number // 100}", f"service{number}.yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f"service: {generator.choice(words)}\ndb:\n  password: \"{''.join(generator.choices(LETTERS, k=18))}\"\nsettings:\n"
        while len(text) < size:
            text += f"  {'_'.join(generator.choices(words, k=2))}: {generator.choice(words)}-{generator.randint(0, 9999)}\n"
        path.write_text(text)
    staging = pathlib.Path(repository, "deploy/staging/service.yml")
    staging.parent.mkdir(parents=True)
    staging.write_text("service: web\ndb:\n  port: 5432\n")
    git(repository, "add", "-A")
    git(repository, "-c", "user.name=B", "-c", "user.email=b@example.com", "commit", "-qm", "Everything")
    git(repository, "gc", "-q")
    return staging


def timed(command, environment, folder):
    """Milliseconds of a whole process: on the wall, and on the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True)
    wall = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}: {done.stderr.decode()}")
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall * 1000, (now.ru_utime - used.ru_utime + now.ru_stime - used.ru_stime) * 1000


def main():
    """Builds, measures, reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stagegate", default="target/release/stagegate", help="the binary (default: %(default)s)")
    parser.add_argument("--files", type=int, default=10_000, help="of production's (default: %(default)s)")
    parser.add_argument("--size", type=int, default=2000, help="bytes of each (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=10, help="(default: %(default)s)")
    options = parser.parse_args()
    command = [os.path.abspath(options.stagegate), "pre-commit", "-q"]
    with tempfile.TemporaryDirectory(prefix="stagegate-bench-") as scratch:
        environment = {"PATH": os.environ["PATH"], "HOME": scratch, "GIT_CONFIG_NOSYSTEM": "1"}
        repository = pathlib.Path(scratch, "repository")
        repository.mkdir()
        staging = build(str(repository), options.files, options.size)
        password = "".join(random.Random(5).choices(LETTERS, k=18))
        changes = {"another port": "  port: 5433\n", "a new password": f"  port: 5432\n  password: \"{password}\"\n"}
        taken = {name: [] for name in changes}
        for run in range(-1, options.runs):
            for name, lines in changes.items():
                staging.write_text(f"service: web\ndb:\n{lines}")
                git(str(repository), "add", "-A")
                times = timed(command, environment, str(repository))
                if run >= 0:
                    taken[name].append(times)
    result = {"files": options.files, "bytes_a_file": options.size}
    for name, times in taken.items():
        wall, processor = zip(*times)
        result[name] = {
            "wall_ms": round(statistics.median(wall), 1),
            "processor_ms": round(statistics.median(processor), 1),
            "least_processor_ms": round(min(processor), 1),
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
