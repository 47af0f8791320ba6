//! What is found beside names, and what is not, in the forms of many languages.

use super::*;

/// Offsets of the names, as the prefilter gives them.
fn names(text: &str) -> Vec<usize> {
    let lower = text.to_ascii_lowercase();
    let mut names: Vec<usize> = ["pass", "pwd", "token", "secret", "key"]
        .iter()
        .flat_map(|word| {
            lower
                .match_indices(word)
                .map(|(at, _)| at)
                .collect::<Vec<_>>()
        })
        .collect();
    names.sort_unstable();
    names
}

fn found(text: &str, bare: Bare) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    read(text, &names(text), bare, &mut |beside| {
        assert_eq!(&text[beside.span.clone()], beside.value);
        all.push((beside.key, beside.value));
    });
    all
}

#[test]
fn literals_of_many_languages() {
    for text in [
        r#"password = "VALUE9""#,
        r#"password := "VALUE9""#,
        r#"password <- "VALUE9""#,
        r#"$password = 'VALUE9';"#,
        r#"'password' => 'VALUE9',"#,
        r#"{"password": "VALUE9"}"#,
        r#":password => "VALUE9""#,
        r#"const char *password = "VALUE9";"#,
        r#"char password[32] = "VALUE9";"#,
        r#"let password: &str = "VALUE9";"#,
        r#"password: string = 'VALUE9'"#,
        r#"var password string = "VALUE9""#,
        r#"DECLARE @password VARCHAR(50) = 'VALUE9'"#,
        r#"#define DB_PASSWORD "VALUE9""#,
        r#"if (password == "VALUE9") {"#,
        r#"if password != 'VALUE9':"#,
        r#"config["password"] = "VALUE9""#,
        r#"System.setProperty("db.password", "VALUE9");"#,
        r#"map.put("password", "VALUE9")"#,
        r#"user.setPassword("VALUE9");"#,
        r#".password("VALUE9")"#,
        r#"os.environ.get("PASSWORD", "VALUE9")"#,
        r#"process.env.PASSWORD || 'VALUE9'"#,
        r#"ENV["PASSWORD"] || "VALUE9""#,
        r#"getenv("PASSWORD") ?: "VALUE9""#,
        r#"password = b"VALUE9""#,
        r#"password = """VALUE9""""#,
        r#"password = String::from("VALUE9")"#,
        r#"Password: aws.String("VALUE9"),"#,
        "password =\n    \"VALUE9\"",
        r#"CREATE USER x WITH PASSWORD 'VALUE9'"#,
        r#"SET PASSWORD = PASSWORD('VALUE9')"#,
        r#"<add key="Password" value="VALUE9" />"#,
        r#"<input type="text" name="password" value="VALUE9">"#,
        r#"{ name: 'password', value: 'VALUE9' }"#,
        r#"<password>VALUE9</password>"#,
        r#"<s:password>VALUE9</s:password>"#,
        r#"def connect(user="u", password="VALUE9"):"#,
        r#"curl -d "x" --password "VALUE9""#,
        "tool --password VALUE9 --more",
        "tool --password=VALUE9",
        "keytool -storepass VALUE9",
        r#"["tool", "--password", "VALUE9"]"#,
        r#"connect("dbname=shop password=VALUE9 host=db")"#,
        r#"connect("Server=db;Password=VALUE9;")"#,
        "# password: VALUE9",
        "// the password is VALUE9.",
    ] {
        let values: Vec<&str> = found(text, Bare::IsCode)
            .iter()
            .map(|(_, value)| *value)
            .collect();
        assert!(values.contains(&"VALUE9"), "{text}: {values:?}");
    }
}

