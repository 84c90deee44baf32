//! Lines of JSON that carry their own checksum: an object whose last member, `crc`, is the CRC-32 (hexadecimal) of the
//! object without it. Exports and the segments of the journal are made of them.

/// `,"crc":"01234567"}`
const TAIL: usize = 18;

/// The line of a JSON object that has members, without its end of line. `None` for anything else.
pub(super) fn framed(object: &str) -> Option<String> {
    let open = object.strip_suffix('}').filter(|open| open.len() > 1 && open.starts_with('{'))?;
    let crc = crc32fast::hash(object.as_bytes());
    Some(format!("{open},\"crc\":\"{crc:08x}\"}}"))
}

/// The object of a line.
///
/// # Errors
/// What is wrong with the line.
pub(super) fn unframed(line: &[u8]) -> Result<Vec<u8>, String> {
    let at = line.len().checked_sub(TAIL).ok_or("too short")?;
    let (open, tail) = line.split_at(at);
    let crc = tail.strip_prefix(b",\"crc\":\"").and_then(|tail| tail.strip_suffix(b"\"}"));
    let crc = crc.and_then(|crc| std::str::from_utf8(crc).ok()).ok_or("the checksum is missing")?;
    let whole = [open, b"}"].concat();
    // Only as it is written: a checksum in capitals is a changed byte.
    if crc != format!("{:08x}", crc32fast::hash(&whole)) {
        return Err("the checksum does not fit".to_owned());
    }
    Ok(whole)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_framed_comes_back_and_no_bytes_panic(text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let object = serde_json::json!({ "a": text }).to_string();
            prop_assert_eq!(unframed(framed(&object).unwrap().as_bytes()).unwrap(), object.as_bytes());
            // A line that is taken is one that would have been written.
            if let Ok(whole) = unframed(&bytes) {
                prop_assert_eq!(framed(std::str::from_utf8(&whole).unwrap()).unwrap().into_bytes(), bytes);
            }
        }

        #[test]
        fn no_changed_byte_goes_unnoticed(text in ".{0,20}", at in any::<prop::sample::Index>(), by in 1u8..) {
            let mut line = framed(&serde_json::json!({ "a": text }).to_string()).unwrap().into_bytes();
            let at = at.index(line.len());
            line[at] ^= by;
            prop_assert!(unframed(&line).is_err());
        }
    }

    #[test]
    fn what_is_no_object_with_members_is_no_line() {
        for text in ["", "1", "[]", "{}", "{", "}", "null"] {
            assert_eq!(framed(text), None, "{text}");
        }
    }
}
