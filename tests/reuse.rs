//! Values that were copied over the boundary: the very value that stands in production's files, whatever its format.

mod support;

use std::fmt::Write as _;

use support::{Repo, TestEnv, secret};

const PRODUCTION: &str = "config/production/database.yml";

fn password(seed: u64) -> String {
    secret("{password:18}", seed)
}

/// A server with production's and staging's configuration side by side, and a clone of it on branch `main`, which nothing
/// claims: paths do.
fn layout<'e>(env: &'e TestEnv, production: &str, staging: &str) -> Repo<'e> {
    let repo = env.repo("work");
    repo.write(
        PRODUCTION,
        format!("user: shop\npassword: \"{production}\"\n"),
    );
    repo.write(
        "config/staging/database.yml",
        format!("user: shop\npassword: \"{staging}\"\n"),
    );
    repo.commit("Two environments");
    repo.guard();
    repo
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn a_value_of_production_is_known_in_any_disguise() {
    let env = TestEnv::new();
    let production = secret("{alnum:20}", 1);
    let repo = layout(&env, &production, &secret("{alnum:20}", 2));
    let encoded = base64(&production);
    for (path, text) in [
        // Under the same key, under another, under one that says nothing.
        (
            "config/staging/database.yml",
            format!("user: shop\npassword: \"{production}\"\n"),
        ),
        (
            "config/staging/cache.yml",
            format!("redis:\n  auth_secret: {production}\n"),
        ),
        (
            "config/staging/neutral.yml",
            format!("warehouse:\n  blue: {production}\n"),
        ),
        // In other formats.
        ("deploy/staging/.env", format!("DB_PASSWORD={production}\n")),
        (
            "deploy/staging/app.properties",
            format!("db.password={production}\n"),
        ),
        (
            "deploy/staging/app.json",
            format!("{{\"db\": {{\"password\": \"{production}\"}}}}\n"),
        ),
        (
            "deploy/staging/app.toml",
            format!("[db]\npassword = \"{production}\"\n"),
        ),
        // Encoded, and inside a URL.
        (
            "deploy/staging/secret.yml",
            format!("kind: Secret\ndata:\n  password: {encoded}\n"),
        ),
        (
            "deploy/staging/url.yml",
            format!("url: postgres://shop:{production}@db.internal:5432/shop\n"),
        ),
    ] {
        repo.write(path, text);
        repo.stage();
        let commit = repo.try_commit([]);
        commit
            .exits(1)
            .says(&format!("{PRODUCTION}:2"))
            .says(path)
            .hides(&production)
            .hides(&encoded);
        repo.git(["reset", "-q", "--hard"]);
    }
}

#[test]
fn a_copy_among_thousands_of_values_is_found() {
    let env = TestEnv::new();
    let production = password(40);
    let repo = layout(&env, &production, &password(41));
    repo.write("config/production/other.yml", "host: db.internal\n");
    let mut text = String::new();
    // More than are looked for one by one.
    for number in 0..4_100 {
        let value = secret("{alnum:20}", 1_000 + number);
        writeln!(text, "blue_{number}: {value}").expect("memory");
    }
    writeln!(text, "green: {production}").expect("memory");
    repo.write("config/staging/many.yml", text);
    repo.stage();
    repo.try_commit([])
        .exits(1)
        .says("config/staging/many.yml:4101")
        .says(&format!("{PRODUCTION}:2"))
        .hides(&production);
}

#[test]
fn what_is_the_same_on_purpose_passes() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    let sandbox = support::test_key(4);
    let shared = format!(
        "port: 5432\nenabled: true\nservice: checkout-service\npassword: ${{DB_PASSWORD}}\n\
         token: changeme\nsecret: <your-secret>\nuser: shop\nname: billing\nkey: {sandbox}\n\
         dsn: https://{}@sentry.io/42\n",
        secret("{hex:32}", 5)
    );
    repo.write("config/production/app.yml", &shared);
    repo.commit("Production");
    repo.guard();
    repo.write("config/staging/app.yml", &shared);
    repo.stage();
    repo.try_commit([])
        .exits(0)
        .does_not_say("stands in production");
}

