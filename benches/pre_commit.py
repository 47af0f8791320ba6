#!/usr/bin/env python3
"""Wall time of `stagegate pre-commit` against `git diff --cached --quiet`, whole processes, in one run.

Builds a repository with real git, stages one changed file, and starts the two commands and `/bin/true` (the cost of
starting any process from here) in turns. Standard library only:

    cargo build --release --locked
    python3 benches/pre_commit.py --stagegate target/release/stagegate --files 5000
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

SERVICE = """\
service:
  name: service-{number}
  replicas: {replicas}
  image: registry.example.com/team/service-{number}:{replicas}.{number}
  environment:
    LOG_LEVEL: info
    DATABASE_URL: postgres://service@db.staging.example.com:5432/service_{number}
    DATABASE_PASSWORD: ${{DATABASE_PASSWORD}}
  resources:
    limits: {{ cpu: 500m, memory: 256Mi }}
    requests: {{ cpu: 100m, memory: 128Mi }}
"""

SOURCE = '''\
"""Module {number}."""


def value_{number}(items, token=None):
    """The sum of the items that are larger than {number}."""
    return sum(item for item in items if item > {number})
'''


def git(repository, *arguments):
    """Runs git there; its output."""
    done = subprocess.run(["git", *arguments], cwd=repository, check=True, capture_output=True, text=True)
    return done.stdout


def build(repository, files):
    """A repository of so many committed files, packed, with one changed file staged."""
    git(repository, "init", "-q", "-b", "main")
    git(repository, "config", "gc.auto", "0")
    changed = None
    for number in range(files):
        if number % 10 == 0:
            path = repository / "config" / "staging" / f"{number // 1000:03}" / f"service-{number}.yml"
            text = SERVICE.format(number=number, replicas=number % 7 + 1)
            changed = changed or path
        else:
            path = repository / "src" / f"package_{number // 500:03}" / f"part_{number // 50 % 10}" / f"module_{number}.py"
            text = SOURCE.format(number=number) * (number % 5 + 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Everything")
    git(repository, "gc", "-q")
    changed.write_text(changed.read_text().replace("LOG_LEVEL: info", "LOG_LEVEL: debug"))
    git(repository, "add", "-A")
    staged = git(repository, "diff", "--cached", "--name-only").split()
    assert len(staged) == 1, staged


def timed(command, environment):
    """Milliseconds from before the process is made to after it is gone, and its exit code."""
    quiet = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    start = time.perf_counter()
    process = os.posix_spawn(command[0], command, environment, file_actions=quiet)
    _, status = os.waitpid(process, 0)
    return (time.perf_counter() - start) * 1000, os.waitstatus_to_exitcode(status)


def summary(times):
    """Median and quartiles in milliseconds."""
    low, median, high = statistics.quantiles(times, n=4)
    return {"median": round(median, 3), "quartiles": [round(low, 3), round(high, 3)], "least": round(min(times), 3)}


def machine():
    """What it ran on."""
    model = platform.processor() or platform.machine()
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def main():
    """Builds, measures, reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stagegate", default="target/release/stagegate", help="the binary (default: %(default)s)")
    parser.add_argument("--files", type=int, default=5000, help="files in the repository (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=100, help="runs of each command (default: %(default)s)")
    parser.add_argument("--at-most", type=float, metavar="RATIO", help="exit 1 where the ratio is larger")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if options.files < 1 or options.runs < 2:
        parser.error("--files needs at least 1, --runs at least 2")

    stagegate = os.path.abspath(options.stagegate)
    if not os.access(stagegate, os.X_OK):
        parser.error(f"there is no {stagegate}: cargo build --release --locked")
    path = os.environ.get("PATH", os.defpath)
    programs = {name: next(p for f in path.split(":") if os.access(p := f"{f}/{name}", os.X_OK)) for name in ("git", "true")}

    with tempfile.TemporaryDirectory(prefix="stagegate-bench-") as scratch:
        home, repository = pathlib.Path(scratch, "home"), pathlib.Path(scratch, "repository")
        home.mkdir()
        repository.mkdir()
        environment = {"PATH": path, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
        for who in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{who}_NAME": "Bench", f"GIT_{who}_EMAIL": "bench@example.com"}
        os.environ.clear()
        os.environ.update(environment)
        build(repository, options.files)
        os.chdir(repository)
        commands = {
            "true": ([programs["true"]], 0),
            "git": ([programs["git"], "diff", "--cached", "--quiet"], 1),
            "stagegate": ([stagegate, "pre-commit"], 0),
        }
        times = {name: [] for name in commands}
        for run in range(-5, options.runs):  # the first five warm the caches
            for name, (command, expected) in commands.items():
                took, code = timed(command, environment)
                if code != expected:
                    sys.exit(f"{' '.join(command)} ended with {code}, not {expected}")
                if run >= 0:
                    times[name].append(took)
        os.chdir("/")

    result = {
        "files": options.files,
        "runs": options.runs,
        "machine": machine(),
        "git": git("/", "--version").strip(),
        "milliseconds": {name: summary(taken) for name, taken in times.items()},
    }
    medians = {name: result["milliseconds"][name]["median"] for name in commands}
    result["ratio"] = round(medians["stagegate"] / medians["git"], 2)
    result["ratio_above_true"] = round(
        (medians["stagegate"] - medians["true"]) / max(medians["git"] - medians["true"], 0.001), 2
    )
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print(f"{options.files} files, one staged, {options.runs} runs of each in turns; {result['machine']}; {result['git']}")
        labels = {"true": "/bin/true", "git": "git diff --cached --quiet", "stagegate": "stagegate pre-commit"}
        for name, label in labels.items():
            figures = result["milliseconds"][name]
            low, high = figures["quartiles"]
            print(f"{label:26} median {figures['median']:8.2f} ms   middle half {low:.2f} to {high:.2f}")
        print(f"ratio of medians {result['ratio']}")
    if options.at_most is not None and result["ratio"] > options.at_most:
        sys.exit(1)


if __name__ == "__main__":
    main()
