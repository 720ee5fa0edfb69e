//! Verdicts as JUnit's XML: a case for every instance.

use super::batch::Batch;
use crate::report::escaped;
use std::fmt::Write as _;

/// What came of one instance.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// Its language; empty where none is known.
    pub language: String,
    /// Its name.
    pub name: String,
    /// Milliseconds that it took.
    pub duration_ms: u64,
    /// The kind of its failure, and the reason.
    pub failure: Option<(String, String)>,
    /// Why nothing can be said of it.
    pub trouble: Option<String>,
}

/// The cases of a batch.
pub fn cases(batch: &Batch) -> Vec<Case> {
    let ended = batch.records.iter().map(|record| {
        let verdict = record.verdict.and_then(|verdict| serde_json::to_value(verdict).ok());
        let kind = verdict.as_ref().and_then(serde_json::Value::as_str);
        let failure = || (kind.unwrap_or("not_checked").to_owned(), record.reason.clone());
        Case {
            language: record.language.clone(),
            name: record.instance_id.clone(),
            duration_ms: record.duration_ms,
            failure: (!record.is_verified()).then(failure),
            trouble: None,
        }
    });
    ended.chain(troubles(&batch.troubles)).collect()
}

/// The cases of those about which nothing can be said.
pub fn troubles(troubles: &[(String, String)]) -> impl Iterator<Item = Case> {
    troubles.iter().map(|(name, trouble)| Case {
        name: name.clone(),
        trouble: Some(trouble.clone()),
        ..Case::default()
    })
}

/// The document. `command` is what was asked of Troupe.
pub fn render(command: &str, cases: &[Case]) -> String {
    let count = |of: &dyn Fn(&Case) -> bool| cases.iter().filter(|case| of(case)).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\"",
        cases.len(),
        count(&|case| case.failure.is_some()),
        count(&|case| case.trouble.is_some())
    );
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"troupe {command}\" {counts}>\n  \
         <testsuite name=\"environments\" {counts} skipped=\"0\">\n"
    );
    for case in cases {
        let language = match case.language.as_str() {
            "" => "unknown",
            language => language,
        };
        let (class, name) = (escaped(language), escaped(&case.name));
        let seconds = case.duration_ms as f64 / 1_000.0;
        let (tag, kind, message) = match (&case.failure, &case.trouble) {
            (Some((kind, reason)), _) => ("failure", kind.as_str(), reason),
            (None, Some(trouble)) => ("error", "trouble", trouble),
            (None, None) => {
                let _ = writeln!(
                    xml,
                    "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{seconds:.3}\"/>"
                );
                continue;
            }
        };
        let _ = writeln!(
            xml,
            "    <testcase classname=\"{class}\" name=\"{name}\" time=\"{seconds:.3}\">\n      \
             <{tag} type=\"{kind}\" message=\"{}\"/>\n    </testcase>",
            escaped(message)
        );
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}
