//! Where a cursor stands.

use super::super::cursor::{Part, Role, locate};
use super::marked;

fn place(text: &str) -> String {
    let (text, offset) = marked(text);
    let cursor = locate(&text, offset);
    let path: Vec<&str> = cursor
        .path
        .iter()
        .map(|part| match part {
            Part::Key(key) => key.as_str(),
            Part::Item => "-",
        })
        .collect();
    let role = match cursor.role {
        Role::Key { typed, beside } => format!("key `{}` beside [{}]", &text[typed], beside.join(", ")),
        Role::Value { start, .. } => format!("value `{}`", &text[start..offset]),
    };
    format!("{} | {role}", path.join("."))
}

#[test]
fn by_lines() {
    insta::assert_snapshot!(place("a:\n  b:\n    c: 1\n    d‸\n    e: 2\nf: 3\n"), @"a.b | key `d` beside [c, e]");
    insta::assert_snapshot!(place("a:\n  b:\n    c: 1\n    ‸\n"), @"a.b | key `` beside [c]");
    insta::assert_snapshot!(place("a:\n  b:\n    c: 1\n  ‸\n"), @"a | key `` beside [b]");
    insta::assert_snapshot!(place("a:\n  b: x ‸y\n"), @"a.b | value `x `");
    insta::assert_snapshot!(place("a:\n- x\n- y‸\n"), @"a.- | key `y` beside []");
    insta::assert_snapshot!(place("a:\n  - b: 1\n    c‸: 2\n"), @r#"a.- | key `c` beside [b]"#);
    insta::assert_snapshot!(place("\"a b\":\r\n  c: ‸\r\n"), @"a b.c | value ``");
    insta::assert_snapshot!(place("‸"), @" | key `` beside []");
}

#[test]
fn in_text_that_looks_like_lines() {
    insta::assert_snapshot!(place("a:\n  b: |\n    c: 1\n      d: ‸\n"), @r"
    a.b | value `    c: 1
          d: `
    ");
    insta::assert_snapshot!(place("a:\n  b: >-\n\n    c: 1‸\n"), @r"
    a.b | value `
        c: 1`
    ");
    insta::assert_snapshot!(place("a:\n  b: 'x\n    c: ‸'\n"), @r"
    a.b | value `x
        c: `
    ");
    insta::assert_snapshot!(place("a:\n  b: x\n    y ‸z\n"), @r"
    a.b | value `x
        y `
    ");
}

#[test]
fn in_brackets() {
    insta::assert_snapshot!(place("a: { b: 1, c‸: 2, d: { e: 3 }, f: 4 }\n"), @"a | key `c` beside [b, c, d, f]");
    insta::assert_snapshot!(place("a: { b: [x, 'y, z‸'] }\n"), @"a.b.- | value `y, z`");
    insta::assert_snapshot!(place("a: {\n  b: 1,\n  c: ‸\n}\n"), @"a.c | value ``");
    insta::assert_snapshot!(place("a: { b: '}', c: \"\\\"}\", ‸ }\n"), @"a | key `` beside [b, c]");
    insta::assert_snapshot!(place("a: { b: 1 }\nc‸: 2\n"), @" | key `c` beside [a]");
    insta::assert_snapshot!(place("- { a: ‸ }\n"), @"-.a | value ``");
}
