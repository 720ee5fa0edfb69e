//! Laws of the type system.

use super::*;

fn object(fields: &[(&str, Type)]) -> Type {
    Type::Object(fields.iter().map(|(name, t)| ((*name).to_owned(), t.clone())).collect())
}

#[test]
fn a_mismatch_names_the_place() {
    let row = object(&[("paper", Type::String), ("items", Type::Integer.or(Type::Null))]);
    let table = object(&[("rows", Type::List(Box::new(row)))]);
    let check = |value: Value| table.check(&value).map_err(|m| m.to_string());
    assert_eq!(
        check(json!({ "rows": [{ "paper": "a", "items": null }, { "paper": "b" }] })),
        Ok(())
    );
    assert_eq!(
        check(json!({ "rows": [{ "paper": "a", "items": 1.5 }] })).unwrap_err(),
        "at $.rows[0].items: expected integer | null, found number 1.5"
    );
    assert_eq!(
        check(json!({ "rows": [], "extra": 1 })).unwrap_err(),
        "at $: expected only rows, found a field extra"
    );
    assert_eq!(
        check(json!({})).unwrap_err(),
        "at $.rows: expected [{paper: string, items: integer | null}], found nothing"
    );
}

#[test]
fn unions_flatten_and_any_swallows() {
    assert_eq!(
        Type::String.or(Type::Null).or(Type::String).to_string(),
        "string | null"
    );
    assert_eq!(Type::String.or(Type::Any), Type::Any);
    assert!(Type::Integer.fits(&Type::Number.or(Type::Null)));
    assert!(!Type::Number.or(Type::Null).fits(&Type::Number));
    assert!(Type::Enum(vec!["low".into()]).fits(&Type::String));
}

#[test]
fn a_value_checks_against_its_own_schema_shape() {
    let t = object(&[
        ("level", Type::Enum(vec!["low".into(), "high".into()])),
        ("n", Type::Number),
    ]);
    assert_eq!(
        t.json_schema(),
        json!({
            "type": "object",
            "properties": { "level": { "type": "string", "enum": ["low", "high"] }, "n": { "type": "number" } },
            "required": ["level", "n"],
            "additionalProperties": false
        })
    );
    assert!(t.check(&json!({ "level": "middle", "n": 1 })).is_err());
}

#[test]
fn absent_nullable_fields_become_null() {
    let row = object(&[("a", Type::Integer), ("b", Type::String.or(Type::Null))]);
    let rows = Type::List(Box::new(row)).or(Type::Null);
    assert_eq!(rows.complete(json!([{ "a": 1 }])), json!([{ "a": 1, "b": null }]));
    assert_eq!(rows.complete(json!(null)), json!(null));
    assert_eq!(Type::Any.complete(json!({ "x": 1 })), json!({ "x": 1 }));
}
