//! HCL through hcl-edit, which bounds depth and gives places: Terraform and its variables, Terragrunt, Nomad, Packer, Vault.
//! Blocks are keys with their labels below them; what is computed is a reference.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Body, Structure};

use super::tree::{self, Kind, NodeId, Tree};
use super::{Entry, Format, Meaning, Syntax, ending};

pub(super) const FORMAT: Format = Format {
    syntax: Syntax::Hcl,
    knows: |name| ENDINGS.contains(&ending(name)),
    read: |text| read_nested(text, 0),
    joined: None,
};

const ENDINGS: [&str; 5] = ["tf", "tfvars", "hcl", "nomad", "tofu"];

/// Functions that pass on what they are given; what others make of it is not their argument.
const PASSING: [&str; 22] = [
    "base64encode",
    "base64gzip",
    "coalesce",
    "coalescelist",
    "concat",
    "ephemeralasnull",
    "flatten",
    "jsonencode",
    "merge",
    "nonsensitive",
    "sensitive",
    "tolist",
    "tomap",
    "toset",
    "tostring",
    "trimspace",
    "try",
    "urlencode",
    "yamlencode",
    "join",
    "zipmap",
    "chomp",
];

/// The entries of a text that stands in `nesting` others.
pub(super) fn read_nested(text: &str, nesting: usize) -> Option<Vec<Entry>> {
    let body = hcl_edit::parser::parse_body(text).ok()?;
    let mut file = File {
        text,
        tree: Tree::default(),
    };
    let root = file.body(&body);
    let mut tree = file.tree;
    tree.roots.push(root);
    tree::entries(&tree, text, nesting)
}

struct File<'t> {
    text: &'t str,
    tree: Tree,
}

impl File<'_> {
    /// Recursion ends where the parser's depth does.
    fn body(&mut self, body: &Body) -> NodeId {
        let mut pairs = Vec::with_capacity(body.len());
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    if let Some(id) = self.expression(&attribute.value) {
                        pairs.push((attribute.key.as_str().to_owned(), id));
                    }
                }
                Structure::Block(block) => {
                    let mut id = self.body(&block.body);
                    for label in block.labels.iter().rev() {
                        let below = vec![(label.as_str().to_owned(), id)];
                        id = self.tree.add(Kind::Mapping(below), Meaning::Literal);
                    }
                    pairs.push((block.ident.as_str().to_owned(), id));
                }
            }
        }
        self.tree.add(Kind::Mapping(pairs), Meaning::Literal)
    }

    fn expression(&mut self, expression: &Expression) -> Option<NodeId> {
        let span = expression.span()?;
        let id = match expression {
            Expression::String(value) => self.quoted(value.as_str(), span)?,
            Expression::StringTemplate(_) => {
                let raw = self.text.get(inside(&span, 1))?;
                self.quoted(raw, span)?
            }
            Expression::HeredocTemplate(_) => self.heredoc(span)?,
            Expression::Null(_) | Expression::Bool(_) | Expression::Number(_) => {
                self.raw(span, Meaning::Literal)?
            }
            Expression::Array(items) => {
                let items = items.iter().filter_map(|item| self.expression(item));
                let items = items.collect();
                self.tree.add(Kind::List(items), Meaning::Literal)
            }
            Expression::Object(object) => {
                let mut pairs = Vec::with_capacity(object.len());
                for (key, value) in object {
                    let key = match key {
                        ObjectKey::Ident(key) => key.as_str().to_owned(),
                        ObjectKey::Expression(Expression::String(key)) => key.as_str().to_owned(),
                        ObjectKey::Expression(key) => self.text.get(key.span()?)?.to_owned(),
                    };
                    if let Some(id) = self.expression(value.expr()) {
                        pairs.push((key, id));
                    }
                }
                self.tree.add(Kind::Mapping(pairs), Meaning::Literal)
            }
            Expression::Parenthesis(inner) => self.expression(inner.inner())?,
            Expression::Conditional(choice) => {
                let sides = [&choice.true_expr, &choice.false_expr];
                let sides = sides.into_iter().filter_map(|side| self.expression(side));
                let sides = sides.collect();
                self.tree.add(Kind::List(sides), Meaning::Literal)
            }
            Expression::FuncCall(call) if PASSING.contains(&call.name.name.as_str()) => {
                let given = call.args.iter().filter_map(|given| self.expression(given));
                let given = given.collect();
                self.tree.add(Kind::List(given), Meaning::Literal)
            }
            _ => self.raw(span, Meaning::Reference)?,
        };
        Some(id)
    }

    fn quoted(&mut self, value: &str, span: Range<usize>) -> Option<NodeId> {
        let inner = match self.text.get(span.clone())?.starts_with('"') {
            true => inside(&span, 1),
            false => span,
        };
        Some(self.tree.scalar(value, inner, true, Meaning::Literal))
    }

    fn raw(&mut self, span: Range<usize>, meaning: Meaning) -> Option<NodeId> {
        let raw = self.text.get(span.clone())?;
        Some(self.tree.scalar(raw, span, false, meaning))
    }

    /// `<<EOF` to `EOF`: the lines between, and for `<<-EOF` without the indentation that all of them have.
    fn heredoc(&mut self, span: Range<usize>) -> Option<NodeId> {
        let raw = self.text.get(span.clone())?;
        let first = raw.find('\n')? + 1;
        let last = raw.trim_end().rfind('\n')? + 1;
        let body = raw.get(first..last).unwrap_or("");
        let lines = || body.split_inclusive('\n');
        let indent = if raw.starts_with("<<-") {
            let filled = lines().filter(|line| !line.trim().is_empty());
            let indents = filled.map(|line| line.len() - line.trim_start().len());
            indents.min().unwrap_or(0)
        } else {
            0
        };
        let value: String = lines()
            .map(|line| line.get(indent..).unwrap_or("\n"))
            .collect();
        let start = span.start + first + (body.len() - body.trim_start().len());
        let end = span.start + first + body.trim_end().len();
        let place = start..end.max(start);
        Some(self.tree.scalar(value, place, false, Meaning::Literal))
    }
}

