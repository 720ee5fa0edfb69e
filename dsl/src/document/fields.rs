//! The keys of one mapping: those that the language knows, each found once, everything else reported.

use super::{Spanned, values};
use crate::code;
use crate::expression::{self, Tree, Written};
use crate::language::{self, Key, Mapping, VERBS};
use crate::nearest;
use crate::report::Report;
use crate::yaml::{Entry, Kind};
use troupe_core::diagnostic::{Diagnostic, Span};

/// A mapping's entries by the keys that they are, slips of the keyboard understood: so that a
/// misspelt key is one mistake, and what stands under it is looked at all the same.
pub(super) struct Fields<'a> {
    mapping: &'static Mapping,
    entries: Vec<(&'static Key, &'a Entry)>,
    /// The key that the mapping belongs to.
    pub(super) owner: Span,
}

/// What other tools call a key of ours.
const FOREIGN: [(&str, &str); 22] = [
    ("depends_on", "needs"),
    ("after", "needs"),
    ("if", "when"),
    ("condition", "when"),
    ("foreach", "for_each"),
    ("loop", "for_each"),
    ("with_items", "for_each"),
    ("max_parallel", "parallel"),
    ("concurrency", "parallel"),
    ("retries", "retry"),
    ("continue_on_error", "on_error"),
    ("max_turns", "turns"),
    ("max_steps", "turns"),
    ("instructions", "system"),
    ("system_prompt", "system"),
    ("task", "prompt"),
    ("args", "with"),
    ("arguments", "with"),
    ("params", "with"),
    ("command", "run"),
    ("environment_variables", "env"),
    ("version", "troupe"),
];

impl<'a> Fields<'a> {
    /// The fields of `entry`, which must be a mapping; `wanted` says what it holds.
    pub(super) fn of(
        report: &mut Report,
        mapping: &'static Mapping,
        entry: &'a Entry,
        wanted: &str,
    ) -> Option<Fields<'a>> {
        let entries = values::mapping(report, entry, wanted)?;
        Some(Self::read(report, mapping, entries, entry.key_span))
    }

    /// The fields of some entries. Keys that the language does not know are reported.
    pub(super) fn read(
        report: &mut Report,
        mapping: &'static Mapping,
        entries: impl IntoIterator<Item = &'a Entry>,
        owner: Span,
    ) -> Self {
        let mut fields = Self {
            mapping,
            entries: Vec::new(),
            owner,
        };
        let mut unknown = Vec::new();
        for entry in entries {
            match mapping.key(&entry.key) {
                Some(key) => fields.entries.push((key, entry)),
                None => unknown.push(entry),
            }
        }
        for entry in unknown {
            let meant = fields.unknown(report, entry);
            fields.entries.extend(meant.map(|key| (key, entry)));
        }
        for (key, entry) in &fields.entries {
            // A verb that cannot run is told by the checks, which know what is read of it.
            if key.later {
                report.later(key.name, entry.key_span);
            }
        }
        fields
    }

    /// Reports a key that is none; the key that was meant comes back.
    fn unknown(&self, report: &mut Report, entry: &Entry) -> Option<&'static Key> {
        let key = entry.key.as_str();
        let shown: String = key.chars().take(60).collect();
        let mut problem = Diagnostic::error(
            code::UNKNOWN_KEY,
            entry.key_span,
            format!("{} has no key `{shown}`", self.mapping.what),
        );
        let foreign = FOREIGN.iter().find(|(word, _)| *word == key).map(|(_, ours)| *ours);
        let near = foreign
            .filter(|ours| self.mapping.has(ours))
            .or_else(|| nearest::nearest(key, self.mapping.names()));
        if key == "<<" {
            problem = problem.hint("merge keys are not used here: write the keys out");
        } else if let Some(near) = near {
            problem = problem.hint(format!("did you mean `{near}`?"));
        } else if let Some(owner) = elsewhere(key, self.mapping) {
            problem = problem.hint(format!("`{shown}` is a key of {owner}: look at the indentation"));
        }
        report.add(problem.hint(self.allowed()));
        let near = near.and_then(|near| self.mapping.key(near))?;
        self.get(near.name).is_none().then_some(near)
    }

    /// The keys that may stand here: beside a verb, those that go with it.
    fn allowed(&self) -> String {
        let verb_of = |key: &Key| VERBS.into_iter().find(|verb| *verb == key.name);
        let is_step = self.mapping.name == language::STEP.name;
        let verb = self
            .entries
            .iter()
            .find_map(|(key, _)| verb_of(key))
            .filter(|_| is_step);
        let Some(verb) = verb else {
            return format!("allowed keys: {}", nearest::list(self.mapping.names()));
        };
        let goes = |key: &&Key| verb_of(key).is_none() && (key.verbs.is_empty() || key.verbs.contains(&verb));
        let keys = self.mapping.keys.iter().filter(goes).map(|key| key.name);
        format!("keys that go with `{verb}`: {}", nearest::list(keys))
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Entry> {
        debug_assert!(self.mapping.has(key), "{} has no key {key}", self.mapping.what);
        self.entries
            .iter()
            .find(|(known, _)| known.name == key)
            .map(|(_, entry)| *entry)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static Key, &'a Entry)> {
        self.entries.iter().copied()
    }

    /// The entry of a key that must be there; its absence is reported at the owner.
    pub(super) fn require(&self, report: &mut Report, key: &str) -> Option<&'a Entry> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("{} needs `{key}`", self.mapping.what);
            let problem = Diagnostic::error(code::MISSING_KEY, self.owner, message);
            let about = self.mapping.key(key).map(|key| key.about).unwrap_or_default();
            report.add(problem.hint(format!("`{key}`: {about}")));
        }
        found
    }

    fn key(&self, name: &str) -> Option<&'static Key> {
        self.mapping.key(name)
    }

    pub(super) fn text(&self, report: &mut Report, key: &str) -> Option<Spanned<String>> {
        self.get(key).and_then(|entry| values::text(report, entry))
    }

    pub(super) fn names(&self, report: &mut Report, key: &str) -> Vec<Spanned<String>> {
        self.get(key)
            .map_or_else(Vec::new, |entry| values::names(report, entry))
    }

    pub(super) fn integer(&self, report: &mut Report, key: &str) -> Option<Spanned<u64>> {
        let range = self.key(key).and_then(Key::integers).unwrap_or((0, u64::MAX));
        let entry = self.get(key)?;
        values::integer(report, entry, range.0..=range.1)
    }

    pub(super) fn count(&self, report: &mut Report, key: &str) -> Option<u32> {
        self.integer(report, key)
            .and_then(|number| u32::try_from(number.value).ok())
    }

    pub(super) fn number(&self, report: &mut Report, key: &str) -> Option<f64> {
        let range = self.key(key).and_then(Key::numbers).unwrap_or((f64::MIN, f64::MAX));
        let entry = self.get(key)?;
        values::number(report, entry, range.0..=range.1)
    }

    pub(super) fn duration_ms(&self, report: &mut Report, key: &str) -> Option<u64> {
        self.get(key).and_then(|entry| values::duration_ms(report, entry))
    }

    /// One or several of the key's words.
    pub(super) fn words(&self, report: &mut Report, key: &str) -> Option<Vec<&'static str>> {
        let words = self.key(key)?.words();
        let entry = self.get(key)?;
        let given = values::names(report, entry);
        let known = given.iter().filter_map(|given| values::word(report, key, given, words));
        Some(known.collect())
    }

    /// One of the key's words.
    pub(super) fn word(&self, report: &mut Report, key: &str) -> Option<&'static str> {
        let words = self.key(key)?.words();
        let given = self.text(report, key)?;
        values::word(report, key, &given, words)
    }

    pub(super) fn template(&self, report: &mut Report, key: &str) -> Option<Tree> {
        let entry = self.get(key)?;
        expression::text(report, &entry.value, &format!("`{key}`"))
    }

    pub(super) fn expression(&self, report: &mut Report, key: &str) -> Option<Written> {
        let entry = self.get(key)?;
        expression::bare(report, &entry.value, key)
    }

    pub(super) fn value(&self, report: &mut Report, key: &str) -> Option<Tree> {
        let entry = self.get(key)?;
        expression::value(report, &entry.value)
    }

    /// The mapping under a key.
    pub(super) fn inner(&self, report: &mut Report, key: &str, mapping: &'static Mapping) -> Option<Fields<'a>> {
        let entry = self.get(key)?;
        let names: Vec<&str> = mapping.names().collect();
        Fields::of(report, mapping, entry, &names.join(", "))
    }
}