#[test]
fn what_is_no_value_beside_a_name() {
    for text in [
        r#"url = "password=" + VALUE9 + "&x""#,
        r#"print("the password " + VALUE9 + " is")"#,
        "password = VALUE9",
        r#"mode: "PASSWORD" || "VALUE9","#,
        r#"x: lookup('password', '/dev/null VALUE9')"#,
        r#"// sign('', 'test_secret') => 'VALUE9'"#,
        "// 0 = pass through, 1 = `VALUE9` alone",
        "// role: arn:aws:secretsmanager:eu-west-1:111122223333:secret:VALUE9",
        "// https://example.org/graph/badge.svg?token=VALUE9",
        r#"password.length > "VALUE9""#,
        r#"getPassword("VALUE9")"#,
        r#"["password", "VALUE9", "other"]"#,
        r#"fields("password", "VALUE9", "x")"#,
        "the passwords of VALUE9",
        "tool --password -VALUE9",
        "password::VALUE9",
        "https://host/password/VALUE9",
    ] {
        assert_eq!(found(text, Bare::IsCode), [], "{text}");
    }
}

#[test]
fn prose_is_read_with_caution() {
    for (text, value) in [
        ("Password: VALUE9", Some("VALUE9")),
        ("**Password:** `VALUE9`", Some("VALUE9")),
        ("The default password is VALUE9.", Some("VALUE9")),
        ("| password | VALUE9 |", Some("VALUE9")),
        ("log in with the password `VALUE9`", Some("VALUE9")),
        ("| password | string |", None),
        ("Password: a word", None),
        ("password: VALUE9()", None),
    ] {
        let found = found(text, Bare::IsSaid);
        assert_eq!(found.first().map(|(_, value)| *value), value, "{text}");
    }
}

#[test]
fn defaults_of_variables() {
    for (text, value) in [
        ("A=${DB_PASSWORD:-VALUE9}", Some("VALUE9")),
        ("@Value(\"${app.password:VALUE9}\")", Some("VALUE9")),
        ("${DB_PASSWORD:?VALUE9}", None),
        ("${DB_PASSWORD:+VALUE9}", None),
        ("${DB_PASSWORD:-$OTHER}", None),
        ("${DB_PASSWORD:-}", None),
        ("${DB_PASSWORD:-VALUE9\n}", None),
        ("{DB_PASSWORD:-VALUE9}", None),
    ] {
        for bare in [Bare::IsCode, Bare::IsRead] {
            let found = found(text, bare);
            assert_eq!(found.first().map(|(_, value)| *value), value, "{text}");
        }
    }
}

#[test]
fn columns_of_a_statement() {
    let digest = "0123456789abcdef".repeat(2);
    let digest = format!("INSERT INTO u (a, password) VALUES ('x', '{digest}')");
    for (text, value) in [
        (
            "INSERT INTO u (id, password) VALUES (1, 'VALUE9');",
            Some("VALUE9"),
        ),
        (
            "insert into u (`password`, id) values ('VALUE9', 1), ('b', 2)",
            Some("VALUE9"),
        ),
        (
            "INSERT INTO [u] ([id], [password])\nVALUES\n(1, N'VALUE9')",
            Some("VALUE9"),
        ),
        (
            "INSERT INTO u (a, password) VALUES ('x, y', 'VALUE9')",
            Some("VALUE9"),
        ),
        ("INSERT INTO u (a, password) VALUES (now(), 'VALUE9')", None),
        ("INSERT INTO u (id, password) VALUES (1, $1)", None),
        ("INSERT INTO u (id, password) VALUES (1)", None),
        ("INSERT INTO u (id, password) SELECT 1, 'VALUE9'", None),
        (digest.as_str(), None),
    ] {
        let found = found(text, Bare::IsCode);
        assert_eq!(found.first().map(|(_, value)| *value), value, "{text}");
    }
}

#[test]
fn rubbish_is_survived() {
    for text in [
        "(pass) values (",
        "(pass) values ('",
        "(pass) VALUES (é",
        "${pass:",
        "${pass:-é",
        "pass",
        "pass\"",
        "\"pass\"",
        "pass=",
        "pass='",
        "--pass",
        "pass(",
        "\"pass\",",
        "é.pass.é=\"",
        "pass[",
        "<pass>",
        "pass: \"",
    ] {
        for bare in [Bare::IsCode, Bare::IsSaid, Bare::IsRead] {
            found(text, bare);
        }
    }
}
