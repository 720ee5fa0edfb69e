//! What stands in a node: its texts, cleaned and measured in terminal columns.

use super::{Node, Work};
use unicode_width::UnicodeWidthStr;

/// Characters of one text that are looked at; a name that is longer is nonsense.
const MAX_CHARACTERS: usize = 400;

/// Columns that a text takes in a terminal.
pub(super) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// One line of visible text: control characters and runs of white space become one space, and
/// what would turn the direction of text round is left out.
pub(super) fn clean(text: &str) -> String {
    let mut line = String::new();
    let mut space = false;
    for character in text.chars().take(MAX_CHARACTERS) {
        if character.is_whitespace() || character.is_control() {
            space = !line.is_empty();
        } else if !is_invisible(character) {
            if std::mem::take(&mut space) {
                line.push(' ');
            }
            line.push(character);
        }
    }
    line
}

fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}')
}

/// The text, cut to `most` columns with `ellipsis` at its end where it is longer.
pub(super) fn shorten(text: &str, most: usize, ellipsis: &str) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(width(ellipsis));
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width(&kept) > room {
            kept.pop();
            break;
        }
    }
    kept.truncate(kept.trim_end().len());
    kept + ellipsis
}

/// Lines of at most `most` columns, broken at spaces; a word that is longer is broken anywhere.
pub(super) fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let wide = width(word);
        if used > 0 && used + 1 + wide > most {
            lines.push(String::new());
            used = 0;
        } else if used > 0 {
            push(&mut lines, " ");
            used += 1;
        }
        if used + wide <= most {
            push(&mut lines, word);
            used += wide;
        } else {
            used = break_word(&mut lines, word, most);
        }
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// Puts a long word onto an empty line and those after it; gives the columns used of the last.
fn break_word(lines: &mut Vec<String>, word: &str, most: usize) -> usize {
    let mut line = String::new();
    for character in word.chars() {
        line.push(character);
        if width(&line) > most && line.chars().count() > 1 {
            line.pop();
            push(lines, &line);
            lines.push(String::new());
            line = character.to_string();
        }
    }
    push(lines, &line);
    width(&line)
}

/// The node's name, for people.
pub(super) fn name(node: &Node) -> String {
    clean(&node.name)
}

/// What the node does, in a word and a name: `agent seeker`. Nothing for the outputs.
pub(super) fn work(node: &Node) -> Option<String> {
    let text = match &node.work {
        Work::Agent { name, .. } => format!("agent {name}"),
        Work::Tool { name } => format!("tool {name}"),
        Work::Run => "run".into(),
        Work::Workflow { name, .. } => format!("workflow {name}"),
        Work::Approve { .. } => "approve".into(),
        Work::Unavailable { verb } => (*verb).to_owned(),
        Work::Outputs { .. } => return None,
    };
    Some(clean(&text))
}

/// What else is to be known of a node, a line each: the most telling first.
pub(super) fn notes(node: &Node) -> Vec<String> {
    let mut notes = Vec::new();
    match &node.work {
        Work::Agent { model, team, .. } => {
            notes.push(model.clone());
            if let Some(team) = team {
                notes.push(format!("leads {}, {} at once", team.members.join(", "), team.parallel));
            }
        }
        Work::Approve { choices } => notes.push(choices.join(" | ")),
        Work::Outputs { names } => notes.push(names.join(", ")),
        Work::Tool { .. } | Work::Run | Work::Workflow { .. } | Work::Unavailable { .. } => {}
    }
    if let Some(fan_out) = &node.fan_out {
        notes.push(format!("for each {}, {} at once", fan_out.variable, fan_out.parallel));
    }
    if let Some(when) = &node.when {
        notes.push(format!("when {when}"));
    }
    if let Some(rounds) = node.rounds {
        notes.push(format!("at most {rounds} rounds"));
    }
    notes.iter().map(|note| clean(note)).collect()
}

#[cfg(test)]
mod tests;
