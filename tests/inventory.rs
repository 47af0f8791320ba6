//! The inventory of known secrets, end to end: what the stores' clients print goes in, and a push that holds a value
//! somewhere, under another name and in another form, is refused. Real tools where `tests/setup.sh` could install them.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use support::{Ran, TestEnv, live_key, run, run_with_input, secret};

/// An inventory with its key, in the folder of a test.
struct Shop {
    env: TestEnv,
}

impl Shop {
    fn new() -> Self {
        Self {
            env: TestEnv::new(),
        }
    }

    fn file(&self) -> PathBuf {
        self.env.path("inventory")
    }

    fn key(&self) -> PathBuf {
        self.env.path("inventory.key")
    }

    /// The gate's command, with the inventory named in its environment.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.env.command(support::STAGEGATE, &self.env.path("home"));
        command
            .args(args)
            .env("STAGEGATE_INVENTORY", self.file())
            .env("STAGEGATE_INVENTORY_KEY_FILE", self.key());
        command
    }

    fn inventory(&self, args: &[&str], input: &str) -> Ran {
        let mut all = vec!["inventory"];
        all.extend(args);
        run_with_input(&mut self.command(&all), input.as_bytes())
    }

    fn add(&self, input: &str) -> Ran {
        let ran = self.inventory(
            &[
                "add",
                "--environment",
                "production",
                "--source",
                "vault:shop",
            ],
            input,
        );
        ran.succeeded();
        ran
    }

    /// A push of one file to a branch of a guarded server; all branches are there already.
    fn push(&self, name: &str, branch: &str, path: &str, content: impl AsRef<[u8]>) -> Ran {
        let work = self.env.repo(&format!("work-{name}"));
        let server = self.env.server(&format!("server-{name}.git"));
        work.git(["remote", "add", "origin", &server.url()]);
        work.git(["branch", "staging"]);
        work.git(["branch", "production"]);
        work.git(["branch", "feature"]);
        work.push(["main", "staging", "production", "feature"])
            .succeeded();
        server.guard(&[
            "--inventory",
            self.file().to_str().expect("plain"),
            "--inventory-key",
            self.key().to_str().expect("plain"),
        ]);
        work.switch(branch);
        work.commit_file(path, content);
        work.push([branch])
    }
}

/// A value that no rule knows by its format.
fn plain(seed: u64) -> String {
    secret("{alnum:18}", seed)
}

/// A program of the tools that `tests/setup.sh` installs; a test without it says so and passes.
#[allow(clippy::print_stderr)] // who reads the log of a run must see what was not tested
fn tool(name: &str) -> Option<PathBuf> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/bin");
    let folder = std::env::var_os("STAGEGATE_TEST_TOOLS").map_or(own, PathBuf::from);
    let program = folder.join(name);
    if program.exists() {
        return Some(program);
    }
    eprintln!(
        "skipped: {name} is not here; `sh tests/setup.sh` installs it where PyPI can be reached"
    );
    None
}

