//! A text on its way from candidates to sightings: what the rules, the names of keys and the inventory found, part by part.

use std::borrow::Cow;
use std::iter::Peekable;
use std::ops::Range;
use std::vec::IntoIter;

use super::{
    Examined, Knowledge, Places, Seen, add_unless_overlapping, assigned, crossings, dismissed,
    known, sighting,
};
use crate::boundary;
use crate::inventory::Hit;
use crate::origin::Document;
use crate::scan::assignment::{Assignment, Judged};
use crate::scan::beside::{self, Bare};
use crate::scan::reason::of_match;
use crate::scan::{Candidate, Positions, Rejected, ScanError};
use crate::syntax::{self, Entry, Syntax};

/// What the words in a text make worth looking for in its structure.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Worth {
    /// Keys that bear secrets.
    assign: bool,
    /// Pointers.
    cross: bool,
    /// Rights.
    give_rights: bool,
}

impl Worth {
    /// Keys alone.
    pub(super) const KEYS: Self = Self {
        assign: true,
        cross: false,
        give_rights: false,
    };
}

/// A text on its way from candidates to sightings.
pub(super) struct Reading<'t, 'k, 'r> {
    text: &'t [u8],
    syntax: Syntax,
    knowledge: &'k Knowledge<'k, 'r>,
    issued: Peekable<IntoIter<Candidate<'t, 'r>>>,
    rejected: Peekable<IntoIter<Rejected<'r>>>,
    hits: Peekable<IntoIter<Hit>>,
    names: Vec<usize>,
    pub(super) worth: Worth,
    /// Whether production data is worth a look.
    pub(super) may_hold_data: bool,
    /// Whether it may say what fetches production's data,
    pub(super) may_fetch: bool,
    /// or be a dump of it.
    pub(super) may_be_dump: bool,
    /// How far the farthest look around a keyword went, in bytes.
    pub(super) reach: usize,
    positions: Positions<'t>,
    pub(super) examined: Examined<'r>,
}

impl<'t, 'k, 'r> Reading<'t, 'k, 'r> {
    pub(super) fn of(
        text: &'t [u8],
        syntax: Syntax,
        knowledge: &'k Knowledge<'k, 'r>,
    ) -> Result<Self, ScanError> {
        let searched = knowledge.scanner.search(text)?;
        // What the policy declares may stand anywhere, and no keyword leads to it.
        let may_point = bare(syntax) == Bare::IsRead && knowledge.facts.identify_production();
        let hits = known::find(text, knowledge)?;
        let (mut issued, mut rejected) = (searched.issued, searched.rejected);
        issued.retain(|candidate| {
            let reason = of_match(candidate, text);
            if let Some(reason) = reason
                && knowledge.scanner.explains()
            {
                rejected.push(Rejected {
                    provider: candidate.provider,
                    rule: candidate.rule,
                    reason,
                    span: candidate.span.clone(),
                });
            }
            reason.is_none()
        });
        rejected.sort_by_key(|rejected| rejected.span.start);
        Ok(Self {
            text,
            syntax,
            knowledge,
            issued: issued.into_iter().peekable(),
            rejected: rejected.into_iter().peekable(),
            hits: hits.into_iter().peekable(),
            worth: Worth {
                assign: !searched.names.is_empty(),
                cross: may_point
                    || searched.may_cross
                        && (bare(syntax) == Bare::IsRead
                            || searched.may_grant && boundary::grants(text, syntax)
                            || searched.may_state && boundary::may_state(text)),
                give_rights: searched.may_give_rights,
            },
            names: searched.names,
            may_hold_data: searched.may_hold_data,
            may_fetch: searched.may_fetch,
            may_be_dump: searched.may_be_dump,
            reach: searched.reach,
            positions: Positions::new(text),
            examined: Examined::default(),
        })
    }

    /// Looks for what is worth it, too, whatever the words of the text say: elsewhere in the file of which it is a part.
    pub(super) fn look_for(&mut self, worth: Worth) {
        self.worth.assign |= worth.assign;
        self.worth.cross |= worth.cross;
        self.worth.give_rights |= worth.give_rights;
    }

    /// Whether it is worth to read the text's syntax.
    pub(super) fn may_hold(&mut self) -> Result<bool, ScanError> {
        let only_names = self.issued.peek().is_none()
            && self.rejected.peek().is_none()
            && self.hits.peek().is_none()
            && !self.worth.cross;
        if !only_names || !self.worth.assign {
            return Ok(!only_names);
        }
        // In source code and prose, the surroundings of the names say all, and are read first: most files end here.
        if bare(self.syntax) != Bare::IsRead && self.text.len() <= syntax::LARGEST_PARSED {
            let mut rejected = Vec::new();
            let beside = self.beside_names(&(0..self.text.len()), &mut rejected)?;
            return Ok(!beside.is_empty() || !rejected.is_empty());
        }
        Ok(true)
    }

