//! Every form of the same files, and the paths in them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use super::{Checked, Format, place};
use serde_json::Value;
use std::path::Path;
use troupe_core::diagnostic::{Diagnostic, SourceFile, SourceId, Sources, Span};
use troupe_dsl::Compiled;

const TEXT: &str = "troupe: 1\nname: ünïcode 🎭 x\nsteps:\n  s: { run: [echo] }\n";

fn compiled(diagnostics: Vec<Diagnostic>) -> Compiled {
    let file = |name: &str, text: &str| SourceFile {
        name: name.into(),
        text: text.into(),
    };
    Compiled {
        workflow: None,
        diagnostics,
        sources: Sources {
            files: vec![file("given.yaml", TEXT), file("prompts/lead.md", "Lead.\nLead on.")],
        },
    }
}

fn checked(path: &str, diagnostics: Vec<Diagnostic>) -> Checked {
    Checked::new(
        "given.yaml".into(),
        path.into(),
        compiled(diagnostics),
        Path::new("/home/me"),
    )
}

fn span(text: &str) -> Span {
    let start = TEXT.find(text).unwrap();
    Span::new(SourceId(0), start, start + text.len())
}

/// An error after wide characters with a related place in another file, and a warning over two lines.
fn files() -> Vec<Checked> {
    let error = Diagnostic::error(
        "T0201",
        span("x\n").shortened(),
        "there is no variable `x`, or `y`: 100%",
    )
    .label("read here")
    .related(Span::new(SourceId(1), 6, 10), "declared here\u{1b}[31m")
    .hint("did you mean `<z>` & \"q\"?");
    let warning = Diagnostic::warning("T0210", span("steps:\n  s"), "nothing\r\nuses it");
    vec![
        checked("/home/me/flöws/a b,c:d.yaml", vec![error, warning]),
        checked("/home/me/clean.yaml", Vec::new()),
    ]
}

trait Shortened {
    fn shortened(self) -> Self;
}

impl Shortened for Span {
    fn shortened(self) -> Self {
        Span {
            end: self.end - 1,
            ..self
        }
    }
}

#[test]
fn json_has_everything_a_program_needs() {
    let json: Value = serde_json::from_str(&Format::Json.render(&files())).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap(), @r#"
    [
      {
        "file": "/home/me/flöws/a b,c:d.yaml",
        "ok": false,
        "diagnostics": [
          {
            "code": "T0201",
            "severity": "error",
            "title": "unknown variable",
            "message": "there is no variable `x`, or `y`: 100%",
            "labels": [
              {
                "file": "flöws/a b,c:d.yaml",
                "line": 2,
                "column": 17,
                "end_line": 2,
                "end_column": 18,
                "text": "read here"
              },
              {
                "file": "prompts/lead.md",
                "line": 2,
                "column": 1,
                "end_line": 2,
                "end_column": 5,
                "text": "declared here\u001b[31m"
              }
            ],
            "hints": [
              "did you mean `<z>` & \"q\"?"
            ],
            "explain": "troupe explain T0201"
          },
          {
            "code": "T0210",
            "severity": "warning",
            "title": "an input that is never used",
            "message": "nothing\r\nuses it",
            "labels": [
              {
                "file": "flöws/a b,c:d.yaml",
                "line": 3,
                "column": 1,
                "end_line": 4,
                "end_column": 4,
                "text": ""
              }
            ],
            "hints": [],
            "explain": "troupe explain T0210"
          }
        ]
      },
      {
        "file": "/home/me/clean.yaml",
        "ok": true,
        "diagnostics": []
      }
    ]
    "#);
}

