//! A literal in quotes: assigned (`=`, `:`, `:=`, `=>`, `->`, `<-`), compared, given as a default or as an argument, or simply
//! behind the name, as `#define`, SQL, Ruby and Lisp have it.

use std::ops::Range;

use super::{Name, blanks};

/// Longer literals are documents, not values.
const LONGEST: usize = 4096;

/// So many bytes of a type may stand between a name and its value.
const LONGEST_TYPE: usize = 48;

/// What assigns, compares or falls back; longer ones first.
const OPERATORS: [&[u8]; 17] = [
    b"===", b"!==", b"||=", b"??=", b":=", b"=>", b"==", b"!=", b"->", b"<-", b"?=", b"||", b"??",
    b"?:", b"or ", b"=", b":",
];

/// Calls that only make a value of a literal: `String::from("x")`, `aws.String("x")`, `[]byte("x")`.
const WRAPPERS: [&[u8]; 13] = [
    b"String",
    b"string",
    b"from",
    b"from_static",
    b"Some",
    b"Just",
    b"byte",
    b"bytes",
    b"SecretStr",
    b"SecretString",
    b"Secret",
    b"literal",
    b"CString",
];

/// What a call begins with whose argument is a name: `getPassword("key")`.
const ASKING: [&str; 27] = [
    "get",
    "find",
    "read",
    "fetch",
    "load",
    "query",
    "lookup",
    "require",
    "has",
    "request",
    "delete",
    "remove",
    "create",
    "generate",
    "ask",
    "prompt",
    "input",
    "render",
    "show",
    "label",
    "translate",
    "log",
    "print",
    "by",
    "parse",
    "resolve",
    "expect",
];

/// The literal that belongs to a name.
pub(super) fn beside(name: &Name<'_>) -> Option<Range<usize>> {
    let mut at = name.span.end;
    if name.quote.is_some() {
        at += 1;
        at += name
            .from(at)
            .iter()
            .take_while(|&&byte| byte == b']' || byte == b')')
            .count();
    } else if name.from(at).first() == Some(&b'[') {
        // `char password[32]`, `password[]`.
        at += name
            .from(at)
            .iter()
            .take(12)
            .position(|&byte| byte == b']')?
            + 1;
    }
    let gap = blanks(name.from(at));
    let rest = name.from(at + gap);
    // A literal needs nothing to fall back on: `mode === "PASSWORD" || "WEB_AUTHN"` is a list. And what a call with it gives
    // is not its value: `sign('', 'secret') => 'x'`.
    let ends = name.text.as_bytes()[..at].last();
    let is_other = name.quote.is_some()
        && (ends == name.quote.as_ref()
            && [&b"||"[..], b"??", b"or "]
                .iter()
                .any(|mark| rest.starts_with(mark))
            || rest.starts_with(b"=>") && name.text.as_bytes()[..at].ends_with(b")"));
    if is_other {
        return None;
    }
    let after_operator = operator(rest).map(|len| at + gap + len);
    let open = match after_operator {
        Some(after) => assigned(name, after),
        None if name.quote.is_some() => pair(name, at + gap),
        None if rest.first() == Some(&b'(') && gap == 0 => call(name, at + 1),
        None if gap > 0 => juxtaposed(name, at + gap),
        None => None,
    };
    if let Some(open) = open {
        return literal(name, open);
    }
    name.quote
        .and_then(|_| named_value(name, at))
        .and_then(|open| literal(name, open))
}

fn operator(rest: &[u8]) -> Option<usize> {
    let operator = OPERATORS
        .iter()
        .find(|operator| rest.starts_with(operator))?;
    // `::` and `://` are none.
    let alone = **operator != b":"[..] || !matches!(rest.get(1), Some(b':' | b'/'));
    alone.then_some(operator.len())
}

