//! A draft becomes a workflow of version 1.

use crate::memory::compiled;
use troupe_dsl::migrate;

const DRAFT: &str = r#"# A draft.
troupe: "0.3" # before 1
inputs:
  question: string
  note: string?   # may be absent
  words: { type: "[string]", description: What to look for }
corpora:
  papers: corpus/*.md
agents:
  reader:
    model: builtin/reader
    system: Answer in view of {{ inputs.note != null }}.
    tools: [papers]
steps:
  ask:
    agent: reader
    prompt: |
      Answer this: {{ inputs.question }}
      and no more. # no comment
    output: { answer: string, source: "string?", also: [integer?] }
  each: # one for each word
    forEach: "{{ inputs.words }}"
    as: word
    max_parallel: 4
    depends_on: [ask]
    if: "{{ inputs.question != '' }}"
    run: [echo, "{{ word }}"]
outputs:
  answer: "{{ steps.ask.output.answer }}"
"#;

fn migrated(text: &str) -> String {
    migrate("w.yaml", text.as_bytes()).unwrap_or_else(|refused| panic!("{refused:?}"))
}

fn refused(text: &str) -> String {
    let refused = migrate("w.yaml", text.as_bytes()).expect_err("it cannot be migrated");
    let first = &refused.0.diagnostics[0];
    format!("{}: {}", first.code, first.message)
}

#[test]
fn a_draft_becomes_version_1() {
    let text = migrated(DRAFT);
    insta::assert_snapshot!(text, @r##"
    # A draft.
    troupe: 1 # before 1
    inputs:
      question: string
      note: string | null   # may be absent
      words: { type: "[string]", description: What to look for }
    corpora:
      papers: corpus/*.md
    agents:
      reader:
        model: builtin/reader
        system: Answer in view of ${{ inputs.note != null }}.
        tools: [papers]
    steps:
      ask:
        agent: reader
        prompt: |
          Answer this: ${{ inputs.question }}
          and no more. # no comment
        output: { answer: string, source: string | null, also: [integer | null] }
      each: # one for each word
        for_each: inputs.words
        as: word
        parallel: 4
        needs: [ask]
        when: "inputs.question != ''"
        run: [echo, "${{ word }}"]
    outputs:
      answer: "${{ steps.ask.output.answer }}"
    "##);
    let compiled = compiled(&text);
    assert!(!compiled.has_errors(), "{:?}", compiled.diagnostics);
}

#[test]
fn a_file_without_a_version_is_a_draft() {
    assert_eq!(
        migrated("# first\nname: a\nsteps:\n  a: { run: [echo], if: env.A }\n"),
        "# first\ntroupe: 1\nname: a\nsteps:\n  a: { run: [echo], when: env.A }\n"
    );
}

#[test]
fn version_1_stays_as_it_is() {
    let text = "troupe: 1\nsteps:\n  a: { run: [echo, \"{{ x }}\"] }\n";
    assert_eq!(migrated(text), text);
    assert_eq!(migrated(&migrated(DRAFT)), migrated(DRAFT));
}

#[test]
fn other_versions_are_refused() {
    insta::assert_snapshot!(refused("troupe: 2\nsteps: {}\n"), @"T0105: the file is of a newer version of the language than this program knows");
    insta::assert_snapshot!(refused("troupe: soon\nsteps: {}\n"), @"T0105: the file is no workflow of a version that is known");
    insta::assert_snapshot!(refused("just: data\n"), @"T0105: the file is no workflow of a version that is known");
    insta::assert_snapshot!(refused("troupe: 0\nsteps: [\n"), @"T0010: this `[` is never closed");
}