    pub(super) fn part(&mut self, range: Range<usize>, entries: &[Entry]) -> Result<(), ScanError> {
        let (text, knowledge) = (self.text, self.knowledge);
        let here = |span: &Range<usize>| span.start < range.end || range.end == text.len();
        let mut candidates = Vec::new();
        while let Some(candidate) = self.issued.next_if(|candidate| here(&candidate.span)) {
            candidates.push(Seen {
                candidate,
                decoded: None,
            });
        }
        let mut rejected = Vec::new();
        while let Some(one) = self.rejected.next_if(|one| here(&one.span)) {
            rejected.push(one);
        }
        if !self.names.is_empty() {
            // What stands beside a name knows where a value ends; an entry knows its keys.
            let beside = self.beside_names(&range, &mut rejected)?;
            add_unless_overlapping(&mut candidates, beside);
        }
        if self.worth.assign {
            let assigned = assigned(text, entries, knowledge.scanner, &mut rejected)?;
            add_unless_overlapping(&mut candidates, assigned);
        }
        let sightings = &mut self.examined.sightings;
        let from = sightings.len();
        let mut hits: Vec<Hit> = Vec::new();
        while let Some(hit) = self.hits.next_if(|hit| here(&hit.span)) {
            hits.push(hit);
        }
        if !candidates.is_empty() || !hits.is_empty() {
            let document = Document::new(text, self.syntax, entries);
            let places = Places::of(entries);
            for seen in &candidates {
                for at in places.around(&seen.candidate.span) {
                    let positions = &mut self.positions;
                    sightings.push(sighting(
                        text, seen, at, entries, &document, knowledge, positions,
                    ));
                }
            }
            let mut positions = Positions::new(text);
            for new in known::tell(text, &hits, &mut sightings[from..]) {
                if knowledge.scanner.leaves_out(known::RULE) {
                    continue;
                }
                for at in places.around(&new.seen.candidate.span) {
                    let positions = &mut positions;
                    let mut sighting = sighting(
                        text, &new.seen, at, entries, &document, knowledge, positions,
                    );
                    known::add(&mut sighting, new.hit);
                    sightings.push(sighting);
                }
            }
            sightings[from..].sort_by_key(|sighting| sighting.span.start);
        }
        if !rejected.is_empty() {
            let dismissed = dismissed::of(rejected, text, entries, &sightings[from..], knowledge);
            self.examined.dismissed.extend(dismissed);
        }
        if self.worth.cross {
            crossings(
                text,
                range,
                self.syntax,
                entries,
                self.worth.give_rights,
                knowledge,
                &mut self.positions,
                sightings,
            );
            sightings[from..].sort_by_key(|sighting| sighting.span.start);
        }
        Ok(())
    }

    /// The candidates that stand beside names in a part of the text.
    fn beside_names(
        &self,
        range: &Range<usize>,
        rejected: &mut Vec<Rejected<'r>>,
    ) -> Result<Vec<Seen<'t, 'r>>, ScanError> {
        let (text, scanner) = (self.text, self.knowledge.scanner);
        let part = &text[range.clone()];
        let names = if range.len() == text.len() {
            Cow::Borrowed(&self.names)
        } else {
            Cow::Owned(scanner.names(part))
        };
        let mut candidates = Vec::new();
        let mut failed = None;
        let bare = bare(self.syntax);
        beside::read(&syntax::text_of(part), &names, bare, &mut |found| {
            let span = range.start + found.span.start..range.start + found.span.end;
            let assignment = Assignment {
                key: found.key,
                value: found.value,
                span,
                quoted: true,
            };
            match scanner.judge_assignment(text, &assignment) {
                Ok(Some(Judged::Candidate(candidate))) => candidates.push(Seen {
                    candidate,
                    decoded: None,
                }),
                Ok(Some(Judged::Rejected(one))) if scanner.explains() => rejected.push(one),
                Ok(_) => {}
                Err(error) => failed = Some(error),
            }
        });
        failed.map_or(Ok(candidates), Err)
    }
}

/// How bare values of a syntax are taken.
const fn bare(syntax: Syntax) -> Bare {
    match syntax {
        Syntax::Code => Bare::IsCode,
        Syntax::Prose => Bare::IsSaid,
        _ => Bare::IsRead,
    }
}
