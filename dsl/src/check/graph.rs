//! The order of steps: after what they refer to and need, otherwise as in the file.

use super::steps::Edge;
use crate::code;
use crate::document::Document;
use crate::report::Report;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use troupe_core::diagnostic::Diagnostic;

/// Positions of all steps that can ever start, in order. Steps that wait for themselves are reported.
pub(super) fn order(report: &mut Report, document: &Document, edges: &[Vec<Edge>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = edges.iter().map(Vec::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); edges.len()];
    for (step, edges) in edges.iter().enumerate() {
        for edge in edges {
            followers[edge.step].push(step);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..edges.len()).filter(|s| waiting[*s] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(edges.len());
    while let Some(Reverse(step)) = ready.pop() {
        order.push(step);
        for follower in &followers[step] {
            waiting[*follower] -= 1;
            if waiting[*follower] == 0 {
                ready.push(Reverse(*follower));
            }
        }
    }
    if order.len() < edges.len() {
        cycles(report, document, edges, &waiting);
    }
    order
}

/// Every step that is left waits for one that is left: following those leads round a cycle. Each
/// cycle is told once, at the reference that closes it.
fn cycles(report: &mut Report, document: &Document, edges: &[Vec<Edge>], waiting: &[usize]) {
    const NOT_SEEN: usize = usize::MAX;
    let mut seen_in = vec![NOT_SEEN; edges.len()];
    for start in (0..edges.len()).filter(|step| waiting[*step] > 0) {
        let mut path: Vec<Edge> = Vec::new();
        let mut step = start;
        while seen_in[step] == NOT_SEEN {
            seen_in[step] = start;
            let Some(edge) = edges[step].iter().find(|edge| waiting[edge.step] > 0) else {
                break;
            };
            path.push(Edge { step, span: edge.span });
            step = edge.step;
        }
        // Walked into what an earlier walk has told.
        if seen_in[step] != start {
            continue;
        }
        let Some(entry) = path.iter().position(|edge| edge.step == step) else {
            continue;
        };
        tell(report, document, &path[entry..]);
    }
}

/// `cycle` holds, for each step of it, the place where it refers to the next.
fn tell(report: &mut Report, document: &Document, cycle: &[Edge]) {
    const SHOWN: usize = 12;
    // Told from the step that stands first in the file, so that the message does not depend on the walk.
    let first = (0..cycle.len()).min_by_key(|at| cycle[*at].step).unwrap_or(0);
    let name = |at: usize| {
        document.steps[cycle[(first + at) % cycle.len()].step]
            .name
            .value
            .as_str()
    };
    let place = cycle[first];
    if cycle.len() == 1 {
        let message = format!("the step `{}` waits for itself", name(0));
        report.add(
            Diagnostic::error(code::CYCLE, place.span, message).hint("a step sees the outputs of other steps only"),
        );
        return;
    }
    let mut shown: Vec<&str> = (0..cycle.len().min(SHOWN)).map(name).collect();
    if cycle.len() > SHOWN {
        shown.push("…");
    }
    shown.push(name(0));
    let message = format!("these steps wait for each other: {}", shown.join(" → "));
    let mut problem = Diagnostic::error(code::CYCLE, place.span, message).label(format!(
        "`{}` waits for `{}` here",
        name(0),
        name(1)
    ));
    for at in 1..cycle.len().min(SHOWN) {
        let edge = cycle[(first + at) % cycle.len()];
        problem = problem.related(edge.span, format!("`{}` waits for `{}` here", name(at), name(at + 1)));
    }
    report.add(problem.hint("remove one of these references"));
}
