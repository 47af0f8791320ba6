//! A repository with a past: two years of a shop, with rotations, a copy from production, a leak that was taken back.

use super::{Repo, STAGEGATE, TestEnv, live_key, run, secret, test_key};

/// The day of which everything is said.
pub(crate) const AS_OF: &str = "2026-11-25";

/// Values of the shop that a test may look for.
pub(crate) struct Values {
    /// Production's key at Stripe, copied to staging.
    pub(crate) stripe: String,
    /// Production's passwords, oldest first.
    pub(crate) passwords: [String; 3],
    /// A token that stood for two days and is history.
    pub(crate) leaked: String,
    /// All of them, and the others.
    pub(crate) all: Vec<String>,
}

/// Commits everything of the working tree, as somebody on a day.
pub(crate) fn commit(env: &TestEnv, work: &Repo<'_>, day: &str, author: &str, message: &str) {
    work.stage();
    let date = format!("{day}T10:00:00+0000");
    run(env
        .command("git", &work.dir)
        .env("GIT_AUTHOR_NAME", author)
        .env("GIT_AUTHOR_DATE", &date)
        .env("GIT_COMMITTER_DATE", &date)
        .args([
            "commit",
            "-q",
            "--no-verify",
            "--allow-empty",
            "-m",
            message,
        ]))
    .succeeded();
}

/// The shop.
pub(crate) fn shop<'e>(env: &'e TestEnv, name: &str) -> (Repo<'e>, Values) {
    let work = env.empty_repo(name);
    let stripe = live_key(1);
    let passwords = [31, 32, 33].map(|seed| secret("{password:16}", seed));
    let staging = [41, 42].map(|seed| secret("{password:16}", seed));
    let sandbox = test_key(5);
    let leaked = secret("ghp_{crc32_base62:30}", 6);
    let slack = secret("xoxb-{digit:12}-{digit:13}-{alnum:24}", 7);
    let aws = secret("AKIA{base32:16}", 8);
    let queue = secret("{password:18}", 9);
    let at = |day: &str, author: &str, message: &str| commit(env, &work, day, author, message);
    let production = |password: &str| {
        format!(
            "db:\n  host: db.prod.example.com\n  user: shop\n  password: \"{password}\"\npayments:\n  stripe_secret_key: {stripe}\n"
        )
    };
    let of_staging = |password: &str, key: &str| {
        format!(
            "db:\n  user: shop\n  password: \"{password}\"\npayments:\n  stripe_secret_key: {key}\n"
        )
    };
    work.write("README.md", "A shop.\n");
    work.write("config/production.yml", production(&passwords[0]));
    work.write("config/staging.yml", of_staging(&staging[0], &sandbox));
    at("2024-06-03", "Ada Byron", "A shop");
    work.write("config/production.yml", production(&passwords[1]));
    at(
        "2024-12-02",
        "Grace Murray",
        "Rotate the database's password",
    );
    work.write("deploy/ci.env", format!("SLACK_BOT_TOKEN={slack}\n"));
    at(
        "2025-02-10",
        "Edsger W.",
        "Tell the channel about deployments",
    );
    work.write("config/staging.yml", of_staging(&staging[1], &sandbox));
    at("2025-04-01", "Grace Murray", "Rotate staging too");
    work.write(
        "scripts/release.sh",
        format!("export GITHUB_TOKEN={leaked}\n"),
    );
    at("2025-06-16", "Barbara L.", "Release by script");
    work.write("scripts/release.sh", "gh release create\n");
    at("2025-06-18", "Barbara L.", "No token in the script");
    work.write("config/staging.yml", of_staging(&staging[1], &stripe));
    at(
        "2025-09-08",
        "Barbara L.",
        "Payments did not work in staging",
    );
    work.write(
        "deploy/development/values.yaml",
        format!("aws:\n  access_key_id: {aws}\nqueue:\n  password: \"{queue}\"\n"),
    );
    at("2026-03-02", "Edsger W.", "A chart for laptops");
    work.write("config/production.yml", production(&passwords[2]));
    at(
        "2026-07-20",
        "Grace Murray",
        "Rotate the database's password",
    );
    work.write("src/prod-mirror/settings.yml", "mode: fast\n");
    work.write(
        "stagegate.toml",
        "version = 1\n\n[audit]\nrotation-age = 180\n\n[[exception]]\nfingerprint = \"sg1:aaaaaaaaaaaaaaaaaaaaaaaa\"\n\
         environment = \"staging\"\nreason = \"The vendor gives us one account\"\napprover = \"ada@example.com\"\n\
         expires = 2026-10-01\n\n[[exception]]\nfingerprint = \"sg1:bbbbbbbbbbbbbbbbbbbbbbbb\"\nenvironment = \"staging\"\n\
         reason = \"A demo account\"\napprover = \"grace@example.com\"\nexpires = 2027-06-30\n",
    );
    at("2026-08-03", "Ada Byron", "A policy");
    work.git(["branch", "staging"]);
    work.git(["branch", "jr-staging"]);
    let mut all = vec![stripe.clone(), leaked.clone(), slack, aws, queue, sandbox];
    all.extend(passwords.iter().cloned());
    all.extend(staging);
    (
        work,
        Values {
            stripe,
            passwords,
            leaked,
            all,
        },
    )
}

/// Names as hostile as git lets them be: a branch, a path, an author, a key.
pub(crate) fn hostile(env: &TestEnv, work: &Repo<'_>) {
    let key = live_key(77);
    work.write(
        "config/staging/\"><img src=x onerror=alert(1)>.yml",
        format!("\"</script><script>alert(2)</script>\":\n  stripe_secret_key: {key}\n"),
    );
    commit(
        env,
        work,
        "2026-09-01",
        "\"><svg onload=alert(3)>\u{202e}Eve",
        "Harmless",
    );
    work.git(["branch", "staging-<svg/onload=alert(4)>"]);
    work.git(["branch", "x-staging-\"'&lt;"]);
}

/// Runs an audit of a working tree.
pub(crate) fn audit(env: &TestEnv, work: &Repo<'_>, args: &[&str]) -> super::Ran {
    let mut all = vec!["audit", "--as-of", AS_OF];
    all.extend(args);
    run(env.command(STAGEGATE, &work.dir).args(all))
}