#[test]
fn a_known_value_is_refused_wherever_it_stands() {
    let shop = Shop::new();
    let value = plain(1);
    let signs = secret("{alnum:4}#{alnum:4}!{alnum:4}@{alnum:4}", 2);
    let ran = shop.add(&format!("DB_PASSWORD={value}\nOTHER={signs}\n"));
    ran.says("new key")
        .says("2 taken, 2 of them new; 2 entries");
    ran.hides(&value).hides(&signs);
    let encoded = |value: &str| STANDARD.encode(value);
    let percent: String = signs.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for (name, path, content) in [
        (
            "yaml",
            "config/staging/x.yml",
            format!("colour: \"{value}\"\n"),
        ),
        (
            "json",
            "config/staging/x.json",
            format!("{{\"a\":[\"{value}\"]}}"),
        ),
        ("code", "lib/x.rb", format!("CLIENT.open(%q({value}))\n")),
        (
            "url",
            "lib/x.txt",
            format!("see https://u:{value}@h.example/p\n"),
        ),
        ("base64", "lib/y.txt", format!("blob {}\n", encoded(&value))),
        (
            "short",
            "lib/s.txt",
            format!("blob {}\n", encoded(&value[..]).trim_end_matches('=')),
        ),
        (
            "inside1",
            "lib/1.txt",
            encoded(&format!("a user:{value} and more of it")),
        ),
        (
            "inside2",
            "lib/2.txt",
            encoded(&format!("an user:{value} and more of it")),
        ),
        (
            "inside3",
            "lib/3.txt",
            encoded(&format!("the user:{value} and more of it")),
        ),
        ("signs", "lib/z.ini", format!("x={signs}\n")),
        ("quoted", "lib/z.sh", format!("run '{signs}'\n")),
        (
            "percent",
            "lib/z.txt",
            format!("https://u:{percent}@h.example/\n"),
        ),
        (
            "escaped",
            "lib/z.json",
            format!("{{\"a\": \"x\\n{value}\\n\"}}"),
        ),
        ("option", "lib/run.sh", format!("mysql -p{value} shop\n")),
        (
            "secret",
            "k/s.yml",
            format!("kind: Secret\ndata:\n  x: {}\n", encoded(&signs)),
        ),
        ("name", "lib/names", format!("ok\n{value}\n")),
    ] {
        let ran = shop.push(name, "staging", path, &content);
        ran.refused()
            .says("known secret of production (source vault:shop, added")
            .hides(&value)
            .hides(&signs)
            .hides(&percent);
    }
    for (name, branch) in [("feature", "feature"), ("production", "production")] {
        let ran = shop.push(name, branch, "lib/x.txt", format!("x = {value}\n"));
        ran.succeeded();
        if branch == "production" {
            ran.says("known secret of production");
        }
    }
    shop.push(
        "other",
        "staging",
        "lib/x.txt",
        format!("x = {}\n", plain(9)),
    )
    .succeeded();
    shop.push(
        "reference",
        "staging",
        "config/staging/x.yml",
        "password: ${DB_PASSWORD}\n",
    )
    .succeeded();
}

#[test]
fn a_rule_and_the_inventory_make_one_finding() {
    let shop = Shop::new();
    let env = &shop.env;
    let key = live_key(1);
    let password = plain(2);
    shop.add(&format!("STRIPE={key}\nB={password}\n"));
    let work = env.repo("work");
    work.commit_file(
        "config/staging.yml",
        format!(
            "stripe: {key}\npassword: \"{password}\"\nencoded_password: {}\n",
            STANDARD.encode(&password)
        ),
    );
    let mut scan = shop.command(&["scan", "--format", "json"]);
    let ran = run(scan.current_dir(&work.dir));
    ran.exits(1).hides(&key).hides(&password);
    let report = ran.json();
    let findings = report["findings"].as_array().expect("findings");
    assert_eq!(findings.len(), 3, "{findings:#?}");
    for finding in findings {
        assert_eq!(finding["family"], "inventory");
        assert_eq!(finding["verdict"], "block");
        assert_eq!(finding["origin"]["environment"], "production");
    }
    assert_eq!(findings[0]["rule"], "stripe-secret-key");
    assert_eq!(findings[1]["rule"], "generic-password");
}

