//! What goes and what stays, by names.

use super::*;
use proptest::prelude::*;

const DAY: u64 = 24 * 60 * 60 * 1000;
const NOW: u64 = 100 * DAY;

fn judged(run: &str, stands: Stands, bytes: u64) -> Judged {
    let kept = Kept {
        id: run.to_lowercase(),
        run: run.to_owned(),
        name: format!("{run}/shop"),
        workspace: String::new(),
        image: String::new(),
        bytes,
        runs: false,
        container: String::new(),
        base: String::new(),
        below: 0,
        shape: String::new(),
    };
    Judged { kept, stands }
}

fn ended(run: &str, days_ago: u64, gigabytes: u64) -> Judged {
    judged(run, Stands::Over(NOW - days_ago * DAY), gigabytes * 1_000_000_000)
}

fn gone(all: Vec<Judged>, bounds: &Bounds) -> Vec<String> {
    let (goes, _) = plan(all, bounds, NOW);
    goes.into_iter().map(|judged| judged.kept.run).collect()
}

#[test]
fn what_may_be_gone_on_with_stays_whatever_it_takes() {
    let all = vec![
        judged("A", Stands::Open, u64::MAX / 4),
        judged("B", Stands::AtWork, u64::MAX / 4),
        judged("C", Stands::Elsewhere, u64::MAX / 4),
        judged("D", Stands::Done, 0),
        ended("E", 1, 1),
    ];
    assert_eq!(gone(all, &Bounds::default()), ["D"]);
}

#[test]
fn the_newest_stay_within_a_week_and_the_bytes() {
    let usual = Bounds::default();
    let all = vec![
        ended("A", 1, 4),
        ended("B", 2, 4),
        ended("C", 3, 4),
        ended("D", 4, 1),
        ended("E", 8, 0),
    ];
    assert_eq!(gone(all.clone(), &usual), ["C", "E"]);
    let two_days = Bounds {
        age: Duration::from_secs(2 * 24 * 60 * 60 + 1),
        ..usual
    };
    assert_eq!(gone(all, &two_days), ["C", "D", "E"]);
    // The newest run keeps what it has, and all that it started with it.
    let large = vec![ended("A", 0, 30), ended("A.step", 0, 1), ended("B", 1, 1)];
    assert_eq!(gone(large, &usual), ["B"]);
    let parts = vec![ended("A", 0, 1), ended("B", 1, 6), ended("B.step", 1, 6)];
    assert_eq!(gone(parts, &usual), ["B", "B.step"]);
}

proptest! {
    #[test]
    fn nothing_piles_up(runs in prop::collection::vec((0_u64..20, 0_u64..4), 0..80)) {
        let bounds = Bounds { count: 10, ..Bounds::default() };
        let all: Vec<Judged> = runs.iter().enumerate().map(|(at, (days, gigabytes))| {
            let mut judged = ended(&format!("R{at}"), *days, *gigabytes);
            // No two end in the same instant.
            judged.stands = Stands::Over(NOW - days * DAY - at as u64);
            judged
        }).collect();
        let (goes, stays) = plan(all.clone(), &bounds, NOW);
        prop_assert_eq!(goes.len() + stays.len(), all.len());
        prop_assert!(stays.len() <= bounds.count);
        let bytes: u64 = stays.iter().map(|judged| judged.kept.bytes).sum();
        prop_assert!(bytes <= bounds.bytes);
        let again = plan(stays.clone(), &bounds, NOW);
        prop_assert_eq!(again, (Vec::new(), stays));
    }
}