fn inside(span: &Range<usize>, quotes: usize) -> Range<usize> {
    let start = (span.start + quotes).min(span.end);
    start..span.end.saturating_sub(quotes).max(start)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{rows, takes};
    use super::*;

    fn read(text: &str) -> Option<Vec<Entry>> {
        (FORMAT.read)(text)
    }

    #[test]
    fn real_files() {
        for (text, expected) in [
            (
                "resource \"aws_db_instance\" \"main\" {\n  password = \"p\\\"1\"\n  tags = { Env = \"prod\", \"x-y\" = 2 }\n}\n",
                &[
                    ("resource.aws_db_instance.main.password", "p\"1"),
                    ("resource.aws_db_instance.main.tags.Env", "prod"),
                    ("resource.aws_db_instance.main.tags.x-y", "2"),
                ] as &[_],
            ),
            (
                "variable \"db_password\" {\n  type = string\n  default = \"d1\" # note\n}\n",
                &[
                    ("variable.db_password.type", "string"),
                    ("variable.db_password.default", "d1"),
                ],
            ),
            (
                "db = \"postgres://u:p@${var.host}/x\"\nsecret = sensitive(\"s1\")\nk = var.x ? \"a\" : \"b\"\nf = file(\"x\")\n",
                &[
                    ("db", "postgres://u:p@${var.host}/x"),
                    ("secret", "s1"),
                    ("k", "a"),
                    ("k", "b"),
                    ("f", "file(\"x\")"),
                ],
            ),
            (
                // Environment of a container, in JSON and in blocks
                "c = jsonencode([{ name = \"w\", environment = [{ name = \"TOKEN\", value = \"t1\" }] }])\nenv {\n name = \"A\"\n value = \"b\"\n}\n",
                &[
                    ("c.name", "w"),
                    ("c.environment.name", "TOKEN"),
                    ("c.environment.TOKEN", "t1"),
                    ("env.name", "A"),
                    ("env.A", "b"),
                ],
            ),
            (
                // What a heredoc holds is read, too
                "user_data = <<-EOF\n    #!/bin/sh\n    export DB_PASSWORD=h1\n  EOF\nlast = 1\n",
                &[
                    ("user_data", "#!/bin/sh\nexport DB_PASSWORD=h1\n"),
                    ("user_data.DB_PASSWORD", "h1"),
                    ("last", "1"),
                ],
            ),
            (
                "staging = {\n  token = \"x\"\n}\n",
                &[("staging.token", "x")],
            ),
        ] {
            assert_eq!(rows(text, read), takes(expected), "{text}");
        }
    }

    #[test]
    fn what_is_computed_is_a_reference() {
        let text = "a = var.password\nb = random_password.x.result\nc = \"literal\"\nd = lookup(var.m, \"k\")\n";
        let entries = read(text).expect("HCL");
        let meanings: Vec<_> = entries.iter().map(|entry| entry.meaning).collect();
        let (literal, reference) = (Meaning::Literal, Meaning::Reference);
        assert_eq!(meanings, [reference, reference, literal, reference]);
        assert_eq!(entries[2].key(), Some("c"));
    }

    #[test]
    fn the_name_of_a_variable_says_what_its_default_is() {
        let entries = read("variable \"db_password\" {\n default = \"d\"\n}\n").expect("HCL");
        assert_eq!(entries[0].key(), Some("db_password"));
    }

    #[test]
    fn what_is_no_hcl_is_left_to_the_lines() {
        let deep = format!("x = {}", "[".repeat(100_000));
        let unary = format!("x = {}1", "!".repeat(100_000));
        for text in [
            "a: b",
            "x = ",
            "x = \"unterminated",
            "block {",
            &deep,
            &unary,
        ] {
            assert!(read(text).is_none(), "{}", &text[..text.len().min(40)]);
        }
    }
}
