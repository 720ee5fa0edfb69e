//! Tests of reading RSpec, on what it printed.

use crate::environment::results::{Runner, tests::told};

#[test]
fn an_example_is_named_below_its_groups() {
    assert_eq!(
        told(Runner::Rspec, include_str!("../fixtures/rspec.txt")),
        [
            "Passed Calculator > #add > adds",
            "Failed Calculator > #add > fails",
            "Skipped Calculator > #add > pends",
            "Skipped Calculator > #add > skips",
            "Passed Calculator > when empty > is expected to be nil",
        ]
    );
}

#[test]
fn a_line_outside_of_groups_is_no_example() {
    assert_eq!(
        told(
            Runner::Rspec,
            "Run options: exclude {:slow=>true}\n\nNo examples found.\n"
        ),
        [""; 0]
    );
}
