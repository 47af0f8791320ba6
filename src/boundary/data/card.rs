//! Card numbers (primary account numbers, ISO/IEC 7812): an issuer's range and length, and the check digit of Luhn.
//!
//! A number by chance is a card's in one of ten cases, so a text in which numbers of that shape mostly fail the check holds
//! ids, not cards. PCI DSS 3.4.1 lets at most the first six and the last four digits be shown; nothing is shown here.

use std::collections::HashSet;
use std::ops::Range;

use crate::model::{Family, Signal};

use super::{BULK, Crossing, File, first_line, remark, says_made_up};

/// Numbers that payment services publish for tests and whose digits do not show it: most repeat a few digits, see
/// [`is_made_up`]. Stripe, Braintree, PayPal, Adyen, Worldpay and the schemes' own pages.
const PUBLISHED: &[&str] = &[
    "4012888888881881",
    "4217651111111119",
    "4500600000000061",
    "4988438843884305",
    "4917610000000000",
    "5425233430109903",
    "5105105105105100",
    "5200828282828210",
    "5454545454545454",
    "5577000055770004",
    "5136333333333335",
    "5585558555855583",
    "5103221911199245",
    "2222420000001113",
    "2223000048410010",
    "2223003122003222",
    "2223577120017656",
    "378282246310005",
    "371449635398431",
    "378734493671000",
    "374245455400126",
    "374251018720018",
    "374101000000608",
    "341111111111111",
    "6011000990139424",
    "6011601160116611",
    "6445644564456445",
    "6011111111111117",
    "30569309025904",
    "38520000023237",
    "36006666333344",
    "36227206271667",
    "3530111333300000",
    "3566002020360505",
    "3569990010095841",
    "4005519200000004",
    "4009348888881881",
    "4012000033330026",
    "4012000077777777",
    "4035501000000008",
    "4462030000000000",
    "4508750015741019",
    "4716659527830418",
    "4263982640269299",
    "4917484589897107",
    "4001919257537193",
    "4007702835532454",
    "5123456789012346",
    "5313581000123430",
    "6250941006528599",
    "6759649826438453",
];

/// The issuer of a number of card-like shape: its range (the schemes' own tables) and its length.
fn issuer(digits: &[u8]) -> Option<&'static str> {
    let start = |count: usize| {
        digits[..count]
            .iter()
            .fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'))
    };
    let len = digits.len();
    if len < 13 {
        return None;
    }
    match (digits[0], len) {
        (b'4', 13 | 16 | 19) => Some("Visa"),
        (b'5', 16) if (51..=55).contains(&start(2)) => Some("Mastercard"),
        (b'2', 16) if (2221..=2720).contains(&start(4)) => Some("Mastercard"),
        (b'3', 15) if matches!(start(2), 34 | 37) => Some("American Express"),
        (b'3', 14) if (300..=305).contains(&start(3)) || matches!(start(2), 36 | 38) => {
            Some("Diners Club")
        }
        (b'3', 16) if (3528..=3589).contains(&start(4)) => Some("JCB"),
        (b'6', 16 | 19)
            if start(4) == 6011 || start(2) == 65 || (644..=649).contains(&start(3)) =>
        {
            Some("Discover")
        }
        (b'6', 16..=19) if start(2) == 62 => Some("UnionPay"),
        _ => None,
    }
}

/// Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B).
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            match (place % 2, digit * 2) {
                (0, _) => digit,
                (_, double) if double > 9 => double - 9,
                (_, double) => double,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether the digits behind the issuer's are too regular for an account: few different ones, a run of one, or a count.
/// One real number of a hundred is lost by that.
fn is_made_up(digits: &[u8]) -> bool {
    let different: HashSet<u8> = digits.iter().copied().collect();
    let behind = &digits[4..];
    let runs = behind
        .windows(4)
        .any(|four| four.iter().all(|digit| *digit == four[0]));
    let counts = behind
        .windows(6)
        .any(|six| six.windows(2).all(|two| two[1] == two[0] + 1));
    different.len() <= 4 || runs || counts
}

/// The number that begins at `at`: its digits and where it ends. In one run, or in the groups that are printed on a card.
fn number_at(text: &[u8], at: usize) -> Option<(Vec<u8>, usize)> {
    const GROUPS: [&[usize]; 3] = [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4]];
    let run = digits_at(text, at);
    if (13..=19).contains(&run) {
        let end = at + run;
        return ends_there(text, end, None).then(|| (text[at..end].to_vec(), end));
    }
    let separator = *text.get(at + 4).filter(|byte| b" -".contains(byte))?;
    GROUPS.iter().find_map(|groups| {
        let mut digits = Vec::new();
        let mut end = at;
        for (number, &group) in groups.iter().enumerate() {
            if number > 0 {
                if text.get(end) != Some(&separator) {
                    return None;
                }
                end += 1;
            }
            if digits_at(text, end) != group {
                return None;
            }
            digits.extend_from_slice(&text[end..end + group]);
            end += group;
        }
        ends_there(text, end, Some(separator)).then_some((digits, end))
    })
}

/// The first place from `at` where four digits begin that no digit stands before: every number of a card's shape begins so. At
/// `at` itself, which is behind what was looked at, no digit of an earlier run stands. The fourth byte says most, so that words
/// are left four bytes at a time.
fn candidate(text: &[u8], mut at: usize) -> Option<usize> {
    while let Some(four) = text.get(at..at + 4) {
        if !four[3].is_ascii_digit() {
            at += 4;
            continue;
        }
        // The run of digits that the fourth belongs to may begin before it.
        let begun = four.iter().rev().take_while(|byte| byte.is_ascii_digit());
        let begun = begun.count();
        if begun == 4 {
            return Some(at);
        }
        at += 4 - begun;
        if !text.get(at..at + 4)?.iter().all(u8::is_ascii_digit) {
            at += digits_at(text, at);
            continue;
        }
        return Some(at);
    }
    None
}

/// How many digits stand at `at`: 20 where there are more.
fn digits_at(text: &[u8], at: usize) -> usize {
    text.get(at..)
        .unwrap_or_default()
        .iter()
        .take(20)
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

/// Whether a number may begin at `at`: not within an id, a decimal, a path.
fn begins_there(text: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|at| text[at]);
    match before(1) {
        None => true,
        Some(b'.' | b',' | b' ') => {
            let joins = before(1) != Some(b',');
            !(joins && before(2).is_some_and(|byte| byte.is_ascii_digit()))
                || before(1) == Some(b' ') && digits_at(text, at) >= 13
        }
        Some(byte) => !(byte.is_ascii_alphanumeric() || b"_-/#&%+@$".contains(&byte)),
    }
}

fn ends_there(text: &[u8], end: usize, separator: Option<u8>) -> bool {
    match text.get(end) {
        None => true,
        Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'@') => false,
        Some(byte) if *byte == b'-' || *byte == b'.' || Some(*byte) == separator => {
            !text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric)
        }
        Some(_) => true,
    }
}

/// Words one of which must stand beside a few numbers, so that they are not ids.
const WORDS: [&[u8]; 9] = [
    b"card", b"visa", b"amex", b"credit", b"debit", b"ccnum", b"cc_num", b"_pan", b"pan",
];

fn speaks_of_cards(text: &[u8]) -> bool {
    let text = text.to_ascii_lowercase();
    WORDS.into_iter().any(|word| {
        let mut from = 0;
        while let Some(at) = text[from..]
            .windows(word.len())
            .position(|window| window == word)
        {
            let (start, end) = (from + at, from + at + word.len());
            // `pan` is a word of its own or none: company, span, expand.
            let is_word = |at: Option<&u8>| at.is_none_or(|byte| !byte.is_ascii_alphabetic());
            let apart = start
                .checked_sub(1)
                .is_none_or(|before| is_word(text.get(before)))
                && is_word(text.get(end));
            if word != b"pan" || apart {
                return true;
            }
            from = end;
        }
        false
    })
}

