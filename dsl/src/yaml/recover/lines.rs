//! The text as lines, some of which read otherwise than they were written; places go back to the text as it was written.

use std::collections::BTreeMap;

/// A text of which single lines have been replaced. There are always as many lines as in the original.
pub(super) struct Lines<'a> {
    pub(super) original: &'a str,
    /// First byte of each line, and one past its last one without the line break.
    bounds: Vec<(usize, usize)>,
    changed: BTreeMap<usize, String>,
}

/// Where the bytes of a mended text stand in the original.
#[derive(Debug, Default)]
pub(crate) struct Back {
    /// Replaced stretches in order: first and last byte in the mended text, and in the original.
    stretches: Vec<[usize; 4]>,
}

impl Back {
    /// The place in the original of a byte of the mended text.
    pub(crate) fn original(&self, at: usize) -> usize {
        let after = self.stretches.partition_point(|[start, ..]| *start <= at);
        match after.checked_sub(1).map(|last| self.stretches[last]) {
            None => at,
            Some([_, end, _, old_end]) if at >= end => old_end + (at - end),
            Some([_, _, old_start, _]) => old_start,
        }
    }
}

impl<'a> Lines<'a> {
    pub(super) fn new(original: &'a str) -> Self {
        let mut start = 0;
        let bounds = original
            .split('\n')
            .map(|line| {
                let bound = (start, start + line.strip_suffix('\r').unwrap_or(line).len());
                start += line.len() + 1;
                bound
            })
            .collect();
        Self {
            original,
            bounds,
            changed: BTreeMap::new(),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.bounds.len()
    }

    /// A line as it reads now.
    pub(super) fn get(&self, line: usize) -> &str {
        match self.changed.get(&line) {
            Some(text) => text,
            None => self
                .bounds
                .get(line)
                .map_or("", |(start, end)| &self.original[*start..*end]),
        }
    }

    /// A line as it was written.
    pub(super) fn written(&self, line: usize) -> &str {
        self.bounds
            .get(line)
            .map_or("", |(start, end)| &self.original[*start..*end])
    }

    /// First byte of a line.
    pub(super) fn start(&self, line: usize) -> usize {
        self.bounds.get(line).map_or(self.original.len(), |(start, _)| *start)
    }

    /// The line of a byte of the original.
    pub(super) fn line_at(&self, at: usize) -> usize {
        self.bounds.partition_point(|(start, _)| *start <= at).saturating_sub(1)
    }

    /// Lets lines read otherwise; gives what undoes it.
    pub(super) fn change(&mut self, changes: &[(usize, String)]) -> Vec<(usize, Option<String>)> {
        changes
            .iter()
            .map(|(line, text)| (*line, self.changed.insert(*line, text.clone())))
            .collect()
    }

    pub(super) fn undo(&mut self, before: Vec<(usize, Option<String>)>) {
        for (line, text) in before.into_iter().rev() {
            match text {
                Some(text) => drop(self.changed.insert(line, text)),
                None => drop(self.changed.remove(&line)),
            }
        }
    }

    /// The whole text as it reads now.
    pub(super) fn mended(&self) -> (String, Back) {
        let mut text = String::with_capacity(self.original.len() + 64);
        let mut back = Back::default();
        let mut copied = 0;
        for (line, now) in &self.changed {
            let (start, end) = self.bounds[*line];
            let written = &self.original[start..end];
            let same = |(a, b): &(char, char)| a == b;
            let head: usize = now
                .chars()
                .zip(written.chars())
                .take_while(same)
                .map(|(c, _)| c.len_utf8())
                .sum();
            let rest = (now[head..].chars().rev()).zip(written[head..].chars().rev());
            let tail: usize = rest.take_while(same).map(|(c, _)| c.len_utf8()).sum();
            text.push_str(&self.original[copied..start + head]);
            let new_start = text.len();
            text.push_str(&now[head..now.len() - tail]);
            back.stretches.push([new_start, text.len(), start + head, end - tail]);
            copied = end - tail;
        }
        text.push_str(&self.original[copied..]);
        (text, back)
    }
}

/// What a line holds, as far as one line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape<'a> {
    /// Bytes of white space before the content.
    pub(super) indent: usize,
    /// What stands there, without a comment at the end.
    pub(super) content: &'a str,
}

impl<'a> Shape<'a> {
    /// None for a line that is empty or a comment alone.
    pub(super) fn of(line: &'a str) -> Option<Self> {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            return None;
        }
        Some(Self {
            indent: line.len() - content.len(),
            content: super::super::traps::without_comment(content),
        })
    }

    pub(super) fn is_item(&self) -> bool {
        self.content == "-" || self.content.starts_with("- ")
    }

    /// Bytes of the `- ` marks before the content.
    pub(super) fn dashes(&self) -> usize {
        let mut at = 0;
        while self.content[at..].starts_with("- ") {
            at += 2;
            at += self.content[at..].len() - self.content[at..].trim_start().len();
        }
        at
    }

    /// The place of the `:` that ends a key, counted from the content's start.
    pub(super) fn colon(&self) -> Option<usize> {
        let from = self.dashes();
        let rest = &self.content[from..];
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
        let from = match quote {
            Some(quote) => from + 1 + rest[1..].find(quote)? + 1,
            None => from,
        };
        let rest = &self.content[from..];
        let spaced = rest.find(": ").into_iter();
        let last = (rest.ends_with(':')).then(|| rest.len() - 1);
        let colon = spaced.chain(last).min()?;
        // `limits { turns: 8 }` has no key: its `:` stands inside of the braces.
        (!rest[..colon].contains(['{', '['])).then_some(from + colon)
    }

    /// Whether the next lines belong to a value that starts here: `key:` or `- key:` alone.
    pub(super) fn opens(&self) -> bool {
        self.colon().is_some_and(|colon| {
            let value = self.content[colon + 1..].trim_start();
            value.is_empty() || (value.starts_with(['&', '!']) && !value.contains(' '))
        })
    }

    /// Whether text in a block starts after this line.
    pub(super) fn opens_text(&self) -> bool {
        let value = self.content.rsplit(' ').next().unwrap_or("");
        let mark = value.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '+');
        matches!(mark, "|" | ">") && (self.colon().is_some() || self.is_item())
    }
}
