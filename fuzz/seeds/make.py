#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets beside itself: the smallest inputs that are well-formed. Run it after a format changed, with
STAGEGATE=BINARY in the environment for those that only the program can write.

No seed holds anything that looks like a secret; those of `judge` are templates that the target expands.
"""

import base64, gzip, hashlib, io, os, pathlib, random, string, struct, subprocess, tarfile, tempfile, zipfile, zlib

HERE = pathlib.Path(__file__).parent
TEXT = "database:\n  host: db.prod.example.com\n  password: \"only an example\"\n"
ENV = "DB_HOST=db.prod.example.com\nDB_PASSWORD='only an example'\n"


def letters(seed):
    return "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=20))


def seed(target, name, data):
    folder = HERE / target
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


for target, data in {
    "base64": base64.b64encode(TEXT.encode()),
    "hex": TEXT.encode().hex(),
    "percent": "".join(f"%{byte:02X}" for byte in TEXT.encode()),
    "escapes": "".join(f"\\x{byte:02x}" if byte % 3 else f"\\u{byte:04x}" for byte in TEXT.encode()),
    "colours": TEXT.replace("host", "\x1b[1;32mhost\x1b[0m"),
    "wide": TEXT.encode("utf-16-le"),
    "gzip": gzip.compress(TEXT.encode(), mtime=0),
    "deflated": zlib.compress(TEXT.encode()),
    "whole_value": base64.b64encode(ENV.encode()),
}.items():
    seed(target, "plain", data)
seed("base64", "url", base64.urlsafe_b64encode(bytes(range(256))).rstrip(b"="))
raw = zlib.compressobj(9, zlib.DEFLATED, -15)
seed("deflated", "raw", raw.compress(TEXT.encode()) + raw.flush())
for name, text in {
    "utf-16-be": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "utf-16-le": b"\xff\xfe" + TEXT.encode("utf-16-le"),
    "utf-32": b"\xff\xfe\x00\x00" + TEXT.encode("utf-32-le"),
    "utf-8": b"\xef\xbb\xbf" + TEXT.encode(),
    "unmarked": TEXT.encode("utf-16-be"),
}.items():
    seed("text", name, text)

buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
    for name, text in (("config.yml", TEXT), (".env", ENV)):
        file.writestr(zipfile.ZipInfo(name), text)
seed("zip", "two", buffer.getvalue()[4:])
seed("pieces", "zip", b"zip: " + base64.b64encode(buffer.getvalue()))
buffer = io.BytesIO()
with tarfile.open(fileobj=buffer, mode="w") as file:
    member = tarfile.TarInfo("config.yml")
    member.size = len(TEXT)
    file.addfile(member, io.BytesIO(TEXT.encode()))
seed("tar", "one", buffer.getvalue()[:1536])
seed("pieces", "tar", b"tar: " + base64.b64encode(gzip.compress(buffer.getvalue()[:1536], mtime=0)))
seed("pieces", "nested", base64.b64encode(base64.b64encode(b"key: " + base64.b64encode(ENV.encode()))))

# The first byte chooses the reader: every reader sees every text.
texts = {
    "yaml": TEXT,
    "env": ENV,
    "json": '{"db": {"hosts": ["a", "b"], "password": "only \\u0061n example"}, "n": 1.5e3} // word',
    "toml": "[db]\nhost = 'a'\n[[db.list]]\n\"quoted key\" = \"\"\"\nmany\nlines\"\"\"\ninline = { a = 1 }\n",
    "xml": '<?xml version="1.0"?><a b="c"><!-- d --><![CDATA[ e ]]><f>g &amp; h</f></a>',
    "ini": "[section \"sub\"]\n  key = value ; word\nother: more \\\n  lines\n",
    "hcl": 'resource "a" "b" {\n  key = "v${var.x}"\n  doc = <<EOT\ntext\nEOT\n}\n',
    "docker": "FROM a AS b\nARG X=1\nENV A=b C=\"d e\"\nRUN export F=g && \\\n  true\n",
    "netrc": "machine example.com login me password only-an-example\n",
    "anchors": "a: &a [1, 2]\nb: *a\nc: |-\n  text\n  more\n? [x]\n: {y: z}\n---\n!!str d: 'e'\n",
}
for name, text in texts.items():
    for reader in range(20):
        if reader % 4 == len(name) % 4 or name in ("yaml", "toml"):
            seed("syntax", f"{name}-{reader}", bytes([reader]) + text.encode())

seed("policy", "small", 'version = 1\n[environment.staging]\ntier = "staging"\nrefs = ["staging", "release/*"]\npaths = ["config/staging/**"]\n')
seed("policy", "starter", (HERE.parent.parent / "src/policy/starter.toml").read_bytes())
seed("baseline", "one", '{"schema":"stagegate-baseline/1"}\n{"fingerprint":"sg1:0123456789abcdef","environment":"staging","rule":"stripe-secret-key","since":"2026-01-01","added":"2026-01-02"}\n')
seed("rules", "one", 'provider = "acme"\nname = "Acme"\n\n[[rule]]\nid = "acme-token"\ntitle = "Acme token"\nkeywords = ["acme_"]\npattern = \'\\bacme_[0-9a-z]{24}\\b\'\n')
seed("gitleaks", "one", 'title = "own"\n[extend]\nuseDefault = true\n[[rules]]\nid = "acme"\ndescription = "Acme"\nregex = \'\'\'(?i)acme_[0-9a-z]{24}\'\'\'\nkeywords = ["acme"]\nentropy = 3.5\n[[rules.allowlists]]\nregexes = ["example"]\npaths = ["docs/.*"]\n[allowlist]\nstopwords = ["sample"]\n')
ZERO, ONE = "0" * 40, "1" * 40
seed("lines", "receive", f"{ZERO} {ONE} refs/heads/staging\n{ONE} {ZERO} refs/tags/v1\n")
seed("lines", "push", f"refs/heads/a {ONE} refs/heads/staging {ZERO}\n(delete) {ZERO} refs/heads/b {ONE}\n")
seed("lines", "update", f"refs/heads/staging {ZERO} {ONE}")

TREE = bytes.fromhex("6" * 40)
PERSON = b"A <a@example.com> 1700000000 +0000"
COMMIT = b"tree " + b"6" * 40 + b"\nparent " + b"7" * 40 + b"\nauthor " + PERSON + b"\ncommitter " + PERSON + b"\nencoding latin1\ngpgsig -----\n more\n\nsubject\n"
TAG = b"object " + b"6" * 40 + b"\ntype commit\ntag v1\ntagger " + PERSON + b"\n\nnote\n"
seed("object", "commit", COMMIT)
seed("object", "tag", TAG)
for kind, body in ((b"blob", ENV.encode()), (b"tree", b"100644 a\0" + TREE + b"40000 b\0" + TREE), (b"commit", COMMIT), (b"tag", TAG)):
    whole = kind + b" %d\0" % len(body) + body
    seed("loose", kind.decode(), b"\0" + whole)
    seed("loose", kind.decode() + "-deflated", b"\1" + zlib.compress(whole))

with tempfile.TemporaryDirectory() as folder:
    def git(*words):
        environ = {"PATH": os.environ["PATH"], "HOME": folder, "GIT_CONFIG_NOSYSTEM": "1"}
        return subprocess.run(("git", "-C", folder) + words, check=True, capture_output=True, env=environ).stdout
    git("init", "-q")
    at = pathlib.Path(folder)
    (at / "config").mkdir()
    for name in (".env", "config/staging.yml", "run"):
        (at / name).write_text(ENV)
    git("add", ".")
    tree = git("write-tree").decode().strip()
    body = git("cat-file", "tree", tree)
    for version in ("2", "4"):
        git("update-index", "--index-version", version)
        index = (at / ".git/index").read_bytes()
        # Without the times of this machine: the first entry's fields are zeros, the checksum is set right.
        index = index[:12] + bytes(24) + index[36:-20]
        seed("index", f"version-{version}", struct.pack(">H", len(body)) + body + index + hashlib.sha1(index).digest())

seed("values", "json", '{"data": {"db": {"password": "only an example"}}, "list": [1, true, "b"]}')
seed("values", "yaml", TEXT)
seed("values", "pairs", "export " + ENV)
seed("values", "lines", "only an example\n-----BEGIN THING-----\nabc\n-----END THING-----\n")
key = HERE / "inventory"
key.mkdir(exist_ok=True)
if "STAGEGATE" in os.environ:
    with tempfile.TemporaryDirectory() as folder:
        at = pathlib.Path(folder)
        (at / "key").write_text("0123456789abcdef" * 4)
        (at / "key").chmod(0o600)
        subprocess.run(
            [os.environ["STAGEGATE"], "inventory", "add", "--inventory", str(at / "inventory"), "--inventory-key", str(at / "key"), "--environment", "production"],
            input="".join(f"{name}={letters(name)}\n" for name in "AB").encode(), check=True, env={"PATH": os.environ["PATH"], "HOME": folder},
        )
        seed("inventory", "two", (at / "inventory").read_bytes())
seed("inventory", "header", b"sginv\r\n\0" + struct.pack("<I", 1) + bytes(16) + struct.pack("<I", 8) + bytes(8 + 16 + 4))

seed("judge", "stripe", "config/staging.yml\nstaging\npayments:\n  key: sk_live_{alnum:24}\n  url: postgres://app:{alnum:20}@db.prod.example.com/app\n")
seed("judge", "env", ".env\n\nAWS_ACCESS_KEY_ID=AKIA{upper:16}\nAWS_SECRET_ACCESS_KEY={alnum:40}\nexport TOKEN=ghp_{alnum:36}\n")
seed("judge", "names", "config/\u202estaging\x1b[31m.json\nrelease/staging\n\"password\": \"{alnum:24}\", \"host\": \"db.prod.example.com\"\n")
seed("judge", "boundary", "deploy/staging/app.yaml\nstaging\nenv:\n- name: DB_HOST\n  value: db.production.svc.cluster.local\n- name: BUCKET\n  value: s3://acme-prod-data\n")
if "STAGEGATE" in os.environ:
    with tempfile.TemporaryDirectory() as folder:
        environ = {"PATH": os.environ["PATH"], "HOME": folder, "GIT_CONFIG_NOSYSTEM": "1"}
        person = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        for words in (("init", "-q", "-b", "main"), ("add", "."), person + ("commit", "-q", "-m", "One")):
            (pathlib.Path(folder) / ".env").write_text(ENV)
            subprocess.run(("git", "-C", folder) + words, check=True, env=environ)
        told = subprocess.run((os.environ["STAGEGATE"], "audit", "--format", "json-lines"), cwd=folder, env=environ, capture_output=True)
        seed("posture", "small", told.stdout)
