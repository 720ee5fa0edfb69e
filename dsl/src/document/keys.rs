//! Keys: the allowed ones, those that are designed and not built, and everything else.

use crate::code;
use crate::nearest;
use crate::report::Report;
use crate::yaml::Entry;
use troupe_core::diagnostic::{Diagnostic, Span};

/// The keys of one kind of mapping.
pub(super) struct Keys {
    /// Whose keys they are: `a step`.
    pub(super) what: &'static str,
    pub(super) known: &'static [&'static str],
    /// Designed and not built: answered as such, never ignored.
    pub(super) later: &'static [&'static str],
}

impl Keys {
    /// Whether a key is one of these, today or later.
    pub(super) fn has(&self, key: &str) -> bool {
        self.known.contains(&key) || self.later.contains(&key)
    }

    /// Reports every key that is not known.
    pub(super) fn check(&self, report: &mut Report, entries: &[Entry]) {
        for entry in entries {
            let key = entry.key.as_str();
            if self.known.contains(&key) {
                continue;
            }
            if self.later.contains(&key) {
                not_yet(report, entry.key_span, &format!("`{key}`"));
                continue;
            }
            let shown: String = key.chars().take(60).collect();
            let mut problem = Diagnostic::error(
                code::UNKNOWN_KEY,
                entry.key_span,
                format!("{} has no key `{shown}`", self.what),
            );
            if key == "<<" {
                problem = problem.hint("merge keys are not used here: write the keys out");
            }
            problem.hints.extend(report.hints(key, "allowed keys", self.known));
            report.add(problem);
        }
    }
}

pub(super) fn not_yet(report: &mut Report, span: Span, what: &str) {
    report.add(
        Diagnostic::error(code::NOT_YET, span, format!("{what} is not available yet"))
            .hint("it is part of the language and comes in a later version; nothing that a file says is ignored"),
    );
}

/// The entry of a key.
pub(super) fn get<'a>(entries: &'a [Entry], key: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.key == key)
}

/// Whether a key that is missing is there with a slip in it, which is reported as such.
pub(super) fn misspelt(entries: &[Entry], key: &str) -> bool {
    entries
        .iter()
        .any(|entry| nearest::nearest(&entry.key, [key]).is_some())
}

/// The entry of a key that must be there; its absence is reported at `owner`.
pub(super) fn require<'a>(
    report: &mut Report,
    entries: &'a [Entry],
    key: &str,
    owner: Span,
    what: &str,
) -> Option<&'a Entry> {
    let found = get(entries, key);
    if found.is_none() && !misspelt(entries, key) {
        report.error(code::MISSING_KEY, owner, format!("{what} needs `{key}`"));
    }
    found
}
