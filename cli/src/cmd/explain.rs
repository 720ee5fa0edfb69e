//! `troupe explain`: the page of a diagnostic's code.

use crate::args::Explain;
use crate::exit::{Exit, Usage};
use crate::report;
use crate::settings::Settings;
use serde_json::json;

pub fn run(arguments: &Explain, settings: &Settings) -> anyhow::Result<Exit> {
    match &arguments.code {
        Some(code) => page(code, settings)?,
        None => table(settings)?,
    }
    Ok(Exit::Succeeded)
}

fn table(settings: &Settings) -> anyhow::Result<()> {
    if settings.json {
        let rows: Vec<_> = troupe_dsl::codes()
            .map(|code| json!({ "code": code, "title": report::title(code) }))
            .collect();
        return report::print_json(&rows);
    }
    let rows: Vec<String> = troupe_dsl::codes()
        .map(|code| format!("{code}  {}", report::title(code)))
        .collect();
    report::line(&rows.join("\n"))
}

fn page(code: &str, settings: &Settings) -> anyhow::Result<()> {
    let code = code.to_uppercase();
    let Some(page) = troupe_dsl::explain(&code) else {
        let hint = match nearest(&code) {
            Some(near) => format!("did you mean {near} ({})?", report::title(near)),
            None => "`troupe explain` lists them all".to_owned(),
        };
        return Err(Usage::error(format!("there is no code {code}; {hint}")));
    };
    if settings.json {
        report::print_json(&json!({ "code": code, "title": report::title(&code), "page": page }))
    } else {
        report::line(page.trim_end())
    }
}

/// The code that one slip turns into this one: without its letter or its zeros, or with one digit wrong.
fn nearest(code: &str) -> Option<&'static str> {
    let digits = code.strip_prefix('T').unwrap_or(code);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let meant = format!("T{digits:0>4}");
    let differing = |known: &str| known.chars().zip(meant.chars()).filter(|(a, b)| a != b).count();
    let agreeing = |known: &str| known.chars().zip(meant.chars()).take_while(|(a, b)| a == b).count();
    // Codes that begin alike are about the same thing.
    troupe_dsl::codes()
        .filter(|known| known.len() == meant.len() && differing(known) <= 1)
        .max_by_key(|known| agreeing(known))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_understood() {
        assert_eq!(nearest("201"), Some("T0201"));
        assert_eq!(nearest("T201"), Some("T0201"));
        assert_eq!(nearest("0406"), Some("T0406"));
        assert_eq!(nearest("T0902"), Some("T0901"));
        assert_eq!(nearest("X0501"), None);
        assert_eq!(nearest("T9999"), None);
        assert_eq!(nearest("ÜBER"), None);
        assert_eq!(nearest(""), None);
    }
}
