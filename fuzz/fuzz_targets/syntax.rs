//! Every reader of `src/syntax`; the first byte says which. One reader alone: `SYNTAX=Toml`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use stagegate::syntax::{self, Syntax};

fuzz_target!(|data: &[u8]| {
    let Some((&first, text)) = data.split_first() else {
        return;
    };
    let all: Vec<Syntax> = syntax::all().collect();
    let asked = std::env::var("SYNTAX").ok();
    let syntax = match asked {
        Some(name) => all.iter().copied().find(|syntax| format!("{syntax:?}") == name).expect("a syntax"),
        None => all[usize::from(first) % all.len()],
    };
    let document = syntax::read(text, syntax);
    let lossless = std::str::from_utf8(text).ok();
    for entry in &document.entries {
        assert!(entry.span.start <= entry.span.end && entry.span.end <= text.len());
        assert!(!entry.path.is_empty());
        if let Some(text) = lossless {
            let stands = text.get(entry.span.clone()).expect("between characters");
            let escapes = ['\\', '`', '"', '\'', '$', '\n', '\r', '\0'];
            if syntax != Syntax::Yaml && !entry.quoted && !stands.contains(escapes) {
                assert_eq!(stands, entry.value);
            }
        }
    }
    assert!(document.entries.is_sorted_by_key(|entry| entry.span.end));
});
