//! Nets and tracks.

use super::*;

#[test]
fn those_that_lead_to_the_same_share_a_net() {
    // 0 and 1 lead to 3 and 4; 2 leads to 4 alone.
    let layers = Layers::new(5, &[(0, 3), (0, 4), (1, 3), (1, 4), (2, 4)], 10).expect("small enough");
    let mut nets: Vec<(Vec<usize>, Vec<usize>)> = super::nets(&layers, 0)
        .into_iter()
        .map(|net| (net.from, net.to))
        .collect();
    nets.iter_mut().for_each(|(from, _)| from.sort_unstable());
    nets.sort();
    assert_eq!(nets, [(vec![0, 1], vec![3, 4]), (vec![2], vec![4])]);
    assert_eq!(entries(&layers), [0, 0, 0, 1, 2]);
}

fn net(from: &[i64], to: &[i64]) -> Routed {
    let ends = |columns: &[i64]| columns.iter().map(|column| (0, *column)).collect();
    Routed {
        from: ends(from),
        to: ends(to),
        track: None,
    }
}

#[test]
fn a_straight_line_needs_no_track_and_tracks_are_shared_by_what_is_apart() {
    let mut nets = [net(&[5], &[5]), net(&[10], &[20]), net(&[30], &[25])];
    assert_eq!(assign_tracks(&mut nets), 1);
    assert_eq!(nets.map(|net| net.track), [None, Some(0), Some(0)]);
}

#[test]
fn tracks_are_ordered_so_that_fewer_lines_cross() {
    // Both turn right: the right one must be above, or its line down from above crosses the other.
    let mut nets = [net(&[0], &[20]), net(&[10], &[30])];
    assert_eq!(assign_tracks(&mut nets), 2);
    assert_eq!(nets.map(|net| net.track), [Some(1), Some(0)]);
}

#[test]
fn a_line_enters_near_its_wish_and_apart_from_others() {
    let others = |column: i64| column == 5 || column == 8;
    assert_eq!(entrance(2, (0, 10), i64::MIN, &others), 2);
    // 5 is another's, 4 and 6 are beside it, 3 is two away.
    assert_eq!(entrance(5, (0, 10), i64::MIN, &others), 3);
    // On the left a line has entered already; what is right of it is better even beside another.
    assert_eq!(entrance(5, (0, 10), 3, &others), 4);
    assert_eq!(entrance(20, (0, 10), i64::MIN, &others), 10);
}
