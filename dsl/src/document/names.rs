//! What may be a name.

use crate::code;
use crate::report::Report;
use crate::yaml::is_old_boolean;
use troupe_core::diagnostic::{Diagnostic, Span};
use troupe_core::expression::RESERVED;

/// The variables that expressions see.
pub(crate) const ROOTS: [&str; 7] = ["inputs", "steps", "env", "secrets", "output", "round", "carry"];

/// A name that expressions use: letters, digits and `_`.
pub(crate) fn identifier(report: &mut Report, name: &str, span: Span, what: &str) -> bool {
    let shape = is_word(name, |b| b.is_ascii_alphanumeric() || b == b'_');
    let problem = if !shape {
        Some("is made of letters, digits and `_`, and starts with a letter or `_`".to_owned())
    } else if RESERVED.contains(&name) {
        Some("cannot be a word that expressions keep for themselves".to_owned())
    } else if is_old_boolean(name) && name.len() > 1 {
        Some("cannot be a word that some YAML tools read as a boolean".to_owned())
    } else {
        None
    };
    let Some(problem) = problem else { return true };
    let mut problem = Diagnostic::error(code::BAD_NAME, span, format!("the name of {what} {problem}"));
    let mended: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if !shape && is_word(&mended, |b| b.is_ascii_alphanumeric() || b == b'_') {
        problem = problem.hint(format!("`{mended}` would do"));
    }
    report.add(problem);
    false
}

/// A name that only keys and lists use: `-` is allowed too.
pub(crate) fn label(report: &mut Report, name: &str, span: Span, what: &str) -> bool {
    let fits = is_word(name, |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !fits {
        report.error(
            code::BAD_NAME,
            span,
            format!("the name of {what} is made of letters, digits, `_` and `-`, and starts with a letter or `_`"),
        );
    }
    fits
}

fn is_word(name: &str, allowed: impl Fn(u8) -> bool) -> bool {
    name.len() <= 64
        && name
            .bytes()
            .next()
            .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && name.bytes().all(allowed)
}
