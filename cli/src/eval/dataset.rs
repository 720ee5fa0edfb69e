//! The rows of a dataset: JSON Lines, or CSV whose cells are texts.

use crate::exit::Usage;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use troupe_core::expression::{Expression, Scope, as_text};
use troupe_core::{Object, Value};

/// Where questions come from.
#[derive(Debug, Default)]
pub struct Source {
    /// The file.
    pub file: PathBuf,
    /// What names a question.
    pub id: Option<Expression>,
    /// What the breakdown goes by.
    pub group: Option<Expression>,
    /// Which rows are asked.
    pub wanted: Option<Expression>,
    /// At most so many of them.
    pub limit: Option<usize>,
}

/// A question.
#[derive(Debug)]
pub struct Row {
    /// Its name, which no other row has.
    pub id: String,
    /// Its group.
    pub group: Option<String>,
    /// Its line in the file, from 1.
    pub line: usize,
    /// What the file says of it.
    pub row: Value,
}

/// Variables by name.
pub struct Variables(pub Object);

impl Scope for Variables {
    fn root(&self, name: &str, _: Option<&[String]>) -> Option<Value> {
        self.0.get(name).cloned()
    }

    fn path<'a>(&'a self, path: &[String]) -> Option<std::borrow::Cow<'a, Value>> {
        let (root, fields) = path.split_first()?;
        let start = self.0.get(root)?;
        let found = fields.iter().try_fold(start, |value, field| value.get(field));
        found.map(std::borrow::Cow::Borrowed)
    }
}

impl Row {
    /// The row as expressions see it.
    pub fn variables(&self) -> Variables {
        Variables(Object::from_iter([("row".to_owned(), self.row.clone())]))
    }
}

impl Source {
    /// Reads the rows that are asked.
    pub fn rows(&self) -> anyhow::Result<Vec<Row>> {
        let file = self.file.display();
        let text = std::fs::read_to_string(&self.file)
            .map_err(|error| Usage::error(format!("{file} cannot be read: {error}")))?;
        let all = match self.file.extension().and_then(|extension| extension.to_str()) {
            Some("csv") => comma_separated(&text, &self.file)?,
            _ => lines(&text, &self.file)?,
        };
        let mut ids = HashSet::new();
        let mut rows = Vec::new();
        for (line, row) in all {
            let at = |error: &dyn std::fmt::Display| Usage::error(format!("{file}:{line}: {error}"));
            let mut row = Row {
                id: String::new(),
                group: None,
                line,
                row,
            };
            let variables = row.variables();
            if let Some(wanted) = &self.wanted
                && !wanted.holds(&variables).map_err(|error| at(&error))?
            {
                continue;
            }
            let evaluate = |expression: &Option<Expression>| {
                let value = expression.as_ref().map(|expression| expression.evaluate(&variables));
                value.transpose().map_err(|error| at(&error))
            };
            row.id = evaluate(&self.id)?.as_ref().map(as_text).unwrap_or_default();
            row.group = evaluate(&self.group)?.as_ref().map(as_text);
            if !ids.insert(row.id.clone()) {
                return Err(at(&format!("another row has the id `{}` too", row.id)));
            }
            rows.push(row);
            if self.limit == Some(rows.len()) {
                break;
            }
        }
        match rows.is_empty() {
            true => Err(Usage::error(format!("{file} has no row that is asked"))),
            false => Ok(rows),
        }
    }
}

fn lines(text: &str, file: &Path) -> anyhow::Result<Vec<(usize, Value)>> {
    let mut rows = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let row = serde_json::from_str::<Object>(line).map_err(|error| {
            let (file, line) = (file.display(), at + 1);
            Usage::error(format!(
                "{file}:{line}: a line is one JSON object, and this one is not: {error}"
            ))
        })?;
        rows.push((at + 1, Value::Object(row)));
    }
    Ok(rows)
}

fn comma_separated(text: &str, file: &Path) -> anyhow::Result<Vec<(usize, Value)>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let wrong = |error: csv::Error| Usage::error(format!("{}: {error}", file.display()));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(wrong)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let line = record.position().map_or(0, |position| position.line() as usize);
        let cells = header.iter().zip(&record);
        let row: Object = cells.map(|(name, cell)| (name.to_owned(), cell.into())).collect();
        rows.push((line, Value::Object(row)));
    }
    Ok(rows)
}
