//! Every diagnostic code has a page, and every page a code.

use super::Check;
use crate::report::{Finding, Report};
use crate::repository::{Repository, TextFile};
use crate::source;
use std::collections::BTreeSet;

/// See the module.
pub const CHECK: Check = Check {
    name: "codes",
    about: "every diagnostic code has a page in docs/errors, and every page a code",
    run,
};

const CODES: &str = "dsl/src/code.rs";
const PAGES: &str = "docs/errors/";

fn run(repository: &Repository) -> Result<Report, String> {
    compare(&repository.text_files()?)
}

fn compare(files: &[TextFile]) -> Result<Report, String> {
    let source = files
        .iter()
        .find(|file| file.path == CODES)
        .ok_or_else(|| format!("there is no {CODES}"))?;
    let codes: BTreeSet<&str> = codes_in(&source.text);
    if codes.is_empty() {
        return Err(format!("{CODES} holds no code such as T0203"));
    }
    let pages: Vec<(&str, &TextFile)> = files
        .iter()
        .filter_map(|file| Some((page_name(&file.path)?, file)))
        .collect();
    let mut findings = Vec::new();
    for code in &codes {
        if !pages.iter().any(|(name, _)| name == code) {
            findings.push(Finding::at(
                CODES,
                format!("`{code}` has no page: write {PAGES}{code}.md"),
            ));
        }
    }
    for (name, page) in &pages {
        if !codes.contains(name) {
            findings.push(Finding::at(&page.path, format!("`{name}` is no code in {CODES}")));
        } else if !page.text.lines().next().is_some_and(|title| title.contains(name)) {
            findings.push(Finding::in_line(
                &page.path,
                1,
                format!("its title does not name `{name}`"),
            ));
        }
    }
    let checked = format!("{} codes and {} pages", codes.len(), pages.len());
    Ok(Report::of(checked, findings))
}

/// `T` and four digits, wherever they stand outside comments.
fn codes_in(text: &str) -> BTreeSet<&str> {
    let blanked = source::without_comments(text);
    source::identifiers(&blanked)
        .filter(|(_, word)| is_code(word))
        .map(|(offset, word)| &text[offset..offset + word.len()])
        .collect()
}

fn is_code(word: &str) -> bool {
    word.len() == 5 && word.starts_with('T') && word[1..].bytes().all(|byte| byte.is_ascii_digit())
}

fn page_name(path: &str) -> Option<&str> {
    path.strip_prefix(PAGES)?
        .strip_suffix(".md")
        .filter(|name| name.starts_with('T'))
}

#[cfg(test)]
mod tests;
