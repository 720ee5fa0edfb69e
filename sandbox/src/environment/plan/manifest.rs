//! Light readers for manifests: enough of TOML and INI to find names and lists, and never an error.

#[cfg(test)]
mod tests;

/// A key of a table and its value, as it is written, without comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The table's name; empty at the top.
    pub(super) table: String,
    /// The key.
    pub(super) key: String,
    /// The value, on one or more lines.
    pub(super) value: String,
    /// Which table of the file it belongs to: those of a list share a name.
    pub(super) place: usize,
}

impl Entry {
    /// The strings in the value, in order.
    pub(super) fn strings(&self) -> Vec<String> {
        strings(&self.value)
    }
}

/// The entries of a TOML file.
pub(super) fn toml(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let (mut table, mut place, mut open) = (String::new(), 0, 0i32);
    for line in text.lines() {
        let line = without_comment(line).trim();
        if open > 0 {
            if let Some(last) = entries.last_mut() {
                last.value.push('\n');
                last.value.push_str(line);
            }
            open += depth(line);
        } else if let Some(name) = line.strip_prefix('[') {
            table = name.trim_matches(|it| "[] ".contains(it)).replace(['"', '\''], "");
            place += 1;
        } else if let Some((key, value)) = line.split_once('=') {
            open = depth(value).max(0);
            entries.push(Entry {
                table: table.clone(),
                key: key.trim().trim_matches(['"', '\'']).to_owned(),
                value: value.trim().to_owned(),
                place,
            });
        }
    }
    entries
}

/// The entries of an INI file, whose values go on in indented lines.
pub(super) fn ini(text: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let (mut table, mut place) = (String::new(), 0);
    for line in text.lines() {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if let Some(last) = entries.last_mut() {
                last.value.push('\n');
                last.value.push_str(content);
            }
        } else if let Some(name) = content.strip_prefix('[') {
            table = name.trim_end_matches(']').to_owned();
            place += 1;
        } else if let Some((key, value)) = content.split_once(['=', ':']) {
            entries.push(Entry {
                table: table.clone(),
                key: key.trim().to_owned(),
                value: value.trim().to_owned(),
                place,
            });
        }
    }
    entries
}

/// The value of a key, without quotes.
pub(super) fn value<'a>(entries: &'a [Entry], table: &str, key: &str) -> Option<&'a str> {
    let entry = entries.iter().find(|it| it.table == table && it.key == key)?;
    Some(entry.value.trim_matches(['"', '\'']))
}

/// The quoted strings of a text, in order. There are no escapes in them.
pub(super) fn strings(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '\'']) {
        let quote = &rest[start..=start];
        let after = &rest[start + 1..];
        let Some(end) = after.find(quote) else { break };
        found.push(after[..end].to_owned());
        rest = &after[end + 1..];
    }
    found
}

/// What stands between the bracket that follows `start` and the one that closes it.
pub(super) fn bracketed<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    let after = &text[text.find(start)? + start.len()..];
    let after = after.trim_start_matches([' ', '=', ':']);
    let mut open = 0i32;
    for (at, character) in after.char_indices() {
        match character {
            '[' | '{' | '(' => open += 1,
            ']' | '}' | ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return after.starts_with(['[', '{', '(']).then(|| &after[1..at]);
        }
    }
    None
}

/// What follows each place of `start` up to the first of some characters.
pub(super) fn following<'a>(text: &'a str, start: &'a str, ends: &'a [char]) -> impl Iterator<Item = &'a str> {
    text.match_indices(start).map(move |(at, _)| {
        let after = &text[at + start.len()..];
        &after[..after.find(ends).unwrap_or(after.len())]
    })
}

/// How many brackets a line opens more than it closes, outside of strings.
fn depth(line: &str) -> i32 {
    let mut inside: Option<char> = None;
    let mut depth = 0;
    for character in line.chars() {
        match (inside, character) {
            (Some(quote), it) if it == quote => inside = None,
            (None, '"' | '\'') => inside = Some(character),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    depth
}

/// A line up to the `#` outside of strings.
fn without_comment(line: &str) -> &str {
    let mut inside: Option<char> = None;
    for (at, character) in line.char_indices() {
        match (inside, character) {
            (Some(quote), it) if it == quote => inside = None,
            (None, '"' | '\'') => inside = Some(character),
            (None, '#') => return &line[..at],
            _ => {}
        }
    }
    line
}
