//! The reader of policies.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stagegate::policy::Policy;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        match Policy::parse(text, "fuzz") {
            Ok(policy) => {
                policy.claims_of_ref("refs/heads/staging");
                policy.claims_of_path("config/staging.yml");
                policy.claims_of_section(&["staging", "db", "password"]);
            }
            Err(mistakes) => {
                mistakes.to_string();
            }
        }
    }
});
