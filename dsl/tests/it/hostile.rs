//! Whatever the bytes are, compiling ends, soon, with a diagnostic.

use crate::memory::Memory;
use crate::spec::blocks;
use proptest::prelude::*;
use troupe_dsl::{Compiled, compile};

fn run(bytes: &[u8]) -> Compiled {
    let compiled = compile("hostile.yaml", bytes, &Memory::of_the_manual());
    assert!(
        compiled.workflow.is_some() != compiled.has_errors(),
        "no workflow without a reason"
    );
    for diagnostic in &compiled.diagnostics {
        for label in &diagnostic.labels {
            let file = compiled
                .sources
                .get(label.span.source)
                .expect("a span points into a file that is there");
            assert!(label.span.end as usize <= file.text.len().max(1), "{diagnostic:?}");
            assert!(
                file.text
                    .get(label.span.start as usize..label.span.end as usize)
                    .is_some(),
                "{diagnostic:?}"
            );
        }
    }
    compiled
}

fn first(bytes: &[u8]) -> String {
    let compiled = run(bytes);
    let first = compiled.diagnostics.first().expect("something is wrong");
    format!("{}: {}", first.code, first.message)
}

#[test]
fn bytes_that_are_no_workflow() {
    insta::assert_snapshot!(first(b""), @"T0004: the file is empty");
    insta::assert_snapshot!(first(b"# only a comment\n"), @"T0004: the file is empty");
    insta::assert_snapshot!(first(b"troupe: 1\nname: \xff\n"), @"T0001: the file is not UTF-8 text: byte 16 (0xff, line 2) does not fit");
    insta::assert_snapshot!(first(b"troupe: 1\0\nsteps: {a: {run: [x]}}\n"), @"T0003: a character that cannot be printed stands here (U+0000)");
    insta::assert_snapshot!(first(b"just text"), @"T0004: a workflow is a mapping of keys, and this is text");
    insta::assert_snapshot!(first(b"- a\n- b\n"), @"T0004: a workflow is a mapping of keys, and this is a list");
    insta::assert_snapshot!(first(b"troupe: 1\n\tname: x\nsteps: {a: {run: [x]}}\n"), @"T0012: the line is indented with a tab, and YAML is indented with spaces");
    insta::assert_snapshot!(first(b"troupe: 1\nsteps: {a: {run: [x]}}\n---\ntroupe: 1\n"), @"T0006: a second document starts here, and a workflow is one document");
    insta::assert_snapshot!(first(b"troupe: 1\nsteps: {a: &a {run: [x, *a]}}\n"), @"T0006: this alias stands inside the value that it names");
    insta::assert_snapshot!(first(b"troupe: 1\nsteps: {a: {run: [x]}, [1]: 2}\n"), @"T0006: a key must be a word, and this is a list or a mapping");
    insta::assert_snapshot!(first(b"troupe: 1\nsteps: *nothing\n"), @"T0007: a value that starts with `*` must stand in quotes: YAML gives that character a meaning of its own");
}

#[test]
fn a_huge_file_is_refused_by_its_size() {
    insta::assert_snapshot!(first(&vec![b'a'; 100 << 20]), @"T0002: the file has 104857600 bytes, and a workflow may have at most 4194304");
}

