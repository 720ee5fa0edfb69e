//! Which verified environment a new commit may grow from.

use super::instance::Instance;
use troupe_core::port::pool::Environment;

/// Environments that are tried for one instance, at most.
pub const CANDIDATES: usize = 2;

/// The candidates among those of a repository, the best first (paper 1.5 and its resolved order): first those of the
/// same version, then all; among each first the nearest that is newer, since newer environments mostly serve older
/// dependencies, then the nearest that is older. Where no time is known the last one that was built counts as newer.
/// Only those that began with the same image are candidates.
pub fn candidates<'a>(instance: &Instance, base: &str, pool: &'a [Environment]) -> Vec<&'a Environment> {
    let own = pool
        .iter()
        .filter(|it| it.repository == instance.repository && it.base == base);
    let mut ranked: Vec<&Environment> = own.collect();
    // Sorting keeps the order of equals: the newest built first.
    ranked.sort_by_key(|environment| key(instance, environment));
    ranked.truncate(CANDIDATES);
    ranked
}

fn key(instance: &Instance, environment: &Environment) -> (bool, bool, i64) {
    let same = !instance.version.is_empty() && minor(&instance.version) == minor(&environment.version);
    let (wanted, has) = (seconds(&instance.created_at), seconds(&environment.created_at));
    let (older, distance) = match (wanted, has) {
        (Some(wanted), Some(has)) => (has < wanted, (has - wanted).abs()),
        _ => {
            let (wanted, has) = (number(&instance.version), number(&environment.version));
            (has < wanted, 0)
        }
    };
    (!same, older, distance)
}

/// `MAJOR.MINOR` of a version.
fn minor(version: &str) -> (u64, u64) {
    let numbers = number(version);
    let at = |place: usize| numbers.get(place).copied().unwrap_or(0);
    (at(0), at(1))
}

/// The numbers of a version, as they are compared.
fn number(version: &str) -> Vec<u64> {
    let parts = version.split(|letter: char| !letter.is_ascii_digit());
    parts.filter_map(|part| part.parse().ok()).collect()
}

/// Seconds of a time as ISO 8601 writes it, near enough to compare distances: months have 31 days.
fn seconds(time: &str) -> Option<i64> {
    let mut parts = time
        .split(|letter: char| !letter.is_ascii_digit())
        .map(str::parse::<i64>);
    let mut next = || parts.next()?.ok();
    let (year, month, day) = (next()?, next()?, next()?);
    let (hour, minute, second) = (next().unwrap_or(0), next().unwrap_or(0), next().unwrap_or(0));
    Some((((year * 12 + month) * 31 + day) * 24 + hour) * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests;
