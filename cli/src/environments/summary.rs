//! The figures of a batch, as the paper counts them.

use super::batch::Batch;
use super::record::Record;
use crate::report;
use serde::Serialize;
use std::collections::BTreeMap;
use troupe_core::port::pool::Usage;
use troupe_sandbox::environment::Verdict;
use troupe_sandbox::environment::build::Path as Way;

/// Figures of some instances (paper section 4: PASS, F2P, TIME; the ablation's RSR).
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// Instances.
    pub instances: usize,
    /// Percent in which the tests pass with the fix.
    pub pass: f64,
    /// Percent that are verified: they fail before the fix and pass after it.
    pub f2p: f64,
    /// Seconds of an instance, on average.
    pub time: f64,
    /// Percent that were verified by growing from a verified environment.
    pub reuse: f64,
    /// Tokens of agents that planned.
    pub tokens: u64,
    /// What their sandboxes used, where their engine tells.
    pub usage: Usage,
}

/// The figures of a batch.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// All instances, troubles among them.
    pub all: Figures,
    /// By language.
    pub languages: BTreeMap<String, Figures>,
    /// Instances about which nothing can be said.
    pub troubles: usize,
}

impl Summary {
    /// That of a batch. An instance with trouble counts as one that is not verified.
    pub fn of(batch: &Batch) -> Self {
        let all: Vec<&Record> = batch.records.iter().collect();
        let mut languages: BTreeMap<String, Vec<&Record>> = BTreeMap::new();
        for record in &batch.records {
            let language = if record.language.is_empty() {
                "unknown"
            } else {
                &record.language
            };
            languages.entry(language.to_owned()).or_default().push(record);
        }
        let of = |(language, records): (String, Vec<&Record>)| (language, figures(&records, 0));
        Self {
            all: figures(&all, batch.troubles.len()),
            languages: languages.into_iter().map(of).collect(),
            troubles: batch.troubles.len(),
        }
    }

    /// A table of the records, and the figures below it.
    pub fn text(&self, batch: &Batch) -> String {
        let width = batch
            .records
            .iter()
            .map(|record| record.instance_id.len())
            .max()
            .unwrap_or(0);
        let mut lines: Vec<String> = batch.records.iter().map(|record| row(record, width)).collect();
        lines.extend(
            batch
                .troubles
                .iter()
                .map(|(id, trouble)| format!("! {id:width$}  {trouble}")),
        );
        let Figures {
            instances,
            pass,
            f2p,
            time,
            reuse,
            tokens,
            usage,
        } = &self.all;
        let count = report::plural(*instances as u64, "instance");
        lines.push(format!(
            "{count}: F2P {f2p:.0} %, PASS {pass:.0} %, TIME {time:.1} s, reused {reuse:.0} %"
        ));
        if *tokens > 0 {
            lines.push(format!("agents: {}", report::plural(*tokens, "token")));
        }
        let used = used(usage);
        if !used.is_empty() {
            lines.push(format!("sandboxes: {used}"));
        }
        lines.join("\n")
    }
}

/// What sandboxes used, in words; nothing where nothing is known.
pub fn used(usage: &Usage) -> String {
    let parts = [
        usage
            .peak_memory_bytes
            .map(|bytes| format!("at most {} of memory", report::bytes(bytes))),
        usage
            .processor_ms
            .map(|ms| format!("{:.1} s of processors", ms as f64 / 1_000.0)),
        usage
            .image_bytes
            .map(|bytes| format!("{} of images", report::bytes(bytes))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn row(record: &Record, width: usize) -> String {
    let mark = if record.is_verified() { '✓' } else { '✗' };
    let way = match record.path {
        _ if !record.is_verified() => "",
        Way::Scratch => "",
        Way::Unchanged => ", reused",
        Way::Patched => ", reused with a patch",
    };
    let counts = match (record.tests.fail_to_pass.len(), record.tests.pass_to_pass.len()) {
        (0, 0) => String::new(),
        (mended, kept) => format!("; tests: {mended} mended, {kept} kept"),
    };
    let took = report::duration(record.duration_ms);
    let (id, reason) = (&record.instance_id, &record.reason);
    format!("{mark} {id:width$}  {took:>6}  {reason}{way}{counts}")
}

fn figures(records: &[&Record], troubles: usize) -> Figures {
    let instances = records.len() + troubles;
    let share = |count: usize| {
        if instances == 0 {
            0.0
        } else {
            100.0 * count as f64 / instances as f64
        }
    };
    let count = |of: &dyn Fn(&Record) -> bool| records.iter().filter(|record| of(record)).count();
    let mut usage = Usage::default();
    records.iter().for_each(|record| usage.add(record.usage));
    let total_ms: u64 = records.iter().map(|record| record.duration_ms).sum();
    Figures {
        instances,
        pass: share(count(&|record| record.verdict.is_some_and(Verdict::is_executable))),
        f2p: share(count(&Record::is_verified)),
        time: if records.is_empty() {
            0.0
        } else {
            total_ms as f64 / 1_000.0 / records.len() as f64
        },
        reuse: share(count(&|record| record.is_verified() && record.path != Way::Scratch)),
        tokens: records.iter().map(|record| record.tokens).sum(),
        usage,
    }
}
