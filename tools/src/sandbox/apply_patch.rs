//! `apply_patch`: a unified diff, applied to files in the sandbox as a whole or not at all.

use super::patch::{Change, Patch, Target};
use super::{Bench, Kind, output};
use crate::arguments::Arguments;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use troupe_core::message::ToolOutput;
use troupe_core::port::tool::ToolSpec;
use troupe_core::port::{Error, ErrorKind};
use troupe_core::types::Type;

pub(super) struct ApplyPatch;

#[async_trait]
impl Kind for ApplyPatch {
    fn name(&self) -> &'static str {
        "apply_patch"
    }

    fn spec(&self) -> ToolSpec {
        let words = ["added", "changed", "removed", "as_it_was"].map(str::to_owned).to_vec();
        let row = Type::Object(
            [
                ("path".to_owned(), Type::String),
                ("became".to_owned(), Type::Enum(words)),
            ]
            .into_iter()
            .collect(),
        );
        ToolSpec {
            name: String::new(),
            description: "Change files of the sandbox by a unified diff: for each file the lines `--- a/PATH` and \
                          `+++ b/PATH` (`/dev/null` for one that is added or removed), then hunks that begin with `@@`. \
                          A hunk is found by its unchanged lines (those that begin with a space) and its removed lines \
                          (`-`), so give three unchanged lines around a change; the numbers behind `@@` may be wrong. \
                          All of it is applied, or nothing."
                .to_owned(),
            parameters: json!({
                "type": "object",
                "properties": { "patch": { "type": "string", "description": "The diff." } },
                "required": ["patch"],
            }),
            result: Type::Object(
                [("files".to_owned(), Type::List(Box::new(row)))].into_iter().collect(),
            ),
        }
    }

    fn example(&self) -> &'static str {
        r#"{"patch": "--- a/sum.py\n+++ b/sum.py\n@@ -1,2 +1,2 @@\n def total(a, b):\n-    return a - b\n+    return a + b\n"}"#
    }

    async fn answer(&self, bench: &Bench<'_>, arguments: &Arguments<'_>) -> Result<ToolOutput, Error> {
        let text = arguments.text("patch")?;
        let patch = Patch::read(&text).map_err(|reason| arguments.invalid(&format!("`patch`: {reason}")))?;
        let mut files = Files::default();
        let mut rows: Vec<Value> = Vec::new();
        let mut lines = Vec::new();
        for target in &patch.targets {
            let became = files.change(bench, target).await?;
            lines.push(format!("{}: {}", target.path(), became.replace('_', " ")));
            rows.push(json!({ "path": target.path(), "became": became }));
        }
        files.write(bench).await?;
        Ok(output(lines.join("\n"), json!({ "files": rows })))
    }
}

/// The files that a patch names, as it leaves them; none is written before all of it fits.
#[derive(Default)]
struct Files {
    /// By path: the text, or nothing where the file is gone, and whether that is news.
    texts: BTreeMap<String, (Option<String>, bool)>,
    /// New names with the old ones: whoever may run the one may run the other.
    named: Vec<(String, String)>,
}

impl Files {
    /// What becomes of a file, in a word.
    async fn change(&mut self, bench: &Bench<'_>, target: &Target) -> Result<&'static str, Error> {
        let (before, path) = (target.before(), target.path());
        let now = self.text(bench, before).await?;
        let refused = |reason: &str| {
            let message = format!("nothing was changed. {path}: {reason}");
            Error::new(ErrorKind::Invalid, message)
        };
        if now
            .as_ref()
            .is_some_and(|text| text.contains(char::REPLACEMENT_CHARACTER))
        {
            return Err(refused(
                "it is no UTF-8, and would be spoilt: change it with a command such as `sed -i`",
            ));
        }
        if before != path && self.text(bench, path).await?.is_some() {
            return Err(refused("there is a file of that name already"));
        }
        let change = target.applied(now.as_deref()).map_err(|reason| refused(&reason))?;
        let word = change.word();
        match change {
            Change::None => {}
            Change::Removed => self.set(before, None),
            Change::Added(text) | Change::Changed(text) => {
                self.set(path, Some(text));
                if before != path {
                    self.set(before, None);
                    self.named.push((path.to_owned(), before.to_owned()));
                }
            }
        }
        Ok(word)
    }

    async fn text(&mut self, bench: &Bench<'_>, path: &str) -> Result<Option<String>, Error> {
        if let Some((text, _)) = self.texts.get(path) {
            return Ok(text.clone());
        }
        let text = bench.look(path).await?;
        self.texts.insert(path.to_owned(), (text.clone(), false));
        Ok(text)
    }

    fn set(&mut self, path: &str, text: Option<String>) {
        self.texts.insert(path.to_owned(), (text, true));
    }

    /// Writes all texts beside their files first, and puts them in place together: what cannot be written is found
    /// out while everything is as it was.
    async fn write(self, bench: &Bench<'_>) -> Result<(), Error> {
        let mut steps: Vec<String> = Vec::new();
        let mut drafts: Vec<String> = Vec::new();
        for (path, (text, is_news)) in self.texts {
            match text {
                _ if !is_news => {}
                Some(text) => {
                    let draft = format!("{path}.troupe-patch");
                    let like = self.named.iter().find(|(new, _)| *new == path);
                    let like = like.map_or("", |(_, old)| old).to_owned();
                    drafts.push(draft.clone());
                    if let Err(error) = bench.write(&draft, text).await {
                        bench.sweep(&drafts).await;
                        return Err(Error::new(
                            error.kind,
                            format!("nothing was changed. {}", error.message),
                        ));
                    }
                    steps.extend(["write".to_owned(), path, draft, like]);
                }
                None => steps.extend(["remove".to_owned(), path, String::new(), String::new()]),
            }
        }
        let placed = bench.place(&steps).await;
        bench.sweep(&drafts).await;
        placed
    }
}
