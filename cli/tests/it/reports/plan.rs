//! `troupe run --dry-run`: the plan, and nothing besides.

use crate::fixture::{Place, examples, small};

#[test]
fn a_plan_of_an_example() {
    let place = Place::new();
    let plan = place.troupe(&["run", examples().join("02-fan-out").to_str().unwrap(), "--dry-run"]);
    assert_eq!((plan.code, plan.stderr.as_str()), (0, ""), "{plan:?}");
    insta::assert_snapshot!(plan.stdout, @r#"
    plan of fan-out; nothing was called
    One agent for every paper that mentions a repository, with a typed answer each.

    inputs
      mention: string = "github.com"

    steps
      1. find
         tool papers.keyword_search with {"keywords":["${{ inputs.mention }}"],"top_k":20}
         gives {chunks: [{id: string, score: number, sentences: [string]}]}
      2. record
         agent clerk on builtin/reader with keyword_search, semantic_search, read_chunk
         within 8 turns, 128,000 tokens (32,000 in one prompt), 1h
         after find
         for each paper of steps.find.output.chunks: at most 20 items, 4 at once
         at most 2 attempts, the second after 1s
         gives {paper: string, code_url: string | null, chunk: string}
         worst case: 40 agents, 360 model calls, 5,120,000 tokens, $0

    outputs
      papers: [{paper: string, code_url: string | null, chunk: string}]
      with_code: integer

    worst case
      40 agents of 200,000 that the run may start
      360 model calls
      5,120,000 tokens of 20,000,000 that the run may use
      $0
      no bound on time: find has no `timeout`
    "#);
    assert!(!place.path().join(".troupe").exists(), "a plan leaves nothing behind");
}

/// Many modifiers, a command, a team, a model with a key, and an input that is missing.
const BIGGER: &str = r#"
troupe: 1
name: bigger
description: Reads, asks, and tells.
inputs:
  names: [string]
  topic: string
models:
  judge: { provider: openai, model: gpt-5, base_url: "${{ env.JUDGE_URL }}", api_key: "${{ secrets.JUDGE_KEY }}", max_tokens: 1000 }
  plain: openai/gpt-5-mini
corpora: { notes: corpus/*.md }
agents:
  seeker: { model: builtin/reader, tools: [notes], limits: { turns: 4, tokens: 20000, seconds: 60 } }
  lead: { model: judge, team: { agents: [seeker], parallel: 2, per_wave: 3 }, limits: { turns: 2, tokens: 100000, seconds: 600 } }
  clerk: { model: plain, limits: { turns: 1, tokens: 9000, seconds: 30 } }
steps:
  each:
    for_each: inputs.names
    as: name
    parallel: 2
    agent: seeker
    prompt: Who is ${{ name }}?
    retry: { attempts: 2, backoff: 500ms, errors: [model, timeout] }
    timeout: 45
  lead:
    when: steps.each.outputs.size() > 1
    agent: lead
    prompt: "${{ inputs.topic }}: ${{ steps.each.outputs }}"
  again:
    for_each: steps.each.outputs.filter(text, text != "")
    agent: clerk
    prompt: Shorten ${{ item }}
  tell:
    needs: [lead]
    run: [sh, -c, 'echo "$1"', sh, "${{ steps.again.outputs }}"]
    env: { LANGUAGE: "${{ env.LANGUAGE }}" }
    timeout: 10s
limits: { fan_out: 100, tokens: 150000 }
outputs:
  told: ${{ steps.tell.output.stdout }}
"#;

#[test]
fn a_plan_says_what_is_missing_and_what_it_costs_at_most() {
    let place = small();
    place.file("bigger.yaml", BIGGER);
    let mut command = place.command(&[
        "run",
        "bigger.yaml",
        "--dry-run",
        "-i",
        r#"names=["Ada", "Grace", "Lin"]"#,
    ]);
    let output = command
        .env("JUDGE_KEY", "hush")
        .env_remove("LANGUAGE")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!text.contains("hush"), "no value of a secret is ever shown");
    insta::assert_snapshot!(text, @r#"
    plan of bigger; nothing was called
    Reads, asks, and tells.

    inputs
      names: [string] = ["Ada","Grace","Lin"]
      topic: string, missing: give it with -i topic=…

    steps
      1. each
         agent seeker on builtin/reader with keyword_search, semantic_search, read_chunk
         within 4 turns, 20,000 tokens (32,000 in one prompt), 1m
         for each name of inputs.names: at most 3 items, 2 at once
         at most 2 attempts, the second after 500ms, for failures of model, timeout
         an attempt ends after 45s
         gives string
         worst case: 6 agents, 30 model calls, 120,000 tokens, $0
      2. lead
         agent lead on openai/gpt-5
         starts seeker on builtin/reader with keyword_search, semantic_search, read_chunk, 2 at once, 3 a turn
         within 2 turns, 100,000 tokens (32,000 in one prompt), 10m
         after each
         when steps.each.outputs.size() > 1
         gives string
         worst case: 7 agents, 33 model calls, 100,000 tokens, unknown cost (no `price` of openai/gpt-5)
      3. again
         agent clerk on openai/gpt-5-mini
         within 1 turn, 9,000 tokens (32,000 in one prompt), 30s
         after each
         for each item of steps.each.outputs.filter(text, text != ""): at most 3 items, 8 at once
         gives string
         worst case: 3 agents, 6 model calls, 27,000 tokens, unknown cost (no `price` of openai/gpt-5-mini)
      4. tell
         run sh -c "echo \"$1\"" sh "${{ steps.again.outputs }}"
         after lead, again
         an attempt ends after 10s
         gives {exit_code: integer, stdout: string, stderr: string}

    outputs
      told: string

    needs
      environment variable JUDGE_URL: NOT set
      environment variable LANGUAGE: NOT set
      secret JUDGE_KEY: set
      secret OPENAI_API_KEY: NOT set
      --allow-host-commands: NOT given; on this machine it would start
        tell: sh -c "echo \"$1\"" sh "${{ steps.again.outputs }}"

    worst case
      16 agents of 200,000 that the run may start
      69 model calls
      150,000 tokens of 150,000 that the run may use
      1 command
      unknown cost (no `price` of openai/gpt-5, openai/gpt-5-mini)
      18m 12s from beginning to end
    "#);
    assert!(!place.path().join(".troupe").exists());

    let plan = place.troupe(&["run", "bigger.yaml", "--dry-run", "--json"]).json();
    assert_eq!(
        plan["steps"][0]["items"], 100,
        "a list that nobody gave may be as long as it is allowed to be"
    );
    assert_eq!(plan["worst_case"]["tokens"], 150_000);
    assert_eq!(plan["inputs"][0]["missing"], true);
    assert_eq!(
        plan["needs"]["secrets"][0],
        serde_json::json!({ "name": "JUDGE_KEY", "set": false })
    );
    assert_eq!(plan["needs"]["commands"][0]["step"], "tell");
    assert_eq!(plan["steps"][1]["verb"], "agent");
}

#[test]
fn a_plan_refuses_what_a_run_would_refuse() {
    let place = small();
    let unknown = place.troupe(&["run", ".", "--dry-run", "-i", "qestion=x"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("there is no input `qestion`"), "{unknown:?}");
    place.file("bigger.yaml", BIGGER);
    let wrong = place.troupe(&["run", "bigger.yaml", "--dry-run", "-i", "names=[1]"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("input `names`"), "{wrong:?}");
}
