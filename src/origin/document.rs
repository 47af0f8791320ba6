//! The text that a value stands in, and what it says as a whole: a Kubernetes manifest's namespace, a job's environment, a
//! kubeconfig's clusters, the keys a file is encrypted for. Read once, and only where something was found.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use memchr::memmem;
use once_cell::unsync::OnceCell;

use crate::model::Vocabulary;
use crate::syntax::{Entry, Syntax};

use super::certificate::{self, Said};

/// More names of one kind in one document are not looked at.
const MOST: usize = 32;

/// A text with its entries.
pub struct Document<'a> {
    text: &'a [u8],
    syntax: Syntax,
    entries: &'a [Entry],
    parts: OnceCell<Vec<Part>>,
    certificate: OnceCell<Option<Said>>,
    above_environments: OnceCell<HashSet<Vec<String>>>,
}

/// One of the documents of a file: YAML may hold several.
#[derive(Default)]
pub(super) struct Part {
    end: usize,
    /// What it is, of Kubernetes' objects.
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
    pub(super) namespace: Option<String>,
    /// Where Argo CD's application goes.
    pub(super) destinations: Vec<String>,
    /// Labels that name an environment.
    pub(super) labels: Vec<String>,
    /// What `environment` says, by the mapping that it stands in.
    environments: HashMap<Vec<String>, String>,
    pub(super) is_pipeline: bool,
    /// Of a kubeconfig: clusters, which user goes to which of them, names of users.
    pub(super) clusters: Vec<Cluster>,
    pub(super) contexts: Vec<Context>,
    pub(super) users: Vec<String>,
    /// Whom the file is encrypted for: last key, value.
    pub(super) recipients: Vec<(String, String)>,
    /// Labels of values that Ansible's vault encrypted.
    pub(super) vault_ids: Vec<String>,
}

/// A cluster of a kubeconfig.
#[derive(Default)]
pub(super) struct Cluster {
    pub(super) name: Option<String>,
    pub(super) server: Option<String>,
}

/// Which user of a kubeconfig goes to which cluster.
#[derive(Default)]
pub(super) struct Context {
    pub(super) cluster: Option<String>,
    pub(super) user: Option<String>,
}

/// Puts a value into the last item of a list, or into a new one where the last has it: items of a list follow each other, and
/// their keys stand in any order.
fn put<T: Default>(list: &mut Vec<T>, value: &str, field: fn(&mut T) -> &mut Option<String>) {
    if list.last_mut().is_none_or(|last| field(last).is_some()) {
        if list.len() >= MOST {
            return;
        }
        list.push(T::default());
    }
    if let Some(last) = list.last_mut() {
        *field(last) = Some(value.to_owned());
    }
}

impl<'a> Document<'a> {
    /// Of a text, the reader that its name asks for, and its entries, whose spans lie in it.
    pub fn new(text: &'a [u8], syntax: Syntax, entries: &'a [Entry]) -> Self {
        Self {
            text,
            syntax,
            entries,
            parts: OnceCell::new(),
            certificate: OnceCell::new(),
            above_environments: OnceCell::new(),
        }
    }

    pub(super) const fn text(&self) -> &'a [u8] {
        self.text
    }

    pub(super) const fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// The first certificate in the text that is no authority's.
    pub(super) fn certificate(&self) -> Option<&Said> {
        self.certificate
            .get_or_init(|| {
                // The text is most often PEM and nothing else.
                memmem::find(self.text, b"-----BEGIN CERTIFICATE-----")?;
                certificate::first_in(&String::from_utf8_lossy(self.text))
            })
            .as_ref()
    }

    /// The documents of the file.
    pub(super) fn parts(&self) -> &[Part] {
        self.parts.get_or_init(|| self.read())
    }

    /// The document that holds `span`.
    pub(super) fn part(&self, span: &Range<usize>) -> Option<&Part> {
        let parts = self.parts();
        parts.get(parts.partition_point(|part| part.end <= span.start))
    }

    /// Whether a key beside one with these keys above it names an environment without doubt.
    pub(super) fn has_environment_below(&self, above: &[String], vocabulary: &Vocabulary) -> bool {
        self.above_environments
            .get_or_init(|| self.read_above_environments(vocabulary))
            .contains(above)
    }

    /// The keys above every key that names an environment, gathered once: a file of many values asks for each.
    fn read_above_environments(&self, vocabulary: &Vocabulary) -> HashSet<Vec<String>> {
        const MOST: usize = 5000;
        let mut names: HashMap<&str, bool> = HashMap::new();
        let mut found: HashSet<Vec<String>> = HashSet::new();
        for entry in self.entries.iter().take(MOST) {
            for (at, key) in entry.path.iter().enumerate() {
                let is_name = names
                    .entry(key.as_str())
                    .or_insert_with(|| vocabulary.tier_of_name(key).is_some());
                if *is_name && !found.contains(&entry.path[..at]) {
                    found.insert(entry.path[..at].to_vec());
                }
            }
        }
        found
    }

    fn read(&self) -> Vec<Part> {
        let mut ends: Vec<usize> = memmem::find_iter(self.text, b"\n---")
            .filter(|at| {
                let after = self.text.get(at + 4);
                after.is_none_or(|byte| matches!(byte, b'\n' | b'\r' | b' '))
            })
            .collect();
        ends.push(usize::MAX);
        let mut entries = self.entries.iter().peekable();
        let mut start = 0;
        ends.into_iter()
            .map(|end| {
                let mut part = Part {
                    end,
                    ..Part::default()
                };
                while let Some(entry) = entries.next_if(|entry| entry.span.start < end) {
                    part.add(entry);
                }
                part.read_vault_ids(&self.text[start..end.min(self.text.len())]);
                start = end;
                part
            })
            .collect()
    }
}

