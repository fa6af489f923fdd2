//! Which bytes are an instruction or an event, read from the interface description (`idl/earnout.json`) alone: what a
//! client that knows nothing but that file would say.

use {serde_json::Value, std::sync::LazyLock};

static INTERFACE: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../idl/earnout.json")).expect("the interface description"));

/// What bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Nothing the interface has.
    Unknown,
    /// Of this name, but not complete or not well-formed.
    Malformed(&'static str),
    /// Of this name, in so many of the bytes.
    Complete(&'static str, usize),
}

/// Reads an instruction.
pub fn instruction(data: &[u8]) -> Reading {
    read("instructions", data, |instruction| &instruction["args"])
}

/// Reads an event, without the tag that marks events.
pub fn event(data: &[u8]) -> Reading {
    read("events", data, |event| &definition(&event["name"])["fields"])
}

fn read(kind: &str, data: &[u8], fields: fn(&'static Value) -> &'static Value) -> Reading {
    let known = items(&INTERFACE[kind]).iter().find(|item| {
        let mark = items(&item["discriminator"]).iter().map(Value::as_u64);
        data.len() >= 8 && mark.eq(data[..8].iter().map(|byte| Some(u64::from(*byte))))
    });
    let Some(item) = known else { return Reading::Unknown };
    let name = text(&item["name"]);
    let mut rest = &data[8..];
    match skip_fields(fields(item), &mut rest) {
        Some(()) => Reading::Complete(name, data.len() - rest.len()),
        None => Reading::Malformed(name),
    }
}

/// Fields with names have their type inside, others are the type.
fn skip_fields(fields: &'static Value, data: &mut &[u8]) -> Option<()> {
    let mut fields = fields.as_array().into_iter().flatten();
    fields.try_for_each(|field| skip(field.get("type").unwrap_or(field), data))
}

/// Moves `data` past one value; none if it does not begin with one.
fn skip(of: &'static Value, data: &mut &[u8]) -> Option<()> {
    if let Some(inner) = of.get("option") {
        return if flag(data)? { skip(inner, data) } else { Some(()) };
    }
    if let Some(inner) = of.get("vec") {
        let length = length(data)?;
        return (0..length).try_for_each(|_| skip(inner, data));
    }
    if let Some(array) = of.get("array") {
        return (0..array[1].as_u64()?).try_for_each(|_| skip(&array[0], data));
    }
    if let Some(named) = of.get("defined") {
        let definition = definition(&named["name"]);
        if definition["kind"] == "struct" {
            return skip_fields(&definition["fields"], data);
        }
        let variant = usize::from(*take(data, 1)?.first()?);
        let variant = definition["variants"].get(variant)?;
        return skip_fields(variant.get("fields").unwrap_or(&Value::Null), data);
    }
    let size = match text(of) {
        "bool" => return flag(data).map(|_| ()),
        "string" => {
            let length = length(data)?;
            return std::str::from_utf8(take(data, length)?).ok().map(|_| ());
        }
        "u8" | "i8" => 1,
        "u16" => 2,
        "u32" => 4,
        "u64" | "i64" => 8,
        "pubkey" => 32,
        other => panic!("a type that this reader does not know: {other}"),
    };
    take(data, size).map(|_| ())
}

fn flag(data: &mut &[u8]) -> Option<bool> {
    match take(data, 1)? {
        [0] => Some(false),
        [1] => Some(true),
        _ => None,
    }
}

fn length(data: &mut &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(*take(data, 4)?.first_chunk()?);
    usize::try_from(length).ok()
}

fn take<'a>(data: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (taken, rest) = data.split_at_checked(size)?;
    *data = rest;
    Some(taken)
}

fn definition(name: &'static Value) -> &'static Value {
    let found = items(&INTERFACE["types"]).iter().find(|item| &item["name"] == name);
    &found.expect("a type of the interface description")["type"]
}

fn items(list: &'static Value) -> &'static [Value] {
    list.as_array().expect("a list in the interface description")
}

fn text(value: &'static Value) -> &'static str {
    value.as_str().expect("a name in the interface description")
}
