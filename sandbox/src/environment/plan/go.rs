//! Go: modules or, where their registry is out of reach, Debian's sources in a workspace of the old kind.

use super::facts::{Facts, base_name, folder_of};
use super::script::{Script, quote, words};
use super::{Plan, Runner, Unplanned, debian};
use std::collections::BTreeSet;

/// The workspace that stands in for modules; Debian's sources are its second part.
const WORKSPACE: &str = "/opt/workspace";

/// Plans for a Go module.
pub(super) fn plan(facts: &Facts<'_>) -> Result<Plan, Unplanned> {
    if !facts.own().any(|path| path.ends_with("_test.go")) && facts.tests.is_empty() {
        return Err(Unplanned::NoTests(facts.language));
    }
    let module = Module::of(facts);
    let packages = packages(facts);
    let mut reasons = vec![format!("go test runs {}", packages.join(" "))];
    if module.required.is_empty() {
        reasons.push("the module needs the standard library only".to_owned());
    }
    let (flags, runner) = match facts.remedies.simpler {
        0 => ("-json -vet=off", Runner::GoJson),
        _ => ("-v -vet=off", Runner::GoText),
    };
    let flags = if facts.remedies.single {
        format!("{flags} -p 1")
    } else {
        flags.to_owned()
    };
    let mut script = Script::test();
    script.line(environment(&module));
    script.attempt(format!("go test {flags} {}", words(&packages)));
    Ok(Plan {
        setup: setup(facts, &module),
        test: script.finish(),
        runner,
        reasons,
    })
}

/// Go files that are read for what they import.
const READ_SOURCES: usize = 400;

/// What `go.mod` says; where there is none, what the sources do.
struct Module {
    name: String,
    /// Paths of the modules it needs, and the packages that modules of a feedback name.
    required: BTreeSet<String>,
    described: bool,
    /// The minor version of Go 1 that it needs.
    version: u32,
}

impl Module {
    fn of(facts: &Facts<'_>) -> Self {
        let text = facts.read("go.mod");
        let lines: Vec<&str> = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or(line).trim())
            .collect();
        let named = lines.iter().find_map(|line| line.strip_prefix("module "));
        let version = lines.iter().find_map(|line| line.strip_prefix("go 1."));
        let version = version.and_then(|it| it.split('.').next()?.parse().ok()).unwrap_or(0);
        let mut required: BTreeSet<String> = facts.remedies.modules.iter().cloned().collect();
        for line in lines {
            let path = line.strip_prefix("require ").unwrap_or(line);
            let mut parts = path.split_whitespace();
            if let (Some(path), Some(version)) = (parts.next(), parts.next())
                && path.contains('.')
                && version.starts_with('v')
                && parts.next().is_none()
            {
                required.insert(path.to_owned());
            }
        }
        let described = facts.has("go.mod");
        let name = match named {
            Some(name) => name.trim_matches('"').to_owned(),
            None => imported_name(facts).unwrap_or_else(|| "testbed".to_owned()),
        };
        if !described {
            let own = |path: &String| path == &name || path.starts_with(&format!("{name}/"));
            required.extend(imports(facts).into_iter().filter(|path| !own(path)));
        }
        Self {
            name,
            required,
            described,
            version,
        }
    }
}

fn setup(facts: &Facts<'_>, module: &Module) -> String {
    let mut script = Script::setup();
    script.program("go", &["golang-go"]);
    if module.version > 0 {
        script.line(newer(module.version));
    }
    script.wishes(&facts.remedies.packages);
    if !module.described || !module.required.is_empty() {
        let debian: Vec<String> = module.required.iter().flat_map(|path| debian_packages(path)).collect();
        let here = format!("{WORKSPACE}/src/{}", module.name);
        script.line(if module.described {
            "if ! go mod download; then"
        } else {
            "if true; then"
        });
        script.line(format!(
            "  {}",
            if debian.is_empty() {
                "true".to_owned()
            } else {
                format!("wishes {}", words(debian))
            }
        ));
        script.line(format!(
            "  mkdir -p \"$(dirname {0})\" && ln -sfn \"$PWD\" {0}",
            quote(&here)
        ));
        script.line("fi");
    }
    // Compiles the tests and what they need, and runs none.
    script.line(environment(module));
    script.line("(go test -vet=off -run '^$' ./... >/dev/null 2>&1) || echo 'not all tests compile yet'");
    if module.described {
        // A patch has to find them as they were.
        script.line("git checkout -q -- go.mod go.sum 2>/dev/null || git checkout -q -- go.mod || true");
    }
    script.finish()
}

