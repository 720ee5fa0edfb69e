//! `troupe call`: one tool of a workflow, for trying and for scripts.

use super::block_on;
use crate::args::Call;
use crate::crew::interrupt;
use crate::exit::{Exit, Usage};
use crate::load::Loaded;
use crate::settings::Settings;
use crate::{load, report, values, wire, workspace};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use troupe_core::Value;
use troupe_core::effect::Place;
use troupe_core::message::ToolOutput;
use troupe_core::port::ErrorKind;
use troupe_core::port::process::ProcessRunner as _;
use troupe_core::port::tool::{Invocation, Tool};
use troupe_sandbox::Places;
use troupe_store::Artifacts;

pub fn run(arguments: &Call, settings: &Settings) -> anyhow::Result<Exit> {
    let loaded = load::load(&arguments.file, settings)?;
    let wanted = find(&loaded, &arguments.tool)?;
    let text = if arguments.arguments == "-" {
        values::read(Path::new("-"))?
    } else {
        arguments.arguments.clone()
    };
    let with = values::object(&text, "--with")?;
    let state = workspace::folder(settings)?;
    let places = Places::new(&loaded.folder, None).keeping(Arc::new(Artifacts::of(&state)));
    let places = Arc::new(places);
    let mut toolbox = wire::Toolbox::new(&loaded, &state, settings, places.clone());
    let mut tools = toolbox.tools(&loaded.workflow, &|tool| tool.path == wanted)?;
    let Some((index, tool)) = tools.pop_first() else {
        return Err(Usage::error(format!("there is no tool `{wanted}`")));
    };
    let place = wire::place(&loaded.workflow, index)?;
    let output = block_on(async {
        let output = tokio::select! {
            output = answer(tool.as_ref(), Value::Object(with), place) => output.map(Some),
            _ = interrupt() => Ok(None),
        };
        // Whatever it began in a sandbox goes with it.
        places.settle().await;
        output
    })?;
    let Some(output) = output else {
        return Ok(Exit::Cancelled);
    };
    if settings.json {
        report::print_json(&json!({ "text": output.text, "result": output.result, "retrieved": output.retrieved }))?;
    } else {
        report::line(&output.text)?;
    }
    Ok(Exit::Succeeded)
}

/// A tool's answer to somebody who has read nothing.
pub(super) fn invoke(tool: &dyn Tool, arguments: Value) -> anyhow::Result<ToolOutput> {
    block_on(answer(tool, arguments, None))
}

async fn answer(tool: &dyn Tool, arguments: Value, place: Option<Place>) -> anyhow::Result<ToolOutput> {
    let invocation = Invocation {
        key: "call".into(),
        arguments,
        read: Arc::new(BTreeSet::new()),
        place,
    };
    tool.call(invocation).await.map_err(|error| match error.kind {
        ErrorKind::Invalid => Usage::error(error.message),
        _ => error.into(),
    })
}

/// The path of the tool that was meant: a whole path, or a name that only one tool ends in.
fn find(loaded: &Loaded, name: &str) -> anyhow::Result<String> {
    let paths = || loaded.workflow.tools.iter().map(|tool| tool.path.clone());
    let meant: Vec<String> = paths()
        .filter(|path| path == name || path.rsplit_once('.').is_some_and(|(_, last)| last == name))
        .collect();
    match meant.as_slice() {
        [one] => Ok(one.clone()),
        [] if loaded.workflow.tools.is_empty() => Err(Usage::error(
            "the workflow has no tools: it declares no `corpora` and no `sandboxes`",
        )),
        [] => Err(Usage::error(format!(
            "there is no tool `{name}`; the tools are {}",
            paths().collect::<Vec<_>>().join(", ")
        ))),
        many => Err(Usage::error(format!(
            "several tools are called `{name}`: say which of {}",
            many.join(", ")
        ))),
    }
}