#[test]
fn a_value_of_its_own_passes_beside_productions() {
    let env = TestEnv::new();
    let repo = layout(&env, &password(6), &password(7));
    repo.write(
        "config/staging/database.yml",
        format!("user: shop\npassword: \"{}\"\n", password(8)),
    );
    repo.stage();
    repo.try_commit([])
        .exits(0)
        .does_not_say("stands in production");
}

#[test]
fn a_push_is_compared_with_what_stands_beside_it() {
    let env = TestEnv::new();
    let (repo, server) = env.shop();
    server.guard::<&str>(&[]);
    let production = password(9);
    repo.write(PRODUCTION, format!("password: \"{production}\"\n"));
    repo.write("config/staging/database.yml", "password: ${PASSWORD}\n");
    repo.commit("Layout");
    repo.push(["HEAD:refs/heads/feature/layout"]).succeeded();
    repo.write(
        "config/staging/database.yml",
        format!("password: \"{production}\"\n"),
    );
    repo.commit("For now");
    let push = repo.push(["HEAD:refs/heads/feature/layout"]);
    push.refused()
        .says(&format!("{PRODUCTION}:1"))
        .hides(&production);
}

#[test]
fn a_branch_of_productions_is_production_too() {
    let env = TestEnv::new();
    let (repo, server) = env.shop();
    let (production, staging) = (password(10), password(11));
    server.unguard();
    repo.branch("production");
    repo.write(
        "app/settings.yml",
        format!("db:\n  password: \"{production}\"\n"),
    );
    repo.write(
        "app/shared.yml",
        format!("cookie_secret: \"{}\"\n", password(12)),
    );
    repo.commit("Production");
    repo.push(["production"]).succeeded();
    repo.git(["switch", "-q", "-C", "staging"]);
    repo.write(
        "app/settings.yml",
        format!("db:\n  password: \"{staging}\"\n"),
    );
    repo.commit("Staging has a value of its own");
    repo.push(["--force", "staging"]).succeeded();
    server.guard::<&str>(&[]);

    // What both branches have in common at the same place is the same on purpose.
    repo.write(
        "app/shared.yml",
        format!("# a note\ncookie_secret: \"{}\"\n", password(12)),
    );
    repo.commit("Note");
    repo.push(["staging"]).succeeded();
    // Overwritten with production's.
    repo.write(
        "app/settings.yml",
        format!("db:\n  password: \"{production}\"\n"),
    );
    repo.commit("It does not work otherwise");
    let push = repo.push(["staging"]);
    push.refused()
        .says("refs/heads/production:app/settings.yml:2")
        .hides(&production);
    repo.git(["reset", "-q", "--hard", "HEAD^"]);
    // At another place.
    repo.write(
        "app/other.yml",
        format!("mail:\n  password: \"{production}\"\n"),
    );
    repo.commit("Another place");
    repo.push(["staging"])
        .refused()
        .says("refs/heads/production:app/settings.yml:2")
        .hides(&production);
}

#[test]
fn sections_of_one_file_are_compared() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    let (production, staging) = (password(13), password(14));
    let file = |staging: &str| {
        format!("production:\n  password: \"{production}\"\nstaging:\n  password: \"{staging}\"\n")
    };
    repo.write("config/database.yml", file(&staging));
    repo.commit("Sections");
    repo.guard();
    repo.write("config/database.yml", file(&production));
    repo.stage();
    repo.try_commit([])
        .exits(1)
        .says("config/database.yml:4")
        .says("config/database.yml:2")
        .hides(&production);
}

#[test]
fn a_ciphertext_that_was_copied_whole_is_known() {
    let env = TestEnv::new();
    let repo = env.repo("work");
    let sops = format!(
        "ENC[AES256_GCM,data:{},iv:{}=,tag:{}==,type:str]",
        secret("{base64:24}", 15),
        secret("{base64:43}", 16),
        secret("{base64:22}", 17)
    );
    let mut vault = String::from("$ANSIBLE_VAULT;1.1;AES256\n");
    for line in 0..4 {
        let _ = writeln!(vault, "{}", secret("{hex:80}", 18 + line));
    }
    let indented = |by: usize| {
        vault
            .lines()
            .map(|line| format!("{}{line}\n", " ".repeat(by)))
            .collect::<String>()
    };
    repo.write(
        "config/production/sops.yml",
        format!("db:\n  password: {sops}\n"),
    );
    repo.write(
        "config/production/vault.yml",
        format!("db_password: !vault |\n{}", indented(10)),
    );
    repo.commit("Encrypted");
    repo.guard();
    for (path, text, from) in [
        (
            "config/staging/sops.yml",
            format!("other:\n    blue: {sops}\n"),
            "config/production/sops.yml:2",
        ),
        (
            "config/staging/vault.yml",
            format!("database:\n  secret: !vault |\n{}", indented(4)),
            "config/production/vault.yml:",
        ),
    ] {
        repo.write(path, text);
        repo.stage();
        repo.try_commit([])
            .exits(1)
            .says(from)
            .says("reuse-ciphertext");
        repo.git(["reset", "-q", "--hard"]);
    }
}

