//! The tools as a set: names, subsets, and agreement of their types with their answers.

use crate::support::{chunks, keyword};
use std::sync::Arc;
use troupe_core::port::tool::Tool;
use troupe_tools::{Face, registry, specs, tool, tools};

#[test]
fn a18_a_subset_of_tools_answers_as_the_whole_set_does() {
    let (_folder, corpus) = chunks(&["a fox", "a hen"]);
    let alone = keyword(&corpus, &["fox"], 5);
    let face = Face::faithful("");
    let all: Vec<Arc<dyn Tool>> = tools(&corpus, &face);
    assert_eq!(all.len(), 3);
    for (name, one) in registry::names().zip(&all) {
        assert_eq!(tool(&corpus, name, &face).unwrap().spec(), one.spec());
    }
    assert_eq!(keyword(&corpus, &["fox"], 5), alone);
    assert!(tool(&corpus, "delete_chunk", &face).is_none());
}

#[test]
fn names_and_types_are_known_without_a_corpus() {
    let known: Vec<(String, String)> = specs(&Face::faithful(""))
        .into_iter()
        .map(|s| (s.name, s.result.to_string()))
        .collect();
    insta::assert_debug_snapshot!(known, @r#"
    [
        (
            "keyword_search",
            "{chunks: [{id: string, score: number, sentences: [string]}]}",
        ),
        (
            "semantic_search",
            "{chunks: [{id: string, score: number, sentences: [string]}]}",
        ),
        (
            "read_chunk",
            "{chunks: [{id: string, status: read | already_read | not_found, text: string | null}]}",
        ),
    ]
    "#);
}

#[test]
fn with_a_prefix_the_tools_speak_of_each_other_by_it() {
    let names: Vec<String> = specs(&Face::faithful("papers_"))
        .into_iter()
        .map(|spec| spec.name)
        .collect();
    assert_eq!(
        names,
        ["papers_keyword_search", "papers_semantic_search", "papers_read_chunk"]
    );
    for spec in specs(&Face::faithful("papers_")) {
        for plain in registry::names() {
            assert_eq!(
                spec.description.matches(plain).count(),
                spec.description.matches(&format!("papers_{plain}")).count()
            );
        }
    }
}
