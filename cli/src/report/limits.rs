//! Limits: what is left, and which were reached, in words and as data.

use serde_json::json;
use troupe_core::Value;
use troupe_core::limits::{Amount, LimitHit, Reached};
use troupe_core::view::RunView;

/// Limits that are listed in words.
const LISTED_MAX: usize = 20;

/// A limit as data, in the units of the file.
pub fn reached(reached: &Reached) -> Value {
    let number = |number: u64| in_file_units(reached.limit, number);
    json!({
        "limit": reached.word(), "most": number(reached.most), "used": number(reached.used),
        "needed": number(reached.needed), "set_by": reached.owner, "message": reached.to_string(),
    })
}

/// Quantities as data, in the units of the file; none where nothing bounds them.
pub fn amount(amount: &Amount) -> Value {
    let of = |limit| in_file_units(limit, amount.of(limit));
    json!({
        "turns": of(LimitHit::Turns), "tokens": of(LimitHit::Tokens), "cost": of(LimitHit::Cost),
        "working_seconds": of(LimitHit::WorkingSeconds), "gpu_seconds": of(LimitHit::GpuSeconds),
    })
}

/// Limits that an audited run passed.
pub fn passed(view: &RunView) -> Value {
    let one = |(actor, limit): &(Option<troupe_core::id::ActorId>, Reached)| {
        let agent = actor.and_then(|actor| view.agents.get(actor.at()));
        let mut value = reached(limit);
        value["agent"] = json!(agent.map(|agent| &agent.address));
        value
    };
    view.passed.iter().map(one).collect()
}

/// What limits did in a run: a line for each answer that one forced, and for each that was passed.
pub fn lines(view: &RunView) -> Vec<String> {
    let forced = view.agents.iter().filter_map(|agent| {
        let limit = agent.limit.as_ref()?;
        Some(format!("  {}: answered at a limit: {limit}", agent.address))
    });
    let passed = view.passed.iter().map(|(actor, limit)| {
        let agent = actor.and_then(|actor| view.agents.get(actor.at()));
        let place = agent.map_or("the run", |agent| agent.address.as_str());
        format!("  {place}: went on beyond a limit: {limit}")
    });
    let mut lines: Vec<String> = passed.chain(forced).collect();
    let more = lines.len().saturating_sub(LISTED_MAX);
    if more > 0 {
        lines.truncate(LISTED_MAX);
        lines.push(format!("  and {more} more; `--json` lists them all"));
    }
    lines
}

fn in_file_units(limit: LimitHit, number: u64) -> Value {
    match (number, limit.units()) {
        (u64::MAX, _) => Value::Null,
        (number, 1) => json!(number),
        (number, units) => json!(number as f64 / units as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_the_units_of_the_file() {
        let left = Amount {
            turns: 3,
            tokens: u64::MAX,
            cost_micros: 1_250_000,
            working_ms: 90_500,
            gpu_ms: 0,
        };
        assert_eq!(
            amount(&left),
            json!({ "turns": 3, "tokens": null, "cost": 1.25, "working_seconds": 90.5, "gpu_seconds": 0.0 })
        );
    }
}
