//! Events as JSON, by the interface description: a field that the program adds appears here by itself.

use {
    super::Event,
    crate::wire::interface::interface,
    anchor_lang::event::EVENT_IX_TAG_LE,
    serde_json::{Map, Value, json},
    solana_program::pubkey::Pubkey,
};

/// Bytes in front of an event's fields: the tag of events and the event's own.
const HEAD: usize = EVENT_IX_TAG_LE.len() + 8;

impl Event {
    /// The event's fields as a JSON object, in the names of the interface description in camel case, and its name as
    /// `event`. Keys are in base58, hashes in hexadecimal; amounts and values are decimal strings, since they exceed
    /// what JSON numbers hold exactly, while times (Unix seconds), `sequence` and all smaller numbers are numbers. The
    /// zero key is null.
    pub fn to_json(&self) -> Value {
        let bytes = self.encode();
        let mut reader = Reader(bytes.get(HEAD..).unwrap_or_default());
        let mut value = reader.defined(self.name()).unwrap_or_default();
        if let Value::Object(fields) = &mut value {
            fields.insert("event".to_owned(), self.name().into());
        }
        value
    }
}

/// What is left of an event's bytes.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.take()?)).ok()
    }

    /// A value of a type that the description defines.
    fn defined(&mut self, name: &str) -> Option<Value> {
        let types = interface()["types"].as_array()?;
        let kind = &types.iter().find(|of| of["name"] == name)?["type"];
        if let Some(fields) = kind["fields"].as_array() {
            return self.fields(fields);
        }
        let [variant] = self.take()?;
        let variant = kind["variants"].get(usize::from(variant))?;
        let name = camel(variant["name"].as_str()?);
        // A variant has no name for the one thing it holds.
        let Some(held) = variant["fields"].get(0) else {
            return Some(name.into());
        };
        let mut object = Map::new();
        object.insert(name, self.value(held, "")?);
        Some(Value::Object(object))
    }

    fn fields(&mut self, fields: &[Value]) -> Option<Value> {
        let mut object = Map::new();
        for field in fields {
            let docs = field["docs"].to_string();
            let value = match field["name"].as_str()? {
                "sequence" => json!(u64::from_le_bytes(self.take()?)),
                _ => self.value(&field["type"], &docs)?,
            };
            object.insert(camel(field["name"].as_str()?), value);
        }
        Some(Value::Object(object))
    }

    fn value(&mut self, kind: &Value, docs: &str) -> Option<Value> {
        if let Some(name) = kind["defined"]["name"].as_str() {
            return self.defined(name);
        }
        if let Some(inner) = kind.get("option") {
            return match self.take()? {
                [0] => Some(Value::Null),
                [_] => self.value(inner, docs),
            };
        }
        if let Some(inner) = kind.get("vec") {
            let length = self.length()?;
            return (0..length).map(|_| self.value(inner, docs)).collect();
        }
        if kind.get("array").is_some() {
            let hash: [u8; 32] = self.take()?;
            return Some(hex::encode(hash).into());
        }
        Some(match kind.as_str()? {
            "bool" => json!(self.take::<1>()? != [0]),
            "u8" => json!(self.take::<1>()?[0]),
            "i8" => json!(i8::from_le_bytes(self.take()?)),
            "u16" => json!(u16::from_le_bytes(self.take()?)),
            "u32" => json!(u32::from_le_bytes(self.take()?)),
            "u64" => u64::from_le_bytes(self.take()?).to_string().into(),
            "i64" if docs.contains("Unix seconds") => json!(i64::from_le_bytes(self.take()?)),
            "i64" => i64::from_le_bytes(self.take()?).to_string().into(),
            "string" => {
                let length = self.length()?;
                let (text, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                String::from_utf8_lossy(text).into()
            }
            "pubkey" => match Pubkey::new_from_array(self.take()?) {
                key if key == Pubkey::default() => Value::Null,
                key => key.to_string().into(),
            },
            _ => return None,
        })
    }
}

/// `snake_case` and `UpperCase` as `camelCase`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut text = String::new();
    if let Some(first) = words.next() {
        let mut letters = first.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_lowercase()));
        text.push_str(letters.as_str());
    }
    for word in words {
        let mut letters = word.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        earnout::{
            events::{KpiAdded, Rent, ValueAttested},
            state::{CurvePoint, Interpolation, KpiArgs, Scope},
        },
    };

    #[test]
    fn the_fields_of_every_event_are_of_types_that_are_known() {
        for name in Event::names() {
            assert!(Reader(&[0; 4_096]).defined(name).is_some(), "{name}");
        }
    }

    #[test]
    fn every_event_of_the_description_has_a_type() {
        let events = interface()["events"].as_array().expect("events");
        let types = interface()["types"].as_array().expect("types");
        assert_eq!(events.len(), Event::names().len());
        for event in events {
            assert!(types.iter().any(|of| of["name"] == event["name"]), "{}", event["name"]);
        }
    }

    #[test]
    fn a_vote_in_json() {
        let key = |byte| Pubkey::new_from_array([byte; 32]);
        let vote = ValueAttested {
            plan: key(1),
            time: 1_800_000_000,
            sequence: 7,
            kpi: 2,
            period: 300,
            oracle: Pubkey::default(),
            value: i64::MIN,
            evidence: [0xab; 32],
            rent: Some(Rent {
                payer: key(3),
                lamports: u64::MAX,
            }),
            resolved: true,
        };
        let json = json!({
            "event": "ValueAttested",
            "plan": key(1).to_string(),
            "time": 1_800_000_000,
            "sequence": 7,
            "kpi": 2,
            "period": 300,
            "oracle": null,
            "value": "-9223372036854775808",
            "evidence": "ab".repeat(32),
            "rent": { "payer": key(3).to_string(), "lamports": "18446744073709551615" },
            "resolved": true,
        });
        assert_eq!(Event::ValueAttested(Box::new(vote)).to_json(), json);
    }

    #[test]
    fn terms_in_json() {
        let terms = KpiArgs {
            name: "tâches".to_owned(),
            unit: String::new(),
            rubric_hash: [0; 32],
            decimals: 2,
            scope: Scope::Individual,
            range_min: -5,
            range_max: 5,
            interpolation: Interpolation::Step,
            points: vec![CurvePoint {
                value: -1,
                score: 20_000,
            }],
            default_score: 0,
            default_price: None,
            feed: None,
        };
        let added = KpiAdded {
            plan: Pubkey::default(),
            time: 0,
            sequence: 2,
            kpi: 0,
            terms,
        };
        let json = Event::KpiAdded(Box::new(added)).to_json();
        assert_eq!(json["terms"]["name"], "tâches");
        assert_eq!(json["terms"]["scope"], "individual");
        assert_eq!(json["terms"]["points"], json!([{ "value": "-1", "score": 20_000 }]));
        assert_eq!(json["terms"]["rubricHash"], "00".repeat(32));
    }
}
