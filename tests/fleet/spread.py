"""Audits many repositories on a local cluster of Dask, and loses a worker on the way: `spread.py STAGEGATE FOLDER NUMBER`.

Makes NUMBER small repositories (git fast-import), audits them in one process, then in shards on the cluster while one worker
process is killed, and compares the merged records byte for byte. Then asks DuckDB what docs/fleet.md asks.
"""

import os
import pathlib
import random
import re
import signal
import string
import subprocess
import sys
import time

import duckdb
from dask.distributed import Client, LocalCluster, as_completed

DAY = "2026-11-25"
DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs" / "fleet.md"


def live(number):
    """A key in the shape of Stripe's live mode; made here, so that no file holds one."""
    letters = random.Random(number).choices(string.ascii_letters + string.digits, k=24)
    return "sk_" + "live_" + "".join(letters)


def repository(folder, number):
    """Every repository has a key of its own in production; each fifth one shares a key with others in staging."""
    path = folder / f"team-{number % 7}" / f"repo-{number}.git"
    path.mkdir(parents=True)
    git = ["git", "-C", str(path)]
    quiet = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run([*git, "init", "-q", "--bare", "-b", "main", "--template="], check=True, env=quiet)
    commits = []

    def commit(day, path, text):
        when = int(time.mktime(time.strptime(f"{day} UTC", "%Y-%m-%d %Z")))
        body = text.encode()
        commits.append(
            b"commit refs/heads/main\nauthor Ada <a@example.invalid> %d +0000\n"
            b"committer Ada <a@example.invalid> %d +0000\ndata 4\nWork\nM 100644 inline %s\ndata %d\n%s\n"
            % (when, when, path.encode(), len(body), body)
        )

    commit("2025-01-06", "README.md", f"Repository {number}.\n")
    commit(f"2025-{number % 12 + 1:02}-11", "config/production.yml", f"payments:\n  stripe_secret_key: {live(number)}\n")
    if number % 5 == 0:
        commit("2026-02-02", "config/staging.yml", f"payments:\n  stripe_secret_key: {live(10_000 + number % 3)}\n")
    subprocess.run([*git, "fast-import", "--quiet", "--done"], input=b"".join(commits) + b"done\n", check=True, env=quiet)
    return f"team-{number % 7}/repo-{number}\t{path}"


def audit(stagegate, listed, into, shard):
    """One task: a shard. Run twice, it does nothing the second time."""
    return subprocess.run(
        [stagegate, "audit", "--repos-from", listed, "--shard", shard, "--into", into, "--as-of", DAY, "--no-cache"],
        check=True, capture_output=True, text=True,
    ).stdout


def merged(folder):
    lines = sorted(line for file in pathlib.Path(folder).glob("*.jsonl") for line in file.read_text().splitlines())
    return "\n".join(lines) + "\n"


def main():
    stagegate, folder, number = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    begun = time.monotonic()
    listed = folder / "repos.txt"
    listed.write_text("\n".join(repository(folder / "repos", at) for at in range(number)) + "\n")
    print(f"{number} repositories made in {time.monotonic() - begun:.1f} s")

    begun = time.monotonic()
    audit(stagegate, listed, folder / "alone", "1/1")
    expected = merged(folder / "alone")
    print(f"one process: {time.monotonic() - begun:.1f} s")

    shards = [f"{at}/16" for at in range(1, 17)]
    begun = time.monotonic()
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        tasks = [client.submit(audit, stagegate, listed, folder / "spread", shard, retries=3) for shard in shards]
        killed = None
        for done, task in enumerate(as_completed(tasks)):
            if done == 2:
                # As a machine that goes away: no goodbye.
                pids = client.run(os.getpid)
                killed = pids[sorted(pids)[0]]
                os.kill(killed, signal.SIGKILL)
            assert task.status == "finished", task.exception()
        assert killed, "no worker was killed"
    print(f"16 shards on two workers, one of them killed: {time.monotonic() - begun:.1f} s")
    spread = merged(folder / "spread")
    assert spread == expected, "the records differ"

    # Again: nothing is left to do.
    begun = time.monotonic()
    again = audit(stagegate, listed, folder / "spread", "1/1")
    assert again.startswith("0 audited"), again
    print(f"again: {time.monotonic() - begun:.1f} s, {again.strip()}")

    records = folder / "merged.jsonl"
    records.write_text(spread)
    os.chdir(folder)
    answers = {}
    for name, query in re.findall(r"<!-- query: (\S+) -->\n```sql\n(.*?)```", DOCS.read_text(), re.S):
        answers[name] = duckdb.sql(query).fetchall()
        print(f"{name}: {len(answers[name])} rows, first {answers[name][0]}")
    assert set(answers) == {"in-staging", "shared", "oldest", "summary"}, answers.keys()
    in_staging = [at for at in range(number) if at % 5 == 0]
    assert len(answers["in-staging"]) == len(in_staging), answers["in-staging"]
    # Three keys that many repositories share, by the same fingerprint everywhere.
    assert len(answers["shared"]) == 3, answers["shared"]
    assert sum(row[1] for row in answers["shared"]) == len(in_staging)
    days = [str(row[0]) for row in answers["oldest"]]
    assert days == sorted(days) and days[0] == "2025-01-11", days

    page = folder / "fleet.html"
    with records.open() as lines:
        subprocess.run([stagegate, "audit", "--from", "-", "--output", f"html={page}"], stdin=lines, check=True)
    text = page.read_text()
    assert f"Posture of {number} repositories" in text
    assert not any(live(at) in text or live(at) in spread for at in range(number)), "a value is told"
    print("as it should be")


if __name__ == "__main__":
    main()
