//! "Did you mean": the nearest of the names that would have been right.

/// The candidate that a slip of the keyboard turns into `name`, if there is one.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Distances over long garbage cost time and mean nothing.
    if name.len() > 64 {
        return None;
    }
    let lowered = name.to_lowercase().replace('-', "_");
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 64)
        .map(|candidate| {
            let other = candidate.to_lowercase().replace('-', "_");
            (strsim::damerau_levenshtein(&lowered, &other), candidate)
        })
        .filter(|(distance, candidate)| {
            *distance <= allowed || (name.len() >= 3 && (candidate.starts_with(name) || name.starts_with(candidate)))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
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
