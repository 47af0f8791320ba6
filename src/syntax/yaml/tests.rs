//! Shapes of real files.

use super::super::testing::{rows, takes};
use super::{Entry, FORMAT, Meaning};

fn read(text: &str) -> Option<Vec<Entry>> {
    (FORMAT.read)(text)
}

fn check(text: &str, expected: &[(&str, &str)]) {
    assert_eq!(rows(text, read), takes(expected), "{text}");
}

fn spans(text: &str) -> Vec<&str> {
    let entries = read(text).expect("YAML");
    entries.into_iter().map(|e| &text[e.span]).collect()
}

fn meanings(text: &str) -> Vec<(String, Meaning)> {
    let entries = read(text).expect("YAML");
    let pairs = entries.into_iter().map(|e| (e.path.join("."), e.meaning));
    pairs
        .filter(|(_, meaning)| *meaning != Meaning::Literal)
        .collect()
}

#[test]
fn key_paths_and_spans() {
    check(
        "staging:\n  db: {user: me, password: 'p w'}\n  list:\n    - name: \"ä\"\n    - x\nother: plain # note\n",
        &[
            ("staging.db.user", "me"),
            ("staging.db.password", "p w"),
            ("staging.list.name", "ä"),
            ("staging.list", "x"),
            ("other", "plain"),
        ],
    );
    check(
        "a: 1\n---\nb: 2\n...\n---\nc: 3\n",
        &[("a", "1"), ("b", "2"), ("c", "3")],
    );
    check("? [a, b]\n: c\nd: e\n", &[("d", "e")]);
}

#[test]
fn what_stands_around_a_value_is_not_in_its_span() {
    assert_eq!(
        spans(
            "a: |\n  one\n   two\n\nb: >-\n  folded\n  more\nc: !vault |\n    $X\nd: !Sub \"x\" # c\ne: &anc val\nf: 'it''s'\n\
             g: &x !!str 'q' # d\nh: !t plain # e\ni: | # f\n   last"
        ),
        [
            "one\n   two",
            "folded\n  more",
            "$X",
            "x",
            "val",
            "it''s",
            "q",
            "plain",
            "last"
        ]
    );
}

#[test]
fn what_is_anchored_counts_where_it_is_aliased() {
    check(
        "production: &p\n  key: k1\nstaging:\n  <<: *p\n",
        &[("production.key", "k1"), ("staging.key", "k1")],
    );
    // Rails: own keys win, and the earlier merge.
    check(
        "default: &default\n  password: a\n  host: h\nproduction:\n  <<: *default\n  password: b\n",
        &[
            ("default.password", "a"),
            ("default.host", "h"),
            ("production.host", "h"),
            ("production.password", "b"),
        ],
    );
    check(
        "a: &a {k: 1}\nb: &b {k: 2, l: 3}\nc:\n  <<: [*a, *b]\n",
        &[
            ("a.k", "1"),
            ("c.k", "1"),
            ("b.k", "2"),
            ("b.l", "3"),
            ("c.l", "3"),
        ],
    );
    check("p: &x secret\ns: *x\n", &[("p", "secret"), ("s", "secret")]);
    // No anchor of another document, none that is still open, none at all.
    assert!(read("a: &x 1\n---\nb: *x\n").is_none_or(|entries| entries.len() == 1));
    check("a: &x\n  b: *x\n  c: 1\n", &[("a.c", "1")]);
}

#[test]
fn bombs_are_left_to_the_lines() {
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        laughs.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            [alias.as_str(); 9].join(", ")
        ));
    }
    assert!(read(&laughs).is_none());
    let mut chain = "a0: &a0 [x]\n".to_owned();
    for level in 1..5000 {
        chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(read(&chain).is_none());
    let mut merges = "a0: &a0 {k0: 1}\n".to_owned();
    for level in 1..12 {
        let aliases = [format!("*a{}", level - 1).as_str(); 9].join(", ");
        merges.push_str(&format!(
            "a{level}: &a{level}\n  <<: [{aliases}]\n  k{level}: 1\n"
        ));
    }
    assert!(read(&merges).is_some_and(|entries| entries.len() < 200));
    assert!(read(&"[".repeat(100_000)).is_none());
    assert!(read(&"- ".repeat(50_000)).is_none());
    let long = format!("{}:\n{}", "k".repeat(1000), "  a: b\n".repeat(200_000));
    assert!(read(&long).is_none(), "paths of 200 MB");
}

