//! Deaths of the `troupe` program itself, at some moment of its life.

use crate::journals;
use crate::ledger::Ledger;
use crate::place::{self, Place};
use crate::tally::Survived;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use troupe_core::ir::Workflow;
use troupe_testkit::random::Random;

/// One seed in so many kills the program.
pub const ONE_IN: u64 = 10;
/// Commands after which a run should have ended.
const COMMANDS: usize = 40;
/// The program is killed at most so many times.
const DEATHS: u64 = 4;

const RUN: [&str; 3] = ["run", "workflow.yaml", "--allow-host-commands"];

/// A run that nobody disturbed.
pub struct Calm {
    outputs: Value,
    /// How long its first command took.
    pub length: Duration,
    workflow: Workflow,
}

/// Lives once without a death.
pub fn calm() -> Calm {
    let place = Place::new();
    let begun = Instant::now();
    let mut ended = command(&place, &RUN.map(str::to_owned), None);
    let length = begun.elapsed();
    for _ in 0..COMMANDS {
        let said = ended.expect("nobody kills a calm run");
        if said["status"] == "succeeded" {
            return Calm {
                outputs: said["outputs"].clone(),
                length,
                workflow: place::workflow(place.path()),
            };
        }
        assert_eq!(said["status"], "waiting", "{said}");
        ended = command(&place, &next(&place, Some(&said), &mut Random::new(0)), None);
    }
    panic!("the calm run does not end")
}

/// Kills the program at moments that `seed` chooses, and goes on until the run has ended.
pub fn survive(seed: u64, calm: &Calm) -> Result<Survived, String> {
    let (place, mut random) = (Place::new(), Random::new(seed));
    let (mut ledger, mut deaths) = (Ledger::default(), 0);
    let mut arguments = RUN.map(str::to_owned).to_vec();
    for _ in 0..COMMANDS {
        let length = u64::try_from(calm.length.as_micros()).unwrap_or(u64::MAX);
        let patience = (deaths < DEATHS).then(|| Duration::from_micros(random.below(length)));
        let said = command(&place, &arguments, patience);
        deaths += u64::from(said.is_none());
        rest(place.path());
        let lines = place.lines();
        if let Some(run) = journals::newest(place.path()) {
            ledger.note(lines.len(), journals::fates(place.path(), &run, &calm.workflow));
        }
        match said {
            Some(said) if said["status"] == "succeeded" => {
                let mut mistakes = ledger.mistakes(&lines);
                if said["outputs"] != calm.outputs {
                    mistakes.push(format!("outputs {} instead of {}", said["outputs"], calm.outputs));
                }
                return match mistakes.is_empty() {
                    true => Ok(Survived {
                        first: None,
                        deaths,
                        doubts: ledger.in_doubt(&lines),
                    }),
                    false => Err(mistakes.join("\n")),
                };
            }
            said => arguments = next(&place, said.as_ref(), &mut random),
        }
    }
    Err(format!("it has not ended after {COMMANDS} commands"))
}

/// What a person would type now.
fn next(place: &Place, said: Option<&Value>, random: &mut Random) -> Vec<String> {
    let Some(run) = journals::newest(place.path()) else {
        return RUN.map(str::to_owned).to_vec();
    };
    let questions = said.and_then(|said| said["questions"].as_array()).into_iter().flatten();
    let asks = |question: &&Value| question["step"] != "lapse";
    let Some(question) = questions.into_iter().find(asks) else {
        return vec!["resume".into(), run.to_string()];
    };
    let (step, choice) = (
        question["step"].as_str().unwrap(),
        question["choices"][0].as_str().unwrap(),
    );
    let mut words: Vec<String> = ["approve", run.as_str(), step].map(str::to_owned).to_vec();
    match (choice, step) {
        // An effect in doubt: the person knows what it gives, or wants it once more.
        ("repeat", "first") if random.one_in(2) => words.extend(["done", "--comment", "one"].map(str::to_owned)),
        _ => words.push(choice.to_owned()),
    }
    words
}

/// Runs the program; none when it was killed after `patience`.
fn command(place: &Place, arguments: &[String], patience: Option<Duration>) -> Option<Value> {
    let begun = Instant::now();
    let mut process = Command::new(env!("CARGO_BIN_EXE_troupe"))
        .args(arguments)
        .args(["--json", "--quiet"])
        .current_dir(place.path())
        .env("TROUPE_WORKSPACE", place.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if let Some(patience) = patience {
        while process.try_wait().unwrap().is_none() {
            if begun.elapsed() >= patience {
                process.kill().unwrap();
                process.wait().unwrap();
                return None;
            }
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    let output = process.wait_with_output().unwrap();
    let said = serde_json::from_slice(&output.stdout);
    Some(said.unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}")))
}

/// Waits for the commands that a killed program left behind: until they have ended, what they do may
/// still come.
fn rest(folder: &Path) {
    let begun = Instant::now();
    while works_in(folder) && begun.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether any process has `folder` as its own.
fn works_in(folder: &Path) -> bool {
    let folder = folder.canonicalize().unwrap();
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok())
        .any(|own| own == folder)
}