#[test]
fn github_gets_one_escaped_command_each() {
    let commands = Format::Github.render(&files()).replace('\u{1b}', "␛");
    insta::assert_snapshot!(commands, @r#"
    ::error file=flöws/a b%2Cc%3Ad.yaml,line=2,col=17,endLine=2,endColumn=17,title=T0201%3A unknown variable::there is no variable `x`, or `y`: 100%25%0Aread here%0Ahelp: did you mean `<z>` & "q"?%0Aprompts/lead.md:2:1: declared here␛[31m
    ::warning file=flöws/a b%2Cc%3Ad.yaml,line=3,endLine=4,title=T0210%3A an input that is never used::nothing%0D%0Auses it
    "#);
    assert_eq!(Format::Github.render(&files()[1..]), "", "a clean file is no news");
}

#[test]
fn junit_fails_a_case_for_each_error() {
    insta::assert_snapshot!(Format::Junit.render(&files()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="troupe check" tests="2" failures="1" errors="0">
      <testsuite name="flöws/a b,c:d.yaml" tests="1" failures="1" errors="0" skipped="0">
        <testcase classname="flöws/a b,c:d.yaml" name="T0201 at flöws/a b,c:d.yaml:2:17">
          <failure type="T0201" message="there is no variable `x`, or `y`: 100%">error[T0201]: there is no variable `x`, or `y`: 100%
     --&gt; given.yaml:2:17
      |
    2 | name: ünïcode 🎭 x
      |                  ^ read here
      |
     ::: prompts/lead.md:2:1
      |
    2 | Lead on.
      | ---- declared here�[31m
      |
      = help: did you mean `&lt;z&gt;` &amp; &quot;q&quot;?</failure>
        </testcase>
        <system-out>warning[T0210]: nothing␍
                    uses it
     --&gt; given.yaml:3:1
      |
    3 | / steps:
    4 | |   s: { run: [echo] }
      | |___^</system-out>
      </testsuite>
      <testsuite name="clean.yaml" tests="1" failures="0" errors="0" skipped="0">
        <testcase classname="clean.yaml" name="check"/>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn sarif_names_rules_places_and_related_places() {
    let log: Value = serde_json::from_str(&Format::Sarif.render(&files())).unwrap();
    let run = &log["runs"][0];
    insta::assert_snapshot!(serde_json::to_string_pretty(&run["results"]).unwrap(), @r#"
    [
      {
        "ruleId": "T0201",
        "ruleIndex": 0,
        "level": "error",
        "message": {
          "text": "there is no variable `x`, or `y`: 100%\nread here\nhelp: did you mean `<z>` & \"q\"?"
        },
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "fl%C3%B6ws/a%20b%2Cc%3Ad.yaml",
                "uriBaseId": "%SRCROOT%"
              },
              "region": {
                "startLine": 2,
                "startColumn": 17,
                "endLine": 2,
                "endColumn": 18
              }
            }
          }
        ],
        "relatedLocations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "prompts/lead.md",
                "uriBaseId": "%SRCROOT%"
              },
              "region": {
                "startLine": 2,
                "startColumn": 1,
                "endLine": 2,
                "endColumn": 5
              }
            },
            "message": {
              "text": "declared here\u001b[31m"
            }
          }
        ]
      },
      {
        "ruleId": "T0210",
        "ruleIndex": 1,
        "level": "warning",
        "message": {
          "text": "nothing\r\nuses it"
        },
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "fl%C3%B6ws/a%20b%2Cc%3Ad.yaml",
                "uriBaseId": "%SRCROOT%"
              },
              "region": {
                "startLine": 3,
                "startColumn": 1,
                "endLine": 4,
                "endColumn": 4
              }
            }
          }
        ],
        "relatedLocations": []
      }
    ]
    "#);
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(
        (rules.len(), &rules[0]["id"], &rules[1]["id"]),
        (2, &"T0201".into(), &"T0210".into())
    );
    assert_eq!(rules[0]["shortDescription"]["text"], "unknown variable");
    assert_eq!(rules[0]["help"]["markdown"], troupe_dsl::explain("T0201").unwrap());
    assert_eq!(run["artifacts"][1]["location"]["uri"], "clean.yaml");
}

#[test]
fn human_text_has_no_colours_and_counts() {
    let text = Format::Human.render(&files());
    assert!(
        text.contains("error[T0201]") && text.ends_with("given.yaml: no errors"),
        "{text}"
    );
    assert!(
        !text.contains("\u{1b}[0m") && text.contains("given.yaml: 1 error, 1 warning"),
        "{text}"
    );
}

#[test]
fn paths_are_those_that_somebody_in_the_folder_would_type() {
    let here = Path::new("/home/me");
    assert_eq!(place::shown(Path::new("/home/me/a/./b/../c.yaml"), here), "a/c.yaml");
    assert_eq!(place::shown(Path::new("/home/you/c.yaml"), here), "/home/you/c.yaml");
    assert_eq!(
        place::beside(Path::new("/home/me/w.yaml"), "std/team", here),
        "std/team",
        "what lies nowhere keeps its name"
    );
}

#[test]
fn outside_of_the_folder_addresses_are_whole() {
    let error = Diagnostic::error("T0201", span("x\n"), "no");
    let log = Format::Sarif.render(&[checked("/home/you/ä.yaml", vec![error])]);
    let log: Value = serde_json::from_str(&log).unwrap();
    let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location, &serde_json::json!({ "uri": "file:///home/you/%C3%A4.yaml" }));
}
