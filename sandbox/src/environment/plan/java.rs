//! Java: Maven or Gradle where their registry can be reached, else the compiler with Debian's libraries.

use super::facts::{Facts, Selection, ends_in, stem};
use super::manifest::following;
use super::script::{Script, quote, words};
use super::{Plan, Runner, Unplanned, debian};
use std::collections::BTreeSet;

/// A program that runs JUnit 4 classes and prints JUnit's XML.
const REPORT: &str = include_str!("java/Report.java");

/// Where what is compiled without Maven lies. The file `plain` in it tells that this is how it is done.
const PLACE: &str = "/opt/java";

/// Compiles the project with Debian's libraries.
const COMPILE: &str = r#"compile() {
  local target=$1; shift
  mkdir -p "$target"
  find "$@" -name '*.java' -not -name module-info.java | sort >"$target.list"
  javac -nowarn -proc:none -encoding UTF-8 -d "$target" -cp "/opt/java/main:/usr/share/java/*" @"$target.list"
}
resources() {
  local target=$1; shift
  for folder in "$@"; do if [ -d "$folder" ]; then cp -r "$folder/." "$target/"; fi; done
}
class_of() {
  local package
  package=$(sed -n 's/^[[:space:]]*package[[:space:]]*\([A-Za-z0-9_.]*\)[[:space:]]*;.*/\1/p' "$1" | head -n 1)
  echo "${package:+$package.}$(basename "$1" .java)"
}"#;

/// Imports and the packages that hold them.
const LIBRARIES: [(&str, &str); 14] = [
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
    ("org.hamcrest", "libhamcrest-java"),
    ("org.mockito", "libmockito-java"),
    ("org.slf4j", "libslf4j-java"),
    ("org.xmlunit", "libxmlunit-java"),
];

/// Plans for a Java project.
pub(super) fn plan(facts: &Facts<'_>) -> Result<Plan, Unplanned> {
    let tests: Vec<String> = roots(facts, &["src/test/java", "src/test", "test", "tests", "src/tests"]);
    if tests.is_empty() && facts.tests.is_empty() {
        return Err(Unplanned::NoTests(facts.language));
    }
    let chosen = facts.select(|path| path.ends_with(".java"));
    let tool = Tool::of(facts);
    let mut reasons = vec![format!(
        "it is built with {tool:?}, or the compiler alone where that needs more than there is"
    )];
    if !chosen.is_all() {
        reasons.push(format!("it runs {}", chosen.paths().join(", ")));
    }
    let tests = if tests.is_empty() {
        vec!["src/test/java".to_owned()]
    } else {
        tests
    };
    Ok(Plan {
        language: facts.language,
        setup: setup(facts, tool),
        test: test(facts, tool, &chosen, &tests),
        runner: Runner::JunitXml,
        reasons,
    })
}

/// What builds a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tool {
    Maven,
    Gradle,
    Compiler,
}

impl Tool {
    fn of(facts: &Facts<'_>) -> Self {
        // A tool that was tried did not work out.
        if facts.remedies.simpler > 0 {
            Self::Compiler
        } else if facts.has("pom.xml") {
            Self::Maven
        } else if facts.has("gradlew") {
            Self::Gradle
        } else {
            Self::Compiler
        }
    }

    /// Fetches all that tests need, and runs none.
    fn prepare(self) -> Option<&'static str> {
        match self {
            Self::Maven => Some(
                "mvn -B -q -Dtest=NoTestHasThisName -DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false test",
            ),
            Self::Gradle => Some("sh ./gradlew --no-daemon -q testClasses"),
            Self::Compiler => None,
        }
    }
}

fn setup(facts: &Facts<'_>, tool: Tool) -> String {
    let mut script = Script::setup();
    script.program("javac", &["default-jdk-headless"]);
    if tool == Tool::Maven {
        script.program("mvn", &["maven"]);
    }
    script.wishes(&facts.remedies.packages);
    script.line(format!("mkdir -p {PLACE}"));
    let plain = match tool.prepare() {
        Some(prepare) => format!("if {prepare}; then rm -f {PLACE}/plain; else"),
        None => "if true; then".to_owned(),
    };
    script.line(plain);
    script.line(format!("  wishes {}", words(libraries(facts))));
    script.line(format!(
        "  cat >{PLACE}/Report.java <<'END_OF_REPORT'\n{REPORT}END_OF_REPORT"
    ));
    script.line(format!("  touch {PLACE}/plain"));
    script.line("fi");
    script.finish()
}

