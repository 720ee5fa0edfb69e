//! One cell against another.

use serde::Deserialize;
use std::collections::BTreeSet;

/// What is done to a cell of either side before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preprocess {
    /// Lower case, without blanks and asterisks.
    NormStr,
    /// The first number with its sign and percent sign, commas left out; `NULL` where there is none.
    ExtractNumber,
    /// A date as `YYYY-MM-DD`, what it leaves open being the first; anything else as it is.
    NormDate,
}

/// When a cell is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellMeasure {
    /// The same text, case and runs of blanks aside.
    ExactMatch,
    /// A part of the gold text.
    InMatch,
    /// Addresses on the same hosts.
    UrlMatch,
    /// A number within a share of the gold one.
    NumberNear,
    /// A date at most 31 days away.
    DateNear,
    /// A judge says so.
    LlmJudge,
}

/// Days that a date may be away.
const DAYS: i64 = 31;

impl Preprocess {
    /// The cell afterwards.
    pub fn apply(self, cell: &str) -> String {
        match self {
            Self::NormStr => {
                let lowered = cell.to_lowercase();
                lowered.chars().filter(|c| !c.is_whitespace() && *c != '*').collect()
            }
            Self::ExtractNumber => first_number(cell),
            Self::NormDate => match date(cell) {
                Some(date) => format!("{:04}-{:02}-{:02}", date.year, date.month, date.day),
                None => cell.to_owned(),
            },
        }
    }
}

impl CellMeasure {
    /// Whether `answer` is right. A judge's word is not known here: it never is.
    pub(super) fn holds(self, answer: &str, gold: &str, criterion: f64) -> bool {
        match self {
            Self::ExactMatch => folded(answer) == folded(gold),
            Self::InMatch => gold.contains(answer),
            Self::UrlMatch => hosts(answer) == hosts(gold),
            Self::NumberNear => match (number(answer), number(gold)) {
                (Some(answer), Some(gold)) => (answer - gold).abs() <= gold.abs() * criterion,
                (None, None) => answer == gold,
                _ => false,
            },
            Self::DateNear => match (date(answer), date(gold)) {
                (Some(answer), Some(gold)) => (answer.days() - gold.days()).abs() <= DAYS,
                (answer, gold) => answer.is_none() && gold.is_none(),
            },
            Self::LlmJudge => false,
        }
    }
}

fn folded(text: &str) -> String {
    let lowered = text.to_lowercase();
    lowered.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `[-+]?\d*\.\d+%?|[-+]?\d+\.?\d*%?`, the first match from the left.
fn first_number(cell: &str) -> String {
    let text: Vec<char> = cell.chars().filter(|c| *c != ',').collect();
    let digits = |from: usize| text[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    for start in 0..text.len() {
        let whole_at = start + usize::from(matches!(text[start], '+' | '-'));
        let whole = digits(whole_at);
        let point = whole_at + whole;
        let has_point = text.get(point) == Some(&'.');
        let fraction = if has_point { digits(point + 1) } else { 0 };
        if whole + fraction == 0 {
            continue;
        }
        let mut end = point + usize::from(has_point) + fraction;
        end += usize::from(text.get(end) == Some(&'%'));
        return text[start..end].iter().collect();
    }
    "NULL".to_owned()
}

fn number(text: &str) -> Option<f64> {
    let value = text.replace('%', "").trim().parse::<f64>().ok()?;
    Some(if text.contains('%') { value / 100.0 } else { value })
}

fn hosts(text: &str) -> BTreeSet<&str> {
    let starts = text.match_indices("http").map(|(at, _)| &text[at..]);
    let rest = starts.filter_map(|url| url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")));
    let urls = rest.map(|url| {
        url.split(|c: char| c.is_whitespace() || matches!(c, ')' | '|'))
            .next()
            .unwrap_or(url)
    });
    let urls = urls.filter(|url| !url.is_empty());
    urls.map(|url| url.split('/').next().unwrap_or(url)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Date {
    year: i64,
    month: i64,
    day: i64,
}

impl Date {
    /// Days from an epoch (Hinnant, `days_from_civil`).
    fn days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let of_era = year - era * 400;
        let month = (self.month + 9) % 12;
        let of_year = (153 * month + 2) / 5 + self.day - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year
    }

    fn exists(self) -> bool {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let days = match self.month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        (1..=12).contains(&self.month) && (1..=days).contains(&self.day)
    }
}

/// The forms of dates that are read, in the letters of `strptime`; the scorer beside the data has the same.
const FORMS: [&str; 16] = [
    "Y-m-d",
    "b d, Y",
    "B d, Y",
    "d B Y",
    "d b Y",
    "Y/m/d",
    "Y.m.d",
    "m/d/Y",
    "Y年m月d日",
    "Y年m月",
    "B Y",
    "b Y",
    "Y-m",
    "Y/m",
    "Y年",
    "Y",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn date(cell: &str) -> Option<Date> {
    let cell = cell.trim().to_lowercase();
    FORMS.iter().find_map(|form| in_form(&cell, form))
}

fn in_form(cell: &str, form: &str) -> Option<Date> {
    let (mut rest, mut date) = (
        cell,
        Date {
            year: 1,
            month: 1,
            day: 1,
        },
    );
    for letter in form.chars() {
        rest = match letter {
            'Y' => taken(rest, 4, 4, &mut date.year)?,
            'm' => taken(rest, 1, 2, &mut date.month)?,
            'd' => taken(rest, 1, 2, &mut date.day)?,
            'B' | 'b' => {
                let name = |month: &'static str| if letter == 'B' { month } else { &month[..3] };
                let at = MONTHS.iter().position(|month| rest.starts_with(name(month)))?;
                date.month = at as i64 + 1;
                rest.strip_prefix(name(MONTHS[at]))?
            }
            ' ' => {
                let after = rest.trim_start();
                (after.len() < rest.len()).then_some(after)?
            }
            other => rest.strip_prefix(other)?,
        };
    }
    (rest.is_empty() && date.exists()).then_some(date)
}

/// Takes as many digits as there are, `least` to `most`.
fn taken<'a>(text: &'a str, least: usize, most: usize, value: &mut i64) -> Option<&'a str> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if digits < least {
        return None;
    }
    *value = text[..digits].parse().ok()?;
    Some(&text[digits..])
}
