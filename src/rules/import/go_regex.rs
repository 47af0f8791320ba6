//! Go's regular expressions (RE2) as expressions of the crate `regex`. The two agree on nearly everything; what differs is
//! rewritten here. Not here: what a group means.

/// The same expression in the syntax of the crate `regex`, with Unicode off.
pub(super) fn translated(go: &str) -> String {
    let text: Vec<char> = go.chars().collect();
    let mut out = String::with_capacity(go.len() + 8);
    let mut at = 0;
    let mut class = false;
    while at < text.len() {
        let next = text.get(at + 1).copied();
        match (text[at], next) {
            // `\Q...\E` quotes.
            ('\\', Some('Q')) if !class => {
                at += 2;
                while at < text.len() && !(text[at] == '\\' && text.get(at + 1) == Some(&'E')) {
                    push_literal(text[at], &mut out);
                    at += 1;
                }
                at += 2;
                continue;
            }
            ('\\', Some('E')) => at += 2,
            // Word boundaries to the crate, literals to Go.
            ('\\', Some(sign @ ('<' | '>'))) => {
                out.push(sign);
                at += 2;
            }
            // Octal.
            ('\\', Some(digit @ '0'..='7')) => {
                let digits: String = text[at + 1..]
                    .iter()
                    .take(3)
                    .take_while(|c| ('0'..='7').contains(*c))
                    .collect();
                let code = u32::from_str_radix(&digits, 8).unwrap_or(0);
                if digits.len() == 3 || digit == '0' {
                    out.push_str(&format!("\\x{{{code:x}}}"));
                    at += 1 + digits.len();
                } else {
                    out.push_str(&format!("\\{digit}"));
                    at += 2;
                }
            }
            // A class of Unicode, which the crate reads only where Unicode is on.
            ('\\', Some(letter @ ('p' | 'P'))) if !class => {
                let end = match text.get(at + 2) {
                    Some('{') => text[at..]
                        .iter()
                        .position(|&c| c == '}')
                        .map_or(text.len(), |end| at + end + 1),
                    _ => (at + 3).min(text.len()),
                };
                let name: String = text[at + 2..end].iter().collect();
                out.push_str(&format!("(?u:\\{letter}{name})"));
                at = end;
            }
            ('\\', Some(escaped)) => {
                out.push('\\');
                out.push(escaped);
                at += 2;
            }
            ('[', _) if !class => {
                class = true;
                out.push('[');
                at += 1;
                if text.get(at) == Some(&'^') {
                    out.push('^');
                    at += 1;
                }
                // First in a class, it stands for itself.
                if text.get(at) == Some(&']') {
                    out.push_str("\\]");
                    at += 1;
                }
            }
            ('[', Some(':')) if class && text[at..].windows(2).any(|pair| pair == [':', ']']) => {
                while at < text.len() {
                    let done =
                        text[at] == ':' && text.get(at + 1) == Some(&']') && !out.ends_with('[');
                    out.push(text[at]);
                    at += 1;
                    if done {
                        out.push(']');
                        at += 1;
                        break;
                    }
                }
            }
            // Signs of nested classes and of set operations, which Go does not have.
            ('[', _) if class => {
                out.push_str("\\[");
                at += 1;
            }
            (sign @ ('&' | '~'), Some(same)) if class && sign == same => {
                out.push('\\');
                out.push(sign);
                at += 1;
            }
            ('-', Some('-')) if class => {
                out.push_str("\\-");
                at += 1;
            }
            (']', _) if class => {
                class = false;
                out.push(']');
                at += 1;
            }
            // A brace that opens no repetition is a brace.
            ('{', _) if !class && !opens_repetition(&text[at..]) => {
                out.push_str("\\{");
                at += 1;
            }
            (other, _) => {
                out.push(other);
                at += 1;
            }
        }
    }
    out
}

fn push_literal(character: char, out: &mut String) {
    if character.is_ascii_punctuation() && !matches!(character, '<' | '>') {
        out.push('\\');
    }
    out.push(character);
}

/// `{3}`, `{3,}`, `{3,5}`.
fn opens_repetition(text: &[char]) -> bool {
    let Some(end) = text.iter().position(|&c| c == '}') else {
        return false;
    };
    let inner: String = text[1..end].iter().collect();
    let (least, most) = inner.split_once(',').unwrap_or((inner.as_str(), ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn what_differs_is_rewritten() {
        for (go, rust) in [
            (r"\bacme_[a-z]{20}\b", r"\bacme_[a-z]{20}\b"),
            (r"^\$(?:\d+|{\d+})$", r"^\$(?:\d+|\{\d+})$"),
            (r"\Qa.b\E+", r"a\.b+"),
            (r"\<a\>", "<a>"),
            (r"[[&&~~--]", r"[\[\&&\~~\--]"),
            (r"[[:alnum:]_]", r"[[:alnum:]_]"),
            (r"[]a]", r"[\]a]"),
            (r"\pL+\p{Greek}", r"(?u:\pL)+(?u:\p{Greek})"),
            (r"\033", r"\x{1b}"),
            (r"(?i)end\z", r"(?i)end\z"),
        ] {
            let made = translated(go);
            assert_eq!(made, rust, "{go}");
            let compiled = regex::bytes::RegexBuilder::new(&made)
                .unicode(false)
                .build();
            assert!(compiled.is_ok(), "{made}");
        }
    }
}
