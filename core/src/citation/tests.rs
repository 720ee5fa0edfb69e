//! Citations in texts and fields, the shapes of ids, and what decides a level.

use super::*;
use crate::Value;
use proptest::prelude::*;
use serde_json::json;

const KNOWN: [&str; 8] = [
    "hotpot-00012",
    "hotpot-00013",
    "hotpot-00013#2",
    "2602.01031",
    "report",
    "notes[1]",
    "a,b",
    "7",
];

fn cited(answer: &Value) -> Vec<Citation> {
    let shapes = Shapes::of(KNOWN);
    let known = |id: &str| KNOWN.contains(&id);
    find(
        answer,
        Ids {
            known: &known,
            shapes: &shapes,
        },
    )
}

fn told(text: &str) -> Vec<(String, String)> {
    let citations = cited(&json!(text));
    for citation in &citations {
        assert_eq!(&text[citation.span.clone()], citation.id);
    }
    citations.into_iter().map(|c| (c.id, c.claim)).collect()
}

fn ids(text: &str) -> Vec<String> {
    told(text).into_iter().map(|(id, _)| id).collect()
}

#[test]
fn brackets_with_ids_cite() {
    assert_eq!(ids("Otters swim [hotpot-00012]."), ["hotpot-00012"]);
    assert_eq!(
        ids("[hotpot-00012, 2602.01031; report][7]"),
        ["hotpot-00012", "2602.01031", "report", "7"]
    );
    assert_eq!(
        ids("[chunk hotpot-00012] [Source: report] [id=7]"),
        ["hotpot-00012", "report", "7"]
    );
    assert_eq!(ids("[`report`] [\"report\"]"), ["report", "report"]);
    // ids with brackets and commas of their own
    assert_eq!(ids("[notes[1]] and [a,b]"), ["notes[1]", "a,b"]);
    // a line's end within a bracket is a blank
    assert_eq!(ids("[hotpot-00012,\nreport]"), ["hotpot-00012", "report"]);
}

#[test]
fn what_looks_like_an_id_of_the_corpus_is_one() {
    assert_eq!(
        ids("[hotpot-99999] [hotpot-00012#9] [2602.99999] [123] [report#9] [summary#9]"),
        ["hotpot-99999", "hotpot-00012#9", "2602.99999", "123", "report#9"]
    );
}

#[test]
fn other_brackets_cite_nothing() {
    for text in [
        "he [sic] said [emphasis added] it [...] was [COVID-19] in [Table 2] [well-known] [p. 7, ed. 2]",
        "[report](https://example.org) and ![report](picture.png)",
        "[^1] and\n\n[^report]: a note",
        "[report]: https://example.org",
        "> [report]: <there>",
        "- [x] done\n- [ ] open\n1. [x] done",
        "`[report]` and ``a ` [report]`` and\n```\n[report]\n```\n",
        "~~~\n[report]",
        "\\[report]",
        "[report\n\nhotpot-00012]",
        "[]",
        "[",
    ] {
        assert_eq!(ids(text), Vec::<String>::new(), "{text}");
    }
    // what only looks like a list, a definition or code
    assert_eq!(ids("[report]: otters swim"), ["report"]);
    assert_eq!(ids("a ` and [report]"), ["report"]);
}

#[test]
fn a_claim_is_the_sentence_before() {
    let claims = |text: &str| told(text).into_iter().map(|(_, claim)| claim).collect::<Vec<_>>();
    assert_eq!(claims("One. Two [report]. Three."), ["Two"]);
    assert_eq!(claims("One. Two. [report] Three."), ["Two."]);
    assert_eq!(
        claims("It is 3.5 m long [report][7]."),
        ["It is 3.5 m long", "It is 3.5 m long"]
    );
    assert_eq!(claims("A [report] and B [7]."), ["A", "A and B"]);
    assert_eq!(claims("A [report]. B. [7]\n\nC [7]"), ["A", "B.", "C"]);
    assert_eq!(
        claims("- *first* point [report]\n2. second! [7]"),
        ["first* point", "second!"]
    );
    assert_eq!(claims("[report] Otters swim. Cats do not."), ["Otters swim."]);
    assert_eq!(claims("[report]: Otters swim"), ["Otters swim"]);
    assert_eq!(claims("Sources:\n[report]"), [""]);
}

