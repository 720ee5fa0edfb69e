//! Files in memory, for tests.

use std::collections::BTreeMap;
use troupe_dsl::{Compiled, FileError, Files, compile};

/// Files by path. A pattern matches when a path starts with what stands before its first `*`.
#[derive(Default)]
pub struct Memory(pub BTreeMap<String, Vec<u8>>);

impl Memory {
    /// The files that the manual's examples name.
    pub fn of_the_manual() -> Self {
        let files = [
            ("corpus/a.md", "Some text."),
            ("notes/b.md", "More text."),
            (
                "types/paper.json",
                r#"{ "type": "object", "properties": { "title": { "type": "string" } }, "required": ["title"] }"#,
            ),
            (
                "mcp/tracker.json",
                r#"{ "tools": [{ "name": "list_issues", "inputSchema": { "type": "object" } }] }"#,
            ),
            ("types/broken.json", r#"{ "type": "strng" }"#),
            (
                "prompts/seeker.md",
                "You search.\nUse ${{ inputs.question }} as the question.",
            ),
        ];
        Self(
            files
                .into_iter()
                .map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()))
                .collect(),
        )
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.0.get(path).cloned().ok_or(FileError::NotFound)
    }

    fn any_match(&self, pattern: &str) -> Result<bool, FileError> {
        let prefix = pattern.split('*').next().unwrap_or("");
        Ok(self.0.keys().any(|path| path.starts_with(prefix)))
    }
}

/// Compiles with the manual's files.
pub fn compiled(text: &str) -> Compiled {
    compile("workflow.yaml", text.as_bytes(), &Memory::of_the_manual())
}
