//! A syntax error is told where its author made it, and hides nothing else.

use crate::memory::compiled;
use proptest::prelude::*;
use std::fmt::Write;
use troupe_dsl::Compiled;

const TEXT: &str = r#"troupe: 1
name: sample
inputs:
  question: string
  words: [string]
corpora:
  papers: corpus/*.md
agents:
  reader:
    model: builtin/reader
    tools: [papers]
    limits: { turns: 8, tokens: 60000 }
  writer:
    model: builtin/reader
    system: |
      You write briefly.
      You quote: always.
steps:
  ask:
    agent: reader
    prompt: ${{ inputs.question }}
    timeout: 5m
  list:
    run:
      - echo
      - "${{ steps.ask.output }}"
      - last
    env: { A: "b", C: d }
  write:
    agent: writer
    prompt: |
      Write about this:
      ${{ steps.ask.output }}
    retry: 2
  tell:
    for_each: inputs.words
    as: word
    run: [echo, "${{ word }}"]
outputs:
  answer: ${{ steps.write.output }}
"#;

/// `line code` of everything that is wrong.
fn places(compiled: &Compiled) -> Vec<String> {
    let file = &compiled.sources.files[0];
    compiled
        .diagnostics
        .iter()
        .map(|d| format!("{} {}", file.line_column(d.labels[0].span.start).0, d.code))
        .collect()
}

/// What is told when `from` is written as `to`, and the line of `from`.
fn told(from: &str, to: &str) -> (usize, String) {
    let at = TEXT.find(from).unwrap_or_else(|| panic!("the text has no {from:?}"));
    let line = TEXT[..at].matches('\n').count() + 1;
    let compiled = compiled(&TEXT.replacen(from, to, 1));
    let mut shown = String::new();
    for (place, d) in places(&compiled).iter().zip(&compiled.diagnostics) {
        let _ = write!(shown, "{place} {}; ", d.message);
    }
    (line, shown)
}

/// One text and what it becomes; the code, and how many lines below the first of `from` the mistake is.
const MISTAKES: &[(&str, &str, &str, usize)] = &[
    // A `:` is missing, or the space after it.
    ("troupe: 1", "troupe 1", "T0011", 0),
    ("name: sample", "name sample", "T0011", 0),
    ("inputs:\n", "inputs\n", "T0011", 0),
    ("corpora:\n", "corpora\n", "T0011", 0),
    ("  reader:\n", "  reader\n", "T0011", 0),
    (
        "    model: builtin/reader\n    tools",
        "    model builtin/reader\n    tools",
        "T0011",
        0,
    ),
    ("    tools: [papers]", "    tools [papers]", "T0011", 0),
    ("    limits: {", "    limits {", "T0011", 0),
    ("  writer:\n", "  writer\n", "T0011", 0),
    ("    system: |", "    system |", "T0011", 0),
    ("steps:\n", "steps\n", "T0011", 0),
    ("  ask:\n", "  ask\n", "T0011", 0),
    ("    agent: reader", "    agent reader", "T0011", 0),
    ("    prompt: ${{ inputs", "    prompt ${{ inputs", "T0011", 0),
    ("    prompt: ${{ inputs", "    prompt:${{ inputs", "T0011", 0),
    ("    prompt: ${{ inputs", "    prompt = ${{ inputs", "T0011", 0),
    ("    timeout: 5m", "    timeout 5m", "T0011", 0),
    ("    timeout: 5m", "    timeout:5m", "T0011", 0),
    ("    run:\n", "    run\n", "T0011", 0),
    ("    retry: 2", "    retry 2", "T0011", 0),
    ("outputs:\n", "outputs\n", "T0011", 0),
    ("      - \"${{", "      -\"${{", "T0011", 0),
    ("    run:\n      - echo", "    run: - echo", "T0011", 0),
    ("{ turns: 8, tokens", "{ turns: 8 tokens", "T0011", 0),
    ("\"b\", C: d", "\"b\" C: d", "T0011", 0),
    // A line stands too far left or right.
    ("  reader:\n", "   reader:\n", "T0009", 0),
    ("    tools: [papers]", "     tools: [papers]", "T0009", 0),
    ("    tools: [papers]", "      tools: [papers]", "T0009", 0),
    ("    tools: [papers]", "   tools: [papers]", "T0009", 0),
    ("    limits: {", "      limits: {", "T0009", 0),
    ("    limits: {", "   limits: {", "T0009", 0),
    ("  ask:\n", "   ask:\n", "T0009", 0),
    ("  ask:\n", "    ask:\n", "T0009", 0),
    ("    agent: reader", "     agent: reader", "T0009", 0),
    ("    agent: reader", "   agent: reader", "T0009", 0),
    ("    prompt: ${{ inputs", "      prompt: ${{ inputs", "T0009", 0),
    ("    prompt: ${{ inputs", "   prompt: ${{ inputs", "T0009", 0),
    ("    timeout: 5m", "     timeout: 5m", "T0009", 0),
    ("    timeout: 5m", "   timeout: 5m", "T0009", 0),
    ("  list:\n", "   list:\n", "T0009", 0),
    ("  list:\n", " list:\n", "T0009", 0),
    ("    run:\n", "     run:\n", "T0009", 0),
    ("      - \"${{", "     - \"${{", "T0009", 0),
    ("    env: {", "      env: {", "T0009", 0),
    ("    env: {", "   env: {", "T0009", 0),
    ("steps:\n", " steps:\n", "T0009", 0),
    ("outputs:\n", " outputs:\n", "T0009", 0),
    ("      You quote: always", "    You quote always", "T0009", 0),
    // A bracket or a quote is missing.
    ("[string]\n", "[string\n", "T0010", 0),
    ("[papers]", "[papers", "T0010", 0),
    ("[papers]", "[papers]]", "T0010", 0),
    ("[papers]", "[papers}", "T0010", 0),
    ("tokens: 60000 }", "tokens: 60000", "T0010", 0),
    ("C: d }", "C: d", "T0010", 0),
    ("{ A: \"b\", C: d }", "A: \"b\", C: d }", "T0010", 0),
    ("\"b\", C", "\"b, C", "T0010", 0),
    (
        "      - \"${{ steps.ask.output }}\"",
        "      - \"${{ steps.ask.output }}",
        "T0010",
        0,
    ),
    (
        "prompt: ${{ inputs.question }}",
        "prompt: \"${{ inputs.question }}",
        "T0010",
        0,
    ),
    ("answer: ${{", "answer: \"${{", "T0010", 0),
    ("\"${{ word }}\"]", "\"${{ word }}]", "T0010", 0),
    ("\"${{ word }}\"]", "\"${{ word }}\"", "T0010", 0),
    ("      - echo", "       - echo", "T0009", 0),
    (
        "prompt: ${{ inputs.question }}",
        "prompt: {{ inputs.question }}",
        "T0006",
        0,
    ),
    // A tab.
    ("    tools: [papers]", "\ttools: [papers]", "T0012", 0),
    ("  ask:\n", "\task:\n", "T0012", 0),
    ("    prompt: ${{ inputs", "\t\tprompt: ${{ inputs", "T0012", 0),
    ("    timeout: 5m", "  \ttimeout: 5m", "T0012", 0),
    ("prompt: ${{ inputs.question }}", "prompt:\tHello", "T0012", 0),
    ("      - last", "\t\t\t- last", "T0012", 0),
    // A value that needs quotes.
    (
        "prompt: ${{ inputs.question }}",
        "prompt: Answer: ${{ inputs.question }}",
        "T0007",
        0,
    ),
    ("prompt: ${{ inputs.question }}", "prompt: \"The\" answer", "T0007", 0),
    (
        "prompt: ${{ inputs.question }}",
        "prompt: \"say \"hi\" now\"",
        "T0007",
        0,
    ),
    ("prompt: ${{ inputs.question }}", "prompt: @all", "T0007", 0),
    ("prompt: ${{ inputs.question }}", "prompt: `all`", "T0007", 0),
    ("prompt: ${{ inputs.question }}", "prompt: *all", "T0007", 0),
    ("prompt: ${{ inputs.question }}", "prompt: | Hello", "T0007", 0),
    ("prompt: ${{ inputs.question }}", "prompt: \"\\d+\"", "T0007", 0),
    ("\"${{ word }}\"]", "${{ word }}]", "T0007", 0),
    // Others.
    ("outputs:\n", "---\noutputs:\n", "T0006", 0),
    ("name: sample", "name: sam\0ple", "T0003", 0),
];

#[test]
fn the_text_is_free_of_mistakes() {
    assert_eq!(places(&compiled(TEXT)), Vec::<String>::new());
}

#[test]
fn a_syntax_error_is_told_alone_and_where_it_is() {
    let mut wrong = Vec::new();
    for (from, to, code, below) in MISTAKES {
        let (line, shown) = told(from, to);
        let alone = shown.matches("; ").count() == 1;
        if !alone || !shown.starts_with(&format!("{} {code} ", line + below)) {
            wrong.push(format!("{from:?} → {to:?}, line {line}, {code}: {shown}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        MISTAKES.len(),
        wrong.join("\n")
    );
}

#[test]
fn mistakes_do_not_hide_each_other() {
    let others = [
        ("question: string", "question: strng", "T0301"),
        ("for_each: ", "for_eech: ", "T0101"),
        ("retry: 2", "retry: 0", "T0104"),
    ];
    let mut wrong = Vec::new();
    for (from, to, code, _) in MISTAKES {
        for (other_from, other_to, other) in others {
            let text = TEXT.replacen(from, to, 1);
            if !text.contains(other_from) {
                continue;
            }
            let found = places(&compiled(&text.replacen(other_from, other_to, 1)));
            for code in [code, &other] {
                if !found.iter().any(|place| place.ends_with(code)) {
                    wrong.push(format!("{to:?} with {other_to:?}: {code} is not among {found:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn an_item_that_is_read_as_text_is_told() {
    for (from, to, code) in [
        ("      - last", "        - last", "T0009"),
        ("      - echo", "      -echo", "T0011"),
    ] {
        let (line, shown) = told(from, to);
        assert!(shown.starts_with(&format!("{line} {code} ")), "{to:?}: {shown}");
    }
}

/// One line of the text, damaged.
fn damaged() -> impl Strategy<Value = (usize, String)> {
    let lines = TEXT.lines().count();
    let spoilt = (
        6..lines,
        any::<prop::sample::Index>(),
        0..9_usize,
        any::<prop::sample::Index>(),
    );
    spoilt.prop_map(|(number, at, kind, mark)| {
        let marks = [":", "\"", "'", "[", "]", "{", "}", ",", "- ", "\t", ": ", "*", "${{"];
        let mut lines: Vec<String> = TEXT.lines().map(str::to_owned).collect();
        let line = &mut lines[number];
        let places: Vec<usize> = line.char_indices().map(|(at, _)| at).collect();
        let place = *at.get(&places);
        match kind {
            0 => line.insert(0, ' '),
            1 => line.insert_str(0, "   "),
            2 => line.insert(0, '\t'),
            3 => *line = line.replacen(' ', "", 1),
            4 => drop(line.remove(place)),
            5 => line.truncate(place),
            6 => *line = line.replacen(':', "", 1),
            _ => line.insert_str(place, marks[mark.index(marks.len())]),
        }
        (number, lines.join("\n") + "\nbogus: 1\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    /// Wherever YAML breaks, the type at its beginning and the key at its end are still looked at.
    #[test]
    fn a_syntax_error_hides_no_mistake_elsewhere((number, text) in damaged()) {
        let text = text.replacen("question: string", "question: strng", 1);
        let compiled = compiled(&text);
        let found = places(&compiled);
        let syntax = ["T0003", "T0007", "T0009", "T0010", "T0011", "T0012"];
        let told = compiled.diagnostics.iter().any(|d| syntax.contains(&d.code));
        let last = text.lines().count();
        if told && number + 3 < last {
            prop_assert!(found.contains(&"4 T0301".to_owned()), "{text}\n{found:?}");
            prop_assert!(found.contains(&format!("{last} T0101")), "{text}\n{found:?}");
        }
    }
}

#[test]
fn texts_that_invite_endless_mending() {
    for line in [
        "  a [\n",
        "\" \n",
        "x: \"\n",
        "\ta: [\n",
        "- {\n",
        "a b\n",
        "   x:\n",
        "k: 'a' b\n",
    ] {
        let text = format!("troupe: 1\n{}", line.repeat((4 << 20) / line.len() - 10));
        assert!(compiled(&text).has_errors(), "{line:?}");
    }
}

#[test]
fn a_key_with_a_sign_before_it_hides_nothing_below_its_text() {
    let text = "troupe: 1\ninputs: { question: strng }\nagents:\n  writer:\n    model: builtin/reader\n    *system: |\n      You write.\n      Briefly.\nsteps:\n  ask: { agent: writer, prompt: Hello }\noutputs: { answer: \"${{ steps.ask.output }}\" }\nbogus: 1\n";
    assert_eq!(places(&compiled(text)), ["2 T0301", "6 T0007", "12 T0101"]);
}
