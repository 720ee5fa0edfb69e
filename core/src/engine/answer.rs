//! Reading an answer as a value of the declared output type.

use crate::Value;
use crate::types::Type;

/// The value that `text` is, or one sentence for the model and for people about why it is none.
///
/// Text stays text where the type allows text. Everything else must be JSON, alone or in one
/// Markdown fence, since models like to fence.
pub fn read(output: &Type, text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("the answer is empty".into());
    }
    if *output == Type::String {
        return Ok(Value::String(text.to_owned()));
    }
    let parsed = serde_json::from_str::<Value>(text).or_else(|error| match fenced(text) {
        Some(inside) => serde_json::from_str(inside),
        None => Err(error),
    });
    let as_text = Value::String(text.to_owned());
    match parsed {
        Ok(value) => match output.check(&value) {
            Ok(()) => Ok(output.complete(value)),
            Err(_) if output.check(&as_text).is_ok() => Ok(as_text),
            Err(mismatch) => Err(format!("the answer does not fit the declared output {mismatch}")),
        },
        Err(_) if output.check(&as_text).is_ok() => Ok(as_text),
        Err(error) => Err(format!(
            "the answer must be JSON of type {output}, and it is not JSON ({error}): {}",
            beginning(text)
        )),
    }
}

/// The inside of the last Markdown fence.
fn fenced(text: &str) -> Option<&str> {
    let end = text.rfind("```")?;
    let start = text[..end].rfind("```")?;
    let inside = &text[start + 3..end];
    Some(inside.split_once('\n').map_or(inside, |(_, body)| body).trim())
}

fn beginning(text: &str) -> String {
    let mut shown: String = text.chars().take(160).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(output: &Type, text: &str) -> Result<Value, String> {
        read(output, text)
    }

    #[test]
    fn answers_are_read_as_their_type() {
        let enumerated = Type::Enum(vec!["low".into(), "high".into()]);
        let object = Type::Object([("n".to_owned(), Type::Integer)].into_iter().collect());
        assert_eq!(check(&Type::String, " {\"n\": 1} "), Ok(json!("{\"n\": 1}")));
        assert_eq!(check(&object, "{\"n\": 1}"), Ok(json!({ "n": 1 })));
        assert_eq!(
            check(&object, "Here it is:\n```json\n{\"n\": 1}\n```"),
            Ok(json!({ "n": 1 }))
        );
        assert_eq!(check(&enumerated, "low"), Ok(json!("low")));
        assert_eq!(check(&Type::Integer.or(Type::Null), "null"), Ok(json!(null)));
        assert_eq!(
            check(&object, "{\"n\": \"x\"}"),
            Err("the answer does not fit the declared output at $.n: expected integer, found string \"x\"".into())
        );
        assert!(check(&object, "no idea").unwrap_err().ends_with("no idea"));
        assert_eq!(check(&Type::String, "  "), Err("the answer is empty".into()));
    }
}
