//! What counts as code, and how long functions are.

use super::{Function, code, functions, identifiers, line_of, without_comments};

#[test]
fn comments_and_literals_are_not_code() {
    let cases = [
        ("a // b\nc", "a     \nc"),
        ("a /* b /* c */ d */ e", "a                   e"),
        ("f(\"x{\\\"}\") y", "f(\"     \") y"),
        ("r#\"a\"b{\"# c", "r#\"    \"# c"),
        ("br\"{\" c", "br\" \" c"),
        ("('{', '\\'', '\\u{7b}')", "(' ', '  ', '      ')"),
        ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
        ("r#type { var\"{\"", "r#type { var\" \""),
        ("\"é\n{\" }", "\"  \n \" }"),
        ("/* never closed {", "                 "),
        ("\"never closed {", "\"              "),
        ("r#\"never closed {\"", "r#\"               "),
    ];
    for (text, expected) in cases {
        assert_eq!(code(text), expected, "{text}");
    }
}

#[test]
fn comments_go_and_literals_stay() {
    assert_eq!(
        without_comments("a(\"// no comment\") // one"),
        "a(\"// no comment\")       "
    );
}

#[test]
fn identifiers_have_offsets() {
    let found: Vec<_> = identifiers("let été = r2(1u8, _x);").collect();
    assert_eq!(found, [(0, "let"), (4, "été"), (12, "r2"), (20, "_x")]);
}

#[test]
fn lines_count_from_one() {
    assert_eq!([0, 1, 2, 3].map(|offset| line_of("a\nb\n", offset)), [1, 1, 2, 2]);
}

#[test]
fn functions_end_at_their_brace() {
    let text = "\
fn one() {}
pub fn two(a: [u8; 4]) -> [u8; 2]
where
    u8: Copy,
{
    fn inner() {
    }
    if a == a { \"}\"; }
}
trait T {
    fn declared(&self, f: fn(u8) -> u8);
    fn provided(&self) {
    }
}
";
    let function = |name, line, length| Function { name, line, length };
    assert_eq!(
        functions(&code(text)),
        [
            function("one", 1, 1),
            function("two", 2, 8),
            function("inner", 6, 2),
            function("provided", 12, 2),
        ]
    );
}
