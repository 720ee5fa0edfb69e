//! Addresses and choices.

use super::*;

#[test]
fn addresses_end_where_they_end() {
    let found = addresses("See (https://github.com/a/b), <http://x.org/y>, https://z.io/. and https://w.org/a_(b).");
    assert_eq!(
        found,
        [
            "https://github.com/a/b",
            "http://x.org/y",
            "https://z.io/",
            "https://w.org/a_(b)"
        ]
    );
}

#[test]
fn the_most_frequent_choice_wins_and_the_first_of_equals() {
    let choices = ["rust", "python", "not_given"].map(str::to_owned);
    assert_eq!(
        most_frequent(&choices, "Python, Rust and python").as_deref(),
        Some("python")
    );
    assert_eq!(most_frequent(&choices, "Python and Rust").as_deref(), Some("rust"));
    assert_eq!(
        most_frequent(&choices, "It is not given.").as_deref(),
        Some("not_given")
    );
    assert_eq!(most_frequent(&choices, "C"), None);
}
