//! The comments of a file, in order.

use crate::yaml::{Kind, Node};

/// All comments, without the white space at their ends.
pub(super) fn of<'a>(text: &'a str, root: &Node) -> Vec<&'a str> {
    let mut scalars = Vec::new();
    spans(root, &mut scalars);
    scalars.sort_unstable();
    scalars.dedup();
    let mut comments = Vec::new();
    let mut from = 0;
    for (start, end) in scalars.into_iter().chain([(text.len(), text.len())]) {
        if start >= from {
            between(text, from, start, &mut comments);
        }
        from = from.max(end);
    }
    comments
}

/// Where scalars stand.
fn spans(node: &Node, found: &mut Vec<(usize, usize)>) {
    let (start, end) = (node.span.start as usize, node.span.end as usize);
    match &node.kind {
        Kind::Scalar(_) => found.push((start, end)),
        Kind::List(items) => items.iter().for_each(|item| spans(item, found)),
        Kind::Map(entries) => {
            for entry in entries {
                found.push((entry.key_span.start as usize, entry.key_span.end as usize));
                spans(&entry.value, found);
            }
        }
    }
}

fn between<'a>(text: &'a str, from: usize, to: usize, found: &mut Vec<&'a str>) {
    let mut at = from;
    while let Some(mark) = text[at..to].find('#').map(|mark| at + mark) {
        let starts = text[..mark].chars().next_back().is_none_or(char::is_whitespace);
        let end = text[mark..].find('\n').map_or(text.len(), |end| mark + end);
        if starts {
            found.push(text[mark..end].trim_end());
        }
        at = if starts { end } else { mark + 1 };
        if at >= to {
            return;
        }
    }
}
