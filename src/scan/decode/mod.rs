//! What bytes stand for: text encodings, and the forms in which a text holds another one (base64, hexadecimal digits, URL
//! encoding, escapes, gzip, zip and tar). One file an encoding. Finds pieces, opens them and keeps account of how much was
//! opened; what is in them is for others to say. Not here: encryption, and archives of other kinds, which are opaque.

mod base64;
mod colours;
mod escapes;
mod gzip;
mod hex;
mod percent;
mod quoted_printable;
mod runs;
mod tar;
mod text;
mod wide;
mod zip;

use std::ops::Range;

pub use text::{Encoding, text_of};

/// How a piece is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Base64, either alphabet.
    Base64,
    /// Pairs of hexadecimal digits.
    Hex,
    /// `%73`.
    Percent,
    /// `=73`, as mails have it.
    QuotedPrintable,
    /// `\u0073`, `\n`.
    Escapes,
    /// Control sequences of terminals in between.
    Colours,
    /// Two bytes a character in the middle of something else.
    Wide,
    /// A gzip file.
    Gzip,
    /// A deflated member of a zip archive.
    Deflated,
    /// A member of an archive that is stored as it is.
    Stored,
}

impl Form {
    /// In words, after "decoded from".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Hex => "hexadecimal digits",
            Self::Percent => "URL encoding",
            Self::QuotedPrintable => "quoted-printable",
            Self::Escapes => "string escapes",
            Self::Colours => "a coloured text",
            Self::Wide => "UTF-16 inside a binary file",
            Self::Gzip => "gzip",
            Self::Deflated | Self::Stored => "an archive",
        }
    }
}

/// One step from a text to what a piece of it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How the piece is encoded.
    pub form: Form,
    /// Where it stands in the text around it.
    pub span: Range<usize>,
    /// The member's name, in an archive.
    pub name: Option<String>,
}

/// What a piece stands for, as far as it was opened.
struct Opened {
    bytes: Vec<u8>,
    /// There is more of it.
    cut: bool,
    /// It breaks off, or is no such file after all.
    broken: bool,
}

/// What a piece stands for; at most `limit` bytes of it.
fn open(form: Form, piece: &[u8], limit: usize) -> Opened {
    let bytes = match form {
        Form::Base64 => base64::open(piece),
        Form::Hex => hex::open(piece),
        Form::Percent => percent::open(piece),
        Form::QuotedPrintable => quoted_printable::open(piece),
        Form::Escapes => escapes::open(piece),
        Form::Colours => colours::open(piece),
        Form::Wide => wide::open(piece),
        Form::Gzip => return gzip::open(piece, limit),
        Form::Deflated => return gzip::inflate(piece, limit),
        Form::Stored => piece.to_vec(),
    };
    Opened {
        bytes,
        cut: false,
        broken: false,
    }
}

/// What a piece stands for, where its size has been accounted for already.
pub fn opened(form: Form, piece: &[u8]) -> Vec<u8> {
    // As much as an account may ever grant: the piece was opened under one, and is opened here to the same bytes at least.
    open(form, piece, BUDGET + LARGEST_BLOB).bytes
}

/// The text that a whole value means in base64; `None` where it is none.
pub fn whole_value(value: &str) -> Option<String> {
    let digits = value.trim_end_matches('=');
    let padding = value.len() - digits.len();
    let all = digits
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte));
    if !all || padding > 2 || digits.len() % 4 == 1 || padding > 0 && !value.len().is_multiple_of(4)
    {
        return None;
    }
    let text = String::from_utf8(base64::open(digits.as_bytes())).ok()?;
    // What `echo` wrote ends in a line end that is no part of the value.
    let text = text.trim_end_matches(['\r', '\n']);
    let printable =
        |character: char| !character.is_control() || matches!(character, '\n' | '\r' | '\t');
    (text.len() >= 3 && text.chars().all(printable)).then(|| text.to_owned())
}