#[test]
fn a_revoked_value_is_blocked_everywhere_and_exceptions_end() {
    let shop = Shop::new();
    let value = plain(1);
    let work = shop.env.repo("work");
    work.commit_file("lib/x.yml", format!("password: {value}\n"));
    shop.add(&format!("{value}\n"));
    let scan = |policy: Option<&str>, code: i32| {
        let mut command = shop.command(&["scan", "--format", "json", "--ref", "staging"]);
        if let Some(policy) = policy {
            command.args(["--policy", policy]);
        }
        let ran = run(command.current_dir(&work.dir));
        ran.exits(code).hides(&value);
        ran.json()
    };
    let report = scan(None, 1);
    let fingerprint = report["findings"][0]["fingerprint"].as_str().expect("one");
    let policy = shop.env.file(
        "policy.toml",
        format!("version = 1\n[[exception]]\nfingerprint = \"{fingerprint}\"\nenvironment = \"staging\"\nreason = \"one account\"\napprover = \"ada\"\nexpires = 9999-12-31\n"),
    );
    let policy = policy.to_str().expect("plain");
    scan(Some(policy), 0);
    shop.push("before", "feature", "a.txt", format!("{value}\n"))
        .succeeded();

    let ran = shop.inventory(&["add", "--revoked", "--source", "incident"], &value);
    ran.succeeded().says("1 revoked, 0 of them new; 1 entries");
    let report = scan(Some(policy), 1);
    let text = report["findings"][0]["evidence"].to_string();
    assert!(
        text.contains("known secret of production, revoked on"),
        "{text}"
    );
    for branch in ["feature", "production", "staging"] {
        shop.push(
            &format!("after-{branch}"),
            branch,
            "a.txt",
            format!("{value}\n"),
        )
        .refused()
        .says("revoked");
    }
    // Adding it again does not bring it back; taking it out does.
    shop.add(&value).says("1 taken, 0 of them new");
    scan(Some(policy), 1);
    shop.inventory(&["remove"], &value).succeeded();
    shop.add(&value);
    scan(Some(policy), 0);
}

