//! Builds of environments that the screens show: what is new of each, whoever builds.

use std::collections::BTreeMap;
use std::path::Path;
use troupe_core::view::BuildView;
use troupe_store::Builds;
use troupe_tui::watch::{BuildRow, News};

/// Bytes of a log that are shown.
const LOG_BYTES: u64 = 64 << 10;

/// What was read of the builds of a workspace.
#[derive(Default)]
pub(super) struct Building {
    known: BTreeMap<String, Known>,
    /// Whether the screens have heard of them, were there none.
    told: bool,
    /// The log that the screens have.
    log: Option<(String, String)>,
}

/// A build, and how far it was read.
struct Known {
    view: BuildView,
    at_work: bool,
    next: u64,
}

impl Building {
    /// What is new, of all builds and of the log of one.
    pub(super) fn look(&mut self, state: &Path, shown: Option<&str>) -> Vec<News> {
        let builds = Builds::of(state);
        let names = builds.names();
        let before = self.known.len();
        self.known.retain(|name, _| names.contains(name));
        let mut is_changed = before != self.known.len() || !std::mem::replace(&mut self.told, true);
        for name in &names {
            is_changed |= self.read(&builds, name);
        }
        let mut news = Vec::new();
        if is_changed {
            let rows = names.iter().filter_map(|name| self.row(name));
            news.push(News::Builds(rows.collect()));
        }
        news.extend(shown.and_then(|name| self.log(&builds, name)));
        news
    }

    /// Reads on in a build; says whether something happened to it.
    fn read(&mut self, builds: &Builds, name: &str) -> bool {
        if self
            .known
            .get(name)
            .is_some_and(|known| known.next > 0 && !known.at_work)
        {
            // Nobody goes on with it. One without a word is about to begin.
            return false;
        }
        // In this order: whoever is not at work any more has noted all.
        let at_work = builds.is_at_work(name);
        let is_new = !self.known.contains_key(name);
        let known = self.known.entry(name.to_owned()).or_insert_with(|| Known {
            view: BuildView::default(),
            at_work,
            next: 0,
        });
        let (entries, next) = builds.read(name, known.next);
        entries.iter().for_each(|entry| known.view.fold(entry));
        known.next = next;
        let was_at_work = std::mem::replace(&mut known.at_work, at_work);
        is_new || !entries.is_empty() || was_at_work != at_work
    }

    fn row(&self, name: &str) -> Option<BuildRow> {
        let known = self.known.get(name).filter(|known| known.next > 0)?;
        Some(BuildRow {
            name: name.to_owned(),
            view: known.view.clone(),
            at_work: known.at_work,
        })
    }

    fn log(&mut self, builds: &Builds, name: &str) -> Option<News> {
        let text = builds.tail(name, LOG_BYTES);
        let log = (name.to_owned(), text);
        if self.log.as_ref() == Some(&log) {
            return None;
        }
        self.log = Some(log.clone());
        Some(News::BuildLog(log.0, log.1))
    }
}
