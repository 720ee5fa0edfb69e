//! Names of images.

use super::build::REPOSITORY;

/// The name of an instance's image at a place: the same sources, begun with the same image and set up by the same script,
/// are the same image. So a build that was cut off finds what it had made. Another place has other names: whoever removes
/// an image, or makes it again, takes it from nobody else on the engine.
pub(super) fn of_image(place: &str, instance: &str, parts: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in [&[place.as_bytes()], parts].concat() {
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
        let name = of_image("/here", "__Owner/A.b--1_", &[b"x"]);
        assert!(name.starts_with("troupe-env/owner-a-b-1:"), "{name}");
        let of = |place: &str, parts: &[&[u8]]| of_image(place, "a", parts);
        assert_ne!(of("/here", &[b"ab", b"c"]), of("/here", &[b"a", b"bc"]));
        assert_ne!(of("/here", &[b"ab"]), of("/there", &[b"ab"]));
    }
}