#[test]
fn adding_twice_changes_nothing_and_nothing_is_shown() {
    let shop = Shop::new();
    let (one, two) = (plain(1), plain(2));
    let input = format!("A={one}\nB={two}\n");
    shop.add(&input);
    let first = fs::read(shop.file()).expect("a file");
    shop.add(&input).says("2 taken, 0 of them new; 2 entries");
    assert_eq!(fs::read(shop.file()).expect("a file"), first);
    for path in [shop.file(), shop.key()] {
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    for value in [&one, &two] {
        assert!(
            !first
                .windows(8)
                .any(|part| value.as_bytes().windows(8).any(|of| of == part))
        );
    }
    let ran = shop.inventory(&["list"], "");
    ran.succeeded().says("production").hides(&one);
    let id = ran
        .stdout
        .split_whitespace()
        .next()
        .expect("an id")
        .to_owned();
    shop.inventory(&["check"], &input)
        .exits(1)
        .says("A: sgi1:")
        .hides(&one);
    shop.inventory(&["check"], &plain(3))
        .succeeded()
        .says("not known");
    shop.inventory(&["stats"], "").succeeded().says("2 entries");
    shop.inventory(&["remove", &id], "")
        .succeeded()
        .says("1 entries removed");
    shop.inventory(&["remove", &id], "").exits(2);
    shop.inventory(&["stats"], "").succeeded().says("1 entries");
}

#[test]
fn what_is_weak_or_no_secret_is_refused_with_the_reason() {
    let shop = Shop::new();
    let value = plain(1);
    let weak = ["Summer2024!", "changeme", "postgres", "my-app-secret"];
    let ran = shop.add(&format!(
        "A={value}\nB={}\nC={}\nD={}\nE={}\nDB_HOST=db.example.com\nDB_PORT=5432\nURL=https://example.org/a\n",
        weak[0], weak[1], weak[2], weak[3]
    ));
    ran.says("1 taken")
        .says("too easy to guess")
        .says("a placeholder: C")
        .says("a public default: D")
        .says("made of plain words")
        .says("a name by its key");
    for value in weak {
        ran.hides(value);
    }
    shop.inventory(&["add", "--environment", "production"], "")
        .exits(2)
        .says("no value on standard input");
    shop.inventory(&["add", "--environment", "blue"], &value)
        .exits(2)
        .says("--tier");
}

#[test]
fn a_wrong_key_and_a_damaged_file_are_errors() {
    let shop = Shop::new();
    let value = plain(1);
    shop.add(&value);
    let content = fs::read(shop.file()).expect("a file");
    let check = || shop.inventory(&["stats"], "");
    check().succeeded();
    for at in (0..content.len())
        .step_by(content.len() / 97 + 1)
        .chain([8, 28, content.len() - 1])
    {
        let mut changed = content.clone();
        changed[at] ^= 1;
        fs::write(shop.file(), &changed).expect("written");
        let ran = check();
        ran.could_not_decide();
        assert!(
            !ran.stderr.contains("not the one that"),
            "byte {at} is taken for a wrong key"
        );
    }
    for len in [0, 7, 40, content.len() - 1] {
        fs::write(shop.file(), &content[..len]).expect("written");
        check().could_not_decide().says("damaged");
    }
    let mut newer = content.clone();
    newer[8] = 9;
    fs::write(shop.file(), &newer).expect("written");
    check().could_not_decide().says("version 9");
    fs::write(shop.file(), &content).expect("written");

    let other = secret("{hex:64}", 5);
    let mut command = shop.command(&["inventory", "check"]);
    command.env("STAGEGATE_INVENTORY_KEY", &other);
    run_with_input(&mut command, value.as_bytes())
        .could_not_decide()
        .says("the key is not the one")
        .hides(&other);
    let mut command = shop.command(&["inventory", "check"]);
    command.env("STAGEGATE_INVENTORY_KEY", "hunter2");
    run_with_input(&mut command, value.as_bytes())
        .could_not_decide()
        .says("64 hexadecimal digits")
        .hides("hunter2");
    fs::set_permissions(shop.key(), fs::Permissions::from_mode(0o644)).expect("chmod");
    check().could_not_decide().says("chmod 600");
    fs::set_permissions(shop.key(), fs::Permissions::from_mode(0o600)).expect("chmod");
    let lock = shop.env.file("inventory.lock", "");
    shop.inventory(&["add", "--environment", "production"], &plain(3))
        .could_not_decide()
        .says("being written");
    fs::remove_file(lock).expect("there");
    check().succeeded().says("1 entries");

    // A push is judged with it, or not at all.
    fs::write(shop.file(), &content[..content.len() - 1]).expect("written");
    shop.push("damaged", "staging", "a.txt", "harmless\n")
        .refused()
        .says("damaged");
}

#[test]
fn a_private_key_is_known_in_any_layout() {
    let shop = Shop::new();
    let lines: Vec<String> = (0..6)
        .map(|line| secret("{alnum:64}", 100 + line))
        .collect();
    let pem = |between: &str| {
        format!(
            "-----BEGIN PRIVATE KEY-----{between}{}{between}-----END PRIVATE KEY-----",
            lines.join(between)
        )
    };
    shop.add(&pem("\n"));
    for (name, content) in [
        ("file", pem("\n")),
        ("crlf", pem("\r\n")),
        ("yaml", format!("k: |\n  {}\n", pem("\n  "))),
        ("json", format!("{{\"k\": \"{}\"}}", pem("\\n"))),
    ] {
        shop.push(name, "staging", "lib/a.txt", content)
            .refused()
            .says("known secret of production")
            .hides(&lines[2]);
    }
}

#[test]
fn the_policy_names_the_inventory() {
    let shop = Shop::new();
    let value = plain(1);
    shop.add(&value);
    let work = shop.env.repo("work");
    work.write(
        "stagegate.toml",
        format!(
            "version = 1\n[inventory]\nfile = \"{}\"\nkey-file = \"{}\"\n",
            shop.file().display(),
            shop.key().display()
        ),
    );
    work.write("config/staging.txt", format!("{value}\n"));
    work.stage();
    work.stagegate(["policy", "check"]).succeeded();
    work.stagegate(["pre-commit"]).exits(1).says("known secret");
    work.commit("All");
    work.stagegate(["scan"]).exits(1).says("known secret");
    // Who works here may not have the key, and is told; a server must have it.
    fs::remove_file(shop.key()).expect("there");
    work.write("config/staging.txt", format!("{value} \n"));
    work.stage();
    work.stagegate(["pre-commit", "-v"])
        .succeeded()
        .says("known secrets were not looked for");
    work.stagegate(["scan"]).could_not_decide();
    work.write(
        "stagegate.toml",
        "version = 1\n[inventory]\nkeyfile = \"x\"\n",
    );
    work.stagegate(["policy", "check"])
        .exits(2)
        .says("did you mean `key-file`?")
        .says("names no file");
}

#[test]
fn clients_of_stores_can_be_piped_in() {
    let value = |nth: u64| plain(40 + nth);
    let encoded = STANDARD.encode(value(2));
    for (name, printed, value) in [
        (
            "vault",
            format!(
                r#"{{"request_id":"0f1c","lease_id":"","lease_duration":0,"renewable":false,"data":{{"data":{{"password":"{}"}},"metadata":{{"created_time":"2030-01-01T00:00:00Z","deletion_time":"","destroyed":false,"version":2}}}},"warnings":null}}"#,
                value(1)
            ),
            value(1),
        ),
        (
            "kubernetes",
            format!(
                r#"{{"apiVersion":"v1","kind":"Secret","metadata":{{"name":"db","uid":"u"}},"type":"Opaque","data":{{"password":"{encoded}","username":"c2hvcA=="}}}}"#
            ),
            value(2),
        ),
        (
            "onepassword",
            format!(
                r#"{{"id":"i","title":"db","category":"DATABASE","fields":[{{"id":"password","type":"CONCEALED","label":"password","value":"{}"}}]}}"#,
                value(3)
            ),
            value(3),
        ),
    ] {
        let shop = Shop::new();
        shop.add(&printed).says("1 taken").hides(&value);
        shop.push(name, "staging", "a.txt", format!("x {value} y\n"))
            .refused()
            .hides(&value);
    }
}

#[test]
fn sops_with_age() {
    let (Some(sops), Some(python)) = (tool("sops"), tool("python3")) else {
        return;
    };
    let shop = Shop::new();
    let value = plain(1);
    let made = run(shop.env.command(&python, &shop.env.path("home")).args([
        "-c",
        "import pyrage; i = pyrage.x25519.Identity.generate(); print(i); print(i.to_public())",
    ]));
    made.succeeded();
    let keys: Vec<&str> = made.stdout.lines().collect();
    let folder = shop.env.path("home");
    let plain_file = shop.env.file(
        "home/prod.yaml",
        format!("db:\n  password: {value}\n  host: db.example.com\n"),
    );
    let sops = |args: &[&str]| {
        let mut command = shop.env.command(&sops, &folder);
        run(command.env("SOPS_AGE_KEY", keys[0]).args(args))
    };
    let file = plain_file.to_str().expect("plain");
    let encrypted = sops(&["encrypt", "--age", keys[1], file]);
    encrypted.succeeded().hides(&value);
    shop.inventory(&["add", "--environment", "production"], &encrypted.stdout)
        .exits(2)
        .says("still encrypted by sops");
    let locked = shop.env.file("home/locked.yaml", &encrypted.stdout);
    let opened = sops(&["decrypt", locked.to_str().expect("plain")]);
    opened.succeeded();
    shop.add(&opened.stdout).says("1 taken").hides(&value);
    shop.push("sops", "staging", "a.env", format!("PW='{value}'\n"))
        .refused();
}

#[test]
fn ansible_vault() {
    let Some(ansible) = tool("ansible-vault") else {
        return;
    };
    let shop = Shop::new();
    let value = plain(1);
    let folder = shop.env.path("home");
    shop.env.file("home/pass", secret("{alnum:20}", 9));
    shop.env
        .file("home/vault.yml", format!("vault_db_password: {value}\n"));
    let ansible = |args: &[&str]| {
        let mut command = shop.env.command(&ansible, &folder);
        run(command.env("LC_ALL", "C.UTF-8").args(args))
    };
    ansible(&["encrypt", "--vault-password-file", "pass", "vault.yml"]).succeeded();
    let locked = fs::read_to_string(shop.env.path("home/vault.yml")).expect("there");
    shop.inventory(&["add", "--environment", "production"], &locked)
        .exits(2)
        .says("still encrypted by ansible-vault");
    let opened = ansible(&["view", "--vault-password-file", "pass", "vault.yml"]);
    opened.succeeded();
    shop.add(&opened.stdout).says("1 taken").hides(&value);
    shop.push("ansible", "staging", "a.yml", format!("pw: {value}\n"))
        .refused();
}

/// Rails: AES-128-GCM, three parts in base64 joined by `--`, around what Marshal makes of a string.
const RAILS: &str = r#"
import base64, os, sys
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
key, text = bytes.fromhex(sys.argv[1]), sys.stdin.buffer.read()
if sys.argv[2] == "encrypt":
    length = len(text)
    assert length < 65536
    marshal = b"\x04\x08I\"" + b"\x02" + length.to_bytes(2, "little") + text + b"\x06:\x06ET"
    nonce = os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, marshal, b"")
    parts = (sealed[:-16], nonce, sealed[-16:])
    print("--".join(base64.b64encode(part).decode() for part in parts), end="")
