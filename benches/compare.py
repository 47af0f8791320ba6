#!/usr/bin/env python3
"""Whole processes compared in one run: stagegate, git itself, and whichever other scanners stand on PATH.

Takes any repository and any ranges of it. Two questions are asked of each tool, in turns:

* a range: what do the new objects of BASE..HEAD cost? The anchor is what git needs to read them,
  `git rev-list --objects RANGE | git cat-file --batch --buffer`;
* pre-commit: what does one changed file cost? The anchor is `git diff --cached --quiet`.

Prints medians with the spread, as ratios to the anchor of the same run. Peers that are not there are left out; none is
installed, none may speak to the network. Standard library only:

    ./install.sh --no-hooks --prefix target/bin
    python3 benches/compare.py --stagegate target/bin/stagegate --repository ../some.git --commits 10,100,1000
    python3 benches/compare.py --repository ../some.git --range v1.0..v1.1 --json > figures.json
    python3 benches/compare.py --repository ../some.git --svg docs/images/ranges.svg
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import chart

# How each peer is asked. `{git}` is the repository's git directory, `{work}` its working tree, `{base}` and `{head}` are
# commits, `{file}` is the staged file. None: the tool has no such mode. Found secrets are no failure.
PEERS = {
    "gitleaks": {
        "version": ["version"],
        "range": ["git", "--no-banner", "--log-opts={base}..{head}", "--exit-code=0", "{git}"],
        "pre-commit": ["git", "--no-banner", "--pre-commit", "--staged", "--exit-code=0", "{work}"],
    },
    "betterleaks": {
        "version": ["version"],
        "range": ["git", "--no-banner", "--log-opts={base}..{head}", "--exit-code=0", "{git}"],
        "pre-commit": ["git", "--no-banner", "--staged", "--exit-code=0", "{work}"],
    },
    "trufflehog": {
        "version": ["--version"],
        "range": ["git", "--no-update", "--no-verification", "--since-commit={base}", "--branch={head}", "file://{git}"],
        "pre-commit": ["git", "--no-update", "--no-verification", "--since-commit=HEAD", "file://{work}"],
    },
    "kingfisher": {
        "version": ["--version"],
        "range": ["scan", "--no-validate", "--no-update-check", "--since-commit={base}", "--branch={head}", "{git}"],
        "pre-commit": ["scan", "--no-validate", "--no-update-check", "--staged", "{work}"],
        "ok": [0, 200, 205],
    },
    "noseyparker": {
        "version": ["--version"],
        # Has no ranges: the whole history.
        "all": ["scan", "--datastore={scratch}/noseyparker", "{git}"],
    },
    "titus": {
        "version": ["version"],
        "all": ["scan", "--git", "--output=:memory:", "{git}"],
    },
    "ripsecrets": {
        "version": ["--version"],
        # Reads the file and not what is staged.
        "pre-commit": ["{file}"],
        "ok": [0, 1],
    },
    "detect-secrets-hook": {
        "version": ["--version"],
        "pre-commit": ["--no-verify", "{file}"],
        "ok": [0, 1],
    },
    "talisman": {
        "version": ["--version"],
        "pre-commit": ["--githook", "pre-commit"],
        "ok": [0, 1],
    },
}

POLICY = 'version = 1\n[environment.staging]\nrefs = ["*"]\n'


def git(repository, *arguments):
    """Runs git there; its output."""
    done = subprocess.run(["git", "-C", str(repository), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Tool:
    """One command that is measured."""

    def __init__(self, name, command, folder, ok=(0,), environment=None):
        self.name, self.command, self.folder, self.ok = name, command, folder, ok
        self.environment = os.environ | (environment or {})
        self.wall, self.cpu, self.failed = [], [], None

    def run(self, counts):
        """Wall and processor time of the whole process and of those it waits for, in milliseconds."""
        with open(os.devnull, "r+b") as nothing:
            start = time.perf_counter()
            process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environment, stdin=nothing, stdout=nothing, stderr=nothing
            )
            _, status, usage = os.wait4(process.pid, 0)
            took = (time.perf_counter() - start) * 1000
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in self.ok:
            self.failed = f"exit {process.returncode}"
        elif counts:
            self.wall.append(took)
            self.cpu.append((usage.ru_utime + usage.ru_stime) * 1000)

    def figures(self, anchor):
        """What is told of it; ratios are of the medians."""
        if self.failed or not self.wall:
            return {"failed": self.failed}
        quarters = statistics.quantiles(self.wall, n=4) if len(self.wall) > 1 else self.wall * 3
        told = {
            "wall_ms": round(statistics.median(self.wall), 2),
            "wall_quartiles_ms": [round(quarters[0], 2), round(quarters[2], 2)],
            "cpu_ms": round(statistics.median(self.cpu), 2),
            "runs": len(self.wall),
        }
        if anchor is not None and anchor.wall:
            told["wall_ratio"] = round(told["wall_ms"] / statistics.median(anchor.wall), 2)
            # A process of less than a clock tick has no processor time.
            cpu = statistics.median(anchor.cpu)
            told["cpu_ratio"] = round(told["cpu_ms"] / cpu, 2) if cpu else None
        return told


def measured(tools, runs):
    """Runs the tools in turns, one round to warm up; the first is the anchor."""
    for turn in range(-1, runs):
        for tool in tools:
            if not tool.failed:
                tool.run(counts=turn >= 0)
    return {tool.name: tool.figures(tools[0]) for tool in tools}


def peers(names, mode, values):
    """The peers on PATH that know a mode."""
    tools = []
    for name, how in PEERS.items():
        path = shutil.which(name)
        if path is None or mode not in how or (names and name not in names):
            continue
        arguments = [argument.format(**values) for argument in how[mode]]
        tools.append(Tool(name, [path, *arguments], values["work"], tuple(how.get("ok", [0]))))
    return tools


def versions(names):
    """What each peer says of itself."""
    found = {}
    for name, how in PEERS.items():
        path = shutil.which(name)
        if path and (not names or name in names):
            told = subprocess.run([path, *how["version"]], capture_output=True, text=True, check=False)
            lines = (told.stdout + told.stderr).strip().splitlines()
            found[name] = lines[-1] if lines else "?"
    return found


def of_range(options, scratch, git_dir, base, head):
    """One range, by all tools."""
    policy = scratch / "policy.toml"
    policy.write_text(POLICY)
    reading = f"git rev-list --objects --no-object-names {base}..{head} | git cat-file --batch --buffer"
    values = {"git": git_dir, "work": git_dir, "base": base, "head": head, "scratch": str(scratch), "file": ""}
    tools = [
        Tool("git", ["sh", "-c", reading], git_dir),
        Tool(
            "stagegate",
            [options.stagegate, "--policy", str(policy), "check", "-q", "--base", base, "--head", head, "--ref", "measured"],
            git_dir,
            (0, 1),
        ),
        *peers(options.peers, "range", values),
    ]
    commits = int(git(git_dir, "rev-list", "--count", f"{base}..{head}"))
    return {"commits": commits, "range": f"{base[:12]}..{head[:12]}", "tools": measured(tools, options.runs)}


def of_all(options, scratch, git_dir):
    """The whole history, by those that have no ranges too."""
    policy = scratch / "policy.toml"
    policy.write_text(POLICY)
    reading = "git rev-list --objects --no-object-names HEAD | git cat-file --batch --buffer"
    values = {"git": git_dir, "work": git_dir, "scratch": str(scratch)}
    empty = "0" * 40
    tools = [
        Tool("git", ["sh", "-c", reading], git_dir),
        Tool(
            "stagegate",
            [options.stagegate, "--policy", str(policy), "check", "-q", "--base", empty, "--head", "HEAD", "--ref", "measured"],
            git_dir,
            (0, 1),
        ),
        *peers(options.peers, "all", values),
    ]
    return {"tools": measured(tools, options.runs)}


def of_commit(options, scratch, git_dir, head):
    """One changed file, by all tools, in a working tree that shares the repository's objects."""
    work = scratch / "work"
    subprocess.run(
        ["git", "clone", "-q", "--shared", "--no-checkout", git_dir, str(work)], check=True, capture_output=True
    )
    git(work, "checkout", "-q", "-B", "measured", head)
    files = [name for name in git(work, "ls-files", "-z").split("\0") if name and (work / name).is_file()]
    # The median of the text files by size: neither an empty nor an endless one.
    texts = [name for name in files if not (work / name).is_symlink() and b"\0" not in (work / name).read_bytes()[:8000]]
    texts.sort(key=lambda name: (work / name).stat().st_size)
    changed = texts[len(texts) // 2]
    with open(work / changed, "a", encoding="utf-8") as file:
        file.write("\nlast = 1\n")
    git(work, "add", "--", changed)
    values = {"git": str(work / ".git"), "work": str(work), "file": changed, "base": head, "head": head, "scratch": str(scratch)}
    tools = [
        Tool("git diff --cached --quiet", ["git", "diff", "--cached", "--quiet"], work, (1,)),
        Tool("git diff --cached -p", ["git", "diff", "--cached", "-p"], work),
        Tool("/bin/true", ["/bin/true"], work),
        Tool("stagegate", [options.stagegate, "pre-commit", "-q"], work, (0, 1)),
        *peers(options.peers, "pre-commit", values),
    ]
    size = (work / changed).stat().st_size
    return {"files": len(files), "changed_bytes": size, "tools": measured(tools, options.runs * 3)}


def table(title, tools):
    """One table for people."""
    lines = [title, f"  {'':28} {'wall ms':>10} {'quartiles':>19} {'ratio':>7} {'cpu ms':>10} {'ratio':>7}"]
    for name, told in tools.items():
        if "wall_ms" not in told:
            lines.append(f"  {name:28} {told['failed'] or 'not measured'}")
            continue
        low, high = told["wall_quartiles_ms"]
        spread = f"{low:.1f}-{high:.1f}"
        cpu = told.get("cpu_ratio")
        lines.append(
            f"  {name:28} {told['wall_ms']:10.1f} {spread:>19} {told['wall_ratio']:7.2f}"
            f" {told['cpu_ms']:10.1f} {cpu if cpu is not None else '-':>7}"
        )
    return "\n".join(lines)


def plot(ranges, title):
    """Ratios to git over the number of commits, as SVG."""
    lines = {}
    for one in ranges:
        for name, told in one["tools"].items():
            if name != "git" and "wall_ratio" in told:
                lines.setdefault(name, []).append((max(one["commits"], 1), told["wall_ratio"]))
    counts = [max(one["commits"], 1) for one in ranges]
    git = [(min(counts), 1), (max(counts), 1)]
    return chart.draw(title, lines, "commits", "wall time, git reading the objects is 1", [("git", git)])


def main():
    """Measures and reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stagegate", default="target/release/stagegate", help="the binary (default: %(default)s)")
    parser.add_argument("--repository", required=True, help="any git repository")
    parser.add_argument("--head", default="HEAD", help="the last commit of the ranges (default: %(default)s)")
    parser.add_argument("--range", action="append", default=[], metavar="BASE..HEAD", help="a range; may be repeated")
    parser.add_argument("--commits", default="10,100,1000", help="ranges of so many first parents (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=7, help="of each tool and range, in turns (default: %(default)s)")
    parser.add_argument("--peers", type=lambda text: text.split(","), default=[], help="only these (default: all on PATH)")
    parser.add_argument("--all", action="store_true", help="the whole history too")
    parser.add_argument("--no-pre-commit", action="store_true", help="ranges only")
    parser.add_argument("--json", action="store_true", help="figures for programs")
    parser.add_argument("--svg", metavar="FILE", help="a plot of the ranges")
    options = parser.parse_args()
    options.stagegate = os.path.abspath(options.stagegate)
    git_dir = git(options.repository, "rev-parse", "--absolute-git-dir")
    head = git(git_dir, "rev-parse", options.head + "^{commit}")

    ranges = [(git(git_dir, "rev-parse", base + "^{commit}"), git(git_dir, "rev-parse", (end or "HEAD") + "^{commit}"))
              for base, _, end in (text.partition("..") for text in options.range)]
    if not ranges:
        line = git(git_dir, "rev-list", "--first-parent", head).split()
        ranges = [(line[count], head) for count in map(int, options.commits.split(",")) if count < len(line)]
    result = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}",
        "load": [round(load, 1) for load in os.getloadavg()],
        "git": git(git_dir, "--version"),
        "repository": pathlib.Path(git_dir.removesuffix("/.git")).name,
        "peers": versions(options.peers),
        "ranges": [],
    }
    with tempfile.TemporaryDirectory(prefix="stagegate-bench-") as scratch:
        scratch = pathlib.Path(scratch)
        for base, end in ranges:
            result["ranges"].append(of_range(options, scratch, git_dir, base, end))
            if not options.json:
                one = result["ranges"][-1]
                print(table(f"{one['commits']} commits, {one['range']}:", one["tools"]), flush=True)
        if options.all:
            result["all"] = of_all(options, scratch, git_dir)
            if not options.json:
                print(table("the whole history:", result["all"]["tools"]), flush=True)
        if not options.no_pre_commit:
            result["pre_commit"] = of_commit(options, scratch, git_dir, head)
            if not options.json:
                told = result["pre_commit"]
                print(table(f"pre-commit, one file of {told['changed_bytes']} bytes among {told['files']}:", told["tools"]))
    if options.json:
        print(json.dumps(result, indent=2))
    if options.svg and result["ranges"]:
        title = f"Wall time as a ratio to git reading the objects of a range ({result['repository']})"
        pathlib.Path(options.svg).write_text(plot(result["ranges"], title))


if __name__ == "__main__":
    sys.exit(main())
