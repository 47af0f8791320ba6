#!/usr/bin/env python3
"""Time against size for blobs that are meant to be slow.

    python3 benches/worst_cases.py [--stagegate PATH] [--largest MB] [--only CASE] [--json] [--plot FILE.svg]

For each case it commits one blob of 1, 4, 16, 64 ... times 100 KB up to the largest size, scans the tree, and measures
the user and system time of the process. A size that would take more than `--most` seconds at the pace so far is skipped.
Prints the seconds and the seconds per megabyte, and how much more a megabyte costs at the largest size than at the size before
the plot turns into a straight line (1.6 MB): 1 is linear. A blob that was not read to its end (exit 2) ends its case.

The values are drawn from a fixed seed and are nobody's.
"""

import argparse
import json
import os
import random
import resource
import string
import subprocess
import sys
import tempfile
from pathlib import Path

import chart

ALPHANUMERIC = string.ascii_letters + string.digits


def words(rng, count):
    return " ".join(rng.choice(["list", "of", "things", "that", "are", "no", "secrets"]) for _ in range(count))


def value(rng, length, alphabet=ALPHANUMERIC):
    return "".join(rng.choices(alphabet, k=length))


def one_line_json(rng):
    """One line of JSON, deeply repeated, with a password now and then."""
    yield '{"items":['
    while True:
        for _ in range(200):
            yield '{"id":%d,"name":"%s","url":"https://shop.example/%s"},' % (
                rng.randrange(10**9), words(rng, 3), value(rng, 6, string.ascii_lowercase))
        yield '{"password":"%s"},' % value(rng, 14)


def candidates(rng):
    """A key of a payment service on every second line: about 10,000 of them in a megabyte."""
    while True:
        yield "key_%d: %s%s%s\n" % (rng.randrange(10**6), "sk_", "live_", value(rng, 24))
        yield "note: %s\n" % words(rng, 12)


def passwords(rng):
    """A password on every fiftieth line: the fingerprint of each is stretched, which takes 3 ms."""
    while True:
        for _ in range(49):
            yield "note: %s\n" % words(rng, 12)
        yield "password_%d: %s\n" % (rng.randrange(10**6), value(rng, 12))


def candidates_on_one_line(rng):
    """The same on a single line."""
    yield "keys="
    while True:
        yield "sk_%s%s," % ("live_", value(rng, 24))


def every_keyword(keywords):
    def text(rng):
        """All keywords of all rules, in random order, with values that fit none."""
        while True:
            rng.shuffle(keywords)
            for keyword in keywords:
                yield "%s = %s\n" % (keyword, words(rng, 2))
    return text


def every_keyword_on_one_line(keywords):
    def text(rng):
        """The same on a single line."""
        while True:
            rng.shuffle(keywords)
            for keyword in keywords:
                yield "%s " % keyword
    return text


def base64_lines(rng):
    """Text in base64 on every line."""
    import base64
    while True:
        yield "data: %s\n" % base64.b64encode(words(rng, 12).encode()).decode()


def escapes(rng):
    """A string literal with escapes on every line."""
    while True:
        yield '"a\\u0073%s\\n%s",\n' % (words(rng, 5), value(rng, 4))


def backslashes(rng):
    """Nothing but backslashes and quotes."""
    while True:
        yield "\\\\\\\"'" * 20


def grants(rng):
    """Lines of SQL that look like grants."""
    while True:
        yield "GRANT ALL ON shop.* TO 'app'@'%%'; -- %s\n" % words(rng, 4)


def yaml_lists(rng):
    """Mappings of YAML in one long list."""
    yield "servers:\n"
    while True:
        yield "  - host: db-%d.shop.example\n    bucket: assets\n    password: %s\n" % (
            rng.randrange(10**6), value(rng, 12))


def list_on_one_line(rng):
    """The same as JSON without a line end. The values repeat: it is the surroundings that are to be read, not the
    fingerprints that are to be stretched."""
    known = [value(rng, 12) for _ in range(100)]
    yield '{"servers":['
    while True:
        yield '{"host":"db-%d.shop.example","password":"%s"},' % (rng.randrange(10**6), rng.choice(known))