#[test]
fn production_that_takes_over_stagings_value_is_told() {
    let env = TestEnv::new();
    let staging = password(30);
    let repo = layout(&env, &password(31), &staging);
    repo.write(PRODUCTION, format!("user: shop\npassword: \"{staging}\"\n"));
    repo.stage();
    repo.try_commit([])
        .exits(0)
        .says("config/staging/database.yml:2")
        .hides(&staging);
}

/// Twenty layouts as people keep them: staging's values differ from production's, everything else is the same or nearly so.
/// Nothing in them may be taken for a copy.
#[test]
fn twins_of_real_layouts_have_no_copies() {
    let env = TestEnv::new();
    let mut told = Vec::new();
    for (number, layout) in layouts().into_iter().enumerate() {
        let repo = env.repo(&format!("layout-{number}"));
        for (at, environment) in ["production", "staging"].into_iter().enumerate() {
            let seed = 100 + number as u64 * 10 + at as u64;
            let (path, text) = layout;
            let path = path.replace("ENV", environment);
            let text = text
                .replace("ENV", environment)
                .replace("OWN_PASSWORD", &secret("{password:16}", seed))
                .replace("OWN_TOKEN", &secret("{alnum:40}", seed))
                .replace("OWN_BASE64", &base64(&secret("{alnum:24}", seed)))
                .replace("SAME_DIGEST", &secret("sha256:{hex:64}", number as u64))
                .replace("SAME_OID", &secret("{hex:40}", number as u64))
                .replace("SAME_UUID", &secret("{uuid}", number as u64))
                .replace("SAME_HEX", &secret("{hex:32}", number as u64));
            repo.write(path, text);
        }
        repo.stage();
        let report = repo
            .stagegate(["pre-commit", "--format", "json", "--all"])
            .json();
        for finding in report["findings"].as_array().expect("findings") {
            if finding["family"] == "reuse" {
                told.push(format!(
                    "{number}: {} {}",
                    finding["rule"], finding["place"]
                ));
            }
        }
    }
    assert!(told.is_empty(), "{told:#?}");
}

