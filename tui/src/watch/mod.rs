//! The full screens: all runs of a workspace, one run, one agent, and what can be done about them.
//!
//! [`Model`] is what is shown, as data. A [`Message`] is all that can happen; `update` takes one and gives [`Wish`]es,
//! and draws nothing, asks nothing, knows no clock. `keymap` says which key does what in a model, so that the footer
//! and the help cannot say anything else. A screen turns a model into a page of lines; `screen::SCREENS` lists them.
//! [`Watch`] is the loop: it owns the terminal, asks a [`Source`] for data, and hands it what people want done.

mod folds;
mod html;
mod keymap;
mod message;
mod model;
mod page;
mod run;
mod screen;
mod source;
mod terminal;
mod tree;
mod update;

pub use folds::{Folds, History};
pub use html::html;
pub use message::{Input, Message};
pub use model::{Model, WatchOptions};
pub use run::{Ending, Keyboard, Watch};
pub use source::{
    Act, Base, BuildRow, Details, Errand, Facts, Interest, Loaded, Moment, News, Opened, Passage, RunRow, Source,
    Standing, Wanted, Wish,
};
pub use terminal::{Keys, Stage, leave};

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
