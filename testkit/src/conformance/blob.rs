//! What every keeper of contents must do.

use troupe_core::port::ErrorKind;
use troupe_core::port::blob::{Blobs, Digest};

/// Every law of blobs.
///
/// # Panics
/// When a law is broken.
pub async fn check(blobs: &impl Blobs) {
    let contents: [Vec<u8>; 6] = [
        Vec::new(),
        vec![0],
        b"a small text".to_vec(),
        (0..=u8::MAX).collect(),
        "the same again ".repeat(100_000).into_bytes(),
        // Not text, and nothing that compresses.
        (0..2_000_u32)
            .flat_map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes())
            .collect(),
    ];
    let missing = Digest(*blake3::hash(b"nobody put this").as_bytes());
    assert_eq!(
        blobs.get(&missing).await.expect_err("never put").kind,
        ErrorKind::Missing
    );
    let mut names = Vec::new();
    for content in &contents {
        let name = blobs.put(content).await.expect("put");
        assert_eq!(
            name,
            Digest(*blake3::hash(content).as_bytes()),
            "a name is the content's hash"
        );
        assert_eq!(blobs.put(content).await.expect("put again"), name);
        names.push(name);
    }
    for (name, content) in names.iter().zip(&contents) {
        assert_eq!(blobs.get(name).await.expect("kept"), *content);
    }
    assert_eq!(
        blobs.get(&missing).await.expect_err("never put").kind,
        ErrorKind::Missing
    );
}
