//! `troupe explain`: the page of a diagnostic's code.

use crate::args::Explain;
use crate::exit::{Exit, Usage};
use crate::report;
use crate::settings::Settings;
use serde_json::json;

pub fn run(arguments: &Explain, settings: &Settings) -> anyhow::Result<Exit> {
    let Some(code) = &arguments.code else {
        let title = |code: &str| {
            troupe_dsl::explain(code)
                .and_then(|page| page.lines().next())
                .unwrap_or_default()
                .trim_start_matches('#')
                .trim()
                .to_owned()
        };
        let titles: Vec<String> = troupe_dsl::codes().map(title).collect();
        return if settings.json {
            report::print_json(&titles)
        } else {
            report::line(&titles.join("\n"))
        }
        .map(|()| Exit::Succeeded);
    };
    let code = code.to_uppercase();
    let Some(page) = troupe_dsl::explain(&code) else {
        return Err(Usage::error(format!(
            "there is no code {code}; `troupe explain` lists them all"
        )));
    };
    if settings.json {
        report::print_json(&json!({ "code": code, "page": page }))?;
    } else {
        report::line(page.trim_end())?;
    }
    Ok(Exit::Succeeded)
}
