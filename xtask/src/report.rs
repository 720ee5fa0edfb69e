//! What a check found, and how it is printed.

/// What one check looked at and what it found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What was looked at, with its number: `214 files`.
    pub checked: String,
    /// What must change.
    pub findings: Vec<Finding>,
    /// What is worth knowing and fails nothing.
    pub notes: Vec<Finding>,
}

/// One thing at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// `path:line`, or whatever else names the place.
    pub place: String,
    /// What is wrong there and the way out.
    pub message: String,
}

impl Finding {
    /// A finding at a place that has no line.
    pub fn at(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }

    /// A finding in a line of a file, counted from 1.
    pub fn in_line(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self::at(format!("{path}:{line}"), message)
    }
}

impl Report {
    /// A report of findings alone.
    pub fn of(checked: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self {
            checked: checked.into(),
            findings,
            notes: Vec::new(),
        }
    }

    /// A check that could not be made.
    pub fn impossible(reason: String) -> Self {
        Self::of("nothing", vec![Finding::at("not checked", reason)])
    }

    /// Whether nothing must change.
    pub fn passes(&self) -> bool {
        self.findings.is_empty()
    }

    /// Notes, then findings, then one line that says how it went.
    pub fn render(&self, name: &str) -> String {
        let mut text = String::new();
        for note in &self.notes {
            text.push_str(&format!("note: {}: {}\n", note.place, note.message));
        }
        for finding in &self.findings {
            text.push_str(&format!("{}: {}\n", finding.place, finding.message));
        }
        let end = match self.findings.len() {
            0 => "ok".to_owned(),
            1 => "1 finding".to_owned(),
            count => format!("{count} findings"),
        };
        text.push_str(&format!("{name}: {}: {end}\n", self.checked));
        text
    }
}

#[cfg(test)]
mod tests;
