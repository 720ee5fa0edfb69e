//! The shorthand reads back as it is shown, and mistakes are named.

use super::*;

fn check(text: &str) -> String {
    match parse_type(text) {
        Ok(kind) => kind.to_string(),
        Err(message) => format!("error: {message}"),
    }
}

#[test]
fn the_shorthand_reads_back() {
    for text in [
        "string",
        "integer | null",
        "[string]",
        "low | high",
        "low | high | null",
        "{a: string, b: [{c: number | null}]}",
        "[string] | null",
        "{}",
    ] {
        assert_eq!(check(text), text);
    }
    assert_eq!(check(" [ string|null ] "), "[string | null]");
    assert_eq!(check("{a: string,}"), "{a: string}");
}

#[test]
fn mistakes_are_named() {
    assert_eq!(
        check("strng"),
        "error: there is no type `strng`; did you mean `string`?"
    );
    assert_eq!(
        check("string | low | high"),
        "error: a union is made of types or of words, and this mixes both; types: string, integer, number, boolean, \
         any, file, [T], {field: T}, T | null; or two or more words: low | high"
    );
    assert_eq!(
        check("string?"),
        "error: the type has ended, and then there is more; an optional value is written `T | null`"
    );
    assert_eq!(check("[string"), "error: here a type needs `]`");
    assert_eq!(check("low | low"), "error: the word `low` is there twice");
    assert_eq!(
        check("1 | 2"),
        "error: `1` is not a word: words of an enum start with a letter"
    );
    assert_eq!(check("{a: string, a: any}"), "error: the field `a` is there twice");
    assert!(check(&"[".repeat(100_000)).contains("deep"));
}
