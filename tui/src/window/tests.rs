//! Tests of the window on a terminal that obeys the few sequences which it may use, and no others.

use super::Window;
use crate::live::tests::PLAIN;
use crate::live::{Live, LiveOptions};
use crate::sample::{crowd, finished, half_way};
use crate::writing::NOTHING;
use proptest::prelude::*;
use ratatui::layout::Size;
use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::rc::Rc;

/// A terminal of 60 columns and 20 rows.
struct Screen {
    cells: Vec<Vec<char>>,
    kept: Vec<String>,
    row: usize,
    column: usize,
    cursor: bool,
}

/// Stands behind a wide character.
const COVERED: char = '\0';

const SIZE: Size = Size { width: 60, height: 20 };

impl Screen {
    /// With some lines of a shell's output on it.
    fn with_lines(lines: usize) -> Self {
        let mut screen = Self {
            cells: vec![vec![' '; SIZE.width.into()]; SIZE.height.into()],
            kept: Vec::new(),
            row: 0,
            column: 0,
            cursor: true,
        };
        (0..lines).for_each(|n| screen.obey(&format!("shell {n}\r\n")));
        screen
    }

    fn obey(&mut self, output: &str) {
        let mut rest = output;
        while let Some(character) = rest.chars().next() {
            rest = &rest[character.len_utf8()..];
            match character {
                '\r' => self.column = 0,
                '\n' if self.row + 1 < self.cells.len() => self.row += 1,
                '\n' => {
                    let top = self.cells.remove(0);
                    self.kept
                        .push(top.into_iter().filter(|cell| *cell != COVERED).collect());
                    self.cells.push(vec![' '; SIZE.width.into()]);
                }
                '\x1b' => {
                    let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                    self.sequence(&rest[1..end], &rest[end..=end]);
                    rest = &rest[end + 1..];
                }
                _ => {
                    assert!(!character.is_control(), "{character:?} reached the terminal");
                    let wide = crate::text::width(character.encode_utf8(&mut [0; 4]));
                    let edge = self.cells[self.row].len();
                    assert!(self.column + wide <= edge, "a line is wider than the terminal");
                    self.cells[self.row][self.column..self.column + wide].fill(COVERED);
                    self.cells[self.row][self.column] = character;
                    self.column += wide;
                }
            }
        }
    }

    fn sequence(&mut self, parameters: &str, letter: &str) {
        let n = parameters.parse().unwrap_or(1);
        match (parameters, letter) {
            (_, "A") => self.row = self.row.checked_sub(n).expect("stays on the screen"),
            (_, "B") => self.row = (self.row + n).min(self.cells.len() - 1),
            (_, "G") => self.column = n - 1,
            ("", "J") => {
                self.cells[self.row][self.column..].fill(' ');
                self.cells[self.row + 1..].iter_mut().for_each(|line| line.fill(' '));
            }
            ("?25", "h") => self.cursor = true,
            ("?25", "l") => self.cursor = false,
            (_, "m") => {}
            other => panic!("{other:?} is not a sequence that the window may use"),
        }
    }

    fn text(&self) -> String {
        let line = |line: &Vec<char>| line.iter().filter(|cell| **cell != COVERED).collect::<String>();
        let lines = self.cells.iter().map(line);
        let lines = self
            .kept
            .iter()
            .cloned()
            .chain(lines)
            .map(|line| line.trim_end().to_owned());
        lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }
}

#[derive(Clone, Default)]
struct Wire(Rc<RefCell<Vec<u8>>>);

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Wire {
    fn onto(&self, screen: &mut Screen) {
        screen.obey(&String::from_utf8(self.0.take()).unwrap());
    }
}

fn live(wire: &Wire, options: LiveOptions) -> Live<Window<Wire>> {
    Live::on(Window::new(wire.clone(), 12, || Ok(SIZE)), options).unwrap()
}

/// What stays on a terminal that had so many lines before the run.
fn whole_run(lines_before: usize) -> Screen {
    let (wire, mut screen) = (Wire::default(), Screen::with_lines(lines_before));
    let mut live = live(&wire, PLAIN);
    for story in [half_way(), crowd(40), half_way()] {
        live.draw(&story.view, story.now_ms, &NOTHING).unwrap();
        wire.onto(&mut screen);
        assert!(!screen.cursor);
        live.note("a note: 日本 stays").unwrap();
        wire.onto(&mut screen);
    }
    live.finish(&finished().view).unwrap();
    wire.onto(&mut screen);
    screen
}

