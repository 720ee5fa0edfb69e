//! What a step does besides its verb: fan-out, rounds, retries.

use crate::code;
use crate::document::Spanned;
use crate::document::fields::Fields;
use crate::document::{names, values};
use crate::expression::{Tree, Written};
use crate::language::{CACHE, REPEAT, RETRY};
use crate::report::Report;
use crate::yaml::Kind;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::failure::FailureKind;
use troupe_core::ir::{CacheUse, EffectClass, OnCrash, OnError, Retry};

#[derive(Debug)]
pub(crate) struct FanOut {
    /// Absent when it could not be read.
    pub(crate) items: Option<Written>,
    pub(crate) variable: String,
    /// Where `as` names it.
    pub(crate) named: Option<Span>,
    pub(crate) parallel: Option<u32>,
    pub(crate) key: Option<Written>,
}

#[derive(Debug)]
pub(crate) struct Repeat {
    /// Absent when it could not be read.
    pub(crate) until: Option<Written>,
    pub(crate) max: u32,
    pub(crate) carry: Option<Tree>,
}

pub(super) fn fan_out(report: &mut Report, fields: &Fields<'_>) -> Option<FanOut> {
    if !fields.has("for_each") {
        for key in ["as", "parallel", "key"] {
            if let Some(entry) = fields.get(key) {
                report.add(
                    Diagnostic::error(code::MISSING_KEY, entry.key_span, format!("`{key}` needs `for_each`"))
                        .hint("`for_each` names the list whose items the step works on"),
                );
            }
        }
        return None;
    }
    let variable = fields.text(report, "as").inspect(|name| {
        let fits = names::identifier(report, &name.value, name.span, "an item");
        if fits && names::ROOTS.contains(&name.value.as_str()) {
            report.add(
                Diagnostic::error(
                    code::SHADOWS,
                    name.span,
                    format!("an item named `{}` would hide the variable of that name", name.value),
                )
                .hint("choose another name after `as`"),
            );
        }
    });
    Some(FanOut {
        items: fields.expression(report, "for_each"),
        named: variable.as_ref().map(|name| name.span),
        variable: variable.map_or_else(|| "item".to_owned(), |name| name.value),
        parallel: fields.count(report, "parallel"),
        key: fields.expression(report, "key"),
    })
}

pub(super) fn repeat(report: &mut Report, fields: &Fields<'_>) -> Option<Repeat> {
    let fields = fields.inner(report, "repeat", &REPEAT)?;
    for key in ["until", "max"] {
        fields.require(report, key);
    }
    Some(Repeat {
        until: fields.expression(report, "until"),
        max: fields.count(report, "max").unwrap_or(1),
        carry: fields.value(report, "carry"),
    })
}

pub(in crate::document) fn on_error(report: &mut Report, fields: &Fields<'_>) -> Option<OnError> {
    fields.word(report, "on_error").map(|word| match word {
        "continue" => OnError::Continue,
        _ => OnError::Fail,
    })
}

/// The `cache` among a step's or the defaults' fields; none inside where it is switched off.
pub(in crate::document) fn cache(report: &mut Report, owner: &Fields<'_>) -> Option<Spanned<Option<CacheUse>>> {
    let section = owner.get("cache")?;
    let span = section.key_span;
    if !matches!(section.value.kind, Kind::Map(_)) {
        let used = values::boolean(report, section)?;
        let value = used.then_some(CacheUse { fresh_ms: None });
        return Some(Spanned { value, span });
    }
    let fields = Fields::of(report, &CACHE, section, "how old an answer may be")?;
    fields.require(report, "for");
    let fresh_ms = fields.duration_ms(report, "for")?;
    let value = Some(CacheUse {
        fresh_ms: Some(fresh_ms),
    });
    Some(Spanned { value, span })
}

/// The `on_crash` among a step's or the defaults' fields.
pub(in crate::document) fn on_crash(report: &mut Report, fields: &Fields<'_>) -> Option<OnCrash> {
    fields.word(report, "on_crash").map(|word| match word {
        "retry" => OnCrash::Retry,
        "fail" => OnCrash::Fail,
        _ => OnCrash::Ask,
    })
}

pub(super) fn effect(report: &mut Report, fields: &Fields<'_>) -> Option<EffectClass> {
    fields.word(report, "effect").map(|word| match word {
        "pure" => EffectClass::Pure,
        "idempotent" => EffectClass::Idempotent,
        _ => EffectClass::Once,
    })
}

/// The `retry` among a step's or the defaults' fields.
pub(in crate::document) fn retry(report: &mut Report, owner: &Fields<'_>) -> Option<Spanned<Retry>> {
    let section = owner.get("retry")?;
    let span = section.key_span;
    let mut value = Retry::NONE;
    if !matches!(section.value.kind, Kind::Map(_)) {
        value.attempts = owner.count(report, "retry").unwrap_or(value.attempts);
        return Some(Spanned { value, span });
    }
    let fields = Fields::of(report, &RETRY, section, "attempts, backoff, errors")?;
    fields.require(report, "attempts");
    value.attempts = fields.count(report, "attempts").unwrap_or(value.attempts);
    value.backoff_ms = fields.duration_ms(report, "backoff").unwrap_or(value.backoff_ms);
    for word in fields.names(report, "errors") {
        match FailureKind::ALL.into_iter().find(|kind| kind.word() == word.value) {
            Some(kind) => value.errors.push(kind),
            None => unknown_kind(report, &word),
        }
    }
    Some(Spanned { value, span })
}

fn unknown_kind(report: &mut Report, word: &Spanned<String>) {
    let words: &'static [&'static str] = RETRY.key("errors").map_or(&[], |key| key.words());
    values::word(report, "errors", word, words);
}
