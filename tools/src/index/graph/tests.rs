//! The graph on disk against a scan.

use super::*;
use crate::index::vectors::dot;

/// Numbers that look random and are the same everywhere.
fn vectors(count: usize, dimension: usize) -> Arc<Vectors> {
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
    Arc::new(Vectors::new(dimension, rows))
}

#[test]
fn a_graph_read_back_finds_what_a_scan_finds() {
    let vectors = vectors(2000, 24);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &vectors, &|_| ()).unwrap();
    let graph = Graph::open(folder.path(), &vectors).unwrap();
    let mut found = 0;
    for row in 0..100 {
        // a query between two vectors
        let sum: Vec<f32> = vectors
            .row(row)
            .iter()
            .zip(vectors.row(row + 500))
            .map(|(a, b)| a + b)
            .collect();
        let exact = vectors.nearest(&sum, 15);
        let walked = vectors.best(&sum, graph.near(&sum, 30).unwrap().into_iter(), 15);
        assert_eq!(walked[0], exact[0]);
        found += exact.iter().filter(|near| walked.contains(near)).count();
    }
    assert!(found >= 1485, "{found} of 1500");
}

#[test]
fn a_graph_that_is_not_there_answers_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let graph = Graph::open(folder.path(), &vectors(3, 4)).unwrap();
    assert_eq!(graph.near(&[1.0, 0.0, 0.0, 0.0], 2), None);
}

#[test]
fn the_same_vectors_make_the_same_graph() {
    let vectors = vectors(300, 8);
    let dump = || {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &vectors, &|_| ()).unwrap();
        std::fs::read(folder.path().join("graph.hnsw.graph")).unwrap()
    };
    assert_eq!(dump(), dump());
}
