//! Laws of folding.

use super::fold;
use proptest::prelude::*;

#[test]
fn letters_fold_one_by_one() {
    assert_eq!(
        fold("Straße İstanbul ΟΔΟΣ όνος K"),
        "straße i\u{307}stanbul οδοσ όνοσ k"
    );
}

proptest! {
    #[test]
    fn folding_a_whole_is_folding_its_parts(a in "\\PC*", b in "\\PC*") {
        prop_assert_eq!(fold(&format!("{a}{b}")), fold(&a) + &fold(&b));
    }

    #[test]
    fn folding_twice_changes_nothing(text in "\\PC*") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn upper_and_lower_case_meet(text in "[a-zA-Zàéîõüñçæøåα-ωа-я ]*") {
        prop_assert_eq!(fold(&text.to_uppercase()), fold(&text));
    }
}
