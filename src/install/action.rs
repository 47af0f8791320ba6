//! One piece of work: what is said, and what is done unless it is a dry run.

use std::io;
use std::path::PathBuf;

use crate::git::settings;

use super::{Options, Refusal};

pub(super) struct Work<'w> {
    pub(super) options: &'w Options,
    say: &'w mut dyn FnMut(&str) -> io::Result<()>,
    /// What the hooks run.
    pub(super) program: PathBuf,
    /// Whether the binary is where the hooks look for it.
    pub(super) placed: bool,
    /// Whether a hook was taken out.
    pub(super) took: bool,
    quiet: bool,
}

impl<'w> Work<'w> {
    pub(super) fn new(
        options: &'w Options,
        say: &'w mut dyn FnMut(&str) -> io::Result<()>,
    ) -> Result<Self, Refusal> {
        if settings::version().is_none() {
            return Err(Refusal::new("git is missing").hint("Install git."));
        }
        let program = match &options.prefix {
            Some(folder) => folder.join("stagegate"),
            None => options.binary.clone(),
        };
        Ok(Self {
            options,
            say,
            program,
            placed: false,
            took: false,
            quiet: false,
        })
    }

    pub(super) fn say(&mut self, sentence: &str) -> Result<(), Refusal> {
        if self.quiet {
            return Ok(());
        }
        Ok((self.say)(sentence)?)
    }

    /// Does many small things that one sentence has announced.
    pub(super) fn quietly<T>(
        &mut self,
        doing: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.quiet = true;
        let done = doing(self);
        self.quiet = false;
        done
    }

    /// Does what follows the sentence, or says only the sentence in a dry run.
    pub(super) fn act(
        &mut self,
        sentence: &str,
        doing: impl FnOnce() -> io::Result<()>,
    ) -> Result<(), Refusal> {
        if self.options.dry_run {
            return self.say(&format!("would {sentence}"));
        }
        self.say(sentence)?;
        doing().map_err(|error| Refusal::new(format!("could not {sentence}: {error}")))
    }

    /// Of the hooks that there may be, those that are asked for; without a wish the usual ones.
    pub(super) fn choose(
        &self,
        possible: &[&'static str],
        usual: &[&'static str],
    ) -> Result<Vec<&'static str>, Refusal> {
        let Some(list) = &self.options.hooks else {
            return Ok(usual.to_vec());
        };
        let there_are = format!(
            "Those that stagegate can guard here: {}.",
            possible.join(", ")
        );
        let mut chosen = Vec::new();
        for wish in list.iter().filter(|wish| !wish.is_empty()) {
            match possible.iter().find(|name| *name == wish) {
                Some(name) => chosen.push(*name),
                None => {
                    return Err(Refusal::new(format!(
                        "--hooks: no hook of that kind here: {wish}"
                    ))
                    .hint(there_are));
                }
            }
        }
        if chosen.is_empty() {
            return Err(Refusal::new("--hooks names no hook").hint(there_are));
        }
        Ok(chosen)
    }
}
