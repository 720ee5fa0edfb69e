//! What people read, as it stands on their screen.

use crate::memory::{Memory, compiled};
use std::fmt::Write;
use troupe_core::diagnostic::Severity;
use troupe_dsl::{Compiled, compile};

/// Every diagnostic with its line, a caret under its place, and its hints.
fn rendered(text: &str) -> String {
    told(&compiled(text))
}

fn told(compiled: &Compiled) -> String {
    let mut shown = String::new();
    for d in &compiled.diagnostics {
        let word = if d.severity == Severity::Error {
            "error"
        } else {
            "warning"
        };
        let _ = writeln!(shown, "{word}[{}]: {}", d.code, d.message);
        for label in &d.labels {
            let file = compiled.sources.get(label.span.source).expect("the file is there");
            let (line, column) = file.line_column(label.span.start);
            let text = file.text.lines().nth(line - 1).unwrap_or("");
            let under = &file.text[label.span.start as usize..label.span.end as usize];
            let width = under.lines().next().unwrap_or("").chars().count().max(1);
            let _ = writeln!(shown, "  {}:{line}:{column}", file.name);
            let _ = writeln!(shown, "  | {text}");
            let _ = writeln!(
                shown,
                "  | {}{} {}",
                " ".repeat(column - 1),
                "^".repeat(width),
                label.text
            );
        }
        for hint in &d.hints {
            let _ = writeln!(shown, "  = {hint}");
        }
    }
    shown.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn all_mistakes_of_a_file_come_at_once_in_its_order() {
    insta::assert_snapshot!(rendered(
        "troupe: 1
inputs:
  question: strng
agents:
  seeker: { modle: builtin/reader }
steps:
  ask:
    agent: seker
    prompt: ${{ inputs.qestion }}
    time_out: 5m
outputs:
  answer: ${{ steps.ask.outputs }}
"
    ), @r#"
    error[T0301]: there is no type `strng`
      workflow.yaml:3:13
      |   question: strng
      |             ^^^^^
      = did you mean `string`?
    error[T0101]: an agent has no key `modle`
      workflow.yaml:5:13
      |   seeker: { modle: builtin/reader }
      |             ^^^^^
      = did you mean `model`?
      = allowed keys: `model`, `system`, `tools`, `team`, `limits`, `description`
    error[T0204]: there is no agent `seker`
      workflow.yaml:8:12
      |     agent: seker
      |            ^^^^^
      = did you mean `seeker`?
      = agents: `seeker`
    error[T0202]: there is no input `qestion`
      workflow.yaml:9:24
      |     prompt: ${{ inputs.qestion }}
      |                        ^^^^^^^
      = did you mean `question`?
      = inputs: `question`
    error[T0101]: a step has no key `time_out`
      workflow.yaml:10:5
      |     time_out: 5m
      |     ^^^^^^^^
      = did you mean `timeout`?
      = keys that go with `agent`: `prompt`, `when`, `needs`, `for_each`, `as`, `parallel`, `key`, `repeat`, `retry`, `timeout`, `limits`, `on_error`, `cache`, `output`, `description`
    error[T0208]: `ask` has one output, and no list of them
      workflow.yaml:12:25
      |   answer: ${{ steps.ask.outputs }}
      |                         ^^^^^^^
      workflow.yaml:7:3
      |   ask:
      |   ^^^ `ask` is declared here
      = write `steps.ask.output`
    "#);
}

#[test]
fn a_field_is_looked_up_in_the_declared_type() {
    insta::assert_snapshot!(rendered(
        "troupe: 1
agents:
  a: { model: builtin/reader }
steps:
  find:
    agent: a
    prompt: Find all.
    output: { rows: [{ paper: string, items: integer | null }] }
  check:
    for_each: steps.find.output
    as: row
    agent: a
    prompt: |
      Look at this:
        ${{ steps.find.output.rows.map(r, r.papre) }}
      and at ${{ steps.find.output.rows.paper }}.
"
    ), @r#"
    error[T0304]: `for_each` goes through a list, and this is {rows: [{paper: string, items: integer | null}]}
      workflow.yaml:10:15
      |     for_each: steps.find.output
      |               ^^^^^^^^^^^^^^^^^
      = did you mean its field `rows`?
    error[T0303]: there is no field `papre` here
      workflow.yaml:15:45
      |         ${{ steps.find.output.rows.map(r, r.papre) }}
      |                                             ^^^^^
      = did you mean `paper`?
      = fields: `paper`, `items`
    error[T0303]: a list has no field `paper`
      workflow.yaml:16:41
      |       and at ${{ steps.find.output.rows.paper }}.
      |                                         ^^^^^
      = its items do: `.map(x, x.paper)` gives all of them, `[0].paper` the first
    "#);
}

#[test]
fn a_cycle_is_shown_with_every_reference_in_it() {
    insta::assert_snapshot!(rendered(
        "troupe: 1
steps:
  one:
    run: [echo, '${{ steps.three.output.stdout }}']
  two:
    run: [echo]
    needs: [one]
  three:
    run: [echo, \"${{ steps.two.output.stdout }}\"]
  own:
    run: [echo]
    when: steps.own.output.exit_code == 0
"
    ), @r#"
    error[T0501]: these steps wait for each other: one → three → two → one
      workflow.yaml:4:28
      |     run: [echo, '${{ steps.three.output.stdout }}']
      |                            ^^^^^ `one` waits for `three` here
      workflow.yaml:9:28
      |     run: [echo, "${{ steps.two.output.stdout }}"]
      |                            ^^^ `three` waits for `two` here
      workflow.yaml:7:13
      |     needs: [one]
      |             ^^^ `two` waits for `one` here
      = remove one of these references
    error[T0501]: the step `own` waits for itself
      workflow.yaml:12:17
      |     when: steps.own.output.exit_code == 0
      |                 ^^^
      = a step sees the outputs of other steps only
    "#);
}

#[test]
fn traps_of_yaml_are_named() {
    let step = |line: &str| rendered(&format!("troupe: 1\nsteps:\n  a:\n    run: [echo]\n    {line}\n"));
    insta::assert_snapshot!(step("when: env.A == 'x' ? true : false"), @r#"
    error[T0007]: text with `: ` inside must stand in quotes: YAML takes it for a key
      workflow.yaml:5:11
      |     when: env.A == 'x' ? true : false
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = write "env.A == 'x' ? true : false"
    "#);
    insta::assert_snapshot!(step("when: !has(env.A)"), @r#"
    error[T0007]: a value that starts with `!` must stand in quotes: YAML takes the word for a tag
      workflow.yaml:5:11
      |     when: !has(env.A)
      |           ^^^^^^^^^^^
      = write '!has(env.A)'
    "#);
    insta::assert_snapshot!(step("when: 'a' == env.A"), @r#"
    error[T0007]: YAML ends this value at its closing quote or bracket, and then there is more
      workflow.yaml:5:11
      |     when: 'a' == env.A
      |           ^^^^^^^^^^^^
      = write "'a' == env.A"
    "#);
    insta::assert_snapshot!(step("env: { A: ${{ env.B }} }"), @r#"
    error[T0007]: an expression inside `{…}` or `[…]` must stand in quotes: YAML reads its braces as its own
      workflow.yaml:5:15
      |     env: { A: ${{ env.B }} }
      |               ^^^^^^^^^^^^
      = write '${{ env.B }}'
    "#);
    insta::assert_snapshot!(step("env: { A: x, B: inputs.rows[0].id }"), @r#"
    error[T0007]: a value with a bracket or a comma inside must stand in quotes here: in `{…}` and `[…]` YAML reads it as its own
      workflow.yaml:5:21
      |     env: { A: x, B: inputs.rows[0].id }
      |                     ^^^^^^^^^^^^^^^^^
      = write 'inputs.rows[0].id'
    "#);
    insta::assert_snapshot!(step("env: { A: f(inputs.row, \"\"), B: x }"), @r#"
    error[T0007]: a value with a bracket or a comma inside must stand in quotes here: in `{…}` and `[…]` YAML reads it as its own
      workflow.yaml:5:15
      |     env: { A: f(inputs.row, ""), B: x }
      |               ^^^^^^^^^^^^^^^^^
      = write 'f(inputs.row, "")'
    "#);
    insta::assert_snapshot!(step("\twhen: true"), @r#"
    error[T0012]: the line is indented with a tab, and YAML is indented with spaces
      workflow.yaml:5:1
      |     	when: true
      | ^^^^^
      = put spaces in its place, two for each level, or let `troupe fmt` and your editor do so
    "#);
    insta::assert_snapshot!(rendered("troupe: 1\nsteps:\n  - run: [echo]\n"), @r#"
    error[T0103]: `steps` takes a mapping: names with steps, and this is a list
      workflow.yaml:3:3
      |   - run: [echo]
      |   ^^^^^^^^^^^^^
      = a mapping is made of `name: …`, without `-`
    "#);
    insta::assert_snapshot!(step("stdin: ${{ env.A + ' #1' }}"), @r#"
    error[T0007]: an expression with ` #` inside must stand in quotes: YAML takes the rest for a comment
      workflow.yaml:5:12
      |     stdin: ${{ env.A + ' #1' }}
      |            ^^^^^^^^^^^^^^^^^^^^
      = write "${{ env.A + ' #1' }}"
    "#);
    insta::assert_snapshot!(step("stdin: *all of it"), @r#"
    error[T0007]: a value that starts with `*` must stand in quotes: YAML gives that character a meaning of its own
      workflow.yaml:5:12
      |     stdin: *all of it
      |            ^^^^^^^^^^
      = write '*all of it'
    "#);
    insta::assert_snapshot!(step("stdin: on"), @r#"
    error[T0008]: `on` without quotes is a boolean to some YAML tools and text to others
      workflow.yaml:5:12
      |     stdin: on
      |            ^^
      = write 'on' for the text, or true for the boolean
    "#);
    insta::assert_snapshot!(step("stdin: [broken"), @r#"
    error[T0010]: this `[` is never closed
      workflow.yaml:5:12
      |     stdin: [broken
      |            ^
      = write [broken]
    "#);
}

#[test]
fn what_stands_around_a_condition_is_refused() {
    let step = |line: &str| rendered(&format!("troupe: 1\nsteps:\n  a:\n    run: [echo]\n    {line}\n"));
    insta::assert_snapshot!(step("when: ${{ env.A == 'x' }}"), @r#"
    error[T0403]: `when` is an expression already, and takes no `${{ }}` around it
      workflow.yaml:5:11
      |     when: ${{ env.A == 'x' }}
      |           ^^^^^^^^^^^^^^^^^^^
      = write `when: env.A == 'x'`
    "#);
    insta::assert_snapshot!(step("when: is ${{ env.A }} good"), @r#"
    error[T0403]: `when` is an expression, and this is text with expressions in it, which would always count as true
      workflow.yaml:5:11
      |     when: is ${{ env.A }} good
      |           ^^^^^^^^^^^^^^^^^^^^
      = write one expression without `${{ }}`, such as `when: inputs.name != ""`
    "#);
}

#[test]
fn a_shell_gets_no_values_in_its_text() {
    insta::assert_snapshot!(rendered(
        "troupe: 1\ninputs: { name: string }\nsteps:\n  a:\n    run: |\n      cd data\n      wc -l ${{ inputs.name }}\n"
    ), @r#"
    error[T0406]: a value put into a shell's text would be read as code
      workflow.yaml:7:13
      |       wc -l ${{ inputs.name }}
      |             ^^^^^^^^^^^^^^^^^^
      = hand it over as a variable: `env: { VALUE: '${{ inputs.name }}' }`, and write "$VALUE" in the command
      = or write the command as a list, which no shell reads: `run: [program, argument]`
    "#);
}

#[test]
fn arguments_are_checked_item_by_item() {
    insta::assert_snapshot!(rendered(
        "troupe: 1
inputs: { n: integer }
corpora: { papers: corpus/*.md }
steps:
  a:
    tool: papers.keyword_search
    with: { keywords: [x, 3, '${{ inputs.n }}'], top_n: 2 }
  b:
    tool: papers.read
"
    ), @r#"
    error[T0304]: an item of `keywords` takes string, and this is integer 3
      workflow.yaml:7:27
      |     with: { keywords: [x, 3, '${{ inputs.n }}'], top_n: 2 }
      |                           ^
      = text that looks like a number or a boolean stands in quotes
    error[T0304]: an item of `keywords` takes string, and this is integer
      workflow.yaml:7:35
      |     with: { keywords: [x, 3, '${{ inputs.n }}'], top_n: 2 }
      |                                   ^^^^^^^^
      = `string(inputs.n)` makes text of it
    error[T0305]: `papers.keyword_search` has no argument `top_n`
      workflow.yaml:7:50
      |     with: { keywords: [x, 3, '${{ inputs.n }}'], top_n: 2 }
      |                                                  ^^^^^
      = did you mean `top_k`?
      = its arguments: `keywords`, `top_k`
    error[T0206]: there is no tool `papers.read`
      workflow.yaml:9:11
      |     tool: papers.read
      |           ^^^^^^^^^^^
      = did you mean `papers.read_chunk`?
      = tools: `papers.keyword_search`, `papers.semantic_search`, `papers.read_chunk`, `papers.hybrid_search`, `papers.outline`, `papers.verify_citations`
    "#);
}

#[test]
fn what_may_be_null_is_told_with_a_way_out_that_works() {
    insta::assert_snapshot!(rendered(
        "troupe: 1
inputs: { note: string | null, rows: [{ a: string | null }], sure: boolean | null }
steps:
  skipped: { run: [echo], when: 'inputs.rows.size() > 3' }
  a:
    run: [echo, '${{ inputs.note.trim() }}', '${{ inputs.rows[0].a.trim() }}']
  b:
    run: [echo, '${{ steps.skipped.output.stdout }}']
  c:
    when: inputs.sure
    run: [echo]
"
    ), @r#"
    error[T0306]: `inputs.note` may be null here
      workflow.yaml:6:22
      |     run: [echo, '${{ inputs.note.trim() }}', '${{ inputs.rows[0].a.trim() }}']
      |                      ^^^^^^^^^^^
      = write `default(inputs.note, …)`, or ask first: `inputs.note != null && …`
      = the step's `when`, or a `filter` of the list, can ask as well
    error[T0306]: `inputs.rows[0].a` may be null here
      workflow.yaml:6:51
      |     run: [echo, '${{ inputs.note.trim() }}', '${{ inputs.rows[0].a.trim() }}']
      |                                                   ^^^^^^^^^^^^^^^^
      = write `inputs.rows[0].a == null ? … : inputs.rows[0].a`, or ask first: `inputs.rows[0].a != null && …`
      = the step's `when`, or a `filter` of the list, can ask as well
    error[T0306]: `steps.skipped.output` may be null here
      workflow.yaml:8:22
      |     run: [echo, '${{ steps.skipped.output.stdout }}']
      |                      ^^^^^^^^^^^^^^^^^^^^
      workflow.yaml:4:34
      |   skipped: { run: [echo], when: 'inputs.rows.size() > 3' }
      |                                  ^^^^^^^^^^^^^^^^^^^^^^ `skipped` is skipped when this is false
      = write `default(steps.skipped.output.stdout, …)`, or ask first: `steps.skipped.output != null && …`
      = the step's `when`, or a `filter` of the list, can ask as well
    error[T0306]: `when` must be true or false, and this may be null
      workflow.yaml:10:11
      |     when: inputs.sure
      |           ^^^^^^^^^^^
      = write `default(inputs.sure, false)`
    "#);
}

#[test]
fn agents_of_the_standard_library_need_a_model() {
    insta::assert_snapshot!(rendered(
        "troupe: 1
steps:
  a: { workflow: std/refine, with: { task: A poem } }
  b: { workflow: std/refin }
"
    ), @r#"
    error[T0607]: the agents of `std/refine` work with this file's default model, and it has none
      workflow.yaml:3:18
      |   a: { workflow: std/refine, with: { task: A poem } }
      |                  ^^^^^^^^^^
      = name one: `defaults: { model: … }`
    error[T0607]: the standard library has no workflow `refin`
      workflow.yaml:4:18
      |   b: { workflow: std/refin }
      |                  ^^^^^^^^^
      = did you mean `refine`?
      = workflows of `std/`: `debate`, `environment`, `environment-attempt`, `refine`, `refine-round`, `verify-citation`, `verify-citations`
    "#);
}

#[test]
fn a_mistake_in_a_called_workflow_is_told_once_and_there() {
    let mut files = Memory::of_the_manual();
    let text = "troupe: 1\nsteps:\n  s: { agent: nobody, prompt: Hello. }\n";
    files.0.insert("called/one.yaml".into(), text.into());
    let text = "troupe: 1\nsteps:\n  a: { workflow: called/one.yaml }\n  b: { workflow: called/one.yaml }\n";
    insta::assert_snapshot!(told(&compile("workflow.yaml", text.as_bytes(), &files)), @r#"
    error[T0204]: there is no agent `nobody`
      called/one.yaml:3:15
      |   s: { agent: nobody, prompt: Hello. }
      |               ^^^^^^
      = there are no agents
    "#);
}

#[test]
fn a_status_tells_whether_there_is_an_output() {
    let sum = |step: &str, condition: &str| {
        let condition = condition.replace("status", &format!("steps.{step}.status"));
        let text = format!(
            "troupe: 1
inputs: {{ go: boolean }}
steps:
  plain: {{ when: inputs.go, run: [x], output: integer }}
  nullable: {{ when: inputs.go, run: [x], output: integer | null }}
  continued: {{ when: inputs.go, run: [x], output: integer, on_error: continue }}
  failing: {{ run: [x], output: integer, on_error: continue }}
outputs:
  o: '${{{{ {condition} ? steps.{step}.output + 1 : 0 }}}}'
"
        );
        let codes: Vec<&str> = compiled(&text).diagnostics.iter().map(|d| d.code).collect();
        codes.join(" ")
    };
    assert_eq!(sum("plain", "status == \"succeeded\""), "");
    assert_eq!(sum("plain", "status != \"skipped\""), "");
    assert_eq!(sum("plain", "status != \"failed\""), "T0306");
    assert_eq!(
        sum("nullable", "status == \"succeeded\""),
        "T0306",
        "it may have given null"
    );
    assert_eq!(sum("continued", "status != \"skipped\""), "T0306", "it may have failed");
    assert_eq!(sum("continued", "status == \"succeeded\""), "");
    assert_eq!(sum("failing", "status != \"failed\""), "");
}

#[test]
fn what_a_round_hands_on_may_read_what_it_was_handed() {
    insta::assert_snapshot!(rendered(
        "troupe: 1
steps:
  try:
    run: [./try.sh]
    repeat:
      until: output.exit_code == 0 || default(carry.failures, 0) > 2
      max: 5
      carry: { failures: '${{ default(carry.failures, 0) + 1 }}', last: '${{ carry.lost }}' }
"
    ), @r#"
    error[T0306]: `carry` may be null here
      workflow.yaml:8:78
      |       carry: { failures: '${{ default(carry.failures, 0) + 1 }}', last: '${{ carry.lost }}' }
      |                                                                              ^^^^^
      = write `default(carry.lost, …)`, or ask first: `carry != null && …`
      = the step's `when`, or a `filter` of the list, can ask as well
    error[T0303]: there is no field `lost` here
      workflow.yaml:8:84
      |       carry: { failures: '${{ default(carry.failures, 0) + 1 }}', last: '${{ carry.lost }}' }
      |                                                                                    ^^^^
      = did you mean `last`?
      = fields: `failures`, `last`
    "#);
}

#[test]
fn numbers_from_outside_are_no_instructions() {
    let codes = |expression: &str| {
        let text = format!(
            "troupe: 1
agents: {{ a: {{ model: builtin/reader }} }}
steps:
  look: {{ run: [x], output: {{ n: integer, rows: [{{ word: low | high, text: string }}] }} }}
  tell: {{ agent: a, prompt: 'It says ${{{{ {expression} }}}}.' }}
outputs: {{ o: '${{{{ steps.tell.output }}}}' }}
"
        );
        let codes: Vec<&str> = compiled(&text).diagnostics.iter().map(|d| d.code).collect();
        codes.join(" ")
    };
    assert_eq!(codes("steps.look.output.n"), "");
    assert_eq!(codes("steps.look.output.rows[0].word"), "");
    assert_eq!(codes("steps.look.output.rows.size()"), "");
    assert_eq!(codes("steps.look.output.rows[0].text"), "T0702");
    assert_eq!(codes("steps.look.output"), "T0702");
    assert_eq!(codes("steps.look.output.rows.map(r, r.text)"), "T0702");
}

#[test]
fn a_section_of_the_wrong_kind_is_one_mistake() {
    let text = "troupe: 1\nagents: [{ name: writer, model: builtin/reader }]\nsteps:\n  a: { agent: writer, prompt: Hello. }\noutputs: { a: \"${{ steps.a.output }}\" }\n";
    insta::assert_snapshot!(rendered(text), @r#"
    error[T0103]: `agents` takes a mapping: names with agents, and this is a list
      workflow.yaml:2:9
      | agents: [{ name: writer, model: builtin/reader }]
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = a mapping is made of `name: …`, without `-`
    "#);
}
