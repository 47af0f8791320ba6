#!/usr/bin/env python3
"""Pushes that are meant to be too much: how long the gate takes, how much memory, and what it answers.

    benches/hostile.py --stagegate target/release/stagegate [--only NAME] [--scale 1.0] [--quarter] [--max-memory SIZE]

Every push brings a production key to a staging branch, so that the answer must be a refusal: exit 1 (found) or 2 (could not decide).
`--quarter` runs each a second time at a quarter of its size, and tells how much dearer a unit of it is at full size: 1 is linear.
Memory is what belongs to the process alone (RssAnon, asked for every 20 ms), and its most with the mapped packs (VmHWM). Exit 1 if
a push would have passed. Needs git, and 5 GB in TMPDIR for the largest.
"""

import argparse, base64, gzip, io, os, pathlib, random, shutil, subprocess, sys, tempfile, threading, time, zipfile

ZERO = "0" * 40
LIMIT = 3600


class Push:
    """A bare server that holds one commit, and objects that somebody has just sent."""

    def __init__(self, folder):
        self.server = folder / "server.git"
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8"}
        self.git("init", "-q", "--bare", "-b", "main", "--template=", str(self.server), where=folder)
        # What is sent is not to be packed well, but fast.
        self.load = subprocess.Popen(
            ("git", "-c", "core.compression=0", "-C", str(self.server), "fast-import", "--quiet", "--depth=0"),
            stdin=subprocess.PIPE, env=self.environ)
        self.stream, self.lines, self.mark = io.BufferedWriter(self.load.stdin.raw, 1 << 20), [], 0
        self.commit("refs/heads/main", [("a.txt", b"a\n")])

    def git(self, *words, where=None):
        done = subprocess.run(("git", "-C", str(where or self.server)) + words, env=self.environ, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, text):
        self.stream.write(text.encode() if isinstance(text, str) else text)

    def data(self, content):
        self.write(f"data {len(content)}\n")
        self.write(content)
        self.write("\n")

    def commit(self, ref, files, parent=None, pieces=None):
        """One commit on a ref; `pieces` are files whose content comes as (length, pieces)."""
        self.mark += 1
        self.write(f"commit {ref}\nmark :{self.mark}\ncommitter A <a@example.com> {1700000000 + self.mark} +0000\ndata 1\na\n")
        if parent:
            self.write(f"from {parent}\n")
        for path, content in files:
            self.write(f"M 100644 inline {path}\n")
            self.data(content)
        for path, length, parts in pieces or []:
            self.write(f"M 100644 inline {path}\ndata {length}\n")
            left = length
            for part in parts:
                part = part[:left]
                self.write(part)
                left -= len(part)
                if not left:
                    break
            self.write("\n")
        return f":{self.mark}"

    def sent(self):
        """Ends the import. Each imported ref becomes a line for the hook, and is none of the server's."""
        self.stream.flush()
        self.load.stdin.close()
        if self.load.wait():
            sys.exit("git fast-import failed")
        refs = [line.split(" ") for line in self.git("for-each-ref", "--format=%(objectname) %(refname)").splitlines()]
        sent = [(oid, ref) for oid, ref in refs if ref != "refs/heads/main"]
        subprocess.run(("git", "-C", str(self.server), "update-ref", "--stdin"), env=self.environ, check=True,
                       input="".join(f"delete {ref}\n" for _, ref in sent), text=True)
        return "".join(f"{ZERO} {oid} {ref}\n" for oid, ref in sent)


STAGING = "refs/heads/staging"


def texts(rng):
    """Lines of words without end, no MiB of them like another."""
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randrange(2, 10))) for _ in range(5000)]
    blocks = []
    for _ in range(256):
        lines = (" ".join(rng.choices(words, k=10)) + "\n" for _ in range(250))
        blocks.append("".join(lines).encode())
    while True:
        yield rng.choice(blocks)


def beside(key):
    return ("config/staging.yml", f"payments:\n  key: {key}\n".encode())


def two_gigabytes(push, rng, key, scale):
    """2,000 blobs of 1 MB, every other one random bytes, the rest text."""
    text = texts(rng)

    def parts(number):
        return [rng.randbytes(10**6)] if number % 2 else text

    files = [(f"data/{number % 40}/file{number}.{'bin' if number % 2 else 'txt'}", 10**6, parts(number)) for number in range(int(2000 * scale))]
    push.commit(STAGING, [beside(key)], pieces=files)


def one_gigabyte(push, rng, key, scale):
    """One blob of 1 GB of text, the key in its last line."""
    size = int(10**9 * scale)
    tail = f"\nkey: {key}\n".encode()
    text = texts(rng)

    def parts():
        left = size - len(tail)
        while left:
            part = next(text)[:left]
            left -= len(part)
            yield part
        yield tail

    push.commit(STAGING, [], pieces=[("log.txt", size, parts())])


