//! What two crates that do not see each other must agree on.

use troupe_core::ir::{Offer, Results};
use troupe_core::types::Type;
use troupe_tools::Face;

#[test]
fn the_checker_and_the_tools_know_the_same_tools() {
    let all = troupe_dsl::tool_types::RETRIEVAL_TOOLS.map(str::to_owned).to_vec();
    let names: Vec<&str> = troupe_tools::registry::names().collect();
    assert_eq!(all, names);
    assert_eq!(troupe_dsl::tool_types::PAPER_TOOLS.to_vec(), Offer::faithful().tools);
    for results in [Results::Snippets, Results::Full] {
        for metadata in [&[][..], &["year".to_owned()][..]] {
            let offer = Offer {
                tools: all.clone(),
                results,
                extras: Vec::new(),
            };
            let face = Face::of("", &offer, metadata);
            agree(&face);
        }
    }
    assert_eq!(
        troupe_dsl::tool_types::result("no_such_tool", Results::Snippets),
        Type::Any
    );
}

fn agree(face: &Face) {
    for spec in troupe_tools::specs(face) {
        let result = troupe_dsl::tool_types::result(&spec.name, face.results);
        assert_eq!(result, spec.result, "{}", spec.name);
        let properties = spec.parameters["properties"].as_object().unwrap();
        let arguments = troupe_dsl::tool_types::arguments(&spec.name, &face.metadata);
        let mut named: Vec<&str> = arguments.iter().map(|argument| argument.name.as_str()).collect();
        let mut offered: Vec<&str> = properties.keys().map(String::as_str).collect();
        named.sort_unstable();
        offered.sort_unstable();
        assert_eq!(named, offered, "{}", spec.name);
        let required = spec.parameters["required"].as_array().cloned().unwrap_or_default();
        for argument in arguments {
            assert_eq!(
                argument.required,
                required.iter().any(|name| *name == argument.name),
                "{}",
                argument.name
            );
        }
    }
}

#[test]
fn the_checker_and_the_catalog_know_the_same_providers() {
    for provider in troupe_models::catalog::PROVIDERS {
        let text = format!(
            "troupe: 1\nmodels: {{ m: {}/reader }}\nagents: {{ a: {{ model: m, system: x }} }}\nsteps: {{ s: {{ agent: a, prompt: x }} }}\n",
            provider.name
        );
        let compiled = troupe_dsl::compile("w.yaml", text.as_bytes(), &troupe_dsl::Folder::new("."));
        assert!(!compiled.has_errors(), "{}: {:?}", provider.name, compiled.diagnostics);
    }
}
