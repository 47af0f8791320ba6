#!/usr/bin/env python3
"""What an inventory of known secrets costs: to build, on disk, at the start, and while a tree is scanned.

Generates entries, adds them with `stagegate inventory add`, builds a repository with real git, and runs the same command
with and without the inventory in turns. Standard library only:

    cargo build --release --locked
    python3 benches/inventory.py --stagegate target/release/stagegate --entries 10000000
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

ALPHABET = (string.ascii_letters + string.digits).encode()


def tokens(count, seed):
    """Random values of 20 to 40 letters and digits, one a line."""
    generator = random.Random(seed)
    table = bytes(ALPHABET[byte % 62] for byte in range(256))
    for _ in range(count):
        length = 20 + generator.getrandbits(8) % 21
        yield generator.randbytes(length).translate(table)


def git(repository, *arguments):
    """Runs git there."""
    subprocess.run(["git", "-C", repository, *arguments], check=True, capture_output=True)


def build(repository, files):
    """A repository of configuration and source code, on a branch that is claimed; one file is staged."""
    generator = random.Random(1)
    words = [bytes(generator.choices(string.ascii_lowercase.encode(), k=generator.randint(2, 11))).decode() for _ in range(5000)]
    git(repository, "init", "-q", "-b", "staging")
    for number in range(files):
        path = pathlib.Path(repository, f"src/{number // 100}", f"{number}.{'yml' if number % 4 == 0 else 'py'}")
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = []
        for line in range(200):
            name = "_".join(generator.choices(words, k=2))
            if number % 4 == 0:
                lines.append(f"  {name}: {generator.choice(words)}-{generator.getrandbits(32):08x}")
                if line % 10 == 0:
                    # As long as many entries: a commit.
                    lines.append(f"  {name}_ref: {generator.getrandbits(160):040x}")
            else:
                lines.append(f"    {name} = self.{generator.choice(words)}({', '.join(generator.choices(words, k=3))})  # {generator.randint(0, 999)}")
        path.write_text("\n".join(lines) + "\n")
    git(repository, "add", "-A")
    git(repository, "-c", "user.name=B", "-c", "user.email=b@example.com", "commit", "-qm", "Everything")
    git(repository, "gc", "-q")
    path.write_text(path.read_text() + "    last = 1\n")
    git(repository, "add", "-A")


def timed(command, environment, folder, processor):
    """Milliseconds of a whole process."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}: {done.stderr.decode()}")
    took = time.perf_counter() - start
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    if processor:
        took = now.ru_utime - used.ru_utime + now.ru_stime - used.ru_stime
    return took * 1000


def compare(command, plain, known, folder, runs, processor):
    """Medians without and with the inventory, in turns."""
    times = {"without": [], "with": []}
    for run in range(-2, runs):
        for name, environment in (("without", plain), ("with", known)):
            took = timed(command, environment, folder, processor)
            if run >= 0:
                times[name].append(took)
    medians = {name: round(statistics.median(taken), 2) for name, taken in times.items()}
    medians["least"] = {name: round(min(taken), 2) for name, taken in times.items()}
    medians["ratio"] = round(medians["with"] / medians["without"], 3)
    medians["ratio_of_least"] = round(medians["least"]["with"] / medians["least"]["without"], 3)
    return medians


def main():
    """Builds, measures, reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stagegate", default="target/release/stagegate", help="the binary (default: %(default)s)")
    parser.add_argument("--entries", type=int, default=1_000_000, help="(default: %(default)s)")
    parser.add_argument("--files", type=int, default=3000, help="of the scanned tree, about 10 KB each (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=15, help="(default: %(default)s)")
    parser.add_argument("--signs", type=int, default=0, help="entries with signs and short runs, beside the others (default: %(default)s)")
    parser.add_argument("--processor-time", action="store_true", help="compare user and system time instead of wall time: on a busy machine")
    parser.add_argument("--at-most", type=float, metavar="RATIO", help="exit 1 where a scan's ratio is larger")
    options = parser.parse_args()
    stagegate = os.path.abspath(options.stagegate)

    with tempfile.TemporaryDirectory(prefix="stagegate-bench-") as scratch:
        scratch = pathlib.Path(scratch)
        plain = {"PATH": os.environ["PATH"], "HOME": str(scratch), "GIT_CONFIG_NOSYSTEM": "1"}
        known = plain | {"STAGEGATE_INVENTORY": str(scratch / "inventory"), "STAGEGATE_INVENTORY_KEY_FILE": str(scratch / "key")}
        values = scratch / "values"
        with values.open("wb") as file:
            for value in tokens(options.entries, 7):
                file.write(value + b"\n")
            for value in tokens(options.signs, 8):
                file.write(value[:4] + b"#" + value[4:8] + b"@" + value[8:12] + b"!" + value[12:16] + b"\n")
        start = time.perf_counter()
        with values.open("rb") as file:
            added = subprocess.run(
                [stagegate, "inventory", "add", "--environment", "production", "--input", "lines"],
                stdin=file, env=known, check=True, capture_output=True,
            )
        took = time.perf_counter() - start
        size = (scratch / "inventory").stat().st_size
        values.unlink()
        repository = scratch / "repository"
        repository.mkdir()
        build(str(repository), options.files)
        pack = sum(f.stat().st_size for f in repository.rglob("*.*") if ".git" not in f.parts)
        result = {
            "entries": options.entries + options.signs,
            "added": added.stdout.decode().splitlines(),
            "build_seconds": round(took, 1),
            "bytes": size,
            "bytes_an_entry": round(size / (options.entries + options.signs), 1),
            "tree_bytes": pack,
            "scan": compare([stagegate, "scan", "-q"], plain, known, repository, options.runs, options.processor_time),
            "pre_commit_of_one_file": compare([stagegate, "pre-commit", "-q"], plain, known, repository, options.runs * 4, options.processor_time),
        }
    lookup = result["scan"]["least"]
    result["lookup_ns_a_byte"] = round((lookup["with"] - lookup["without"]) * 1e6 / result["tree_bytes"], 2)
    print(json.dumps(result, indent=2))
    if options.at_most is not None and result["scan"]["ratio"] > options.at_most:
        sys.exit(1)


if __name__ == "__main__":
    main()
