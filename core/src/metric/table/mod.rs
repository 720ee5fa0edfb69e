//! Tables against gold tables, by the rules of WideSearch (2508.07999, `src/evaluation` of its repository).
//!
//! Columns must be those that are asked for; rows are de-duplicated and joined by their key columns after
//! preprocessing; a cell is right or wrong by its column's measures, and a key cell of a joined row is right. What needs
//! a judge is scored by one, or not at all: without one such a column is left out of the item scores, and rows and
//! success, which would need it, have no score.

mod cell;
mod read;

pub use cell::{CellMeasure, Preprocess};
pub use read::Table;

use serde::Deserialize;
use std::collections::{HashMap, HashSet};

/// How a table is scored: the `evaluation` of a WideSearch task.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TableRules {
    /// The columns that are asked for.
    pub required: Vec<String>,
    /// The columns that name a row.
    pub unique_columns: Vec<String>,
    /// How the cells of a column are compared; whole and exact for one that is left out.
    #[serde(default, rename = "eval_pipeline")]
    pub columns: HashMap<String, ColumnRules>,
}

/// How the cells of one column are compared.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ColumnRules {
    /// What happens to both sides first.
    pub preprocess: Vec<Preprocess>,
    /// All of these must hold.
    #[serde(rename = "metric")]
    pub measures: Vec<CellMeasure>,
    /// What `number_near` allows, as a share of the gold number.
    pub criterion: Option<f64>,
}

impl ColumnRules {
    /// Whether only a judge can say all of it.
    fn is_judged(&self) -> bool {
        self.measures.contains(&CellMeasure::LlmJudge)
    }
}

/// Precision, recall and F1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Shares {
    /// Of what was answered, the right part.
    pub precision: f64,
    /// Of what was asked for, the part that was answered rightly.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

impl Shares {
    fn of(right: f64, answered: usize, asked: usize) -> Self {
        let share = |count: usize| if count == 0 { 0.0 } else { right / count as f64 };
        let (precision, recall) = (share(answered), share(asked));
        let sum = precision + recall;
        let f1 = if sum > 1e-9 {
            2.0 * precision * recall / sum
        } else {
            0.0
        };
        Self { precision, recall, f1 }
    }
}

/// What a table came to. None where only a judge could have said, and none did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TableScores {
    /// By cells.
    pub item: Option<Shares>,
    /// By rows whose cells are all right.
    pub row: Option<Shares>,
    /// 1 where everything is right and nothing is too much.
    pub success: Option<f64>,
}

impl TableScores {
    /// Of no table, or one with other columns.
    pub const NOTHING: Self = Self {
        item: Some(Shares {
            precision: 0.0,
            recall: 0.0,
            f1: 0.0,
        }),
        row: Some(Shares {
            precision: 0.0,
            recall: 0.0,
            f1: 0.0,
        }),
        success: Some(0.0),
    };
}

/// An answer's cell and the gold one, as a judge compares them.
pub type Pair = (String, String);

/// An answer and a gold table, their rows joined.
#[derive(Debug, Clone)]
pub struct Joined {
    rules: TableRules,
    /// Preprocessed rows that have the same key: the answer's and the gold one.
    rows: Vec<(Vec<String>, Vec<String>)>,
    answered: usize,
    asked: usize,
}

impl Joined {
    /// Joins the tables. None when the answer's columns are not those that are asked for.
    ///
    /// # Errors
    /// A column of the rules that the gold table lacks.
    pub fn new(rules: &TableRules, gold: &Table, answer: &Table) -> Result<Option<Self>, String> {
        let rules = rules.folded();
        let missing = rules.required.iter().find(|column| !gold.columns.contains(column));
        if let Some(column) = missing {
            return Err(format!("the gold table has no column `{column}`"));
        }
        let asked: HashSet<&String> = rules.required.iter().collect();
        if answer.columns.iter().collect::<HashSet<_>>() != asked {
            return Ok(None);
        }
        let (gold, answer) = (rules.prepared(gold), rules.prepared(answer));
        let (asked, answered) = (gold.len(), answer.len());
        let mut by_key: HashMap<Vec<String>, Vec<String>> = HashMap::new();
        for row in answer {
            by_key.entry(rules.key(&row)).or_insert(row);
        }
        let joined = gold
            .into_iter()
            .filter_map(|row| Some((by_key.remove(&rules.key(&row))?, row)));
        Ok(Some(Self {
            rows: joined.collect(),
            rules,
            answered,
            asked,
        }))
    }

