//! `inputs`: what the caller gives.

use super::fields::Fields;
use super::{Spanned, names, types, values};
use crate::code;
use crate::files::Files;
use crate::language::INPUT;
use crate::report::Report;
use crate::yaml::{Entry, Kind};
use troupe_core::Value;
use troupe_core::diagnostic::Diagnostic;
use troupe_core::types::Type;

#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name: Spanned<String>,
    pub(crate) kind: Type,
    pub(crate) default: Option<Value>,
}

pub(super) fn read(report: &mut Report, section: &Entry, files: &dyn Files) -> Vec<Input> {
    let entries = values::mapping(report, section, "names with types").unwrap_or(&[]);
    entries.iter().map(|entry| input(report, entry, files)).collect()
}

fn input(report: &mut Report, entry: &Entry, files: &dyn Files) -> Input {
    names::identifier(report, &entry.key, entry.key_span, "an input");
    let (kind, default) = match &entry.value.kind {
        // Any other mapping is an object type.
        Kind::Map(fields) if fields.iter().any(|field| INPUT.has(&field.key)) => declared(report, entry, fields, files),
        _ => (types::read(report, &entry.value, files), None),
    };
    let kind = kind.unwrap_or(Type::Any);
    // `any` allows null too, but an input of it is still meant to be given.
    let optional = kind != Type::Any && kind.allows_null();
    Input {
        name: Spanned {
            value: entry.key.clone(),
            span: entry.key_span,
        },
        default: default.or(optional.then_some(Value::Null)),
        kind,
    }
}

fn declared(report: &mut Report, entry: &Entry, fields: &[Entry], files: &dyn Files) -> (Option<Type>, Option<Value>) {
    let fields = Fields::read(report, &INPUT, fields, entry.key_span);
    let kind = fields
        .require(report, "type")
        .and_then(|field| types::read(report, &field.value, files));
    fields.text(report, "description");
    let Some(field) = fields.get("default") else {
        return (kind, None);
    };
    let default = types::literal(report, &field.value);
    if let (Some(kind), Some(value)) = (&kind, &default)
        && let Err(mismatch) = kind.check(value)
    {
        report.add(
            Diagnostic::error(
                code::BAD_DEFAULT,
                field.value.span,
                "the default does not fit the input's type",
            )
            .label(mismatch.to_string()),
        );
    }
    (kind, default)
}
