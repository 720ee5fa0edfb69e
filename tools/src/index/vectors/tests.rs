//! The pruned scan against the plain one.

use super::*;
use proptest::prelude::*;

fn unit(mut row: Vec<f32>) -> Vec<f32> {
    let length = dot(&row, &row).sqrt();
    if length > 0.0 {
        row.iter_mut().for_each(|x| *x /= length);
    }
    row
}

proptest! {
    #[test]
    fn the_scan_over_bytes_loses_nothing(
        rows in prop::collection::vec(prop::collection::vec(-1.0f32..1.0, 19), 1..80),
        query in prop::collection::vec(-1.0f32..1.0, 19),
        copies in 0usize..3,
        count in 1usize..100,
    ) {
        let mut rows: Vec<Vec<f32>> = rows.into_iter().map(unit).collect();
        rows.push(vec![0.0; 19]);
        for _ in 0..copies {
            rows.push(rows[0].clone());
        }
        let query = unit(query);
        let vectors = Vectors::new(19, rows.concat());
        let plain = vectors.best(&query, 0..rows.len() as u32, count);
        prop_assert_eq!(vectors.nearest(&query, count), plain);
    }
}

#[test]
fn bytes_read_back_are_the_same_vectors() {
    let vectors = Vectors::new(3, vec![1.0, 0.0, 0.0, 0.0, 0.6, -0.8]);
    let bytes = vectors.to_bytes();
    assert_eq!(Vectors::from_bytes(3, &bytes).unwrap().row(1), [0.0, 0.6, -0.8]);
    assert!(Vectors::from_bytes(3, &bytes[..20]).is_none());
    assert!(Vectors::from_bytes(5, &bytes).is_none());
    assert!(Vectors::from_bytes(0, &bytes).is_none());
    assert!(
        Vectors::from_bytes(3, &[])
            .unwrap()
            .nearest(&[1.0, 0.0, 0.0], 5)
            .is_empty()
    );
}
