//! The language as data: every mapping with its keys, what each takes, and a sentence about it.
//!
//! The readers in `document` take names and ranges from here, the JSON Schema, completion and hover
//! are drawn from here, so that none of them can know a key that the others do not.

mod agents;
mod declarations;
mod limits;
mod steps;
mod verbs;
mod workflow;

pub(crate) use agents::{AGENT, TEAM};
pub(crate) use declarations::{CORPUS, EMBEDDER, EXTRAS, INPUT, MCP_SERVER, MODEL, PRICE, RERANKER};
pub(crate) use limits::{AGENT_LIMITS, RUN_LIMITS};
pub(crate) use steps::{CACHE, REPEAT, RETRY, SANDBOX, SANDBOX_DECLARED, STEP};
pub(crate) use verbs::{DISCUSS, ENVIRONMENT, VERBS};
pub(crate) use workflow::{DEFAULTS, SHARED, WORKFLOW};

/// A mapping of the language.
pub(crate) struct Mapping {
    /// In sentences: `a step`.
    pub(crate) what: &'static str,
    /// In the JSON Schema: `step`.
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [Key],
}

/// A key of a mapping.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    /// What it does, in a sentence or two, with its default.
    pub(crate) about: &'static str,
    pub(crate) required: bool,
    /// The verbs that it goes with; none for all. Only steps have verbs.
    pub(crate) verbs: &'static [&'static str],
    /// Whether a file can use it and this version can only check it.
    pub(crate) later: bool,
}

/// What a key's value is.
#[derive(Clone, Copy)]
pub(crate) enum Takes {
    /// The language's version.
    Version,
    Boolean,
    /// Text without expressions.
    Text,
    /// Text, in which expressions may stand.
    Template,
    /// One expression, bare.
    Expression,
    /// A whole number in a range.
    Integer(u64, u64),
    /// Any number in a range.
    Number(f64, f64),
    /// Seconds, or a number with ms, s, m, h or d.
    Duration,
    /// A type in shorthand, or `{ schema: … }`.
    Type,
    /// Data, in which expressions may stand.
    Value,
    /// Data alone.
    Data,
    /// One of these words.
    Words(&'static [&'static str]),
    /// The name of something that the file declares, or the path of a file.
    Name(Names),
    Mapping(&'static Mapping),
    /// Names of one's own, each with this.
    Each(&'static Takes),
    List(&'static Takes),
    /// Any of these.
    Or(&'static [Takes]),
}

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Names {
    Agent,
    Model,
    /// A tool, or a corpus for all its tools.
    Grant,
    Tool,
    Step,
    /// A workflow file or `std/NAME`.
    Workflow,
    /// A choice of the same step.
    Choice,
    File,
    /// A glob pattern.
    Pattern,
}

/// One, or a list of them.
macro_rules! one_or_more {
    ($takes:expr) => {
        Takes::Or(&[$takes, Takes::List(&$takes)])
    };
}
pub(crate) use one_or_more;

pub(crate) const fn key(name: &'static str, takes: Takes, about: &'static str) -> Key {
    Key {
        name,
        takes,
        about,
        required: false,
        verbs: &[],
        later: false,
    }
}

impl Key {
    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Goes with these verbs alone.
    pub(crate) const fn with(mut self, verbs: &'static [&'static str]) -> Self {
        self.verbs = verbs;
        self
    }

    /// Can be checked and not run.
    pub(crate) const fn later(mut self) -> Self {
        self.later = true;
        self
    }

    /// The range of the whole number that it takes, alone or among others.
    pub(crate) fn integers(&self) -> Option<(u64, u64)> {
        integers(&self.takes)
    }

    pub(crate) fn numbers(&self) -> Option<(f64, f64)> {
        match self.takes {
            Takes::Number(least, most) => Some((least, most)),
            _ => None,
        }
    }

    /// The words that it takes.
    pub(crate) fn words(&self) -> &'static [&'static str] {
        words(&self.takes)
    }
}

fn words(takes: &Takes) -> &'static [&'static str] {
    match takes {
        Takes::Words(words) => words,
        Takes::List(inner) => words(inner),
        Takes::Or(parts) => parts.iter().map(words).find(|words| !words.is_empty()).unwrap_or(&[]),
        _ => &[],
    }
}

fn integers(takes: &Takes) -> Option<(u64, u64)> {
    match takes {
        Takes::Integer(least, most) => Some((*least, *most)),
        Takes::Or(parts) => parts.iter().find_map(integers),
        _ => None,
    }
}

impl Mapping {
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.key(name).is_some()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.keys.iter().map(|key| key.name)
    }
}
