//! Deaths at an exact append of a process that drives the run.

use crate::death::{Death, Moment, READY};
use crate::journals;
use crate::ledger::Ledger;
use crate::life::{ENDED, run_id};
use crate::place::{self, Place};
use crate::tally::Survived;
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use troupe_core::ir::Workflow;
use troupe_testkit::random::Random;

/// Processes after which a run should have ended.
const LIVES: usize = 24;
/// A process is killed at most so many times.
const DEATHS: u64 = 3;
/// Ways in which a person decides about effects in doubt.
const MOODS: u64 = 6;

/// A run that nobody disturbed.
pub struct Calm {
    pub outputs: Value,
    /// Writes to the journals.
    pub appends: u64,
    workflow: Workflow,
}

/// How a process ended.
enum End {
    Killed,
    Ended(Value),
}

/// Lives once without a death.
pub fn calm() -> Calm {
    let place = Place::new();
    let workflow = place::classified(place.path());
    match live(&place, None, "here:0", Duration::ZERO) {
        Ok(End::Ended(ended)) if ended["status"] == "succeeded" => Calm {
            outputs: ended["outputs"].clone(),
            appends: ended["appends"].as_u64().unwrap(),
            workflow,
        },
        Ok(End::Ended(ended)) => panic!("the calm run did not succeed: {ended}"),
        Ok(End::Killed) => panic!("the calm run was killed"),
        Err(error) => panic!("{error}"),
    }
}

/// Kills a run where `seed` says, and resumes it to its end.
pub fn survive(seed: u64, calm: &Calm) -> Result<Survived, String> {
    let (place, mut random) = (Place::new(), Random::new(seed));
    // The seeds go through all places before they come to one again.
    let mut death = Some(Death {
        write: 1 + seed % calm.appends,
        moment: Moment::ALL[((seed / calm.appends + seed) % 3) as usize],
    });
    let first = death;
    let (mut ledger, mut deaths, mut away) = (Ledger::default(), 0, random.one_in(3));
    for _ in 0..LIVES {
        let pause = Duration::from_micros(random.below(2_500));
        let person = if away {
            "away".to_owned()
        } else {
            format!("here:{}", random.below(MOODS))
        };
        let end = live(&place, death, &person, pause)?;
        let lines = place.lines();
        ledger.note(lines.len(), journals::fates(place.path(), &run_id(), &calm.workflow));
        match end {
            End::Killed => deaths += 1,
            End::Ended(ended) if ended["status"] == "succeeded" => {
                let mut mistakes = ledger.mistakes(&lines);
                if ended["outputs"] != calm.outputs {
                    mistakes.push(format!("outputs {} instead of {}", ended["outputs"], calm.outputs));
                }
                return match mistakes.is_empty() {
                    true => Ok(Survived {
                        first: first.filter(|_| deaths > 0),
                        deaths,
                        doubts: ledger.in_doubt(&lines),
                    }),
                    false => Err(mistakes.join("\n")),
                };
            }
            // In doubt, or somebody is waited for: looked at and gone on with.
            End::Ended(_) => away = false,
        }
        death = (deaths < DEATHS && random.one_in(2)).then(|| Death {
            write: 1 + random.below(calm.appends / 2),
            moment: Moment::ALL[random.below(3) as usize],
        });
    }
    Err(format!("it has not ended after {LIVES} processes"))
}

/// One process, killed `pause` after it says that it is ready to die.
fn live(place: &Place, death: Option<Death>, person: &str, pause: Duration) -> Result<End, String> {
    let death = death.map_or_else(|| "never".to_owned(), |death| death.to_string());
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["life", place.path().to_str().unwrap(), &death, person])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(process.stdout.take().unwrap())
        .read_line(&mut said)
        .unwrap();
    if said.trim_end() == READY {
        if death.starts_with("during") {
            std::thread::sleep(pause);
        }
        process.kill().unwrap();
        process.wait().unwrap();
        return Ok(End::Killed);
    }
    let output = process.wait_with_output().unwrap();
    match said.strip_prefix(ENDED) {
        Some(ended) if output.status.success() => Ok(End::Ended(serde_json::from_str(ended).unwrap())),
        _ => Err(format!("a process broke: {}", String::from_utf8_lossy(&output.stderr))),
    }
}
