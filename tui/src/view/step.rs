//! A step's row: symbol, name, status word, what there is to know, tokens, time.

use super::{Screen, Tone, padded};
use crate::census::StepCensus;
use crate::outline::StepTally;
use crate::text;
use crate::words::{count, counted, duration};
use ratatui::text::Line;
use troupe_core::view::{StepStatus, StepView};

const NAME_COLUMNS_MAX: usize = 20;
const STATUS_COLUMNS: usize = 9;
const BAR_COLUMNS: u64 = 10;

/// `● check    running    ███░░░░░░░ 12/50 · 14 agents, 3 live    12.3k tok    3.2 s`
pub(super) fn line(screen: &Screen<'_>, step: &StepView, census: &StepCensus) -> Line<'static> {
    let symbols = screen.theme.symbols();
    let (symbol, tone, word) = standing(screen, step);
    let names = screen.view.steps.iter().map(|step| text::width(&step.name));
    let columns = names.max().unwrap_or(0).min(NAME_COLUMNS_MAX);
    let mut left = vec![
        screen.span(tone, format!("{symbol} ")),
        screen.span(Tone::Strong, padded(&step.name, columns, symbols.cut)),
        screen.span(tone, format!("  {word:<STATUS_COLUMNS$}")),
    ];
    let mut before = "  ";
    for (tone, fact) in facts(screen, step, census) {
        left.push(screen.span(Tone::Quiet, before));
        left.push(screen.foreign(tone, &fact));
        before = symbols.dot;
    }
    let mut right = Vec::new();
    if census.usage.total() > 0 {
        right.push(screen.span(Tone::Quiet, format!("{:>6} tok", count(census.usage.total()))));
    }
    if let Some(started) = step.started_ms {
        let time = duration(screen.elapsed(started, step.ended_ms));
        right.push(screen.span(Tone::Plain, format!(" {time:>9}")));
    }
    screen.row(left, right)
}

/// `… 12 more steps: 9 succeeded, 3 waiting`
pub(super) fn more(screen: &Screen<'_>, tally: StepTally) -> Line<'static> {
    let cut = screen.theme.symbols().cut;
    let steps = counted(tally.total().into(), "more step", "more steps");
    let text = format!("{cut} {steps}: {}", tally.words());
    Line::from(screen.foreign(Tone::Quiet, &text))
}

/// A running step of a run that is over was stopped with it.
fn standing(screen: &Screen<'_>, step: &StepView) -> (&'static str, Tone, &'static str) {
    let symbols = screen.theme.symbols();
    let word = step.status.word();
    match step.status {
        StepStatus::Waiting => (symbols.waiting, Tone::Quiet, word),
        StepStatus::Running if screen.view.status.is_over() => (symbols.skipped, Tone::Warning, "stopped"),
        StepStatus::InDoubt => (symbols.waiting, Tone::Warning, word),
        StepStatus::Running => (symbols.working, Tone::Working, word),
        StepStatus::Succeeded => (symbols.succeeded, Tone::Good, word),
        StepStatus::Skipped => (symbols.skipped, Tone::Quiet, word),
        StepStatus::Failed => (symbols.failed, Tone::Bad, word),
    }
}

fn facts(screen: &Screen<'_>, step: &StepView, census: &StepCensus) -> Vec<(Tone, String)> {
    let mut facts = Vec::new();
    if step.items > 1 {
        facts.push((Tone::Plain, progress(screen, step)));
    } else if step.started_ms.is_some() && step.items == 0 && step.status == StepStatus::Succeeded {
        facts.push((Tone::Plain, "no items".into()));
    }
    if census.agents > 1 {
        let agents = counted(census.agents, "agent", "agents");
        facts.push(match census.live {
            0 => (Tone::Plain, agents),
            live => (Tone::Plain, format!("{agents}, {} live", count(live))),
        });
    } else if census.agents == 0 && step.status != StepStatus::Waiting {
        facts.push((Tone::Quiet, step.verb.into()));
    }
    if step.verb == "approve" && step.working > 0 && !screen.view.status.is_over() {
        facts.push((Tone::Warning, "waits for a person".into()));
    }
    if !step.in_doubt.is_empty() {
        let asks = match step.items {
            0 | 1 => "asks a person".to_owned(),
            _ => format!("{} in doubt", count(step.in_doubt.len() as u64)),
        };
        facts.push((Tone::Warning, asks));
    }
    if step.rounds > 0 {
        facts.push((Tone::Plain, counted(step.rounds.into(), "more round", "more rounds")));
    }
    if step.retries > 0 {
        let retries = counted(step.retries.into(), "retry", "retries");
        facts.push((Tone::Warning, retries));
    }
    if step.failed > 0 {
        facts.push((Tone::Warning, format!("{} failed", count(step.failed.into()))));
    }
    if let Some(failure) = &step.failure
        && step.status != StepStatus::Succeeded
    {
        let tone = if step.status == StepStatus::Failed {
            Tone::Bad
        } else {
            Tone::Warning
        };
        facts.push((tone, failure.to_string()));
    }
    facts
}

/// `███░░░░░░░ 12/50`
fn progress(screen: &Screen<'_>, step: &StepView) -> String {
    let ended = step.succeeded + step.failed;
    let bar = screen.pen().bar(ended.into(), step.items.into(), BAR_COLUMNS);
    format!("{bar} {ended}/{}", step.items)
}
