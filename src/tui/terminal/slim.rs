//! Colours that are set already are not sent again, and styles that follow one another go as one: the backend names both colours
//! whenever one changes, and each attribute by itself.

/// The colours of a terminal, as the parameters that set them.
struct Colours<'b> {
    front: &'b [u8],
    back: &'b [u8],
}

/// What a frame begins with, for each ends with a reset.
const PLAIN: Colours<'static> = Colours { front: b"39", back: b"49" };

/// Parameters that one sequence has at most: the Linux console takes no more, and others drop what comes after some thirty.
const PARAMETERS: usize = 16;

/// What the backend wrote for one frame, without the colours that were set already.
pub(super) fn slim(frame: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame.len());
    let mut set = PLAIN;
    // Where the last style ended, and how many parameters it has.
    let mut styled = None;
    let mut parameters_sent = 0;
    let mut rest = frame;
    while let Some(at) = rest.windows(2).position(|two| two == b"\x1b[") {
        let (text, sequence) = rest.split_at(at);
        out.extend_from_slice(text);
        let (intro, body) = sequence.split_at(2);
        let end = body.iter().position(|byte| byte.is_ascii_alphabetic()).map_or(body.len(), |end| end + 1);
        let (sequence, after) = body.split_at(end);
        rest = after;
        let Some(parameters) = sequence.strip_suffix(b"m") else {
            out.extend_from_slice(intro);
            out.extend_from_slice(sequence);
            continue;
        };
        let parts: Vec<&[u8]> = match colours(parameters) {
            Some(wanted) => [(wanted.front, &mut set.front), (wanted.back, &mut set.back)]
                .into_iter()
                .filter(|(wanted, set)| !wanted.is_empty() && wanted != *set)
                .map(|(wanted, set)| {
                    *set = wanted;
                    wanted
                })
                .collect(),
            None if matches!(parameters, b"" | b"0") => {
                set = PLAIN;
                vec![b"0"]
            }
            None => vec![parameters],
        };
        for part in parts {
            // Two styles after one another are one; but what some terminal may not know, or all depends on, goes by itself.
            let alone = part == b"0" || part.starts_with(b"58") || part.starts_with(b"59");
            let more = part.iter().filter(|byte| **byte == b';').count() + 1;
            let room = parameters_sent + more <= PARAMETERS;
            if !alone && room && styled == Some(out.len()) && out.last() == Some(&b'm') {
                out.pop();
                out.push(b';');
                parameters_sent += more;
            } else {
                out.extend_from_slice(intro);
                parameters_sent = more;
            }
            out.extend_from_slice(part);
            out.push(b'm');
            styled = (!alone).then_some(out.len());
        }
    }
    out.extend_from_slice(rest);
    out
}

/// The colours that parameters set, if they set nothing else; a part is empty where they leave it.
fn colours(parameters: &[u8]) -> Option<Colours<'_>> {
    let (mut front, mut back): (&[u8], &[u8]) = (b"", b"");
    let mut rest = parameters;
    while !rest.is_empty() {
        let words: usize = match rest {
            [b'3' | b'4', b'8', b';', b'2', b';', ..] => 5,
            [b'3' | b'4', b'8', b';', b'5', b';', ..] => 3,
            [b'3' | b'4', b'9', ..] => 1,
            _ => return None,
        };
        let ends = rest.iter().enumerate().filter(|(_, byte)| **byte == b';').map(|(at, _)| at);
        let end = ends.chain([rest.len()]).nth(words - 1)?;
        let (one, after) = rest.split_at(end);
        if one.starts_with(b"3") {
            front = one
        } else {
            back = one
        }
        rest = after.get(1..).unwrap_or_default();
    }
    Some(Colours { front, back })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_colour_that_is_set_already_is_not_sent_again() {
        let frame = b"\x1b[1;1H\x1b[38;2;1;2;3;49mred\x1b[39;49mplain\x1b[38;5;1;48;5;2mboth\x1b[38;5;1;49mone\x1b[22m\x1b[39mx\x1b[0my\x1b[39m";
        let want = b"\x1b[1;1H\x1b[38;2;1;2;3mred\x1b[39mplain\x1b[38;5;1;48;5;2mboth\x1b[49mone\x1b[22;39mx\x1b[0my";
        assert_eq!(String::from_utf8_lossy(&slim(frame)), String::from_utf8_lossy(want));
    }

    #[test]
    fn no_sequence_has_more_parameters_than_every_terminal_takes() {
        let frame = "\x1b[38;2;1;2;3;48;2;4;5;6m\x1b[38;2;6;5;4;48;2;3;2;1m".repeat(5);
        let sent = slim(frame.as_bytes());
        let sequences = sent.split(|byte| *byte == b'm').filter(|sequence| !sequence.is_empty());
        let counts: Vec<usize> = sequences.map(|it| it.iter().filter(|byte| **byte == b';').count() + 1).collect();
        assert!(counts.iter().all(|count| *count <= PARAMETERS) && counts.contains(&15), "{counts:?}");
    }

    proptest! {
        #[test]
        fn a_terminal_shows_the_same(
            parts in prop::collection::vec(
                "a|b |\\x1b\\[(38;2;9;[0-2];3|38;5;[0-9]|39);(48;2;[0-2];1;1|48;5;[0-3]|49)m|\\x1b\\[(39|49|59|0|1|22|4|24|7|27|38;5;[0-9]|48;5;[0-9])m|\\x1b\\[[1-3];[1-9]H",
                0..60,
            )
        ) {
            let frame = parts.concat();
            let shown = |bytes: &[u8]| {
                let mut terminal = vt100::Parser::new(4.try_into().unwrap(), 20.try_into().unwrap(), 0);
                terminal.process(bytes);
                terminal.screen().contents_formatted()
            };
            prop_assert_eq!(shown(&slim(frame.as_bytes())), shown(frame.as_bytes()));
        }

        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(prop_oneof![Just(0x1b_u8), Just(b'['), Just(b'm'), Just(b';'), b'0'..=b'9', any::<u8>()], 0..80)) {
            prop_assert!(slim(&bytes).len() <= bytes.len());
        }
    }
}
