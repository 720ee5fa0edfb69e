//! What every keeper of leases must do.

use super::journal::run_id;
use std::sync::Arc;
use tokio::sync::Barrier;
use troupe_core::port::ErrorKind;
use troupe_core::port::journal::Leases;

/// Every law of leases. `handles` are at least two ways to the same leases: clones, or several handles.
///
/// # Panics
/// When a law is broken.
pub async fn check<L: Leases + 'static>(handles: Vec<L>) {
    let handles: Vec<Arc<L>> = handles.into_iter().map(Arc::new).collect();
    assert!(handles.len() > 1, "a contest needs two");
    a_lease_is_held_by_one_and_given_back(&handles).await;
    one_of_many_takers_wins(&handles).await;
    runs_do_not_disturb_each_other(&handles).await;
}

async fn a_lease_is_held_by_one_and_given_back<L: Leases>(handles: &[Arc<L>]) {
    let (run, other) = (run_id("LEASED"), run_id("OTHER"));
    let first = handles[0]
        .acquire(&run, "process 4711 on somewhere")
        .await
        .expect("free");
    for handle in handles {
        let Err(refused) = handle.acquire(&run, "process 4712").await else {
            panic!("a lease was given to two");
        };
        assert_eq!(refused.kind, ErrorKind::Conflict);
        assert!(refused.message.contains("process 4711 on somewhere"), "{refused}");
    }
    let _independent = handles[1].acquire(&other, "process 4712").await.expect("another run");
    drop(first);
    let second = handles[1].acquire(&run, "nr 2").await.expect("given back");
    let Err(refused) = handles[0].acquire(&run, "process 4713").await else {
        panic!("a lease was given to two");
    };
    let names_the_holder = refused.message.contains("nr 2") && !refused.message.contains("4711");
    assert!(names_the_holder, "{refused}");
    drop(second);
}

async fn one_of_many_takers_wins<L: Leases + 'static>(handles: &[Arc<L>]) {
    const TAKERS: usize = 24;
    for round in 0..8 {
        let run = run_id(&format!("CONTESTED-{round}"));
        let start = Arc::new(Barrier::new(TAKERS));
        let takers: Vec<_> = (0..TAKERS)
            .map(|taker| {
                let (handle, run, start) = (handles[taker % handles.len()].clone(), run.clone(), start.clone());
                tokio::spawn(async move {
                    start.wait().await;
                    handle.acquire(&run, &format!("taker {taker}")).await
                })
            })
            .collect();
        let mut winners = Vec::new();
        for taker in takers {
            match taker.await.expect("a taker ended well") {
                // Held until all have tried.
                Ok(lease) => winners.push(lease),
                Err(refused) => assert_eq!(refused.kind, ErrorKind::Conflict, "{refused}"),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        winners.clear();
        drop(
            handles[round % handles.len()]
                .acquire(&run, "afterwards")
                .await
                .expect("given back"),
        );
    }
}

async fn runs_do_not_disturb_each_other<L: Leases>(handles: &[Arc<L>]) {
    let mut held = Vec::new();
    for n in 0..50 {
        let run = run_id(&format!("MANY-{n}"));
        held.push((
            run.clone(),
            handles[n % handles.len()].acquire(&run, "all").await.expect("free"),
        ));
    }
    // Every second goes; the others stay held.
    let mut kept = Vec::new();
    for (n, (run, lease)) in held.into_iter().enumerate() {
        if n % 2 == 0 {
            drop(lease);
            drop(handles[0].acquire(&run, "next").await.expect("given back"));
        } else {
            kept.push((run, lease));
        }
    }
    for (run, _lease) in &kept {
        assert!(handles[0].acquire(run, "next").await.is_err(), "{run} is held");
    }
}
