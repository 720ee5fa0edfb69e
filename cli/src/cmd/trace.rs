//! `troupe trace`: a run and those that it started as a trace, from their journals.

use super::block_on;
use crate::args::{Trace as Arguments, TraceFormat};
use crate::exit::{Exit, Usage};
use crate::past::{self, Past};
use crate::settings::Settings;
use crate::telemetry::{self, Exporter as _, Otlp, TraceId};
use crate::{load, report, workspace};
use std::path::Path;
use std::sync::Arc;
use troupe_core::id::RunId;
use troupe_core::view::trace::{Span, Trace};
use troupe_store::Reader;

pub fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<Exit> {
    let folder = workspace::folder(settings)?;
    let options = &settings.telemetry;
    let (run, mut trace) = block_on(read(&folder, &arguments.run, options.contents))?;
    let ended = trace.take_ended();
    if arguments.send {
        send(&run, ended, settings)?;
    } else if arguments.format == TraceFormat::OtlpJson {
        report::line(&telemetry::traces_json(&options.resource, &ended)?)?;
    } else {
        let id: String = TraceId::of(run.as_str())
            .0
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let spans: Vec<Span> = ended.into_iter().chain(trace.open()).collect();
        report::line(&format!("trace {id}\n{}", report::trace(&spans)))?;
    }
    Ok(Exit::Succeeded)
}

/// Folds the whole family: runs that started runs come before them.
async fn read(folder: &Path, text: &str, contents: bool) -> anyhow::Result<(RunId, Trace)> {
    let reader = Reader::open(folder).await?;
    let run = workspace::find(&reader, text).await?;
    let root = reader.run(&run.root()).await?;
    let workflow = Arc::new(past::compiled(&root.header)?);
    let mut family = reader.find(&format!("{run}.")).await?;
    family.push(run.clone());
    family.sort();
    let mut trace = Trace::new(contents);
    for run in family {
        let header = reader.run(&run).await?.header;
        let Some(workflow) = load::called(workflow.clone(), &run) else {
            continue;
        };
        trace.add(&header, workflow);
        for entry in Past::read(&reader, &run).await?.entries {
            trace.fold(&run, &entry);
        }
    }
    Ok((run, trace))
}

fn send(run: &RunId, ended: Vec<Span>, settings: &Settings) -> anyhow::Result<()> {
    for warning in &settings.telemetry.warnings {
        settings.say(format!("warning: {warning}"));
    }
    let exporter = Otlp::new(&settings.telemetry).filter(|_| settings.telemetry.traces.is_some());
    let mut exporter = exporter.ok_or_else(|| {
        Usage::error("say where the trace goes: set OTEL_EXPORTER_OTLP_ENDPOINT, such as http://localhost:4318")
    })?;
    for batch in ended.chunks(512) {
        exporter.spans(batch).map_err(anyhow::Error::msg)?;
    }
    settings.say(format!("sent {} spans of run {run}", ended.len()));
    Ok(())
}
