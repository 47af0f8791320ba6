//! What stands in no object: a text or a value that somebody asks about.

use super::{Judge, JudgeError, Source, is_one_place};
use crate::examine::{self, Values};
use crate::git::Change;
use crate::model::Oid;
use crate::scan::decode::Encoding;
use crate::syntax;

impl Judge<'_> {
    /// Judges what somebody holds in their hand: it stands in no object. With `keys` it is the value of that key.
    pub fn in_hand(
        &mut self,
        source: Source<'_>,
        path: &str,
        keys: Option<&[String]>,
        text: &[u8],
    ) -> Result<(), JudgeError> {
        let encoding = Encoding::of(text);
        let text = encoding.text(text, true);
        let knowledge = self.knowledge();
        let examined = match keys {
            Some(keys) => {
                examine::examine_value(&String::from_utf8_lossy(&text), keys, &knowledge)?
            }
            None => examine::examine(&text, syntax::of_path(path), &knowledge)?,
        };
        let change = Change {
            path: path.as_bytes().to_vec(),
            mode: crate::git::Mode::FILE,
            oid: Oid::from_bytes(&[0; 20]).expect("20 bytes"),
            parents: Vec::new(),
        };
        self.stats.blobs += 1;
        self.stats.bytes += text.len() as u64;
        for dismissed in &examined.dismissed {
            self.reject(source, change.oid, path, dismissed);
        }
        let mut values = Values::new(&text);
        for one in examined.sightings.chunk_by(is_one_place) {
            let before = self.findings.len();
            for sighting in one {
                let known = values.of(sighting);
                if self.is_believed_at(source, change.oid, path, sighting, &known)? {
                    self.sighting(source, &change, path, sighting, &text, known, None);
                }
            }
            self.keep_strictest(before);
        }
        Ok(())
    }
}
