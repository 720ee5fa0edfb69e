//! Acting on runs. Whatever decides or destroys asks first; what was decided is a wish, and its end is news.

use crate::watch::model::{Choice, Model, Overlay, Then};
use crate::watch::page::Row;
use crate::watch::run::Ending;
use crate::watch::source::{Act, Errand, Opened, Wanted, Wish};
use troupe_core::id::{ActorId, ItemIndex, RunId, StepIndex};
use troupe_core::port::approver::Question;
use troupe_core::view::StepStatus;

fn ask(model: &mut Model, title: String, text: String, options: Vec<(String, Then)>) {
    model.overlay = Some(Overlay::Choose(Choice {
        title,
        text,
        options,
        at: 0,
    }));
}

/// Closes the screens; where a run works in this process it says what becomes of it.
pub(super) fn close(model: &mut Model) -> Vec<Wish> {
    let own = model.own.clone();
    match own {
        Some(run) if !is_over(model, &run) => {
            let options = vec![
                (
                    "close the screens; the run goes on below".to_owned(),
                    Then::Close(Ending::Closed),
                ),
                ("stay here".to_owned(), Then::Nothing),
                ("cancel the run".to_owned(), Then::Do(Act::Cancel { run: run.clone() })),
            ];
            ask(
                model,
                format!("run {run} works in this process"),
                String::new(),
                options,
            );
            Vec::new()
        }
        _ => vec![Wish::Close(Ending::Closed)],
    }
}

/// Whether a run is known to be over, by its own events or by the list.
fn is_over(model: &Model, run: &RunId) -> bool {
    let looked_at = model.run.as_ref().filter(|known| known.facts.run == *run);
    match looked_at {
        Some(known) => known.history.now.view.status.is_over(),
        None => {
            let mut listed = model.fleet.rows.iter().flat_map(|rows| rows.iter());
            listed.any(|row| row.run == *run && row.standing.status.is_over())
        }
    }
}

pub(super) fn answer(model: &mut Model) {
    let questions = model.facts().map(|facts| facts.questions.clone()).unwrap_or_default();
    match questions.as_slice() {
        [] => {}
        [only] => ask_choice(model, only.clone()),
        several => {
            let of = |question: &Question| {
                let text = format!("{}: {}", question.place, question.message);
                (text, Then::Ask(Box::new(question.clone())))
            };
            let options = several.iter().map(of).collect();
            ask(model, "which question?".to_owned(), String::new(), options);
        }
    }
}

/// Shows a question's choices.
pub(super) fn ask_choice(model: &mut Model, question: Question) {
    let of = |choice: &String| {
        let act = Act::Answer {
            run: question.run.root(),
            place: question.place.clone(),
            choice: choice.clone(),
            comment: String::new(),
        };
        (choice.clone(), Then::Comment(act))
    };
    let mut options = vec![("decide later".to_owned(), Then::Nothing)];
    options.extend(question.choices.iter().map(of));
    ask(model, question.place.clone(), question.message, options);
}

pub(super) fn cancel(model: &mut Model) {
    let Some(run) = model.spot().run.clone() else {
        return;
    };
    let mut options = vec![("no".to_owned(), Then::Nothing)];
    let mut text = "What is under way is stopped; the run can be gone on with later.".to_owned();
    if let Some(place) = chosen_work(model) {
        let stop = Act::Stop {
            run: run.clone(),
            place: place.clone(),
        };
        options.push((format!("only {place}"), Then::Do(stop)));
        text.push_str(" A part of it that is stopped fails, and the rest goes on as `on_error` says.");
    }
    options.push(("the whole run".to_owned(), Then::Do(Act::Cancel { run: run.clone() })));
    ask(model, format!("cancel run {run}?"), text, options);
}

/// The name of what is chosen, where it is at work and can be stopped alone.
fn chosen_work(model: &Model) -> Option<String> {
    let folds = model.folds()?;
    let step_of = |step: u32| folds.view.steps.get(step as usize);
    let live = |actor: &ActorId| folds.view.agents.get(actor.at()).filter(|agent| agent.status.is_live());
    match (&model.spot().chosen, model.spot().actor) {
        (Some(Row::Step(step)), _) => step_of(*step)
            .filter(|step| matches!(step.status, StepStatus::Running | StepStatus::InDoubt))
            .map(|step| step.name.clone()),
        (Some(Row::Child(step, at)), _) => {
            let child = step_of(*step)?.children.get(*at as usize)?;
            let item = child.ended_ms.is_none().then_some(child.item)?;
            Some(folds.view.place(&folds.workflow, StepIndex(*step), item))
        }
        (Some(Row::Agent(actor)), _) => live(actor).map(|agent| agent.address.clone()),
        (_, Some(actor)) => live(&actor).map(|agent| agent.address.clone()),
        _ => None,
    }
}

