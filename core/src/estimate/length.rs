//! How many items a fan-out can have, as far as its expression says.

use super::StepEstimate;
use crate::expression::{Scope, operators};
use crate::ir::{FanOut, Workflow};
use crate::{Object, Value};
use cel::common::ast::{Expr, operators as logic};
use std::borrow::Cow;

/// Items at most: the list's length where it is known, a bound on it where its form gives one, and
/// `limits.fan_out` in any case. `steps` are the estimates of the steps before.
pub(super) fn of(each: &FanOut, workflow: &Workflow, inputs: Option<&Object>, steps: &[StepEstimate]) -> u64 {
    let most = u64::from(workflow.limits.fan_out);
    let known = match each.items.evaluate(&Given { workflow, inputs }) {
        Ok(Value::Array(items)) => Some(items.len() as u64),
        _ => None,
    };
    let items_of = |name: &str| {
        let at = workflow.step_named(name)?.at();
        steps.get(at).map(|step| step.items)
    };
    let bound = || by_form(&each.items.root().expr, &items_of);
    known.or_else(bound).map_or(most, |length| length.min(most))
}

/// A bound that follows from how the list is made: `filter` and `map` make none longer.
fn by_form(expr: &Expr, items_of: &dyn Fn(&str) -> Option<u64>) -> Option<u64> {
    match expr {
        Expr::List(list) => Some(list.elements.len() as u64),
        Expr::Comprehension(comprehension) => by_form(&comprehension.iter_range.expr, items_of),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::ADD, [one, other]) => {
                Some(by_form(&one.expr, items_of)?.saturating_add(by_form(&other.expr, items_of)?))
            }
            (logic::CONDITIONAL, [_, one, other]) => {
                Some(by_form(&one.expr, items_of)?.max(by_form(&other.expr, items_of)?))
            }
            _ => None,
        },
        Expr::Select(outputs) if outputs.field == "outputs" && !outputs.test => match &outputs.operand.expr {
            Expr::Select(step) => match &step.operand.expr {
                Expr::Ident(root) if root == "steps" => items_of(&step.field),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// What is known before a run: the inputs that were given. An expression that reads more, or an input
/// that is missing, has no value.
struct Given<'a> {
    workflow: &'a Workflow,
    inputs: Option<&'a Object>,
}

impl Scope for Given<'_> {
    fn root(&self, name: &str, fields: Option<&[String]>) -> Option<Value> {
        let inputs = self.inputs.filter(|_| name == "inputs")?;
        let whole = match fields {
            Some(fields) => fields.iter().all(|field| inputs.contains_key(field)),
            None => self
                .workflow
                .inputs
                .iter()
                .all(|input| inputs.contains_key(&input.name)),
        };
        whole.then(|| Value::Object(inputs.clone()))
    }

    fn path<'a>(&'a self, path: &[String]) -> Option<Cow<'a, Value>> {
        let (root, rest) = path.split_first()?;
        let (first, rest) = rest.split_first()?;
        let start = self.inputs.filter(|_| root == "inputs")?.get(first)?;
        rest.iter()
            .try_fold(start, |value, field| value.get(field))
            .map(Cow::Borrowed)
    }
}
