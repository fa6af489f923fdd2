//! Hashes of published documents: of evidence, and of reasons.

use {
    crate::fault::Fault,
    sha2::{Digest, Sha256},
    std::{fs, path::Path},
};

/// SHA-256 of the file, or the hash that was given in hexadecimal. `what` says of what: the options are `--what` and
/// `--what-hash`, of which clap takes one.
///
/// # Errors
/// If there is neither, the file cannot be read, or the hash is none.
pub fn of(what: &str, file: Option<&Path>, hash: Option<&str>) -> Result<[u8; 32], Fault> {
    match (file, hash) {
        (_, Some(text)) => {
            let mut hash = [0; 32];
            hex::decode_to_slice(text, &mut hash).map_err(|_| {
                Fault::new(format!("`{text}` is not a SHA-256 of the {what}"))
                    .advice("write 64 hexadecimal digits, as sha256sum does")
            })?;
            Ok(hash)
        }
        (Some(path), None) => {
            let bytes = fs::read(path)
                .map_err(|error| Fault::new(format!("the {what} {} cannot be read", path.display())).why(error))?;
            Ok(Sha256::digest(bytes).into())
        }
        (None, None) => Err(Fault::new(format!("the {what} is missing")).advice(format!(
            "name its file with --{what} FILE, or the file's SHA-256 with --{what}-hash HASH"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_and_its_sum_are_the_same_evidence() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("evidence.json");
        fs::write(&file, "abc").expect("written");
        let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let by_file = of("evidence", Some(&file), None).expect("a hash");
        assert_eq!(hex::encode(by_file), sum);
        assert_eq!(of("evidence", None, Some(sum)).expect("a hash"), by_file);
        assert_eq!(
            of("evidence", None, Some(&sum.to_uppercase())).expect("a hash"),
            by_file
        );
        let missing = of("evidence", None, None).expect_err("neither").to_json().to_string();
        assert!(
            missing.contains("--evidence FILE") && missing.contains("--evidence-hash HASH"),
            "{missing}"
        );
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for wrong in ["", "ab", &"g".repeat(64), &"a".repeat(63), &"ä".repeat(32)] {
            assert!(of("reason", None, Some(wrong)).is_err(), "{wrong}");
        }
        assert!(of("reason", Some(Path::new("no-such-file")), None).is_err());
    }
}
