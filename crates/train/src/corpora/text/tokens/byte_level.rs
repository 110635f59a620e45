//! Bytes as printable characters: the alphabet of byte-level BPE.
//!
//! GPT-2's table (Radford et al. 2019): a byte that prints in Latin-1 is its own character, and the others take those from
//! U+0100 on, in their order.

/// The character of every byte.
pub(super) fn alphabet() -> [char; 256] {
    let mut next = 0x100u32;
    std::array::from_fn(|byte| {
        let byte = byte as u8;
        if matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff) {
            return char::from(byte);
        }
        next += 1;
        char::from_u32(next - 1).expect("below the surrogates")
    })
}

/// The bytes that a token of that alphabet stands for; none if it has other characters.
pub(super) fn bytes(token: &str) -> Option<Box<[u8]>> {
    let alphabet = alphabet();
    token.chars().map(|c| alphabet.iter().position(|a| *a == c).map(|byte| byte as u8)).collect()
}
