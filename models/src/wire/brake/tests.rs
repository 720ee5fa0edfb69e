//! Who passes the brake, and in which order.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use super::*;
use futures_util::FutureExt;
use futures_util::future::join_all;
use std::sync::atomic::{AtomicUsize, Ordering};

const PAUSE: Duration = Duration::from_millis(40);

#[tokio::test]
async fn an_open_brake_lets_all_pass_at_once() {
    let brake = Brake::default();
    for _ in 0..1_000 {
        assert!(brake.pass().now_or_never().is_some());
    }
}

#[tokio::test]
async fn a_pause_is_everybodys_and_calls_pass_in_order_after_it() {
    let (brake, begun) = (Brake::default(), Instant::now());
    brake.refused(PAUSE);
    let passed = Mutex::new(Vec::new());
    let callers = (0..5).map(|caller| {
        let (brake, passed) = (&brake, &passed);
        async move {
            brake.pass().await;
            passed.lock().unwrap().push((caller, Instant::now()));
        }
    });
    join_all(callers).await;
    let passed = passed.into_inner().unwrap();
    let order: Vec<usize> = passed.iter().map(|(caller, _)| *caller).collect();
    assert_eq!(order, [0, 1, 2, 3, 4]);
    assert!(passed[0].1 >= begun + PAUSE);
    assert!(
        passed
            .windows(2)
            .all(|pair| pair[1].1 >= pair[0].1 + PAUSE / SPACING_PART)
    );
}

#[tokio::test]
async fn whoever_is_refused_again_comes_behind_the_others() {
    let brake = Brake::default();
    brake.refused(PAUSE);
    let passed = Mutex::new(Vec::new());
    let callers = (0..3).map(|caller| {
        let (brake, passed) = (&brake, &passed);
        async move {
            brake.pass().await;
            passed.lock().unwrap().push(caller);
            if caller == 0 {
                brake.refused(PAUSE);
                brake.pass().await;
                passed.lock().unwrap().push(caller);
            }
        }
    });
    join_all(callers).await;
    assert_eq!(passed.into_inner().unwrap(), [0, 1, 2, 0]);
}

#[tokio::test]
async fn acceptances_open_the_brake_bit_by_bit() {
    let brake = Brake::default();
    brake.refused(PAUSE);
    brake.accepted();
    assert!(
        brake.pass().now_or_never().is_none(),
        "what is accepted during a pause went out before it"
    );
    brake.pass().await;
    let mut needed = 0;
    while brake.pressed().is_some() {
        brake.accepted();
        needed += 1;
    }
    assert!((1..=4).contains(&needed), "{needed}");
    assert!(brake.pass().now_or_never().is_some());
}

#[tokio::test]
async fn dropped_callers_leave_the_queue() {
    let brake = Brake::default();
    brake.refused(PAUSE);
    let passed = AtomicUsize::new(0);
    let pass = || async {
        brake.pass().await;
        passed.fetch_add(1, Ordering::Relaxed);
    };
    let mut dropped: Vec<_> = (0..100).map(|_| Box::pin(pass())).collect();
    dropped
        .iter_mut()
        .for_each(|call| assert!(call.now_or_never().is_none()));
    let last = pass();
    drop(dropped);
    last.await;
    assert_eq!(passed.into_inner(), 1);
}
