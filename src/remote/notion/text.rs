//! Rich text: pieces that Notion limits in UTF-16 units, and the plain text we keep of them.

use serde_json::{Value as Json, json};

use super::{WRITE_LIMIT, invalid};
use crate::remote::RemoteError;

/// The longest text of one piece, in UTF-16 units (Notion's request limits).
pub const PIECE: usize = 2_000;

/// A page answer holds no more inline mentions than this; what lies behind them is cut.
pub const MENTIONS: usize = 25;

/// The plain text of pieces of rich text. `None` if a piece has neither a plain text nor content.
pub fn plain(pieces: &[Json]) -> Option<String> {
    pieces
        .iter()
        .map(|piece| {
            piece
                .get("plain_text")
                .and_then(Json::as_str)
                .or_else(|| piece.pointer("/text/content").and_then(Json::as_str))
                .or_else(|| piece.pointer("/equation/expression").and_then(Json::as_str))
        })
        .collect()
}

/// How many inline mentions there are.
pub fn mentions(pieces: &[Json]) -> usize {
    pieces.iter().filter(|piece| piece.get("type").and_then(Json::as_str) == Some("mention")).count()
}

/// Text in pieces of at most [`PIECE`] UTF-16 units. A character of two units is never broken.
pub fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut units) = (0, 0);
    for (at, character) in text.char_indices() {
        if units + character.len_utf16() > PIECE {
            pieces.push(&text[start..at]);
            (start, units) = (at, 0);
        }
        units += character.len_utf16();
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// Text as rich text to be written.
///
/// # Errors
/// Invalid, when it needs more pieces than one write may carry.
pub fn rich(text: &str) -> Result<Json, RemoteError> {
    let pieces = pieces(text);
    if pieces.len() > WRITE_LIMIT {
        return Err(invalid(format!(
            "the text is too long for Notion: {} characters, and one write can carry {} (100 pieces of 2,000)",
            text.encode_utf16().count(),
            PIECE * WRITE_LIMIT
        )));
    }
    Ok(pieces.into_iter().map(|piece| json!({"type": "text", "text": {"content": piece}})).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::{PIECE, mentions, pieces, plain, rich};

    #[test]
    fn a_character_of_two_units_is_not_broken_at_the_limit() {
        let text = format!("{}😀b", "a".repeat(PIECE - 1));
        let pieces = pieces(&text);
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0].len(), PIECE - 1);
        assert_eq!(pieces[1], "😀b");
    }

    #[test]
    fn text_beyond_a_hundred_pieces_is_refused_and_told() {
        assert_eq!(rich(&"a".repeat(200_000)).unwrap().as_array().unwrap().len(), 100);
        let error = rich(&"a".repeat(200_001)).unwrap_err();
        assert!(error.message.contains("200001 characters"), "{error}");
    }

    #[test]
    fn plain_text_comes_from_every_kind_of_piece() {
        let pieces = vec![
            json!({"type": "text", "text": {"content": "a"}, "plain_text": "a"}),
            json!({"type": "mention", "mention": {"type": "user"}, "plain_text": "@Anna"}),
            json!({"type": "text", "text": {"content": "b"}}),
            json!({"type": "equation", "equation": {"expression": "x^2"}}),
        ];
        assert_eq!(plain(&pieces).unwrap(), "a@Annabx^2");
        assert_eq!(mentions(&pieces), 1);
        assert_eq!(plain(&[json!({"type": "new"})]), None);
        assert_eq!(plain(&[]).unwrap(), "");
    }

    proptest! {
        #[test]
        fn pieces_are_the_text_and_none_is_too_long(text in "(\\PC|\n){0,3000}", extra in 0usize..4) {
            let text = text.repeat(extra);
            let pieces = pieces(&text);
            prop_assert_eq!(&pieces.concat(), &text);
            for piece in pieces {
                prop_assert!(!piece.is_empty());
                prop_assert!(piece.encode_utf16().count() <= PIECE);
            }
        }
    }
}
