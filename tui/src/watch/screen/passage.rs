//! A text to read: a chunk of a corpus, an output, an environment's scripts.

use super::{Screen, Subject, no_keys, stay};
use crate::text;
use crate::view::Tone;
use crate::watch::model::Model;
use crate::watch::page::{Page, Row};
use crate::watch::tree::number;
use ratatui::text::Line;

pub(super) static SCREEN: Screen = Screen {
    name: "text",
    about: "a text",
    of: Subject::Text,
    follows: false,
    page,
    keys: no_keys,
    open: stay,
    text: copied,
};

/// Of longer texts the beginning is shown; the pager shows all.
const BYTES_MAX: usize = 256 * 1024;

fn page(model: &Model) -> Page<'_> {
    let Some(passage) = &model.passage else {
        return Page::nothing("reading the text");
    };
    let pen = model.pen();
    let cut = floor(&passage.text, BYTES_MAX);
    let mut lines = text::wrap(&passage.text[..cut], model.row_pen().width);
    lines.retain(|line| model.spot().admits(line));
    if cut < passage.text.len() {
        lines.push(format!("{} o shows all of it", pen.theme.symbols().cut));
    }
    let mut head = Vec::new();
    if let Some(file) = &passage.file {
        head.push(pen.line(Tone::Quiet, file));
        head.push(Line::default());
    }
    Page {
        head,
        rows: (0..lines.len()).map(|line| Row::Line(number(line))).collect(),
        nothing: "it is empty".to_owned(),
        paint: Box::new(move |at, pen| pen.line(Tone::Plain, &lines[at])),
    }
}

/// The last boundary of characters before so many bytes.
pub(super) fn floor(text: &str, bytes: usize) -> usize {
    let mut at = bytes.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn copied(model: &Model) -> Option<(String, String)> {
    let passage = model.passage.as_ref()?;
    Some((passage.title.clone(), passage.text.clone()))
}
