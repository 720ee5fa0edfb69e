//! What people and programs are told. Data goes to stdout, talk to stderr.

mod citations;
mod diagnostic;
mod difference;
pub mod limits;
mod number;
mod outcome;
mod plan;
mod time;
mod trace;

pub use citations::{Citations, Cited, CitedCorpus};
pub use diagnostic::{Checked, Format, count, diagnostics, escaped};
pub use difference::difference;
pub use number::{bytes, duration, plural};
pub use outcome::{Ended, print as outcome};
pub use plan::{Circumstances, Plan};
pub use time::rfc3339;
pub use trace::tree as trace;

/// What a code is about, in a few words: the title of its page. Empty for a code without one.
pub fn title(code: &str) -> &'static str {
    let heading = troupe_dsl::explain(code).and_then(|page| page.lines().next());
    heading
        .and_then(|line| line.split_once(": "))
        .map_or("", |(_, title)| title.trim())
}

/// An error with its causes, one line each.
pub fn error_text(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Many errors repeat their source in their own sentence.
        if !text.contains(&cause) {
            text.push_str("\n  because: ");
            text.push_str(&cause);
        }
    }
    text
}

/// One JSON value on stdout.
pub fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// One line or more on stdout. A reader that went away is not an error.
pub fn line(text: &str) -> anyhow::Result<()> {
    line_while_read(text).map(|_| ())
}

/// The same for whoever has no end of lines: says whether anybody reads them.
pub fn line_while_read(text: &str) -> anyhow::Result<bool> {
    use std::io::Write as _;
    match writeln!(anstream::stdout(), "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(true),
    }
}