else:
    sealed, nonce, tag = (base64.b64decode(part) for part in text.split(b"--"))
    marshal = AESGCM(key).decrypt(nonce, sealed + tag, b"")
    assert marshal[:5] == b"\x04\x08I\"\x02"
    sys.stdout.buffer.write(marshal[7:7 + int.from_bytes(marshal[5:7], "little")])
"#;

#[test]
fn rails_credentials() {
    let Some(python) = tool("python3") else {
        return;
    };
    let shop = Shop::new();
    let base = secret("{hex:128}", 1);
    let key = secret("{hex:32}", 2);
    let text = format!(
        "# Used as the base secret for all verifiers, see the guides of Rails, in many words and lines.\n# Another line so that it is long enough for two bytes of length.\nsecret_key_base: {base}\ndatabase:\n  username: shop\n  password: {}\n",
        plain(3)
    );
    let rails = |what: &str, input: &[u8]| {
        let mut command = shop.env.command(&python, &shop.env.path("home"));
        run_with_input(command.args(["-c", RAILS, &key, what]), input)
    };
    let locked = rails("encrypt", text.as_bytes());
    locked.succeeded().hides(&base);
    let opened = rails("decrypt", locked.stdout.as_bytes());
    opened.succeeded();
    assert_eq!(opened.stdout, text);
    shop.add(&opened.stdout).says("2 taken").hides(&base);
    shop.push("rails", "staging", "a.txt", format!("SECRET={base}\n"))
        .refused();
}

