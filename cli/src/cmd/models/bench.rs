//! `troupe models bench`: what a model does in a second of one thread's processor time, or of the clock where a device
//! computes.

use crate::args::Bench as Arguments;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{places, report};
use serde_json::json;
use std::path::Path;
use troupe_models::local::bench::{Asked, Bench, Loading, Run};
use troupe_models::local::shelf;

/// How many answers are written at once, one after the other.
const SEQUENCES: [usize; 4] = [1, 4, 8, 16];
/// The same on a device, which is made for more.
const DEVICE_SEQUENCES: [usize; 4] = [1, 8, 32, 64];

pub(super) fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<Exit> {
    let files = shelf::find(&arguments.name, &places::models(Path::new(".")))?;
    let (bench, loading) = Bench::loaded(&files)?;
    let forking = bench.forking(arguments.prompt)?;
    if !settings.json {
        report::line(&once(loading, forking, arguments.prompt))?;
    }
    let bandwidth = bench.bandwidth().unwrap_or_else(|error| {
        settings.say(format!("warning: the speed of the memory is not known: {error}"));
        None
    });
    if let (false, Some(bandwidth)) = (settings.json, bandwidth) {
        let line = format!(
            "{}: its memory reads and writes {:.0} GB a second",
            bench.device(),
            bandwidth / 1e9
        );
        report::line(&line)?;
    }
    let each = if bench.device() == "cpu" {
        SEQUENCES
    } else {
        DEVICE_SEQUENCES
    };
    let mut runs = Vec::new();
    for sequences in each {
        for is_shared in [true, false] {
            if sequences == 1 && !is_shared {
                continue;
            }
            let run = bench.run(Asked {
                prompt: arguments.prompt,
                sequences,
                is_shared,
                tokens: arguments.tokens,
            });
            let run = match run {
                Ok(run) => run,
                Err(error) if !runs.is_empty() => {
                    settings.say(format!(
                        "warning: {sequences} answers at once were not measured: {error}"
                    ));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if !settings.json {
                report::line(&told(&run, limit(&bench, bandwidth, &run)))?;
            }
            runs.push(run);
        }
    }
    if settings.json {
        let speeds = runs.iter().map(|run| {
            let mut object = json!(run);
            object["reading_speed"] = run.reading_speed().into();
            object["writing_speed"] = run.writing_speed().into();
            object["device"] = bench.device().into();
            object["bandwidth"] = bandwidth.into();
            object["stepping_share_of_bandwidth"] = limit(&bench, bandwidth, run).into();
            object
        });
        let runs = speeds.collect::<Vec<_>>();
        report::print_json(&json!({ "loading": loading, "forking": forking, "runs": runs }))?;
    }
    Ok(Exit::Succeeded)
}

fn once(loading: Loading, forking: f64, prompt: usize) -> String {
    format!(
        "loaded {} in {:.2} s, {:.1} times the time of reading them, and words and grammars in {:.2} s beside it; the \
         first step takes {:.2} s more, which lays weights out; a fork of {prompt} tokens takes {:.1} µs",
        report::bytes(loading.bytes),
        loading.loading,
        loading.loading / loading.reading,
        loading.words,
        loading.laying_out,
        forking * 1e6
    )
}

/// How much of what the memory could read the steps of writing read, at least; none where that is not known.
fn limit(bench: &Bench, bandwidth: Option<f64>, run: &Run) -> Option<f64> {
    let bytes = bench.least_bytes(run.asked) * run.steps as f64;
    bandwidth.map(|bandwidth| bytes / run.stepping / bandwidth)
}

fn told(run: &Run, share: Option<f64>) -> String {
    let what = if run.asked.is_shared {
        "of one prompt"
    } else {
        "of their own prompts"
    };
    let share = share.map_or_else(String::new, |share| {
        let tokens = run.written as f64 / run.stepping;
        format!(
            "   {tokens:7.1} on the device, {:.0} % of its memory's speed",
            share * 100.0
        )
    });
    format!(
        "{:3} answers {what:<20}  read {:7.1} tokens a second ({} tokens)   written {:7.1} tokens a second{share}",
        run.asked.sequences,
        run.reading_speed(),
        run.read,
        run.writing_speed()
    )
}
