//! Names that stand beside their value: `name: X` / `value: Y`, `<add key="X" value="Y"/>`, `- X=Y`.

use std::ops::Range;

use super::{NO_KEY, NodeId, Scalar, Tree};

/// Keys whose value is the name of what stands beside it.
const NAMES: [&str; 10] = [
    "name",
    "key",
    "Name",
    "Key",
    "ParameterKey",
    "OptionName",
    "option_name",
    "parameter_name",
    "variable",
    "envVar",
];

/// Keys of what is named, the surest first.
const VALUES: [&str; 9] = [
    "value",
    "Value",
    "ParameterValue",
    "parameter_value",
    "connectionString",
    "defaultValue",
    // An ECS task's secret; a pod's, where it is a mapping.
    "valueFrom",
    "@value",
    NO_KEY,
];

const LONGEST_NAME: usize = 128;

/// The name that a mapping gives one of its values, and which of its pairs that is.
pub(super) fn in_mapping<'t>(tree: &'t Tree, pairs: &[(&str, NodeId)]) -> Option<(&'t str, usize)> {
    // An assignment has a name, a value and little else (`type`, `slotSetting`, `secure`); a longer mapping is a thing.
    if pairs.len() < 2 || pairs.len() > 8 {
        return None;
    }
    let value = VALUES
        .iter()
        .find_map(|value| pairs.iter().position(|(key, _)| key == value))?;
    let name = NAMES.iter().find_map(|name| {
        let (_, id) = pairs.iter().find(|(key, _)| key == name)?;
        tree.text(*id)
    })?;
    is_name(name).then_some((name, value))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= LONGEST_NAME && !name.contains(['\n', '\r', '{'])
}

/// The assignment that one item of a list is: `environment: [A=b]`, `args: [--a=b]`. The name is as written in `text`.
pub(super) fn in_one<'t>(scalar: &Scalar, text: &'t str) -> Option<(&'t str, Scalar)> {
    let raw = text.get(scalar.span.clone())?;
    let (written, _) = raw.split_once('=')?;
    // Escapes may stand behind the name, not in it.
    let value = scalar.text.strip_prefix(written)?.strip_prefix('=')?;
    let name = written.trim_start_matches('-');
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    // `QUJD==` is base64, and `==` an operator.
    if !begins
        || name.len() > LONGEST_NAME
        || !name.bytes().all(is_key)
        || value.trim_start_matches('=').is_empty()
    {
        return None;
    }
    let span: Range<usize> = scalar.span.start + written.len() + 1..scalar.span.end;
    let scalar = Scalar {
        text: value.to_owned(),
        span,
        quoted: scalar.quoted,
    };
    Some((name, scalar))
}
