//! `troupe eval` where a judge, a table's rules or the index say what an answer is worth.

use crate::fixture::{Place, examples};
use crate::server::{Request, Server};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;

/// What stands behind `SAY `, or a verdict: `wrong` in an answer makes it incorrect, meets no criterion and no cell;
/// at `confused` the judge talks nonsense.
fn model(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let messages = body["messages"].as_array().unwrap();
    let text = |message: &Value| message["content"].as_str().unwrap_or_default().to_owned();
    let (system, prompt) = (text(&messages[0]), text(messages.last().unwrap()));
    let verdicts = |lines: &str, is_rubric: bool| -> String {
        let lines = lines.lines().filter_map(|line| line.split_once(". "));
        let verdicts = lines.map(|(number, line)| {
            let number: u64 = number.parse().unwrap();
            let holds = !line.contains("wrong") && !line.contains("unmet");
            match is_rubric {
                true => json!({ "number": number, "reason": "r", "holds": holds }),
                false => json!({ "number": number, "holds": holds }),
            }
        });
        json!({ "verdicts": verdicts.collect::<Vec<_>>() }).to_string()
    };
    let said = match prompt.split_once("SAY ") {
        Some((_, said)) => said.trim().to_owned(),
        None if prompt.contains("confused") => "Well, it depends.".to_owned(),
        None if system.contains("gold answer") => if prompt.contains("wrong") {
            "incorrect"
        } else {
            "Correct"
        }
        .to_owned(),
        None => match prompt.split_once("Criteria:\n") {
            Some((_, criteria)) => verdicts(criteria, true),
            None => verdicts(prompt.split_once("Pairs:\n").unwrap().1, false),
        },
    };
    let chunk = json!({ "choices": [{ "index": 0, "delta": { "content": said }, "finish_reason": "stop" }] });
    let body = format!("data: {chunk}\n\ndata: [DONE]\n\n");
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length";
    Some(format!("{head}: {}\r\n\r\n{body}", body.len()))
}

/// A suite whose questions are what the model answers.
fn place(server: &Server, suite: &str, questions: &[Value]) -> Place {
    let place = Place::new();
    let address = &server.address;
    let questions: Vec<String> = questions.iter().map(Value::to_string).collect();
    let passages = [
        json!({ "id": "animal-1", "text": "Bats navigate." }),
        json!({ "id": "animal-2", "text": "Owls hunt." }),
    ];
    place
        .file("questions.jsonl", questions.join("\n"))
        .file("animals.jsonl", passages.map(|passage| passage.to_string()).join("\n"))
        .file("gold.csv", "Package,Licence\nbovo,\"GPL, version 2\"\nkigo,MIT\n")
        .file(
            "workflow.yaml",
            format!(
                r#"troupe: 1
name: says
inputs: {{ say: string }}
models: {{ m: {{ provider: openai, model: m, base_url: "{address}", attempts: 1 }} }}
corpora: {{ animals: animals.jsonl }}
agents: {{ speaker: {{ model: m, system: Say it. }} }}
steps:
  read: {{ tool: animals.read_chunk, with: {{ chunk_ids: [animal-1] }} }}
  ask: {{ agent: speaker, prompt: "SAY ${{{{ inputs.say }}}}", needs: read }}
outputs: {{ answer: "${{{{ steps.ask.output }}}}" }}
"#
            ),
        )
        .file(
            "suite.yaml",
            format!(
                "suite: 1\nname: judged\ndataset: {{ file: questions.jsonl, id: row.id }}\nworkflow: workflow.yaml\n\
                 inputs: {{ say: \"${{{{ row.say }}}}\" }}\nanswer: outputs.answer\n{}",
                suite.replace("ADDRESS", address)
            ),
        );
    place
}

fn scores(report: &Value, metric: &str) -> Vec<Value> {
    let runs = report["runs"].as_array().unwrap().iter();
    runs.map(|run| run["scores"][metric].clone()).collect()
}

const JUDGE: &str = "judge: { model: openai/judge, base_url: \"ADDRESS\" }\n";

