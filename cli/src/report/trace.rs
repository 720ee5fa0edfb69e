//! A trace as text: a line for each span, below the one that it is a part of.

use std::collections::HashMap;
use troupe_core::view::trace::{Span, SpanStatus, names};

/// The spans as a tree, in the order in which they began.
pub fn tree(spans: &[Span]) -> String {
    let known: HashMap<&str, &Span> = spans.iter().map(|span| (span.place.as_str(), span)).collect();
    let mut below: HashMap<&str, Vec<&Span>> = HashMap::new();
    let mut roots = Vec::new();
    for span in spans {
        match span.parent.as_deref().filter(|parent| known.contains_key(parent)) {
            Some(parent) => below.entry(parent).or_default().push(span),
            None => roots.push(span),
        }
    }
    let mut lines = Vec::new();
    // Not by recursion: runs that start runs may be deep.
    let mut due: Vec<(usize, &Span)> = Vec::new();
    push(&mut due, 0, roots);
    while let Some((depth, span)) = due.pop() {
        lines.push(format!("{:1$}{2}", "", 2 * depth, line(span)));
        push(
            &mut due,
            depth + 1,
            below.remove(span.place.as_str()).unwrap_or_default(),
        );
    }
    lines.join("\n")
}

fn push<'a>(due: &mut Vec<(usize, &'a Span)>, depth: usize, mut spans: Vec<&'a Span>) {
    spans.sort_by_key(|span| (span.start_ms, span.kind));
    due.extend(spans.into_iter().rev().map(|span| (depth, span)));
}

fn line(span: &Span) -> String {
    let took = match span.duration_ms() {
        Some(ms) => format!("{:.3} s", std::time::Duration::from_millis(ms).as_secs_f64()),
        None => "open".to_owned(),
    };
    let mut line = format!("{}  {took}", span.name);
    let tokens = |name| span.attribute(name).and_then(|tokens| tokens.as_u64());
    if let (Some(input), Some(output)) = (tokens(names::INPUT_TOKENS), tokens(names::OUTPUT_TOKENS)) {
        line.push_str(&format!("  {input}+{output} tokens"));
    }
    for event in &span.events {
        line.push_str(&format!("  [{}]", event.name));
    }
    if let SpanStatus::Error(message) = &span.status {
        let first = message.lines().next().unwrap_or_default();
        line.push_str(&format!("  failed: {first}"));
    }
    line
}
