//! PHP: Composer's packages or, where these cannot be had, Debian's; and PHPUnit.

use super::facts::{Facts, base_name, folder_of};
use super::manifest::following;
use super::script::{Script, quote, words};
use super::{Plan, Runner, Unplanned, debian};
use serde_json::Value;
use std::collections::BTreeSet;

/// Extensions that most projects take for granted.
const EXTENSIONS: [&str; 7] = [
    "php-cli",
    "php-curl",
    "php-mbstring",
    "php-xml",
    "php-zip",
    "php-intl",
    "php-bcmath",
];

/// Packages of Debian's, where Composer's cannot be had. Classes are still found by the project's own rules.
const INSTALL: &str = r#"export COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_NO_INTERACTION=1
composer install -q --no-progress --prefer-dist --no-scripts ||
  composer update -q --no-progress --prefer-dist --no-scripts --ignore-platform-reqs || {
  echo "Composer's packages cannot be had: Debian's stand in"
  wishes phpunit "${stand_ins[@]}"
  composer dump-autoload --dev -q --ignore-platform-reqs --no-scripts
  mkdir -p /opt/php
  cat >/opt/php/debian.php <<'END_OF_FILE'
<?php
spl_autoload_register(function ($class) {
    $file = '/usr/share/php/' . strtr($class, '\\', '/') . '.php';
    if (is_file($file)) {
        require_once $file;
    }
});
END_OF_FILE
}"#;

/// Plans for a PHP project.
pub(super) fn plan(facts: &Facts<'_>) -> Result<Plan, Unplanned> {
    let composer: Value = serde_json::from_str(&facts.read("composer.json")).unwrap_or_default();
    let chosen = facts.select(|path| base_name(path).ends_with("Test.php") || path.ends_with(".phpt"));
    let configured = facts.first_of(&["phpunit.xml", "phpunit.xml.dist", "phpunit.dist.xml"]);
    let folder = ["tests", "test", "Tests"]
        .into_iter()
        .find(|folder| facts.is_folder(folder));
    let folder = folder
        .or_else(|| facts.own().find(|path| path.ends_with("Test.php")).map(folder_of))
        .map(|folder| if folder.is_empty() { "." } else { folder });
    if configured.is_none() && folder.is_none() && chosen.is_all() {
        return Err(Unplanned::NoTests(facts.language));
    }
    let paths: Vec<String> = match (chosen.is_all(), configured, folder) {
        (false, ..) => chosen.paths().into_iter().map(str::to_owned).collect(),
        (true, None, Some(folder)) => vec![folder.to_owned()],
        (true, ..) => Vec::new(),
    };
    let reasons = vec![match paths.as_slice() {
        [] => "PHPUnit runs the tests that its configuration names".to_owned(),
        some => format!("PHPUnit runs {}", some.join(", ")),
    }];
    Ok(Plan {
        setup: setup(facts, &composer),
        test: test(facts, &paths, configured),
        runner: Runner::Phpunit,
        reasons,
    })
}

fn setup(facts: &Facts<'_>, composer: &Value) -> String {
    let mut script = Script::setup();
    script.program("php", &EXTENSIONS);
    let mut packages = extensions(facts, composer);
    packages.extend(facts.remedies.packages.iter().cloned());
    script.wishes(&packages.into_iter().collect::<Vec<_>>());
    if !facts.has("composer.json") {
        script.line("[ -x vendor/bin/phpunit ] || wishes phpunit");
        return script.finish();
    }
    script.program("composer", &["composer", "unzip"]);
    let named = ["require", "require-dev"]
        .into_iter()
        .flat_map(|kind| composer[kind].as_object().into_iter().flatten());
    let named = named.map(|(name, _)| name.clone()).filter(|name| name.contains('/'));
    let stand_ins: BTreeSet<String> = named.flat_map(|name| debian_packages(&name)).collect();
    script.line(format!("stand_ins=({})", words(stand_ins)));
    script.line(INSTALL);
    for module in facts.remedies.modules.iter().filter(|name| name.contains('/')) {
        script.line(format!(
            "composer require -q --dev --no-scripts {0} || echo 'not installed:' {0}",
            quote(module)
        ));
    }
    script.finish()
}

fn test(facts: &Facts<'_>, paths: &[String], configured: Option<&str>) -> String {
    let mut script = Script::test();
    script.line("export COMPOSER_ALLOW_SUPERUSER=1 COMPOSER_DISABLE_NETWORK=1");
    if facts.has("composer.json") {
        script.line("composer dump-autoload --dev -q --ignore-platform-reqs --no-scripts || echo 'classes as before'");
    }
    script.line("phpunit=phpunit");
    script.line("for own in vendor/bin/phpunit vendor/bin/simple-phpunit bin/phpunit; do");
    script.line("  if [ -f \"$own\" ]; then phpunit=\"php $own\"; break; fi");
    script.line("done");
    script.line("if [ \"$phpunit\" = phpunit ] && [ -f /opt/php/debian.php ]; then");
    script.line("  phpunit=\"php -d auto_prepend_file=/opt/php/debian.php $(command -v phpunit)\"");
    script.line("fi");
    let mut options = vec!["--testdox", "--colors=never"];
    if facts.remedies.simpler > 0 {
        options.push("--no-configuration");
    }
    script.line(format!("options=({})", words(options)));
    // Composer's own PHPUnit finds classes by itself; Debian's does so where it is told how.
    let is_told = configured.is_some_and(|path| facts.read(path).contains("bootstrap="));
    if !is_told || facts.remedies.simpler > 0 {
        script.line("if [ -f vendor/autoload.php ]; then options+=(--bootstrap vendor/autoload.php); fi");
    }
    // PHPUnit takes one path at a time.
    for path in paths {
        script.line(format!("echo {}", quote(&format!("# file: {path}"))));
        script.attempt(format!("$phpunit \"${{options[@]}}\" {}", quote(path)));
    }
    if paths.is_empty() {
        script.attempt("$phpunit \"${options[@]}\"");
    }
    script.finish()
}

/// Packages of the extensions that the manifest asks for, and of those that were missed.
fn extensions(facts: &Facts<'_>, composer: &Value) -> BTreeSet<String> {
    let text = composer.to_string();
    let mut found: BTreeSet<String> = following(&text, "\"ext-", &['"'])
        .map(|name| format!("php-{name}"))
        .collect();
    let missed = facts.remedies.modules.iter().filter(|name| !name.contains('/'));
    found.extend(missed.map(|name| format!("php-{}", name.trim_start_matches("ext-").to_ascii_lowercase())));
    // These come with the extension for XML, or with PHP.
    found.retain(|name| {
        !["php-dom", "php-simplexml", "php-json", "php-tokenizer", "php-ctype"].contains(&name.as_str())
    });
    debian::valid(found).into_iter().collect()
}

/// Debian's names for a package of Composer's.
fn debian_packages(name: &str) -> Vec<String> {
    let (owner, package) = name.split_once('/').unwrap_or(("", name));
    if owner == "phpunit" && package == "phpunit" {
        return Vec::new();
    }
    let short = package.trim_start_matches("php-");
    debian::valid([format!("php-{owner}-{short}"), format!("php-{short}")].map(|it| it.replace('_', "-")))
}