#[test]
fn tags_say_what_a_value_is() {
    let of = |text| meanings(text).pop().map(|(_, meaning)| meaning);
    assert_eq!(
        of("p: !vault |\n  $ANSIBLE_VAULT;1.1\n  6162\n"),
        Some(Meaning::Encrypted)
    );
    assert_eq!(of("p: !Sub '${X}-y'\n"), Some(Meaning::Reference));
    assert_eq!(of("p: !reference [.a, b]\n"), Some(Meaning::Reference));
    assert_eq!(of("p: !!binary YWJj\n"), Some(Meaning::Base64));
    assert_eq!(of("p: !!str abc\n"), None);
}

#[test]
fn kubernetes() {
    check(
        "kind: Deployment\nspec:\n  containers:\n  - name: web\n    env:\n    - name: DB_PASSWORD\n      value: p1\n",
        &[
            ("kind", "Deployment"),
            ("spec.containers.name", "web"),
            ("spec.containers.env.name", "DB_PASSWORD"),
            ("spec.containers.env.DB_PASSWORD", "p1"),
        ],
    );
    assert_eq!(
        meanings("apiVersion: v1\nkind: Secret\ndata:\n  a: YWJj\nstringData:\n  b: c\n"),
        [("data.a".to_owned(), Meaning::Base64)]
    );
    assert_eq!(
        meanings(
            "kind: List\nitems:\n- kind: SealedSecret\n  spec:\n    encryptedData: {a: AgB}\n"
        ),
        [("items.spec.encryptedData.a".to_owned(), Meaning::Encrypted)]
    );
    assert_eq!(
        meanings(
            "env:\n- name: A_TOKEN\n  valueFrom:\n    secretKeyRef: {name: s, key: k}\nspec:\n  data:\n  - secretKey: password\n    remoteRef: {key: prod/db}\n"
        )
        .into_iter()
        .map(|(path, _)| path)
        .collect::<Vec<_>>(),
        ["env.A_TOKEN.secretKeyRef.name", "env.A_TOKEN.secretKeyRef.key", "spec.data.remoteRef.key"]
    );
}

#[test]
fn files_in_a_file() {
    check(
        "kind: ConfigMap\ndata:\n  application.yml: |\n    spring:\n      datasource:\n        password: p1\n  app.properties: |\n    db.password=p2\n    x=y\n  c.json: '{\"token\": \"t1\"}'\n",
        &[
            ("kind", "ConfigMap"),
            (
                "data.application.yml",
                "spring:\n  datasource:\n    password: p1\n",
            ),
            ("data.application.yml.spring.datasource.password", "p1"),
            ("data.app.properties", "db.password=p2\nx=y\n"),
            ("data.app.properties.db.password", "p2"),
            ("data.app.properties.x", "y"),
            ("data.c.json", "{\"token\": \"t1\"}"),
            ("data.c.json.token", "t1"),
        ],
    );
    assert_eq!(
        spans(
            "a:\n  run: |\n\n    export TOKEN=abc1\n    other\n  s: \"x: 1\\ny: \\\"z\\\"\\n\"\n"
        )[1..],
        ["abc1", "x: 1\\ny: \\\"z\\\"\\n", "1", "z"]
    );
    // Prose and keys are no files.
    assert_eq!(
        read("description: |\n  Password: at least ten\n  letters\n")
            .expect("YAML")
            .len(),
        1
    );
    assert_eq!(
        read("k: |\n  -----BEGIN X-----\n  A: b\n")
            .expect("YAML")
            .len(),
        1
    );
}

#[test]
fn lists_of_assignments() {
    check(
        "services:\n  db:\n    environment:\n      - POSTGRES_PASSWORD=p1\n      - \"Q=x y\"\n      - PASSED_ON\n      - QUJD==\n    command: [--token=t1, 'https://x/?a=b']\n",
        &[
            ("services.db.environment.POSTGRES_PASSWORD", "p1"),
            ("services.db.environment.Q", "x y"),
            ("services.db.environment", "PASSED_ON"),
            ("services.db.environment", "QUJD=="),
            ("services.db.command.token", "t1"),
            ("services.db.command", "https://x/?a=b"),
        ],
    );
}

