//! Citations in structured answers.

use super::text;
use super::{Citation, Ids};
use crate::{Object, Value};

/// Fields whose strings are ids, whatever they look like.
const ID_FIELDS: [&str; 4] = ["chunk", "chunks", "chunk_id", "chunk_ids"];
/// Fields whose strings are ids when they look like one.
const SOURCE_FIELDS: [&str; 6] = ["citation", "citations", "source", "sources", "evidence", "references"];
/// Fields that say what is claimed, the likeliest first.
const CLAIM_FIELDS: [&str; 10] = [
    "claim",
    "statement",
    "sentence",
    "finding",
    "fact",
    "text",
    "answer",
    "summary",
    "value",
    "reason",
];

/// The citations of an answer, in its order: a text, or data with texts and ids in it.
pub fn find(answer: &Value, ids: Ids<'_>) -> Vec<Citation> {
    let mut citations = Vec::new();
    visit(answer, "", "", Holds::Text, ids, &mut citations);
    citations
}

/// What the strings below a field are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Sources,
    Ids,
}

impl Holds {
    fn of(field: &str) -> Self {
        let field = field.to_ascii_lowercase();
        if ID_FIELDS.contains(&field.as_str()) {
            Self::Ids
        } else if SOURCE_FIELDS.contains(&field.as_str()) {
            Self::Sources
        } else {
            Self::Text
        }
    }
}

fn visit(value: &Value, place: &str, claim: &str, holds: Holds, ids: Ids<'_>, citations: &mut Vec<Citation>) {
    match value {
        Value::String(text) if holds == Holds::Text => citations.extend(text::find(text, place, ids)),
        Value::String(text) => source(text, place, claim, holds, ids, citations),
        Value::Number(number) if holds == Holds::Ids => {
            source(&number.to_string(), place, claim, holds, ids, citations);
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                visit(item, &format!("{place}[{at}]"), claim, holds, ids, citations);
            }
        }
        Value::Object(fields) => {
            let own = claim_of(fields);
            let claim = own.unwrap_or(claim);
            for (name, field) in fields {
                let below = match (Holds::of(name), holds) {
                    // `sources: [{id: …, title: …}]`
                    (Holds::Text, Holds::Sources | Holds::Ids) if name.eq_ignore_ascii_case("id") => holds,
                    (below, _) => below,
                };
                let dot = if place.is_empty() { "" } else { "." };
                visit(field, &format!("{place}{dot}{name}"), claim, below, ids, citations);
            }
        }
        _ => {}
    }
}

/// The string beside the ids of an object that says what they are for.
fn claim_of(fields: &Object) -> Option<&str> {
    let said = |name: &&str| fields.get(*name)?.as_str().filter(|text| !text.trim().is_empty());
    CLAIM_FIELDS.iter().find_map(said)
}

/// The ids in a string of a field for sources: one, or several between `,` and `;`, in brackets or not.
fn source(text: &str, place: &str, claim: &str, holds: Holds, ids: Ids<'_>, citations: &mut Vec<Citation>) {
    let mut cite = |id: &str| {
        // parts are slices of the text
        let start = id.as_ptr() as usize - text.as_ptr() as usize;
        citations.push(Citation {
            id: id.to_owned(),
            claim: claim.trim().to_owned(),
            place: place.to_owned(),
            span: start..start + id.len(),
        });
    };
    let whole = text.trim();
    let bare = whole
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(whole)
        .trim();
    if let Some(known) = [whole, bare].into_iter().find(|id| (ids.known)(id)) {
        return cite(known);
    }
    let parts: Vec<&str> = bare
        .split([',', ';'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let meant: Vec<&str> = parts.iter().copied().filter(|part| ids.means(part)).collect();
    match (meant.is_empty(), holds) {
        (false, _) => meant.into_iter().for_each(cite),
        (true, Holds::Ids) if !bare.is_empty() => cite(bare),
        // a quotation, with its source in it perhaps
        (true, _) => citations.extend(text::find(text, place, ids)),
    }
}