/// Paths that sources import from servers.
fn imports(facts: &Facts<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for text in facts.texts(READ_SOURCES, |path| path.ends_with(".go")) {
        let lines = text.lines().map(|line| line.trim().trim_start_matches("import "));
        for path in lines
            .filter(|line| line.ends_with('"'))
            .filter_map(|line| line.rsplit('"').nth(1))
        {
            let mut parts = path.split('/');
            if parts.next().is_some_and(|host| host.contains('.')) && parts.next().is_some() {
                found.insert(path.split('/').take(3).collect::<Vec<_>>().join("/"));
            }
        }
    }
    found
}

/// The name by which the project's own tests and comments import its root.
fn imported_name(facts: &Facts<'_>) -> Option<String> {
    let root = |path: &str| path.ends_with(".go") && !path.contains('/');
    let texts: Vec<String> = facts.texts(READ_SOURCES, root).collect();
    let clauses = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.strip_prefix("package "));
    let names: BTreeSet<&str> = clauses.filter_map(|rest| rest.split_whitespace().next()).collect();
    let ends = |path: &String| path.rsplit('/').next().is_some_and(|last| names.contains(last));
    imports(facts).into_iter().find(ends)
}

/// Tells Go to stay offline, and to work where modules could be had or in the workspace.
fn environment(module: &Module) -> String {
    let mut lines =
        vec!["export GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local GONOSUMDB='*' GONOSUMCHECK=1".to_owned()];
    if !module.described || !module.required.is_empty() {
        let here = quote(&format!("{WORKSPACE}/src/{}", module.name));
        lines.push(format!("if [ -e {here} ]; then"));
        lines.push(format!(
            "  export GO111MODULE=off GOFLAGS= GOPATH={WORKSPACE}:/usr/share/gocode"
        ));
        lines.push(format!("  cd {here} || exit 1"));
        lines.push("fi".to_owned());
    }
    lines.join("\n")
}

/// Takes a newer Go from the distribution's later packages where the installed one is too old.
fn newer(minor: u32) -> String {
    format!(
        r#"installed=$(go env GOVERSION | sed 's/^go1\.\([0-9]*\).*/\1/')
if [ "${{installed:-0}}" -lt {minor} ] && ! ls -d /usr/lib/go-1.{minor} >/dev/null 2>&1; then
  . /etc/os-release
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | head -n 1)
  echo "deb $mirror $VERSION_CODENAME-backports main" >/etc/apt/sources.list.d/later.list
  updated=
  packages -t "$VERSION_CODENAME-backports" golang-go || {{ rm /etc/apt/sources.list.d/later.list; updated=; }}
fi"#
    )
}

/// Debian's names for the sources of a module: the major version at the end of its path may be left out.
fn debian_packages(path: &str) -> Vec<String> {
    let (host, rest) = path.split_once('/').unwrap_or((path, ""));
    let host = host
        .rsplit_once('.')
        .map_or(host, |(name, _)| name)
        .replace("google.golang", "google");
    let major = |part: &str| {
        part.strip_prefix('v')
            .is_some_and(|it| it.chars().all(|it| it.is_ascii_digit()))
    };
    let short = rest
        .rsplit_once('/')
        .filter(|(_, last)| major(last))
        .map(|(short, _)| short);
    let name = |rest: &str| {
        format!("golang-{host}-{rest}-dev")
            .to_ascii_lowercase()
            .replace(['_', '/'], "-")
    };
    debian::valid([Some(rest), short].into_iter().flatten().map(name))
}

/// The packages of the asked tests; all where none is asked for.
fn packages(facts: &Facts<'_>) -> Vec<String> {
    let chosen = facts.select(|path| base_name(path).ends_with(".go"));
    let mut found: BTreeSet<String> = BTreeSet::new();
    for folder in &chosen.folders {
        found.insert(format!("./{folder}/..."));
    }
    for file in &chosen.files {
        let folder = folder_of(file);
        found.insert(if folder.is_empty() {
            ".".to_owned()
        } else {
            format!("./{folder}")
        });
    }
    if found.is_empty() {
        return vec!["./...".to_owned()];
    }
    found.into_iter().collect()
}
