//! The manual and the examples are laid out as `troupe fmt` lays them out.

use crate::spec::blocks;
use std::path::PathBuf;
use troupe_dsl::format;

#[test]
fn blocks_of_the_manual_stay_as_they_are() {
    let mut formatted = 0;
    for (place, block) in blocks() {
        let Ok(text) = format("w.yaml", block.text.as_bytes()) else {
            continue;
        };
        formatted += 1;
        assert_eq!(text, block.text, "{place}");
    }
    assert!(formatted > 30, "most blocks are YAML");
}

#[test]
fn examples_stay_as_they_are() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the examples are there") {
        let path = entry.expect("they can be listed").path().join("workflow.yaml");
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        seen += 1;
        let formatted =
            format("w.yaml", text.as_bytes()).unwrap_or_else(|refused| panic!("{}: {refused:?}", path.display()));
        assert_eq!(formatted, text, "{}", path.display());
    }
    assert!(seen >= 3, "there are examples");
}

#[test]
fn a_large_file_is_formatted() {
    let steps: String = (0..10_000)
        .map(|n| format!("    s{n}:\n        run: [echo,  x]\n"))
        .collect();
    let text = format("w.yaml", format!("troupe: 1\nsteps:\n{steps}").as_bytes()).expect("it is YAML");
    assert!(text.ends_with("  s9999:\n    run: [echo, x]\n"));
}
