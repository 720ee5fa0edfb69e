//! Formatting: what it does, and what it never does.

use super::*;
use proptest::prelude::*;

fn formatted(text: &str) -> String {
    let once = format("w.yaml", text.as_bytes()).unwrap_or_else(|refused| panic!("{text}\n{refused:?}"));
    let twice = format("w.yaml", once.as_bytes()).expect("what was formatted is YAML");
    assert_eq!(once, twice, "formatting twice is formatting once");
    once
}

#[test]
fn levels_have_two_spaces_and_gaps_one() {
    insta::assert_snapshot!(formatted(
        "# top\ntroupe:   1\n\n\n\nsteps:   # all\n    # the first\n    a:\n        run:\n        -   echo\n        - [ x,y ,  z ]\n        env: {A: b,   C:  { } }   \n        # at the end of a\n    b : {run: [ echo ]}\n\n"
    ), @r"
    # top
    troupe: 1

    steps:   # all
      # the first
      a:
        run:
          - echo
          - [x, y, z]
        env: { A: b, C: {} }
        # at the end of a
      b: { run: [echo] }
    ");
}

#[test]
fn text_moves_as_a_whole() {
    insta::assert_snapshot!(formatted(
        "a:\n     b: |   # why\n         one\n           two  \n\n         three\n     c: >-\n      folded\n      on\n     d: plain\n      text\n     e: \"quoted\n\n       text\"\n     f: |2\n         kept\n"
    ), @r#"
    a:
      b: |   # why
        one
          two  

        three
      c: >-
        folded
        on
      d: plain
        text
      e: "quoted

        text"
      f: |2
          kept
    "#);
}

#[test]
fn items_and_brackets_over_lines() {
    insta::assert_snapshot!(formatted(
        "a:\n- b:  1\n  c: 2\n-   - x\n    - y\n- {\n  d: [\n  1,\n      2 # two\n  ],\n     e: 3\n  }\nf: &g\n    h: 1\ni: *g\nj:\n-   *g\n-\n  k: 1\n"
    ), @r"
    a:
      - b: 1
        c: 2
      - - x
        - y
      - {
        d: [
          1,
          2 # two
        ],
        e: 3
      }
    f: &g
      h: 1
    i: *g
    j:
      - *g
      -
        k: 1
    ");
}

#[test]
fn windows_lines_and_a_missing_end_are_mended() {
    assert_eq!(
        formatted("a: 1\r\nb:\r\n    c: |\r\n        d\r\n"),
        "a: 1\nb:\n  c: |\n    d\n"
    );
    assert_eq!(formatted("a: 1"), "a: 1\n");
    assert_eq!(formatted("# alone"), "# alone");
    assert_eq!(formatted("a: |+\n  b\n\n\nc: 1\n"), "a: |+\n  b\n\n\nc: 1\n");
    assert_eq!(formatted("a: |+\n    b\n\n\n"), "a: |+\n  b\n\n\n");
}

#[test]
fn what_is_not_yaml_is_refused() {
    let refused = format("w.yaml", b"a: [1\nb: 2\n").expect_err("no YAML");
    assert_eq!(refused.0.diagnostics[0].code, "T0010");
    assert!(format("w.yaml", b"a: 1\na: 2\n").is_err());
    assert!(format("w.yaml", b"\xff").is_err());
}

/// A tree in some author's layout.
fn written() -> impl Strategy<Value = String> {
    let word = "[a-z]{1,6}";
    let scalar = prop_oneof![
        word.prop_map(|word| word),
        word.prop_map(|word| format!("\"{word}: # {word}\"")),
        word.prop_map(|word| format!("'{word} ''{word}'")),
        (word, word).prop_map(|(a, b)| format!("{{{a}:  {b},  z: [ {a},{b}]}}")),
        Just("[ ]".to_owned()),
        word.prop_map(|word| format!("{word}   # {word} comment")),
        word.prop_map(|word| format!("|\n    {word}\n\n      {word}  \n")),
        word.prop_map(|word| format!(">-\n  {word}\n  {word}\n")),
    ];
    let leaf = scalar.prop_map(|text| vec![text]);
    let node = leaf.prop_recursive(4, 24, 4, |inner| {
        let children = prop::collection::vec((inner, 1..4_usize, any::<bool>()), 1..4);
        (children, any::<bool>(), 1..5_usize).prop_map(|(children, list, step)| {
            let mut lines = vec![String::new()];
            for (number, (child, gap, comment)) in children.into_iter().enumerate() {
                if comment {
                    lines.push(format!("{}# note {number}", " ".repeat(step)));
                }
                let gap = " ".repeat(gap);
                let head = if list {
                    format!("-{gap}")
                } else {
                    format!("k{number}:{gap}")
                };
                let mut child: Vec<String> = child
                    .iter()
                    .flat_map(|text| text.split('\n').map(str::to_owned))
                    .collect();
                let first = child.remove(0);
                lines.push(format!("{}{head}{first}", " ".repeat(step)));
                lines.extend(child.into_iter().map(|line| {
                    let blank = line.is_empty();
                    if blank {
                        line
                    } else {
                        format!("{}{line}", " ".repeat(step + 1))
                    }
                }));
            }
            lines
        })
    });
    node.prop_map(|lines| format!("root: {}\nlast: 1\n", lines.join("\n")))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_it_says_stays(text in written()) {
        let Some(before) = tree(&text) else { return Ok(()) };
        let after = formatted(&text);
        let tree = tree(&after).expect("what was formatted is YAML");
        prop_assert!(same(&before, &tree), "{text}\n→\n{after}");
        prop_assert_eq!(comments::of(&text, &before), comments::of(&after, &tree));
    }

    #[test]
    fn any_text_is_formatted_or_refused(text in "(\\PC|[\\n\\t {}\\[\\]:,*&!|>'\"$#-]){0,200}") {
        if let Ok(once) = format("w.yaml", text.as_bytes()) {
            prop_assert_eq!(format("w.yaml", once.as_bytes()).expect("it stays YAML"), once);
        }
    }
}
