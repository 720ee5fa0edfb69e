//! `imports`: what other files declare, read as if it stood here.

use super::fields::Fields;
use super::{Shared, Spanned, agents, corpora, models, sandboxes, servers, version};
use crate::code;
use crate::files::{Files, Rebased, folder_of, joined};
use crate::language::SHARED;
use crate::report::Report;
use crate::yaml::{self, Kind};
use std::collections::HashMap;
use troupe_core::diagnostic::{Diagnostic, Span};

/// Files that import each other, one inside the other.
const MAX_DEPTH: usize = 16;

/// What a file and its imports declare. A name that is declared twice is reported with both places.
pub(super) fn shared(report: &mut Report, fields: &Fields<'_>, files: &dyn Files) -> Shared {
    let mut shared = Shared::default();
    let mut reading = Reading {
        files,
        open: Vec::new(),
        read: HashMap::new(),
    };
    reading.sections(report, fields, "", &mut shared);
    twice(report, "model", shared.models.iter().map(|model| &model.alias));
    twice(report, "corpus", shared.corpora.iter().map(|corpus| &corpus.name));
    twice(report, "sandbox", shared.sandboxes.iter().map(|sandbox| &sandbox.name));
    twice(report, "agent", shared.agents.iter().map(|agent| &agent.name));
    twice(report, "server", shared.servers.iter().map(|server| &server.name));
    shared
}

struct Reading<'a> {
    files: &'a dyn Files,
    /// The files that import the one that is read, the outermost first.
    open: Vec<String>,
    /// Files that were read already: importing one twice is no mistake.
    read: HashMap<String, ()>,
}

impl Reading<'_> {
    /// Reads the sections of a file in `folder`, its imports first.
    fn sections(&mut self, report: &mut Report, fields: &Fields<'_>, folder: &str, shared: &mut Shared) {
        for path in fields.names(report, "imports") {
            self.import(report, &path, folder, shared);
        }
        // What stands in a section of the wrong kind may be any of the names that are missed later.
        let is_wrong = |key: &&str| {
            let entry = fields.get(key);
            entry.is_some_and(|entry| !matches!(entry.value.kind, Kind::Map(_)) && !entry.value.is_null())
        };
        shared.is_incomplete |= ["models", "corpora", "sandboxes", "mcp", "agents"].iter().any(is_wrong);
        let files = Rebased::new(self.files, folder);
        if let Some(entry) = fields.get("models") {
            shared.models.extend(models::read(report, entry));
        }
        if let Some(entry) = fields.get("corpora") {
            let mut read = corpora::read(report, entry);
            for pattern in read.iter_mut().flat_map(|corpus| &mut corpus.files) {
                pattern.value = joined(folder, &pattern.value);
            }
            shared.corpora.extend(read);
        }
        if let Some(entry) = fields.get("sandboxes") {
            shared.sandboxes.extend(sandboxes::read(report, entry));
        }
        if let Some(entry) = fields.get("mcp") {
            shared.servers.extend(servers::read(report, entry, &files));
        }
        if let Some(entry) = fields.get("agents") {
            shared.agents.extend(agents::read(report, entry, &files));
        }
    }

    fn import(&mut self, report: &mut Report, path: &Spanned<String>, folder: &str, shared: &mut Shared) {
        let name = joined(folder, &path.value);
        if self.open.len() >= MAX_DEPTH {
            let message = format!("files import each other {MAX_DEPTH} deep, and no deeper");
            report.error(code::IMPORT_CYCLE, path.span, message);
            return;
        }
        if self.open.contains(&name) {
            let chain = self.open.join(" → ");
            let message = format!("these files import each other: {chain} → {name}");
            report.error(code::IMPORT_CYCLE, path.span, message);
            return;
        }
        if self.read.insert(name.clone(), ()).is_some() {
            return;
        }
        let Some((source, text)) = report.include_text(self.files, &name, path.span) else {
            shared.is_incomplete = true;
            return;
        };
        let Some(root) = yaml::read(report, source, &text) else {
            shared.is_incomplete = true;
            return;
        };
        let Kind::Map(entries) = &root.kind else {
            let message = format!("an imported file is a mapping of keys, and this is {}", root.describe());
            report.error(code::EMPTY, root.span, message);
            shared.is_incomplete = true;
            return;
        };
        let start = Span::new(source, root.span.start as usize, root.span.start as usize);
        let fields = Fields::read(report, &SHARED, entries, start);
        version(report, &fields, &root);
        self.open.push(name.clone());
        self.sections(report, &fields, folder_of(&name), shared);
        self.open.pop();
    }
}

/// Reports names that several files declare; twice in one file is the reader's own complaint.
fn twice<'a>(report: &mut Report, what: &str, names: impl Iterator<Item = &'a Spanned<String>>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for name in names {
        let Some(first) = seen.insert(&name.value, name.span) else {
            continue;
        };
        let message = format!("the {what} `{}` is declared twice", name.value);
        report.add(
            Diagnostic::error(code::DUPLICATE_NAME, name.span, message)
                .related(first, "first declared here")
                .hint("give one of them another name"),
        );
    }
}
