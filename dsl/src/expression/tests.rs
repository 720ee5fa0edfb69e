//! Where expressions end, what bounds them, what the parser's words become.

use super::*;
use crate::report::Report;
use crate::yaml::{self, Kind};
use troupe_core::diagnostic::SourceId;

/// What a value `k: …` becomes, in a few words; or what is wrong with it.
fn check(text: &str) -> String {
    let text = format!("k: {text}\n");
    let mut report = Report::new("w.yaml");
    report.sources.files[0].text.clone_from(&text);
    let Some(node) = yaml::read(&mut report, SourceId(0), &text) else {
        return told(report);
    };
    let Kind::Map(entries) = &node.kind else {
        panic!("a mapping")
    };
    match value(&mut report, &entries[0].value) {
        Some(tree) if !report.has_errors() => show(&tree),
        _ => told(report),
    }
}

fn told(report: Report) -> String {
    let (diagnostics, sources) = report.finish();
    let first = diagnostics.first().expect("something was reported");
    let span = first.labels[0].span;
    let under = &sources.files[0].text[span.start as usize..span.end as usize];
    format!("{} at `{under}`: {} {:?}", first.code, first.message, first.hints)
}

fn show(tree: &Tree) -> String {
    match tree {
        Tree::Literal(value, _) => value.to_string(),
        Tree::Expression(written) => format!("<{}>", written.expression.source()),
        Tree::Text(pieces, _) => pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => format!("{text:?}"),
                Piece::Expression(written) => format!("<{}>", written.expression.source()),
            })
            .collect::<Vec<_>>()
            .join(" "),
        Tree::List(items, _) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Tree::Object(fields, _) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, _, tree)| format!("{name}: {}", show(tree)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

#[test]
fn one_expression_keeps_its_type_and_text_around_it_makes_text() {
    assert_eq!(check("${{ inputs.n }}"), "<inputs.n>");
    assert_eq!(check("|\n  ${{ inputs.n }}\n"), "<inputs.n>");
    assert_eq!(check("n = ${{ inputs.n }}!"), "\"n = \" <inputs.n> \"!\"");
    assert_eq!(check("${{ a }}${{ b }}"), "<a> <b>");
    assert_eq!(check("[1, '${{ a }}', {x: 1.5}]"), "[1, <a>, {x: 1.5}]");
}

#[test]
fn marks_inside_of_strings_and_maps_do_not_end_an_expression() {
    assert_eq!(check("${{ '}}' + \"}}\" }}"), "<'}}' + \"}}\">");
    assert_eq!(check("\"${{ {'a': {'b': 1}} }}\""), "<{'a': {'b': 1}}>");
    assert_eq!(check("${{ '${{' }} stays"), "<'${{'> \" stays\"");
    assert_eq!(check("${{ r'\\' }}"), "<r'\\'>");
}

#[test]
fn mistakes_are_shown_where_they_are() {
    insta::assert_snapshot!(check("${{ inputs.a"), @r#"T0402 at `${{ inputs.a`: this `${{` is never closed ["an expression ends with `}}`"]"#);
    insta::assert_snapshot!(check("${{ }}"), @r#"T0402 at `${{ }}`: there is no expression inside ["remove it, or name a value"]"#);
    insta::assert_snapshot!(check("x ${{ a and b }}"), @r#"T0401 at `and`: `and` is not expected here ["“and” is written `&&`"]"#);
    insta::assert_snapshot!(check("${{ a = b }}"), @r#"T0401 at `=`: `=` means nothing in an expression ["equality is written `==`"]"#);
    insta::assert_snapshot!(check("${{ a + }}"), @"T0401 at `+`: the expression ends too early []");
    insta::assert_snapshot!(check("\"${{ a \\u002b é }}\""), @"T0401 at `é`: `é` means nothing in an expression []");
    insta::assert_snapshot!(check("|\n  one\n  ${{ (a }}\n"), @r#"T0401 at `(`: this bracket is never closed with `)` []"#);
    insta::assert_snapshot!(check("${{ a == 'x #y' }}"), @r#"T0007 at `${{ a == 'x #y' }}`: an expression with ` #` inside must stand in quotes: YAML takes the rest for a comment ["write \"${{ a == 'x #y' }}\""]"#);
    insta::assert_snapshot!(check("${{ a ? b : c }}"), @r#"T0007 at `${{ a ? b : c }}`: an expression with `: ` inside must stand in quotes: YAML takes it for a key ["write '${{ a ? b : c }}'"]"#);
    insta::assert_snapshot!(check("{ x: ${{ a }} }"), @r#"T0007 at `${{ a }}`: an expression inside `{…}` or `[…]` must stand in quotes: YAML reads its braces as its own ["write '${{ a }}'"]"#);
    insta::assert_snapshot!(check("*a * 2"), @r#"T0007 at `*a * 2`: a value that starts with `*` must stand in quotes: YAML gives that character a meaning of its own ["write '*a * 2'"]"#);
    insta::assert_snapshot!(check("!a.b"), @r#"T0007 at `!a.b`: a value that starts with `!` must stand in quotes: YAML takes the word for a tag ["write '!a.b'"]"#);
    insta::assert_snapshot!(check("yes"), @r#"T0008 at `yes`: `yes` without quotes is a boolean to some YAML tools and text to others ["write 'yes' for the text, or true for the boolean"]"#);
}

#[test]
fn hostile_expressions_are_refused_before_they_are_parsed() {
    for source in [
        "(".repeat(40) + &")".repeat(40),
        "!".repeat(1_000) + "a",
        "a".to_owned() + &".b".repeat(1_000),
        "'a' + ".repeat(1_000) + "'a'",
        "\"".to_owned() + &"(".repeat(40),
    ] {
        let shown = check(&format!("|\n  ${{{{ {source} }}}}\n"));
        assert!(shown.starts_with("T0405"), "{shown}");
    }
}
