//! Ruby: Bundler's gems or, where these cannot be had, Debian's; and RSpec, Minitest or test-unit.

use super::facts::{Facts, Selection, base_name, is_aside};
use super::manifest::strings;
use super::script::{Script, quote, words};
use super::{Plan, Runner, Unplanned, debian};
use std::collections::BTreeSet;

/// Installs gems beside the repository. The file `ready` tells that Bundler has all of them.
const INSTALL: &str = r#"export BUNDLE_PATH=/opt/bundle BUNDLE_APP_CONFIG=/opt/bundle/config BUNDLE_RETRY=5
mkdir -p /opt/bundle
if [ -f Gemfile ] && bundle install --quiet; then
  touch /opt/bundle/ready
else
  rm -f /opt/bundle/ready
  echo "Bundler's gems cannot be had: Debian's stand in"
  wishes "${stand_ins[@]}"
fi"#;

/// Runs Ruby with Bundler's gems where it has them; else what only speaks to Bundler or to servers is left out.
const BEGIN: &str = r#"export BUNDLE_PATH=/opt/bundle BUNDLE_APP_CONFIG=/opt/bundle/config LC_ALL=C.UTF-8
with=()
if [ -f /opt/bundle/ready ]; then
  with=(bundle exec)
else
  for name in bundler/setup bundler/gem_tasks simplecov coveralls codeclimate-test-reporter; do
    mkdir -p "$(dirname "/opt/absent/$name")"
    [ -s "/opt/absent/$name.rb" ] || echo 'module SimpleCov; def self.method_missing(*, **); self; end; end' >"/opt/absent/$name.rb"
  done
  export RUBYLIB=/opt/absent
fi"#;

/// What the tests are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Rspec,
    /// Minitest and test-unit: files that run themselves.
    Files,
    /// The default task.
    Rake,
}

/// Plans for a gem or an application.
pub(super) fn plan(facts: &Facts<'_>) -> Result<Plan, Unplanned> {
    let chosen = facts.select(is_test);
    let specs = |path: &str| path.ends_with("_spec.rb");
    let mut ladder = Vec::new();
    let asks_specs =
        chosen.files.iter().any(|path| specs(path)) || chosen.folders.iter().any(|it| it.starts_with("spec"));
    let has_specs = facts.own().any(|path| specs(path) && path.starts_with("spec/"));
    let uses_rspec = gems(facts).contains("rspec") || facts.has(".rspec") || facts.has("spec/spec_helper.rb");
    if asks_specs || chosen.is_all() && has_specs && uses_rspec {
        ladder.push(Style::Rspec);
    }
    if facts.own().any(is_test) || !chosen.is_all() {
        ladder.push(Style::Files);
    }
    if facts.has("Rakefile") {
        ladder.push(Style::Rake);
    }
    let style = *facts.remedies.rung(&ladder).ok_or(Unplanned::NoTests(facts.language))?;
    let mut script = Script::test();
    script.line(BEGIN);
    if facts.has("ext") || facts.is_folder("ext") {
        script.attempt("\"${with[@]}\" rake compile");
    }
    let runner = run(&mut script, facts, &chosen, style);
    Ok(Plan {
        setup: setup(facts),
        test: script.finish(),
        runner,
        reasons: vec![match (style, chosen.is_all()) {
            (Style::Rake, _) => "rake test runs all tests".to_owned(),
            (style, true) => format!("all tests run, as {style:?}"),
            (style, false) => format!("it runs {}, as {style:?}", chosen.paths().join(", ")),
        }],
    })
}

fn setup(facts: &Facts<'_>) -> String {
    let mut script = Script::setup();
    script.program("ruby", &["ruby"]).program("bundle", &["bundler"]);
    script.program("rake", &["rake"]);
    if facts.is_folder("ext") {
        script.program("cc", &["build-essential"]);
        script.wishes(&["ruby-dev", "rake-compiler"]);
    }
    script.wishes(&facts.remedies.packages);
    let mut stand_ins: BTreeSet<String> = ["ruby-minitest", "ruby-test-unit"].map(str::to_owned).into();
    stand_ins.extend(gems(facts).iter().flat_map(|name| debian_packages(name)));
    script.line(format!("stand_ins=({})", words(stand_ins)));
    script.line(INSTALL);
    for module in &facts.remedies.modules {
        let gem = module.replace('/', "-");
        let packages = words(debian_packages(&gem));
        script.line(format!(
            "gem install --no-document {} || wishes {packages}",
            quote(&gem)
        ));
    }
    script.finish()
}

fn run(script: &mut Script, facts: &Facts<'_>, chosen: &Selection, style: Style) -> Runner {
    match style {
        Style::Rspec => {
            let command = format!(
                "\"${{with[@]}}\" rspec --no-color --format documentation -I lib {}",
                words(chosen.paths())
            );
            script.attempt(command.trim_end());
            Runner::Rspec
        }
        Style::Files => {
            list(script, facts, chosen);
            script.line("for file in \"${files[@]}\"; do");
            script.line("  echo \"# file: $file\"");
            script.line("  \"${with[@]}\" ruby -I lib -I test -I . \"$file\" -v || rc=1");
            script.line("done");
            Runner::Minitest
        }
        Style::Rake => {
            script.attempt("TESTOPTS=-v \"${with[@]}\" rake test");
            Runner::Minitest
        }
    }
}

/// Sets `files` to the tests to run: a patch may have added some to the folders.
fn list(script: &mut Script, facts: &Facts<'_>, chosen: &Selection) {
    script.line(format!("files=({})", words(&chosen.files)));
    let usual = ["test", "tests", "spec"]
        .into_iter()
        .filter(|folder| facts.is_folder(folder))
        .map(str::to_owned);
    let folders: Vec<String> = if chosen.is_all() {
        usual.collect()
    } else {
        chosen.folders.clone()
    };
    let names = "\\( -name 'test_*.rb' -o -name '*_test.rb' -o -name '*_spec.rb' -o -name 'tc_*.rb' \\)";
    for folder in folders {
        let find = format!("find {} -type f {names} -not -name test_helper.rb", quote(&folder));
        script.line(format!("mapfile -t -O \"${{#files[@]}}\" files < <({find} | sort)"));
    }
    script.line("if [ \"${#files[@]}\" -eq 0 ]; then echo 'no test files'; exit 1; fi");
}

/// Gems that manifests name, without Bundler itself.
fn gems(facts: &Facts<'_>) -> BTreeSet<String> {
    let is_manifest = |path: &str| !path.contains('/') && (path == "Gemfile" || path.ends_with(".gemspec"));
    let mut found = BTreeSet::new();
    for text in facts.texts(10, is_manifest) {
        for line in text.lines().map(str::trim_start).filter(|line| !line.starts_with('#')) {
            if line.starts_with("gem ") || line.starts_with("gem(") || line.contains("_dependency") {
                found.extend(strings(line).into_iter().next());
            }
        }
    }
    found.remove("bundler");
    found
}

/// Debian's names for a gem.
fn debian_packages(gem: &str) -> Vec<String> {
    let name = gem.to_ascii_lowercase().replace('_', "-");
    debian::valid([format!("ruby-{name}")])
}

/// Whether a file is named as tests are.
fn is_test(path: &str) -> bool {
    let name = base_name(path);
    let helper = name == "test_helper.rb" || name == "spec_helper.rb";
    let stem = name.strip_suffix(".rb").unwrap_or_default();
    let named =
        stem.starts_with("test_") || stem.starts_with("tc_") || stem.ends_with("_test") || stem.ends_with("_spec");
    !helper && named && !is_aside(path)
}
