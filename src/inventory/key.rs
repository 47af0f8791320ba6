//! The key of an inventory: 32 random bytes as 64 hexadecimal digits, in a file that only its owner can read or in a
//! variable of the environment. What is derived from it is different for every inventory.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128 as _, SipHasher24};

use super::InventoryError;

/// Bits of an anchor's hash that are kept. As many bits of what a value is are told by its anchor to who has the key and
/// the file, and one probe in 2^36 / entries goes to the records for nothing: one in 6,800 at 10 million.
const ANCHOR_BITS: u32 = 36;

/// Bytes of the hash of a whole value: 144 bits.
pub(super) const STRONG: usize = 18;

/// Shown as nothing: a key must not get into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

fn wrong(name: &str, what: impl Into<String>) -> InventoryError {
    InventoryError::Key {
        name: name.to_owned(),
        what: what.into(),
    }
}

impl Key {
    /// A key as it is written; `name` says where.
    ///
    /// # Errors
    /// It is not 64 hexadecimal digits. A word that a person chose is refused: it could be guessed, and with it everything.
    pub fn parse(text: &str, name: &str) -> Result<Self, InventoryError> {
        let digits = text.trim();
        let mut bytes = [0; 32];
        let is_key = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_key {
            return Err(wrong(
                name,
                "is not 64 hexadecimal digits, as `openssl rand -hex 32` makes them",
            ));
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            let digit = |digit: u8| (digit as char).to_digit(16).unwrap_or(0) as u8;
            *byte = digit(pair[0]) << 4 | digit(pair[1]);
        }
        if bytes.iter().all(|byte| *byte == bytes[0]) {
            return Err(wrong(name, "is one byte repeated"));
        }
        Ok(Self(bytes))
    }

    /// Reads a key file.
    ///
    /// # Errors
    /// It cannot be read, others than its owner can read it, or it holds no key.
    pub fn read(path: &Path) -> Result<Self, InventoryError> {
        let name = path.display().to_string();
        let failed = |error: std::io::Error| wrong(&name, format!("cannot be read: {error}"));
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(wrong(
                &name,
                format!(
                    "can be read by others (mode {:03o}): chmod 600",
                    mode & 0o777
                ),
            ));
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        Self::parse(&text, &name)
    }

    /// Makes a new key and writes it where no file is yet.
    ///
    /// # Errors
    /// The system gives no randomness, or the file cannot be written.
    pub fn create(path: &Path) -> Result<Self, InventoryError> {
        let name = path.display().to_string();
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| wrong(&name, format!("cannot be made: {error}")))?;
        let mut text = String::with_capacity(65);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())
                    .and_then(|()| file.sync_all())
            })
            .map_err(|error| wrong(&name, format!("cannot be written: {error}")))?;
        Ok(Self(bytes))
    }

    /// The keys of the inventory with this salt.
    pub(super) fn derive(&self, salt: &[u8; 16]) -> Derived {
        let derive = |context: &str| {
            let mut hasher = blake3::Hasher::new_derive_key(context);
            hasher.update(&self.0);
            hasher.update(salt);
            *hasher.finalize().as_bytes()
        };
        let half = |key: [u8; 32]| {
            let mut half = [0; 16];
            half.copy_from_slice(&key[..16]);
            half
        };
        Derived {
            anchor: SipHasher13::new_with_key(&half(derive(
                "stagegate inventory 1: anchors of values",
            ))),
            strong: derive("stagegate inventory 1: whole values"),
            seal: SipHasher24::new_with_key(&half(derive("stagegate inventory 2: the file"))),
        }
    }
}

/// What a key means for one inventory.
pub(super) struct Derived {
    anchor: SipHasher13,
    strong: [u8; 32],
    seal: SipHasher24,
}

impl Derived {
    /// The hash of a piece: SipHash-1-3 (Aumasson, Bernstein 2012), a pseudorandom function for short inputs.
    pub(super) fn anchor(&self, piece: &[u8]) -> u64 {
        self.anchor.hash(piece) >> (64 - ANCHOR_BITS)
    }

    /// Which of `count` equal parts of all hashes this one falls into.
    pub(super) fn bucket(anchor: u64, count: u64) -> u64 {
        ((u128::from(anchor) * u128::from(count)) >> ANCHOR_BITS) as u64
    }

    /// The hash of a whole value, given in parts: keyed BLAKE3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn 2020).
    pub(super) fn strong<'v>(&self, parts: impl Iterator<Item = &'v [u8]>) -> [u8; STRONG] {
        let mut hasher = blake3::Hasher::new_keyed(&self.strong);
        for part in parts {
            hasher.update(part);
        }
        let mut hash = [0; STRONG];
        hash.copy_from_slice(&hasher.finalize().as_bytes()[..STRONG]);
        hash
    }

    /// The seal of a part of the file: who changes it, or puts it elsewhere, needs the key. SipHash-2-4 with 128 bits (Aumasson,
    /// Bernstein 2012, and their reference code): a code for authenticating messages that takes a third of BLAKE3's time for a page.
    pub(super) fn seal<const LEN: usize>(
        &self,
        part: &str,
        number: u64,
        bytes: &[u8],
    ) -> [u8; LEN] {
        const { assert!(LEN <= 16) };
        let mut hasher = self.seal;
        hasher.write(bytes);
        hasher.write(&number.to_le_bytes());
        hasher.write(part.as_bytes());
        let whole = hasher.finish128().as_bytes();
        let mut seal = [0; LEN];
        seal.copy_from_slice(&whole[..LEN]);
        seal
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_key_is_64_digits_and_no_word() {
        for text in [
            "",
            "hunter2",
            &"0".repeat(64),
            &"ab".repeat(31),
            &"xy".repeat(32),
        ] {
            assert!(Key::parse(text, "K").is_err(), "{text}");
        }
        let text: String = (0..32).map(|byte| format!("{byte:02x}")).collect();
        let key = Key::parse(&format!("{text}\n"), "K").expect("a key");
        assert_eq!(format!("{key:?}"), "Key");
    }
}
