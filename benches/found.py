#!/usr/bin/env python3
"""What scanners find: credentials planted in a history, one a file, and which of them each tool tells of.

Each credential is made while this runs, of a public format, and comes in a commit of its own: as plain lines of
several kinds of files, in ways that a history has (taken out again in the next commit, brought by a merge alone, in a file that
was renamed), and in ways that a file has (UTF-16, base64, a long line, a large file). A tool has found one when its report names
the file. Peers are those of benches/compare.py that stand on PATH. Standard library only:

    python3 benches/found.py --stagegate target/bin/stagegate
"""

import argparse
import base64
import binascii
import json
import os
import pathlib
import random
import shutil
import string
import subprocess
import tempfile

import compare

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def checked(dice, prefix):
    """GitHub's tokens end in the CRC-32 of what stands before, in base 62."""
    body = text(dice, ALNUM, 30)
    crc, digits = binascii.crc32(body.encode()), ""
    order = string.digits + string.ascii_uppercase + string.ascii_lowercase
    for _ in range(6):
        crc, digit = divmod(crc, 62)
        digits = order[digit] + digits
    return prefix + body + digits


def text(dice, alphabet, length):
    return "".join(dice.choice(alphabet) for _ in range(length))


def pem(dice):
    body = base64.b64encode(b"0\x82\x04\xa4\x02\x01\x00" + dice.randbytes(1185)).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    kind = "RSA PRIVATE KEY"
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])


# What each is called, the end of its file's name, and how its line is made.
FORMATS = [
    ("stripe", "env", lambda d: "STRIPE_KEY=" + "sk_" + "live_" + text(d, ALNUM, 24)),
    ("github", "yml", lambda d: "token: " + checked(d, "ghp" + "_")),
    ("aws", "ini", lambda d: f"[default]\naws_access_key_id = {'AK' + 'IA'}{text(d, string.ascii_uppercase + '234567', 16)}\naws_secret_access_key = {text(d, ALNUM + '+/', 40)}"),
    ("slack", "py", lambda d: f"SLACK = \"{'xo' + 'xb'}-{text(d, '123456789', 12)}-{text(d, '123456789', 12)}-{text(d, ALNUM, 24)}\""),
    ("google", "js", lambda d: f"const maps = '{'AI' + 'za'}{text(d, ALNUM + '_-', 35)}';"),
    ("gitlab", "sh", lambda d: f"export GITLAB_TOKEN={'gl' + 'pat'}-{text(d, ALNUM, 20)}"),
    ("sendgrid", "toml", lambda d: f"key = \"{'S' + 'G'}.{text(d, ALNUM, 22)}.{text(d, ALNUM, 43)}\""),
    ("npm", "npmrc", lambda d: "//registry.npmjs.org/:_authToken=" + checked(d, "np" + "m_")),
    ("private-key", "pem", pem),
    ("shopify", "rb", lambda d: f"TOKEN = \"{'shp' + 'at'}_{text(d, HEX, 32)}\""),
    ("database-url", "yaml", lambda d: f"url: postgres://shop:{text(d, ALNUM, 18)}@db.shop-orders.net:5432/shop"),
    ("password", "properties", lambda d: f"spring.datasource.password={text(d, ALNUM, 10)}#{text(d, ALNUM, 6)}"),
    ("json-secret", "json", lambda d: json.dumps({"client": {"client_secret": text(d, ALNUM, 40)}}, indent=2)),
    ("kubernetes", "yaml", lambda d: "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\ndata:\n  password: " + base64.b64encode(text(d, ALNUM + "!#%", 20).encode()).decode()),
]

# How it comes.
WAYS = ["plain", "removed", "merge", "renamed", "utf-16", "base64", "long-line", "large"]


def blob(way, line, dice):
    if way == "utf-16":
        return ("\ufeff" + line + "\n").encode("utf-16-le")
    if way == "base64":
        return ("blob = \"" + base64.b64encode((line + "\n").encode()).decode() + "\"\n").encode()
    if way == "long-line":
        return ("x = 1; " * 20_000 + line.replace("\n", "\\n") + "\n").encode()
    if way == "large":
        filler = "".join(f"line {at} of {dice.randrange(10**9)}\n" for at in range(400_000))
        return (filler + line + "\n" + filler).encode()
    return (line + "\n").encode()


