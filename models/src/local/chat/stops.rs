//! Texts that end an answer, found however the answer is cut into pieces.

/// Watches an answer for texts that end it.
#[derive(Debug, Default)]
pub struct Stops {
    stops: Vec<String>,
    held: String,
    stopped: bool,
}

impl Stops {
    /// Watches for any of `stops`; empty ones never come.
    pub fn new(stops: impl IntoIterator<Item = String>) -> Self {
        Self {
            stops: stops.into_iter().filter(|stop| !stop.is_empty()).collect(),
            ..Self::default()
        }
    }

    /// Takes the next piece and returns what can be shown: nothing of what may become a stop, and nothing from a stop on.
    /// Of several stops the one that is whole first counts, so that it does not matter how the answer is cut.
    pub fn push(&mut self, piece: &str) -> String {
        if self.stopped {
            return String::new();
        }
        self.held.push_str(piece);
        let ends = self.stops.iter().filter_map(|stop| {
            let start = self.held.find(stop)?;
            Some((start + stop.len(), start))
        });
        let found = ends.min().map(|(_, start)| start);
        self.stopped = found.is_some();
        let shown =
            found.unwrap_or_else(|| self.held.len() - beginning(&self.held, self.stops.iter().map(String::as_str)));
        let rest = self.held.split_off(shown);
        std::mem::replace(&mut self.held, rest)
    }

    /// Whether a stop was found: the answer is over.
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// The answer has ended by itself: what was held back is a part of it.
    pub fn finish(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        if self.stopped { String::new() } else { held }
    }
}

/// Bytes at the end of `text` that may be the beginning of a mark: the longest such end.
pub fn beginning<'a>(text: &str, marks: impl Iterator<Item = &'a str>) -> usize {
    let of = |mark: &'a str| {
        let lengths = mark.char_indices().map(|(at, _)| at).rev();
        lengths
            .into_iter()
            .find(|length| text.ends_with(&mark[..*length]))
            .unwrap_or(0)
    };
    marks.map(of).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
