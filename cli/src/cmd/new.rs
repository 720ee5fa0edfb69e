//! `troupe new`: a folder with a workflow that runs, to be changed into one's own.

mod templates;

use crate::args::New;
use crate::exit::{Exit, Usage};
use crate::report;
use crate::settings::Settings;
use anyhow::Context as _;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use templates::{TEMPLATES, Template};

pub fn run(arguments: &New, settings: &Settings) -> anyhow::Result<Exit> {
    let Some(wanted) = &arguments.template else {
        return list(arguments, settings);
    };
    let template = find(wanted)?;
    let folder = arguments.folder.clone().unwrap_or_else(|| template.name.into());
    let name = match &arguments.name {
        Some(name) => name.clone(),
        None => name_of(&folder)?,
    };
    write(template, &folder, &name)?;
    tell(template, &folder, &name, settings)?;
    Ok(Exit::Succeeded)
}

fn list(arguments: &New, settings: &Settings) -> anyhow::Result<Exit> {
    if let Some(folder) = &arguments.folder {
        return Err(Usage::error(format!(
            "say what {} is to be made from: --template {}",
            folder.display(),
            names().join(" | ")
        )));
    }
    if settings.json {
        let rows: Vec<_> = TEMPLATES
            .iter()
            .map(|template| json!({ "name": template.name, "about": template.about }))
            .collect();
        report::print_json(&rows)?;
    } else {
        let rows: Vec<String> = TEMPLATES
            .iter()
            .map(|template| format!("{:14}  {}", template.name, template.about))
            .collect();
        report::line(&rows.join("\n"))?;
        settings.say("\n`troupe new DIR --template NAME` makes a folder from one of them");
    }
    Ok(Exit::Succeeded)
}

fn names() -> Vec<&'static str> {
    TEMPLATES.iter().map(|template| template.name).collect()
}

fn find(wanted: &str) -> anyhow::Result<&'static Template> {
    TEMPLATES
        .iter()
        .find(|template| template.name == wanted)
        .with_context(|| {
            format!(
                "there is no template `{wanted}`; the templates are {}",
                names().join(", ")
            )
        })
        .map_err(|error| Usage::error(error.to_string()))
}

/// The folder's own name.
fn name_of(folder: &Path) -> anyhow::Result<String> {
    let folder = match folder.file_name() {
        Some(_) => folder.to_owned(),
        // `.` and `..` have a name only on the disk.
        None => folder
            .canonicalize()
            .map_err(|error| Usage::error(format!("{} cannot be found: {error}", folder.display())))?,
    };
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    name.context("the folder has no name").map_err(|_| {
        Usage::error(format!(
            "{} has no name of its own; give one with --name",
            folder.display()
        ))
    })
}

/// Writes every file, or none if one of them is there already.
fn write(template: &Template, folder: &Path, name: &str) -> anyhow::Result<()> {
    let paths: Vec<PathBuf> = template.files.iter().map(|(file, _)| folder.join(file)).collect();
    if let Some(there) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(Usage::error(format!(
            "{} is there already, and nothing was written; name a folder of its own",
            there.display()
        )));
    }
    for ((file, text), path) in template.files.iter().zip(&paths) {
        let text = match *file {
            "workflow.yaml" => named(text, name),
            _ => (*text).to_owned(),
        };
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).with_context(|| format!("{} cannot be made", parent.display()))?;
        // Never over a file that appeared in the meantime.
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()));
        written.with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// The template's workflow with a name of its own. A JSON string is also a YAML one.
fn named(text: &str, name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
    let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = starts_well && name.chars().all(is_plain) && !reserved.contains(&name.to_lowercase().as_str());
    let value = if plain {
        name.to_owned()
    } else {
        serde_json::Value::from(name).to_string()
    };
    let lines = text.lines().map(|line| match line.starts_with("name:") {
        true => format!("name: {value}\n"),
        false => format!("{line}\n"),
    });
    lines.collect()
}

/// What was made, and what to do with it.
fn tell(template: &Template, folder: &Path, name: &str, settings: &Settings) -> anyhow::Result<()> {
    let files: Vec<&str> = template.files.iter().map(|(file, _)| *file).collect();
    let mut next = vec!["troupe check".to_owned()];
    next.extend(template.next.iter().map(|&command| command.to_owned()));
    if folder != Path::new(".") {
        next.insert(0, format!("cd {}", quoted(&folder.to_string_lossy())));
    }
    if settings.json {
        return report::print_json(&json!({
            "template": template.name, "name": name, "folder": folder, "files": files, "next": next,
        }));
    }
    let indented = |lines: &[String]| lines.iter().map(|line| format!("  {line}\n")).collect::<String>();
    let files: Vec<String> = files.iter().map(|&file| file.to_owned()).collect();
    report::line(&format!(
        "{} now has the template `{}`:\n{}\nnext:\n{}",
        folder.display(),
        template.name,
        indented(&files),
        indented(&next).trim_end()
    ))
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./+@".contains(c);
    if word.chars().all(is_plain) && !word.starts_with('-') {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
