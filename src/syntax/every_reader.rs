//! What holds of every reader, whatever it is given.

use proptest::prelude::*;

use super::shapes::holds;
use super::{FORMATS, Syntax, read};

/// Pieces that mean something in one format or another, so that random texts go deep.
const PIECES: [&str; 60] = [
    "a",
    "b.c",
    "KEY",
    "=",
    ":",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\0",
    "\"",
    "'",
    "`",
    "\\",
    "\\\n",
    "#",
    ";",
    "!",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "<<",
    "<<EOF\n",
    "\nEOF\n",
    "$(",
    "${",
    "$'",
    "\"\"\"",
    "'''",
    "ü",
    "😀",
    "\u{feff}",
    "ENV ",
    "RUN ",
    "ARG ",
    "export ",
    "\n[Service]\n",
    "Environment=",
    "machine ",
    "password ",
    "\n#---\n",
    "spring.profiles=",
    "\\u00",
    "- ",
    "&a ",
    "*a",
    "|",
    ">",
    "---\n",
    ",",
    "//h/:",
    "--x=",
    "@",
    "1",
    "\u{c}",
    "\\u{",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reader_panics_and_every_span_lies_in_the_file(
        pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..60)
    ) {
        let text = pieces.concat();
        for format in FORMATS {
            if let Some(entries) = (format.read)(&text)
                && format.syntax != Syntax::Yaml
            {
                holds(&text, &entries);
            }
            for entry in read(text.as_bytes(), format.syntax).entries {
                prop_assert!(text.get(entry.span).is_some());
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_read_too(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in FORMATS {
            for entry in read(&bytes, format.syntax).entries {
                prop_assert!(entry.span.start <= entry.span.end && entry.span.end <= bytes.len());
            }
        }
    }
}

#[test]
fn every_reader_is_linear() {
    for piece in PIECES {
        for piece in [
            piece.to_owned(),
            format!("a={piece}\n"),
            format!("A={piece} "),
            format!("ENV A={piece}\\\n"),
        ] {
            let text = piece.repeat(10_000 / piece.len());
            for format in FORMATS {
                let start = std::time::Instant::now();
                read(text.as_bytes(), format.syntax);
                let took = start.elapsed();
                assert!(
                    took.as_millis() < 1000,
                    "{:?} takes {took:?} for {piece:?}",
                    format.syntax
                );
            }
        }
    }
}