    /// The columns that need a judge, with the pairs of cells that it compares.
    pub fn to_judge(&self) -> Vec<(String, Vec<Pair>)> {
        let columns = self.rules.required.iter().enumerate();
        let judged = columns.filter(|(_, column)| !self.rules.is_key(column) && self.rules.of(column).is_judged());
        let pairs = |at: usize| {
            self.rows
                .iter()
                .map(|(answer, gold)| (answer[at].clone(), gold[at].clone()))
                .collect()
        };
        judged.map(|(at, column)| (column.clone(), pairs(at))).collect()
    }

    /// The scores; `judged` has what a judge said of each pair of a column.
    pub fn scores(&self, judged: &HashMap<String, Vec<bool>>) -> TableScores {
        let columns: Vec<Option<Vec<f64>>> = (0..self.rules.required.len())
            .map(|at| self.column(at, judged))
            .collect();
        let known: Vec<&Vec<f64>> = columns.iter().flatten().collect();
        let all_known = known.len() == columns.len();
        let items: f64 = known.iter().flat_map(|column| column.iter()).sum();
        let item = Shares::of(items, self.answered * known.len(), self.asked * known.len());
        let rows = (0..self.rows.len()).map(|row| known.iter().map(|column| column[row]).fold(1.0, f64::min));
        let row = Shares::of(rows.sum(), self.answered, self.asked);
        let perfect = [item.precision, item.recall, row.precision, row.recall]
            .iter()
            .all(|share| *share == 1.0);
        TableScores {
            item: (!known.is_empty()).then_some(item),
            row: all_known.then_some(row),
            success: all_known.then_some(f64::from(u8::from(perfect))),
        }
    }

    /// 1 or 0 for the cell of every joined row; none when only a judge could say.
    fn column(&self, at: usize, judged: &HashMap<String, Vec<bool>>) -> Option<Vec<f64>> {
        let column = &self.rules.required[at];
        if self.rules.is_key(column) {
            return Some(vec![1.0; self.rows.len()]);
        }
        let rules = self.rules.of(column);
        let said = match rules.is_judged() {
            true => Some(judged.get(column).filter(|said| said.len() == self.rows.len())?),
            false => None,
        };
        let measures = match rules.measures.as_slice() {
            [] => &[CellMeasure::ExactMatch],
            measures => measures,
        };
        let right = |(row, (answer, gold)): (usize, &(Vec<String>, Vec<String>))| {
            let holds = |measure: &CellMeasure| match measure {
                CellMeasure::LlmJudge => said.is_some_and(|said| said[row]),
                measure => measure.holds(&answer[at], &gold[at], rules.criterion.unwrap_or(0.0)),
            };
            f64::from(u8::from(measures.iter().all(holds)))
        };
        Some(self.rows.iter().enumerate().map(right).collect())
    }
}

impl TableRules {
    /// With the names of columns as tables have them.
    fn folded(&self) -> Self {
        let all = |names: &[String]| names.iter().map(|name| read::column_name(name)).collect();
        let columns = self
            .columns
            .iter()
            .map(|(name, rules)| (read::column_name(name), rules.clone()));
        Self {
            required: all(&self.required),
            unique_columns: all(&self.unique_columns),
            columns: columns.collect(),
        }
    }

    fn is_key(&self, column: &String) -> bool {
        self.unique_columns.contains(column)
    }

    fn of(&self, column: &str) -> ColumnRules {
        self.columns.get(column).cloned().unwrap_or_default()
    }

    /// The rows with the required columns, preprocessed; of those that have the same key, the first.
    fn prepared(&self, table: &Table) -> Vec<Vec<String>> {
        let cell = |row: &[String], column: &String| {
            let at = table.columns.iter().rposition(|known| known == column);
            at.and_then(|at| row.get(at)).cloned().unwrap_or_default()
        };
        let mut seen = HashSet::new();
        let is_first = |row: &&Vec<String>| {
            let key: Vec<String> = self.unique_columns.iter().map(|column| cell(row, column)).collect();
            seen.insert(key)
        };
        let prepared = |row: &Vec<String>| {
            let one = |column: &String| {
                let steps = self.of(column).preprocess;
                steps.iter().fold(cell(row, column), |text, step| step.apply(&text))
            };
            self.required.iter().map(one).collect()
        };
        table.rows.iter().filter(is_first).map(prepared).collect()
    }

    fn key(&self, row: &[String]) -> Vec<String> {
        let at = |column: &String| self.required.iter().position(|known| known == column);
        let cells = self.unique_columns.iter().filter_map(at).map(|at| row[at].clone());
        cells.collect()
    }
}

#[cfg(test)]
mod tests;
