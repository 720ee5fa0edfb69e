//! A text with `‸` where the cursor stands goes in; what the editor shows comes out.

use super::*;
use crate::files::FileError;
use proptest::prelude::*;
use std::ops::Range;

mod cursors;
mod laws;

/// Files by name, besides the corpus.
struct Beside(&'static [(&'static str, &'static str)]);

impl Files for Beside {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let found = self.0.iter().find(|(name, _)| *name == path);
        found
            .map(|(_, text)| text.as_bytes().to_vec())
            .ok_or(FileError::NotFound)
    }

    fn any_match(&self, _: &str) -> Result<bool, FileError> {
        Ok(true)
    }
}

const NOTHING: Beside = Beside(&[]);

fn marked(text: &str) -> (String, usize) {
    let offset = text.find('‸').expect("the cursor is marked");
    (text.replace('‸', ""), offset)
}

/// A file around one step's lines, each indented by four spaces.
fn around_step(lines: &str) -> String {
    let mut text = String::from(
        "troupe: 1
inputs:
  question: string
  rows: [{ paper: string, items: integer | null, kind: low | high }]
models: { fast: builtin/reader }
corpora: { papers: '*.md' }
agents:
  seeker: { model: fast, tools: [papers] }
  lead: { model: fast, team: [seeker] }
steps:
  find:
    agent: lead
    prompt: ${{ inputs.question }}
    output: { good: boolean, papers: [{ title: string, year: integer }], grade: low | high }
  ask:
    approve: ${{ steps.find.output.papers.map(p, p.title).join(\", \") }}
    choices: [yes please, no]
  here:
",
    );
    for line in lines.lines() {
        text.push_str(&format!("    {line}\n"));
    }
    text.push_str("  after:\n    run: [echo, '${{ steps.here.status }}']\n");
    text
}

fn completions(text: &str) -> Vec<Completion> {
    let (text, offset) = marked(text);
    Analysis::of("w.yaml", &text, &NOTHING).complete(offset)
}

/// The labels offered, in a line.
fn labels(text: &str) -> String {
    let found: Vec<String> = completions(text)
        .into_iter()
        .map(|completion| completion.label)
        .collect();
    found.join(" ")
}

fn in_step(lines: &str) -> String {
    labels(&around_step(lines))
}

/// The labels offered with their details, a line each.
fn detailed(lines: &str) -> String {
    let found = completions(&around_step(lines)).into_iter();
    let lines: Vec<String> = found
        .map(|found| format!("{}: {}", found.label, found.detail))
        .collect();
    lines.join("\n")
}

#[test]
fn keys_of_a_step_follow_its_verb_and_leave_out_what_is_there() {
    insta::assert_snapshot!(in_step("agent: lead\n‸"), @"prompt when needs for_each as parallel key repeat retry timeout limits on_error cache output description");
    insta::assert_snapshot!(in_step("agent: lead\npro‸"), @"prompt");
    insta::assert_snapshot!(in_step("‸"), @"agent discuss plan environment tool run workflow approve prompt with env stdin artifacts choices deadline on_deadline when needs for_each as parallel key repeat retry timeout limits on_error effect on_crash cache sandbox output description");
    insta::assert_snapshot!(in_step("run: [echo]\nst‸din: x"), @"stdin description");
}

#[test]
fn keys_of_inner_mappings_come_with_the_required_first() {
    insta::assert_snapshot!(in_step("agent: lead\nrepeat:\n  ‸"), @"until max carry");
    insta::assert_snapshot!(in_step("agent: lead\nrepeat: { max: 3, ‸ }"), @"until carry");
    insta::assert_snapshot!(in_step("agent: lead\nretry: { ‸"), @"attempts backoff errors");
    insta::assert_snapshot!(labels("troupe: 1\n‸\nsteps: {}\n"), @"name description imports inputs defaults models corpora sandboxes mcp agents outputs limits");
    insta::assert_snapshot!(labels("troupe: 1\nagents:\n  a:\n    model: x\n    t‸\n"), @"tools team system limits description");
    insta::assert_snapshot!(labels("troupe: 1\nagents:\n  a: { model: x, limits: { tu‸ } }\n"), @"turns output_bytes");
    insta::assert_snapshot!(labels("troupe: 1\nmodels:\n  m:\n    pro‸\n"), @"provider");
}

#[test]
fn a_key_comes_with_its_colon_and_takes_the_place_of_what_was_typed() {
    let found = completions("troupe: 1\nste‸\n");
    let inserted: Vec<(&str, Range<usize>)> = found
        .iter()
        .map(|found| (found.insert.as_str(), found.replace.clone()))
        .collect();
    assert_eq!(inserted, [("steps:", 10..13)]);
    let found = completions("troupe: 1\nagents:\n  a:\n    mo‸del: x\n");
    assert_eq!((found[0].insert.as_str(), found[0].replace.clone()), ("model", 27..32));
}

#[test]
fn words_and_names_are_offered_as_values() {
    insta::assert_snapshot!(in_step("agent: lead\non_error: ‸"), @"fail continue");
    insta::assert_snapshot!(in_step("agent: ‸"), @"seeker lead");
    insta::assert_snapshot!(in_step("tool: ‸"), @"papers.keyword_search papers.semantic_search papers.read_chunk papers.hybrid_search papers.outline papers.verify_citations");
    insta::assert_snapshot!(in_step("workflow: std/‸"), @"std/debate std/environment std/environment-attempt std/refine std/refine-round std/verify-citation std/verify-citations");
    insta::assert_snapshot!(in_step("agent: lead\nretry: { attempts: 2, errors: [mo‸] }"), @"model timeout");
    insta::assert_snapshot!(in_step("approve: Go?\nchoices: [a, b]\non_deadline: ‸"), @"a b");
    insta::assert_snapshot!(labels("troupe: 1\nmodels: { fast: builtin/reader }\nagents:\n  a:\n    model: ‸\n"), @"fast builtin/reader openai/ local/");
    insta::assert_snapshot!(labels("troupe: 1\ncorpora: { papers: x }\nagents:\n  a:\n    tools:\n      - ‸\n"), @"papers papers.keyword_search papers.semantic_search papers.read_chunk papers.hybrid_search papers.outline papers.verify_citations");
    insta::assert_snapshot!(labels("troupe: 1\ncorpora:\n  papers:\n    files: x\n    tools:\n      - ‸\n"), @"keyword_search semantic_search read_chunk hybrid_search outline verify_citations");
    insta::assert_snapshot!(labels("troupe: 1\ncorpora:\n  papers:\n    files: x\n    embedder: ‸\n"), @"builtin/static local/ openai/");
    insta::assert_snapshot!(labels("troupe: 1\ncorpora:\n  papers:\n    files: x\n    mode: ‸\n"), @"faithful assisted");
    insta::assert_snapshot!(labels("troupe: 1\ninputs:\n  a: str‸\n"), @"string");
}

#[test]
fn a_step_can_need_those_that_do_not_wait_for_it() {
    insta::assert_snapshot!(in_step("agent: lead\nneeds: [‸]"), @"find ask");
    insta::assert_snapshot!(in_step("agent: lead\nneeds:\n  - ‸"), @"find ask");
    insta::assert_snapshot!(in_step("agent: lead\nprompt: ${{ steps.‸ }}"), @"find ask");
}

#[test]
fn arguments_of_tools_and_workflows_are_keys() {
    let text =
        around_step("workflow: std/refine\nwith: { ‸ }").replacen("models:", "defaults: { model: fast }\nmodels:", 1);
    insta::assert_snapshot!(in_step("tool: papers.keyword_search\nwith:\n  ‸"), @"keywords top_k");
    insta::assert_snapshot!(labels(&text), @"task standard");
}

#[test]
fn variables_are_those_of_the_place() {
    insta::assert_snapshot!(in_step("agent: lead\nprompt: ${{ ‸ }}"), @"inputs steps env size matches string int double bool type dyn has default true false null");
    insta::assert_snapshot!(in_step("agent: lead\nfor_each: inputs.rows\nas: row\nprompt: ${{ r‸ }}"), @"row string true");
    insta::assert_snapshot!(in_step("agent: lead\nprompt: x\nrepeat: { max: 2, carry: 1, until: ou‸ }"), @"output round double");
    insta::assert_snapshot!(in_step("run: [echo, '${{ s‸ }}']"), @"steps secrets size string inputs matches has false");
    insta::assert_snapshot!(labels("troupe: 1\nmodels:\n  m:\n    provider: openai\n    api_key: ${{ ‸ }}\n"), @"env secrets size matches string int double bool type dyn has default true false null");
}

#[test]
fn fields_are_known_at_any_depth() {
    insta::assert_snapshot!(detailed("agent: lead\nprompt: ${{ inputs.‸ }}"), @r"
    question: string
    rows: [{paper: string, items: integer | null, kind: low | high}]
    ");
    insta::assert_snapshot!(detailed("agent: lead\nprompt: ${{ steps.find.‸ }}"), @r"
    output: {good: boolean, papers: [{title: string, year: integer}], grade: low | high}
    status: succeeded | failed | skipped
    errors: [{item: integer, key: string | null, kind: model | tool | process | output | timeout | expression | limit | in_doubt | stopped | internal, message: string}]
    ");
    insta::assert_snapshot!(in_step("agent: lead\nprompt: ${{ steps.find.output.‸ }}"), @"good papers grade size");
    insta::assert_snapshot!(in_step("agent: lead\nprompt: ${{ steps.find.output.papers.filter(p, p.y‸"), @"year");
    insta::assert_snapshot!(in_step("agent: lead\nfor_each: inputs.rows.filter(r, r.‸)\nas: row\nprompt: x"), @"paper items kind size");
    insta::assert_snapshot!(in_step("agent: lead\nfor_each: inputs.rows\nas: row\nprompt: x\nkey: row.‸"), @"paper items kind size");
    insta::assert_snapshot!(in_step("agent: lead\nprompt: ${{ inputs.rows[0].pa‸ }}"), @"paper");
    insta::assert_snapshot!(in_step("agent: lead\nprompt: \"${{ inputs.rows.map(r, {\\\"a\\\": r.it‸ }) }}\""), @"items");
}

#[test]
fn functions_come_by_the_type_before_the_dot() {
    insta::assert_snapshot!(in_step("agent: lead\nprompt: ${{ inputs.question.‸ }}"), @"size contains startsWith endsWith matches lowerAscii upperAscii trim reverse charAt split replace substring indexOf lastIndexOf format");
    insta::assert_snapshot!(in_step("agent: lead\nprompt: ${{ inputs.rows.‸ }}"), @"size join map filter all exists exists_one");
    let found = completions(&around_step("agent: lead\nprompt: ${{ inputs.question.tri‸ }}"));
    assert_eq!(
        (found[0].insert.as_str(), found[0].documentation.as_str()),
        ("trim()", "`text.trim()`")
    );
}

#[test]
fn words_of_a_type_come_behind_a_comparison() {
    insta::assert_snapshot!(in_step("agent: lead\nwhen: steps.find.output.grade == \"‸"), @"low high");
    insta::assert_snapshot!(in_step("agent: lead\nwhen: 'steps.find.output.good && steps.find.output.grade != \"‸\"'"), @"low high");
    insta::assert_snapshot!(in_step("agent: lead\nwhen: steps.ask.output.choice in [\"no\", \"‸\"]"), @"yes please");
    insta::assert_snapshot!(in_step("agent: lead\nwhen: steps.find.status == s‸"), @r#"steps size string "succeeded" "skipped" inputs matches has false"#);
    insta::assert_snapshot!(in_step("agent: lead\nfor_each: inputs.rows.filter(r, r.kind == '‸')"), @"low high");
}

#[test]
fn brackets_and_quotes_that_are_still_open_are_no_obstacle() {
    for line in [
        "prompt: ${{ steps.find.output.gr‸",
        "prompt: '${{ steps.find.output.gr‸'",
        "prompt: '${{ steps.find.output.gr‸",
        "prompt: \"a ${{ steps.find.output.gr‸ }} b\"",
        "when: (true || steps.find.output.gr‸",
        "when: steps.find.output.good ? steps.find.output.gr‸",
        "prompt: |\n  Grade: 1\n  so: ${{ steps.find.output.gr‸ }}\n  more",
        "prompt: |\n  ${{ inputs.question }}\n  so: ${{ steps.find.output.gr‸\n  more",
    ] {
        assert_eq!(in_step(&format!("agent: lead\n{line}")), "grade", "{line}");
    }
    for line in [
        "with: { a: '${{ steps.find.output.gr‸ }}', b: 1 }",
        "with: { a: [1, '${{ steps.find.output.gr‸",
        "with: { a: [1, \"${{ steps.find.output.gr‸\"], b: 1 }",
    ] {
        assert_eq!(in_step(&format!("tool: papers.read_chunk\n{line}")), "grade", "{line}");
    }
}

#[test]
fn nothing_is_offered_in_plain_text() {
    assert_eq!(in_step("agent: lead\nprompt: find ‸"), "");
    assert_eq!(in_step("agent: lead\nprompt: |\n  when: ‸"), "");
    assert_eq!(in_step("agent: lead\nprompt: ${{ inputs.question }} ‸"), "");
    assert_eq!(in_step("agent: lead\nprompt: ${{ inputs.question ‸ }}"), "");
    assert_eq!(in_step("agent: lead\nprompt: ${{ \"in‸\" }}"), "");
}

#[test]
fn what_was_known_stays_known_while_a_text_cannot_be_read() {
    let (text, offset) = marked(&around_step("agent: ‸"));
    let mut analysis = Analysis::of("w.yaml", &text, &NOTHING);
    // Larger than any file may be: nothing of it is read.
    let broken = text.replace(
        "troupe: 1",
        &format!("troupe: 1 # {}", "x".repeat(crate::MAX_WORKFLOW_BYTES)),
    );
    analysis.update(&broken, &NOTHING);
    assert!(!analysis.is_current);
    let found = analysis.complete(offset + broken.len() - text.len());
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(analysis.hover(30), None);
}

fn hovered(text: &str) -> String {
    let (text, offset) = marked(text);
    let hover = Analysis::of("w.yaml", &text, &NOTHING).hover(offset);
    hover.map_or_else(
        || "nothing".to_owned(),
        |hover| format!("[{}] {}", &text[hover.range], hover.text),
    )
}

#[test]
fn hovers_tell_keys_types_and_functions() {
    insta::assert_snapshot!(hovered(&around_step("agent: lead\nprom‸pt: x")), @r"
    [prompt] `prompt` of a step

    What the agents work on.

    Goes with `agent`, `discuss`.
    ");
    insta::assert_snapshot!(hovered(&around_step("agent: lead\nprompt: x\non_error: cont‸inue")), @r"
    [continue] `on_error` of a step

    What a failure that is not retried means: `fail` ends the run; with `continue` the output is null and the failure stands in `steps.NAME.errors`. Default: fail.

    One of `fail`, `continue`.
    ");
    insta::assert_snapshot!(hovered(&around_step("agent: le‸ad\nprompt: x")), @r"
    [lead] agent `lead`

    model: `fast`

    team: `seeker`

    limits: 10 turns, 2000000 tokens
    ");
    insta::assert_snapshot!(hovered(&around_step("agent: lead\nprompt: ${{ inputs.quest‸ion }}")), @"[question] `question`: `string`");
    insta::assert_snapshot!(hovered(&around_step("agent: lead\nprompt: ${{ steps.fi‸nd.output.good }}")), @r"
    [find] step `find` (`agent: lead`)

    output: `{good: boolean, papers: [{title: string, year: integer}], grade: low | high}`
    ");
    insta::assert_snapshot!(hovered(&around_step("agent: lead\nprompt: ${{ steps.find.output.pap‸ers.size() }}")), @"[papers] `papers`: `[{title: string, year: integer}]`");
    insta::assert_snapshot!(hovered(&around_step("agent: lead\nprompt: ${{ inputs.rows.si‸ze() }}")), @"[size] `list.size()` → `integer`");
    insta::assert_snapshot!(hovered(&around_step("agent: lead\nprompt: ${{ inputs.rows.map(r, r.ite‸ms) }}")), @"[items] `items`: `integer | null`");
    insta::assert_snapshot!(hovered(&around_step("agent: lead\nprompt: a wo‸rd")), @"nothing");
    insta::assert_snapshot!(hovered(&around_step("agent: lead\nprompt: x\nneeds: [fin‸d]")), @r"
    [find] step `find` (`agent: lead`)

    output: `{good: boolean, papers: [{title: string, year: integer}], grade: low | high}`
    ");
    insta::assert_snapshot!(hovered("troupe: 1\nmodels: { fa‸st: builtin/reader }\n"), @r"
    [fast] model `fast`: `builtin/reader`

    64 requests at once, 4 attempts, 300 s each
    ");
}

#[test]
fn a_mistake_is_explained_where_it_stands() {
    insta::assert_snapshot!(hovered(&around_step("agent: lead\nprompt: ${{ steps.f‸nd.output }}")), @r"
    [fnd] T0203: unknown step

    `troupe explain T0203`
    ");
}

fn places(text: &str) -> String {
    let (text, offset) = marked(text);
    let analysis = Analysis::of("w.yaml", &text, &NOTHING);
    let line = |span: Span| {
        let (line, column) = analysis.sources().files[0].line_column(span.start);
        format!("{line}:{column} {}", &text[span.start as usize..span.end as usize])
    };
    let declared = analysis
        .definition(offset, &NOTHING)
        .map_or_else(|| "nowhere".to_owned(), line);
    let mut all: Vec<String> = analysis.references(offset).into_iter().map(line).collect();
    all.sort();
    format!("{declared}; all: {}", all.join(", "))
}

#[test]
fn names_are_found_where_they_are_declared_and_used() {
    insta::assert_snapshot!(places(&around_step("agent: lead\nneeds: find\nprompt: ${{ steps.fi‸nd.output.good }}")), @"11:3 find; all: 11:3 find, 16:24 find, 20:12 find, 21:23 find");
    insta::assert_snapshot!(places(&around_step("agent: lead\nprompt: ${{ inputs.quest‸ion }}")), @"3:3 question; all: 13:24 question, 20:24 question, 3:3 question");
    insta::assert_snapshot!(places(&around_step("agent: 'see‸ker'\nprompt: x")), @"8:3 seeker; all: 19:13 seeker, 8:3 seeker, 9:31 seeker");
    insta::assert_snapshot!(places(&around_step("tool: pap‸ers.read_chunk\nwith: { chunk_ids: [] }")), @"6:12 papers; all: 19:11 papers, 6:12 papers, 8:34 papers");
    insta::assert_snapshot!(places(&around_step("agent: lead\nfor_each: inputs.rows\nas: row\nprompt: ${{ ro‸w.paper }}")), @"21:9 row; all: 21:9 row, 22:17 row");
    insta::assert_snapshot!(places(&around_step("agent: lead\nprompt: ${{ inputs.rows.map(r, ‸r.items) }}")), @"nowhere; all:");
}

#[test]
fn the_path_of_a_file_leads_to_it() {
    const FILES: Beside = Beside(&[
        ("shared/a.yaml", "troupe: 1\nmodels: { fast: builtin/reader }\n"),
        ("p.md", "You."),
    ]);
    let text = "troupe: 1\nimports: [shared/a‸.yaml]\nagents: { a: { model: fast, system: p.md } }\nsteps: {}\n";
    let (text, offset) = marked(text);
    let analysis = Analysis::of("w.yaml", &text, &FILES);
    let place = analysis.definition(offset, &FILES).expect("the file is known");
    assert_eq!(
        analysis.sources().get(place.source).map(|file| file.name.as_str()),
        Some("shared/a.yaml")
    );
    let model = analysis
        .definition(text.find("fast").expect("it is there"), &FILES)
        .expect("it is declared");
    assert_eq!(
        analysis.sources().get(model.source).map(|file| file.name.as_str()),
        Some("shared/a.yaml")
    );
    let refused = analysis.rename(text.find("fast").expect("it is there"), "quick", &FILES);
    assert_eq!(
        refused,
        Err("this name is declared in shared/a.yaml: rename it there".into())
    );
}

fn renamed(text: &str, new: &str) -> String {
    let (text, offset) = marked(text);
    let analysis = Analysis::of("w.yaml", &text, &NOTHING);
    match analysis.rename(offset, new, &NOTHING) {
        Err(reason) => reason,
        Ok(edits) => {
            let mut after = text.clone();
            for edit in edits.iter().rev() {
                after.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
            }
            let changed = text
                .lines()
                .zip(after.lines())
                .filter(|(before, after)| before != after);
            changed.map(|(_, after)| after.trim()).collect::<Vec<_>>().join("\n")
        }
    }
}

#[test]
fn a_name_is_changed_in_every_place() {
    let text = around_step(
        "agent: lead\nneeds: [find]\nwhen: default(steps.find.output.good, false)\nprompt: ${{ steps.find.output.grade }}",
    );
    insta::assert_snapshot!(renamed(&text.replacen("find", "fi‸nd", 1), "search"), @r#"
    search:
    approve: ${{ steps.search.output.papers.map(p, p.title).join(", ") }}
    needs: [search]
    when: default(steps.search.output.good, false)
    prompt: ${{ steps.search.output.grade }}
    "#);
    insta::assert_snapshot!(renamed(&around_step("agent: lead\nprompt: x").replacen("seeker", "‸seeker", 1), "reader-2"), @r"
    reader-2: { model: fast, tools: [papers] }
    lead: { model: fast, team: [reader-2] }
    ");
    insta::assert_snapshot!(renamed(&around_step("tool: papers.read_chunk\nwith: { chunk_ids: [] }").replacen("papers", "‸papers", 1), "docs"), @r"
    corpora: { docs: '*.md' }
    seeker: { model: fast, tools: [docs] }
    tool: docs.read_chunk
    ");
    insta::assert_snapshot!(renamed(&around_step("agent: lead\nprompt: x").replacen("fast", "‸fast", 1), "slow"), @r"
    models: { slow: builtin/reader }
    seeker: { model: slow, tools: [papers] }
    lead: { model: slow, team: [seeker] }
    ");
    insta::assert_snapshot!(renamed(&around_step("agent: lead\nfor_each: inputs.rows\nas: r‸ow\nprompt: ${{ row.paper + row.kind }}"), "paper"), @r"
    as: paper
    prompt: ${{ paper.paper + paper.kind }}
    ");
}

#[test]
fn a_name_that_would_not_do_is_refused() {
    let text = around_step(
        "agent: lead\nfor_each: inputs.rows\nas: r‸ow\nprompt: ${{ inputs.rows.map(x, x.paper + row.paper) }}",
    );
    insta::assert_snapshot!(renamed(&text, "x"), @"`x` stands for something else in this step");
    insta::assert_snapshot!(renamed(&text, "steps"), @"an item named `steps` would hide the variable of that name");
    insta::assert_snapshot!(renamed(&text, "a-b"), @"the name of an item is made of letters, digits and `_`, and starts with a letter or `_`");
    insta::assert_snapshot!(renamed(&around_step("prom‸pt: x"), "text"), @"what stands here is no name that this file declares");
    let step = around_step("agent: lead\nprompt: x").replacen("find", "‸find", 1);
    insta::assert_snapshot!(renamed(&step, "here"), @"the name `here` is taken");
    insta::assert_snapshot!(renamed(&step, "in"), @"the name of a step cannot be a word that expressions keep for themselves");
    let input = around_step("agent: lead\nprompt: ${{ inputs[\"question\"] }}").replacen("question", "‸question", 1);
    insta::assert_snapshot!(renamed(&input, "asked"), @"with that name the file would not be right any more: there is no field `question` here");
}

#[test]
fn the_outline_has_sections_with_what_they_declare() {
    fn show(items: &[Outline], depth: usize, lines: &mut Vec<String>) {
        for item in items {
            lines.push(
                format!("{}{} {}", "  ".repeat(depth), item.name, item.detail)
                    .trim_end()
                    .to_owned(),
            );
            show(&item.children, depth + 1, lines);
        }
    }
    let analysis = Analysis::of("w.yaml", &around_step("agent: lead\nprompt: x"), &NOTHING);
    let mut lines = Vec::new();
    show(&analysis.symbols(), 0, &mut lines);
    insta::assert_snapshot!(lines.join("\n"), @r"
    troupe
    inputs
      question string
      rows [{paper: string, items: integer | null, kind: low | high}]
    models
      fast
    corpora
      papers
    agents
      seeker
      lead
    steps
      find agent: lead
      ask approve
      here agent: lead
      after run
    ");
}

#[test]
fn a_hint_becomes_an_edit() {
    let fixed = |lines: &str| -> Vec<String> {
        let text = around_step(lines);
        let analysis = Analysis::of("w.yaml", &text, &NOTHING);
        let fixes = analysis
            .diagnostics()
            .iter()
            .filter_map(|problem| fix(problem, analysis.sources()));
        let fixes = fixes.map(|edit| {
            let place = edit.span.start as usize..edit.span.end as usize;
            format!("{} → {}", &text[place], edit.text)
        });
        fixes.collect()
    };
    assert_eq!(fixed("agent: laed\nprompt: x"), ["laed → lead"]);
    assert_eq!(fixed("agent: 'laed'\npromt: x"), ["laed → lead", "promt → prompt"]);
    assert_eq!(
        fixed("agent: lead\nprompt: ${{ question }}"),
        ["question → inputs.question"]
    );
    assert_eq!(
        fixed("agent: lead\nprompt: ${{ steps.find.good }}"),
        ["steps.find.good → steps.find.output.good"]
    );
}

#[test]
fn a_file_for_others_to_import_needs_no_steps() {
    let analysis = Analysis::of("shared.yaml", "troupe: 1\nmodels: { fast: builtin/reader }\n", &NOTHING);
    assert_eq!(analysis.diagnostics(), []);
    let analysis = Analysis::of("w.yaml", "troupe: 1\nname: x\n", &NOTHING);
    assert_eq!(analysis.diagnostics().len(), 1);
}
