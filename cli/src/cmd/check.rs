//! `troupe check`: every mistake of every file, before anything is paid for.

use crate::args::Check;
use crate::exit::{Exit, Usage};
use crate::load;
use crate::report::{self, Checked, Format};
use crate::settings::Settings;
use anyhow::Context as _;
use std::path::{Path, PathBuf};
use troupe_dsl::MAX_WORKFLOW_BYTES;

pub fn run(arguments: &Check, settings: &Settings) -> anyhow::Result<Exit> {
    let format = format(arguments, settings)?;
    let here = std::env::current_dir().context("the current folder cannot be found")?;
    let mut files = Vec::new();
    for given in &arguments.files {
        for file in workflows(given)? {
            let (path, compiled) = load::compile(&file)?;
            files.push(Checked::new(file.display().to_string(), path, compiled, &here));
        }
    }
    match (&arguments.output, format) {
        (Some(output), _) => {
            let text = format.unwrap_or(Format::Human).render(&files) + "\n";
            std::fs::write(output, text).with_context(|| format!("{} cannot be written", output.display()))?;
            summary(&files, settings);
        }
        (None, Some(format)) if format != Format::Human => print(format, &files)?,
        (None, format) => {
            for file in &files {
                report::diagnostics(&file.compiled, settings);
            }
            summary(&files, settings);
            // A job on GitHub reads notes for the changed lines from stdout, which is free.
            if format.is_none() && is_github() {
                print(Format::Github, &files)?;
            }
        }
    }
    Ok(exit(&files, arguments.deny_warnings))
}

/// What was asked for: `--json` is a word for one of the formats.
fn format(arguments: &Check, settings: &Settings) -> anyhow::Result<Option<Format>> {
    match (arguments.format, settings.json) {
        (Some(format), true) if format != Format::Json => Err(Usage::error(
            "`--json` and another `--format` cannot be written at the same time; leave one out",
        )),
        (_, true) => Ok(Some(Format::Json)),
        (format, false) => Ok(format),
    }
}

fn exit(files: &[Checked], deny_warnings: bool) -> Exit {
    let fails = |file: &Checked| file.compiled.has_errors() || (deny_warnings && !file.compiled.diagnostics.is_empty());
    if files.iter().any(fails) {
        Exit::Usage
    } else {
        Exit::Succeeded
    }
}

fn print(format: Format, files: &[Checked]) -> anyhow::Result<()> {
    let text = format.render(files);
    if text.is_empty() { Ok(()) } else { report::line(&text) }
}

fn summary(files: &[Checked], settings: &Settings) {
    for file in files {
        settings.say(format!("{}: {}", file.name, report::count(&file.compiled.diagnostics)));
    }
}

fn is_github() -> bool {
    std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true")
}

/// The workflows that an argument stands for: a file is one; a folder has a `workflow.yaml`, or else
/// every YAML file in it that looks like a workflow.
fn workflows(given: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !given.is_dir() || given.join("workflow.yaml").exists() {
        return Ok(vec![named(given)]);
    }
    let entries = std::fs::read_dir(given).with_context(|| format!("{} cannot be listed", given.display()))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml") && path.is_file())
        .filter(|path| looks_like_a_workflow(path))
        .collect();
    found.sort();
    if found.is_empty() {
        return Err(Usage::error(format!(
            "{} has no workflow: a folder must hold a `workflow.yaml`, or YAML files with the keys `troupe` and `steps`",
            given.display()
        )));
    }
    // `./a.yaml` is what nobody would type.
    Ok(found
        .into_iter()
        .map(|path| path.strip_prefix(".").map_or(path.clone(), Path::to_owned))
        .collect())
}

fn named(given: &Path) -> PathBuf {
    match given {
        folder if folder == Path::new(".") => PathBuf::from("workflow.yaml"),
        folder if folder.is_dir() => folder.join("workflow.yaml"),
        file => file.to_owned(),
    }
}

/// By its keys at the left edge; files that others import have no steps and are checked with those.
fn looks_like_a_workflow(path: &Path) -> bool {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MAX_WORKFLOW_BYTES as u64).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    let has = |key: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(key));
        lines.any(|rest| rest.trim_start().starts_with(':'))
    };
    read.is_ok() && has("troupe") && has("steps")
}