class History:
    """A history, by git fast-import."""

    def __init__(self, folder):
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", folder], check=True)
        command = ["git", "-C", folder, "fast-import", "--quiet"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE)
        self.mark = 0

    def write(self, data):
        self.process.stdin.write(data)

    def commit(self, parents, files, gone=(), branch="refs/heads/main"):
        self.mark += 1
        self.write(f"commit {branch}\nmark :{self.mark}\ncommitter shop <shop@example.net> {1700000000 + self.mark} +0000\ndata 2\nx\n".encode())
        for at, parent in enumerate(parents):
            self.write(f"{'from' if at == 0 else 'merge'} :{parent}\n".encode())
        for path in gone:
            self.write(f"D {path}\n".encode())
        for path, data in files.items():
            self.write(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
        self.write(b"\n")
        return self.mark

    def end(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise SystemExit("git fast-import failed")


def plant(folder, dice):
    """A history with a credential a file; the files."""
    history = History(folder)
    tip = history.commit([], {"README": b"a shop\n"})
    planted = []
    for way in WAYS:
        for name, ending, make in FORMATS:
            if way in ("long-line", "large", "base64") and name in ("private-key", "aws", "json-secret", "kubernetes"):
                continue
            path = f"{way}/{name}/config.{ending}"
            data = blob(way, make(dice), dice)
            planted.append((way, name, path))
            if way == "merge":
                # In neither of the parents.
                side = history.commit([tip], {f"side/{name}": name.encode()}, branch="refs/heads/side")
                other = history.commit([tip], {f"other/{name}": name.encode()})
                tip = history.commit([other, side], {path: data})
            elif way == "renamed":
                before = f"before/{name}"
                tip = history.commit([tip], {before: b"nothing\n" * 40})
                tip = history.commit([tip], {path: b"nothing\n" * 40 + data}, gone=[before])
            else:
                tip = history.commit([tip], {path: data})
                if way == "removed":
                    tip = history.commit([tip], {path: b"nothing\n"})
    history.end()
    return planted


def reports(arguments, folder, base, head, scratch):
    """What each tool says, as text."""
    run = lambda command: subprocess.run(command, capture_output=True, text=True, errors="replace")
    answer = run([arguments.stagegate, "check", "--repo", folder, "--base", base, "--head", head, "--ref", "refs/heads/staging", "--format", "json"])
    # What was not examined is named, too, and was not found.
    yield "stagegate", json.dumps(json.loads(answer.stdout)["findings"])
    # How each is asked for a report, beside what compare.py asks it: one that is written to `{to}`, or printed.
    written = {"gitleaks": ["--report-format=json", "--report-path={to}"], "betterleaks": ["--output={to}"], "kingfisher": ["--format=json"]}
    for tool, options in written.items():
        if shutil.which(tool):
            to = pathlib.Path(scratch, tool + ".json")
            *words, last = compare.PEERS[tool]["range"]
            answer = run([tool, *(word.format(git=folder, base=base, head=head, to=to) for word in [*words, *options, last])])
            yield tool, to.read_text() if to.exists() else answer.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stagegate", default=shutil.which("stagegate") or "target/bin/stagegate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--missed", action="store_true", help="name what each tool missed")
    arguments = parser.parse_args()
    arguments.stagegate = os.path.abspath(arguments.stagegate)
    with tempfile.TemporaryDirectory() as scratch:
        folder = str(pathlib.Path(scratch, "planted.git"))
        planted = plant(folder, random.Random(arguments.seed))
        git = lambda *words: subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout.split()
        base, head = git("rev-list", "--max-parents=0", "main")[0], git("rev-parse", "main")[0]
        found = {}
        for tool, report in reports(arguments, folder, base, head, scratch):
            found[tool] = {path for _, _, path in planted if path in report}
    if arguments.json:
        print(json.dumps({tool: sorted(paths) for tool, paths in found.items()}, indent=2))
        return
    print("| how it comes | planted | " + " | ".join(found) + " |")
    print("| --- | ---: |" + " ---: |" * len(found))
    for way in [*WAYS, "all"]:
        here = [path for one, _, path in planted if way in (one, "all")]
        print(f"| {way} | {len(here)} | " + " | ".join(str(sum(path in paths for path in here)) for paths in found.values()) + " |")
    if arguments.missed:
        for tool, paths in found.items():
            print(f"\n{tool} missed: " + ", ".join(path for _, _, path in planted if path not in paths))


if __name__ == "__main__":
    main()
