//! The place of one span in a fold: open, over, or interrupted and perhaps gone on with.

use super::{Span, SpanStatus, names};
use crate::failure::{Failure, FailureKind};

#[derive(Debug, Default)]
pub(super) struct Slot {
    open: Option<Box<Span>>,
    /// What an interruption cut short, as it was when it began.
    again: Option<Box<Span>>,
}

impl Slot {
    pub(super) fn open(span: Span) -> Self {
        Self {
            open: Some(Box::new(span)),
            again: None,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(super) fn get(&self) -> Option<&Span> {
        self.open.as_deref()
    }

    pub(super) fn get_mut(&mut self) -> Option<&mut Span> {
        self.open.as_deref_mut()
    }

    pub(super) fn place(&self) -> Option<String> {
        self.get().map(|span| span.place.clone())
    }

    pub(super) fn end(&mut self, at_ms: u64, status: SpanStatus, ended: &mut Vec<Span>) {
        if let Some(mut span) = self.open.take() {
            // A clock that was set back must not make an end come before its beginning.
            span.end_ms = Some(at_ms.max(span.start_ms));
            span.status = status;
            ended.push(*span);
        }
        self.again = None;
    }

    pub(super) fn succeed(&mut self, at_ms: u64, ended: &mut Vec<Span>) {
        self.end(at_ms, SpanStatus::Ok, ended);
    }

    pub(super) fn fail(&mut self, at_ms: u64, failure: &Failure, ended: &mut Vec<Span>) {
        if let Some(span) = self.get_mut() {
            span.set(names::ERROR_TYPE, failure.kind.word());
            let event = match failure.kind {
                FailureKind::Limit => Some(names::LIMIT_REACHED),
                FailureKind::InDoubt => Some(names::IN_DOUBT),
                _ => None,
            };
            if let Some(event) = event {
                span.note(at_ms, event, Vec::new());
            }
        }
        self.end(at_ms, SpanStatus::Error(failure.message.clone()), ended);
    }

    /// The same, and a reopened run goes on with it.
    pub(super) fn fail_for_now(&mut self, at_ms: u64, failure: &Failure, ended: &mut Vec<Span>) {
        let again = self.open.clone();
        self.fail(at_ms, failure, ended);
        self.again = again;
    }

    /// Ends it unfinished, for good.
    pub(super) fn stop(&mut self, at_ms: u64, ended: &mut Vec<Span>) {
        if let Some(span) = self.get_mut() {
            span.note(at_ms, names::INTERRUPTED, Vec::new());
        }
        self.end(at_ms, SpanStatus::Unset, ended);
    }

    /// Ends it unfinished; a reopened run goes on with it.
    pub(super) fn interrupt(&mut self, at_ms: u64, ended: &mut Vec<Span>) {
        let again = self.open.clone();
        self.stop(at_ms, ended);
        self.again = again;
    }

    /// Goes on with what was interrupted under the place `from`, under `to`.
    pub(super) fn resume(&mut self, at_ms: u64, from: &str, to: &str) {
        let moved = |place: String| match place.strip_prefix(from) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{to}{rest}"),
            _ => place,
        };
        if let Some(mut span) = self.again.take() {
            span.place = moved(span.place);
            span.parent = span.parent.map(moved);
            span.start_ms = at_ms;
            span.events.clear();
            self.open = Some(span);
        }
    }
}
