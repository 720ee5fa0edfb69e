//! The pool of a run that knows secrets: what is taken down of its builds holds none.

use crate::redact;
use async_trait::async_trait;
use troupe_core::port::Error;
use troupe_core::port::build::{BuildEntry, BuildRecord};
use troupe_core::port::pool::{Environment, EnvironmentPool};
use troupe_store::Store;

/// Bytes of a line that are waited for before it is looked through.
const LINE_MAX: usize = 16 << 10;

/// A pool that conceals the secrets of this process in what builds tell of themselves.
pub struct Concealed(pub Store);

#[async_trait]
impl EnvironmentPool for Concealed {
    async fn add(&self, environment: &Environment) -> Result<(), Error> {
        self.0.add(environment).await
    }

    async fn list(&self, repository: Option<&str>) -> Result<Vec<Environment>, Error> {
        self.0.list(repository).await
    }

    async fn forget(&self, image: &str) -> Result<(), Error> {
        self.0.forget(image).await
    }

    fn record(&self, at_ms: u64) -> Box<dyn BuildRecord> {
        Box::new(Lines {
            record: self.0.record(at_ms),
            line: Vec::new(),
            conceal: redact::text,
        })
    }
}

/// Passes on whole lines, so that no secret is cut in two.
struct Lines {
    record: Box<dyn BuildRecord>,
    line: Vec<u8>,
    conceal: fn(&str) -> String,
}

impl Lines {
    fn pass(&mut self, bytes: usize) {
        let rest = self.line.split_off(bytes);
        let lines = std::mem::replace(&mut self.line, rest);
        if !lines.is_empty() {
            let lines = (self.conceal)(&String::from_utf8_lossy(&lines));
            self.record.print(lines.as_bytes());
        }
    }
}

impl BuildRecord for Lines {
    fn note(&mut self, entry: BuildEntry) {
        self.pass(self.line.len());
        let concealed = serde_json::to_string(&entry).map(|text| (self.conceal)(&text));
        // What is no entry any more holds a secret where none can be cut out.
        if let Some(entry) = concealed.ok().and_then(|text| serde_json::from_str(&text).ok()) {
            self.record.note(entry);
        }
    }

    fn print(&mut self, bytes: &[u8]) {
        self.line.extend_from_slice(bytes);
        let whole = self
            .line
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        if whole > 0 {
            self.pass(whole);
        } else if self.line.len() > LINE_MAX {
            self.pass(self.line.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use troupe_core::port::build::BuildEvent;

    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<(String, Vec<BuildEntry>)>>);

    impl BuildRecord for Told {
        fn note(&mut self, entry: BuildEntry) {
            self.0.lock().unwrap().1.push(entry);
        }

        fn print(&mut self, bytes: &[u8]) {
            self.0.lock().unwrap().0.push_str(std::str::from_utf8(bytes).unwrap());
        }
    }

    #[test]
    fn no_secret_is_taken_down_however_it_is_cut() {
        let told = Told::default();
        let mut lines = Lines {
            record: Box::new(told.clone()),
            line: Vec::new(),
            conceal: |text| text.replace("geheim", "***"),
        };
        for piece in ["a geh", "eim\nand ge", "heim"] {
            lines.print(piece.as_bytes());
        }
        let over = |reason: &str| BuildEntry {
            at_ms: 1,
            event: BuildEvent::Over {
                verified: false,
                reason: reason.into(),
                image: None,
            },
        };
        lines.note(over("it says geheim"));
        let told = told.0.lock().unwrap();
        assert_eq!(told.0, "a ***\nand ***");
        assert_eq!(told.1, [over("it says ***")]);
    }
}
