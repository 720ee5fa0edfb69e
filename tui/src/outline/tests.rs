//! Tests of the choice of rows.

use super::{Row, rows, share};
use crate::census::Census;
use crate::sample::{Story, crowd, fan_out, half_way};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn outline(story: &Story, height: usize) -> Vec<Row> {
    rows(&story.view, &Census::of(&story.view), height)
}

/// Addresses of the agents that have a row.
fn agents(story: &Story, height: usize) -> Vec<String> {
    let rows = outline(story, height);
    let shown = rows.iter().filter_map(|row| match row {
        Row::Agent(actor, _) => Some(story.view.agents[actor.at()].address.clone()),
        _ => None,
    });
    shown.collect()
}

/// What folded rows say of agents.
fn folded(story: &Story, height: usize) -> Vec<String> {
    let rows = outline(story, height);
    let folded = rows.iter().filter_map(|row| match row {
        Row::MoreAgents(tally, _) => Some(tally.words()),
        _ => None,
    });
    folded.collect()
}

#[test]
fn agents_at_work_come_first_and_the_others_are_counted() {
    let story = half_way();
    let shown = agents(&story, 10);
    assert_eq!(shown[0], "research/lead");
    assert_eq!(
        shown[1..],
        [
            "research/lead/seeker[4]",
            "research/lead/seeker[5]",
            "research/lead/seeker[6]"
        ]
    );
    assert_eq!(folded(&story, 10), ["1 failed, 2 working, 2 answered, 4 waiting"]);
    assert_eq!(agents(&story, 40).len(), 9);
    assert_eq!(folded(&story, 40), ["4 waiting"]);
}

#[test]
fn roots_of_a_fan_out_share_the_rows() {
    let story = fan_out();
    assert_eq!(agents(&story, 16).len(), 10);
    assert_eq!(folded(&story, 16), ["10 answered"]);
}

#[test]
fn steps_that_wait_give_way() {
    let mut story = Story::begin();
    let steps = story.workflow.steps.clone();
    for copy in 0..30 {
        let mut step = steps[3].clone();
        step.name = format!("later{copy}");
        story.workflow.steps.push(step);
    }
    let mut story = Story::of(story.workflow);
    story.tool_step(0, 10).step(1, None).item(1, 0).leads(0, 20, 20);
    let rows = outline(&story, 12);
    assert_eq!(rows.len(), 12);
    assert!(rows.contains(&Row::Step(1)));
    assert!(rows.iter().filter(|row| matches!(row, Row::Agent(..))).count() >= 4);
    let Some(Row::MoreSteps(tally)) = rows.last() else {
        panic!("the other steps are not counted: {rows:?}");
    };
    assert_eq!(tally.words(), "1 succeeded, 28 waiting");
}

#[test]
fn shares_are_fair_and_never_more_than_wanted() {
    assert_eq!(share(10, &[2, 50, 50]), [2, 4, 4]);
    assert_eq!(share(10, &[2, 3]), [2, 3]);
    assert_eq!(share(2, &[5, 5, 5]), [1, 1, 0]);
    assert_eq!(share(0, &[5]), [0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_fit_and_nobody_is_lost_or_shown_twice(height in 1usize..60, size in 0u32..80, steps in 0u32..2) {
        let story = if steps == 0 { crowd(size) } else { fan_out() };
        let rows = outline(&story, height);
        prop_assert!(rows.len() <= height);
        let mut shown = BTreeSet::new();
        let mut counted = 0;
        for row in &rows {
            match row {
                Row::Agent(actor, _) => prop_assert!(shown.insert(*actor), "{row:?} is there twice"),
                Row::MoreAgents(tally, _) => counted += tally.total(),
                _ => {}
            }
        }
        if steps == 0 && shown.len() > 1 {
            prop_assert_eq!(shown.len() as u64 + counted, story.view.agents.len() as u64);
        }
    }
}
