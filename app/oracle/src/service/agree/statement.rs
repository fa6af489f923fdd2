//! A statement: what one oracle says that it is about to vote in one period of a plan, signed with its key.

use {
    crate::measure::Hash,
    serde::{Deserialize, Serialize},
    solana_program::{hash::hash, pubkey::Pubkey},
    solana_signature::Signature,
    solana_signer::{Signer, SignerError},
    std::{
        collections::BTreeMap,
        fmt::Write,
        fs::{self, File},
        io::{self, ErrorKind, Read},
        path::Path,
    },
    thiserror::Error,
};

/// Most bytes of a statement: it has 130 of each value.
pub const MOST_BYTES: usize = 16 << 20;

/// Format that is written and read.
const FORMAT: &str = "earnout-agree/1";

/// What Solana's tools put before what is signed and is not a transaction: no transaction begins with its first byte.
/// Then follow its version and the kind of text, which are 0, and the length of the text.
const NO_TRANSACTION: &[u8] = b"\xffsolana offchain\0\0";

/// What an oracle is about to vote on one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The value, fixed point with the KPI's decimals.
    pub value: i64,
    /// SHA-256 of the document from which it follows.
    pub evidence: Hash,
    /// When it was measured, Unix seconds.
    pub at: i64,
}

/// What one oracle says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub plan: Pubkey,
    /// Number of the period.
    pub period: u16,
    pub oracle: Pubkey,
    /// By the number of the KPI, and the index of the grant if it is individual.
    pub said: BTreeMap<(u8, Option<u32>), Said>,
}

/// Why bytes are not the statement of an oracle.
#[derive(Debug, Error)]
pub enum StatementError {
    #[error("it is not a statement: {0}")]
    Json(#[from] serde_json::Error),
    #[error("its format is not {FORMAT}")]
    Format,
    #[error("the value of KPI {kpi}{grant} is wrong or stands there twice", kpi = .0, grant = of_grant(*.1))]
    Value(u8, Option<u32>),
    #[error("its signature is not that of {0} for what it says")]
    Signature(Pubkey),
}

fn of_grant(grant: Option<u32>) -> String {
    grant.map(|grant| format!(", grant {grant}")).unwrap_or_default()
}

/// As it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    #[serde(with = "crate::measure::text")]
    plan: Pubkey,
    period: u16,
    #[serde(with = "crate::measure::text")]
    oracle: Pubkey,
    values: Vec<WrittenValue>,
    #[serde(with = "crate::measure::text")]
    signature: Signature,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenValue {
    kpi: u8,
    grant: Option<u32>,
    /// Text, for not every reader of JSON keeps all digits of a number.
    value: String,
    evidence: String,
    at: i64,
}

impl Statement {
    /// The statement as a file, signed by `signer`, whose key is the oracle's.
    ///
    /// # Errors
    /// If the signer refuses.
    pub fn signed(&self, signer: &dyn Signer) -> Result<Vec<u8>, SignerError> {
        let values = self.said.iter().map(|((kpi, grant), said)| WrittenValue {
            kpi: *kpi,
            grant: *grant,
            value: said.value.to_string(),
            evidence: hex::encode(said.evidence),
            at: said.at,
        });
        let written = Written {
            format: FORMAT.to_owned(),
            plan: self.plan,
            period: self.period,
            oracle: self.oracle,
            values: values.collect(),
            signature: signer.try_sign_message(&self.message())?,
        };
        // What has just been put together has only texts and numbers.
        Ok(serde_json::to_vec(&written).unwrap_or_default())
    }

    /// Reads a statement whose signature is that of the oracle that it names.
    ///
    /// # Errors
    /// If it is not one.
    pub fn read(bytes: &[u8]) -> Result<Self, StatementError> {
        let written: Written = serde_json::from_slice(bytes)?;
        if written.format != FORMAT {
            return Err(StatementError::Format);
        }
        let mut said = BTreeMap::new();
        for WrittenValue {
            kpi,
            grant,
            value,
            evidence,
            at,
        } in written.values
        {
            let wrong = || StatementError::Value(kpi, grant);
            let fixed: i64 = value.parse().map_err(|_| wrong())?;
            let mut hash = Hash::default();
            hex::decode_to_slice(&evidence, &mut hash).map_err(|_| wrong())?;
            // One form of each, as it was signed.
            let is_plain = fixed.to_string() == value && hex::encode(hash) == evidence;
            let one = Said {
                value: fixed,
                evidence: hash,
                at,
            };
            if !is_plain || said.insert((kpi, grant), one).is_some() {
                return Err(wrong());
            }
        }
        let statement = Self {
            plan: written.plan,
            period: written.period,
            oracle: written.oracle,
            said,
        };
        let message = statement.message();
        match written.signature.verify(statement.oracle.as_ref(), &message) {
            true => Ok(statement),
            false => Err(StatementError::Signature(statement.oracle)),
        }
    }

