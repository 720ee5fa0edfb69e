//! Going back in a run, and forth: every screen then shows it as it was.

use crate::watch::keymap::Travel;
use crate::watch::model::{Model, Overlay, Past, Purpose};

/// Steps that lead through a whole run.
const STEPS: u64 = 20;

pub(super) fn go(model: &mut Model, travel: Travel) {
    let Some(run) = &model.run else {
        return;
    };
    let all = run.history.now.view.events;
    let at = model.past.as_ref().map_or(all, |past| past.at);
    let far = (all / STEPS).max(2);
    let to = match travel {
        Travel::Earlier => at.saturating_sub(1),
        Travel::MuchEarlier => at.saturating_sub(far),
        Travel::Beginning => 1,
        Travel::Later if at + 1 >= all && model.past.is_some() => return present(model),
        Travel::Later => at + 1,
        Travel::MuchLater if at + far >= all => return present(model),
        Travel::MuchLater => at + far,
        Travel::Present => return present(model),
        Travel::To => {
            let (purpose, text) = (Purpose::Moment, String::new());
            model.overlay = Some(Overlay::Prompt { purpose, text });
            return;
        }
    };
    to_event(model, to);
}

/// Shows the run as it was after so many events.
pub(super) fn to_event(model: &mut Model, at: u64) {
    let Some(run) = &model.run else {
        return;
    };
    let at = at.clamp(1, run.history.now.view.events.max(1));
    let folds = model.past.take().and_then(|past| past.folds);
    let kept = run.history.before(at);
    // What is shown already is mostly the nearer one on the way forth.
    let mut shown = folds
        .iter()
        .filter(|folds| (kept.view.events..=at).contains(&folds.view.events));
    let base = shown.next_back().unwrap_or(kept).clone();
    model.past = Some(Past { at, folds, base });
}

pub(super) fn present(model: &mut Model) {
    model.past = None;
    // What an agent said until now is read anew.
    if model.transcript.as_ref().is_some_and(|heard| heard.at.is_some()) {
        model.transcript = None;
    }
}