def files(push, rng, key, scale):
    """200,000 small files in one commit."""
    many = ((f"deploy/{number // 1000}/app{number}.yml", f"name: app{number}\nport: {number % 60000}\n".encode()) for number in range(int(200_000 * scale)))
    push.commit(STAGING, [*many, beside(key)])


def commits(push, rng, key, scale):
    """100,000 commits of one file each; one in the middle has the key, and the next takes it out."""
    many = int(100_000 * scale)
    push.commit(STAGING, [("src/0.txt", b"0\n")])
    for number in range(1, many):
        push.commit(STAGING, [(f"src/{number % 100}.txt", f"line {number}\n".encode())])
        if number == many // 2:
            push.commit(STAGING, [beside(key)])
            push.commit(STAGING, [("config/staging.yml", b"payments: {}\n")])


def refs(push, rng, key, scale):
    """10,000 new branches, a commit each."""
    first = push.commit(STAGING, [beside(key)])
    for number in range(int(10_000 * scale)):
        push.commit(f"refs/heads/feature/{number}", [(f"src/{number}.txt", f"{number}\n".encode())], parent=first)


def deep(push, rng, key, scale):
    """The key below 5,000 folders: deeper than is read, and than git checks out."""
    push.commit(STAGING, [("d/" * int(5000 * scale) + "staging.yml", beside(key)[1])])


def less_deep(push, rng, key, scale):
    """The key below 4,000 folders."""
    push.commit(STAGING, [("d/" * int(4000 * scale) + "staging.yml", beside(key)[1])])


def one_line(push, rng, key, scale):
    """500 MB of JSON on one line, the key at its end."""
    size = int(500e6 * scale)
    tail = ('{"key":"%s"}]}' % key).encode()
    blocks = []
    for _ in range(256):
        entries = ('{"id":%d,"name":"item %d","url":"https://shop.example/%d"},' % (rng.randrange(10**9), rng.randrange(10**6), rng.randrange(10**6)) for _ in range(1000))
        blocks.append("".join(entries).encode())

    def parts():
        yield b'{"items":['
        left = size - len(tail) - 10
        while True:
            block = rng.choice(blocks)
            if len(block) > left:
                break
            left -= len(block)
            yield block
        yield b" " * left + tail

    push.commit(STAGING, [], pieces=[("config/staging.json", size, parts())])


def zipped(push, rng, key, scale):
    """A zip of 16 zips of 16 members that are a gigabyte of zeros each."""
    def pack(members):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(name, content)
        return out.getvalue()

    # A gigabyte of zeros, without ever holding them.
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros", "w") as member:
        for _ in range(int(1000 * scale)):
            member.write(bytes(10**6))
    one = out.getvalue()
    inner = pack((f"{number}.zip", one) for number in range(16))
    push.commit(STAGING, [("bomb.zip", pack((f"{number}.zip", inner) for number in range(16))), beside(key)])


def encoded(push, rng, key, scale):
    """200 values in base64 of gzips of 64 MB of zeros, and 20 MB that are base64 three times over."""
    bomb = base64.b64encode(gzip.compress(bytes(64_000_000))).decode()
    lines = "".join(f"value_{number}: {bomb}\n" for number in range(int(200 * scale)))
    deep = rng.randbytes(int(20e6 * scale))
    for _ in range(3):
        deep = base64.b64encode(deep)
    push.commit(STAGING, [("bombs.yml", lines.encode()), ("deep.txt", deep), beside(key)])


def anchors(push, rng, key, scale):
    """Aliases that stand for ten to the twelfth passwords, and 100,000 aliases of a mapping with 1,000 of them."""
    value = lambda: "".join(rng.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=14))
    laughs = f"a0: &a0 {{password: {value()}}}\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12))
    wide = "base: &base {" + ", ".join(f"password_{n}: {value()}" for n in range(int(1000 * scale))) + "}\nall:\n"
    wide += "  - *base\n" * int(100_000 * scale)
    push.commit(STAGING, [("laughs.yml", laughs.encode()), ("wide.yml", wide.encode()), beside(key)])


def many_passwords(push, rng, key, scale):
    """1.7 MB of YAML, a password on each of its 50,000 lines: every one is a finding."""
    known = ["".join(rng.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=12)) for _ in range(100)]
    lines = (f"  password_{rng.randrange(10**6)}: {rng.choice(known)}\n" for _ in range(int(50_000 * scale)))
    push.commit(STAGING, [("config/servers.yml", ("servers:\n" + "".join(lines)).encode()), beside(key)])


OWN = r"""version = 1
[[rule]]
id = "own-nested"
keywords = ["token"]
pattern = '(?:token(?:a+)+)+(?P<secret>[0-9]{20})$'
[[rule]]
id = "own-dots"
keywords = ["secret"]
pattern = 'secret.*.*.*=.*(?P<secret>[A-Z]{30})'
"""


