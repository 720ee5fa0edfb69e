//! What was decided about a question, as the journal of the run that asked it says.

use crate::error::Error;
use troupe_core::engine::{self, State};
use troupe_core::id::RunId;
use troupe_core::ir::{Verb, Workflow};
use troupe_core::port::approver::{Answer, Question};
use troupe_core::port::journal::Journal;

/// The answer that decided a question, a person's or the deadline's; none when it is open, and when its step ended
/// without a decision.
///
/// # Errors
/// When the journal of the run that asked cannot be read.
pub async fn decided(journal: &dyn Journal, question: &Question, workflow: &Workflow) -> Result<Option<Answer>, Error> {
    let Some(workflow) = called(workflow, &question.run) else {
        return Ok(None);
    };
    let entries = journal.load(&question.run).await.map_err(Error::Load)?;
    let mut state = State::new(workflow);
    for entry in &entries {
        let answer = engine::answered(workflow, &state, question.call, &entry.event);
        if answer.is_some() {
            return Ok(answer);
        }
        engine::apply(workflow, &mut state, &entry.event);
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
