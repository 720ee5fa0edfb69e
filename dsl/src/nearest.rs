//! "Did you mean": the nearest of the names that would have been right.

/// Characters compared with characters in one search: a few milliseconds. A file with thousands of
/// long names gets no suggestion rather than a wait.
const MAX_WORK: usize = 1_000_000;

/// The candidate that a slip of the keyboard turns into `name`, if there is one.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Distances over long garbage mean nothing.
    if name.len() > 64 {
        return None;
    }
    let lowered = plain(name);
    let allowed = (name.chars().count() / 3).max(1);
    let mut work = 0;
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let begins = name.len() >= 3 && (candidate.starts_with(name) || name.starts_with(candidate));
        // Lengths are in bytes, of which a character has up to four.
        if candidate.len() > 64 || (candidate.len().abs_diff(name.len()) > 4 * allowed && !begins) {
            continue;
        }
        work += (name.len() + 1) * (candidate.len() + 1);
        if work > MAX_WORK {
            break;
        }
        let distance = strsim::damerau_levenshtein(&lowered, &plain(candidate));
        if (distance <= allowed || begins) && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Case and the kind of dash are slips that count for nothing.
fn plain(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// The names as a list for people, cut when it is long.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 16;
    let names: Vec<&str> = names.into_iter().collect();
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(|n| format!("`{n}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > SHOWN {
        text.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    text
}

/// The hints of an unknown name: the nearest one, and what there is.
pub(crate) fn hints(name: &str, what: &str, known: &[&str]) -> Vec<String> {
    let mut hints = Vec::new();
    if let Some(near) = nearest(name, known.iter().copied()) {
        hints.push(format!("did you mean `{near}`?"));
    }
    hints.push(if known.is_empty() {
        format!("there are no {what}")
    } else {
        format!("{what}: {}", list(known.iter().copied()))
    });
    hints
}

#[cfg(test)]
mod tests;
