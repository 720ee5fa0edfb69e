//! `where`: which documents a search is narrowed to, by the fields that are known of them.

use crate::arguments::Arguments;
use crate::fold::fold;
use serde_json::json;
use std::cmp::Ordering;
use troupe_core::Value;
use troupe_core::port::Error;

/// Conditions on fields; a document fits when it fits them all, and one without a field does not.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Filter {
    conditions: Vec<(String, Condition)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    /// The field is one of these.
    OneOf(Vec<Value>),
    /// The field is not below the first and not above the second.
    Between(Option<Value>, Option<Value>),
}

/// What `where` takes, as models are told it.
pub(crate) fn schema(fields: &[String]) -> Value {
    let properties = fields.iter().map(|field| (field.clone(), json!({})));
    json!({
        "type": "object",
        "description": format!(
            "Narrows the search to documents by what is known of them: a value, a list of values, or {{\"min\": …, \
             \"max\": …}}, for {}. Documents without the field do not match.",
            listed(fields)
        ),
        "properties": properties.collect::<serde_json::Map<_, _>>(),
        "additionalProperties": false,
    })
}

fn listed(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
    fields.join(", ")
}

impl Filter {
    /// Reads `where`; none where it is not given or asks for nothing. `fields` are those that may be asked for.
    pub(crate) fn read(arguments: &Arguments<'_>, fields: &[String]) -> Result<Option<Self>, Error> {
        let given = match arguments.get("where") {
            _ if fields.is_empty() => return Ok(None),
            None | Some(Value::Null) => return Ok(None),
            // models write objects as text at times
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or(Value::Null),
            Some(given) => given.clone(),
        };
        let Value::Object(given) = given else {
            return Err(arguments.invalid("`where` must be an object of fields"));
        };
        let mut conditions = Vec::new();
        for (field, wanted) in given {
            if !fields.contains(&field) {
                let message = format!("`where` has no field `{field}`: it knows {}", listed(fields));
                return Err(arguments.invalid(&message));
            }
            let condition = condition(wanted).ok_or_else(|| {
                let message = format!(
                    "`where.{field}` must be a value, a list of values, or an object with `min`, `max` or both"
                );
                arguments.invalid(&message)
            })?;
            conditions.push((field, condition));
        }
        Ok((!conditions.is_empty()).then_some(Self { conditions }))
    }

    /// The fields that it asks for.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|(field, _)| field.as_str())
    }

    /// Whether a document fits whose fields `value` gives.
    pub(crate) fn fits<'v>(&self, value: impl Fn(&str) -> Option<&'v Value>) -> bool {
        let fits = |(field, condition): &(String, Condition)| value(field).is_some_and(|value| condition.fits(value));
        self.conditions.iter().all(fits)
    }
}

fn condition(wanted: Value) -> Option<Condition> {
    let is_plain = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
    match wanted {
        Value::Array(values) => values.iter().all(is_plain).then_some(Condition::OneOf(values)),
        Value::Object(mut bounds) => {
            let (least, most) = (bounds.remove("min"), bounds.remove("max"));
            let is_bound = |bound: &Option<Value>| bound.as_ref().is_none_or(|b| b.is_string() || b.is_number());
            let is_read = bounds.is_empty() && (least.is_some() || most.is_some());
            (is_read && is_bound(&least) && is_bound(&most)).then_some(Condition::Between(least, most))
        }
        value => is_plain(&value).then(|| Condition::OneOf(vec![value])),
    }
}

impl Condition {
    /// A field with several values fits when one of them does.
    fn fits(&self, value: &Value) -> bool {
        match (value, self) {
            (Value::Array(values), _) => values.iter().any(|value| !value.is_array() && self.fits(value)),
            (value, Self::OneOf(wanted)) => wanted
                .iter()
                .any(|wanted| order(value, wanted) == Some(Ordering::Equal)),
            (value, Self::Between(least, most)) => {
                let above = least.as_ref().is_none_or(|least| is_from(value, least));
                above && most.as_ref().is_none_or(|most| is_up_to(value, most))
            }
        }
    }
}

fn is_from(value: &Value, least: &Value) -> bool {
    order(value, least).is_some_and(Ordering::is_ge)
}

/// A text is compared as far as the bound goes: 2020-05-01 is within a `max` of 2020.
fn is_up_to(value: &Value, most: &Value) -> bool {
    if number(value).is_some() && number(most).is_some() {
        return order(value, most).is_some_and(Ordering::is_le);
    }
    match (text(value), text(most)) {
        (Some(value), Some(most)) => {
            let head: String = value.chars().take(most.chars().count()).collect();
            head <= most
        }
        _ => false,
    }
}

/// Numbers by size, whether written as numbers or as text; everything else as text, without regard to case.
fn order(value: &Value, other: &Value) -> Option<Ordering> {
    match (number(value), number(other)) {
        (Some(value), Some(other)) => value.partial_cmp(&other),
        _ => Some(text(value)?.cmp(&text(other)?)),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(fold(text.trim())),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
