//! What a hint proposes, as an edit: "did you mean `x`?".

use super::Edit;
use troupe_core::diagnostic::{Diagnostic, Sources, Span};

/// The edit that does what a diagnostic's hint proposes. None where no hint names a replacement.
pub fn fix(diagnostic: &Diagnostic, sources: &Sources) -> Option<Edit> {
    let proposed = diagnostic.hints.iter().find_map(|hint| {
        let (_, rest) = hint.strip_prefix("did you mean ")?.split_once('`')?;
        rest.strip_suffix("`?")
    })?;
    let span = diagnostic.labels.first()?.span;
    let file = sources.get(span.source)?;
    let (mut start, mut end) = (span.start as usize, span.end as usize);
    let written = file.text.get(start..end)?;
    if written.is_empty() || written.contains('\n') {
        return None;
    }
    if matches!(written.as_bytes(), [b'"', .., b'"'] | [b'\'', .., b'\'']) {
        (start, end) = (start + 1, end - 1);
    }
    // A path is proposed as a whole, and often stands there in part.
    let before = file.text.get(..start)?;
    let there = proposed.match_indices('.').map(|(dot, _)| &proposed[..=dot]);
    let kept = there
        .filter(|part| before.ends_with(*part))
        .map(str::len)
        .max()
        .unwrap_or(0);
    Some(Edit {
        span: Span::new(span.source, start - kept, end),
        text: proposed.to_owned(),
    })
}
