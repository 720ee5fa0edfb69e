//! The languages that environments are made for.

use std::fmt;

/// A language as it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedLanguage {
    /// One that rules plan for.
    Known(Language),
    /// Another one: only agents plan for it.
    Other(String),
}

impl NamedLanguage {
    /// The language of a name.
    pub fn of(name: &str) -> Self {
        match Language::named(name) {
            Some(known) => Self::Known(known),
            None => Self::Other(name.to_owned()),
        }
    }

    /// As it is written.
    pub fn name(&self) -> &str {
        match self {
            Self::Known(known) => known.name(),
            Self::Other(name) => name,
        }
    }
}

/// A language with planning rules of its own: the ten of MEnvBench (arXiv 2601.22859, section 4) and Perl.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// C.
    C,
    /// C++.
    Cpp,
    /// Go.
    Go,
    /// Java.
    Java,
    /// JavaScript.
    JavaScript,
    /// Perl.
    Perl,
    /// PHP.
    Php,
    /// Python.
    Python,
    /// Ruby.
    Ruby,
    /// Rust.
    Rust,
    /// TypeScript.
    TypeScript,
}

impl Language {
    /// All, by name.
    pub const ALL: [Self; 11] = [
        Self::C,
        Self::Cpp,
        Self::Go,
        Self::Java,
        Self::JavaScript,
        Self::Perl,
        Self::Php,
        Self::Python,
        Self::Ruby,
        Self::Rust,
        Self::TypeScript,
    ];

    /// The names of all.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::C => "C",
            Self::Cpp => "C++",
            Self::Go => "Go",
            Self::Java => "Java",
            Self::JavaScript => "JavaScript",
            Self::Perl => "Perl",
            Self::Php => "PHP",
            Self::Python => "Python",
            Self::Ruby => "Ruby",
            Self::Rust => "Rust",
            Self::TypeScript => "TypeScript",
        }
    }

    /// The language of a name, in any case; `cpp`, `js`, `ts` and the like too.
    pub fn named(name: &str) -> Option<Self> {
        let short = match name.to_ascii_lowercase().as_str() {
            "cpp" | "cxx" => Some(Self::Cpp),
            "golang" => Some(Self::Go),
            "js" | "node" => Some(Self::JavaScript),
            "py" => Some(Self::Python),
            "rs" => Some(Self::Rust),
            "ts" => Some(Self::TypeScript),
            _ => None,
        };
        short.or_else(|| Self::ALL.into_iter().find(|it| it.name().eq_ignore_ascii_case(name)))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
