//! Pauses and `Retry-After` values.

use super::*;

#[track_caller]
fn check(value: &str, expected: Option<u64>) {
    // Tue, 14 Nov 2023 22:13:20 GMT
    let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    assert_eq!(retry_after(value, now), expected.map(Duration::from_secs), "{value}");
}

#[test]
fn seconds() {
    check("3", Some(3));
    check(" 120 ", Some(120));
    check("0", Some(0));
    assert_eq!(retry_after("0.25", UNIX_EPOCH), Some(Duration::from_millis(250)));
}

#[test]
fn dates() {
    check("Tue, 14 Nov 2023 22:13:50 GMT", Some(30));
    check("Wed, 15 Nov 2023 22:13:20 GMT", Some(86_400));
    check("Thu, 29 Feb 2024 00:00:00 GMT", Some(9_164_800));
    check("Sun, 06 Nov 1994 08:49:37 GMT", Some(0));
}

#[test]
fn what_is_neither_is_ignored() {
    for value in [
        "",
        "soon",
        "-1",
        "NaN",
        "inf",
        "1e40",
        "Tue, 14 Foo 2023 22:13:50 GMT",
        "Tue, 14 Nov 2023 22:13 GMT",
    ] {
        check(value, None);
    }
}

#[test]
fn pauses_double_up_to_the_longest() {
    let backoff = Backoff::STANDARD;
    let pauses: Vec<u128> = [1, 2, 3, 4, 10, u32::MAX]
        .map(|n| backoff.pause(n, 1.0).as_millis())
        .to_vec();
    assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 30_000, 30_000]);
    assert_eq!(backoff.pause(1, 0.0).as_millis(), 250);
}

#[test]
fn shares_are_spread_over_the_unit_interval() {
    let shares: Vec<f64> = (0..64).map(|_| share()).collect();
    assert!(shares.iter().all(|share| (0.0..1.0).contains(share)));
    assert!(shares.windows(2).any(|pair| pair[0] != pair[1]));
}
