#!/usr/bin/env python3
"""Injects faults into pushes, checks and scans that must be refused, and counts what came out.

    benches/faults.py --stagegate target/release/stagegate [--rounds 200] [--flips 4000] [--only NAME] [--seed 11]

Every run brings a production key to a staging branch, so that nothing may pass: the exit code is 1 (found) or 2 (could not decide),
the server's branch stays, no process and no file of the gate is left, nothing takes longer than a minute. Cases that must pass are
said to. Exit 1 if anything else happened. Needs git; as root it also fills a small tmpfs and drops root for unreadable files.
"""

import argparse, collections, os, pathlib, random, shutil, signal, stat, subprocess, sys, tempfile, threading, time

POLICY = "version = 1\n[environment.staging]\nrefs = [\"staging\", \"staging-*\"]\n"
LIMIT = 60


class Case:
    """One kind of fault: what was injected how often, and what came out."""

    def __init__(self, name):
        self.name, self.out, self.wrong = name, collections.Counter(), []

    def note(self, outcome, good, detail=""):
        self.out[outcome] += 1
        if not good:
            self.wrong.append(f"{outcome}: {detail}"[:600])


class Campaign:
    def __init__(self, options):
        self.gate = os.path.abspath(options.stagegate)
        self.rounds, self.flips, self.seed = options.rounds, options.flips, options.seed
        self.random = random.Random(options.seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="stagegate-faults-"))
        self.folder.chmod(0o755)
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
        # Made while it runs, so that no file holds what looks like a key.
        self.key = "sk_" + "live_" + "".join(self.random.choice(letters) for _ in range(24))
        self.environ = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C.UTF-8",
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.com",
        }
        self.policy = self.folder / "policy.toml"
        self.policy.write_text(POLICY)
        self.server, self.work = self.folder / "server.git", self.folder / "work"
        self.git(self.folder, "init", "-q", "--bare", "-b", "main", "--template=", str(self.server))
        self.git(self.folder, "init", "-q", "-b", "main", "--template=", str(self.work))
        for number in range(300):
            self.put(f"lib/{number % 17}/file{number}.txt", f"line {number}\n" * 40)
        self.git(self.work, "add", ".")
        self.git(self.work, "commit", "-q", "-m", "base")
        self.git(self.work, "remote", "add", "origin", str(self.server))
        self.git(self.work, "push", "-q", "origin", "main", "main:staging")
        self.base = self.tip(self.work, "HEAD")
        for number in range(40):
            self.put(f"src/part{number}.py", "".join(f"value_{number}_{line} = {line * number}\n" for line in range(400)))
        self.git(self.work, "switch", "-q", "-c", "good")
        self.git(self.work, "add", ".")
        self.git(self.work, "commit", "-q", "-m", "good")
        self.git(self.work, "switch", "-q", "-c", "bad")
        self.put("config/pay.yml", f"payments:\n  key: {self.key}\n")
        self.git(self.work, "add", ".")
        self.git(self.work, "commit", "-q", "-m", "bad")
        self.pid = self.folder / "pid"
        hooks = self.server / "hooks"
        hooks.mkdir()
        self.hook = hooks / "pre-receive"
        self.hook.write_text(f"#!/bin/sh\necho $$ >{self.pid}\nexec {self.gate} pre-receive --policy {self.policy}\n")
        self.hook.chmod(0o755)

    def put(self, path, text):
        at = self.work / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(text)

    def git(self, where, *words, check=True):
        done = subprocess.run(("git", "-C", str(where)) + words, env=self.environ, capture_output=True, text=True, timeout=LIMIT)
        if check and done.returncode:
            raise RuntimeError(f"git {words}: {done.stderr}")
        return done

    def tip(self, where, name):
        return self.git(where, "rev-parse", "-q", "--verify", name, check=False).stdout.strip()

    def run(self, *words, cwd=None, env=None, **more):
        """The gate; its exit code and all it said. A signal is a negative code."""
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.STDOUT)
        more.setdefault("stdin", subprocess.DEVNULL)
        try:
            done = subprocess.run((self.gate,) + words, cwd=cwd or self.work, env=env or self.environ, timeout=LIMIT, **more)
        except subprocess.TimeoutExpired:
            return "hangs", b""
        return done.returncode, done.stdout or b""

    def judged(self, case, code, said, allowed=(1, 2)):
        """Notes the outcome of a run that must not pass."""
        leaks = self.key.encode() in said
        panics = b"internal error" in said
        good = code in allowed and not leaks and not panics
        name = {1: "exit 1, found", 2: "exit 2, could not decide", 0: "exit 0, PASSED"}.get(code, f"{code}")
        case.note(name + (" LEAKED" if leaks else "") + (" PANICKED" if panics else ""), good, said[-300:].decode(errors="replace"))

    def check(self):
        return ("check", "--base", self.base, "--head", "bad", "--ref", "refs/heads/staging", "--policy", str(self.policy))

    # -- who is still there -------------------------------------------------------------------------------------------------

    def ours(self):
        """Processes of the gate under this folder, and children of ours that nobody has waited for."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                line = (entry / "cmdline").read_bytes()
                status = (entry / "stat").read_text()
            except OSError:
                continue
            if self.gate.encode() in line and str(self.folder).encode() in line:
                found.append(entry.name)
            elif status.rsplit(")", 1)[1].split()[0] == "Z" and "(stagegate)" in status:
                found.append(entry.name + " zombie")
        return found

    def is_over(self, case, detail):
        end = time.monotonic() + 20
        left = self.ours()
        # One that git starts only now, its client being gone, has its time as well.
        while left and time.monotonic() < end:
            time.sleep(0.02)
            left = self.ours()
        if left:
            case.note("a process is LEFT", False, f"{left} {detail}")
        # Not pathlib's glob: git takes its quarantine away meanwhile.
        files = [os.path.join(at, name) for at, _, names in os.walk(self.folder) for name in names if name.startswith(".") and name.endswith(".tmp")]
        if files:
            case.note("a temporary file is LEFT", False, f"{files} {detail}")

    def stays(self, case, how, before):
        if self.tip(self.server, "refs/heads/staging") != before:
            case.note("the branch MOVED", False, how)
            return False
        return True

    # -- the faults ---------------------------------------------------------------------------------------------------------

    def killed(self, name, find):
        """kill -9 at a random moment of a push."""
        case = Case(name)
        before = self.tip(self.server, "refs/heads/staging")
        started = time.monotonic()
        self.git(self.work, "push", "-q", "origin", "bad:staging", check=False)
        pushing = time.monotonic() - started
        started = time.monotonic()
        self.run(*self.check())
        judging = time.monotonic() - started
        for _ in range(self.rounds):
            self.pid.unlink(missing_ok=True)
            push = subprocess.Popen(
                ("git", "-C", str(self.work), "push", "-q", "--receive-pack", self.receive(), "origin", "bad:staging"),
                env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )
            if find == self.kill_hook_pid:
                while push.poll() is None and not self.pid.exists():
                    time.sleep(0.001)
                time.sleep(self.random.uniform(0, judging))
            else:
                time.sleep(self.random.uniform(0, pushing))
            hit = find(push)
            try:
                code = push.wait(timeout=LIMIT)
            except subprocess.TimeoutExpired:
                push.kill()
                push.wait()
                case.note("HANGS", False)
                continue
            self.is_over(case, name)
            if self.stays(case, f"push {code}", before):
                refused = "refused" if code else "SAID 0"
                case.note(f"{'killed' if hit else 'too early or late'}, push {refused}, branch stays", bool(code))
        self.clear_quarantines(case)
        return case

    def clear_quarantines(self, case):
        """Git removes its quarantine unless it is killed itself; its orphaned unpack-objects may still write there."""
        end = time.monotonic() + 20
        while left := list(self.server.glob("objects/tmp_objdir-*")):
            for folder in left:
                shutil.rmtree(folder, ignore_errors=True)
            if time.monotonic() > end:
                case.note("a quarantine is STILL WRITTEN", False, str(left))
                return
            time.sleep(0.01)

    def receive(self):
        wrapper = self.folder / "receive-pack"
        if not wrapper.exists():
            wrapper.write_text(f"#!/bin/sh\necho $$ >{self.folder}/pid-receive\nexec git receive-pack \"$@\"\n")
            wrapper.chmod(0o755)
        return str(wrapper)

    @staticmethod
    def kill_pid(file):
        try:
            pid = int(file.read_text())
            os.kill(pid, signal.SIGKILL)
            return True
        except (OSError, ValueError):
            return False

    def kill_hook(self):
        return self.killed("kill -9 of the hook", self.kill_hook_pid)

    def kill_hook_pid(self, push):
        return self.kill_pid(self.pid)

    def kill_receive_pack(self):
        def find(push):
            file = self.folder / "pid-receive"
            hit = self.kill_pid(file)
            file.unlink(missing_ok=True)
            return hit
        return self.killed("kill -9 of git receive-pack", find)

    def kill_client(self):
        def find(push):
            if push.poll() is not None:
                return False
            os.kill(push.pid, signal.SIGKILL)
            return True
        return self.killed("kill -9 of the client", find)

    def full_disk(self):
        case = Case("full disk (tmpfs)")
        if os.getuid() != 0:
            case.note("skipped: only root mounts", True)
            return case
        disk = self.folder / "disk"
        disk.mkdir()
        if subprocess.run(("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(disk)), capture_output=True).returncode:
            case.note("skipped: no tmpfs here", True)
            return case
        try:
            server = disk / "server.git"
            shutil.copytree(self.server, server)
            shutil.rmtree(server / "objects", ignore_errors=True)
            shutil.copytree(self.server / "objects", server / "objects")
            before = self.tip(server, "refs/heads/staging")
            report = disk / "report.json"
            for number in range(max(10, self.rounds // 4)):
                filler = disk / "filler"
                space = os.statvfs(disk)
                keep = self.random.choice([0, 4096, 16384, 65536, 262144])
                filler.write_bytes(b"x" * max(0, space.f_bavail * space.f_frsize - keep))
                done = self.git(self.work, "push", "-q", str(server), "bad:staging", check=False)
                stays = self.tip(server, "refs/heads/staging") == before
                case.note("push refused, branch stays" if stays and done.returncode else "push PASSED", stays and bool(done.returncode), done.stderr)
                code, said = self.run(*self.check(), "--output", f"json={report}")
                self.judged(case, code, said)
                if report.exists() and not report.read_text().rstrip().endswith("}"):
                    case.note("a report is CUT", False)
                left = list(disk.glob(".*.tmp"))
                if left:
                    case.note("a temporary file is LEFT", False, str(left))
                filler.unlink()
                report.unlink(missing_ok=True)
        finally:
            subprocess.run(("umount", str(disk)), capture_output=True)
        return case

    def as_nobody(self):
        return {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}

    def copy(self, nobodys=False):
        """A packed copy, on request one of a user without rights."""
        at = pathlib.Path(tempfile.mkdtemp(prefix="copy-", dir=self.folder))
        shutil.copytree(self.work, at / "work", symlinks=True)
        self.git(at / "work", "gc", "-q")
        shutil.copy(self.policy, at / "policy.toml")
        if nobodys and os.getuid() == 0:
            for path in [at, *at.rglob("*")]:
                os.chown(path, 65534, 65534)
        return at

    def unreadable(self):
        case = Case("a file that cannot be read")
        at = self.copy(nobodys=True)
        words = ("check", "--base", self.base, "--head", "bad", "--ref", "refs/heads/staging", "--policy", str(at / "policy.toml"))
        git = at / "work/.git"
        for path in [at / "policy.toml", git, *sorted(git.rglob("*"))]:
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(0)
            code, said = self.run(*words, cwd=at / "work", **self.as_nobody())
            path.chmod(mode)
            self.judged(case, code, said)
        shutil.rmtree(at)
        return case

    def read_only(self):
        case = Case("a read-only repository")
        at = self.copy(nobodys=True)
        words = ("check", "--base", self.base, "--head", "bad", "--ref", "refs/heads/staging", "--policy", str(at / "policy.toml"))
        for path in [*at.rglob("*"), at]:
            path.chmod(stat.S_IMODE(path.stat().st_mode) & 0o555)
        for _ in range(5):
            code, said = self.run(*words, cwd=at / "work", **self.as_nobody())
            self.judged(case, code, said, allowed=(1,))
        for path in [at, *at.rglob("*")]:
            path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o700)
        shutil.rmtree(at)
        return case

    def broken_pipe(self):
        case = Case("the reader of the output is gone")
        for number in range(40):
            read, write = os.pipe()
            os.close(read)
            format = ("text", "json", "sarif", "junit")[number % 4]
            streams = {"stdout": write, "stderr": write} if number % 2 else {"stdout": write, "stderr": subprocess.DEVNULL}
            code, said = self.run(*self.check(), "--format", format, **streams)
            os.close(write)
            self.judged(case, code, said, allowed=(1,))
        return case

    def closed_streams(self):
        case = Case("standard streams are closed")
        line = f"{self.base} {self.tip(self.work, 'bad')} refs/heads/staging\n"
        for closed in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
            for words in (self.check(), ("pre-receive", "--policy", str(self.policy)), self.check() + ("--format", "json")):
                close = "; ".join(f"exec {number}{'<' if number == 0 else '>'}&-" for number in closed)
                script = f'{close}; exec "$@"'
                done = subprocess.run(
                    ("sh", "-c", script, "sh", self.gate) + words, cwd=self.work, env=self.environ, input=line.encode(),
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT,
                )
                self.judged(case, done.returncode, done.stdout)
        return case

    def bit_flips(self):
        case = Case("a bit of a pack or its index is another")
        at = self.copy()
        packs = at / "work/.git/objects/pack"
        words = ("scan", "--rev", "bad", "--ref", "refs/heads/staging", "--policy", str(at / "policy.toml"), "--format", "json")
        code, whole = self.run(*words, cwd=at / "work")
        if code != 1:
            case.note("the pack itself is not judged", False, str(whole))
            return case
        files = [path for path in packs.iterdir() if path.suffix in (".pack", ".idx", ".rev")]
        for path in files:
            path.chmod(0o644)
        sizes = [path.stat().st_size for path in files]
        for _ in range(self.flips):
            path = self.random.choices(files, sizes)[0]
            place = self.random.randrange(path.stat().st_size)
            with path.open("r+b") as file:
                file.seek(place)
                byte = file.read(1)[0]
                file.seek(place)
                file.write(bytes([byte ^ (1 << self.random.randrange(8))]))
                file.flush()
                code, said = self.run(*words, cwd=at / "work")
                file.seek(place)
                file.write(bytes([byte]))
            if code == 1 and said.count(b'"fingerprint"') != whole.count(b'"fingerprint"'):
                case.note("exit 1, other findings", False, f"{path.name} at {place}")
            else:
                self.judged(case, code, said)
        shutil.rmtree(at)
        return case

    def clocks(self):
        case = Case("commits of any time (the machine's clock is left alone)")
        at = self.copy()
        work = at / "work"
        for number, date in enumerate(("0 +0000", "1 +1400", "4102444800 -1200", "2147483647 +0000", "4294967296 +0000", "99999999999 +0000")):
            for base in ("good", "bad"):
                self.git(work, "switch", "-q", "-C", f"t{number}", base)
                (work / "config").mkdir(exist_ok=True)
                (work / "config/pay.yml").write_text(f"payments:\n  key: {self.key}\n  n: {number}\n")
                self.git(work, "add", ".")
                environ = dict(self.environ, GIT_AUTHOR_DATE="@" + date, GIT_COMMITTER_DATE="@" + date)
                subprocess.run(("git", "-C", str(work), "commit", "-q", "-m", "m"), env=environ, check=True, timeout=LIMIT)
                self.git(work, "rm", "-q", "config/pay.yml")
                self.git(work, "commit", "-q", "-m", "gone again")
                code, said = self.run("check", "--base", self.base, "--head", f"t{number}", "--ref", "refs/heads/staging", "--policy", str(self.policy), cwd=work)
                self.judged(case, code, said, allowed=(1,))
        shutil.rmtree(at)
        return case

    def concurrent(self):
        case = Case("twenty pushes at once, half of them good")
        for turn in range(max(1, self.rounds // 40)):
            pushes = []
            for number in range(20):
                good = number % 2 == 0
                name = f"refs/heads/staging-{turn}-{number}"
                push = subprocess.Popen(
                    ("git", "-C", str(self.work), "push", "-q", "origin", f"{'good' if good else 'bad'}:{name}"),
                    env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )
                pushes.append((good, name, push))
            for good, name, push in pushes:
                code = push.wait(timeout=300)
                there = bool(self.tip(self.server, name))
                outcome = f"{'good' if good else 'bad'} push {'landed' if there else 'refused'}"
                case.note(outcome, there == good and (code == 0) == good)
        self.is_over(case, "concurrent")
        return case

    def policy_replaced(self):
        case = Case("the policy is replaced while pushes are judged")
        before = self.tip(self.server, "refs/heads/staging")
        over = threading.Event()

        def replace():
            other = POLICY + "[environment.production]\nrefs = [\"main\"]\n"
            number = 0
            while not over.is_set():
                number += 1
                if number % 3 == 0:
                    # Not in one step: a reader sees nothing, or a half.
                    with self.policy.open("w") as file:
                        for char in other:
                            file.write(char)
                            file.flush()
                else:
                    beside = self.folder / "policy.new"
                    beside.write_text(POLICY if number % 2 else other)
                    beside.rename(self.policy)
                time.sleep(0.001)

        thread = threading.Thread(target=replace)
        thread.start()
        try:
            for number in range(self.rounds):
                if number % 4 == 0:
                    done = self.git(self.work, "push", "-q", "origin", "bad:staging", check=False)
                    if self.stays(case, "policy", before):
                        case.note("push refused, branch stays" if done.returncode else "push SAID 0", bool(done.returncode))
                else:
                    self.judged(case, *self.run(*self.check()))
        finally:
            over.set()
            thread.join()
            self.policy.write_text(POLICY)
        return case

    def surroundings(self):
        case = Case("no HOME, no locale, another or no PATH")
        base = {"PATH": self.environ["PATH"]}
        for more in (
            {}, {"HOME": ""}, {"HOME": "/nonexistent"}, {"HOME": "/dev/null"}, {"LC_ALL": "C"}, {"LC_ALL": "no_SUCH.locale"},
            {"LANG": "ja_JP.SJIS"}, {"LANGUAGE": "de"}, {"TZ": ":nowhere"}, {"TZ": "A" * 5000}, {"TMPDIR": "/nonexistent"},
            {"PATH": ""}, {"PATH": "/nonexistent"}, {"TERM": "\x1b]0;x\x07"}, {"COLUMNS": "-1"}, {"XDG_CONFIG_HOME": "/dev/null"},
            {"RUST_BACKTRACE": "full"}, {"X": "y" * 100000},
        ):
            code, said = self.run(*self.check(), env=dict(base, **more))
            self.judged(case, code, said)
        code, said = self.run(*self.check(), env={"NOTHING": ""})
        self.judged(case, code, said)
        return case

    def hostile_git(self):
        case = Case("hostile GIT_* variables")
        proof = self.folder / "proof"
        run = f"touch {proof}"
        values = ("", "/nonexistent", "/dev/null", "..", "-1", "99999999999999999999", "refs/heads/x", "\x1b[31m", run, "a" * 5000)
        names = (
            "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
            "GIT_NAMESPACE", "GIT_QUARANTINE_PATH", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_DEFAULT_HASH",
            "GIT_REPLACE_REF_BASE", "GIT_NO_REPLACE_OBJECTS", "GIT_GRAFT_FILE", "GIT_SHALLOW_FILE", "GIT_CONFIG", "GIT_CONFIG_GLOBAL",
            "GIT_CONFIG_SYSTEM", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "GIT_PAGER", "GIT_EDITOR",
            "GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_PROXY_COMMAND", "GIT_EXTERNAL_DIFF", "GIT_TRACE", "GIT_TRACE_SETUP", "GIT_TRACE2",
            "GIT_LITERAL_PATHSPECS", "GIT_ATTR_SOURCE", "GIT_FLUSH", "GIT_REF_PARANOIA", "GIT_PUSH_OPTION_COUNT", "GIT_PROTOCOL", "GIT_REFLOG_ACTION",
            "GIT_PREFIX", "GIT_INTERNAL_SUPER_PREFIX", "GIT_OPTIONAL_LOCKS", "GIT_DEFAULT_REF_FORMAT", "GIT_ADVICE",
        )
        for name in names:
            for value in values:
                code, said = self.run(*self.check(), env=dict(self.environ, **{name: value}))
                self.judged(case, code, said)
                if proof.exists():
                    proof.unlink()
                    case.note("a command was RUN", False, name)
        for key in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.alternateRefsCommand", "diff.external", "core.hooksPath", "core.editor"):
            environ = dict(self.environ, GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0=key, GIT_CONFIG_VALUE_0=run)
            self.judged(case, *self.run(*self.check(), env=environ))
            if proof.exists():
                proof.unlink()
                case.note("a command was RUN", False, key)
        return case

    ALL = (
        kill_hook, kill_receive_pack, kill_client, full_disk, unreadable, read_only, broken_pipe, closed_streams, bit_flips, clocks,
        concurrent, policy_replaced, surroundings, hostile_git,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stagegate", required=True)
    parser.add_argument("--rounds", type=int, default=200, help="pushes that are killed, each way")
    parser.add_argument("--flips", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()
    campaign = Campaign(options)
    wrong = 0
    print("| fault | what came out, and how often |\n| --- | --- |", flush=True)
    try:
        for fault in Campaign.ALL:
            if options.only and fault.__name__ not in options.only:
                continue
            case = fault(campaign)
            cells = "; ".join(f"{outcome}: {count}" for outcome, count in sorted(case.out.items()))
            print(f"| {case.name} | {cells} |", flush=True)
            for line in case.wrong[:10]:
                print(f"    WRONG {fault.__name__} {line!r}", file=sys.stderr, flush=True)
            wrong += len(case.wrong)
    finally:
        shutil.rmtree(campaign.folder, ignore_errors=True)
    print(f"\nseed {options.seed}; {wrong} outcomes that must not be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
