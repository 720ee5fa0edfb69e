//! What stands in the lines of a plan.

use super::{command_line, cost, cut};
use troupe_core::estimate::{Cost, Worst};

#[test]
fn what_is_not_known_is_said() {
    let told = |dollars, unpriced: &[&str]| {
        cost(&Worst {
            agents: 1,
            turns: 1,
            commands: 0,
            tokens: 1,
            cost: Cost {
                dollars,
                unpriced: unpriced.iter().map(|&model| model.to_owned()).collect(),
            },
            seconds: None,
        })
    };
    assert_eq!(told(0.0, &[]), "$0");
    assert_eq!(told(1.2, &[]), "$1.20");
    assert_eq!(told(0.0, &["a/b", "c/d"]), "unknown cost (no `price` of a/b, c/d)");
    assert_eq!(told(1.2, &["a/b"]), "$1.20 and unknown cost (no `price` of a/b)");
}

#[test]
fn words_with_marks_are_quoted_and_long_lines_cut() {
    let command = ["sh", "-c", "echo \"$1\"", ""].map(str::to_owned);
    assert_eq!(command_line(&command), r#"sh -c "echo \"$1\"" """#);
    assert_eq!(cut(&"ü".repeat(500)).chars().count(), 161);
    assert_eq!(cut("a\nb"), "a b");
}
