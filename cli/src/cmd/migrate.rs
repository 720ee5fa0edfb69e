//! `troupe migrate`: a file of an older version of the language becomes one of this version.

use crate::args::Migrate;
use crate::exit::Exit;
use crate::settings::Settings;
use crate::{load, report, rewrite};

pub fn run(arguments: &Migrate, settings: &Settings) -> anyhow::Result<Exit> {
    let (path, bytes) = load::text(&arguments.file)?;
    let name = path.display().to_string();
    let text = match troupe_dsl::migrate(&name, &bytes) {
        Ok(text) => text,
        Err(refused) => {
            report::diagnostics(&refused.0, settings);
            settings.say(format!(
                "{name}: left as it is: {}",
                report::count(&refused.0.diagnostics)
            ));
            return Ok(Exit::Usage);
        }
    };
    let diff = rewrite::diff(&name, &String::from_utf8_lossy(&bytes), &text);
    if diff.is_empty() {
        settings.say(format!("{name}: is of this version already"));
        return Ok(Exit::Succeeded);
    }
    report::line(diff.trim_end_matches('\n'))?;
    if arguments.write {
        rewrite::replace(&path, &text)?;
        settings.say(format!("{name}: migrated"));
    } else {
        settings.say(format!("{name}: not written; `--write` does"));
    }
    Ok(Exit::Succeeded)
}
