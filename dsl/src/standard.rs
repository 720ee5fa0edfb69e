//! The standard library: workflows that any file can call as `std/NAME`.

/// Every workflow of the library: its name and its text.
const WORKFLOWS: [(&str, &str); 7] = [
    ("debate", include_str!("../std/debate.yaml")),
    ("environment", include_str!("../std/environment.yaml")),
    ("environment-attempt", include_str!("../std/environment-attempt.yaml")),
    ("refine", include_str!("../std/refine.yaml")),
    ("refine-round", include_str!("../std/refine-round.yaml")),
    ("verify-citation", include_str!("../std/verify-citation.yaml")),
    ("verify-citations", include_str!("../std/verify-citations.yaml")),
];

/// The names, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    WORKFLOWS.iter().map(|(name, _)| *name)
}

/// The text of a workflow, by its name without `std/`.
pub fn text(name: &str) -> Option<&'static str> {
    WORKFLOWS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}
