//! Arguments and events as bytes: those of borsh, without its ways to fail that cannot happen.

use {crate::raw::Buffer, anchor_lang::event::EVENT_IX_TAG_LE, pinocchio::Address};

/// What can be read from an instruction's data.
pub trait Decode: Sized {
    /// Takes a value from the front of `data`; none if its bytes are not one.
    fn decode(data: &mut &[u8]) -> Option<Self>;
}

/// What can be written into an event.
pub trait Encode {
    /// Appends the value's bytes.
    fn encode(&self, out: &mut Buffer);
}

/// What is reported.
pub trait Event: Encode {
    /// By which clients tell it from others.
    const TAG: [u8; 8];
}

/// Shows the data of the call by which the program reports `event` to itself.
#[inline(always)]
pub fn with_event_data<E: Event, R>(event: &E, then: impl FnOnce(&[u8]) -> R) -> R {
    let mut data = Buffer::new();
    data.put(EVENT_IX_TAG_LE);
    data.put(&E::TAG);
    event.encode(&mut data);
    then(&data)
}

macro_rules! number {
    ($($number:ty),*) => {
        $(
            impl Decode for $number {
                #[inline(always)]
                fn decode(data: &mut &[u8]) -> Option<Self> {
                    let (bytes, rest) = data.split_first_chunk()?;
                    *data = rest;
                    Some(Self::from_le_bytes(*bytes))
                }
            }

            impl Encode for $number {
                #[inline(always)]
                fn encode(&self, out: &mut Buffer) {
                    out.put(&self.to_le_bytes());
                }
            }
        )*
    };
}
number!(u8, u16, u32, u64, i8, i64);

impl Decode for bool {
    #[inline(always)]
    fn decode(data: &mut &[u8]) -> Option<Self> {
        match u8::decode(data)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Encode for bool {
    #[inline(always)]
    fn encode(&self, out: &mut Buffer) {
        u8::from(*self).encode(out);
    }
}

impl<const N: usize> Decode for [u8; N] {
    #[inline(always)]
    fn decode(data: &mut &[u8]) -> Option<Self> {
        let (bytes, rest) = data.split_first_chunk()?;
        *data = rest;
        Some(*bytes)
    }
}

impl<const N: usize> Encode for [u8; N] {
    #[inline(always)]
    fn encode(&self, out: &mut Buffer) {
        out.put(self);
    }
}

impl Decode for Address {
    #[inline(always)]
    fn decode(data: &mut &[u8]) -> Option<Self> {
        <[u8; 32]>::decode(data).map(Self::from)
    }
}

impl Encode for Address {
    #[inline(always)]
    fn encode(&self, out: &mut Buffer) {
        self.as_array().encode(out);
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(data: &mut &[u8]) -> Option<Self> {
        if bool::decode(data)? {
            T::decode(data).map(Some)
        } else {
            Some(None)
        }
    }
}

impl<T: Encode> Encode for Option<T> {
    #[inline(always)]
    fn encode(&self, out: &mut Buffer) {
        self.is_some().encode(out);
        if let Some(value) = self {
            value.encode(out);
        }
    }
}

/// The length in front of a list or a text.
fn decode_length(data: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::decode(data)?).ok()
}

#[inline(always)]
fn encode_length(length: usize, out: &mut Buffer) {
    // Borsh has no longer lists either, and an instruction's data no room for one.
    u32::try_from(length).unwrap_or(u32::MAX).encode(out);
}

impl<T: Decode> Decode for Vec<T> {
    #[inline(never)]
    fn decode(data: &mut &[u8]) -> Option<Self> {
        let length = decode_length(data)?;
        // No more room than what the data could fill: the length is the caller's word.
        let room = data.len().checked_div(size_of::<T>()).unwrap_or_default();
        let mut list = Self::with_capacity(length.min(room));
        for _ in 0..length {
            list.push(T::decode(data)?);
        }
        Some(list)
    }
}

impl<T: Encode> Encode for Vec<T> {
    #[inline(always)]
    fn encode(&self, out: &mut Buffer) {
        encode_length(self.len(), out);
        for value in self {
            value.encode(out);
        }
    }
}

impl Decode for String {
    fn decode(data: &mut &[u8]) -> Option<Self> {
        let length = decode_length(data)?;
        let (bytes, rest) = data.split_at_checked(length)?;
        *data = rest;
        core::str::from_utf8(bytes).ok().map(str::to_owned)
    }
}

impl Encode for String {
    #[inline(always)]
    fn encode(&self, out: &mut Buffer) {
        encode_length(self.len(), out);
        out.put(self.as_bytes());
    }
}