fn test(facts: &Facts<'_>, tool: Tool, chosen: &Selection, tests: &[String]) -> String {
    let mut script = Script::test();
    script.line("export JAVA_TOOL_OPTIONS=-Dfile.encoding=UTF-8 LC_ALL=C.UTF-8");
    script.line(format!("if [ -e {PLACE}/plain ]; then"));
    script.line(COMPILE);
    plain(&mut script, facts, chosen, tests);
    let classes: Vec<&str> = chosen.files.iter().map(|path| stem(path)).collect();
    match tool {
        Tool::Maven => {
            let mut names: Vec<String> = classes.iter().map(|it| (*it).to_owned()).collect();
            names.extend(chosen.folders.iter().filter_map(|folder| patterns(folder)));
            let some = if names.is_empty() {
                String::new()
            } else {
                format!(" -Dtest={}", quote(&names.join(",")))
            };
            script.line("else");
            script.line("find . -path '*/surefire-reports/*.xml' -delete");
            let lenient = "-DfailIfNoTests=false -Dsurefire.failIfNoSpecifiedTests=false";
            script.attempt(format!("mvn -o -B -q -fae {lenient}{some} test"));
            script.line("find . -path '*/surefire-reports/TEST-*.xml' -exec cat {} +");
        }
        Tool::Gradle => {
            let some = classes
                .iter()
                .map(|name| format!(" --tests {}", quote(&format!("*{name}"))))
                .collect::<String>();
            script.line("else");
            script.line("find . -path '*/test-results/*.xml' -delete");
            script.attempt(format!("sh ./gradlew --offline --no-daemon --continue test{some}"));
            script.line("find . -path '*/test-results/*/TEST-*.xml' -exec cat {} +");
        }
        Tool::Compiler => {}
    }
    script.line("fi").finish()
}

/// Compiles all, and runs the chosen classes.
fn plain(script: &mut Script, facts: &Facts<'_>, chosen: &Selection, tests: &[String]) {
    let main = roots(facts, &["src/main/java", "src/java", "source", "src", "java"]);
    let main = main.first().map_or("src", String::as_str);
    // Tests may lie among the sources.
    let apart: String = tests
        .iter()
        .map(|root| format!(" -not -path {}", quote(&format!("{root}/*"))))
        .collect();
    script.line(format!("rm -rf {PLACE}/main {PLACE}/test"));
    script.line(format!("compile {PLACE}/main {}{apart} || exit 1", quote(main)));
    script.line(format!("resources {PLACE}/main src/main/resources src/resources"));
    script.line(format!(
        "compile {PLACE}/test {} {PLACE}/Report.java || exit 1",
        words(tests)
    ));
    script.line(format!("resources {PLACE}/test src/test/resources test/resources"));
    let where_to = if chosen.is_all() {
        words(tests)
    } else {
        words(chosen.paths())
    };
    script.line(format!(
        "mapfile -t files < <(find {where_to} -name '*.java' -exec grep -lE '@Test|extends TestCase' {{}} + | sort)"
    ));
    script.line("classes=()");
    script.line("for file in \"${files[@]}\"; do classes+=(\"$(class_of \"$file\")\"); done");
    script.attempt(format!(
        "java -cp '{PLACE}/test:{PLACE}/main:/usr/share/java/*' Report \"${{classes[@]}}\""
    ));
}

/// Maven's pattern for the classes in a folder; none for a whole root of tests.
fn patterns(folder: &str) -> Option<String> {
    let inside = folder.strip_prefix("src/test/java/")?;
    Some(format!("{inside}/**/*"))
}

/// Those of some folders that hold Java.
fn roots(facts: &Facts<'_>, folders: &[&str]) -> Vec<String> {
    let held = |folder: &&&str| facts.below(folder).any(|path| ends_in(path, &["java"]));
    let first = folders.iter().find(held);
    first.map(|folder| vec![(*folder).to_owned()]).unwrap_or_default()
}

/// Packages of the libraries that sources import.
fn libraries(facts: &Facts<'_>) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = ["junit4", "libhamcrest-java"].map(str::to_owned).into();
    let mut imported: Vec<String> = facts.remedies.modules.clone();
    for text in facts.texts(400, |path| path.ends_with(".java")) {
        imported
            .extend(following(&text, "import ", &[';', '\n']).map(|it| it.trim_start_matches("static ").to_owned()));
    }
    for name in imported {
        let known = LIBRARIES.iter().find(|(start, _)| name.starts_with(start));
        found.extend(known.map(|(_, package)| (*package).to_owned()));
    }
    let asked = facts.remedies.modules.iter();
    let guesses = asked.map(|name| {
        format!(
            "lib{}-java",
            name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase()
        )
    });
    found.extend(debian::valid(guesses));
    found
}
