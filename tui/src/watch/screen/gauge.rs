//! How much of each limit is used, as bars.

use crate::view::{Pen, Tone};
use crate::words::{count, duration};
use ratatui::text::{Line, Span};
use troupe_core::limits::LimitHit;

const BAR_COLUMNS: u64 = 10;

/// Thousandths below which a limit is not worth a look.
const SHARE_MIN: u64 = 10;

/// Something that is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gauge {
    /// Which limit.
    pub(super) limit: LimitHit,
    /// Used so far.
    pub(super) used: u64,
    /// The most that may be used.
    pub(super) most: u64,
}

impl Gauge {
    /// The share that is used, in thousandths.
    fn share(self) -> u64 {
        let share = u128::from(self.used) * 1_000 / u128::from(self.most.max(1));
        u64::try_from(share).unwrap_or(u64::MAX)
    }

    fn tone(self) -> Tone {
        match self.share() {
            0..800 => Tone::Plain,
            800..1_000 => Tone::Warning,
            _ => Tone::Bad,
        }
    }

    fn text(self, pen: Pen) -> String {
        let bar = pen.bar(self.used, self.most, BAR_COLUMNS);
        let word = match self.limit {
            LimitHit::WorkingSeconds => "working",
            LimitHit::Seconds => "time",
            LimitHit::Context => "context",
            other => other.word(),
        };
        format!(
            "{word} {bar} {} of {}",
            shown(self.limit, self.used),
            shown(self.limit, self.most)
        )
    }
}

/// A number of a limit, for people.
pub(super) fn shown(limit: LimitHit, number: u64) -> String {
    match limit {
        LimitHit::Cost => dollars(number),
        LimitHit::Seconds | LimitHit::WorkingSeconds | LimitHit::GpuSeconds => duration(number),
        _ => count(number),
    }
}

/// `$0.25`, `$12.04`, `< $0.01`.
pub(super) fn dollars(micros: u64) -> String {
    match micros {
        0 => "$0".to_owned(),
        1..10_000 => "< $0.01".to_owned(),
        _ => format!("${}.{:02}", micros / 1_000_000, micros % 1_000_000 / 10_000),
    }
}

/// As many gauges as fit on a line, the fullest first; those of which next to nothing is used are left out.
pub(super) fn line(pen: Pen, gauges: impl IntoIterator<Item = Gauge>) -> Option<Line<'static>> {
    let mut gauges: Vec<Gauge> = gauges
        .into_iter()
        .filter(|gauge| gauge.share() >= SHARE_MIN && gauge.most < u64::MAX)
        .collect();
    gauges.sort_by_key(|gauge| std::cmp::Reverse(gauge.share()));
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut used = 0;
    for gauge in gauges {
        let span = pen.span(gauge.tone(), gauge.text(pen));
        let between = if spans.is_empty() { 0 } else { 3 };
        if used + between + span.width() > pen.width {
            break;
        }
        if between > 0 {
            spans.push(Span::raw("   "));
        }
        used += between + span.width();
        spans.push(span);
    }
    (!spans.is_empty()).then(|| Line::from(spans))
}
