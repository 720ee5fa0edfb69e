//! `troupe fmt`: one layout for every file, comments and all.

use crate::args::Fmt;
use crate::exit::{Exit, Usage};
use crate::settings::Settings;
use crate::{load, report, rewrite};
use anyhow::Context as _;
use std::io::{Read as _, Write as _};
use std::path::Path;
use troupe_dsl::MAX_WORKFLOW_BYTES;

pub fn run(arguments: &Fmt, settings: &Settings) -> anyhow::Result<Exit> {
    let only_stdin = matches!(arguments.files.as_slice(), [file] if file == Path::new("-"));
    if arguments.stdin || only_stdin {
        return stdin(arguments, settings);
    }
    if arguments.files.is_empty() {
        return Err(Usage::error("name a file to format, or `-` for stdin"));
    }
    let mut exit = Exit::Succeeded;
    for file in &arguments.files {
        let (path, bytes) = load::text(file)?;
        let name = path.display().to_string();
        let text = match troupe_dsl::format(&name, &bytes) {
            Ok(text) => text,
            Err(refused) => {
                report::diagnostics(&refused.0, settings);
                settings.say(format!(
                    "{name}: left as it is: {}",
                    report::count(&refused.0.diagnostics)
                ));
                exit = Exit::Usage;
                continue;
            }
        };
        if text.as_bytes() == bytes {
            continue;
        }
        if arguments.check {
            show(&name, &bytes, &text)?;
            if exit == Exit::Succeeded {
                exit = Exit::Failed;
            }
        } else {
            rewrite::replace(&path, &text)?;
            settings.say(format!("{name}: formatted"));
        }
    }
    Ok(exit)
}

fn stdin(arguments: &Fmt, settings: &Settings) -> anyhow::Result<Exit> {
    if !arguments.files.is_empty() && arguments.files != [Path::new("-")] {
        return Err(Usage::error("either files or stdin are formatted, not both"));
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .take(MAX_WORKFLOW_BYTES as u64 + 1)
        .read_to_end(&mut bytes)
        .context("stdin cannot be read")?;
    match troupe_dsl::format("stdin", &bytes) {
        Err(refused) => {
            report::diagnostics(&refused.0, settings);
            Ok(Exit::Usage)
        }
        Ok(text) if arguments.check => {
            let same = text.as_bytes() == bytes;
            show("stdin", &bytes, &text)?;
            Ok(if same { Exit::Succeeded } else { Exit::Failed })
        }
        Ok(text) => {
            std::io::stdout()
                .write_all(text.as_bytes())
                .context("stdout cannot be written")?;
            Ok(Exit::Succeeded)
        }
    }
}

fn show(name: &str, before: &[u8], after: &str) -> anyhow::Result<()> {
    let diff = rewrite::diff(name, &String::from_utf8_lossy(before), after);
    if diff.is_empty() {
        return Ok(());
    }
    report::line(diff.trim_end_matches('\n'))
}
