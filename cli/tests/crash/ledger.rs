//! What was seen after each end of a process, and whether it fits together.

use crate::journals::{Fate, Fates};
use std::collections::{BTreeMap, BTreeSet};

/// The lines and fates at the ends of the processes of one run, in order.
#[derive(Default)]
pub struct Ledger {
    ends: Vec<End>,
}

struct End {
    /// How many lines there were.
    lines: usize,
    fates: Fates,
}

impl Ledger {
    /// Notes what there is after a process ended, however it did.
    pub fn note(&mut self, lines: usize, fates: Fates) {
        self.ends.push(End { lines, fates });
    }

    /// Effects that had begun and stood open when their process ended.
    pub fn in_doubt(&self, lines: &[(String, String)]) -> usize {
        let ends = self.ends.iter();
        ends.map(|end| {
            let begun: BTreeSet<&String> = lines[..end.lines].iter().map(|(key, _)| key).collect();
            let open = |key: &&&String| end.fates.get(**key) == Some(&Fate::Open);
            begun.iter().filter(open).count()
        })
        .sum()
    }

    /// Every mistake, in words; `lines` are all that effects left until the run had its outputs.
    pub fn mistakes(&self, lines: &[(String, String)]) -> Vec<String> {
        let mut mistakes = Vec::new();
        let mut worked: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
        for (at, (key, _)) in lines.iter().enumerate() {
            let end = self.ends.iter().position(|end| at < end.lines).unwrap_or(self.ends.len());
            worked.entry(key).or_default().push(end);
        }
        for (key, ends) in worked {
            let what = &lines.iter().find(|(known, _)| known == key).unwrap().1;
            mistakes.extend(self.mistake_of(key, &ends).map(|mistake| format!("{what} ({key}): {mistake}")));
        }
        mistakes
    }

    /// What is wrong with an effect that worked in the processes `ends`.
    fn mistake_of(&self, key: &String, ends: &[usize]) -> Option<String> {
        if ends.windows(2).any(|pair| pair[0] == pair[1]) {
            return Some("worked twice in one process".into());
        }
        let last = *ends.last()?;
        let finished = self.ends[..last]
            .iter()
            .position(|end| matches!(end.fates.get(key), Some(Fate::Acknowledged)));
        if let Some(at) = finished {
            return Some(format!("worked again in process {last}, acknowledged since process {at}"));
        }
        let Some(end) = self.ends.last() else { return None };
        match end.fates.get(key) {
            None => Some("worked, and no journal ever wanted it".into()),
            Some(Fate::Open) => Some("stands open in a run that is over".into()),
            Some(_) => None,
        }
    }
}
