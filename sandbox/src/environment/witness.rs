//! Hears a build for both who wait for it: what its commands print, and, for the record, what becomes of it.

use super::verdict::Verdict;
use crate::error::Error;
use std::fmt;
use troupe_core::port::build::{BuildEntry, BuildEvent, BuildRecord, Command, Way};
use troupe_core::port::sandbox::{Listener, Stream};

/// What a build tells while it is at work.
pub(super) struct Witness<'a> {
    listener: &'a mut dyn Listener,
    record: Box<dyn BuildRecord>,
    now_ms: fn() -> u64,
}

impl fmt::Debug for Witness<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Witness")
    }
}

impl<'a> Witness<'a> {
    /// One that tells `listener` what is printed, and `record` that and what happens; `now_ms` gives milliseconds since
    /// the Unix epoch.
    pub(super) fn new(listener: &'a mut dyn Listener, record: Box<dyn BuildRecord>, now_ms: fn() -> u64) -> Self {
        Self {
            listener,
            record,
            now_ms,
        }
    }

    /// Notes what happened.
    pub(super) fn note(&mut self, event: BuildEvent) {
        let at_ms = (self.now_ms)();
        self.record.note(BuildEntry { at_ms, event });
    }

    /// Notes that an attempt begins.
    pub(super) fn attempt(&mut self, way: Way, (from, image): (&str, &str), reasons: &[String]) {
        self.note(BuildEvent::AttemptBegun {
            way,
            from: from.to_owned(),
            image: image.to_owned(),
            reasons: reasons.to_vec(),
        });
    }

    /// Notes what an attempt came to.
    pub(super) fn came_to(&mut self, verdict: Option<Verdict>, reason: impl Into<String>) {
        self.found(verdict, verdict.is_some_and(Verdict::is_verified), reason);
    }

    /// The same, where more than the verdict says whether the image is verified.
    pub(super) fn found(&mut self, verdict: Option<Verdict>, verified: bool, reason: impl Into<String>) {
        self.note(BuildEvent::AttemptEnded {
            verdict: verdict.map(|verdict| super::again::written(&verdict)),
            verified,
            reason: reason.into(),
        });
    }

    /// Notes that a command begins.
    pub(super) fn begin(&mut self, command: Command) {
        self.record.print(format!("== {command}\n").as_bytes());
        self.note(BuildEvent::CommandBegun { command });
    }

    /// Notes how all of it ended: with an image or none and a sentence, or with trouble.
    pub(super) fn over(&mut self, ended: Result<(Option<String>, String), &Error>) {
        let (image, reason) = ended.unwrap_or_else(|error| (None, error.to_string()));
        let verified = image.is_some();
        self.note(BuildEvent::Over {
            verified,
            reason,
            image,
        });
    }

    /// Notes how the command ended.
    pub(super) fn end(&mut self, code: i32) {
        self.note(BuildEvent::CommandEnded { code });
    }
}

impl Listener for Witness<'_> {
    fn hear(&mut self, stream: Stream, bytes: &[u8]) {
        self.record.print(bytes);
        self.listener.hear(stream, bytes);
    }
}
