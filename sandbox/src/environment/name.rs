//! Names of images.

use super::build::REPOSITORY;

/// The name of an instance's image: the same sources, begun with the same image and set up by the same script, are the
/// same image. So a build that was cut off finds what it had made.
pub(super) fn of_image(instance: &str, parts: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let hash = hasher.finalize().to_hex();
    format!("{REPOSITORY}/{}:{}", slug(instance), &hash[..12])
}

/// A name as images have them: small letters, digits and single separators.
fn slug(id: &str) -> String {
    let mut slug = String::new();
    for letter in id.to_ascii_lowercase().chars() {
        let letter = if letter.is_ascii_alphanumeric() { letter } else { '-' };
        if letter != '-' || !slug.ends_with('-') && !slug.is_empty() {
            slug.push(letter);
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_images_may_have() {
        let name = of_image("__Owner/A.b--1_", &[b"x"]);
        assert!(name.starts_with("troupe-env/owner-a-b-1:"), "{name}");
        assert_ne!(of_image("a", &[b"ab", b"c"]), of_image("a", &[b"a", b"bc"]));
    }
}