    /// What is signed: a line for people with the hash of all that is said, in a form that is never a transaction.
    fn message(&self) -> Vec<u8> {
        let mut lines = String::new();
        for ((kpi, grant), said) in &self.said {
            let grant = grant.map_or_else(|| "-".to_owned(), |grant| grant.to_string());
            // Into memory, which does not fail.
            let _ = writeln!(
                lines,
                "{kpi} {grant} {} {} {}",
                said.value,
                hex::encode(said.evidence),
                said.at
            );
        }
        let text = format!(
            "{FORMAT} plan {} period {} oracle {} values {}",
            self.plan,
            self.period,
            self.oracle,
            hex::encode(hash(lines.as_bytes()).to_bytes())
        );
        let length = u16::try_from(text.len()).unwrap_or_default();
        [NO_TRANSACTION, &length.to_le_bytes(), text.as_bytes()].concat()
    }
}

/// What a statement is called where it is published.
pub fn file_name(plan: &Pubkey, period: u16) -> String {
    format!("agree-{plan}-{period}.json")
}

/// What a file holds that may be a statement.
///
/// # Errors
/// If it is not a file, is too large or cannot be read.
pub fn read_file(file: &Path) -> io::Result<Vec<u8>> {
    let wrong = |why: String| Err(io::Error::new(ErrorKind::InvalidInput, why));
    if !fs::metadata(file)?.is_file() {
        return wrong("it is not a file".to_owned());
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
    File::open(file)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() > MOST_BYTES {
        true => wrong(format!("it has more than {MOST_BYTES} bytes")),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*, solana_keypair::Keypair};

    fn statement(oracle: &Keypair) -> Statement {
        let said = |value| Said {
            value,
            evidence: [7; 32],
            at: 1_814_400_000,
        };
        Statement {
            plan: Pubkey::new_from_array([1; 32]),
            period: 3,
            oracle: oracle.pubkey(),
            said: [((0, None), said(-5)), ((1, Some(7)), said(i64::MAX))].into(),
        }
    }

    fn refused(bytes: &[u8]) -> String {
        Statement::read(bytes).unwrap_err().to_string()
    }

    #[test]
    fn what_was_signed_is_read() {
        let oracle = Keypair::new_from_array([9; 32]);
        let statement = statement(&oracle);
        let bytes = statement.signed(&oracle).unwrap();
        assert_eq!(Statement::read(&bytes).unwrap(), statement);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains(r#""value":"9223372036854775807""#), "{text}");
        assert!(
            !statement.message().is_empty() && statement.message()[0] == 0xff,
            "no transaction begins so"
        );
    }

    #[test]
    fn every_change_breaks_the_signature() {
        let (oracle, other) = (Keypair::new_from_array([9; 32]), Keypair::new_from_array([8; 32]));
        let statement = statement(&oracle);
        let text = String::from_utf8(statement.signed(&oracle).unwrap()).unwrap();
        let plan = statement.plan.to_string();
        for (from, to) in [
            ("\"period\":3", "\"period\":4".to_owned()),
            (plan.as_str(), Pubkey::new_from_array([2; 32]).to_string()),
            (oracle.pubkey().to_string().as_str(), other.pubkey().to_string()),
            ("\"-5\"", "\"-6\"".to_owned()),
            ("\"grant\":7", "\"grant\":8".to_owned()),
            ("\"kpi\":0", "\"kpi\":2".to_owned()),
            ("1814400000", "1814400001".to_owned()),
            ("0707", "0807".to_owned()),
        ] {
            let changed = text.replacen(from, &to, 1);
            assert_ne!(changed, text, "{from}");
            assert!(refused(changed.as_bytes()).contains("signature"), "{from}");
        }
        // Somebody else's key under the name of the oracle.
        assert!(refused(&statement.signed(&other).unwrap()).contains("signature"));
    }

    #[test]
    fn one_form_is_read() {
        let oracle = Keypair::new_from_array([9; 32]);
        let text = String::from_utf8(statement(&oracle).signed(&oracle).unwrap()).unwrap();
        for (from, to, part) in [
            ("\"-5\"", "\"-05\"", "value of KPI 0"),
            ("\"-5\"", "\"+5\"", "value of KPI 0"),
            ("\"kpi\":1,\"grant\":7", "\"kpi\":0,\"grant\":null", "twice"),
            ("earnout-agree/1", "earnout-agree/2", "format"),
            ("\"format\"", "\"more\":1,\"format\"", "unknown field"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            assert!(
                refused(changed.as_bytes()).contains(part),
                "{from}: {}",
                refused(changed.as_bytes())
            );
        }
        assert!(refused(b"{").contains("not a statement"));
        assert!(refused(&[b'['; 100_000]).contains("not a statement"));
    }

    #[test]
    fn a_file_of_gigabytes_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        File::create(&file).unwrap().set_len(1 << 40).unwrap();
        assert!(read_file(&file).unwrap_err().to_string().contains("more than"));
        assert!(
            read_file("/dev/zero".as_ref())
                .unwrap_err()
                .to_string()
                .contains("not a file")
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_statement_or_an_error(bytes: Vec<u8>, at in 0usize..700, other: u8) {
            let _ = Statement::read(&bytes);
            let oracle = Keypair::new_from_array([9; 32]);
            let statement = statement(&oracle);
            let mut changed = statement.signed(&oracle).unwrap();
            if let Some(byte) = changed.get_mut(at) {
                *byte = other;
            }
            // Whatever is read is what was signed.
            if let Ok(read) = Statement::read(&changed) {
                prop_assert_eq!(read, statement);
            }
        }
    }
}