#[test]
fn a_judge_says_what_is_right_and_its_failures_make_nothing_wrong() {
    let server = Server::start(model);
    let suite = format!("{JUDGE}gold: row.gold\nrubric: row.criteria\nmetrics: [llm_acc, rubric, rubric_share]\n");
    let question =
        |id: u64, say: &str, criteria: &[&str]| json!({ "id": id, "say": say, "gold": "x", "criteria": criteria });
    let questions = [
        question(1, "good", &["is good", "is short"]),
        question(2, "so wrong", &["is good", "unmet"]),
        question(3, "confused", &["is good"]),
    ];
    let place = place(&server, &suite, &questions);
    let ended = place.troupe(&["eval", "suite.yaml", "--json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let report = ended.json();
    assert_eq!(scores(&report, "llm_acc"), [json!(1.0), json!(0.0), Value::Null]);
    assert_eq!(scores(&report, "rubric"), [json!(1.0), json!(0.0), Value::Null]);
    assert_eq!(scores(&report, "rubric_share"), [json!(1.0), json!(0.5), Value::Null]);
    assert_eq!(report["judge"]["failed"], 2, "{report}");
    assert_eq!(report["variants"][0]["metrics"]["llm_acc"]["unscored"], 1);
    let before = server.all().len();
    assert_eq!(place.troupe(&["eval", "suite.yaml", "--json"]).stdout, ended.stdout);
    assert_eq!(server.all().len(), before, "verdicts are runs, and found again");
}

const TABLE: &str = "table: { gold: row.gold, rules: row.rules }\nmetrics: [item_f1, row_f1, table_success]\n";

fn tables() -> [Value; 3] {
    let rules = json!({
        "unique_columns": ["package"], "required": ["package", "licence"],
        "eval_pipeline": { "licence": { "metric": ["llm_judge"] } },
    });
    let question = |id: u64, say: &str| json!({ "id": id, "say": say, "gold": "gold.csv", "rules": rules.to_string() });
    [
        question(1, "|Package|Licence|\n|bovo|GPL 2|\n|kigo|Expat|"),
        question(2, "|Package|Licence|\n|bovo|wrong|"),
        question(3, "I found no table."),
    ]
}

#[test]
fn tables_are_scored_by_cells_and_rows_with_a_judge() {
    let server = Server::start(model);
    let place = place(&server, &format!("{JUDGE}{TABLE}"), &tables());
    let report = place.troupe(&["eval", "suite.yaml", "--json"]).json();
    // One of two rows is there, with its key right and its licence wrong: precision 1/2, recall 1/4.
    assert_eq!(scores(&report, "item_f1"), [json!(1.0), json!(1.0 / 3.0), json!(0.0)]);
    assert_eq!(scores(&report, "row_f1"), [json!(1.0), json!(0.0), json!(0.0)]);
    assert_eq!(scores(&report, "table_success"), [json!(1.0), json!(0.0), json!(0.0)]);
}

#[test]
fn without_a_judge_its_columns_are_unscored() {
    let server = Server::start(model);
    let place = place(&server, TABLE, &tables());
    let report = place.troupe(&["eval", "suite.yaml", "--json"]).json();
    assert_eq!(scores(&report, "row_f1"), [Value::Null, Value::Null, json!(0.0)]);
    // The keys are scored all the same.
    assert_eq!(scores(&report, "item_f1"), [json!(1.0), json!(2.0 / 3.0), json!(0.0)]);
    place.file("gold.csv", "Package\nbovo\n");
    let told = place.troupe(&["eval", "suite.yaml"]);
    assert_eq!(told.code, 2, "{told:?}");
    assert!(
        told.stderr
            .contains("questions.jsonl:1: question `1`: the gold table has no column `licence`"),
        "{told:?}"
    );
}

#[test]
fn citations_are_counted_by_what_the_run_read() {
    let server = Server::start(model);
    let suite = "metrics: [citations_read, citations_never_read, citations_not_in_index]\n";
    let questions = [
        json!({ "id": 1, "say": "Bats navigate [animal-1]. Owls hunt [animal-2]. Cows fly [animal-9]. Bats [animal-1]." }),
        json!({ "id": 2, "say": "Nothing is cited." }),
    ];
    let report = place(&server, suite, &questions)
        .troupe(&["eval", "suite.yaml", "--json"])
        .json();
    assert_eq!(scores(&report, "citations_read"), [json!(0.5), Value::Null]);
    assert_eq!(scores(&report, "citations_never_read"), [json!(0.25), Value::Null]);
    assert_eq!(scores(&report, "citations_not_in_index"), [json!(0.25), Value::Null]);
}

#[test]
fn a_killed_evaluation_goes_on_by_its_questions() {
    let suite = examples().join("04-multi-hop/suite.yaml");
    let arguments = ["eval", suite.to_str().unwrap(), "--json"];
    let calm = Place::new().troupe(&arguments);
    let place = Place::new();
    let mut killed = 0;
    for delay in [150, 250, 350] {
        let mut child = place.command(&arguments);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
    }
    let last = place.troupe(&arguments);
    assert_eq!((last.code, &last.stdout), (0, &calm.stdout), "{}", last.stderr);
    if killed > 0 {
        println!("{killed} of 3 were killed before their end: {}", last.stderr);
    }
}
