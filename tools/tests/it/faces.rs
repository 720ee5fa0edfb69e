//! What a corpus shows when a workflow asks for more, or for less, than the paper has.

use crate::support::{call_of, chunks, ids};
use serde_json::json;
use troupe_core::ir::{Extra, Offer, Results};
use troupe_core::limits::Left;
use troupe_core::message::ToolOutput;
use troupe_tools::{Face, registry, specs, tool};

const ALL: [&str; 6] = [
    "keyword_search",
    "semantic_search",
    "read_chunk",
    "hybrid_search",
    "outline",
    "verify_citations",
];

fn face(tools: &[&str], results: Results, extras: &[Extra]) -> Face {
    let offer = Offer {
        tools: tools.iter().map(|tool| (*tool).to_owned()).collect(),
        results,
        extras: extras.to_vec(),
    };
    Face::of("", &offer, &[])
}

/// What stands behind each answer's text.
fn tokens(output: &ToolOutput) -> (u64, &[String]) {
    (output.retrieved.tokens, &output.retrieved.read)
}

#[test]
fn the_paper_s_tools_are_told_as_they_always_were() {
    let told: Vec<String> = specs(&Face::faithful(""))
        .into_iter()
        .map(|spec| format!("{}: {}\n{}", spec.name, spec.description, spec.parameters))
        .collect();
    insta::assert_snapshot!(told.join("\n\n"), @r#"
    keyword_search: Find chunks of the corpus that contain given words exactly as written (upper and lower case are the same). Best for names of people, places and works, technical terms, numbers and short fixed phrases. A keyword also matches inside longer words, so `art` finds `party`; a phrase matches only as a whole. Chunks are ranked by how often and how long the matching keywords are. You get chunk ids and the sentences that match, not the whole text: before you rely on a chunk, read it with read_chunk. If the words in the corpus may differ from yours, try synonyms, or search by meaning with semantic_search.
    {"type":"object","properties":{"keywords":{"type":"array","items":{"type":"string"},"description":"Words to look for, each of 1 to 3 words: names, terms, key concepts. Good: [\"Ed Wood\", \"film director\"]. Bad: whole questions, descriptions or sentences, such as [\"who directed the film about Ed Wood\"]."},"top_k":{"type":"integer","minimum":1,"maximum":20,"default":5,"description":"How many chunks to list, 1 to 20; 5 when left out."}},"required":["keywords"]}

    semantic_search: Find chunks of the corpus by meaning: the query is compared with every sentence, and the chunks with the nearest sentences are listed with their similarity (1 is the same meaning). Best when you do not know the exact words, for descriptions, relations and paraphrases. For names and exact terms keyword_search is surer. You get chunk ids and the sentences that come near, not the whole text: before you rely on a chunk, read it with read_chunk. Ask for one thing at a time; a question of several parts is better split into several queries.
    {"type":"object","properties":{"query":{"type":"string","description":"What you look for, as a short question or statement in plain language."},"top_k":{"type":"integer","minimum":1,"maximum":20,"default":5,"description":"How many chunks to list, 1 to 20; 5 when left out."}},"required":["query"]}

    read_chunk: Read chunks of the corpus in full, by the ids that keyword_search and semantic_search list. The sentences in search results are only pointers: read a chunk before you answer from it. Ask for several chunks in one call when several look promising. If a chunk begins or ends in the middle of something you need, read its neighbours too: ids are in order, so the chunk after `24` is `25`, and after `report` comes `report#2`. A chunk that you have read already is not shown again.
    {"type":"object","properties":{"chunk_ids":{"type":"array","items":{"type":"string"},"description":"Ids of the chunks to read, as the searches list them."}},"required":["chunk_ids"]}
    "#);
}

/// Every subset of the tools, as an agent may have it, whatever the corpus offers.
#[test]
fn descriptions_name_no_tool_that_the_agent_does_not_have() {
    let (_folder, corpus) = chunks(&["a fox"]);
    for results in [Results::Snippets, Results::Full] {
        for subset in 1..1u32 << ALL.len() {
            let has = |at: usize| subset & (1 << at) != 0;
            let own: Vec<&str> = (0..ALL.len()).filter(|at| has(*at)).map(|at| ALL[at]).collect();
            let siblings: Vec<(&str, String)> = own.iter().map(|name| (*name, format!("papers_{name}"))).collect();
            let siblings: Vec<(&str, &str)> = siblings.iter().map(|(own, seen)| (*own, seen.as_str())).collect();
            let offered = specs(&face(&own, results, &[Extra::Marks]));
            for (name, spec) in own.iter().zip(&offered) {
                let port = tool(&corpus, name, &face(&ALL, results, &[Extra::Marks])).unwrap();
                let presented = port.presented(&siblings);
                assert_eq!(presented.name, format!("papers_{name}"));
                assert_eq!(presented.description.replace("papers_", ""), spec.description);
                for other in ALL.iter().filter(|other| !own.contains(other)) {
                    assert!(!spec.description.contains(other), "{name} names {other} beside {own:?}");
                }
                // `outline` is also a word, and named by reading alone
                for known in own.iter().filter(|known| **known != "outline") {
                    let plain = presented.description.matches(known).count();
                    assert_eq!(plain, presented.description.matches(&format!("papers_{known}")).count());
                }
            }
        }
    }
}

#[test]
fn each_tool_can_be_made_whether_it_is_offered_or_not() {
    assert_eq!(registry::names().collect::<Vec<_>>(), ALL);
    let (_folder, corpus) = chunks(&["a fox and a hen"]);
    let found = call_of(
        &corpus,
        "hybrid_search",
        &Face::faithful(""),
        json!({ "query": "a fox" }),
        &[],
    )
    .unwrap();
    insta::assert_snapshot!(found.text, @"
    Chunk 0
    ... a fox and a hen ...
    ");
    assert_eq!(found.retrieved.shown, ["0"]);
    let nothing = call_of(
        &corpus,
        "hybrid_search",
        &Face::faithful(""),
        json!({ "query": "??" }),
        &[],
    )
    .unwrap();
    insta::assert_snapshot!(nothing.text, @r#"No chunk holds a word of "??" or comes near to it in meaning."#);
}

#[test]
fn whole_chunks_count_as_read_and_are_given_once() {
    let (_folder, corpus) = chunks(&["a fox. And more words", "a fox again", "hens"]);
    let full = face(&["keyword_search"], Results::Full, &[]);
    let asked = json!({ "keywords": ["fox"] });
    let found = call_of(&corpus, "keyword_search", &full, asked.clone(), &["1"]).unwrap();
    insta::assert_snapshot!(found.text, @"
    ================================================================================
    Chunk 0
    --------------------------------------------------------------------------------
    a fox. And more words
    ================================================================================

    ================================================================================
    Chunk 1 was already read; its text is above.
    ================================================================================
    ");
    assert_eq!(tokens(&found), (5, &["0".to_owned()][..]));
    assert_eq!(found.retrieved.shown, ["0", "1"]);
    let rows = json!([
        { "id": "0", "score": 3, "text": "a fox. And more words" },
        { "id": "1", "score": 3, "text": null },
    ]);
    assert_eq!(found.result["chunks"], rows);
    let near = call_of(
        &corpus,
        "semantic_search",
        &full,
        json!({ "query": "a fox again" }),
        &[],
    )
    .unwrap();
    let head = near.text.lines().nth(1).unwrap();
    assert!(head.starts_with("Chunk 1 (similarity "), "{head}");
    // a step has read nothing: it gets every text
    let step = call_of(&corpus, "keyword_search", &full, asked, &[]).unwrap();
    assert_eq!(step.retrieved.read, ["0", "1"]);
}

#[test]
fn marks_stand_behind_ids_and_change_nothing_else() {
    let (_folder, corpus) = chunks(&["a fox jumps over it", "a fox jumps over him"]);
    let (plain, marked) = (
        face(&ALL, Results::Snippets, &[]),
        face(&ALL, Results::Snippets, &[Extra::Marks]),
    );
    for (tool, asked) in [
        ("keyword_search", json!({ "keywords": ["fox"] })),
        ("semantic_search", json!({ "query": "a fox jumps" })),
        ("hybrid_search", json!({ "query": "a fox jumps" })),
    ] {
        let without = call_of(&corpus, tool, &plain, asked.clone(), &["1"]).unwrap();
        let with = call_of(&corpus, tool, &marked, asked, &["1"]).unwrap();
        assert_eq!(ids(&with), ids(&without));
        assert_eq!(with.text.matches("Chunk 1 (already read)").count(), 1, "{tool}");
        assert_eq!(with.text.replace(" (already read)", ""), without.text, "{tool}");
        assert_eq!(
            (with.result, with.retrieved),
            (without.result, without.retrieved),
            "{tool}"
        );
    }
}

#[test]
fn the_budget_is_no_part_of_an_answer_that_is_kept() {
    let (_folder, corpus) = chunks(&["a fox"]);
    let left = Left {
        turns: 7,
        tokens: 81_000,
        seconds: 300,
    };
    let told = |extras: &[Extra]| {
        let tool = tool(&corpus, "keyword_search", &face(&ALL, Results::Snippets, extras)).unwrap();
        (tool.postscript(&left), tool.identity())
    };
    let (postscript, identity) = told(&[Extra::Budget]);
    insta::assert_snapshot!(postscript.unwrap(), @"You have left: 7 turns, 81000 tokens, 300 seconds of work.");
    assert_eq!(
        told(&[]),
        (None, identity),
        "answers are the same, so one may stand for the other"
    );
}

#[test]
fn what_decides_an_answer_is_part_of_the_identity() {
    let (_folder, corpus) = chunks(&["a fox"]);
    let identity = |face: &Face| tool(&corpus, "keyword_search", face).unwrap().identity().unwrap();
    let faithful = identity(&Face::faithful(""));
    assert_eq!(faithful, format!("keyword_search@{}", corpus.fingerprint()));
    let fields = Face {
        metadata: vec!["year".into()],
        ..Face::faithful("")
    };
    let mut all = vec![
        faithful,
        identity(&Face::faithful("papers_")),
        identity(&face(&ALL, Results::Full, &[])),
        identity(&face(&ALL, Results::Snippets, &[Extra::Marks])),
        identity(&face(&ALL, Results::Snippets, &[Extra::Neighbours])),
        identity(&fields),
    ];
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn an_outline_lists_documents_and_takes_any_id_of_one() {
    let (_folder, corpus) = chunks(&["# A fox\nIt jumps.", "No heading here. More."]);
    let outline = |asked| call_of(&corpus, "outline", &face(&ALL, Results::Snippets, &[]), asked, &[]).unwrap();
    let all = outline(json!({}));
    assert_eq!(all.result["pages"], json!(1));
    assert_eq!(all.result["entries"][0]["title"], json!("A fox"));
    assert_eq!(all.result["entries"][1]["title"], json!("No heading here"));
    let one = outline(json!({ "document": 1, "page": "1" }));
    assert_eq!(one.result["entries"][0]["id"], json!("1"));
    let none = outline(json!({ "document": "zebra" }));
    insta::assert_snapshot!(none.text, @"There is no document zebra. Without `document` all are listed.");
    assert_eq!(none.result["entries"], json!([]));
}

#[test]
fn a_filter_on_fields_that_no_document_has_says_so() {
    let (_folder, corpus) = chunks(&["a fox jumps over it"]);
    let fields = Face {
        metadata: vec!["year".into()],
        ..Face::faithful("")
    };
    for (tool, key, given) in [
        ("keyword_search", "keywords", json!(["fox"])),
        ("semantic_search", "query", json!("a fox jumps")),
        ("hybrid_search", "query", json!("a fox jumps")),
    ] {
        let asked = json!({ key: given, "where": { "year": 2020 } });
        let output = call_of(&corpus, tool, &fields, asked.clone(), &[]).unwrap();
        assert_eq!(ids(&output), [""; 0]);
        let last = output.text.lines().last().unwrap();
        assert_eq!(last, "No document has the field `year`, so nothing fits this `where`.");
        // without fields there is no `where`, and nothing is told of it
        let spec = specs(&Face::faithful("")).remove(0);
        assert!(spec.parameters["properties"]["where"].is_null());
        assert_eq!(
            ids(&call_of(&corpus, tool, &Face::faithful(""), asked, &[]).unwrap()),
            ["0"]
        );
    }
}