/// Whether there is a number with a valid check digit.
pub(super) fn look(file: &File<'_>, parts: &[Range<usize>], crossings: &mut Vec<Crossing>) -> bool {
    let text = file.text;
    let in_header = speaks_of_cards(first_line(text));
    let mut shaped: HashSet<u128> = HashSet::new();
    let mut cards: HashSet<u128> = HashSet::new();
    let mut first: Option<Range<usize>> = None;
    let mut beside: Option<Range<usize>> = None;
    let mut issuers: Vec<&'static str> = Vec::new();
    for part in parts {
        let mut at = part.start;
        // What begins in the part may end behind it.
        let near = &text[..text.len().min(part.end + 3)];
        while let Some(begin) = candidate(near, at) {
            at = begin;
            let run = digits_at(text, at);
            let begins = begins_there(text, at);
            let Some((digits, end)) = begins.then(|| number_at(text, at)).flatten() else {
                at += run;
                continue;
            };
            let from = at;
            at = end;
            let Some(scheme) = issuer(&digits) else {
                continue;
            };
            let is_published = PUBLISHED
                .iter()
                .any(|published| published.as_bytes() == digits);
            if is_published || is_made_up(&digits) {
                continue;
            }
            let number = digits
                .iter()
                .fold(0_u128, |number, digit| number * 10 + u128::from(*digit));
            shaped.insert(number);
            if !luhn(&digits) {
                continue;
            }
            cards.insert(number);
            first.get_or_insert(from..end);
            if !issuers.contains(&scheme) {
                issuers.push(scheme);
            }
            if beside.is_none() {
                let near = from.saturating_sub(120);
                let near = text[near..from]
                    .iter()
                    .rposition(|&byte| byte == b'\n')
                    .map_or(near, |line| near + line + 1);
                if in_header || speaks_of_cards(&text[near..from]) {
                    beside = Some(from..end);
                }
            }
        }
    }
    let holds = !cards.is_empty();
    // By chance a tenth of them would pass the check.
    if cards.len() * 10 < shaped.len() * 8 {
        return holds;
    }
    let in_bulk = cards.len() >= BULK;
    let Some(span) = (if in_bulk { first } else { beside }) else {
        return holds;
    };
    let made_up = says_made_up(text);
    let mut signals: Vec<Signal> = vec![remark(
        "card-number",
        format!(
            "{} with valid check digits ({}), and not the numbers that are published for tests",
            match cards.len() {
                1 => "a card number".to_owned(),
                many => format!("{many} different card numbers"),
            },
            issuers.join(", ")
        ),
    )];
    signals.extend(
        made_up.map(|word| remark("made-up", format!("the text says of itself \"{word}\""))),
    );
    signals.extend(super::looked_at(text.len()).map(|told| remark("sample", told)));
    crossings.push(Crossing {
        rule: if in_bulk {
            "data-card-numbers"
        } else {
            "data-card-number"
        },
        family: Family::Data,
        span,
        key_path: Vec::new(),
        proven: in_bulk && made_up.is_none(),
        signals,
    });
    holds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_luhns() {
        assert!(luhn(b"4111111111111111"));
        assert!(luhn(b"378282246310005"));
        assert!(!luhn(b"4111111111111112"));
        // The list is of numbers that pass: the others would never be asked for.
        for number in PUBLISHED {
            assert!(luhn(number.as_bytes()), "{number}");
        }
    }

    #[test]
    fn numbers_within_something_else_are_none() {
        let at = |text: &str| {
            let at = text.find('4').expect("a four");
            begins_there(text.as_bytes(), at)
                .then(|| number_at(text.as_bytes(), at))
                .flatten()
                .is_some()
        };
        for text in [
            "4111111111111111",
            "pan=4111111111111111;",
            "1,4111111111111111,x",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111\n",
            "'4111111111111111'",
        ] {
            assert!(at(text), "{text}");
        }
        for text in [
            "a4111111111111111",
            "4111111111111111f",
            "0.4111111111111111",
            "4111111111111111.5",
            "/4111111111111111",
            "-4111111111111111",
            "41111111111111111111",
            "4111 1111 1111 1111 1111",
            "4111-1111-1111-1111-1111",
            "4111-1111 1111-1111",
        ] {
            assert!(!at(text), "{text}");
        }
    }

    #[test]
    fn pan_is_a_word_of_its_own() {
        assert!(speaks_of_cards(b"id,pan,expiry"));
        assert!(speaks_of_cards(b"cardNumber: "));
        assert!(!speaks_of_cards(b"company,span,expand"));
    }
}
