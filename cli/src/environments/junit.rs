//! Verdicts as JUnit's XML: a case for every instance.

use super::batch::Batch;
use crate::report::escaped;
use std::fmt::Write as _;

/// The document.
pub fn render(batch: &Batch) -> String {
    let failures = batch.records.iter().filter(|record| !record.is_verified()).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"{}\"",
        batch.records.len() + batch.troubles.len(),
        batch.troubles.len()
    );
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"troupe env build\" {counts}>\n  \
         <testsuite name=\"environments\" {counts} skipped=\"0\">\n"
    );
    for record in &batch.records {
        let case = format!(
            "classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            escaped(if record.language.is_empty() {
                "unknown"
            } else {
                &record.language
            }),
            escaped(&record.instance_id),
            record.duration_ms as f64 / 1_000.0
        );
        let kind = record.verdict.and_then(|verdict| serde_json::to_value(verdict).ok());
        let kind = kind
            .as_ref()
            .and_then(serde_json::Value::as_str)
            .unwrap_or("not_checked");
        let _ = match record.is_verified() {
            true => writeln!(xml, "    <testcase {case}/>"),
            false => writeln!(
                xml,
                "    <testcase {case}>\n      <failure type=\"{kind}\" message=\"{}\"/>\n    </testcase>",
                escaped(&record.reason)
            ),
        };
    }
    for (id, trouble) in &batch.troubles {
        let _ = writeln!(
            xml,
            "    <testcase classname=\"unknown\" name=\"{}\">\n      <error type=\"trouble\" message=\"{}\"/>\n    </testcase>",
            escaped(id),
            escaped(trouble)
        );
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}
