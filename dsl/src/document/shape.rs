//! Values of keys that can be checked and not run: each is of the kind that the language says.

use super::fields::Fields;
use super::{types, values};
use crate::expression::{self, Tree};
use crate::language::Takes;
use crate::report::Report;
use crate::yaml::{Entry, Kind};

/// Checks a value; what it holds of texts with expressions comes back, for names to be looked up.
pub(super) fn read(report: &mut Report, entry: &Entry, takes: &Takes) -> Vec<Tree> {
    match takes {
        Takes::Template => expression::text(report, &entry.value, &format!("`{}`", entry.key))
            .into_iter()
            .collect(),
        Takes::Value => expression::value(report, &entry.value).into_iter().collect(),
        Takes::Mapping(mapping) => {
            let names: Vec<&str> = mapping.names().collect();
            let Some(fields) = Fields::of(report, mapping, entry, &names.join(", ")) else {
                return Vec::new();
            };
            for key in mapping.keys.iter().filter(|key| key.required) {
                fields.require(report, key.name);
            }
            fields
                .iter()
                .flat_map(|(key, entry)| read(report, entry, &key.takes))
                .collect()
        }
        Takes::Or(parts) => {
            let is_scalar = matches!(entry.value.kind, Kind::Scalar(_));
            let nearest = parts
                .iter()
                .find(|part| is_scalar && matches!(part, Takes::Words(_) | Takes::Boolean));
            let part = parts
                .iter()
                .find(|part| suits(entry, part))
                .or(nearest)
                .or(parts.last());
            part.map_or_else(Vec::new, |part| read(report, entry, part))
        }
        other => {
            plain(report, entry, other);
            Vec::new()
        }
    }
}

fn plain(report: &mut Report, entry: &Entry, takes: &Takes) {
    match takes {
        Takes::Boolean => drop(values::boolean(report, entry)),
        Takes::Integer(least, most) => drop(values::integer(report, entry, *least..=*most)),
        Takes::Number(least, most) => drop(values::number(report, entry, *least..=*most)),
        Takes::Duration => drop(values::duration_ms(report, entry)),
        Takes::Data => drop(types::literal(report, &entry.value)),
        Takes::Words(words) => {
            if let Some(given) = values::text(report, entry) {
                values::word(report, &entry.key, &given, words);
            }
        }
        Takes::List(_) => drop(values::names(report, entry)),
        _ => drop(values::text(report, entry)),
    }
}

/// Whether a value is of the kind of one of several that a key takes.
fn suits(entry: &Entry, takes: &Takes) -> bool {
    match (takes, &entry.value.kind) {
        (Takes::Mapping(_) | Takes::Each(_), kind) => matches!(kind, Kind::Map(_)),
        (Takes::List(_), kind) => matches!(kind, Kind::List(_)),
        (Takes::Boolean, Kind::Scalar(scalar)) => matches!(scalar.text.as_str(), "true" | "false"),
        (Takes::Words(words), Kind::Scalar(scalar)) => words.contains(&scalar.text.as_str()),
        (_, kind) => matches!(kind, Kind::Scalar(_)),
    }
}