def one_list(rng):
    """The same in YAML, a line a key."""
    known = [value(rng, 12) for _ in range(100)]
    yield "servers:\n"
    while True:
        yield "  - password: %s\n" % rng.choice(known)


def one_mapping(rng):
    """One mapping of so many keys."""
    known = [value(rng, 12) for _ in range(100)]
    yield "servers:\n"
    while True:
        yield "  password_%d: %s\n" % (rng.randrange(10**6), rng.choice(known))


def one_class(rng):
    """One class in source code that holds nothing else."""
    known = [value(rng, 12) for _ in range(100)]
    yield "class Settings:\n"
    while True:
        yield '    password_%d = "%s"\n' % (rng.randrange(10**6), rng.choice(known))


def one_line_of_code(rng):
    """Source code that was minified."""
    known = [value(rng, 12) for _ in range(100)]
    yield "var a={"
    while True:
        yield 'password_%d:"%s",' % (rng.randrange(10**6), rng.choice(known))


def manifests(rng):
    """Manifests of Kubernetes, one after the other."""
    known = [value(rng, 12) for _ in range(100)]
    while True:
        yield ("---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: app-%d\n  namespace: shop\nstringData:\n"
               "  password: %s\n" % (rng.randrange(10**6), rng.choice(known)))


def one_manifest(rng):
    """One manifest of so many keys."""
    known = [value(rng, 12) for _ in range(100)]
    yield "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  namespace: shop\nstringData:\n"
    while True:
        yield "  password_%d: %s\n" % (rng.randrange(10**6), rng.choice(known))


def elements(rng):
    """Elements of XML."""
    known = [value(rng, 12) for _ in range(100)]
    yield "<servers>"
    while True:
        yield "<server><host>db-%d.shop.example</host><password>%s</password></server>\n" % (
            rng.randrange(10**6), rng.choice(known))


def digits(rng):
    """Numbers of the length of cards, where cards are spoken of."""
    yield "card,holder\n"
    while True:
        yield "%d,%s\n" % (rng.randrange(10**15, 10**16), words(rng, 1))


def cases(keywords):
    return {
        "one line of JSON": ("big.json", one_line_json),
        "a candidate a line": ("values.yaml", candidates),
        "passwords": ("passwords.yaml", passwords),
        "candidates on one line": ("values.txt", candidates_on_one_line),
        "every keyword": ("words.txt", every_keyword(list(keywords))),
        "every keyword on one line": ("line.txt", every_keyword_on_one_line(list(keywords))),
        "base64 a line": ("encoded.yaml", base64_lines),
        "escapes": ("strings.js", escapes),
        "backslashes": ("back.js", backslashes),
        "grants": ("grants.sql", grants),
        "a list of YAML": ("servers.yaml", yaml_lists),
        "digits": ("cards.csv", digits),
        "one list": ("list.yaml", one_list),
        "one list, one line": ("list.json", list_on_one_line),
        "one mapping": ("mapping.yaml", one_mapping),
        "one class": ("settings.py", one_class),
        "one line of code": ("app.min.js", one_line_of_code),
        "manifests": ("manifests.yaml", manifests),
        "one manifest": ("manifest.yaml", one_manifest),
        "elements": ("servers.xml", elements),
    }


def keywords_of(stagegate):
    shown = subprocess.run([stagegate, "rules", "list", "--format", "json"], capture_output=True, text=True)
    if shown.returncode == 0:
        try:
            rules = json.loads(shown.stdout)
            rules = rules.get("rules", rules) if isinstance(rules, dict) else rules
            found = {word for rule in rules for word in rule.get("keywords", [])}
            if found:
                return sorted(found)
        except (json.JSONDecodeError, AttributeError):
            pass
    # The packs themselves, in a checkout.
    import tomllib
    packs = Path(__file__).resolve().parent.parent / "src" / "rules" / "builtin"
    found = set()
    for pack in sorted(packs.glob("*.toml")):
        for rule in tomllib.loads(pack.read_text())["rule"]:
            found.update(rule.get("keywords", []))
    return sorted(found)


