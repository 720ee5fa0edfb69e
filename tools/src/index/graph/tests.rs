//! The graph on disk against a scan.

use crate::index::vectors::{Near, Vectors, Writer, dot};

/// Numbers that look random and are the same everywhere.
fn vectors(count: usize, dimension: usize) -> Vec<f32> {
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32 - 0.5
    };
    let mut rows = Vec::new();
    for _ in 0..count {
        let row: Vec<f32> = (0..dimension).map(|_| next()).collect();
        let length = dot(&row, &row).sqrt();
        rows.extend(row.iter().map(|x| x / length));
    }
    rows
}

fn written(rows: &[f32], dimension: usize, graph_from: usize) -> (tempfile::TempDir, Vectors) {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::new(folder.path(), dimension).unwrap();
    writer.push(rows).unwrap();
    writer.finish(folder.path(), graph_from, &|_| ()).unwrap();
    let vectors = Vectors::open(folder.path(), dimension).unwrap();
    (folder, vectors)
}

#[test]
fn a_walk_finds_what_a_scan_finds() {
    let rows = vectors(4000, 24);
    let (_one, scanned) = written(&rows, 24, usize::MAX);
    let (_two, walked) = written(&rows, 24, 0);
    let mut found = 0;
    for row in 0..100 {
        // a query between two vectors
        let sums = scanned.row(row).iter().zip(scanned.row(row + 500));
        let query: Vec<f32> = sums.map(|(a, b)| a + b).collect();
        let exact = scanned.nearest(&query, 15, None);
        let near = walked.nearest(&query, 15, None);
        assert_eq!(near[0], exact[0]);
        found += exact.iter().filter(|exact: &&Near| near.contains(exact)).count();
    }
    assert!(found >= 1485, "{found} of 1500");
}

#[test]
fn few_vectors_are_all_found() {
    for count in [1, 2, 300] {
        let rows = vectors(count, 8);
        let (_folder, walked) = written(&rows, 8, 0);
        let mut rows: Vec<u32> = walked
            .nearest(&rows[..8], count, None)
            .iter()
            .map(|near| near.row)
            .collect();
        rows.sort_unstable();
        assert_eq!(rows, (0..count as u32).collect::<Vec<_>>());
    }
}

#[test]
fn a_graph_that_is_cut_short_is_refused() {
    let (folder, _) = written(&vectors(300, 8), 8, 0);
    let part = folder.path().join("graph-links");
    let bytes = std::fs::read(&part).unwrap();
    std::fs::write(&part, &bytes[..bytes.len() - 4]).unwrap();
    assert!(Vectors::open(folder.path(), 8).is_err());
}

#[test]
fn of_rows_that_do_not_count_none_is_found_and_the_others_all_the_same() {
    let rows = vectors(4000, 24);
    let (_one, scanned) = written(&rows, 24, usize::MAX);
    let (_two, walked) = written(&rows, 24, 0);
    for (every, least) in [(2, 1485), (1000, 4 * 100)] {
        let keep = |row: u32| row.is_multiple_of(every);
        let mut found = 0;
        for row in 0..100 {
            let exact = scanned.nearest(scanned.row(row), 15, Some(&keep));
            let near = walked.nearest(scanned.row(row), 15, Some(&keep));
            assert!(near.iter().all(|near| keep(near.row)));
            found += exact.iter().filter(|exact: &&Near| near.contains(exact)).count();
        }
        assert!(found >= least, "{found} where every {every}th counts");
    }
}
