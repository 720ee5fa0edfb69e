//! Kept environments, verified again on an engine that is told how commands end.

use super::*;
use crate::environment::Again;

async fn verify(engine: &Engine, environment: &Environment) -> Again {
    let again = builder(engine).verify(environment, None, &mut Deaf).await.unwrap();
    assert_eq!(engine.0.lock().unwrap().open, 0, "no sandbox is left open");
    again
}

async fn kept(engine: &Engine) -> Environment {
    let (_folder, instance) = project("one", "2024-01-01T00:00:00Z");
    let kept = build(engine, &instance).await.environment.unwrap();
    engine.deeds();
    kept
}

#[tokio::test]
async fn what_still_holds_is_told_without_any_setup() {
    let engine = Engine::with_image(BASE);
    let kept = kept(&engine).await;
    assert_eq!((kept.used_at_ms, kept.usage), (0, Usage::default()));
    let again = verify(&engine, &kept).await;
    assert!(again.holds && again.changed.is_empty(), "{again:?}");
    assert_eq!(again.reason, "still fails before the fix and passes after it");
    assert!(!engine.deeds().contains(&Deed::Setup));
    let pool = engine.0.lock().unwrap().pool.clone();
    assert_eq!(pool.last().unwrap().used_at_ms, 7, "it was of use");
}

#[tokio::test]
async fn what_no_longer_holds_says_why() {
    let engine = Engine::with_image(BASE);
    let kept = kept(&engine).await;
    engine.tell(Deed::Before, [exit(0, "PASSED tests/test_a.py::test_a\n")]);
    let again = verify(&engine, &kept).await;
    assert!(!again.holds);
    assert_eq!(
        again.reason,
        "no longer as it was: passes without the fix: the tests do not show the bug"
    );
    let renamed = || exit(0, "PASSED tests/test_a.py::test_b\n");
    engine.tell(Deed::After, [renamed(), renamed()]);
    let again = verify(&engine, &kept).await;
    assert_eq!((again.holds, again.changed.len()), (false, 1));
    assert!(
        again
            .reason
            .ends_with("but tests/test_a.py::test_a ends in another way, one of 1"),
        "{}",
        again.reason
    );
    let other = Environment {
        digest: "another".into(),
        ..kept.clone()
    };
    let reason = verify(&engine, &other).await.reason;
    assert_eq!(reason, "its image is another one than was verified: build it again");
    engine.0.lock().unwrap().images.clear();
    assert_eq!(verify(&engine, &kept).await.reason, "its image is gone: build it again");
    let older = Environment { check: None, ..kept };
    assert!(
        verify(&engine, &older)
            .await
            .reason
            .starts_with("an older Troupe kept it")
    );
}