def blob(make, size):
    rng = random.Random(7)
    parts, length = [], 0
    for part in make(rng):
        parts.append(part)
        length += len(part.encode())
        if length >= size:
            return "".join(parts).encode()[:size]


def run(stagegate, name, content):
    with tempfile.TemporaryDirectory() as folder:
        git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run([*git, "init", "-q", "-b", "staging"], check=True)
        (Path(folder) / name).write_bytes(content)
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-q", "-m", "a"], check=True)
        command = [stagegate, "scan", "--rev", "HEAD", "--ref", "refs/heads/staging", "--format", "json"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, cwd=folder, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in (0, 1, 2):
            sys.exit(done.stderr.decode())
        findings = len(json.loads(done.stdout).get("findings", []))
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return done.returncode, seconds, findings, after.ru_maxrss // 1024


def plot(rows):
    """Seconds against megabytes, one line a case, as SVG."""
    lines = {row["case"]: [(one["megabytes"], max(one["seconds"], 1e-3)) for one in row["points"]] for row in rows}
    megabytes = [point[0] for points in lines.values() for point in points]
    linear = [(size, size / 10) for size in (min(megabytes), max(megabytes))]
    return chart.draw("Processor time against size, one blob", lines, "MB", "seconds", [("0.1 s a megabyte", linear)])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stagegate", default="stagegate")
    parser.add_argument("--largest", type=float, default=100.0, help="megabytes (default 100)")
    parser.add_argument("--only", help="cases whose name holds this")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", metavar="FILE.svg")
    parser.add_argument("--most", type=float, default=60, help="seconds that a run may be expected to take (default %(default)s)")
    parser.add_argument("--at-most", type=float, help="exit with 1 where a megabyte gets dearer by more than this factor")
    options = parser.parse_args()
    stagegate = os.path.abspath(options.stagegate) if os.sep in options.stagegate else options.stagegate
    sizes, size = [], 0.1
    while size < options.largest:
        sizes.append(round(size, 3))
        size *= 4
    sizes.append(options.largest)
    rows = []
    for case, (name, make) in cases(keywords_of(stagegate)).items():
        if options.only and options.only not in case:
            continue
        points = []
        for megabytes in sizes:
            if points and points[-1]["seconds"] * megabytes / points[-1]["megabytes"] > options.most:
                print(f"{case}: {megabytes:g} MB are skipped: over {options.most:g} s are expected", file=sys.stderr, flush=True)
                break
            code, seconds, findings, peak = run(stagegate, name, blob(make, int(megabytes * 1e6)))
            if code == 2:
                print(f"{case}: {megabytes:g} MB are not read: exit 2", file=sys.stderr, flush=True)
                break
            points.append({"megabytes": megabytes, "seconds": round(seconds, 3), "findings": findings, "peak_mib": peak})
            if not options.json:
                print("%-26s %7.1f MB %8.2f s %8.3f s/MB %7d findings" % (
                    case, megabytes, seconds, seconds / megabytes, findings), flush=True)
        if not points:
            continue
        base = next((p for p in points if p["megabytes"] >= 1.5), points[0])
        last = points[-1]
        bend = (last["seconds"] / last["megabytes"]) / max(base["seconds"] / base["megabytes"], 1e-9)
        rows.append({"case": case, "bend": round(bend, 2), "points": points})
        if not options.json:
            print("%-26s a megabyte costs %.2f times as much at %g MB as at %g MB" % (
                case, bend, last["megabytes"], base["megabytes"]), flush=True)
    if options.json:
        print(json.dumps(rows, indent=1))
    if options.plot:
        Path(options.plot).write_text(plot(rows))
    if options.at_most and any(row["bend"] > options.at_most for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