pub(super) fn resume(model: &mut Model) {
    let Some(run) = model.spot().run.clone() else {
        return;
    };
    let of = |accept_changes| {
        Then::Do(Act::Resume {
            run: run.clone(),
            accept_changes,
        })
    };
    let options = vec![
        ("no".to_owned(), Then::Nothing),
        ("yes".to_owned(), of(false)),
        (
            "yes, with what changed in its file since (limits, prompts)".to_owned(),
            of(true),
        ),
    ];
    let text = "Another process goes on with it: what failed is tried again, nothing that is finished is repeated. \
                What the run may use is raised first (L); other limits in its file (E opens it).";
    ask(model, format!("go on with run {run}?"), text.to_owned(), options);
}

/// Asks whether to fork the run at the moment that is looked at, with an output set or not.
pub(super) fn fork(model: &mut Model, set: Option<(Opened, String)>) {
    let (run, at) = match &set {
        Some((opened, _)) => (Some(opened.run.clone()), opened.at),
        None => (model.spot().run.clone(), model.past.as_ref().map(|past| past.at)),
    };
    let Some(run) = run else {
        return;
    };
    let shares = at.map_or_else(|| "all its events".to_owned(), |at| format!("its first {at} events"));
    let text = match &set {
        None => format!("A run of its own goes on from here: it shares {shares}, and pays for what comes after."),
        Some((opened, text)) => format!(
            "A run of its own shares {shares}, with the output of {} set to:\n{text}\nWhat comes after it is done again.",
            opened.place
        ),
    };
    let set = set.map(|(opened, text)| (opened.place, text));
    let act = Act::Fork {
        run: run.clone(),
        at,
        set,
    };
    let options = vec![
        ("no".to_owned(), Then::Nothing),
        ("yes, fork it".to_owned(), Then::Do(act)),
    ];
    ask(model, format!("fork run {run}?"), text, options);
}

/// Fetches the output of the chosen step, or of the item that the chosen agent works on, to edit it.
pub(super) fn edit(model: &mut Model) -> Vec<Wish> {
    let place = chosen_place(model);
    let (Some(run), Some((step, item))) = (model.spot().run.clone(), place) else {
        model.tell(
            "choose a step, or the agent of an item, whose output is to be edited",
            true,
        );
        return Vec::new();
    };
    let wanted = Wanted::Output {
        run,
        at: model.past.as_ref().map(|past| past.at),
        step,
        item,
        edit: true,
    };
    vec![Wish::Begin(wanted)]
}

fn chosen_place(model: &Model) -> Option<(StepIndex, Option<ItemIndex>)> {
    let folds = model.folds()?;
    let actor = match (&model.spot().chosen, model.spot().actor) {
        (Some(Row::Step(step)), _) => return Some((StepIndex(*step), None)),
        (Some(Row::Agent(actor)), _) => *actor,
        (_, Some(actor)) => actor,
        _ => return None,
    };
    let root = lead_of_all(model, actor);
    let agent = folds.view.agents.get(root.at())?;
    let items = folds.view.steps.get(agent.step.at())?.items;
    let place = agent.address.rsplit_once('/')?.0;
    let is_fanned = folds.workflow.step(agent.step).fan_out.is_some();
    let mut items = (0..items).map(ItemIndex).filter(|_| is_fanned);
    let item = items.find(|item| folds.view.place(&folds.workflow, agent.step, *item) == place);
    Some((agent.step, item))
}

/// The agent that works for the item itself.
fn lead_of_all(model: &Model, actor: ActorId) -> ActorId {
    let Some(folds) = model.folds() else {
        return actor;
    };
    let parent = |actor: ActorId| folds.view.agents.get(actor.at()).and_then(|agent| agent.parent);
    std::iter::successors(Some(actor), |actor| parent(*actor))
        .last()
        .unwrap_or(actor)
}

/// An output arrived that is to be edited. Whoever has gone elsewhere meanwhile is not torn away from there.
pub(super) fn opened(model: &mut Model, opened: Opened) -> Vec<Wish> {
    if model.spot().run.as_ref() == Some(&opened.run) && model.overlay.is_none() {
        return vec![Wish::Outside(Errand::Edit(opened))];
    }
    let Opened { run, place, .. } = opened;
    model.tell(
        format!("the output of {place} of run {run} came too late to be edited: press e there again"),
        true,
    );
    Vec::new()
}

/// The editor was left.
pub(super) fn edited(model: &mut Model, opened: Opened, text: &str) {
    let text = text.trim();
    if text == opened.text.trim() {
        model.tell(format!("the output of {} was left as it is", opened.place), false);
        return;
    }
    let text = text.to_owned();
    fork(model, Some((opened, text)));
}
