//! What a person sees of a run in a terminal: the live view while it works, log lines, the summary.
//!
//! Everything is drawn from [`RunView`](troupe_core::view::RunView), plain data folded from the journal. The
//! functions of `view`, [`plain_line`] and [`summary`] are pure; [`Live`] owns the terminal, [`Window`] the
//! escape sequences. Text from models, tools and files passes through `text` before it is shown.

mod census;
mod live;
mod log;
mod outline;
mod summary;
mod text;
mod view;
pub mod watch;
mod window;
mod words;
mod writing;

pub use live::{Live, LiveOptions};
pub use log::plain_line;
pub use summary::summary;
pub use text::sanitise;
pub use window::Window;
pub use writing::Writing;

#[cfg(test)]
mod sample;
