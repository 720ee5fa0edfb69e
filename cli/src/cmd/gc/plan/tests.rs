//! Rules of retention: what goes, in which order, and why the rest stays.

use super::*;
use troupe_core::port::journal::{Fork, Progress, RunHeader};

use RunStatus::{Cancelled, Failed, Running, Succeeded, Waiting};

fn record(run: &str, status: RunStatus, updated_ms: u64, past: Option<&str>) -> RunRecord {
    let id = |run: &str| RunId::parse(run).unwrap();
    RunRecord {
        header: RunHeader {
            run: id(run),
            workflow: "w".into(),
            path: "/w.yaml".into(),
            fingerprint: String::new(),
            sources: Vec::new(),
            settings: String::new(),
            started_ms: updated_ms,
            forked: past.map(|past| Fork {
                run: id(past),
                events: 1,
            }),
        },
        progress: Progress {
            status,
            ..Progress::default()
        },
        updated_ms,
        events: 1,
    }
}

fn told(records: &[RunRecord], rules: &Rules) -> String {
    let plan = plan(records, rules);
    let goes = plan.goes.iter().map(|run| format!("{run} goes"));
    let stays = plan.stays.iter().map(|(run, why)| format!("{run} stays: {why}"));
    goes.chain(stays).collect::<Vec<_>>().join("\n")
}

#[test]
fn without_a_rule_everything_stays() {
    assert_eq!(told(&[record("A", Failed, 1, None)], &Rules::default()), "");
}

#[test]
fn all_rules_must_hold() {
    let records = [
        record("NEW", Succeeded, 90, None),
        record("NEW.part", Failed, 1, None),
        record("F", Failed, 40, None),
        record("S", Succeeded, 30, None),
        record("C", Cancelled, 20, None),
        record("W", Waiting, 10, None),
        record("R", Running, 5, None),
    ];
    let told = |rules| told(&records, &rules);
    let waits = "W stays: it waits";
    let runs = "R stays: it runs, or was interrupted and can be resumed";
    let old = Rules {
        before_ms: Some(40),
        ..Rules::default()
    };
    assert_eq!(told(old), format!("C goes\nS goes\n{waits}\n{runs}"));
    let newest = Rules {
        keep: Some(2),
        ..Rules::default()
    };
    assert_eq!(told(newest.clone()), format!("C goes\nS goes\n{waits}\n{runs}"));
    let failed = Rules {
        statuses: vec![Failed, Cancelled],
        ..Rules::default()
    };
    assert_eq!(told(failed.clone()), "C goes\nF goes");
    let failed_and_not_new = Rules {
        statuses: failed.statuses,
        ..newest
    };
    assert_eq!(told(failed_and_not_new), "C goes");
}

#[test]
fn a_past_goes_after_all_that_share_it_or_stays() {
    let everything = Rules {
        keep: Some(0),
        ..Rules::default()
    };
    let mut records = vec![
        record("C", Succeeded, 5, Some("B")),
        record("B", Failed, 4, Some("A.part")),
        record("A.part.again", Succeeded, 3, Some("A.part")),
        record("A.part", Succeeded, 3, None),
        record("A", Succeeded, 2, None),
    ];
    assert_eq!(told(&records, &everything), "C goes\nB goes\nA goes");
    records[0].progress.status = Waiting;
    insta::assert_snapshot!(told(&records, &everything), @"
    C stays: it waits
    B stays: run C was forked from it and stays
    A stays: run B was forked from it and stays
    ");
}
