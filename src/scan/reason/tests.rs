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
        ("^1.0.0", true, Measure),
        ("1h30m", false, Measure),
        ("deadbeefdeadbeefdeadbeefdeadbeef", true, Placeholder),
        ("password123", true, Placeholder),
        ("Passwort*", true, Placeholder),
        ("[your", false, Placeholder),
        ("abc123", true, Default),
        ("localhost:5432", false, Path),
        ("cat /etc/shop/password2", true, Path),
        ("required|string|min:8|confirmed", true, Code),
        ("\\x07", true, Code),
        ("RS512", true, Constant),
        ("aws:kms", false, Words),
        ("utf-8", false, Words),
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
fn what_a_caller_chooses_to_be_served_once_is_no_right() {
    let uuid = crate::rules::template::expand("{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}", 5)
        .expect("expands");
    for key in [
        "client_request_token",
        "change_token",
        "idempotency_key",
        "client_token",
    ] {
        let reason = rejected(key, &uuid, true, false);
        assert_eq!(reason, Some(Reason::Passing), "{key}");
    }
    assert_eq!(rejected("api_token", &uuid, true, false), None);
    let issued = crate::rules::template::expand("{hex:32}", 5).expect("expands");
    assert_eq!(rejected("client_token", &issued, true, false), None);
}

#[test]
fn a_pair_in_base64_is_judged_by_its_password() {
    let of = |template| crate::rules::template::expand(template, 7).expect("expands");
    for (template, reason) in [
        ("{b64:openshift-challenging-client:}", Some(Reason::Short)),
        ("{b64:deploy:password}", Some(Reason::Placeholder)),
        ("{b64:deploy:{alnum:16}}", None),
    ] {
        assert_eq!(
            rejected("auth", &of(template), true, false),
            reason,
            "{template}"
        );
    }
}

#[test]
fn the_public_half_of_a_vapid_pair_is_public() {
    let of = |template| crate::rules::template::expand(template, 7).expect("expands");
    let public = of("B{base64url:86}");
    assert_eq!(
        rejected("default_vapid_key", &public, true, false),
        Some(Reason::Public)
    );
    let private = of("{base64url:43}");
    assert_eq!(rejected("default_vapid_key", &private, true, false), None);
}

#[test]
fn a_value_that_names_its_key_in_a_phrase_is_a_name() {
    let value = "identitytoolkit#ResetPasswordResponse";
    assert_eq!(
        rejected("reset_password", value, true, true),
        Some(Reason::KeyName)
    );
    assert_eq!(
        rejected("reset_password", "ResetPassword#7Fx9kq2", true, true),
        None
    );
    assert_eq!(rejected("password", "MyPassword!x", true, true), None);
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
        "HTTP_X_VHM_ROOT",
        "new_password1",
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

#[test]
fn ciphertexts_are_known_by_their_form() {
    let of = |template| crate::rules::template::expand(template, 3).expect("expands");
    for template in [
        "AQICAHh{base64:150}",
        "gAAAAAB{base64url:120}",
        "v1:{base64:16}:{base64:38}==",
        "2.{base64:22}==|{base64:43}=|{base64:43}=",
    ] {
        assert_eq!(
            rejected("db_password", &of(template), true, true),
            Some(Reason::Encrypted),
            "{template}"
        );
    }
    for template in ["AQICAHh{base64:20}", "v1:{alnum:5}", "2.{alnum:20}"] {
        assert_eq!(
            rejected("db_password", &of(template), true, true),
            None,
            "{template}"
        );
    }
}

#[test]
fn a_passphrase_is_made_of_words() {
    let value = "tiger-summer-canyon-20";
    assert_eq!(rejected("passphrase", value, true, true), None);
    assert_eq!(rejected("password", value, true, true), Some(Reason::Words));
}

#[test]
fn random_text_that_capitals_cut_into_short_pieces_is_no_name() {
    for seed in 0..200 {
        let value = crate::rules::template::expand("{base64url:40}", seed).expect("expands");
        let reason = rejected("api_token", &value, true, false);
        assert_eq!(reason, None, "seed {seed}");
    }
}
