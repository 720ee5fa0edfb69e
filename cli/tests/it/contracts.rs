//! What two crates that do not see each other must agree on.

use troupe_core::types::Type;

#[test]
fn the_checker_and_the_tools_know_the_same_tools() {
    for spec in troupe_tools::specs("") {
        assert_eq!(troupe_dsl::tool_types::result(&spec.name), spec.result, "{}", spec.name);
        let properties = spec.parameters["properties"].as_object().unwrap();
        let arguments = troupe_dsl::tool_types::arguments(&spec.name);
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
    assert_eq!(troupe_dsl::tool_types::result("no_such_tool"), Type::Any);
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
