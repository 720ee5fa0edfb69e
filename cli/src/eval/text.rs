//! The report for people: a block for every variant, narrow enough for any terminal.

use super::summary::{Score, Summary};
use crate::report::plural;
use indexmap::IndexMap;

/// The whole report, without a line break at the end.
pub fn render(summary: &Summary) -> String {
    let mut lines = vec![format!(
        "{}: {}, {} each; means with 95 % bootstrap intervals over questions",
        summary.suite,
        plural(summary.questions as u64, "question"),
        plural(u64::from(summary.trials), "trial"),
    )];
    if let Some(judge) = &summary.judge {
        let prints = judge
            .fingerprints
            .iter()
            .map(|(task, print)| format!("{task} {}", short(print)));
        let prints = prints.collect::<Vec<_>>().join(", ");
        lines.push(format!("judged by {} ({prints}), {} failed", judge.model, judge.failed));
    }
    for variant in &summary.variants {
        lines.push(format!(
            "\n{} ({}): {}, {} failed",
            variant.name,
            short(&variant.fingerprint),
            plural(variant.runs as u64, "run"),
            variant.failed
        ));
        block(&mut lines, &variant.metrics);
        for (group, metrics) in &variant.groups {
            lines.push(format!("  {group}"));
            block(&mut lines, metrics);
        }
        let tools: Vec<String> = variant
            .tools
            .iter()
            .map(|(tool, calls)| format!("{tool} {calls}"))
            .collect();
        if !tools.is_empty() {
            lines.push(format!("  tools: {}", tools.join(", ")));
        }
    }
    for comparison in &summary.comparisons {
        let paired = &comparison.paired;
        lines.push(format!(
            "\n{} - {}, {}: {} [{}, {}], opposite in {:.1} % of samples, {} wins, {} ties, {} losses",
            comparison.second,
            comparison.first,
            comparison.metric,
            number(paired.difference.mean),
            number(paired.difference.low),
            number(paired.difference.high),
            paired.opposite * 100.0,
            paired.wins,
            paired.ties,
            paired.losses,
        ));
    }
    for threshold in &summary.thresholds {
        lines.push(format!(
            "\n{}: {} of {} is {}, and must be at least {}",
            if threshold.met { "met" } else { "MISSED" },
            threshold.metric,
            threshold.variant,
            threshold.mean.map_or("unscored".to_owned(), number),
            number(threshold.least),
        ));
    }
    lines.join("\n")
}

fn short(fingerprint: &str) -> &str {
    fingerprint.get(..8).unwrap_or(fingerprint)
}

fn block(lines: &mut Vec<String>, metrics: &IndexMap<String, Score>) {
    for (name, score) in metrics {
        let mut line = match score.interval {
            Some(i) => format!(
                "  {name:18} {:>10}  [{}, {}]",
                number(i.mean),
                number(i.low),
                number(i.high)
            ),
            None => format!("  {name:18} {:>10}", "unscored"),
        };
        if let (Some(best), Some(passed)) = (score.best, score.passed) {
            line.push_str(&format!("  max@k {}  pass@k {}", number(best), number(passed)));
        }
        if score.unscored > 0 && score.scored > 0 {
            line.push_str(&format!("  {} unscored", score.unscored));
        }
        lines.push(line);
    }
}

/// Shares with three places, what is large without a fraction.
pub fn number(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        _ => format!("{value:.3}"),
    }
}
