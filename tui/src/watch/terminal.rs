//! A real terminal as a stage: raw mode and the alternate screen, given back on every way out, a panic too.

use super::message::Input;
use super::run::Keyboard;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{self, DisableMouseCapture, EnableMouseCapture};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode, window_size,
};
use std::cell::Cell;
use std::io::{self, BufWriter, Stderr, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Where pictures go.
pub type Stage = CrosstermBackend<BufWriter<Stderr>>;

/// Whether the terminal is ours, for whoever has to give it back in a hurry.
static IS_OURS: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this is the thread of the screens: a panic elsewhere leaves them standing.
    static DRAWS: Cell<bool> = const { Cell::new(false) };
}

/// Bytes of a text that is copied: terminals cut longer ones, or drop them.
const COPIED_MAX: usize = 72 * 1024;

/// The keys of a real terminal. Dropping it gives the terminal back.
pub struct Keys {
    mouse: bool,
}

impl Keys {
    /// Takes the terminal on stderr, with or without its mouse.
    pub fn take(mouse: bool) -> io::Result<(Self, Stage)> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                // First the terminal, so that what is said of the panic can be read.
                if DRAWS.try_with(Cell::get).unwrap_or(false) {
                    leave();
                }
                before(panic);
            }));
        });
        DRAWS.set(true);
        let keys = Self { mouse };
        keys.enter()?;
        Ok((
            keys,
            CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stderr())),
        ))
    }

    fn enter(&self) -> io::Result<()> {
        enable_raw_mode()?;
        IS_OURS.store(true, Ordering::SeqCst);
        execute!(io::stderr(), EnterAlternateScreen, Hide)?;
        if self.mouse {
            execute!(io::stderr(), EnableMouseCapture)?;
        }
        Ok(())
    }
}

/// Gives the terminal back, if it is taken: for whoever ends the process. A terminal that went away has nothing to be
/// given back.
pub fn leave() {
    if IS_OURS.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stderr(), DisableMouseCapture, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        leave();
    }
}

impl Keyboard for Keys {
    fn next(&mut self, wait: Duration) -> io::Result<Option<Input>> {
        let begun = Instant::now();
        if !event::poll(wait)? {
            // A terminal that went away is always ready to be read, and has nothing.
            if begun.elapsed() < wait {
                window_size()?;
            }
            return Ok(None);
        }
        Ok(Input::of(&event::read()?))
    }

    fn step_aside(&mut self) -> io::Result<()> {
        leave();
        Ok(())
    }

    fn come_back(&mut self) -> io::Result<()> {
        self.enter()
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        let mut error = io::stderr();
        write!(error, "{}", clipboard(text))?;
        error.flush()
    }
}

/// The sequence that puts a text into a terminal's clipboard (OSC 52).
fn clipboard(text: &str) -> String {
    let end = (0..=text.len().min(COPIED_MAX))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    let text = &text[..end.unwrap_or(0)];
    format!("\u{1b}]52;c;{}\u{7}", STANDARD.encode(text))
}

#[cfg(test)]
mod tests {
    use super::clipboard;

    #[test]
    fn a_copied_text_goes_as_base64() {
        assert_eq!(clipboard("run 1"), "\u{1b}]52;c;cnVuIDE=\u{7}");
        assert!(clipboard(&"ä".repeat(100_000)).len() < 100_000);
    }
}
