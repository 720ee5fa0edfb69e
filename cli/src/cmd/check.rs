//! `troupe check`: every mistake of every file, before anything is paid for.

use crate::args::Check;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{load, report};
use serde_json::json;

pub fn run(arguments: &Check, settings: &Settings) -> anyhow::Result<Exit> {
    let mut exit = Exit::Succeeded;
    let mut files = Vec::new();
    for file in &arguments.files {
        let (path, compiled) = load::compile(file)?;
        if compiled.has_errors() {
            exit = Exit::Usage;
        }
        if settings.json {
            files.push(json!({ "file": path, "ok": !compiled.has_errors(), "diagnostics": report::diagnostics_json(&compiled) }));
        } else {
            report::diagnostics(&compiled, settings);
            settings.say(format!("{}: {}", file.display(), report::count(&compiled.diagnostics)));
        }
    }
    if settings.json {
        report::print_json(&files)?;
    }
    Ok(exit)
}
