//! The interface description of this release: the one place where numbers, names, types and messages stand together.

use {serde_json::Value, std::sync::OnceLock};

/// The whole description.
pub(crate) fn interface() -> &'static Value {
    static INTERFACE: OnceLock<Value> = OnceLock::new();
    INTERFACE.get_or_init(|| serde_json::from_str(include_str!("../../../../idl/earnout.json")).unwrap_or_default())
}
