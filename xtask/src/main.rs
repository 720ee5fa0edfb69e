//! `cargo xtask <command>`: the project's own rules, checked, and its crash harness.

mod checks;
mod crash;
#[cfg(feature = "distil")]
mod distil;
mod report;
mod repository;
mod source;

use checks::{CHECKS, Check};
use report::Report;
use repository::Repository;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let repository = Repository::here();
    match arguments.first().map(String::as_str) {
        Some("verify") => run_all(CHECKS.iter(), &repository),
        Some("crash") => crash::main(&arguments[1..], &repository),
        #[cfg(feature = "distil")]
        Some(name) if distil::COMMANDS.contains(&name) => distil::main(name, &arguments[1..]),
        Some(name) => match CHECKS.iter().find(|check| check.name == name) {
            Some(check) => run_all([check], &repository),
            None => {
                eprintln!("there is no command `{name}`\n\n{}", usage());
                ExitCode::from(2)
            }
        },
        None => {
            println!("{}", usage());
            ExitCode::SUCCESS
        }
    }
}

fn run_all<'a>(checks: impl IntoIterator<Item = &'a Check>, repository: &Repository) -> ExitCode {
    let failed: Vec<&str> = checks
        .into_iter()
        .filter(|check| !passes(check, repository))
        .map(|check| check.name)
        .collect();
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("failed: {}", failed.join(", "));
    ExitCode::FAILURE
}

fn passes(check: &Check, repository: &Repository) -> bool {
    match (check.run)(repository) {
        Ok(report) => {
            print!("{}", report.render(check.name));
            report.passes()
        }
        Err(reason) => {
            print!("{}", Report::impossible(reason).render(check.name));
            false
        }
    }
}

fn usage() -> String {
    let mut text = String::from("cargo xtask <command>\n\n  verify        everything below\n");
    for check in CHECKS {
        text.push_str(&format!("  {:<13} {}\n", check.name, check.about));
    }
    text.push('\n');
    text.push_str(crash::USAGE);
    text
}
