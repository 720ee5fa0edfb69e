//! Licence expressions and who is asked.

use super::{accepts, check};
use serde_json::json;

#[test]
fn one_accepted_way_is_enough() {
    let accepted = [
        "MIT",
        "GPL-3.0-only OR MIT",
        "Apache-2.0 / MIT / MPL-2.0",
        "MIT/Apache-2.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "MIT AND (GPL-3.0-only OR ISC)",
        "GPL-3.0-only AND MPL-2.0 OR MIT",
    ];
    for expression in accepted {
        assert!(accepts(expression), "{expression}");
    }
}

#[test]
fn everything_else_is_refused() {
    let refused = [
        "",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "MIT OR",
        "(MIT",
        "MIT)",
        "MIT Apache-2.0",
        "(MIT OR ISC) AND MPL-2.0",
        "MIT WITH Odd-exception",
        "mit",
    ];
    for expression in refused {
        assert!(!accepts(expression), "{expression}");
    }
}

#[test]
fn packages_that_are_not_built_are_not_asked() {
    let metadata = json!({
        "resolve": {"nodes": [{"id": "a"}, {"id": "b"}, {"id": "c"}]},
        "packages": [
            {"id": "a", "name": "a", "version": "1.0.0", "license": "MIT"},
            {"id": "b", "name": "b", "version": "2.0.0", "license": "AGPL-3.0"},
            {"id": "c", "name": "c", "version": "3.0.0", "license": null},
            {"id": "d", "name": "d", "version": "4.0.0", "license": "AGPL-3.0"},
        ],
    });
    let report = check(&metadata);
    let places: Vec<&str> = report.findings.iter().map(|finding| finding.place.as_str()).collect();
    assert_eq!(places, ["b 2.0.0", "c 3.0.0"]);
    assert_eq!(report.checked, "3 packages");
}
