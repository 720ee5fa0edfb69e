//! Boxes keep their distance, and stand below what they follow.

use super::*;
use proptest::prelude::*;

fn placed(nodes: usize, edges: &[(usize, usize)], columns: Option<i64>) -> Vec<i64> {
    let layers = Layers::new(nodes, edges, 1_000).expect("small enough");
    let count = layers.slots.len();
    let sizes = Sizes {
        left: vec![3; count],
        right: vec![3; count],
        gap: 3,
    };
    centres(&layers, &sizes, columns)
}

#[test]
fn a_chain_is_straight_and_a_diamond_even() {
    assert_eq!(placed(3, &[(0, 1), (1, 2)], None), [3, 3, 3]);
    assert_eq!(placed(4, &[(0, 1), (0, 2), (1, 3), (2, 3)], None), [8, 3, 13, 8]);
}

#[test]
fn the_wishes_are_met_as_near_as_can_be() {
    let layers = Layers::new(3, &[], 10).expect("small enough");
    let sizes = Sizes {
        left: vec![2; 3],
        right: vec![2; 3],
        gap: 1,
    };
    // All three would be at 10, and need 6 columns from one middle to the next.
    let wishes = [(10.0, 1.0), (10.0, 1.0), (10.0, 1.0)];
    assert_eq!(settle(&layers, &sizes, None, &[0, 1, 2], &wishes), [4.0, 10.0, 16.0]);
    // Of 17 columns none is left over.
    assert_eq!(settle(&layers, &sizes, Some(17), &[0, 1, 2], &wishes), [2.0, 8.0, 14.0]);
    // A heavier wish gives way less.
    let wishes = [(10.0, 1.0), (10.0, 5.0)];
    assert_eq!(settle(&layers, &sizes, None, &[0, 1], &wishes), [5.0, 11.0]);
}

proptest! {
    #[test]
    fn with_room_for_each_row_all_rows_fit(edges in proptest::collection::vec((0..12_usize, 0..12_usize), 0..20)) {
        let edges: Vec<(usize, usize)> =
            edges.into_iter().filter(|(a, b)| a != b).map(|(a, b)| (a.min(b), a.max(b))).collect();
        let layers = Layers::new(12, &edges, 1_000).expect("small enough");
        let sizes = Sizes { left: vec![3; layers.slots.len()], right: vec![4; layers.slots.len()], gap: 3 };
        let widest = layers.rows.iter().map(|row| sizes.row_width(&layers, row)).max().unwrap_or(0);
        let centres = centres(&layers, &sizes, Some(widest));
        for row in &layers.rows {
            prop_assert!(row.iter().all(|slot| centres[*slot] - 3 >= 0 && centres[*slot] + 5 <= widest));
            for pair in row.windows(2) {
                prop_assert!(centres[pair[1]] - centres[pair[0]] >= sizes.apart(&layers, pair[0], pair[1]));
            }
        }
    }
}
