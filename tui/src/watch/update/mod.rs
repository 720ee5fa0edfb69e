//! What follows from what happens: a message changes the model, and gives wishes. Nothing else changes either.

mod act;
mod answer;
mod navigate;
mod news;
mod travel;

use super::keymap::{self, Command, Key};
use super::message::{Input, Message};
use super::model::{Model, Overlay, Purpose};
use super::page::Row;
use super::screen::{self, Subject};
use super::source::{Base, Errand, Interest, News, Wish};

/// Takes a message.
pub(super) fn update(model: &mut Model, message: Message) -> Vec<Wish> {
    let mut wishes = match message {
        Message::Tick(now_ms) => {
            model.now_ms = now_ms;
            if model.notice.as_ref().is_some_and(|notice| notice.until_ms <= now_ms) {
                model.notice = None;
            }
            if !std::mem::take(&mut model.is_unsettled) {
                return Vec::new();
            }
            Vec::new()
        }
        // Thousands of these come in a second; rows move once for all of them.
        Message::News(news @ (News::Writing(..) | News::Void(..))) => {
            model.is_unsettled = true;
            return news::take(model, news);
        }
        Message::Input(input) => take_input(model, input),
        Message::News(news) => news::take(model, news),
    };
    settle(model);
    let interest = interest(model);
    if interest != model.told {
        model.told = interest.clone();
        wishes.push(Wish::Look(interest));
    }
    wishes
}

fn take_input(model: &mut Model, input: Input) -> Vec<Wish> {
    match input {
        Input::Key { code, ctrl } => take_key(model, (code, ctrl)),
        Input::Resize { width, height } => {
            model.size = (width, height);
            Vec::new()
        }
        Input::Wheel(rows) => {
            navigate::by(model, rows.into());
            Vec::new()
        }
        Input::Press { row } => navigate::press(model, row),
    }
}

fn take_key(model: &mut Model, key: Key) -> Vec<Wish> {
    if let Some(Overlay::Prompt { text, .. }) = &mut model.overlay
        && let (ratatui::crossterm::event::KeyCode::Char(letter), false) = key
    {
        text.push(letter);
        answer::typed(model);
        return Vec::new();
    }
    if let Some(wishes) = answer::by_number(model, key) {
        return wishes;
    }
    match keymap::command(model, key) {
        Some(command) => {
            // Who goes on has read what was said.
            model.notice = None;
            perform(model, command)
        }
        None => Vec::new(),
    }
}

fn perform(model: &mut Model, command: Command) -> Vec<Wish> {
    match command {
        Command::Move(go) => navigate::go(model, go),
        Command::Open => return (model.spot().screen.open)(model),
        Command::Back => navigate::back(model),
        Command::Close => return act::close(model),
        Command::Help => model.overlay = Some(Overlay::Help(0)),
        Command::Filter => {
            let text = model.spot().filter.clone();
            let purpose = Purpose::Filter(text.clone());
            model.overlay = Some(Overlay::Prompt { purpose, text });
        }
        Command::Tab(at) => navigate::tab(model, at),
        Command::NextTab => navigate::next_tab(model),
        Command::Turn => {
            if let Some(row) = model.spot().chosen.clone() {
                model.turn(row);
            }
        }
        Command::Order => {
            let spot = model.spot_mut();
            (spot.order, spot.chosen, spot.position) = (spot.order + 1, None, 0);
        }
        Command::Reverse => model.spot_mut().reversed ^= true,
        Command::Answer => act::answer(model),
        Command::Cancel => act::cancel(model),
        Command::Resume => act::resume(model),
        Command::Raise => {
            if let Some(run) = model.spot().run.clone() {
                let (purpose, text) = (Purpose::Limits(run), String::new());
                model.overlay = Some(Overlay::Prompt { purpose, text });
            }
        }
        Command::Fork => act::fork(model, None),
        Command::Edit => return act::edit(model),
        Command::Page => {
            return text(model)
                .map(|(title, text)| Wish::Outside(Errand::Page { title, text }))
                .into_iter()
                .collect();
        }
        Command::File => {
            let run = model.spot().run.clone();
            return run.map(|run| Wish::Outside(Errand::File { run })).into_iter().collect();
        }
        Command::Copy => return copy(model),
        Command::Chunks => {
            let said = screen::chosen_said(model).map(|said| said.retrieved.clone());
            let ids = said
                .into_iter()
                .flat_map(|retrieved| retrieved.read.into_iter().chain(retrieved.shown));
            return screen::open_chunk(model, ids.map(Into::into).collect());
        }
        Command::Travel(travel) => travel::go(model, travel),
        Command::Accept => return answer::accept(model),
        Command::Dismiss => answer::dismiss(model),
        Command::Erase | Command::EraseAll => answer::erase(model, command == Command::EraseAll),
    }
    Vec::new()
}

fn text(model: &Model) -> Option<(String, String)> {
    (model.spot().screen.text)(model)
}

fn copy(model: &mut Model) -> Vec<Wish> {
    let Some((title, text)) = text(model) else {
        return Vec::new();
    };
    model.tell(
        format!("copied {title}: the terminal has it, if it takes such texts (OSC 52)"),
        false,
    );
    vec![Wish::Copy(text)]
}

/// Keeps the chosen row in being and on the screen.
fn settle(model: &mut Model) {
    let (rows, head) = model.rows();
    let height = screen::layout(model, head).body.max(1);
    let is_moving = model.is_live() && model.past.is_none();
    let spot = model.spot_mut();
    let last = rows.len().saturating_sub(1);
    let found = spot.chosen.as_ref().and_then(|chosen| match rows.get(spot.position) {
        Some(row) if row == chosen => Some(spot.position),
        _ => rows.iter().position(|row| row == chosen),
    });
    spot.position = match found {
        _ if spot.follows && is_moving => last,
        Some(position) => position,
        None => spot.position.min(last),
    };
    spot.chosen = rows.get(spot.position).cloned();
    let margin = (height / 6).min(3);
    let (low, high) = (
        (spot.position + margin + 1).saturating_sub(height),
        spot.position.saturating_sub(margin),
    );
    spot.top = spot.top.clamp(low.min(high), high.max(low));
    // No empty rows at the end while there are rows above.
    spot.top = spot.top.min(rows.len().saturating_sub(height));
}

/// What the source should find out for this screen.
fn interest(model: &Model) -> Interest {
    let spot = model.spot();
    let is_fleet = *spot.screen == *screen::first();
    Interest {
        fleet: is_fleet || model.fleet.rows.is_none(),
        visible: if is_fleet { navigate::visible(model) } else { Vec::new() },
        run: spot.run.clone(),
        at: model.past.as_ref().map(|past| past.at),
        base: model.past.as_ref().map(|past| Base(past.base.clone())),
        agent: spot.actor.filter(|_| spot.screen.of == Subject::Agent),
        environments: screen::is_of_environments(spot.screen),
        build: spot.build.clone().filter(|_| spot.screen.of == Subject::Build),
    }
}

impl Model {
    /// Folds or unfolds a row.
    pub(super) fn turn(&mut self, row: Row) {
        let turned = &mut self.spot_mut().turned;
        if !turned.remove(&row) {
            turned.insert(row);
        }
    }
}

#[cfg(test)]
mod tests;
