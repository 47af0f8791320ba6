//! Each reason has its cases, and weak real passwords are believed.

use super::*;
use crate::rules::schema::Value;

fn rejected(key: &str, value: &str, quoted: bool, password: bool) -> Option<Reason> {
    let kind = if password {
        Value::Password
    } else {
        Value::Token
    };
    of_value(&Asked {
        key,
        value,
        quoted,
        kind,
    })
}

#[test]
fn each_reason_has_its_cases() {
    use Reason::*;
    for (value, quoted, reason) in [
        ("abc", false, Short),
        ("${DB_PASSWORD}", true, Reference),
        ("$DB_PASSWORD", false, Reference),
        ("{{ vault_db_password }}", true, Reference),
        ("%DB_PASSWORD%", false, Reference),
        ("process.env.DB_PASSWORD", false, Reference),
        ("op://vault/item/field", false, Reference),
        ("changeme", false, Placeholder),
        ("<your password>", false, Placeholder),
        ("xxxxxxxxxx", false, Placeholder),
        ("**********", false, Placeholder),
        ("true", false, Constant),
        ("required", false, Constant),
        ("ENC[AES256_GCM,data:abc]", false, Encrypted),
        ("/run/secrets/db_password", false, Path),
        ("https://example.com/reset", false, Placeholder),
        ("https://login.acme.io/reset", false, Path),
        ("config.database.password", false, Code),
        ("getPassword()", false, Code),
        ("postgres", false, Default),
        ("db-credentials", false, Words),
        ("2024-01-31", false, Measure),
    ] {
        assert_eq!(
            rejected("db_password", value, quoted, true),
            Some(reason),
            "{value}"
        );
    }
    assert_eq!(
        rejected("db_password", "db_password", true, true),
        Some(KeyName)
    );
}

#[test]
fn a_key_can_say_that_its_value_is_none() {
    for (key, reason) in [
        ("public_key_token", Reason::Public),
        ("next_public_api_key", Reason::Public),
        ("encrypted_password", Reason::Encrypted),
        ("mock_private_key", Reason::Placeholder),
        ("next_page_token", Reason::Passing),
    ] {
        assert_eq!(
            rejected(key, "b77a5c561934e089", true, false),
            Some(reason),
            "{key}"
        );
    }
    assert_eq!(
        rejected("landing_page_api_key", "b77a5c561934e089", true, false),
        None
    );
    assert_eq!(
        rejected("publication_key", "b77a5c561934e089", true, false),
        None
    );
}

#[test]
fn names_of_many_words_are_no_passwords() {
    assert_eq!(
        rejected(
            "input_password",
            "pm-27086-update-authentication-apis",
            true,
            true
        ),
        Some(Reason::Words)
    );
    assert_eq!(rejected("input_password", "winter-2024", true, true), None);
}

#[test]
fn weak_real_passwords_are_believed() {
    for value in [
        "hunter2",
        "Summer2024!",
        "tr0ub4dor&3",
        "P@ssw0rd!",
        "correct horse battery9",
        "$ecret99",
    ] {
        assert_eq!(rejected("db_password", value, true, true), None, "{value}");
    }
}

#[test]
fn names_are_no_tokens() {
    for value in [
        "my-app-secret",
        "app-v2-token",
        "github-token",
        "default",
        "S3_BUCKET_NAME",
    ] {
        assert!(
            rejected("api_token", value, true, false).is_some(),
            "{value}"
        );
    }
}

#[test]
fn examples_from_documentation_are_known() {
    assert!(documentation_example(b"AKIAIOSFODNN7EXAMPLE"));
    assert!(documentation_example(b"abcd_000000000000000000000000"));
    assert!(!documentation_example(b"abcd_k3J9sQ0aLm2VbN7xYt5RwZ1c"));
}
