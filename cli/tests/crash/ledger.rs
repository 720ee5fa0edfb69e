//! What was seen after each end of a process, and whether it fits together.

use crate::journals::{Fate, Fates, Told};
use std::collections::{BTreeMap, BTreeSet};

/// An effect's key, and what it is.
pub type Line = (String, String);

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

    /// Effects that must not happen twice, and had begun and not ended when their process did.
    pub fn in_doubt(&self, lines: &[Line]) -> usize {
        self.ends.iter().map(|end| end.in_doubt(lines).count()).sum()
    }

    /// Every mistake, in words; `lines` are all that effects left until the run had its outputs.
    pub fn mistakes(&self, lines: &[Line]) -> Vec<String> {
        let mut mistakes = self.unreported(lines);
        let mut worked: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
        for (at, (key, _)) in lines.iter().enumerate() {
            let end = self
                .ends
                .iter()
                .position(|end| at < end.lines)
                .unwrap_or(self.ends.len());
            worked.entry(key).or_default().push(end);
        }
        for (key, ends) in worked {
            let what = &lines.iter().find(|(known, _)| known == key).unwrap().1;
            mistakes.extend(
                self.mistake_of(key, &ends)
                    .map(|mistake| format!("{what} ({key}): {mistake}")),
            );
        }
        mistakes
    }

    /// What is wrong with an effect that worked in the processes `ends`.
    fn mistake_of(&self, key: &String, ends: &[usize]) -> Option<String> {
        if ends.windows(2).any(|pair| pair[0] == pair[1]) {
            return Some("worked twice in one process".into());
        }
        let last = *ends.last()?;
        let fate = |end: &End| end.fates.get(key).map(|told| told.fate);
        if let Some(at) = self.ends[..last]
            .iter()
            .position(|end| fate(end) == Some(Fate::Acknowledged))
        {
            return Some(format!(
                "worked again in process {last}, acknowledged since process {at}"
            ));
        }
        match self.ends.last().map(fate)? {
            None => Some("worked, and no journal ever wanted it".into()),
            Some(Fate::Open) => Some("stands open in a run that is over".into()),
            Some(_) => None,
        }
    }

    /// Effects in doubt that nobody was told of.
    fn unreported(&self, lines: &[Line]) -> Vec<String> {
        let Some(over) = self.ends.last() else {
            return Vec::new();
        };
        let reported = |key: &str, before: usize| over.fates.get(key).is_some_and(|told| told.doubts > before);
        let ends = self.ends.iter().enumerate();
        ends.flat_map(|(at, end)| {
            let silent = end.in_doubt(lines).filter(move |(key, before)| !reported(key, *before));
            silent.map(move |(key, _)| format!("{key}: in doubt since process {at}, and nobody was told"))
        })
        .collect()
    }
}

impl End {
    /// The keys, and how often each had been reported by then.
    fn in_doubt(&self, lines: &[Line]) -> impl Iterator<Item = (&str, usize)> {
        let stops = |told: &Told| told.once && matches!(told.fate, Fate::Open | Fate::Stopped);
        let effects = self.fates.iter().filter(move |(_, told)| stops(told));
        let begun: BTreeSet<String> = lines[..self.lines].iter().map(|(key, _)| key.clone()).collect();
        effects.filter_map(move |(key, told)| begun.contains(key).then_some((key.as_str(), told.doubts)))
    }
}

/// Shows that each kind of mistake is found: a harness that never complains proves nothing otherwise.
///
/// # Panics
/// When one is not.
pub fn prove() {
    let told = |fate, doubts| Told {
        fate,
        once: true,
        doubts,
    };
    let found = |lines: &[usize], fates: &[Told]| -> Vec<String> {
        let mut ledger = Ledger::default();
        for (lines, told) in lines.iter().zip(fates) {
            ledger.note(*lines, Fates::from([("key".to_owned(), *told)]));
        }
        let lines = vec![("key".to_owned(), "effect".to_owned()); lines.last().copied().unwrap_or_default()];
        ledger.mistakes(&lines)
    };
    let cases: [(&[usize], &[Told], Option<&str>); 6] = [
        (&[1], &[told(Fate::Acknowledged, 0)], None),
        (&[1, 2], &[told(Fate::Open, 0), told(Fate::Acknowledged, 1)], None),
        (
            &[1, 2],
            &[told(Fate::Open, 0), told(Fate::Acknowledged, 0)],
            Some("nobody was told"),
        ),
        (&[1, 2], &[told(Fate::Acknowledged, 0); 2], Some("worked again")),
        (&[2], &[told(Fate::Acknowledged, 0)], Some("worked twice")),
        (&[1], &[told(Fate::Open, 0)], Some("stands open")),
    ];
    for (lines, fates, mistake) in cases {
        let found = found(lines, fates);
        match mistake {
            None => assert!(found.is_empty(), "{lines:?} {fates:?}: {found:?}"),
            Some(mistake) => assert!(
                found.iter().any(|one| one.contains(mistake)),
                "{lines:?} {fates:?}: {found:?}"
            ),
        }
    }
}