/// Where the opening quote stands behind an operator: after blanks and at most one line end, a type, a prefix, a wrapper.
fn assigned(name: &Name<'_>, after: usize) -> Option<usize> {
    let mut at = after + blanks(name.from(after));
    if name.from(at).starts_with(b"\n") || name.from(at).starts_with(b"\r\n") {
        at += name
            .from(at)
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count()
            .min(80);
        return opening(name, at).filter(|_| name.from(at).first() != Some(&b'\''));
    }
    opening(name, at).or_else(|| typed(name, at))
}

/// `: string = "x"`, ` string = "x"`: a type, then an equals sign, then the literal.
fn typed(name: &Name<'_>, at: usize) -> Option<usize> {
    let rest = name.from(at);
    let rest = &rest[..rest.len().min(LONGEST_TYPE)];
    let mut open = 0_usize;
    let mut is_type = |byte: u8| {
        match byte {
            b'<' | b'[' | b'(' => open += 1,
            b'>' | b']' | b')' => open = open.saturating_sub(1),
            _ => {}
        }
        // A comma only between the parameters of a type: "0 = pass through, 1 = `x`" is none.
        byte.is_ascii_alphanumeric()
            || b"_<>|?&'.[]*:() ".contains(&byte)
            || byte == b',' && open > 0
    };
    let equals = rest.iter().position(|&byte| !is_type(byte))?;
    let is_assignment = rest[equals] == b'=' && !matches!(rest.get(equals + 1), Some(b'=' | b'>'));
    let after = at + equals + 1;
    is_assignment.then(|| opening(name, after + blanks(name.from(after))))?
}

/// `("password", "x")`, `, "password", "x"`: the argument behind the name's.
fn pair(name: &Name<'_>, at: usize) -> Option<usize> {
    let before = name.text.as_bytes()[..name.span.start - 1]
        .trim_ascii_end()
        .last();
    if name.from(at).first() != Some(&b',') || !matches!(before, Some(b'(' | b',')) {
        return None;
    }
    // Ansible's `lookup('password', '/dev/null length=16')` makes one.
    let call = name.text.as_bytes()[..name.span.start - 1].trim_ascii_end();
    if [&b"lookup("[..], b"query(", b"q("]
        .iter()
        .any(|asks| call.ends_with(asks))
    {
        return None;
    }
    let after = at + 1;
    let open = opening(name, after + blanks(name.from(after)))?;
    // The last argument: in a list of names, others follow.
    let span = literal(name, open)?;
    let end = span.end + 1;
    let end = end + blanks(name.from(end));
    matches!(name.from(end).first(), Some(b')')).then_some(open)
}

/// `setPassword("x")`, `.token("x")`: the only argument of a call that does not ask for a name.
fn call(name: &Name<'_>, at: usize) -> Option<usize> {
    let function = name.text[name.span.clone()]
        .rsplit('.')
        .next()
        .unwrap_or_default();
    let words = crate::model::words_of(function);
    if words
        .first()
        .is_some_and(|verb| ASKING.contains(&verb.as_str()))
    {
        return None;
    }
    // `shannonEntropy("x")` measures what it is given.
    if words.len() > 1 && words.last().is_some_and(|what| what == "entropy") {
        return None;
    }
    let open = opening(name, at + blanks(name.from(at)))?;
    let span = literal(name, open)?;
    name.from(span.end + 1)
        .first()
        .is_some_and(|&byte| byte == b')')
        .then_some(open)
}

/// `#define DB_PASSWORD "x"`, `PASSWORD 'x'`, `var password string = "x"`.
fn juxtaposed(name: &Name<'_>, at: usize) -> Option<usize> {
    match name.from(at).first()? {
        b'"' | b'\'' => Some(at),
        byte if byte.is_ascii_alphabetic() => typed(name, at),
        _ => None,
    }
}

