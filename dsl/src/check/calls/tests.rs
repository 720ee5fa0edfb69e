//! What the checker believes of functions is what the interpreter does.

use super::*;
use std::borrow::Cow;
use troupe_core::Value;
use troupe_core::diagnostic::{SourceId, Span};
use troupe_core::expression::{Expression, Scope};

struct Nothing;

impl Scope for Nothing {
    fn root(&self, _: &str, _: Option<&[String]>) -> Option<Value> {
        None
    }
    fn path<'a>(&'a self, _: &[String]) -> Option<Cow<'a, Value>> {
        None
    }
}

fn evaluate(source: &str) -> Result<Value, String> {
    let span = Span::new(SourceId(0), 0, source.len());
    let expression = Expression::parse(source, span).map_err(|(message, _)| message)?;
    expression.evaluate(&Nothing).map_err(|e| e.to_string())
}

#[test]
fn every_function_that_is_known_can_be_called() {
    for (name, call) in [
        ("size", "size('abc') + [1].size() + {'a': 1}.size()"),
        ("contains", "'abc'.contains('b')"),
        ("startsWith", "'abc'.startsWith('a')"),
        ("endsWith", "'abc'.endsWith('c')"),
        ("matches", "'abc'.matches('^a.c$')"),
        ("string", "string(1) + string(1.5)"),
        ("int", "int('12') + int(1.0)"),
        ("uint", "uint(3)"),
        ("double", "double('1.5')"),
        ("bool", "bool('true')"),
        ("bytes", "size(bytes('a'))"),
        ("type", "type(1) == int"),
        ("dyn", "dyn(1)"),
        ("has", "has({'a': 1}.a)"),
        ("map", "[1].map(x, x + 1)"),
        ("filter", "[1].filter(x, x > 0)"),
        ("all", "[1].all(x, x > 0)"),
        ("exists", "[1].exists(x, x > 0)"),
        ("exists_one", "[1].exists_one(x, x > 0)"),
        ("existsOne", "[1].existsOne(x, x > 0)"),
        ("hasValue", "optional.of(1).hasValue()"),
        ("orValue", "optional.none().orValue(1)"),
    ] {
        assert!(FUNCTIONS.contains(&name), "{name}");
        assert!(evaluate(call).is_ok(), "{call}: {:?}", evaluate(call));
    }
}

#[test]
fn what_the_checker_refuses_fails_in_the_interpreter_too() {
    for wrong in [
        "'a' + 1",
        "[1] + 'a'",
        "true + 'a'",
        "'a' - 'b'",
        "-'a'",
        "'a' < 1",
        "[1] < [2]",
        "!'a'",
        "!1",
        "1 ? 2 : 3",
        "size(1)",
        "[1].length()",
        "1.map(x, x)",
        "[1]['a']",
        "'a'.b",
        "[1].first",
        "max(1, 2)",
    ] {
        assert!(evaluate(wrong).is_err(), "{wrong}: {:?}", evaluate(wrong));
    }
}
