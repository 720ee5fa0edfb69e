//! Tests of the scan for tags.

use super::*;

/// The tags of a text, in a few letters each.
fn tags(text: &str) -> Vec<String> {
    let told = |tag| match tag {
        Tag::Open {
            name,
            attributes,
            closed,
        } => format!("{name} {attributes:?} {closed}"),
        Tag::Close { name } => format!("/{name}"),
    };
    Tags::new(text).map(told).collect()
}

#[test]
fn attributes_may_hold_a_bracket_and_either_quote() {
    assert_eq!(
        tags("x <a b=\"1>2\" c = 'd\"'/> y</a>"),
        ["a [(\"b\", \"1>2\"), (\"c\", \"d\\\"\")] true", "/a"]
    );
}

#[test]
fn comments_and_literal_text_hold_no_tags() {
    assert_eq!(
        tags("<!-- <a> --><![CDATA[<b></b>]]><?xml version=\"1\"?><c>"),
        ["c [] false"]
    );
}

#[test]
fn a_comment_without_an_end_hides_nothing() {
    assert_eq!(tags("<!-- <a/> <![CDATA[ <b/>"), ["a [] true", "b [] true"]);
}

#[test]
fn a_broken_tag_ends_where_the_next_begins() {
    assert_eq!(
        tags("<a b=\"1 <c d=\"2\"/> 1 < 2 <e f <g>"),
        ["c [(\"d\", \"2\")] true", "g [] false"]
    );
}

#[test]
fn entities_are_replaced_and_what_is_none_stays() {
    assert_eq!(
        decoded("&lt;a&gt; &amp;amp; &quot;&apos; &#65;&#x1F4A5; &nope; & &#xD800;"),
        "<a> &amp; \"' A💥 &nope; & &#xD800;"
    );
}
