//! The loop of the screens: input, news, pictures. Owns the terminal, and knows nothing of runs.

use super::message::{Input, Message};
use super::model::{Model, WatchOptions};
use super::screen;
use super::source::{Source, Wanted, Wish};
use super::update::update;
use ratatui::Terminal;
use ratatui::backend::Backend;
use std::io;
use std::time::{Duration, Instant};

/// Between two pictures while something happens: 30 a second.
const FRAME: Duration = Duration::from_millis(33);
/// Between two pictures while only clocks go.
const CLOCKS: Duration = Duration::from_millis(250);
/// How long news is taken before a key is looked for.
const NEWS: Duration = Duration::from_millis(12);
/// Keys that are taken before a picture.
const KEYS_MAX: usize = 64;

/// How the screens were left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Somebody closed them.
    Closed,
}

/// The terminal besides its picture.
pub trait Keyboard {
    /// What somebody does next; nothing when nobody does anything for so long.
    fn next(&mut self, wait: Duration) -> io::Result<Option<Input>>;

    /// Gives the terminal away, to a pager or an editor.
    fn step_aside(&mut self) -> io::Result<()>;

    /// Takes it back.
    fn come_back(&mut self) -> io::Result<()>;

    /// Puts a text into the terminal's clipboard, as far as the terminal does that.
    fn copy(&mut self, text: &str) -> io::Result<()>;
}

/// The screens at work.
pub struct Watch<B: Backend, K: Keyboard, S: Source> {
    terminal: Terminal<B>,
    keyboard: K,
    source: S,
    clock: fn() -> u64,
    model: Model,
    drawn: Option<Instant>,
    pictures: u64,
    is_dirty: bool,
}

impl<B: Backend, K: Keyboard, S: Source> Watch<B, K, S>
where
    B::Error: Send + Sync + 'static,
{
    /// Screens on any terminal and any source. `clock` gives milliseconds since the Unix epoch.
    pub fn new(backend: B, keyboard: K, source: S, options: &WatchOptions, clock: fn() -> u64) -> io::Result<Self> {
        let terminal = Terminal::new(backend).map_err(io::Error::other)?;
        let size = terminal.size().map_err(io::Error::other)?;
        Ok(Self {
            model: Model::new(options, (size.width, size.height), clock()),
            terminal,
            keyboard,
            source,
            clock,
            drawn: None,
            pictures: 0,
            is_dirty: true,
        })
    }

    /// Shows the screens until somebody closes them. Gives back the source.
    pub fn run(mut self) -> io::Result<(Ending, S)> {
        let (width, height) = self.model.size;
        if let Some(ending) = self.take(Message::Input(Input::Resize { width, height }))? {
            return Ok((ending, self.source));
        }
        loop {
            if let Some(ending) = self.turn()? {
                return Ok((ending, self.source));
            }
        }
    }

    /// One turn of the loop: news, a picture where one is due, and what somebody does meanwhile.
    pub fn turn(&mut self) -> io::Result<Option<Ending>> {
        let begun = Instant::now();
        while let Some(news) = self.source.news() {
            self.is_dirty = true;
            if let Some(ending) = self.take(Message::News(news))? {
                return Ok(Some(ending));
            }
            if begun.elapsed() > NEWS {
                break;
            }
        }
        self.take(Message::Tick((self.clock)()))?;
        let since = self.drawn.map_or(Duration::MAX, |drawn| drawn.elapsed());
        let pace = if self.model.is_live() { CLOCKS } else { 4 * CLOCKS };
        self.is_dirty |= since >= pace;
        if self.is_dirty && since >= FRAME {
            self.draw()?;
        }
        let wait = match self.drawn {
            Some(drawn) if self.is_dirty => FRAME.saturating_sub(drawn.elapsed()),
            _ => FRAME,
        };
        self.take_input(wait)
    }

    /// Takes what somebody does, and shows at once what comes of it.
    fn take_input(&mut self, mut wait: Duration) -> io::Result<Option<Ending>> {
        let mut is_moved = false;
        for _ in 0..KEYS_MAX {
            let Some(input) = self.keyboard.next(wait)? else {
                break;
            };
            (wait, is_moved) = (Duration::ZERO, true);
            if let Some(ending) = self.take(Message::Input(input))? {
                return Ok(Some(ending));
            }
        }
        if is_moved {
            self.draw()?;
        }
        Ok(None)
    }

    fn take(&mut self, message: Message) -> io::Result<Option<Ending>> {
        let mut wishes = update(&mut self.model, message);
        while !wishes.is_empty() {
            let mut follow = Vec::new();
            for wish in wishes {
                match wish {
                    Wish::Close(ending) => return Ok(Some(ending)),
                    Wish::Look(interest) => self.source.look(&interest),
                    Wish::Begin(wanted) => self.begin(wanted),
                    Wish::Copy(text) => self.keyboard.copy(&text)?,
                    Wish::Outside(errand) => {
                        self.keyboard.step_aside()?;
                        let news = self.source.outside(errand);
                        self.keyboard.come_back()?;
                        self.terminal.clear().map_err(io::Error::other)?;
                        self.is_dirty = true;
                        if let Some(news) = news {
                            follow.extend(update(&mut self.model, Message::News(news)));
                        }
                    }
                }
            }
            wishes = follow;
        }
        Ok(None)
    }

    fn begin(&mut self, wanted: Wanted) {
        self.source.begin(wanted);
    }

    /// Draws what there is now.
    pub fn draw(&mut self) -> io::Result<()> {
        self.terminal.autoresize().map_err(io::Error::other)?;
        let area = self.terminal.get_frame().area();
        if (area.width, area.height) != self.model.size {
            let (width, height) = (area.width, area.height);
            let wishes = update(&mut self.model, Message::Input(Input::Resize { width, height }));
            for wish in wishes {
                if let Wish::Look(interest) = wish {
                    self.source.look(&interest);
                }
            }
        }
        let model = &self.model;
        let drawn = self.terminal.draw(|frame| screen::draw(model, frame.buffer_mut()));
        drawn.map_err(io::Error::other)?;
        (self.drawn, self.is_dirty) = (Some(Instant::now()), false);
        self.pictures += 1;
        Ok(())
    }

    /// How many pictures were drawn.
    pub fn pictures(&self) -> u64 {
        self.pictures
    }

    /// The terminal, for those who look at it.
    pub fn terminal(&self) -> &Terminal<B> {
        &self.terminal
    }
}