def expressions(push, rng, key, scale):
    """50 MB for which the policy's own expressions, and ours, would go back and forth without end."""
    size = int(10e6 * scale)
    push.commit(STAGING, [
        ("nested.txt", (b"token" + b"a" * 200) * (size // 205)),
        ("one.txt", b"token" + b"a" * size),
        ("dots.txt", (b"secret" + b"=" * 500 + b"\n") * (size // 507)),
        ("dots-one-line.txt", b"secret=" * (size // 7)),
        ("pairs.txt", b"password=\"" * (size // 10)),
        beside(key),
    ])
    return OWN


SCENES = {
    "2 GB in 2,000 blobs": two_gigabytes,
    "one blob of 1 GB": one_gigabyte,
    "200,000 files in a commit": files,
    "100,000 commits": commits,
    "10,000 refs": refs,
    "5,000 folders deep": deep,
    "4,000 folders deep": less_deep,
    "500 MB of JSON on one line": one_line,
    "zip bomb": zipped,
    "base64 bombs": encoded,
    "YAML anchors": anchors,
    "50,000 passwords in YAML": many_passwords,
    "expressions": expressions,
}


def measured(command, lines, environ, server):
    started = time.monotonic()
    gate = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=server, env=environ)
    most, mapped, said = 0, 0, []
    reader = threading.Thread(target=lambda: said.append(gate.stderr.read()), daemon=True)
    reader.start()

    def feed():
        try:
            gate.stdin.write(lines.encode())
            gate.stdin.close()
        except BrokenPipeError:
            pass

    threading.Thread(target=feed, daemon=True).start()
    while True:
        pid, status, usage = os.wait4(gate.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() - started > LIMIT:
            gate.kill()
        try:
            with open(f"/proc/{gate.pid}/status") as known:
                sizes = {name: int(rest.split()[0]) for name, rest in (line.split(":", 1) for line in known) if name in ("RssAnon", "VmHWM")}
            most, mapped = max(most, sizes.get("RssAnon", 0)), max(mapped, sizes.get("VmHWM", 0))
        except (FileNotFoundError, ProcessLookupError):
            pass
        time.sleep(0.02)
    took = time.monotonic() - started
    gate.returncode = code = os.waitstatus_to_exitcode(status)
    reader.join()
    text = said[0].decode(errors="replace")
    lines = [line.strip() for line in text.splitlines() if line.startswith(("stagegate:", "  not examined", "not examined"))]
    return {"seconds": took, "cpu": usage.ru_utime + usage.ru_stime, "anon": most >> 10, "rss": mapped >> 10, "code": code,
            "said": " ".join(lines)[:160], "text": text}


def run(name, scale, options):
    # Made while it runs, so that no file holds what looks like a key.
    rng = random.Random(5)
    key = "sk_" + "live_" + "".join(rng.choices("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=24))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="stagegate-hostile-"))
    try:
        push = Push(folder)
        policy = SCENES[name](push, rng, key, scale)
        lines = push.sent()
        command = [os.path.abspath(options.stagegate), "pre-receive"]
        if policy:
            (folder / "policy.toml").write_text(policy)
            command += ["--policy", str(folder / "policy.toml")]
        if options.max_memory:
            command += ["--max-memory", options.max_memory]
        result = measured(command, lines, {**push.environ, "GIT_DIR": "."}, push.server)
        if key in result["text"]:
            result["code"] = "the key was shown"
        if options.say:
            print(result["text"], file=sys.stderr)
        return result
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stagegate", default="stagegate")
    parser.add_argument("--only", action="append", help="scenes whose name holds this")
    parser.add_argument("--scale", type=float, default=1.0, help="of every size (default 1)")
    parser.add_argument("--quarter", action="store_true", help="a quarter of it too, and how much dearer a unit becomes")
    parser.add_argument("--max-memory", help="given to the gate")
    parser.add_argument("--say", action="store_true", help="what the gate said")
    options = parser.parse_args()
    bad = False
    print("| push | exit | wall, s | processor, s | memory, MiB | with mapped packs, MiB | a unit at full size costs |\n"
          "| --- | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for name in SCENES:
        if options.only and not any(part in name for part in options.only):
            continue
        bend = ""
        if options.quarter:
            small = run(name, options.scale / 4, options)
            bad |= small["code"] not in (1, 2)
        full = run(name, options.scale, options)
        bad |= full["code"] not in (1, 2)
        if options.quarter:
            bend = f"{full['cpu'] / 4 / max(small['cpu'], 0.01):.2f}"
        print(f"| {name} | {full['code']} | {full['seconds']:.1f} | {full['cpu']:.1f} | {full['anon']} | {full['rss']} | {bend} |", flush=True)
    sys.exit(bad)


if __name__ == "__main__":
    main()