#[test]
fn an_alias_bomb_is_counted_and_not_copied() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..40 {
        let before = level - 1;
        let items = vec![format!("*a{before}"); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    insta::assert_snapshot!(first(bomb.as_bytes()), @r#"T0002: the file has more than 500000 values, those that aliases repeat included"#);
}

#[test]
fn depth_costs_an_error_and_no_stack() {
    let deep = |open: &str, close: &str| format!("x: {}1{}", open.repeat(10_000), close.repeat(10_000));
    assert!(first(deep("[", "]").as_bytes()).starts_with("T000"));
    assert!(first(deep("{a: ", "}").as_bytes()).starts_with("T000"));
    let mut block = String::new();
    for level in 0..10_000 {
        block.push_str(&" ".repeat(level % 900));
        block.push_str("a:\n");
    }
    run(block.as_bytes());
    let stairs: String = (0..500).map(|level| " ".repeat(level) + "a:\n").collect();
    insta::assert_snapshot!(first(stairs.as_bytes()), @"T0002: lists and mappings stand more than 64 deep inside each other");
    run("- ".repeat(100_000).as_bytes());
    run("? ".repeat(100_000).as_bytes());
}

#[test]
fn texts_that_invite_quadratic_work() {
    let head = "troupe: 1\nsteps:\n  a:\n    agent: x\n    prompt: ";
    for body in [
        "${{ ".repeat(500_000),
        "${{ \"\\\"".repeat(400_000),
        format!("\"{}\"", "${{ a }}\\n".repeat(200_000)),
        format!("'{}'", "''".repeat(1_000_000)),
        format!("|\n      {}", "${{ 'a".repeat(400_000)),
        "*".repeat(3_000_000),
        format!("{}${{{{", " ".repeat(3_000_000)),
    ] {
        run(format!("{head}{body}\n").as_bytes());
    }
    let cut: String = (0..60_000).map(|n| format!("a{n}: (, )b{n}, ")).collect();
    run(format!("troupe: 1\nsteps: {{{cut}}}\n").as_bytes());
    let keys: String = (0..200_000).map(|n| format!("k{n}: 1\n")).collect();
    run(keys.as_bytes());
    let same = "k: 1\n".repeat(200_000);
    run(same.as_bytes());
    let steps: String = (0..20_000)
        .map(|n| format!("  s{n}: {{run: [a], needs: [s{}]}}\n", n + 1))
        .collect();
    run(format!("troupe: 1\nsteps:\n{steps}").as_bytes());
}

#[test]
fn names_that_invite_quadratic_work() {
    let name = |n: usize| format!("{n:05}_abcdefghijklmnopqrstuvwxyz_abcdefghijklmnopqrstuvwxyz");
    let steps: String = (0..20_000)
        .map(|n| format!("  s{}: {{run: [a], needs: [t{}]}}\n", name(n), name(n)))
        .collect();
    run(format!("troupe: 1\nsteps:\n{steps}").as_bytes());
    let keys: String = (0..50_000).map(|n| format!("k{n}: 1\n")).collect();
    run(format!("{keys}{keys}").as_bytes());
    let corpora: String = (0..20_000).map(|n| format!("  c{n}: corpus/*\n")).collect();
    let tools: String = (0..20_000).map(|n| format!("c{n}, ")).collect();
    let agents = "model: builtin/reader, tools";
    let agents = format!("  a: {{{agents}: &t [{tools}]}}\n  b: {{{agents}: *t}}\n");
    run(format!("troupe: 1\ncorpora:\n{corpora}agents:\n{agents}").as_bytes());
}

#[test]
fn text_that_aliases_repeat_is_counted_by_its_length() {
    let text = "x".repeat(1 << 20);
    let repeats = "*a, ".repeat(100_000);
    insta::assert_snapshot!(first(format!("a: &a {text}\nb: [{repeats}]\n").as_bytes()), @r#"T0002: the file has more than 500000 values, those that aliases repeat included"#);
}

#[test]
fn types_that_grow_are_cut() {
    let doubling = ".map(a, {'l': a, 'r': a})".repeat(100);
    let when = format!("troupe: 1\nsteps:\n  a:\n    run: [x]\n    when: \"[[1]{doubling}].size() > 0\"\n");
    assert_eq!(run(when.as_bytes()).diagnostics, []);
    let fields: String = (0..2_000).map(|n| format!("f{n}: string, ")).collect();
    insta::assert_snapshot!(
        first(format!("troupe: 1\ninputs: {{a: {{{fields}}}}}\nsteps: {{s: {{run: [x]}}}}\n").as_bytes()),
        @"T0301: the type has more than 1000 parts"
    );
}

#[test]
fn prompt_files_are_bounded_together() {
    let files = Memory([("p.md".to_owned(), vec![b'x'; 16 << 20])].into());
    let agents: String = (0..6)
        .map(|n| format!("  a{n}: {{model: builtin/reader, system: p.md}}\n"))
        .collect();
    let compiled = compile("w.yaml", format!("troupe: 1\nagents:\n{agents}").as_bytes(), &files);
    let codes: Vec<&str> = compiled.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["T0108", "T0603", "T0603"]);
}

#[test]
fn messages_are_bounded() {
    let name = "n".repeat(1 << 20);
    let text = format!("troupe: 1\n{name}: 1\nsteps: {{a: {{agent: {name}, prompt: x}}}}\n");
    for d in run(text.as_bytes()).diagnostics {
        assert!(d.message.len() < 2_000 && d.hints.iter().all(|hint| hint.len() < 2_000));
    }
}

#[test]
fn expressions_just_within_the_bounds_fit_into_a_small_stack() {
    for expression in [
        "!".repeat(399) + "true",
        "-".repeat(399) + "1",
        "1+".repeat(399) + "1",
        "true?1:".repeat(80) + "2",
        "1<2&&".repeat(130) + "true",
        "env".to_owned() + &".a".repeat(399),
        "[1]".to_owned() + &"[0]".repeat(390),
        "(".repeat(32) + "1" + &")".repeat(32),
        "[".repeat(32) + "1" + &"]".repeat(32),
        "[1]".to_owned() + &".map(x, x)".repeat(130),
        "[1].map(a, ".repeat(15) + "1" + &")".repeat(15),
    ] {
        run(format!("troupe: 1\nsteps:\n  a:\n    run: [x]\n    when: |\n      {expression}\n").as_bytes());
    }
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let texts: Vec<String> = blocks().into_iter().map(|(_, block)| block.text).collect();
    let edit = (any::<prop::sample::Index>(), 0..6_usize, any::<u8>());
    (prop::sample::select(texts), prop::collection::vec(edit, 1..8)).prop_map(|(text, edits)| {
        let mut bytes = text.into_bytes();
        let tricks: [&[u8]; 6] = [b"${{", b"}}", b"\n  ", b": ", b"*", b"\""];
        for (at, kind, byte) in edits {
            let at = at.index(bytes.len() + 1);
            match kind {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => drop(bytes.remove(at)),
                2 => bytes.truncate(at.max(1)),
                3 => bytes.insert(at, byte),
                _ => drop(bytes.splice(at..at, tricks[byte as usize % tricks.len()].iter().copied())),
            }
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_end_in_a_report(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        run(&bytes);
    }

    #[test]
    fn arbitrary_text_ends_in_a_report(text in "(\\PC|[\\n\\t {}\\[\\]:,*&!|>'\"$#-]){0,300}") {
        run(text.as_bytes());
    }

    #[test]
    fn a_damaged_workflow_ends_in_a_report(bytes in mutated()) {
        run(&bytes);
    }

    #[test]
    fn an_arbitrary_expression_ends_in_a_report(expression in "[a-z.()\\[\\]{}'\"+*/%?:&|!<>=0-9 ,]{0,80}") {
        run(format!("troupe: 1\nsteps:\n  a:\n    run: [x]\n    when: |\n      {expression}\n").as_bytes());
    }
}
