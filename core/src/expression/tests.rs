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
    let expression = Expression::parse(source, Span::new(SourceId(0), 0, source.len()))
        .map_err(|e| format!("{}: {}", e.place.start, e.message))?;
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

#[test]
fn whole_and_other_numbers_mix() {
    assert_eq!(check("1 + 1.5"), Ok(json!(2.5)));
    assert_eq!(check("1.5 * inputs.n"), Ok(json!(4.5)));
    assert_eq!(check("7 / 2 + 7 / 2.0 - 1"), Ok(json!(5.5)));
    assert_eq!(
        check("7 % 2 + 'a'").unwrap_err(),
        "`7 % 2 + 'a'` failed: `+` cannot take integer 1 and string \"a\""
    );
    assert_eq!(
        check("1 / 0").unwrap_err(),
        "`1 / 0` failed: Division by zero of Int(1)"
    );
    assert_eq!(as_text(&json!(5.0)), "5");
    assert_eq!(as_text(&json!([5.0, 1.5])), "[5.0,1.5]");
}

#[test]
fn default_stands_in_for_what_is_missing_or_null() {
    let scope = Fixed(json!({ "row": { "a": { "b": 1 }, "n": null }, "none": null, "inputs": { "x": null } }));
    let check = |source: &str| {
        let expression = Expression::parse(source, Span::new(SourceId(0), 0, 0)).expect("it parses");
        expression.evaluate(&scope).map_err(|e| e.reason)
    };
    assert_eq!(check("default(row.a.b, 7)"), Ok(json!(1)));
    assert_eq!(check("default(row.a.c, 7)"), Ok(json!(7)));
    assert_eq!(check("default(row.z.c, 7)"), Ok(json!(7)));
    assert_eq!(check("default(row.n.c, 7)"), Ok(json!(7)));
    assert_eq!(check("default(none.a, 7)"), Ok(json!(7)));
    assert_eq!(check("default(none, row.a.b)"), Ok(json!(1)));
    assert_eq!(
        check("default(inputs.x, 'y') + default(inputs.z, 'z')"),
        Ok(json!("yz"))
    );
    assert_eq!(check("[1, 2].map(n, n > 1, default(row.n, n))"), Ok(json!([2])));
}

/// What the parser says about a text, with the bytes that it points at marked by `«»`.
fn said(source: &str) -> String {
    match Expression::parse(source, Span::new(SourceId(0), 0, 0)) {
        Ok(_) => "fine".into(),
        Err(error) => {
            let (start, end) = (error.place.start, error.place.end);
            let marked = format!("{}«{}»{}", &source[..start], &source[start..end], &source[end..]);
            let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("{marked}: {}{hint}", error.message)
        }
    }
}

