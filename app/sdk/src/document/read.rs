//! Reads what anybody may have written: bounded, and with the place of what is wrong.

use {
    super::{Content, Labels, PlanDocument, Rubric, require_base, require_description, require_file, require_label},
    crate::text::names::{harmless, shortened},
    serde::{
        Deserializer,
        de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
    },
    solana_program::pubkey::Pubkey,
    std::{collections::BTreeMap, fmt},
    thiserror::Error,
};

/// How deep objects and lists may lie in each other. The document needs 3.
const MOST_DEPTH: usize = 8;

/// Why bytes are no plan document.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReadError {
    /// They are too many.
    #[error("it has more than {most} bytes", most = PlanDocument::MOST_BYTES)]
    TooLong,
    /// They are no JSON.
    #[error("it is not JSON: {0}")]
    Json(String),
    /// They are a document of another kind, or of a version to come.
    #[error("its format is {0}, not {expected}", expected = PlanDocument::FORMAT)]
    Format(String),
    /// Something in it is missing, wrong, or there twice.
    #[error("{at}: {what}")]
    Field {
        /// Where: `rubrics[2].text`.
        at: String,
        /// What.
        what: String,
    },
}

/// A value of JSON that still has what is there twice.
enum Node {
    Null,
    Bool,
    /// None if it is negative, has decimals, or is larger than any that is needed.
    Number(Option<u64>),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// A value and where it stands.
struct Found {
    at: String,
    node: Node,
}

pub(super) fn read(bytes: &[u8]) -> Result<PlanDocument, ReadError> {
    if bytes.len() > PlanDocument::MOST_BYTES {
        return Err(ReadError::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| ReadError::Json(error.to_string()))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let node = Depth(MOST_DEPTH)
        .deserialize(&mut json)
        .and_then(|node| json.end().map(|()| node));
    let node = node.map_err(|error| ReadError::Json(error.to_string()))?;
    // What a later version adds is not a mistake: that it is a later version is what has to be said.
    if let Node::Object(fields) = &node {
        let formats: Vec<_> = fields.iter().filter(|(name, _)| name == "format").collect();
        match formats.as_slice() {
            [(_, Node::Text(format))] if format == PlanDocument::FORMAT => (),
            [(_, Node::Text(other))] => return Err(ReadError::Format(format!("\"{}\"", told(other)))),
            [] => return Err(ReadError::Format("missing".to_owned())),
            _ => return Err(ReadError::Format("stated otherwise than once as a text".to_owned())),
        }
    }
    let known = [
        "format",
        "plan",
        "description",
        "rubrics",
        "evidence",
        "rolls",
        "labels",
    ];
    let at = "the document".to_owned();
    let mut fields = Found { at, node }.fields(&known)?;
    let mut document = PlanDocument::new(fields.take("plan")?.key()?);
    document.description = fields.take("description")?.text(require_description)?;
    for found in fields.take("rubrics")?.list()? {
        rubric(found, &mut document.rubrics)?;
    }
    for found in fields.take("evidence")?.list()? {
        let mut fields = found.fields(&["oracle", "base"])?;
        let oracle = fields.take("oracle")?;
        let (at, key) = (oracle.at.clone(), oracle.key()?);
        let base = fields.take("base")?.text(require_base)?;
        if document.evidence.insert(key, base).is_some() {
            return wrong(at, "the oracle is there twice");
        }
    }
    let rolls = fields.take("rolls")?;
    let at = rolls.at.clone();
    if !rolls.list()?.is_empty() {
        return wrong(at, "there are no rolls yet; expected an empty list");
    }
    if let Some(labels) = fields.optional("labels") {
        for found in labels.list()? {
            label(found, &mut document.labels)?;
        }
    }
    Ok(document)
}

fn rubric(found: Found, rubrics: &mut BTreeMap<u8, Rubric>) -> Result<(), ReadError> {
    let mut fields = found.fields(&["kpi", "name", "sha256", "text", "file"])?;
    let kpi = fields.take("kpi")?;
    let (at, kpi) = (kpi.at.clone(), kpi.number()?);
    let name = fields.take("name")?.text(require_label)?;
    let sha256 = fields.take("sha256")?.digest()?;
    let content = match (fields.optional("text"), fields.optional("file")) {
        // Whatever is written there, its hash is on the chain.
        (Some(text), None) => Content::Text(text.text(|_| Ok(()))?),
        (None, Some(file)) => Content::File(file.text(require_file)?),
        _ => return wrong(fields.at, "expected either text or file"),
    };
    let rubric = Rubric { name, sha256, content };
    match rubrics.insert(kpi, rubric) {
        None => Ok(()),
        Some(_) => wrong(at, "the KPI is there twice"),
    }
}

fn label(found: Found, labels: &mut Labels) -> Result<(), ReadError> {
    let mut fields = found.fields(&["beneficiary", "grant", "label"])?;
    let label = fields.take("label")?.text(require_label)?;
    let (at, earlier) = match (fields.optional("beneficiary"), fields.optional("grant")) {
        (Some(key), None) => (key.at.clone(), labels.beneficiaries.insert(key.key()?, label)),
        (None, Some(grant)) => (grant.at.clone(), labels.grants.insert(grant.number()?, label)),
        _ => return wrong(fields.at, "expected either beneficiary or grant"),
    };
    match earlier {
        None => Ok(()),
        Some(_) => wrong(at, "it has a label already"),
    }
}

/// The fields of an object.
struct Fields {
    at: String,
    fields: BTreeMap<String, Node>,
}

impl Fields {
    fn take(&mut self, name: &str) -> Result<Found, ReadError> {
        match self.optional(name) {
            Some(found) => Ok(found),
            None => wrong(self.at.clone(), format!("the field {name} is missing")),
        }
    }

    fn optional(&mut self, name: &str) -> Option<Found> {
        let node = self.fields.remove(name)?;
        let at = match self.at.as_str() {
            "the document" => name.to_owned(),
            at => format!("{at}.{name}"),
        };
        Some(Found { at, node })
    }
}

impl Found {
    fn fields(self, known: &[&str]) -> Result<Fields, ReadError> {
        let Node::Object(all) = self.node else {
            return expected(self, "an object");
        };
        let mut fields = BTreeMap::new();
        for (name, node) in all {
            if !known.contains(&name.as_str()) {
                let known = known.join(", ");
                return wrong(
                    self.at,
                    format!("the field \"{}\" is unknown; there are {known}", told(&name)),
                );
            }
            if fields.contains_key(&name) {
                return wrong(self.at, format!("the field {name} is there twice"));
            }
            fields.insert(name, node);
        }
        Ok(Fields { at: self.at, fields })
    }

    fn list(self) -> Result<Vec<Self>, ReadError> {
        let Node::List(all) = self.node else {
            return expected(self, "a list");
        };
        let all = all.into_iter().enumerate().map(|(place, node)| Self {
            at: format!("{}[{place}]", self.at),
            node,
        });
        Ok(all.collect())
    }

    fn text(self, require: impl FnOnce(&str) -> Result<(), String>) -> Result<String, ReadError> {
        let Node::Text(text) = self.node else {
            return expected(self, "a text");
        };
        match require(&text) {
            Ok(()) => Ok(text),
            Err(what) => wrong(self.at, what),
        }
    }

    fn number<T: TryFrom<u64>>(self) -> Result<T, ReadError> {
        let Node::Number(number) = self.node else {
            return expected(self, "a number");
        };
        let number = number.and_then(|number| number.try_into().ok());
        number.map_or_else(
            || wrong(self.at, "expected a number from 0 that the chain can have"),
            Ok,
        )
    }

    fn key(self) -> Result<Pubkey, ReadError> {
        let at = self.at.clone();
        let key = self.text(|_| Ok(()))?.parse();
        key.or_else(|_| wrong(at, "expected an address: 32 bytes in base58"))
    }

    fn digest(self) -> Result<[u8; 32], ReadError> {
        let at = self.at.clone();
        let text = self.text(|_| Ok(()))?;
        let mut digest = [0; 32];
        let read = hex::decode_to_slice(&text, &mut digest).is_ok() && hex::encode(digest) == text;
        match read {
            true => Ok(digest),
            false => wrong(at, "expected a SHA-256: 64 hexadecimal digits, in lower case"),
        }
    }
}

fn expected<T>(found: Found, what: &str) -> Result<T, ReadError> {
    let is = match found.node {
        Node::Null => "null",
        Node::Bool => "true or false",
        Node::Number(_) => "a number",
        Node::Text(_) => "a text",
        Node::List(_) => "a list",
        Node::Object(_) => "an object",
    };
    wrong(found.at, format!("it is {is}; expected {what}"))
}

fn wrong<T>(at: String, what: impl Into<String>) -> Result<T, ReadError> {
    Err(ReadError::Field { at, what: what.into() })
}

/// What a stranger wrote, short and harmless.
fn told(text: &str) -> String {
    harmless(&shortened(text, 40))
}

/// How much deeper values may lie.
#[derive(Clone, Copy)]
struct Depth(usize);

impl Depth {
    fn below<E: serde::de::Error>(self) -> Result<Self, E> {
        let below = self.0.checked_sub(1).map(Self);
        below.ok_or_else(|| {
            E::custom(format!(
                "objects and lists lie more than {MOST_DEPTH} deep in each other"
            ))
        })
    }
}

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Node, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Bool)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(Some(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number.try_into().ok()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Number(None))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let below = self.below()?;
        let mut all = Vec::new();
        while let Some(node) = list.next_element_seed(below)? {
            all.push(node);
        }
        Ok(Node::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Node, A::Error> {
        let below = self.below()?;
        let mut all = Vec::new();
        while let Some(name) = object.next_key::<String>()? {
            all.push((name, object.next_value_seed(below)?));
            // Each is one of a few known ones: more is no document.
            if all.len() > 64 {
                return Err(A::Error::custom("an object has more than 64 fields"));
            }
        }
        Ok(Node::Object(all))
    }
}
