//! Which runs the rules of retention let go, and why others stay.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use troupe_core::id::RunId;
use troupe_core::port::journal::{RunRecord, RunStatus};

/// What lets a run go: all that are given must hold. With none given every run stays.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// It ended so; empty for however it ended.
    pub statuses: Vec<RunStatus>,
    /// It was heard of last before this, in milliseconds since the Unix epoch.
    pub before_ms: Option<u64>,
    /// It is not one of the newest so many.
    pub keep: Option<usize>,
}

impl Rules {
    fn mean(&self, age: usize, record: &RunRecord) -> bool {
        let is_empty = self.statuses.is_empty() && self.before_ms.is_none() && self.keep.is_none();
        let status = record.progress.status;
        !is_empty
            && (self.statuses.is_empty() || self.statuses.contains(&status))
            && self.before_ms.is_none_or(|before_ms| record.updated_ms < before_ms)
            && self.keep.is_none_or(|keep| age >= keep)
    }
}

/// Why a run stays that the rules mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stays {
    /// It waits for a person or a timer.
    Waits,
    /// It says that it runs.
    Runs,
    /// This run, which stays, was forked from it.
    Shared(RunId),
}

impl fmt::Display for Stays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waits => f.write_str("it waits"),
            Self::Runs => f.write_str("it runs, or was interrupted and can be resumed"),
            Self::Shared(by) => write!(f, "run {by} was forked from it and stays"),
        }
    }
}

/// What happens to the runs that the rules mean.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Those that go, in an order in which forks go before what they were forked from.
    pub goes: Vec<RunId>,
    /// Those that stay.
    pub stays: Vec<(RunId, Stays)>,
}

/// Applies the rules to all runs of a workspace, newest first, those that other runs started included.
pub fn plan(records: &[RunRecord], rules: &Rules) -> Plan {
    let mut plan = Plan::default();
    let mut going: BTreeSet<RunId> = BTreeSet::new();
    let roots = records.iter().filter(|record| record.header.run.parent().is_none());
    for (_, record) in roots.enumerate().filter(|(age, record)| rules.mean(*age, record)) {
        let run = record.header.run.clone();
        match record.progress.status {
            RunStatus::Waiting => plan.stays.push((run, Stays::Waits)),
            RunStatus::Running => plan.stays.push((run, Stays::Runs)),
            RunStatus::Succeeded | RunStatus::Failed | RunStatus::Cancelled => drop(going.insert(run)),
        }
    }
    let sharers = sharers(records);
    let blocked = |run: &RunId, going: &BTreeSet<RunId>| {
        let by = sharers.get(run)?.iter().find(|by| !going.contains(by))?;
        Some((run.clone(), by.clone()))
    };
    while let Some((run, by)) = going.iter().find_map(|run| blocked(run, &going)) {
        going.remove(&run);
        plan.stays.push((run, Stays::Shared(by)));
    }
    // Whoever nobody that still goes was forked from is next; pasts are older, so that this ends.
    while let Some(next) = going.iter().find(|run| {
        let sharers = sharers.get(run).into_iter().flatten();
        !sharers.into_iter().any(|by| going.contains(by))
    }) {
        let next = next.clone();
        going.remove(&next);
        plan.goes.push(next);
    }
    plan
}

/// By run that a person started, the others that share the past of it or of a part of it.
fn sharers(records: &[RunRecord]) -> BTreeMap<RunId, BTreeSet<RunId>> {
    let mut sharers: BTreeMap<RunId, BTreeSet<RunId>> = BTreeMap::new();
    for header in records.iter().map(|record| &record.header) {
        let Some(fork) = &header.forked else { continue };
        let (past, by) = (fork.run.root(), header.run.root());
        if past != by {
            sharers.entry(past).or_default().insert(by);
        }
    }
    sharers
}

#[cfg(test)]
mod tests;
