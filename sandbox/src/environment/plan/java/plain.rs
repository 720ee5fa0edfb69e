//! Java without its build tools: the compiler, Debian's libraries, and JUnit's own programs.

use super::{PLACE, roots};
use crate::environment::plan::debian;
use crate::environment::plan::facts::{Facts, Selection};
use crate::environment::plan::manifest::following;
use crate::environment::plan::script::{Script, quote, words};
use std::collections::BTreeSet;

/// A program that runs JUnit 4 classes and prints JUnit's XML.
const REPORT: &str = include_str!("Report.java");

/// Sources that are read for what they import.
const READ_SOURCES: usize = 400;

/// Compiles folders of sources but for files that need libraries that are not there.
const COMPILE: &str = r#"compile() {
  local target=$1 broken round
  shift
  mkdir -p "$target"
  find "$@" -name '*.java' -not -name module-info.java | sort >"$target.list"
  for round in 1 2 3; do
    if javac -nowarn -proc:none -Xmaxerrs 10000 -encoding UTF-8 -d "$target" \
      -cp "/opt/java/main:/usr/share/java/*" @"$target.list" 2>"$target.errors"; then return 0; fi
    broken=$(sed -n 's/^\(.*\.java\):[0-9]*: error: package .* does not exist$/\1/p' "$target.errors" | sort -u)
    if [ -z "$broken" ]; then break; fi
    echo "left out: $broken" >&2
    grep -vxF "$broken" "$target.list" >"$target.rest" || break
    mv "$target.rest" "$target.list"
  done
  cat "$target.errors" >&2
  return 1
}
resources() {
  local target=$1 folder
  shift
  for folder in "$@"; do if [ -d "$folder" ]; then cp -r "$folder/." "$target/"; fi; done
}
class_of() {
  local package
  package=$(sed -n 's/^[[:space:]]*package[[:space:]]*\([A-Za-z0-9_.]*\)[[:space:]]*;.*/\1/p' "$1" | head -n 1)
  echo "${package:+$package.}$(basename "$1" .java)"
}"#;

/// Collects the classes that were compiled; the others fail.
const CHOOSE: &str = r#"for file in "${files[@]}"; do
  class=$(class_of "$file")
  if [ -e "/opt/java/test/${class//.//}.class" ]; then
    classes+=("OPTION$class")
  else
    echo "not compiled: $file" >&2
    rc=1
  fi
done"#;

/// Imports and the packages that hold them.
const LIBRARIES: [(&str, &str); 17] = [
    ("com.fasterxml.jackson", "libjackson2-databind-java"),
    ("com.google.common", "libguava-java"),
    ("com.google.gson", "libgson-java"),
    ("javax.servlet", "libservlet-api-java"),
    ("org.apache.commons.codec", "libcommons-codec-java"),
    ("org.apache.commons.io", "libcommons-io-java"),
    ("org.apache.commons.lang3", "libcommons-lang3-java"),
    ("org.apache.commons.logging", "libcommons-logging-java"),
    ("org.assertj", "libassertj-core-java"),
    ("org.easymock", "libeasymock-java"),
    ("org.h2", "libh2-java"),
    ("org.joda.time", "libjoda-time-java"),
    ("org.junit.jupiter", "junit5"),
    ("org.mockito", "libmockito-java"),
    ("org.openjdk.jmh", "libjmh-java"),
    ("org.slf4j", "libslf4j-java"),
    ("org.xmlunit", "libxmlunit-java"),
];

/// Installs libraries, and writes the program that reports.
pub(super) fn setup(script: &mut Script, facts: &Facts<'_>) {
    script.line(format!("  wishes {}", words(libraries(facts))));
    script.line(format!(
        "  cat >{PLACE}/Report.java <<'END_OF_REPORT'\n{REPORT}END_OF_REPORT"
    ));
}

/// Compiles all, and runs the chosen classes.
pub(super) fn test(script: &mut Script, facts: &Facts<'_>, chosen: &Selection, tests: &[String]) {
    script.line(COMPILE);
    let main = roots(facts, &["src/main/java", "src/java", "source", "src", "java"]);
    let main = main.first().map_or("src", String::as_str);
    // Tests may lie among the sources.
    let apart: String = tests
        .iter()
        .map(|root| format!(" -not -path {}", quote(&format!("{root}/*"))))
        .collect();
    script.line(format!("rm -rf {PLACE}/main {PLACE}/test {PLACE}/reports"));
    script.line(format!("compile {PLACE}/main {}{apart} || exit 1", quote(main)));
    script.line(format!("resources {PLACE}/main src/main/resources src/resources"));
    script.line(format!(
        "compile {PLACE}/test {} {PLACE}/Report.java || exit 1",
        words(tests)
    ));
    script.line(format!("resources {PLACE}/test src/test/resources test/resources"));
    let places = if chosen.is_all() {
        words(tests)
    } else {
        words(chosen.paths())
    };
    let apart = if chosen.files.is_empty() {
        excluded(facts)
    } else {
        String::new()
    };
    script.line(format!(
        "mapfile -t files < <(find {places} -name '*.java'{apart} -exec grep -lE '@[A-Za-z]*Test|extends TestCase' {{}} + | sort)"
    ));
    script.line("classes=()");
    let is_java = |path: &str| path.ends_with(".java");
    let jupiter = facts
        .texts(READ_SOURCES, is_java)
        .any(|text| text.contains("org.junit.jupiter"));
    script.line(CHOOSE.replace("OPTION", if jupiter { "-c=" } else { "" }));
    let java = format!("java -cp '{PLACE}/test:{PLACE}/main:/usr/share/java/*'");
    if jupiter {
        let options = format!("--disable-banner --details=none --reports-dir={PLACE}/reports");
        script.attempt(format!(
            "{java} org.junit.platform.console.ConsoleLauncher {options} \"${{classes[@]}}\" >&2"
        ));
        script.attempt(format!("cat {PLACE}/reports/TEST-*.xml"));
    } else {
        script.attempt(format!("{java} Report \"${{classes[@]}}\""));
    }
}

/// Keeps what the project's own configuration excludes from its tests out of a search.
fn excluded(facts: &Facts<'_>) -> String {
    let text = facts.read("pom.xml");
    let patterns = following(&text, "<exclude>", &['<']).map(str::trim);
    let tests = patterns.filter(|it| it.ends_with(".java") && it.starts_with("**/"));
    tests
        .map(|it| format!(" -not -path {}", quote(&it.replacen("**/", "*/", 1))))
        .collect()
}

/// Packages of the libraries that sources import.
fn libraries(facts: &Facts<'_>) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = ["junit4", "libhamcrest-java"].map(str::to_owned).into();
    let mut imported: Vec<String> = facts.remedies.modules.clone();
    for text in facts.texts(READ_SOURCES, |path| path.ends_with(".java")) {
        let imports = following(&text, "import ", &[';', '\n']);
        imported.extend(imports.map(|it| it.trim_start_matches("static ").to_owned()));
    }
    for name in imported {
        let known = LIBRARIES.iter().find(|(start, _)| name.starts_with(start));
        found.extend(known.map(|(_, package)| (*package).to_owned()));
    }
    let asked = facts.remedies.modules.iter();
    let guesses = asked.map(|name| {
        let last = name.rsplit('.').next().unwrap_or(name);
        format!("lib{}-java", last.to_ascii_lowercase())
    });
    found.extend(debian::valid(guesses));
    found
}