#[test]
fn aws_secrets_manager() {
    let (Some(moto), Some(aws)) = (tool("moto_server"), tool("aws")) else {
        return;
    };
    let shop = Shop::new();
    let value = plain(1);
    let folder = shop.env.path("home");
    // A port that is free now, on this machine only.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let mut server = shop
        .env
        .command(&moto, &folder)
        .args(["-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("moto starts");
    let began = std::time::Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed().as_secs() < 40, "moto does not answer");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let endpoint = format!("http://127.0.0.1:{port}");
    let aws = |args: &[&str]| {
        let mut command = shop.env.command(&aws, &folder);
        command
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", "testing")
            .env("AWS_DEFAULT_REGION", "eu-central-1")
            .args([
                "--endpoint-url",
                &endpoint,
                "--output",
                "json",
                "secretsmanager",
            ])
            .args(args);
        run(&mut command)
    };
    let document = format!(
        r#"{{"username":"shop","password":"{value}","engine":"postgres","host":"db.example.com","port":5432}}"#
    );
    let created = aws(&[
        "create-secret",
        "--name",
        "prod/db",
        "--secret-string",
        &document,
    ]);
    let got = aws(&["get-secret-value", "--secret-id", "prod/db"]);
    let _ = server.kill();
    let _ = server.wait();
    created.succeeded();
    got.succeeded();
    shop.add(&got.stdout).says("1 taken").hides(&value);
    shop.push("aws", "staging", "a.properties", format!("x.y={value}\n"))
        .refused();
}