#[test]
fn environments_that_stand_beside() {
    check(
        "jobs:\n  deploy:\n    runs-on: x\n    environment: production\n    env:\n      TOKEN: t\n",
        &[
            ("jobs.deploy.environment.production.runs-on", "x"),
            (
                "jobs.deploy.environment.production.environment",
                "production",
            ),
            ("jobs.deploy.environment.production.env.TOKEN", "t"),
        ],
    );
    check(
        "deploy:\n  script: [x]\n  environment:\n    name: staging/eu\n  variables:\n    TOKEN:\n      value: t\n",
        &[
            ("deploy.environment.staging.eu.script", "x"),
            (
                "deploy.environment.staging.eu.environment.name",
                "staging/eu",
            ),
            ("deploy.environment.staging.eu.variables.TOKEN.value", "t"),
        ],
    );
    // What is computed, and what is no job, says nothing.
    check(
        "j:\n  runs-on: x\n  environment: ${{ inputs.env }}\nweb:\n  environment: production\n",
        &[
            ("j.runs-on", "x"),
            ("j.environment", "${{ inputs.env }}"),
            ("web.environment", "production"),
        ],
    );
    let key = |text: &str| {
        let entries = read(text).expect("YAML");
        entries.last().map(|e| e.path.join("."))
    };
    let spring = |profile: &str| {
        key(&format!(
            "a: b\n---\nspring:\n  config.activate.on-profile: {profile}\npw: x\n"
        ))
    };
    assert_eq!(spring("prod").as_deref(), Some("profiles.prod.pw"));
    assert_eq!(spring("\"!prod\"").as_deref(), Some("pw"));
    assert_eq!(
        key("spring.profiles: staging\nx: y\n").as_deref(),
        Some("profiles.staging.x")
    );
    assert_eq!(
        key("spring:\n  profiles:\n    active: prod\nx: y\n").as_deref(),
        Some("x")
    );
    check(
        "spring.config.activate.on-profile: dev | test\n",
        &[
            (
                "profiles.dev.spring.config.activate.on-profile",
                "dev | test",
            ),
            (
                "profiles.test.spring.config.activate.on-profile",
                "dev | test",
            ),
        ],
    );
    check(
        "environments:\n- name: prod\n  token: x\n",
        &[
            ("environments.prod.name", "prod"),
            ("environments.prod.token", "x"),
        ],
    );
}

#[test]
fn templates_are_put_out_of_the_way() {
    check(
        "{{- if .Values.x }}\napiVersion: v1\nmetadata:\n  name: {{ include \"x.name\" . }}-db\n  labels:\n    {{- include \"x.labels\" . | nindent 4 }}\n\
         data:\n  password: {{ .Values.pw | quote }}\n  {{ $k }}: \"{{ $v }}\"\n  literal: é1\n{{- end }}\n",
        &[
            ("apiVersion", "v1"),
            ("metadata.name", "{{ include \"x.name\" . }}-db"),
            ("metadata.labels", ""),
            ("data.password", "{{ .Values.pw | quote }}"),
            ("data.{{ $k }}", "{{ $v }}"),
            ("data.literal", "é1"),
        ],
    );
    check(
        "{% if a %}\nstaging:\n  pw: \"{{ vault_pw }}\"\n{% endif %}\n{# note #}\nb: c\n",
        &[("staging.pw", "{{ vault_pw }}"), ("b", "c")],
    );
    check(
        "<% if x %>\nproduction:\n  password: <%= ENV['X: y'] %>\n<% end %>\n",
        &[("production.password", "<%= ENV['X: y'] %>")],
    );
    for text in [
        "a: {{ unclosed\n",
        "{{ if }}a: b\n c: d: e\n",
        "a: b: {{ c }}\n",
        "\"\": \"unterminated",
    ] {
        assert!(read(text).is_none(), "{text}");
    }
}
