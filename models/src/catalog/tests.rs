//! Connecting, and what is said when that is impossible.

use super::*;
use insta::assert_snapshot;

fn outcome(edit: impl FnOnce(&mut ModelOptions)) -> String {
    let mut options = ModelOptions::new("openai", "gpt-5-mini");
    edit(&mut options);
    match connect(options) {
        Ok(model) => model.label(),
        Err(error) => format!("{:?}: {error}", error.kind),
    }
}

#[test]
fn a_missing_key_names_the_variable() {
    assert_snapshot!(outcome(|_| {}), @"Denied: openai/gpt-5-mini needs a key: set the environment variable OPENAI_API_KEY, or give the model a `base_url` whose server needs none");
    assert_eq!(outcome(|options| options.api_key = Some(" \n".into())), outcome(|_| {}));
}

#[test]
fn an_address_of_ones_own_needs_no_key() {
    assert_eq!(
        outcome(|options| options.base_url = Some("http://localhost:8000/v1".into())),
        "openai/gpt-5-mini"
    );
    let standard = Some("https://api.openai.com/v1/".to_owned());
    assert_eq!(outcome(|options| options.base_url = standard), outcome(|_| {}));
}

#[test]
fn a_key_is_enough_at_the_providers_address() {
    assert_eq!(
        outcome(|options| options.api_key = Some("sk-x".into())),
        "openai/gpt-5-mini"
    );
}

#[test]
fn what_is_unknown_is_named() {
    assert_snapshot!(outcome(|options| options.provider = "opneai".into()), @"Missing: there is no model provider `opneai`; the providers are: builtin, local, openai");
    assert_snapshot!(outcome(|options| options.provider = "builtin".into()), @"Missing: there is no model builtin/gpt-5-mini; the only one is builtin/reader");
    assert_snapshot!(outcome(|options| options.base_url = Some("localhost:8000".into())), @"Invalid: `localhost:8000` is no HTTP address; a base_url looks like http://localhost:8000/v1");
}

#[test]
fn the_reader_says_what_it_is() {
    let label = outcome(|options| {
        options.provider = "builtin".into();
        options.name = "reader".into();
    });
    assert_eq!(label, "builtin/reader (no language model)");
}

#[test]
fn options_hide_their_key() {
    let mut options = ModelOptions::new("openai", "gpt-5-mini");
    options.api_key = Some("sk-secret".into());
    assert!(!format!("{options:?}").contains("sk-secret"));
}

#[test]
fn every_row_has_a_name_of_its_own() {
    for row in PROVIDERS {
        assert_eq!(provider(row.name), Some(row));
    }
}
