//! Keys for what can be done about a run, and for going through its past.

use super::{Binding, Command, Travel, binding, char};
use crate::watch::model::Model;
use troupe_core::port::journal::RunStatus;

/// What can be done about the run that is looked at.
pub(super) fn keys(model: &Model) -> Vec<Binding> {
    let Some(facts) = model.facts() else {
        return Vec::new();
    };
    let is_whole = facts.run.parent().is_none();
    let (status, is_past) = (facts.standing.status, model.past.is_some());
    let mut keys = Vec::new();
    let mut offer = |when: bool, binding: Binding| keys.extend(Some(binding).filter(|_| when));
    offer(
        is_whole && !is_past && !facts.questions.is_empty(),
        binding([char('a')], Command::Answer, "answer", "answer what the run asks"),
    );
    offer(
        is_whole && !is_past && !status.is_over(),
        binding(
            [char('x')],
            Command::Cancel,
            "cancel",
            "cancel the run; it can be gone on with",
        ),
    );
    offer(
        is_whole && !is_past && status != RunStatus::Succeeded,
        binding(
            [char('L')],
            Command::Raise,
            "",
            "let the run use more than its file says",
        ),
    );
    let rests =
        facts.standing.interrupted || matches!(status, RunStatus::Waiting | RunStatus::Failed | RunStatus::Cancelled);
    offer(
        is_whole && !is_past && rests,
        binding(
            [char('R')],
            Command::Resume,
            "resume",
            "go on with the run: try again what failed",
        ),
    );
    offer(
        is_whole && (is_past || status != RunStatus::Succeeded),
        binding(
            [char('F')],
            Command::Fork,
            "fork",
            "start a run that shares this one's past, from here",
        ),
    );
    offer(
        is_whole,
        binding(
            [char('e')],
            Command::Edit,
            "edit",
            "edit the chosen step's output, and fork the run with it",
        ),
    );
    offer(
        true,
        binding([char('E')], Command::File, "", "open the run's file in $EDITOR"),
    );
    keys.extend(travel(is_past));
    keys
}

fn travel(is_past: bool) -> Vec<Binding> {
    let go = |key, travel, word, about| binding([char(key)], Command::Travel(travel), word, about);
    let mut keys = vec![
        binding(
            [char('[')],
            Command::Travel(Travel::Earlier),
            "earlier",
            "one event earlier",
        ),
        go('{', Travel::MuchEarlier, "", "a twentieth of the run earlier"),
        go('^', Travel::Beginning, "", "to the first event"),
        go('#', Travel::To, "", "to an event by its number"),
    ];
    if is_past {
        keys.push(go(']', Travel::Later, "later", "one event later"));
        keys.push(go('}', Travel::MuchLater, "", "a twentieth of the run later"));
        keys.push(go('.', Travel::Present, "now", "back to the present"));
    }
    keys
}
