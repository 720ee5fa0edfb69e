//! Thresholds as JUnit's XML: a suite for every report, a case for every threshold.

use super::summary::Summary;
use super::text::number;
use crate::report::escaped;
use std::fmt::Write as _;

/// The document.
pub fn render(summary: &Summary) -> String {
    let failures = summary.thresholds.iter().filter(|threshold| !threshold.met).count();
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"0\"",
        summary.thresholds.len()
    );
    let name = escaped(&summary.suite);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"troupe eval\" {counts}>\n  \
         <testsuite name=\"{name}\" {counts} skipped=\"0\">\n"
    );
    for threshold in &summary.thresholds {
        let case = format!(
            "classname=\"{name}.{}\" name=\"{}\"",
            escaped(&threshold.variant),
            escaped(&threshold.metric)
        );
        let mean = threshold.mean.map_or("unscored".to_owned(), number);
        let _ = match threshold.met {
            true => writeln!(xml, "    <testcase {case}/>"),
            false => writeln!(
                xml,
                "    <testcase {case}>\n      <failure type=\"threshold\" message=\"{mean} is less than {}\"/>\n    </testcase>",
                number(threshold.least)
            ),
        };
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}
