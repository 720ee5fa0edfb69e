//! How limits are counted and told.

use super::*;
use serde_json::json;

fn reached(limit: LimitHit, (most, used, needed): (u64, u64, u64), owner: Owner) -> Reached {
    Reached {
        limit,
        most,
        used,
        needed,
        owner,
    }
}

#[test]
fn a_limit_is_told_with_its_number_its_owner_and_the_way_out() {
    let agent = Owner::Agent { name: "seeker".into() };
    let step = Owner::Step { name: "check".into() };
    let workflow = Owner::Workflow { name: "survey".into() };
    let above = Owner::Above {
        run: Some("01HX.review".into()),
    };
    let lines = [
        reached(LimitHit::Tokens, (128_000, 127_000, 4_100), agent),
        reached(LimitHit::WorkingSeconds, (90_000, 90_250, 0), step),
        reached(LimitHit::Cost, (500_000, 499_999, 12_000), workflow),
        reached(LimitHit::Turns, (9, 9, 0), above),
        reached(LimitHit::Seconds, (0, 0, 0), Owner::Unknown),
    ];
    let lines: Vec<String> = lines.iter().map(Reached::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    127000 of 128000 tokens used, and up to 4100 more needed: raise `limits.tokens` of agent `seeker`
    90.25 s of 90 s used: raise `limits.working_seconds` of step `check`
    $0.499999 of $0.5 used, and up to $0.012 more needed: raise `limits.cost` of workflow `survey`, then resume the run
    9 of 9 turns used of what run 01HX.review left to this run: raise `limits.turns` of its workflow
    the limit of seconds is reached
    ");
}

#[test]
fn a_limit_of_the_first_version_is_a_word() {
    let old: Reached = serde_json::from_value(json!("context")).unwrap();
    assert_eq!(old, reached(LimitHit::Context, (0, 0, 0), Owner::Unknown));
    let owner = Owner::Above { run: None };
    let new = reached(LimitHit::Cost, (3, 2, 1), owner);
    let text = serde_json::to_value(&new).unwrap();
    assert_eq!(
        text,
        json!({ "limit": "cost", "most": 3, "used": 2, "needed": 1, "of": "above" })
    );
    assert_eq!(serde_json::from_value::<Reached>(text).unwrap(), new);
}

#[test]
fn an_allowance_of_the_first_version_bounds_what_it_names_and_nothing_else() {
    let old: Allowance = serde_json::from_value(json!({ "tokens": 9, "agents": 4 })).unwrap();
    let expected = Allowance {
        tokens: 9,
        agents: 4,
        ..Allowance::UNLIMITED
    };
    assert_eq!(old, expected);
    let limits = RunLimits::DEFAULT;
    assert_eq!(limits.within(Some(&old)), RunLimits { agents: 4, ..limits });
    let amount = limits.amount();
    assert_eq!(limits.amount_within(Some(&old)), Amount { tokens: 9, ..amount });
}

#[test]
fn money_is_rounded_up_to_whole_millionths() {
    let price = crate::ir::Price {
        input: 0.25,
        output: 2.0,
    };
    assert_eq!(price.micros(0, 0), 0);
    assert_eq!(price.micros(1, 0), 1);
    assert_eq!(price.micros(1_000_000, 500_000), 1_250_000);
    assert_eq!(price.micros(u64::MAX, u64::MAX), u64::MAX);
}
