//! What holds for every text and every place in it.

use super::*;

/// Every YAML block of the manual.
fn blocks() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("spec");
    let chapters = std::fs::read_dir(folder).expect("the manual is there");
    let mut blocks = Vec::new();
    for chapter in chapters {
        let text = std::fs::read_to_string(chapter.expect("it can be listed").path()).expect("a chapter can be read");
        let parts = text.split("```yaml\n").skip(1);
        blocks.extend(
            parts
                .filter_map(|part| part.split("\n```").next())
                .map(|block| format!("{block}\n")),
        );
    }
    assert!(blocks.len() > 30, "the manual has examples");
    blocks.sort();
    blocks
}

/// Asks everything at one place.
fn ask_all(analysis: &Analysis, offset: usize) {
    for completion in analysis.complete(offset) {
        assert!(
            analysis.text.is_char_boundary(completion.replace.start),
            "{completion:?}"
        );
        assert!(
            analysis.text.get(completion.replace.clone()).is_some(),
            "{completion:?}"
        );
        assert!(
            completion.replace.start <= offset && offset <= completion.replace.end,
            "{completion:?} at {offset}"
        );
    }
    if let Some(hover) = analysis.hover(offset) {
        assert!(!hover.text.is_empty());
    }
    analysis.definition(offset, &NOTHING);
    analysis.references(offset);
    analysis.symbols();
    if let Ok(edits) = analysis.rename(offset, "another_name", &NOTHING) {
        assert!(!edits.is_empty());
        let mut after = analysis.text.clone();
        for edit in edits.iter().rev() {
            after.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
        }
        assert!(
            Analysis::of("w.yaml", &after, &NOTHING).errors() <= analysis.errors(),
            "{after}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_place_of_any_text_is_answered(block in 0..1_000_usize, at in 0.0..1.0_f64, cut in 0.0..1.0_f64, whole: bool) {
        let blocks = blocks();
        let block = &blocks[block % blocks.len()];
        let mut text = block.clone();
        if !whole {
            let mut end = (cut * text.len() as f64) as usize;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
        let analysis = Analysis::of("w.yaml", &text, &NOTHING);
        ask_all(&analysis, analysis.floor((at * (text.len() + 1) as f64) as usize));
    }

    #[test]
    fn any_bytes_are_answered(text in "[a-c:{}\\[\\]'\"$.|>&*#,\n -]{0,60}", at in 0..61_usize) {
        let text = format!("troupe: 1\nsteps:\n  a:\n    {text}");
        let analysis = Analysis::of("w.yaml", &text, &NOTHING);
        ask_all(&analysis, analysis.floor(text.len().saturating_sub(at)));
    }
}