#[test]
fn fields_hold_ids() {
    let answer = json!({
        "answer": "Otters swim [7].",
        "claims": [
            { "claim": "They eat fish", "chunk": "made up" },
            { "claim": "They dive", "sources": ["report", "Wikipedia", "[hotpot-00012; 2602.99999]"] },
            { "claim": "They sleep", "evidence": [{ "id": "report", "title": "A report" }] },
            { "claim": "They play", "evidence": "\"at play\" [7]" },
        ],
        "chunk_ids": [7],
        "id": "report",
    });
    let told: Vec<String> = cited(&answer)
        .into_iter()
        .map(|c| format!("{} {} | {}", c.place, c.id, c.claim))
        .collect();
    assert_eq!(
        told,
        [
            "answer 7 | Otters swim",
            "claims[0].chunk made up | They eat fish",
            "claims[1].sources[0] report | They dive",
            "claims[1].sources[2] hotpot-00012 | They dive",
            "claims[1].sources[2] 2602.99999 | They dive",
            "claims[2].evidence[0].id report | They sleep",
            "claims[3].evidence 7 | \"at play\"",
            "chunk_ids[0] 7 | Otters swim [7].",
        ]
    );
}

#[test]
fn shapes_tell_ids_from_words() {
    let fit = |ids: &[&str], text: &str| Shapes::of(ids.iter().copied()).fit(text);
    // told apart by digits alone: the letters are part of the shape
    assert!(fit(&["pmid-1", "pmid-22"], "pmid-333"));
    assert!(!fit(&["pmid-1", "pmid-22"], "covid-19"));
    assert!(!fit(&["pmid-1"], "pmid-x"));
    // told apart by letters: their outline is
    assert!(fit(&["smith2020", "jones2021"], "doe1999"));
    assert!(!fit(&["smith2020", "jones2021"], "Doe1999"));
    assert!(fit(&["on-otters", "a-long-way"], "some-other-title"));
    // single words have no shape
    assert!(!fit(&["report", "summary"], "sic"));
    assert!(!fit(&["on-otters", "a-long-way"], "two words"));
    assert!(!fit(&[], "x1"));
    let mut merged = Shapes::of(["smith2020"]);
    merged.merge(Shapes::of(["jones2021"]));
    assert_eq!(merged, Shapes::of(["smith2020", "jones2021"]));
}

#[test]
fn levels() {
    let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
    let (own, run) = (set(&["a"]), set(&["a", "b"]));
    let in_index = |id: &str| match id {
        "lost" => None,
        id => Some(["a", "c"].contains(&id)),
    };
    let grounds = Grounds {
        in_index: &in_index,
        own: &own,
        run: &run,
    };
    let levels = ["a", "b", "c", "d", "lost"].map(|id| grounds.level(id));
    assert_eq!(
        levels,
        [
            Level::Read,
            Level::ReadElsewhere,
            Level::NeverRead,
            Level::NotInIndex,
            Level::Unchecked
        ]
    );
    let counts: Counts = levels.into_iter().collect();
    assert_eq!((counts.total(), counts.faults(), counts.of(Level::Read)), (5, 2, 1));
    for level in Level::ALL {
        assert_eq!(json!(level), level.word());
    }
}

/// Texts of what citations are made of.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            "[", "]", "(", ")", "`", "```", "\n", "\n\n", ", ", "; ", ". ", ":", "^", "\\", "- ", "1. ", "#2", "é", "“", " ",
        ])
        .prop_map(str::to_owned),
        2 => prop::sample::select(KNOWN.to_vec()).prop_map(str::to_owned),
        1 => ".{0,6}",
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn spans_hold_the_ids(text in texts()) {
        let mut last = 0;
        for citation in cited(&json!(text)) {
            prop_assert_eq!(&text[citation.span.clone()], &citation.id);
            prop_assert!(citation.span.start >= last, "in order and apart");
            last = citation.span.end;
            prop_assert!(!citation.claim.contains('\n'));
        }
    }

    #[test]
    fn fields_never_panic_and_spans_lie_inside(text in texts(), field in "(chunk|sources|text)") {
        let answer = json!({ "claim": "x", field.clone(): [text, { "id": text }] });
        for citation in cited(&answer) {
            prop_assert_eq!(text.get(citation.span.clone()), Some(citation.id.as_str()));
        }
    }

    #[test]
    fn known_ids_are_found_between_plain_words(words in "[a-z ]{0,20}", at in 0..KNOWN.len()) {
        let text = format!("{words} [{}] {words}", KNOWN[at]);
        prop_assert_eq!(ids(&text), [KNOWN[at]]);
    }

    #[test]
    fn ids_have_the_shape_of_ids(id in "[a-zA-Z0-9._-]{1,12}[0-9]") {
        prop_assert!(Shapes::of([id.as_str()]).fit(&id));
    }
}
