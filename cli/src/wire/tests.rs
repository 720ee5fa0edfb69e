//! What `--model` changes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use super::override_models;
use troupe_core::ir::Price;
use troupe_testkit::workflow::team;

#[test]
fn another_model_has_another_price() {
    let mut workflow = team(1, 1);
    let price = Price {
        input: 1.0,
        output: 2.0,
    };
    workflow.models[0].price = Some(price);
    override_models(&mut workflow, &["fast=scripted/test".into()]).unwrap();
    assert_eq!(workflow.models[0].price, Some(price), "the same model");
    override_models(&mut workflow, &["fast=openai/gpt-5".into()]).unwrap();
    assert_eq!(workflow.models[0].price, None, "nobody said what it costs");
}