#[test]
fn the_same_stays_wherever_the_cursor_was() {
    let top = whole_run(0);
    insta::assert_snapshot!(top.text(), @r#"
    a note: 日本 stays
    a note: 日本 stays
    a note: 日本 stays
    wide-research · succeeded · 11.9 s · 13 agents · 8 tool cal…
    ✓ collect   succeeded  tool                           850 ms
    ✓ research  succeeded  13 agents         28.1k tok    11.1 s
      └ ✓ lead            answered · 12 subagents: 1…     11.1 s
        ├ ✗ seeker[3]     failed: the provider answe…      1.6 s
        ├ ✓ seeker[1]     answered: Seek.                  1.6 s
        ├ ✓ seeker[2]     answered: Seek.                  1.6 s
        ├ ✓ seeker[4]     answered: Seek.                  8.9 s
        ├ ✓ seeker[5]     answered: Seek.                  8.9 s
        ├ ✓ seeker[6]     answered: Seek.                  8.9 s
        ├ ✓ seeker[7]     answered: Seek.                  8.9 s
        ├ ✓ seeker[8]     answered: Seek.                  9.0 s
        ├ ✓ seeker[9]     answered: Seek.                 300 ms
        ├ ✓ seeker[10]    answered: Seek.                 300 ms
        ├ ✓ seeker[11]    answered: Seek.                 300 ms
        └ ✓ seeker[12]    answered: Seek.                 300 ms
    ✓ check     succeeded  no items · agent                 0 ms
    – publish   skipped    run
    "#);
    assert!(top.cursor);
    for lines_before in [3, 15, 19, 40] {
        let screen = whole_run(lines_before);
        let shell: String = (0..lines_before).map(|n| format!("shell {n}\n")).collect();
        assert_eq!(screen.text(), format!("{shell}{}", top.text()));
        assert_eq!(screen.column, 0);
        assert!(screen.cursor);
    }
}

#[test]
fn the_screen_is_what_was_drawn() {
    let (wire, mut screen) = (Wire::default(), Screen::with_lines(5));
    let mut live = live(&wire, LiveOptions { colour: true, ..PLAIN });
    for story in [crowd(10), half_way(), finished(), half_way()] {
        live.draw(&story.view, story.now_ms, &NOTHING).unwrap();
    }
    wire.onto(&mut screen);
    let (wire, mut fresh) = (Wire::default(), Screen::with_lines(5));
    let mut once = self::live(&wire, PLAIN);
    once.draw(&half_way().view, half_way().now_ms, &NOTHING).unwrap();
    wire.onto(&mut fresh);
    assert_eq!(screen.text(), fresh.text());
}

#[test]
fn a_panic_leaves_the_cursor_visible_below_the_picture() {
    let (wire, mut screen) = (Wire::default(), Screen::with_lines(2));
    let story = half_way();
    let mut live = live(&wire, PLAIN);
    live.draw(&story.view, story.now_ms, &NOTHING).unwrap();
    drop(live);
    wire.onto(&mut screen);
    assert!(screen.cursor);
    assert_eq!(screen.column, 0);
    assert!(screen.cells[screen.row..].iter().flatten().all(|cell| *cell == ' '));
    assert!(screen.text().contains("wide-research"));
}

thread_local! {
    static CHANGING: Cell<Size> = const { Cell::new(SIZE) };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_terminal_may_change_its_size_at_any_time(sizes in prop::collection::vec((0u16..100, 0u16..40), 1..6)) {
        CHANGING.set(SIZE);
        let story = half_way();
        let window = Window::new(io::sink(), 12, || Ok(CHANGING.get()));
        let mut live = Live::on(window, PLAIN).unwrap();
        for (width, height) in sizes {
            live.draw(&story.view, story.now_ms, &NOTHING).unwrap();
            CHANGING.set(Size { width, height });
            live.note("a note").unwrap();
            live.draw(&story.view, story.now_ms, &NOTHING).unwrap();
        }
        CHANGING.set(SIZE);
        live.finish(&story.view).unwrap();
    }
}
