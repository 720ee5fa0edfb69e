//! The citations of a run's answers, as text and as JSON.

use super::plural;
use serde_json::json;
use troupe_core::Value;
use troupe_core::citation::{Citation, Counts, Level};
use troupe_core::id::RunId;

/// Characters of a claim that a line shows.
const CLAIM_SHOWN: usize = 100;

/// A citation of an agent's answer.
pub struct Cited {
    /// The run that the agent worked in.
    pub run: RunId,
    /// The agent: `research/lead/seeker[2]`.
    pub agent: String,
    /// What is known of the cited chunk.
    pub level: Level,
    /// The file of the chunk; none where no open corpus has it.
    pub file: Option<String>,
    /// What is cited, and for what.
    pub citation: Citation,
}

/// A corpus in which ids were looked up.
pub struct CitedCorpus {
    /// Its name.
    pub name: String,
    /// Why it could not be opened.
    pub error: Option<String>,
}

/// All citations of a run and of those that it started.
pub struct Citations<'a> {
    /// The run.
    pub run: &'a RunId,
    /// Its citations.
    pub cited: Vec<Cited>,
    /// Its corpora.
    pub corpora: Vec<CitedCorpus>,
}

impl Citations<'_> {
    /// How many there are of each level.
    pub fn counts(&self) -> Counts {
        self.cited.iter().map(|cited| cited.level).collect()
    }

    /// For `--json`.
    pub fn object(&self) -> Value {
        let cited = self.cited.iter().map(|cited| {
            let Citation { id, claim, place, .. } = &cited.citation;
            json!({
                "run": cited.run, "agent": cited.agent, "id": id, "level": cited.level, "claim": claim,
                "place": place, "file": cited.file,
            })
        });
        let corpora = self.corpora.iter();
        let corpora = corpora.map(|corpus| json!({ "name": corpus.name, "error": corpus.error }));
        json!({
            "run": self.run,
            "citations": cited.collect::<Vec<_>>(),
            "counts": self.counts(),
            "corpora": corpora.collect::<Vec<_>>(),
        })
    }

    /// For people: a line for each citation below its agent, and the counts.
    pub fn text(&self) -> String {
        let mut lines = Vec::new();
        let mut last = None;
        let ids = self.cited.iter().map(|cited| cited.citation.id.chars().count() + 2);
        let width = ids.max().unwrap_or_default().min(40);
        for cited in &self.cited {
            let agent = (&cited.run, &cited.agent);
            if last != Some(agent) {
                lines.push(self.agent(cited));
                last = Some(agent);
            }
            lines.push(line(cited, width));
        }
        for corpus in &self.corpora {
            if let Some(error) = &corpus.error {
                lines.push(format!("corpus `{}` could not be opened: {error}", corpus.name));
            }
        }
        lines.push(self.sum());
        lines.join("\n")
    }

    fn agent(&self, cited: &Cited) -> String {
        match cited.run == *self.run {
            true => cited.agent.clone(),
            false => format!("{} of run {}", cited.agent, cited.run),
        }
    }

    fn sum(&self) -> String {
        let counts = self.counts();
        let of = |level: Level| match counts.of(level) {
            0 => None,
            count => Some(format!("{count} {}", words(level))),
        };
        match counts.total() {
            0 => format!("run {}: no answer cites a chunk", self.run),
            total => {
                let each: Vec<String> = Level::ALL.into_iter().rev().filter_map(of).collect();
                let citations = plural(total, "citation");
                format!("run {}: {citations}: {}", self.run, each.join(", "))
            }
        }
    }
}

/// A level for people.
fn words(level: Level) -> &'static str {
    match level {
        Level::NotInIndex => "not in index",
        Level::NeverRead => "never read",
        Level::ReadElsewhere => "read by another agent",
        Level::Read => "read",
        Level::Unchecked => "not checked",
    }
}

fn line(cited: &Cited, width: usize) -> String {
    let Citation { id, claim, .. } = &cited.citation;
    let mut shown: String = claim.chars().take(CLAIM_SHOWN).collect();
    if shown.len() < claim.len() {
        shown.push('…');
    }
    let file = cited
        .file
        .as_deref()
        .map(|file| format!(" ({file})"))
        .unwrap_or_default();
    let id = format!("[{id}]");
    format!("  {:21}  {id:width$}  {shown}{file}", words(cited.level))
        .trim_end()
        .to_owned()
}
