//! Expressions over JSON: types kept, errors that name the expression.

use super::*;
use crate::diagnostic::SourceId;
use serde_json::json;
use std::borrow::Cow;

struct Fixed(Value);

impl Scope for Fixed {
    fn root(&self, name: &str, _: Option<&[String]>) -> Option<Value> {
        self.0.get(name).cloned()
    }
    fn path<'a>(&'a self, path: &[String]) -> Option<Cow<'a, Value>> {
        path.iter()
            .try_fold(&self.0, |value, key| value.get(key))
            .map(Cow::Borrowed)
    }
}

fn check(source: &str) -> Result<Value, String> {
    let scope = Fixed(json!({
        "inputs": { "n": 3, "big": 9_007_199_254_740_993_i64, "name": "Ada" },
        "steps": { "a": { "outputs": [{ "ok": true }, { "ok": false }] } },
    }));
    let expression =
        Expression::parse(source, Span::new(SourceId(0), 0, source.len())).map_err(|(m, at)| format!("{at}: {m}"))?;
    expression.evaluate(&scope).map_err(|e| e.to_string())
}

#[test]
fn values_keep_their_type() {
    assert_eq!(check("inputs.n"), Ok(json!(3)));
    assert_eq!(check("inputs.n + 1"), Ok(json!(4)));
    assert_eq!(check("inputs.big"), Ok(json!(9_007_199_254_740_993_i64)));
    assert_eq!(check("steps.a.outputs.filter(x, x.ok).size()"), Ok(json!(1)));
    assert_eq!(check("inputs.name + '!'"), Ok(json!("Ada!")));
    assert_eq!(check("steps.a.outputs"), Ok(json!([{ "ok": true }, { "ok": false }])));
    assert_eq!(check("has(inputs.zzz) ? 1 : 2"), Ok(json!(2)));
}

#[test]
fn errors_name_the_expression() {
    assert_eq!(
        check("inputs.zzz").unwrap_err(),
        "`inputs.zzz` failed: there is no `inputs.zzz`"
    );
    assert_eq!(
        check("inputs.zzz + 1").unwrap_err(),
        "`inputs.zzz + 1` failed: there is no field `zzz`"
    );
    assert!(check("1 +").unwrap_err().contains(": "));
    // The place of a parser's error is in bytes, also behind characters of several.
    assert!(
        check("'ééé' + )").unwrap_err().starts_with("11: "),
        "{:?}",
        check("'ééé' + )")
    );
}