#[test]
fn a_mistake_is_pointed_at() {
    let sources = [
        "a = 1",
        "a and b",
        "a + ",
        "(a",
        "[1, 2",
        "a.(b)",
        "'abc",
        "a | b",
        "1.5x",
        "a ? b",
        "f(a,",
        "{a 1}",
        "a b",
        "x.map(1, x)",
        "has(a)",
        "\"\\q\"",
        "99999999999999999999",
        "if a",
        "Foo{a: 1}",
        "a ? b : c",
        "-9223372036854775808",
        "a.in",
    ];
    let said: Vec<String> = sources.into_iter().map(said).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    a «=» 1: `=` means nothing in an expression (equality is written `==`)
    a «and» b: `and` is not expected here (“and” is written `&&`)
    a «+» : the expression ends too early
    «(»a: this bracket is never closed with `)`
    «[»1, 2: this bracket is never closed with `]`
    a«.»(b): after a dot stands a field's or a function's name (a name with other characters stands in brackets: `value["a-b"]`)
    «'»abc: a text begins here and never ends
    a «|» b: `|` means nothing in an expression (a value for what is missing is written `default(x, other)`; there are no filters after `|`)
    «1.5x»: `1.5x` is neither a number nor a name (a text stands in quotes)
    a ? «b»: the expression ends too early (a choice is written `condition ? this : that`)
    f(a«,»: the expression ends too early
    {a «1»}: `1` is not expected here (an object is written `{"name": value}`)
    a «b»: `b` is not expected here
    x.map(«1», x): here stands a name for the item (write `list.map(x, x.field)`)
    «has»(a): `has` asks whether a field is there (write `has(value.field)`)
    "«\q»": this escape means nothing (a backslash itself is written `\\`, or the text starts with `r`: r"\d+")
    «99999999999999999999»: the number is too large for 64 bits
    «if» a: `if` is not expected here (a choice is written `condition ? this : that`)
    «Foo»{a: 1}: there are no message types to build here (an object is written `{"name": value}`)
    fine
    fine
    fine
    "#);
}

/// The interpreter's own parser, as the oracle.
fn oracle(source: &str, scope: &Fixed) -> Option<Value> {
    let program = cel::Program::compile(source).ok()?;
    let mut context = cel::Context::with_env(standard());
    for (name, value) in scope.0.as_object().expect("an object") {
        context.add_variable_from_value(name.as_str(), to_cel(value));
    }
    program.execute(&context).ok()?.json().ok()
}

mod laws {
    use super::*;
    use proptest::prelude::*;

    fn source() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("a".to_owned()),
            Just("s".to_owned()),
            Just("l".to_owned()),
            Just("o.b".to_owned()),
            Just("o.missing".to_owned()),
            Just("null".to_owned()),
            Just("true".to_owned()),
            (0_i64..20).prop_map(|n| n.to_string()),
            Just("0x1F".to_owned()),
            Just("'t\\n\\x41'".to_owned()),
            Just("r\"\\d\"".to_owned()),
            Just("\"\"\"a\"b\"\"\"".to_owned()),
        ];
        leaf.prop_recursive(4, 24, 3, |inner| {
            let operator = prop::sample::select(vec![
                "+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "&&", "||", "in",
            ]);
            let looped = prop::sample::select(vec!["map", "filter", "all", "exists", "exists_one"]);
            prop_oneof![
                (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("{a} {o} {b}")),
                inner.clone().prop_map(|a| format!("({a})")),
                inner.clone().prop_map(|a| format!("!{a}")),
                inner.clone().prop_map(|a| format!("-{a}")),
                (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("{a} ? {b} : {c}")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{\"x\": {a}, 'y': {b}}}.x")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}][{b}]")),
                (looped, inner.clone(), inner.clone()).prop_map(|(f, a, b)| format!("[{a}, 1].{f}(a, {b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("l.map(x, {a} == x, {b})")),
                inner.clone().prop_map(|a| format!("size({a}) + [{a}].size()")),
                Just("has(o.b) || has(o.missing)".to_owned()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn it_reads_what_the_interpreters_own_parser_reads(source in source()) {
            let scope = Fixed(json!({ "a": 3, "s": "t", "l": [1, 2, 3], "o": { "b": 2 } }));
            let expression = Expression::parse(&source, Span::new(SourceId(0), 0, 0));
            let ours = expression.ok().and_then(|e| e.evaluate(&scope).ok());
            prop_assert_eq!(ours, oracle(&source, &scope), "{}", source);
        }

        #[test]
        fn no_text_brings_it_down(source in "[ a-z0-9.,:?(){}\\[\\]+*/%<>=!&|'\"é\\\\-]{0,60}") {
            if let Err(error) = Expression::parse(&source, Span::new(SourceId(0), 0, 0)) {
                prop_assert!(source.get(error.place.clone()).is_some(), "{:?}", error);
            }
        }

        #[test]
        fn every_part_knows_its_bytes(source in source()) {
            if let Ok(expression) = Expression::parse(&source, Span::new(SourceId(0), 0, 0)) {
                prop_assert_eq!(source.get(expression.place(expression.root()).whole.clone()).map(str::len), Some(source.trim().len()));
            }
        }
    }
}
