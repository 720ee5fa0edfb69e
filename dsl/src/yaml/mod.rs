//! YAML text → a tree of nodes that know their place.

mod node;
mod places;
mod read;
mod recover;
mod traps;

pub(crate) use node::{Entry, Kind, Node, Plain, Scalar, Style};
pub(crate) use places::Places;
pub(crate) use read::read;
pub(crate) use traps::{is_old_boolean, quoted};

use crate::report::Report;
use crate::{MAX_WORKFLOW_BYTES, code};
use troupe_core::diagnostic::{Diagnostic, SourceId, Span};

/// The bytes as text: bounded, UTF-8, without a byte order mark.
pub(crate) fn decode<'a>(report: &mut Report, bytes: &'a [u8]) -> Option<&'a str> {
    let here = Span::new(SourceId(0), 0, 0);
    if bytes.len() > MAX_WORKFLOW_BYTES {
        let message = format!(
            "the file has {} bytes, and a workflow may have at most {MAX_WORKFLOW_BYTES}",
            bytes.len()
        );
        report.add(
            Diagnostic::error(code::TOO_LARGE, here, message)
                .hint("data belongs in files of its own: name them under `corpora` or read them in a `run` step"),
        );
        return None;
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let at = error.valid_up_to();
            let line = bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
            let message = format!(
                "the file is not UTF-8 text: byte {at} (0x{:02x}, line {line}) does not fit",
                bytes[at]
            );
            report.add(Diagnostic::error(code::NOT_TEXT, here, message).hint("save the file as UTF-8"));
            None
        }
    }
}

#[cfg(test)]
mod tests;
