//! Slips are found, other words are not.

use super::*;

#[test]
fn slips_are_found_and_strangers_are_not() {
    let keys = ["prompt", "parallel", "output", "for_each", "when"];
    let near = |name| nearest(name, keys);
    assert_eq!(near("promt"), Some("prompt"));
    assert_eq!(near("for-each"), Some("for_each"));
    assert_eq!(near("outputs"), Some("output"));
    assert_eq!(near("Wehn"), Some("when"));
    assert_eq!(near("colour"), None);
    assert_eq!(near(&"x".repeat(1000)), None);
}