impl Part {
    fn add(&mut self, entry: &Entry) {
        let Some((last, above)) = entry.path.split_last() else {
            return;
        };
        let value = entry.value.as_str();
        let keys: Vec<&str> = entry.path.iter().take(5).map(String::as_str).collect();
        let push = |list: &mut Vec<String>| {
            if list.len() < MOST && !list.iter().any(|known| known == value) {
                list.push(value.to_owned());
            }
        };
        match keys[..] {
            ["kind"] => self.kind = Some(value.to_owned()),
            ["metadata", "name"] => self.name = Some(value.to_owned()),
            ["metadata", "namespace"] => self.namespace = Some(value.to_owned()),
            // Kustomize puts its objects there.
            ["namespace"] if self.kind.as_deref() == Some("Kustomization") => {
                self.namespace = Some(value.to_owned());
            }
            ["spec", "destination", "server" | "name" | "namespace"] => {
                push(&mut self.destinations)
            }
            [
                "metadata",
                "labels",
                "env"
                | "environment"
                | "app.kubernetes.io/environment"
                | "environment-name"
                | "stage",
            ] => push(&mut self.labels),
            ["clusters", "name"] => {
                put(&mut self.clusters, value, |cluster| &mut cluster.name);
            }
            ["clusters", "cluster", "server"] => {
                put(&mut self.clusters, value, |cluster| &mut cluster.server);
            }
            ["contexts", "context", "cluster"] => {
                put(&mut self.contexts, value, |context| &mut context.cluster);
            }
            ["contexts", "context", "user"] => {
                put(&mut self.contexts, value, |context| &mut context.user);
            }
            ["users", "name"] => push(&mut self.users),
            ["jobs", ..] if last == "runs-on" => self.is_pipeline = true,
            [_, ..] if last == "script" => self.is_pipeline = true,
            _ => {}
        }
        if matches!(last.as_str(), "environment" | "Environment") {
            self.environments.insert(above.to_vec(), value.to_owned());
        } else if last == "name"
            && let Some((environment, above)) = above.split_last()
            && environment == "environment"
        {
            self.environments.insert(above.to_vec(), value.to_owned());
        }
        // YAML and JSON: `sops.kms.arn`; dotenv: `sops_kms__list_0__map_arn`.
        if entry.path[0].starts_with("sops") && self.recipients.len() < MOST {
            let key = last.rsplit("map_").next().unwrap_or(last);
            self.recipients.push((key.to_owned(), value.to_owned()));
        }
    }

    fn read_vault_ids(&mut self, text: &[u8]) {
        const HEADER: &[u8] = b"$ANSIBLE_VAULT;1.2;AES256;";
        for at in memmem::find_iter(text, HEADER).take(MOST) {
            let rest = &text[at + HEADER.len()..];
            let end = rest
                .iter()
                .take(64)
                .position(|byte| !(byte.is_ascii_alphanumeric() || b"-_.".contains(byte)));
            let id = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok());
            if let Some(id) =
                id.filter(|id| !id.is_empty() && !self.vault_ids.iter().any(|known| known == id))
            {
                self.vault_ids.push(id.to_owned());
            }
        }
    }

    /// The environment that a mapping around the value declares, the nearest first, and whether it is a mapping of its own
    /// and not the whole document.
    pub(super) fn environment_around(&self, key_path: &[String]) -> Option<(&str, bool)> {
        (0..key_path.len()).rev().find_map(|depth| {
            let value = self.environments.get(&key_path[..depth])?;
            Some((value.as_str(), depth > 0))
        })
    }
}
