//! Values that everybody knows: the fixed keys of emulators. Held as SHA-256, so that no key stands here.

use sha2::{Digest, Sha256};

use crate::model::{Strength, Tier};

use super::{Evidence, Surroundings};

/// What it is, its length in bytes, and its SHA-256.
const KNOWN: [(&str, usize, &str); 3] = [
    (
        // <https://learn.microsoft.com/azure/storage/common/storage-use-azurite>
        "the account key of Azure's storage emulator",
        88,
        "0011cc25eb4320717494d2703e8cba85743e71b500283c21c8b88147992f9059",
    ),
    (
        // <https://supabase.com/docs/guides/local-development>
        "the secret key of Supabase's local stack",
        41,
        "c85debb55f2f204d868cc1552c42faa143b4c675f61363ab040dd50b5b5304cd",
    ),
    (
        "the JWT secret of Supabase's local stack",
        55,
        "a064b502e61d27e94b8717290e5e1b32e36720e9fbdf952ec81a84c07128cb37",
    ),
];

pub(super) fn evidence(around: &Surroundings<'_>, found: &mut Evidence) {
    if !KNOWN.iter().any(|(_, len, _)| *len == around.value.len()) {
        return;
    }
    let digest = Sha256::digest(around.value)
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    for (what, _, known) in &KNOWN {
        if *known == digest {
            let text = format!("it is {what}, which is the same everywhere");
            found.say("well-known", Tier::Test, Strength::Decisive, text);
        }
    }
}
