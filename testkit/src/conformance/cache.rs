//! What every keeper of answers must do.

use troupe_core::port::blob::Digest;
use troupe_core::port::cache::Cache;

/// Every law of caches.
///
/// # Panics
/// When a law is broken.
pub async fn check(cache: &impl Cache) {
    let [asked, other] = [Digest([1; 32]), Digest([2; 32])];
    let recall = async |question: &Digest, not_before_ms| cache.recall(question, not_before_ms).await.expect("asked");
    assert_eq!(recall(&asked, 0).await, None);
    cache.keep(&asked, 1_000, b"yes").await.expect("kept");
    cache.keep(&other, 2_000, b"yes").await.expect("kept");
    for (not_before_ms, expected) in [(0, true), (999, true), (1_000, true), (1_001, false), (u64::MAX, false)] {
        let found = recall(&asked, not_before_ms).await;
        assert_eq!(
            found.as_deref(),
            expected.then_some(b"yes".as_slice()),
            "{not_before_ms}"
        );
    }
    // The last one counts, wherever the clock was.
    for (at_ms, answer) in [
        (3_000, b"no".to_vec()),
        (500, Vec::new()),
        (4_000, b"perhaps ".repeat(50_000)),
    ] {
        cache.keep(&asked, at_ms, &answer).await.expect("kept");
        assert_eq!(recall(&asked, at_ms).await, Some(answer));
        assert_eq!(recall(&asked, at_ms + 1).await, None);
    }
    assert_eq!(
        recall(&other, 0).await.as_deref(),
        Some(b"yes".as_slice()),
        "answers are kept apart"
    );
}
