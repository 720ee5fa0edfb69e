//! What was decided about a question, as the journal of the run that asked it says.

use crate::error::Error;
use troupe_core::engine::{self, State};
use troupe_core::event::Event;
use troupe_core::id::RunId;
use troupe_core::ir::{Verb, Workflow};
use troupe_core::port::approver::Question;
use troupe_core::port::journal::Journal;
use troupe_core::view::RunView;

/// What became of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What was chosen; none where the choice is not a part of the output.
    pub choice: Option<String>,
    /// Who decided: a person, or a deadline.
    pub by: String,
}

/// How a question was decided that is no longer open; none when it is open, and when its step ended
/// without a decision.
///
/// # Errors
/// When the journal of the run that asked cannot be read.
pub async fn decided(
    journal: &dyn Journal,
    question: &Question,
    workflow: &Workflow,
) -> Result<Option<Decision>, Error> {
    let Some(workflow) = called(workflow, &question.run) else {
        return Ok(None);
    };
    let item = question.item.as_ref().map(|item| format!("[{item}]"));
    let place = format!("{}{}", question.step, item.unwrap_or_default());
    let entries = journal.load(&question.run).await.map_err(Error::Load)?;
    let (mut state, mut view) = (State::new(workflow), RunView::new(workflow));
    for entry in &entries {
        let was_asked = state.next_call() > question.call;
        engine::apply(workflow, &mut state, &entry.event);
        view.fold(workflow, entry);
        match &entry.event {
            Event::ItemSucceeded {
                step, item, output, by, ..
            }
            | Event::RoundEnded {
                step, item, output, by, ..
            } if was_asked && view.place(workflow, *step, *item) == place => {
                let choice = output.as_ref().and_then(|output| output["choice"].as_str());
                return Ok(by.clone().map(|by| Decision {
                    choice: choice.map(str::to_owned),
                    by,
                }));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// The workflow of `run`, which the one with `workflow` started, or one that it started.
fn called<'a>(workflow: &'a Workflow, run: &RunId) -> Option<&'a Workflow> {
    run.as_str().split('.').skip(1).try_fold(workflow, |workflow, part| {
        // A step's name may begin with another one's.
        let steps = workflow.steps.iter().filter(|step| {
            let rest = part.strip_prefix(step.name.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        });
        let step = steps
            .filter(|step| matches!(step.verb, Verb::Workflow { .. }))
            .max_by_key(|step| step.name.len())?;
        match step.verb {
            Verb::Workflow { workflow: index, .. } => Some(&**workflow.workflow(index)),
            _ => None,
        }
    })
}
