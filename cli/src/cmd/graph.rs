//! `troupe graph`: the steps of a workflow and who waits for whom, drawn from what would run.

use crate::args::{Graph as Arguments, GraphFormat};
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{load, report};
use anyhow::Context as _;
use troupe_dsl::graph::{Format, Graph, draw, json};

/// Columns of a drawing that goes elsewhere than to a terminal.
const COLUMNS: usize = 100;

pub fn run(arguments: &Arguments, settings: &Settings) -> anyhow::Result<Exit> {
    let workflow = load::load(&arguments.file, settings)?.workflow;
    let graph = Graph::of(&workflow, arguments.depth);
    let text = if settings.json {
        serde_json::to_string_pretty(&json(&graph))?
    } else {
        draw(&graph, format(arguments.format), columns(arguments))
    };
    match &arguments.output {
        Some(file) => {
            std::fs::write(file, text + "\n").with_context(|| format!("{} cannot be written", file.display()))?;
            settings.say(format!("wrote {}", file.display()));
        }
        None => report::line(&text)?,
    }
    Ok(Exit::Succeeded)
}

fn format(format: GraphFormat) -> Format {
    match format {
        GraphFormat::Terminal => Format::Terminal,
        GraphFormat::Ascii => Format::Ascii,
        GraphFormat::Mermaid => Format::Mermaid,
        GraphFormat::Dot => Format::Dot,
        GraphFormat::Svg => Format::Svg,
    }
}

/// The width of the terminal that is drawn on.
fn columns(arguments: &Arguments) -> usize {
    let terminal = match arguments.output {
        Some(_) => None,
        None => terminal_size::terminal_size_of(std::io::stdout()),
    };
    terminal.map_or(COLUMNS, |(width, _)| usize::from(width.0))
}
