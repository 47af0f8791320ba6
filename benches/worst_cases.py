#!/usr/bin/env python3
"""Time against size for blobs that are meant to be slow.

    python3 benches/worst_cases.py [--stagegate PATH] [--largest MB] [--only CASE] [--json] [--plot FILE.svg]

For each case it commits one blob of 1, 4, 16, 64 ... times 100 KB up to the largest size, scans the tree, and measures
the user and system time of the process. Prints the seconds and the seconds per megabyte, and how much more a megabyte costs
at the largest size than at the size before the plot turns into a straight line (1.6 MB): 1 is linear.

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
        return seconds, findings, after.ru_maxrss // 1024


def plot(rows, path):
    """Seconds against megabytes, both logarithmic, one line a case, and what linear is."""
    import math
    width, height, left, bottom = 640, 420, 60, 40
    xs = [point["megabytes"] for row in rows for point in row["points"]]
    ys = [max(point["seconds"], 0.001) for row in rows for point in row["points"]]
    low_x, high_x = math.log10(min(xs)), math.log10(max(xs))
    low_y, high_y = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))

    def x(megabytes):
        return left + (math.log10(megabytes) - low_x) / max(high_x - low_x, 1e-9) * (width - left - 200)

    def y(seconds):
        return height - bottom - (math.log10(max(seconds, 0.001)) - low_y) / (high_y - low_y) * (height - bottom - 20)

    colours = ["#1b6ca8", "#c0392b", "#27803b", "#8e44ad", "#b9770e", "#117a65", "#7f8c8d", "#2c3e50", "#d35400",
               "#6c3483", "#145a32"]
    height = max(height, 60 + 16 * (len(rows) + 1))
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">'
           % (width, height), '<rect width="100%" height="100%" fill="#ffffff"/>']
    for exponent in range(low_y, high_y + 1):
        out.append('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#dddddd"/><text x="%d" y="%.1f" '
                   'text-anchor="end">%g s</text>' % (left, width - 200, y(10**exponent), y(10**exponent), left - 6,
                                                      y(10**exponent) + 4, 10**exponent))
    for megabytes in sorted(set(xs)):
        out.append('<text x="%.1f" y="%d" text-anchor="middle">%g</text>' % (x(megabytes), height - 20, megabytes))
    out.append('<text x="%d" y="%d" text-anchor="middle">MB</text>' % ((left + width - 200) // 2, height - 6))
    # What costs the same for every megabyte, for the eye.
    first, last = min(xs), max(xs)
    out.append('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#999999" stroke-dasharray="4 4"/>'
               % (x(first), y(first * 0.1), x(last), y(last * 0.1)))
    for at, row in enumerate(rows):
        colour = colours[at % len(colours)]
        points = " ".join("%.1f,%.1f" % (x(p["megabytes"]), y(p["seconds"])) for p in row["points"])
        out.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5"/>' % (points, colour))
        out.append('<text x="%d" y="%d" fill="%s">%s</text>' % (width - 190, 30 + 16 * at, colour, row["case"]))
    out.append('<text x="%d" y="%d" fill="#999999">- - 0.1 s a megabyte</text>' % (width - 190, 30 + 16 * len(rows)))
    out.append("</svg>")
    Path(path).write_text("\n".join(out) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stagegate", default="stagegate")
    parser.add_argument("--largest", type=float, default=100.0, help="megabytes (default 100)")
    parser.add_argument("--only", help="cases whose name holds this")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot")
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
            seconds, findings, peak = run(stagegate, name, blob(make, int(megabytes * 1e6)))
            points.append({"megabytes": megabytes, "seconds": round(seconds, 3), "findings": findings, "peak_mib": peak})
            if not options.json:
                print("%-26s %7.1f MB %8.2f s %8.3f s/MB %7d findings" % (
                    case, megabytes, seconds, seconds / megabytes, findings), flush=True)
            if seconds > 120:
                break
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
        plot(rows, options.plot)
    if options.at_most and any(row["bend"] > options.at_most for row in rows):
        sys.exit(1)


if __name__ == "__main__":
    main()
