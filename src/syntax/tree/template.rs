//! Actions of a template (Helm and Go, Jinja, ERB) put out of the way of a parser, at equal length: every place stays.

use std::ops::Range;

/// A templated text that a parser may take.
pub(in crate::syntax) struct Neutral {
    /// As long as the original.
    pub(in crate::syntax) text: String,
    /// Where something is filled in, in order.
    actions: Vec<Range<usize>>,
}

impl Neutral {
    /// Whether something is filled in inside `span`.
    pub(in crate::syntax) fn fills(&self, span: &Range<usize>) -> bool {
        let next = self
            .actions
            .partition_point(|action| action.end <= span.start);
        self.actions
            .get(next)
            .is_some_and(|action| action.start < span.end)
    }
}

/// `None` where the text holds no action, or one that does not end.
pub(in crate::syntax) fn neutralise(text: &str) -> Option<Neutral> {
    let mut bytes = text.as_bytes().to_vec();
    let mut actions: Vec<Range<usize>> = Vec::new();
    let mut fills: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b'{', b'<', &text.as_bytes()[at..]) {
        let start = at + found;
        let close = match text.as_bytes().get(start..start + 2) {
            Some(b"{{") => "}}",
            Some(b"{%") => "%}",
            Some(b"{#") => "#}",
            Some(b"<%") => "%>",
            _ => {
                at = start + 1;
                continue;
            }
        };
        let end =
            start + 2 + memchr::memmem::find(&text.as_bytes()[start + 2..], close.as_bytes())? + 2;
        // `}}}` of a mapping or of raw output.
        let end = if close == "}}"
            && text.as_bytes().get(end) == Some(&b'}')
            && text.as_bytes().get(start + 2) == Some(&b'{')
        {
            end + 1
        } else {
            end
        };
        actions.push(start..end);
        if is_output(&text[start..end]) {
            fills.push(start..end);
        }
        at = end;
    }
    if actions.is_empty() {
        return None;
    }
    for action in &actions {
        blank(&mut bytes[action.clone()], b' ');
    }
    for action in &fills {
        // Alone on its line it stands for lines that are not there.
        if !alone(text, &actions, action) {
            blank(&mut bytes[action.clone()], b'_');
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    Some(Neutral {
        text,
        actions: fills,
    })
}

fn blank(bytes: &mut [u8], with: u8) {
    for byte in bytes {
        if !matches!(byte, b'\n' | b'\r') {
            *byte = with;
        }
    }
}

/// Whether an action leaves something behind.
fn is_output(action: &str) -> bool {
    if action.starts_with("<%") {
        return action.starts_with("<%=");
    }
    if !action.starts_with("{{") {
        return false;
    }
    let inner = action.trim_start_matches(['{', '-', '~', ' ', '\t']);
    let word = inner
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or("");
    let control = [
        "if", "else", "end", "range", "with", "define", "block", "break", "continue",
    ];
    let assigns = inner.starts_with('$') && inner.contains(":=");
    !(control.contains(&word) || assigns || inner.starts_with(['/', '!', '#']))
}

/// Whether nothing but other actions stands on the line of an action, as far as a person looks.
fn alone(text: &str, actions: &[Range<usize>], action: &Range<usize>) -> bool {
    const REACH: usize = 512;
    let bytes = text.as_bytes();
    let reach = action.start.saturating_sub(REACH);
    let start = match memchr::memrchr(b'\n', &bytes[reach..action.start]) {
        Some(at) => reach + at + 1,
        None if reach == 0 => 0,
        None => return false,
    };
    let reach = bytes.len().min(action.end + REACH);
    let end = match memchr::memchr(b'\n', &bytes[action.end..reach]) {
        Some(at) => action.end + at,
        None if reach == bytes.len() => reach,
        None => return false,
    };
    let mut at = start;
    let first = actions.partition_point(|other| other.end <= start);
    for other in actions[first..]
        .iter()
        .take_while(|other| other.start < end)
    {
        if bytes[at..other.start.max(at)]
            .iter()
            .any(|byte| !byte.is_ascii_whitespace())
        {
            return false;
        }
        at = other.end.min(end);
    }
    bytes[at..end].iter().all(u8::is_ascii_whitespace)
}
