//! What a source found out.

use super::super::source::{News, Wish};
use super::act;
use crate::watch::model::{Heard, Model, Watched};
use troupe_core::port::journal::{Entry, RunStatus};

pub(super) fn take(model: &mut Model, news: News) -> Vec<Wish> {
    match news {
        News::Fleet(rows) => {
            let is_there = |run: &troupe_core::id::RunId| rows.iter().any(|row| row.run == *run);
            if model.fleet.details.len() > rows.len() {
                model.fleet.details.retain(|run, _| is_there(run));
            }
            model.fleet.rows = Some(rows);
        }
        News::Details(run, details) => drop(model.fleet.details.insert(run, details)),
        News::Run(loaded) => take_run(model, *loaded),
        News::Entries(run, entries) if is_looked_at(model, &run) => take_entries(model, &entries),
        News::Facts(facts) if is_looked_at(model, &facts.run) => {
            if let Some(run) = &mut model.run {
                run.stand(*facts);
            }
        }
        News::Past(moment) => {
            // Whoever has gone on meanwhile waits for another moment, and sees this one until then.
            if is_looked_at(model, &moment.run)
                && let Some(past) = &mut model.past
            {
                past.folds = Some(moment.folds);
            }
        }
        News::Transcript {
            run,
            at,
            actor,
            transcript,
        } => {
            if model
                .spots
                .iter()
                .any(|spot| spot.run.as_ref() == Some(&run) && spot.actor == Some(actor))
            {
                let heard = Heard {
                    run,
                    actor,
                    at,
                    transcript,
                };
                model.transcript = Some(heard);
            }
        }
        News::Writing(run, actor, text) if is_looked_at(model, &run) => model.writing.write(actor, &text),
        News::Void(run, actor) if is_looked_at(model, &run) => model.writing.end(actor),
        News::Passage(passage) => model.enter_text(passage),
        News::Output(opened) => return act::opened(model, opened),
        News::Edited(opened, text) => act::edited(model, opened, &text),
        News::Environments(environments) => model.environments = Some(environments),
        News::Builds(builds) => model.builds = Some(builds),
        News::BuildLog(name, text) => model.build_log = Some((name, text)),
        News::Done(text) => model.tell(text, false),
        News::Refused(text) => model.tell(text, true),
        News::Trouble(trouble) => model.trouble = trouble,
        // Of a run that nobody looks at any more.
        News::Entries(..) | News::Facts(_) | News::Writing(..) | News::Void(..) => {}
    }
    Vec::new()
}

fn is_looked_at(model: &Model, run: &troupe_core::id::RunId) -> bool {
    model.run.as_ref().is_some_and(|known| known.facts.run == *run)
}

fn take_run(model: &mut Model, loaded: super::super::Loaded) {
    if model.spot().run.as_ref() != Some(&loaded.facts.run) {
        return;
    }
    let super::super::Loaded { facts, history } = loaded;
    let mut run = Watched {
        facts: facts.clone(),
        history,
    };
    run.stand(facts);
    model.run = Some(run);
    // Numbers of agents mean others in another run.
    model.writing.clear();
    if let Some(at) = model.past.as_ref().map(|past| past.at) {
        super::travel::to_event(model, at);
    }
}

fn take_entries(model: &mut Model, entries: &[Entry]) {
    let Some(run) = &mut model.run else {
        return;
    };
    for entry in entries {
        run.history.fold(entry);
    }
    // That somebody works on it is what its events say.
    if !entries.is_empty() {
        run.facts.standing.interrupted = false;
        run.facts.standing.status = run.history.now.view.status;
    }
    model.writing.end_of_the_dead(&run.history.now.view);
    for entry in entries {
        if let troupe_core::event::Event::ModelReplied { actor, .. } = &entry.event {
            model.writing.end(*actor);
        }
    }
}

impl Watched {
    /// Takes what is known besides the events. That a run waits is no event.
    fn stand(&mut self, facts: super::super::Facts) {
        if facts.standing.status == RunStatus::Waiting {
            self.history.now.view.status = RunStatus::Waiting;
        } else if self.history.now.view.status == RunStatus::Waiting {
            self.history.now.view.status = RunStatus::Running;
        }
        self.facts = facts;
    }
}
