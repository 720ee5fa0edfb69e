//! How a corpus is shown to those who search it: which tools stand side by side, what searches show and
//! tell, and by what names an agent sees them.

use crate::corpus::Corpus;
use crate::{hybrid_search, keyword_search, outline, read_chunk, semantic_search};
use troupe_core::ir::{self, Extra, Results};

/// What of a corpus its tools show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// What stands before every name: nothing, or `papers_` for an agent with several corpora.
    pub prefix: String,
    /// The tools that stand side by side, by their plain names: descriptions name no others.
    pub offered: Vec<String>,
    /// What searches show of the chunks that they list.
    pub results: Results,
    /// What is told beyond the paper.
    pub extras: Vec<Extra>,
    /// The fields of documents that searches can be narrowed by.
    pub metadata: Vec<String>,
}

impl Face {
    /// The three tools of the A-RAG paper (§1.2), as it has them.
    pub fn faithful(prefix: &str) -> Self {
        Self::of(prefix, &ir::Offer::faithful(), &[])
    }

    /// What a workflow says of a corpus.
    pub fn of(prefix: &str, offer: &ir::Offer, metadata: &[String]) -> Self {
        Self {
            prefix: prefix.to_owned(),
            offered: offer.tools.clone(),
            results: offer.results,
            extras: offer.extras.clone(),
            metadata: metadata.to_vec(),
        }
    }

    pub(crate) fn tells(&self, extra: Extra) -> bool {
        self.extras.contains(&extra)
    }

    /// The names for whoever sees all that is offered, and `tool`.
    pub(crate) fn names(&self, tool: &'static str) -> Names {
        let seen = |plain: &str| (plain.to_owned(), format!("{}{plain}", self.prefix));
        let mut seen: Vec<_> = self.offered.iter().map(|plain| seen(plain)).collect();
        if !self.offered.iter().any(|plain| plain == tool) {
            seen.push((tool.to_owned(), format!("{}{tool}", self.prefix)));
        }
        Names { seen }
    }

    /// What decides a tool's answers beside its arguments: its name, the corpus, and what it shows of it.
    /// What a search of the paper depends on is spelled as it always was.
    pub(crate) fn identity(&self, name: &str, corpus: &Corpus) -> String {
        let mut identity = format!("{name}@{}", corpus.fingerprint());
        if self.results == Results::Full {
            identity.push_str("+full");
        }
        for (extra, word) in [(Extra::Marks, "+marks"), (Extra::Neighbours, "+neighbours")] {
            if self.tells(extra) {
                identity.push_str(word);
            }
        }
        if !self.metadata.is_empty() {
            identity.push_str(&format!("+{:?}", self.metadata));
        }
        identity
    }
}

/// The tools of a corpus that an agent has, by their plain names and by those that it sees.
pub(crate) struct Names {
    seen: Vec<(String, String)>,
}

impl Names {
    pub(crate) fn new(siblings: &[(&str, &str)]) -> Self {
        let seen = siblings
            .iter()
            .map(|(plain, seen)| ((*plain).to_owned(), (*seen).to_owned()));
        Self { seen: seen.collect() }
    }

    /// The name that the agent sees; none where it does not have the tool.
    pub(crate) fn of(&self, tool: &str) -> Option<&str> {
        let found = self.seen.iter().find(|(plain, _)| plain == tool);
        found.map(|(_, seen)| seen.as_str())
    }

    /// The name of the tool that is described; its plain one where the agent does not have it.
    pub(crate) fn own(&self, tool: &'static str) -> String {
        self.of(tool).unwrap_or(tool).to_owned()
    }

    /// The tools that list ids of chunks: `a`, `a and b`, `a, b and c`; none without one. With their number.
    pub(crate) fn listing(&self) -> Option<(String, usize)> {
        let tools = [
            keyword_search::NAME,
            semantic_search::NAME,
            hybrid_search::NAME,
            outline::NAME,
        ];
        let names: Vec<&str> = tools.iter().filter_map(|tool| self.of(tool)).collect();
        let (last, others) = names.split_last()?;
        let text = match others {
            [] => (*last).to_owned(),
            others => format!("{} and {last}", others.join(", ")),
        };
        Some((text, names.len()))
    }

    /// Whether the agent has a search.
    pub(crate) fn has_search(&self) -> bool {
        let searches = [keyword_search::NAME, semantic_search::NAME, hybrid_search::NAME];
        searches.iter().any(|search| self.of(search).is_some())
    }
}

/// What a search says of its own answers; `sentences` names those that it shows of a chunk.
pub(crate) fn about_results(face: &Face, names: &Names, sentences: &str) -> String {
    let mut text = match (face.results, names.of(read_chunk::NAME)) {
        (Results::Snippets, Some(read)) => format!(
            "You get chunk ids and {sentences}, not the whole text: before you rely on a chunk, read it with {read}."
        ),
        (Results::Snippets, None) => format!("You get chunk ids and {sentences}, not the whole text."),
        (Results::Full, _) => {
            "You get the chunks in full; one that you were given before is listed without its text.".to_owned()
        }
    };
    if face.tells(Extra::Marks) && face.results == Results::Snippets {
        text.push_str(" `(already read)` behind an id says that you have read that chunk.");
    }
    text
}
