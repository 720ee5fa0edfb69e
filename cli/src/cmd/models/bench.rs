//! `troupe models bench`: what a model does in a second of one thread's processor time.

use crate::args::Bench as Arguments;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{places, report};
use serde_json::json;
use std::path::Path;
use troupe_models::local::bench::{Asked, Bench, Run};
use troupe_models::local::shelf;

/// How many answers are written at once, one after the other.
const SEQUENCES: [usize; 4] = [1, 4, 8, 16];

pub(super) fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<Exit> {
    let files = shelf::find(&arguments.name, &places::models(Path::new(".")))?;
    let bench = Bench::open(&files)?;
    let mut runs = Vec::new();
    for sequences in SEQUENCES {
        for is_shared in [true, false] {
            if sequences == 1 && !is_shared {
                continue;
            }
            let run = bench.run(Asked {
                prompt: arguments.prompt,
                sequences,
                is_shared,
                tokens: arguments.tokens,
            })?;
            if !settings.json {
                report::line(&told(&run))?;
            }
            runs.push(run);
        }
    }
    if settings.json {
        let speeds = runs.iter().map(|run| {
            let mut object = json!(run);
            object["reading_speed"] = run.reading_speed().into();
            object["writing_speed"] = run.writing_speed().into();
            object
        });
        report::print_json(&json!(speeds.collect::<Vec<_>>()))?;
    }
    Ok(Exit::Succeeded)
}

fn told(run: &Run) -> String {
    let what = if run.asked.is_shared {
        "of one prompt"
    } else {
        "of their own prompts"
    };
    format!(
        "{:3} answers {what:<20}  read {:7.1} tokens a second ({} tokens)   written {:7.1} tokens a second",
        run.asked.sequences,
        run.reading_speed(),
        run.read,
        run.writing_speed()
    )
}
