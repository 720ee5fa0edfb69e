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

fn vectors(dimension: usize, rows: &[f32]) -> (tempfile::TempDir, Vectors) {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(folder.path(), dimension).unwrap();
    rows.chunks(2 * dimension).for_each(|rows| writer.push(rows).unwrap());
    writer.finish(folder.path(), usize::MAX, &|_| ()).unwrap();
    let vectors = Vectors::open(folder.path(), dimension).unwrap();
    (folder, vectors)
}

proptest! {
    #[test]
    fn the_scan_over_bytes_loses_nothing(
        rows in prop::collection::vec(prop::collection::vec(-1.0f32..1.0, 19), 1..80),
        query in prop::collection::vec(-1.0f32..1.0, 19),
        copies in 0usize..3,
        count in 1usize..100,
        kept in 1u32..4,
    ) {
        let mut rows: Vec<Vec<f32>> = rows.into_iter().map(unit).collect();
        rows.push(vec![0.0; 19]);
        for _ in 0..copies {
            rows.push(rows[0].clone());
        }
        let query = unit(query);
        let (_folder, vectors) = vectors(19, &rows.concat());
        let plain = vectors.best(&query, 0..rows.len() as u32, count);
        prop_assert_eq!(vectors.nearest(&query, count, None), plain);
        let keep = |row: u32| row.is_multiple_of(kept);
        let plain = vectors.best(&query, (0..rows.len() as u32).filter(|row| keep(*row)), count);
        prop_assert_eq!(vectors.nearest(&query, count, Some(&keep)), plain);
    }
}

#[test]
fn vectors_read_back_are_the_same() {
    let (folder, read) = vectors(3, &[1.0, 0.0, 0.0, 0.0, 0.6, -0.8]);
    assert_eq!(read.row(1), [0.0, 0.6, -0.8]);
    assert!(Vectors::open(folder.path(), 5).is_err());
    let (_folder, none) = vectors(3, &[]);
    assert_eq!(none.nearest(&[1.0, 0.0, 0.0], 5, None), []);
}
