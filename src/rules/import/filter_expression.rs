//! The part of betterleaks' filter expressions that says what our `allow` can say: tests joined by `||`, each of them
//! `entropy(...) <= N`, `matchesAny(..., [...])` or `containsAny(..., [...])`. Any other expression is not read at all.

use super::{Allow, Shape, go_regex};

/// What an expression leaves out.
pub(super) struct Filter {
    /// Values of no more bits per byte.
    pub(super) entropy: Option<f32>,
    pub(super) allow: Vec<Allow>,
}

/// Reads an expression; `None` where it says more than that.
pub(super) fn read(text: &str) -> Option<Filter> {
    let mut rest = Rest(text.trim());
    let mut filter = Filter {
        entropy: None,
        allow: Vec::new(),
    };
    rest.any(&mut filter)?;
    rest.0.trim().is_empty().then_some(filter)
}

struct Rest<'t>(&'t str);

impl Rest<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let trimmed = self.0.trim_start();
        match trimmed.strip_prefix(sign) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn any(&mut self, filter: &mut Filter) -> Option<()> {
        loop {
            if self.takes("(") {
                self.any(filter)?;
                self.takes(")").then_some(())?;
            } else {
                self.test(filter)?;
            }
            if !self.takes("||") {
                return Some(());
            }
        }
    }

    fn test(&mut self, filter: &mut Filter) -> Option<()> {
        self.takes("filter.");
        if self.takes("entropy(") {
            self.takes("finding[\"secret\"]").then_some(())?;
            self.takes(")").then_some(())?;
            // Whether a value of just so many bits is left out makes no difference that anybody can measure.
            (self.takes("<=") || self.takes("<")).then_some(())?;
            let trimmed = self.0.trim_start();
            let end = trimmed
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(trimmed.len());
            let bits: f32 = trimmed[..end].parse().ok()?;
            self.0 = &self.0[self.0.len() - trimmed.len() + end..];
            filter.entropy = Some(filter.entropy.unwrap_or(0.0).max(bits));
            return Some(());
        }
        let matches = self.takes("matchesAny(");
        (matches || self.takes("containsAny(")).then_some(())?;
        let targets = [
            ("finding[\"secret\"]", 0),
            ("finding[\"match\"]", 1),
            ("finding[\"line\"]", 2),
            ("get(attributes, \"path\", \"\")", 3),
            ("attributes[\"path\"]", 3),
        ];
        let (_, target) = targets.into_iter().find(|(sign, _)| self.takes(sign))?;
        self.takes(",").then_some(())?;
        let items = self.list()?;
        self.takes(")").then_some(())?;
        let mut allow = Allow::default();
        if matches {
            let items: Vec<String> = items.iter().map(|go| go_regex::translated(go)).collect();
            items
                .iter()
                .all(|item| Shape::of(item).is_ok())
                .then_some(())?;
            *[
                &mut allow.values,
                &mut allow.matches,
                &mut allow.lines,
                &mut allow.paths,
            ][target] = items;
        } else {
            (target == 0).then_some(())?;
            allow.stopwords = items;
        }
        filter.allow.push(allow);
        Some(())
    }

    fn list(&mut self) -> Option<Vec<String>> {
        self.takes("[").then_some(())?;
        let mut items = Vec::new();
        while !self.takes("]") {
            if self.takes("`") {
                let (item, rest) = self.0.split_once('`')?;
                items.push(item.to_owned());
                self.0 = rest;
            } else {
                self.takes("\"").then_some(())?;
                let mut item = String::new();
                let mut letters = self.0.char_indices();
                let end = loop {
                    match letters.next()? {
                        (at, '"') => break at + 1,
                        (_, '\\') => match letters.next()?.1 {
                            'n' => item.push('\n'),
                            't' => item.push('\t'),
                            sign @ ('\\' | '"' | '\'') => item.push(sign),
                            _ => return None,
                        },
                        (_, letter) => item.push(letter),
                    }
                };
                items.push(item);
                self.0 = &self.0[end..];
            }
            self.takes(",");
        }
        (!items.is_empty()).then_some(items)
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn lists_are_read_and_nothing_else() {
        let filter = read("(matchesAny(finding[\"secret\"], [`^a+$`, \"b\\\\d\"]) || containsAny(finding[\"secret\"], [\"x y\"])) || filter.entropy(finding[\"secret\"]) < 3.5")
            .expect("a filter");
        assert_eq!(filter.entropy, Some(3.5));
        assert_eq!(filter.allow[0].values, ["^a+$", "b\\d"]);
        assert_eq!(filter.allow[1].stopwords, ["x y"]);
        for other in [
            "true",
            "entropy(finding[\"secret\"]) > 3",
            "!matchesAny(finding[\"secret\"], [`a`])",
            "matchesAny(finding[\"secret\"], [`a`]) && true",
            "",
        ] {
            assert!(read(other).is_none(), "{other}");
        }
    }
}
