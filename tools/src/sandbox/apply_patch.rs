//! `apply_patch`: a unified diff, applied to files in the sandbox as a whole or not at all.

use super::patch::{Change, Patch, Target};
use super::{Bench, Kind, output};
use crate::arguments::Arguments;
use async_trait::async_trait;
use serde_json::{Value, json};
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
        let mut changes = Vec::new();
        for target in &patch.targets {
            changes.push(change(bench, target).await?);
        }
        let mut rows: Vec<Value> = Vec::new();
        let mut lines = Vec::new();
        for (target, change) in patch.targets.iter().zip(changes) {
            let became = change.word();
            lines.push(format!("{}: {}", target.path(), became.replace('_', " ")));
            rows.push(json!({ "path": target.path(), "became": became }));
            carry_out(bench, target, change).await?;
        }
        Ok(output(lines.join("\n"), json!({ "files": rows })))
    }
}

/// What becomes of a file.
async fn change(bench: &Bench<'_>, target: &Target) -> Result<Change, Error> {
    let now = bench.look(target.before()).await?;
    let change = target.applied(now.as_deref());
    change.map_err(|reason| {
        let message = format!("nothing was changed. {}: {reason}", target.path());
        Error::new(ErrorKind::Invalid, message)
    })
}

async fn carry_out(bench: &Bench<'_>, target: &Target, change: Change) -> Result<(), Error> {
    match change {
        Change::None => Ok(()),
        Change::Removed => bench.remove(target.before()).await,
        Change::Added(text) | Change::Changed(text) => {
            bench.write(target.path(), text).await?;
            match target.before() == target.path() {
                true => Ok(()),
                false => bench.remove(target.before()).await,
            }
        }
    }
}
