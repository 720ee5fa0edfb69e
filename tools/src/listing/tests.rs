//! What stands beside a chunk.

use super::*;
use crate::test_corpus::chunks;

#[test]
fn neighbours_stay_within_the_document() {
    let texts = ["a", "b", "c", "d"].map(str::to_owned);
    let (_folder, corpus) = chunks(&texts, None);
    let told = |chunk, document| neighbours(&corpus, chunk, document).unwrap_or_default();
    assert_eq!(told(1, 0..3), "(before it: 0; after it: 2)");
    assert_eq!(told(0, 0..3), "(after it: 1)");
    assert_eq!(told(2, 0..3), "(before it: 1)");
    assert_eq!(told(3, 3..4), "");
}