/// The mapping that has a key which stands in the wrong place.
fn elsewhere(key: &str, here: &Mapping) -> Option<&'static str> {
    [
        &language::WORKFLOW,
        &language::STEP,
        &language::AGENT,
        &language::AGENT_LIMITS,
        &language::TEAM,
        &language::RETRY,
        &language::REPEAT,
        &language::MODEL,
        &language::CORPUS,
        &language::SANDBOX_DECLARED,
    ]
    .into_iter()
    .find(|mapping| mapping.name != here.name && mapping.has(key))
    .map(|mapping| mapping.what)
}

/// The entries of a section of named things, each with the keys that slipped out of it: a key of
/// `inner` at the level of the names, whose value is none of theirs, belongs to the thing before it.
pub(super) fn gathered<'a>(
    report: &mut Report,
    entries: &'a [Entry],
    inner: &'static Mapping,
    what: &str,
) -> Vec<(&'a Entry, Vec<&'a Entry>)> {
    let mut gathered: Vec<(&Entry, Vec<&Entry>)> = Vec::new();
    for entry in entries {
        let fits_inside = inner.has(&entry.key) && !looks_like(entry, inner);
        match gathered.last_mut() {
            Some((before, slipped))
                if fits_inside && (matches!(before.value.kind, Kind::Map(_)) || before.value.is_null()) =>
            {
                report.add(
                    Diagnostic::error(
                        code::MISPLACED,
                        entry.key_span,
                        format!(
                            "`{}` stands among the names of {what}s, and is a key of {}",
                            entry.key, inner.what
                        ),
                    )
                    .related(before.key_span, format!("it belongs to this {what}"))
                    .hint("indent it by two more spaces"),
                );
                slipped.push(entry);
            }
            _ => gathered.push((entry, Vec::new())),
        }
    }
    gathered
}

/// Whether an entry reads as a named thing: a mapping with a key of `inner`.
fn looks_like(entry: &Entry, inner: &Mapping) -> bool {
    match &entry.value.kind {
        Kind::Map(fields) => fields.iter().any(|field| inner.has(&field.key)) || fields.is_empty(),
        _ => false,
    }
}
