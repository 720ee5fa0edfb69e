//! Edges that are allowed, and those that are not.

use super::{Edge, Kind, LAYERS, edges, forbidden, impurities, packages, unknown_packages};
use serde_json::json;

fn edge(from: &str, to: &str, kind: Kind) -> Edge {
    Edge {
        from: from.to_owned(),
        to: to.to_owned(),
        kind,
        optional: false,
    }
}

#[test]
fn the_table_is_kept() {
    let allowed = [
        edge("troupe-store", "troupe-core", Kind::Normal),
        edge("troupe-core", "troupe-testkit", Kind::Development),
        edge("troupe", "troupe-tui", Kind::Normal),
        edge("troupe", "troupe-store", Kind::Development),
        Edge {
            optional: true,
            ..edge("xtask", "troupe-models", Kind::Normal)
        },
    ];
    for edge in allowed {
        assert_eq!(forbidden(&edge), None);
    }
}

#[test]
fn every_other_edge_is_a_finding() {
    let forbidden_edges = [
        (edge("troupe-core", "troupe-dsl", Kind::Normal), "may not use"),
        (edge("troupe-tools", "troupe-models", Kind::Normal), "may not use"),
        (edge("troupe-tools", "troupe-models", Kind::Development), "tests of"),
        (edge("troupe-tools", "troupe-core-build", Kind::Build), "may not use"),
        (edge("troupe", "troupe-testkit", Kind::Normal), "dev-dependencies"),
        (edge("troupe", "xtask", Kind::Normal), "may not use"),
        (edge("troupe-dsl", "troupe", Kind::Development), "tests of"),
        (edge("xtask", "troupe-models", Kind::Normal), "optional"),
        (edge("newcomer", "troupe-core", Kind::Normal), "may not use"),
    ];
    for (edge, text) in forbidden_edges {
        let finding = forbidden(&edge).unwrap_or_else(|| panic!("{edge:?} passes"));
        assert!(finding.message.contains(text), "{finding:?}");
    }
}

#[test]
fn a_package_is_in_the_table_and_in_the_workspace_or_in_neither() {
    let all: Vec<&str> = LAYERS.iter().map(|layer| layer.package).collect();
    assert_eq!(unknown_packages(&all), []);
    let mut others = all.clone();
    others[0] = "newcomer";
    let places: Vec<String> = unknown_packages(&others)
        .into_iter()
        .map(|finding| finding.place)
        .collect();
    assert_eq!(places, ["newcomer", "troupe-core"]);
}

#[test]
fn edges_are_read_from_cargo_metadata() {
    let metadata = json!({"packages": [
        {"name": "troupe-store", "dependencies": [
            {"name": "sqlx", "kind": null, "optional": false},
            {"name": "troupe-core", "kind": null, "optional": false, "path": "/p/core"},
            {"name": "troupe-testkit", "kind": "dev", "optional": false, "path": "/p/testkit"},
        ]},
        {"name": "xtask", "dependencies": [
            {"name": "troupe-models", "kind": "build", "optional": true, "path": "/p/models"},
        ]},
    ]});
    assert_eq!(packages(&metadata), ["troupe-store", "xtask"]);
    assert_eq!(
        edges(&metadata),
        [
            edge("troupe-store", "troupe-core", Kind::Normal),
            edge("troupe-store", "troupe-testkit", Kind::Development),
            Edge {
                optional: true,
                ..edge("xtask", "troupe-models", Kind::Build)
            },
        ]
    );
}

#[test]
fn the_core_is_clean_by_exact_name() {
    let clean = "troupe-core v0.1.0 (/p/core)\nserde v1.0.0\ntokio-free v1.0.0\n";
    assert_eq!(impurities(clean), []);
    let findings = impurities("troupe-core v0.1.0\nuuid v1.0.0\nrand v0.9.0\ntokio v1.0.0 (*)\n");
    let places: Vec<&str> = findings.iter().map(|finding| finding.place.as_str()).collect();
    assert_eq!(places, ["troupe-core → tokio", "troupe-core → rand"]);
}