/// `"password" value="x"`, `name: 'password', value: 'x'`: the value of an element or object that the name names.
fn named_value(name: &Name<'_>, at: usize) -> Option<usize> {
    let rest = name.from(at);
    let rest = &rest[..rest.len().min(120)];
    let end = rest
        .iter()
        .position(|byte| b"<>{}\n;".contains(byte))
        .unwrap_or(rest.len());
    let lower = rest[..end].to_ascii_lowercase();
    [&b"value"[..], b"default", b"content"]
        .iter()
        .find_map(|word| {
            let found = memchr::memmem::find(&lower, word)?;
            let apart = found > 0 && matches!(lower[found - 1], b' ' | b',' | b'"' | b'\'');
            let mut after = at + found + word.len();
            after += usize::from(matches!(name.from(after).first(), Some(b'"' | b'\'')));
            after += blanks(name.from(after));
            let assigns = matches!(name.from(after).first(), Some(b'=' | b':'));
            let open = after + 1 + blanks(name.from(after + 1));
            (apart && assigns).then(|| opening(name, open))?
        })
}

/// The opening quote at `at`, behind a prefix (`b"`, `N'`, `@"`, `L"`, `&`) or a wrapping call.
fn opening(name: &Name<'_>, at: usize) -> Option<usize> {
    let rest = name.from(at);
    let prefix = rest
        .iter()
        .take(3)
        .take_while(|byte| b"bBrRuULN@&:[(".contains(byte))
        .count();
    if is_quote(rest.get(prefix)) {
        return Some(at + prefix);
    }
    let rest = &rest[..rest.len().min(LONGEST_TYPE)];
    let bracket = rest.iter().position(|&byte| byte == b'(')?;
    let function = &rest[..bracket];
    let is_call = function
        .iter()
        .all(|&byte| byte.is_ascii_alphanumeric() || b"_.:[] &*!<>-".contains(&byte));
    let wraps = WRAPPERS.iter().any(|wrapper| {
        function.ends_with(wrapper)
            && function[..function.len() - wrapper.len()]
                .last()
                .is_none_or(|before| !before.is_ascii_alphanumeric())
    });
    (is_call && wraps && is_quote(rest.get(bracket + 1))).then_some(at + bracket + 1)
}

fn is_quote(byte: Option<&u8>) -> bool {
    byte.is_some_and(|byte| b"\"'`".contains(byte))
}

/// What stands between the quote at `open` and the one that closes it, on the same line.
fn literal(name: &Name<'_>, open: usize) -> Option<Range<usize>> {
    let bytes = name.from(open);
    let quote = *bytes.first()?;
    if closes(name, open, quote) {
        return None;
    }
    let threefold = bytes.starts_with(&[quote; 3]) && bytes.get(3) != Some(&quote);
    let start = if threefold { 3 } else { 1 };
    let mut at = start;
    while at < bytes.len().min(LONGEST) {
        match bytes[at] {
            b'\n' | b'\r' => return None,
            b'\\' => at += 2,
            byte if byte == quote => return Some(open + start..open + at),
            _ => at += 1,
        }
    }
    None
}

/// Whether a quote closes a literal that began before the name, as in `"password=" + password`: an odd number of its kind
/// stands before it on the line.
pub(super) fn closes(name: &Name<'_>, open: usize, quote: u8) -> bool {
    let near = open.saturating_sub(LONGEST);
    let before = &name.text.as_bytes()[near..open];
    let line = match memchr::memrchr2(b'\n', b'\r', before) {
        Some(end) => &before[end + 1..],
        None if near == 0 => before,
        // The line's beginning is out of sight.
        None => return false,
    };
    let quotes = line
        .iter()
        .enumerate()
        .filter(|&(at, &byte)| byte == quote && (at == 0 || line[at - 1] != b'\\'))
        // An apostrophe is none: `don't`.
        .filter(|&(at, _)| {
            quote != b'\''
                || at == 0
                || !line[at - 1].is_ascii_alphabetic()
                || !line.get(at + 1).is_some_and(u8::is_ascii_alphabetic)
        })
        .count();
    quotes % 2 == 1
}
