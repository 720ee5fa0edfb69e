//! Tool names on the wire, where only letters, digits, `_` and `-` are allowed.

use troupe_core::port::tool::ToolSpec;

/// Longest name that the dialect allows.
const NAME_CHARACTERS_MAX: usize = 64;

/// The tools of one request by their names on the wire, and back.
#[derive(Debug, Default)]
pub struct WireNames {
    /// `(on the wire, in the workflow)`, for those that differ.
    changed: Vec<(String, String)>,
}

impl WireNames {
    /// Names for `tools`, no two the same.
    pub fn new(tools: &[ToolSpec]) -> Self {
        let mut taken: Vec<String> = tools
            .iter()
            .map(|tool| tool.name.clone())
            .filter(|n| is_legal(n))
            .collect();
        let mut changed = Vec::new();
        for tool in tools.iter().filter(|tool| !is_legal(&tool.name)) {
            let stem: String = tool
                .name
                .chars()
                .map(legal_or_underscore)
                .take(NAME_CHARACTERS_MAX - 4)
                .collect();
            let stem = if stem.is_empty() { "tool".to_owned() } else { stem };
            let numbered = (2..).map(|n| format!("{stem}_{n}"));
            let free = std::iter::once(stem.clone())
                .chain(numbered)
                .find(|name| !taken.contains(name));
            let name = free.unwrap_or(stem);
            taken.push(name.clone());
            changed.push((name, tool.name.clone()));
        }
        Self { changed }
    }

    /// The name on the wire of a tool of the workflow, or of one that is no longer offered.
    pub fn to_wire(&self, name: &str) -> String {
        match self.changed.iter().find(|(_, own)| own == name) {
            Some((wire, _)) => wire.clone(),
            None if is_legal(name) => name.to_owned(),
            None if name.is_empty() => "unnamed".to_owned(),
            None => name
                .chars()
                .map(legal_or_underscore)
                .take(NAME_CHARACTERS_MAX)
                .collect(),
        }
    }

    /// The workflow's name of a tool; what is not known passes unchanged.
    pub fn own_name<'a>(&'a self, name: &'a str) -> &'a str {
        let known = self.changed.iter().find(|(wire, _)| wire == name);
        known.map_or(name, |(_, own)| own)
    }
}

fn is_legal(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_CHARACTERS_MAX && name.chars().all(|c| legal_or_underscore(c) == c)
}

fn legal_or_underscore(c: char) -> char {
    if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }
}