/// Path and text of twenty layouts; `ENV` is the environment, `OWN_...` a value of its own, `SAME_...` one that both have.
fn layouts() -> Vec<(&'static str, &'static str)> {
    vec![
        (
            "config/ENV/database.yml",
            "adapter: postgresql\npool: 5\nhost: db.ENV.internal\nusername: shop\npassword: OWN_PASSWORD\n",
        ),
        (
            "values-ENV.yaml",
            "image:\n  repository: registry.example/shop\n  digest: SAME_DIGEST\nenv:\n  - name: DB_PASSWORD\n    value: OWN_PASSWORD\n  - name: RELEASE\n    value: SAME_OID\n",
        ),
        (
            "overlays/ENV/secret.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db-credentials\ndata:\n  password: OWN_BASE64\n  username: c2hvcA==\n",
        ),
        (
            "overlays/ENV/kustomization.yaml",
            "resources:\n  - ../../base\nimages:\n  - name: shop\n    newTag: SAME_OID\n    digest: SAME_DIGEST\n",
        ),
        (
            "envs/ENV/terraform.tfvars",
            "region = \"eu-west-1\"\ninstance_class = \"db.t3.medium\"\ndb_password = \"OWN_PASSWORD\"\nclient_id = \"SAME_UUID\"\ntenant_id = \"SAME_UUID\"\n",
        ),
        (
            "envs/ENV/backend.tf",
            "terraform {\n  backend \"s3\" {\n    bucket = \"acme-tfstate-ENV\"\n    key = \"shop/terraform.tfstate\"\n    region = \"eu-west-1\"\n  }\n}\n",
        ),
        (
            "src/main/resources/application-ENV.yml",
            "spring:\n  datasource:\n    url: jdbc:postgresql://db.ENV.internal/shop\n    username: shop\n    password: OWN_PASSWORD\n  jpa:\n    open-in-view: false\n",
        ),
        (
            "src/main/resources/application-ENV.properties",
            "spring.datasource.password=OWN_PASSWORD\nserver.port=8080\nmanagement.endpoints.web.exposure.include=health,info\nspring.main.banner-mode=off\n",
        ),
        (
            ".env.ENV",
            "DB_HOST=db.ENV.internal\nDB_PASSWORD=OWN_PASSWORD\nAPI_TOKEN=OWN_TOKEN\nLOG_LEVEL=info\nPORT=3000\nPUBLIC_KEY=SAME_HEX\nCACHE_PREFIX=shop-v2\n",
        ),
        (
            "group_vars/ENV/main.yml",
            "db_user: shop\ndb_password: OWN_PASSWORD\nssh_port: 22\nnginx_checksum: SAME_DIGEST\ndeploy_revision: SAME_OID\n",
        ),
        (
            "group_vars/ENV/vars.yml",
            "api_token: \"{{ vault_api_token }}\"\ndb_password: \"{{ vault_db_password }}\"\nsession_secret: \"{{ lookup('env', 'SESSION_SECRET') }}\"\n",
        ),
        (
            "appsettings.ENV.json",
            "{\n  \"Logging\": {\"LogLevel\": {\"Default\": \"Information\"}},\n  \"ConnectionStrings\": {\"Default\": \"Server=db.ENV.internal;Database=shop;User Id=shop;Password=OWN_PASSWORD;\"},\n  \"AzureAd\": {\"TenantId\": \"SAME_UUID\", \"ClientId\": \"SAME_UUID\"}\n}\n",
        ),
        (
            "docker-compose.ENV.yml",
            "services:\n  db:\n    image: postgres@SAME_DIGEST\n    environment:\n      POSTGRES_USER: shop\n      POSTGRES_PASSWORD: OWN_PASSWORD\n",
        ),
        (
            "deploy/ENV/config.toml",
            "[server]\nport = 8080\nbind = \"0.0.0.0\"\n[auth]\nissuer = \"https://login.ENV.example.com\"\nclient_id = \"SAME_UUID\"\nclient_secret = \"OWN_TOKEN\"\n",
        ),
        (
            "deploy/ENV/app.ini",
            "[database]\nhost = db.ENV.internal\npassword = OWN_PASSWORD\n[session]\nsecret = OWN_TOKEN\ncookie_name = shop_session\n",
        ),
        (
            "k8s/ENV/deployment.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    metadata:\n      annotations:\n        checksum/config: SAME_HEX\n    spec:\n      containers:\n        - name: shop\n          env:\n            - name: TOKEN\n              valueFrom:\n                secretKeyRef: {name: shop-secrets, key: api-token}\n",
        ),
        (
            "k8s/ENV/external-secret.yaml",
            "apiVersion: external-secrets.io/v1beta1\nkind: ExternalSecret\nspec:\n  refreshInterval: 1h\n  data:\n    - secretKey: db-password\n      remoteRef: {key: ENV/shop/db, property: password}\n",
        ),
        (
            "config/environments/ENV.rb",
            "Rails.application.configure do\n  config.eager_load = true\n  config.log_level = :info\n  config.secret_key_base = ENV.fetch(\"SECRET_KEY_BASE\")\nend\n",
        ),
        (
            "serverless/ENV.yml",
            "provider:\n  runtime: nodejs20.x\n  environment:\n    TABLE: orders-ENV\n    STRIPE_KEY: ${ssm:/ENV/stripe}\n    JWT_SECRET: OWN_TOKEN\n",
        ),
        (
            "settings/ENV.json",
            "{\"analytics\": {\"trackingId\": \"G-A1B2C3D4E5\"}, \"sentry\": {\"dsn\": \"https://SAME_HEX@o12345.ingest.sentry.io/67890\"}, \"mail\": {\"password\": \"OWN_PASSWORD\"}}\n",
        ),
    ]
}