/// The largest blob that is held in memory, and git's own default for that (`core.bigFileThreshold`, 512 MiB).
pub const LARGEST_BLOB: usize = 512 << 20;

/// How deep pieces are opened: a gzip file in base64 in a JSON string is three.
pub const DEPTH: usize = 3;

/// How many bytes are opened for one blob, beside as many as the blob itself has. Sixty-four mebibytes are more than any
/// configuration, and take a fifth of a second.
pub const BUDGET: usize = 64 << 20;

/// Pieces are put together until they are so many bytes, so that a search is worth its beginning.
const BATCH: usize = 1 << 20;

/// Between two pieces of a batch: ends lines, and ends wrapped base64.
const BETWEEN: &[u8] = b"\n\n";

/// Pieces opened together.
#[derive(Default)]
pub struct Batch {
    /// What they stand for, one after the other.
    pub bytes: Vec<u8>,
    /// The pieces, in the order of the bytes.
    pub parts: Vec<Part>,
}

/// One piece in a batch.
pub struct Part {
    /// Where it is in the batch.
    pub range: Range<usize>,
    /// Where it comes from.
    pub step: Step,
}

impl Batch {
    /// The part that holds the whole of `span`.
    pub fn part(&self, span: &Range<usize>) -> Option<&Part> {
        let next = self.parts.partition_point(|part| part.range.end < span.end);
        self.parts
            .get(next)
            .filter(|part| part.range.start <= span.start && part.range.end >= span.end)
    }
}

/// What may still be opened, and what was left closed.
#[derive(Debug)]
pub struct Account {
    left: usize,
    /// What was not opened, in words.
    pub closed: Vec<String>,
    /// Bytes of the longest piece of the text itself.
    pub longest: usize,
}

impl Account {
    /// For a blob of `len` bytes.
    pub fn of_blob(len: usize) -> Self {
        Self {
            left: BUDGET.saturating_add(len),
            closed: Vec::new(),
            longest: 0,
        }
    }

    /// Writes down something that stays closed, once.
    pub fn close(&mut self, what: String) {
        if !self.closed.contains(&what) {
            self.closed.push(what);
        }
    }
}

/// Opens every piece of `text` and gives them to `visit` in batches.
pub fn open_all<E>(
    text: &[u8],
    account: &mut Account,
    visit: &mut dyn FnMut(&Batch, &mut Account) -> Result<(), E>,
) -> Result<(), E> {
    let mut batch = Batch::default();
    let mut failed = None;
    find(text, account, &mut |step, account| {
        if failed.is_some() {
            return;
        }
        account.longest = account.longest.max(step.span.len());
        if account.left == 0 {
            account.close(format!(
                "more than {} MiB of it are encoded or packed: the rest was not opened",
                BUDGET >> 20
            ));
            return;
        }
        let opened = open(step.form, &text[step.span.clone()], account.left);
        account.left = account.left.saturating_sub(opened.bytes.len());
        if opened.cut {
            account.close(format!(
                "more than {} MiB of it are encoded or packed: the rest was not opened",
                BUDGET >> 20
            ));
        }
        if opened.broken {
            let what = step
                .name
                .as_deref()
                .map_or(String::new(), |name| format!(" of {name}"));
            account.close(format!(
                "the packed data{what} is damaged: only what stands before the damage was opened"
            ));
        }
        if is_container(&opened.bytes) {
            // Known by how it begins and ends, so nothing else may stand around it.
            let alone = Batch {
                parts: vec![Part {
                    range: 0..opened.bytes.len(),
                    step,
                }],
                bytes: opened.bytes,
            };
            failed = visit(&alone, account).err();
            return;
        }
        let start = batch.bytes.len();
        batch.bytes.extend_from_slice(&opened.bytes);
        batch.parts.push(Part {
            range: start..batch.bytes.len(),
            step,
        });
        batch.bytes.extend_from_slice(BETWEEN);
        if batch.bytes.len() >= BATCH {
            failed = visit(&batch, account).err();
            batch = Batch::default();
        }
    });
    match failed {
        Some(error) => Err(error),
        None if batch.parts.is_empty() => Ok(()),
        None => visit(&batch, account),
    }
}

