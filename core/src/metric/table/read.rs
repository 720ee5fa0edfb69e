//! Tables as answers write them.

/// A table: columns by name, and rows of cells.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Names in lower case, without blanks.
    pub columns: Vec<String>,
    /// A row may be shorter than the columns are many: the rest of it is empty.
    pub rows: Vec<Vec<String>>,
}

/// A column's name as tables are compared.
pub(super) fn column_name(name: &str) -> String {
    let lowered = name.to_lowercase();
    lowered.chars().filter(|c| !c.is_whitespace()).collect()
}

impl Table {
    /// A table of columns and rows.
    pub fn new<'a>(columns: impl IntoIterator<Item = &'a str>, rows: Vec<Vec<String>>) -> Self {
        Self {
            columns: columns.into_iter().map(column_name).collect(),
            rows,
        }
    }

    /// The first fenced `markdown` block of an answer; without one, the longest run of lines with bars.
    pub fn of_answer(answer: &str) -> Option<Self> {
        let fenced = answer
            .split_once("```markdown")
            .and_then(|(_, rest)| rest.split_once("```"));
        let text = match fenced {
            Some((inside, _)) => inside.to_owned(),
            None => longest_run(answer)?,
        };
        let mut lines = text.lines().map(str::trim).filter(|line| is_row(line)).map(cells);
        let columns = lines.next()?;
        Some(Self::new(columns.iter().map(String::as_str), lines.collect()))
    }
}

fn is_row(line: &str) -> bool {
    line.contains('|') && line.chars().any(|c| !matches!(c, '|' | '-' | ' ' | ':'))
}

fn longest_run(answer: &str) -> Option<String> {
    let mut longest = (0, None);
    let mut run: Vec<&str> = Vec::new();
    for line in answer.split('\n').chain([""]) {
        if line.contains('|') {
            run.push(line);
            continue;
        }
        let text = std::mem::take(&mut run).join("\n");
        let length = text.chars().count();
        if length > longest.0 {
            longest = (length, Some(text));
        }
    }
    longest.1
}

/// The cells of a line; a bar after a backslash is a part of its cell.
fn cells(line: &str) -> Vec<String> {
    let line = if line.starts_with('|') {
        line.trim_matches('|')
    } else {
        line
    };
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        let cell = cells.last_mut().expect("there is one from the start");
        match c {
            '|' if escaped => {
                cell.pop();
                cell.push('|');
            }
            '|' => cells.push(String::new()),
            c => cell.push(c),
        }
        escaped = c == '\\';
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
