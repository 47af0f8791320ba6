#!/usr/bin/env python3
"""Builds a repository as GitOps tools keep it: services with values files for each environment, and thousands of commits
that each change one image tag, with a merge now and then and a new service once in a while.

    python3 benches/gitops.py FOLDER --commits 10000

Written through `git fast-import`, so that the objects are git's own; packed by `git gc`. The same seed makes the same
repository. Standard library only.
"""

import argparse
import pathlib
import random
import subprocess

ENVIRONMENTS = ["production", "staging", "development"]

VALUES = """\
# {service} in {environment}
replicaCount: {replicas}
image:
  repository: registry.example.com/team-{team}/{service}
  tag: {tag}
  pullPolicy: IfNotPresent
ingress:
  enabled: true
  hosts:
    - host: {service}.{environment}.example.com
      paths: [/]
env:
  LOG_LEVEL: info
  DATABASE_HOST: db-{team}.{environment}.example.com
  DATABASE_NAME: {name}
  CACHE_URL: redis://cache.{environment}.example.com:6379/{team}
envFrom:
  - secretRef:
      name: {service}-credentials
resources:
  limits: {{ cpu: 500m, memory: 256Mi }}
  requests: {{ cpu: 100m, memory: 128Mi }}
"""


def blob(service):
    """The values file of a service in one environment."""
    return VALUES.format(**service, name=service["service"].replace("-", "_")).encode()


class Writer:
    """A stream for `git fast-import`."""

    def __init__(self, stream):
        self.stream = stream
        self.mark = 0

    def data(self, content):
        self.stream.write(b"data %d\n" % len(content) + content + b"\n")

    def commit(self, ref, message, files, parents, when):
        self.mark += 1
        self.stream.write(f"commit {ref}\nmark :{self.mark}\n".encode())
        self.stream.write(f"committer Deployer <deployer@example.com> {when} +0000\n".encode())
        self.data(message.encode())
        for number, parent in enumerate(parents):
            self.stream.write(f"{'merge' if number else 'from'} :{parent}\n".encode())
        for path, content in files:
            self.stream.write(f"M 100644 inline {path}\n".encode())
            self.data(content)
        return self.mark


def write(writer, commits, services, seed):
    """The history: oldest first, one minute a commit."""
    chance = random.Random(seed)
    state = {}

    def add(number):
        made = []
        for environment in ENVIRONMENTS:
            one = {
                "service": f"service-{number:03}",
                "environment": environment,
                "team": number % 17,
                "replicas": number % 4 + 1,
                "tag": f"1.0.{number}",
            }
            path = f"apps/service-{number:03}/{environment}/values.yaml"
            state[path] = one
            made.append((path, blob(one)))
        return made

    when = 1_600_000_000
    files = [made for number in range(services) for made in add(number)]
    tip = writer.commit("refs/heads/staging", "All services", files, [], when)
    done = 1
    while done < commits:
        when += 60
        paths = sorted(state)
        if done % 200 == 0:
            services += 1
            tip = writer.commit("refs/heads/staging", f"Add service {services}", add(services), [tip], when)
            done += 1
            continue
        path = chance.choice(paths)
        one = state[path]
        one["tag"] = f"{chance.randrange(9)}.{chance.randrange(99)}.{chance.randrange(999)}-{chance.getrandbits(28):07x}"
        message = f"{one['service']}: {one['environment']} to {one['tag']}"
        if done % 10 == 0 and done + 1 < commits:
            side = writer.commit("refs/heads/bump", message, [(path, blob(one))], [tip], when)
            tip = writer.commit("refs/heads/staging", f"Merge: {message}", [(path, blob(one))], [tip, side], when + 1)
            done += 2
        else:
            tip = writer.commit("refs/heads/staging", message, [(path, blob(one))], [tip], when)
            done += 1


def build(folder, commits, services=150, seed=1):
    """A bare repository in `folder`, packed as `git gc` packs it; does nothing where there is one."""
    if (folder / "HEAD").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "staging", str(folder)], check=True)
    importer = subprocess.Popen(["git", "-C", str(folder), "fast-import", "--quiet"], stdin=subprocess.PIPE)
    write(Writer(importer.stdin), commits, services, seed)
    importer.stdin.close()
    if importer.wait() != 0:
        raise SystemExit("git fast-import failed")
    subprocess.run(["git", "-C", str(folder), "update-ref", "-d", "refs/heads/bump"], check=True)
    subprocess.run(["git", "-C", str(folder), "-c", "pack.threads=1", "gc", "-q"], check=True, **quiet)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--services", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    build(given.folder, given.commits, given.services, given.seed)


if __name__ == "__main__":
    main()