/// Says what of `text` would be opened next where nothing is opened any more.
pub fn close_all(text: &[u8], account: &mut Account) {
    let mut more = false;
    find(text, account, &mut |step, _| {
        more |= !matches!(
            step.form,
            Form::Percent
                | Form::QuotedPrintable
                | Form::Escapes
                | Form::Colours
                | Form::Wide
                | Form::Stored
        );
    });
    if more {
        account.close(format!(
            "something in it is encoded more than {DEPTH} times: only {DEPTH} were opened"
        ));
    }
}

/// Whether bytes are a packed file as a whole.
pub fn is_container(bytes: &[u8]) -> bool {
    gzip::is(bytes) || zip::is(bytes) || tar::is(bytes)
}

fn find(text: &[u8], account: &mut Account, visit: &mut dyn FnMut(Step, &mut Account)) {
    let mut step = |form, span, name, account: &mut Account| {
        visit(Step { form, span, name }, account);
    };
    if gzip::is(text) {
        return step(Form::Gzip, 0..text.len(), None, account);
    }
    if zip::is(text) {
        match zip::members(text) {
            Some(members) => {
                for member in members {
                    match member.packing {
                        Some(packing) => {
                            let form = match packing {
                                zip::Packing::Stored => Form::Stored,
                                zip::Packing::Deflated => Form::Deflated,
                            };
                            step(form, member.span, Some(member.name), account);
                        }
                        None => account.close(format!(
                            "{} in the archive is encrypted or packed in another way",
                            member.name
                        )),
                    }
                }
            }
            None => account.close(
                "the zip archive has no readable directory: its members were not opened".to_owned(),
            ),
        }
        return;
    }
    if tar::is(text) {
        for (name, span) in tar::members(text) {
            step(Form::Stored, span, Some(name), account);
        }
        return;
    }
    if memchr::memchr(0, text).is_some() {
        wide::find(text, &mut |span| step(Form::Wide, span, None, account));
    }
    runs::find(text, &mut |form, span| step(form, span, None, account));
    percent::find(text, &mut |span| step(Form::Percent, span, None, account));
    quoted_printable::find(text, &mut |span| {
        step(Form::QuotedPrintable, span, None, account)
    });
    escapes::find(text, &mut |span| step(Form::Escapes, span, None, account));
    colours::find(text, &mut |span| step(Form::Colours, span, None, account));
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::io::Write as _;

    use super::*;

    fn opened(text: &[u8]) -> (Vec<(Form, Vec<u8>)>, Vec<String>) {
        let mut account = Account::of_blob(text.len());
        let mut pieces = Vec::new();
        let answer: Result<(), Infallible> = open_all(text, &mut account, &mut |batch, _| {
            pieces.extend(
                batch
                    .parts
                    .iter()
                    .map(|part| (part.step.form, batch.bytes[part.range.clone()].to_vec())),
            );
            Ok(())
        });
        assert!(answer.is_ok());
        (pieces, account.closed)
    }

    fn base64(bytes: &[u8]) -> String {
        use ::base64::Engine as _;
        ::base64::engine::general_purpose::STANDARD.encode(bytes)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    const WORDS: &[u8] = b"some words in a row, and a few more of them, so that lines are long";

    #[test]
    fn base64_and_hexadecimal_digits_are_found() {
        let encoded = base64(WORDS);
        let hex: String = WORDS.iter().map(|byte| format!("{byte:02x}")).collect();
        for (form, text) in [
            (Form::Base64, encoded.clone()),
            (Form::Base64, format!("data:;base64,{encoded}\n")),
            (Form::Base64, format!("https://host/v1/secrets/{encoded}")),
            (
                Form::Base64,
                format!("key: {}\nother: value\n", encoded.trim_end_matches('=')),
            ),
            (Form::Hex, format!("x = 0x{hex};")),
            (Form::Hex, hex.to_uppercase()),
        ] {
            assert_eq!(
                opened(text.as_bytes()).0,
                [(form, WORDS.to_vec())],
                "{text}"
            );
        }
    }

    #[test]
    fn lines_of_base64_are_read_together_and_each() {
        let encoded = base64(WORDS);
        let pieces = opened(format!("  {}\r\n  {}\n", &encoded[..64], &encoded[64..]).as_bytes()).0;
        assert_eq!(pieces[0], (Form::Base64, WORDS.to_vec()));
        assert_eq!(pieces[1], (Form::Base64, WORDS[..48].to_vec()));
    }

    #[test]
    fn what_is_no_text_stays_closed() {
        for text in [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "getElementsByTagNameAndClassNameOrElse",
            "some_long_function_name_that_goes_on_and_on",
            "/usr/lib/python3/dist-packages/module/submodule/file",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
            "short: aGVsbG8=",
        ] {
            assert_eq!(opened(text.as_bytes()).0, [], "{text}");
        }
    }

    #[test]
    fn a_container_among_other_pieces_stands_alone() {
        let text = format!(
            "a: {}\nb: {}\nc: {}\n",
            base64(WORDS),
            base64(&gzip(WORDS)),
            base64(&gzip(b"others"))
        );
        let mut account = Account::of_blob(text.len());
        let mut containers = 0;
        let answer: Result<(), Infallible> =
            open_all(text.as_bytes(), &mut account, &mut |batch, account| {
                if is_container(&batch.bytes) {
                    containers += 1;
                    return open_all(&batch.bytes, account, &mut |_, _| Ok(()));
                }
                Ok(())
            });
        assert_eq!(
            (answer, containers, account.closed),
            (Ok(()), 2, Vec::new())
        );
    }

    #[test]
    fn gzip_is_opened_and_bombs_are_not() {
        assert_eq!(opened(&gzip(WORDS)).0, [(Form::Gzip, WORDS.to_vec())]);
        let (pieces, closed) = opened(&gzip(&vec![0; BUDGET * 2]));
        assert!(pieces[0].1.len() < BUDGET + (1 << 20));
        assert_eq!(closed.len(), 1, "{closed:?}");
        let mut damaged = gzip(WORDS);
        damaged.truncate(damaged.len() - 12);
        assert_eq!(opened(&damaged).1.len(), 1);
    }

    #[test]
    fn whole_values() {
        assert_eq!(whole_value("aHVudGVyMg==").as_deref(), Some("hunter2"));
        assert_eq!(whole_value("aHVudGVyMgo=").as_deref(), Some("hunter2"));
        assert_eq!(whole_value("aHVudGVyMg").as_deref(), Some("hunter2"));
        for value in [
            "",
            "=",
            "abc!",
            "AAAAAAAA",
            "aHVudGVyM=",
            "swordfish9swordfish9swordfish9",
        ] {
            assert_eq!(whole_value(value), None, "{value}");
        }
    }

    #[test]
    fn parts_are_found_by_their_span() {
        let part = |range| Part {
            range,
            step: Step {
                form: Form::Hex,
                span: 0..0,
                name: None,
            },
        };
        let batch = Batch {
            bytes: vec![0; 20],
            parts: vec![part(0..5), part(7..12)],
        };
        assert_eq!(batch.part(&(7..12)).map(|part| part.range.start), Some(7));
        assert_eq!(batch.part(&(1..5)).map(|part| part.range.start), Some(0));
        assert!(batch.part(&(4..8)).is_none());
        assert!(batch.part(&(12..14)).is_none());
    }
}
