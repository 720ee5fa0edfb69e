//! Agents on a language model of this process: a tiny one with random weights, so that answers are noise and their
//! structure, limits, records and sharing are real.

use crate::fixture::Place;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/src/local/fixtures")
}

const TEAM: &str = r#"troupe: 1
name: noise
models:
  tiny: { provider: local, model: talker, seed: 3, temperature: 1, max_tokens: 300 }
agents:
  seeker:
    model: tiny
    system: You look for one thing in a long list of papers, and say whether it is supported by what you have read.
  lead:
    model: tiny
    system: You lead. Ask your seekers, and answer when you know.
    team: { agents: [seeker], parallel: 8, per_wave: 8 }
    limits: { turns: 3 }
steps:
  lead:
    agent: lead
    prompt: Who introduced it?
    output: { sure: boolean }
    limits: { turns: 1 }
  check:
    for_each: '["a", "b", "c", "d", "e", "f", "g", "h"]'
    as: letter
    parallel: 8
    agent: seeker
    prompt: Is ${{ letter }} supported?
    output: { supported: boolean, grade: low | high }
    limits: { turns: 1 }
outputs:
  sure: ${{ steps.lead.output.sure }}
  checks: ${{ steps.check.outputs }}
"#;

#[test]
fn a_lead_and_eight_subagents_share_one_engine() {
    let place = Place::new();
    place.file("noise.yaml", TEAM);
    let mut command = place.command(&["run", "noise.yaml", "--json"]);
    let output = command.env("TROUPE_MODELS", fixtures()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = run["outputs"]["checks"].as_array().unwrap();
    assert_eq!(checks.len(), 8);
    for check in checks {
        assert!(check["supported"].is_boolean(), "{check}");
        assert!(["low", "high"].contains(&check["grade"].as_str().unwrap()), "{check}");
    }
    // What the eight have in common was computed once.
    let tokens = |key: &str| run["usage"][key].as_u64().unwrap();
    assert!(tokens("cached_tokens") * 2 > tokens("prompt_tokens"), "{run}");
    assert_eq!(run["usage"]["agents"], 9);
    // What the model found likely at each token is in the journal.
    place.troupe(&["export", "last", "--output", "run.troupe"]);
    let exported = zstd::decode_all(std::fs::File::open(place.path().join("run.troupe")).unwrap()).unwrap();
    let exported = String::from_utf8(exported).unwrap();
    assert_eq!(exported.matches("\"recording\":\"").count(), 9, "{exported}");
}

#[test]
fn a_model_that_is_not_there_is_told_before_anything_runs() {
    let place = Place::new();
    place.file("noise.yaml", TEAM.replace("talker", "qwen3-4b"));
    let run = place.troupe(&["run", "noise.yaml"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(
        run.stderr
            .contains("model `tiny`: there is no folder with the files of local/qwen3-4b"),
        "{run:?}"
    );
    assert!(run.stderr.contains("`troupe models pull` gets models"), "{run:?}");
}
