//! Rows by longest paths, lines that pass, and crossings counted right.

use super::*;
use proptest::prelude::*;

#[test]
fn a_node_stands_below_the_longest_way_to_it() {
    assert_eq!(
        ranks(5, &[(0, 1), (1, 2), (0, 2), (0, 3), (2, 4), (3, 4)]),
        [0, 1, 2, 1, 3]
    );
}

#[test]
fn one_line_passes_for_all_targets_of_a_node() {
    // Node 0 is read by all others of a chain.
    let layers = Layers::new(4, &[(0, 1), (0, 2), (0, 3), (1, 2), (2, 3)], 100).expect("small enough");
    let rows: Vec<Vec<Slot>> = layers
        .rows
        .iter()
        .map(|row| row.iter().map(|slot| layers.slots[*slot]).collect())
        .collect();
    assert_eq!(
        rows,
        [
            vec![Slot::Node(0)],
            vec![Slot::Node(1), Slot::Pass],
            vec![Slot::Node(2), Slot::Pass],
            vec![Slot::Node(3)]
        ]
    );
}

#[test]
fn rows_are_turned_so_that_lines_do_not_cross() {
    let layers = Layers::new(6, &[(0, 5), (1, 4), (2, 3)], 100).expect("small enough");
    assert_eq!(layers.crossings(), 0);
}

proptest! {
    #[test]
    fn inversions_are_pairs_in_the_wrong_order(values in proptest::collection::vec(0..20_usize, 0..40)) {
        let pairs = (0..values.len()).flat_map(|a| (a + 1..values.len()).map(move |b| (a, b)));
        let expected = pairs.filter(|(a, b)| values[*a] > values[*b]).count();
        prop_assert_eq!(inversions(values), expected);
    }
}
