//! One error on many records is no bad data: it is a wrong mapping, and setting thousands of records aside would hide it.

use jiff::{SignedDuration, Timestamp};

use crate::model::{HoldId, MarkKind, PairName, RecordId, Why};

use super::{Core, Limit, Question};

/// Records that may fail by one error.
pub(super) const FAILING: Limit = Limit { least: 20, percent: 2 };
/// Within this time.
const COUNTED: SignedDuration = SignedDuration::from_hours(1);

/// What the question about it says, and the hold by which it is known after a restart.
const ONE_ERROR: &str = "failed within an hour by one error";

/// An error without what differs from record to record: quoted values, and words with a number in them, which is what
/// ids, amounts and dates are.
pub(in crate::engine) fn fingerprint(reason: &str) -> String {
    let mut print = String::with_capacity(reason.len());
    let mut quote: Option<char> = None;
    let mut word_until = 0;
    for (at, c) in reason.char_indices() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => {}
            // An apostrophe inside a word opens nothing, and neither does a quote that is never closed.
            None if opens(reason, at, c) => {
                quote = Some(closing(c));
                print.push('…');
            }
            None if at < word_until => {}
            None if in_a_word(c) => {
                let word = reason[at..].split(|c| !in_a_word(c)).next().unwrap_or_default();
                word_until = at + word.len();
                if !word.contains(char::is_numeric) {
                    print.extend(word.chars().flat_map(char::to_lowercase));
                }
            }
            None if c.is_whitespace() => {
                if !print.ends_with(' ') {
                    print.push(' ');
                }
            }
            None => print.push(c),
        }
    }
    print.trim().to_owned()
}

/// The parts of an id are one word.
fn in_a_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_')
}

fn closing(c: char) -> char {
    match c {
        '«' => '»',
        '“' => '”',
        other => other,
    }
}

fn opens(reason: &str, at: usize, c: char) -> bool {
    let in_word = reason[..at].chars().next_back().is_some_and(char::is_alphanumeric);
    matches!(c, '"' | '\'' | '`' | '«' | '“')
        && !(c == '\'' && in_word)
        && reason[at + c.len_utf8()..].contains(closing(c))
}

impl Core {
    /// A write failed for a reason that lies in its record, at `at`.
    pub(in crate::engine) fn note_failure(&mut self, hold: &HoldId, reason: &str, at: Timestamp) {
        if self.clock.now().duration_since(at) >= COUNTED {
            return;
        }
        let field = hold.field.as_ref().map_or("", |field| field.as_str());
        let print = format!("{field} {}", fingerprint(reason)).trim().to_owned();
        let failing = self.guards_of(&hold.pair).failing.entry(print).or_default();
        let last = failing.entry(hold.clone()).or_insert(at);
        *last = at.max(*last);
    }

    /// After a start: what a pair was stopped for is asked about again, and not let go because nobody remembers it.
    pub(in crate::engine) fn recall_failing(&mut self, now: Timestamp) {
        let stopped = |name: &PairName| {
            let guard = HoldId { pair: name.clone(), crm: None, field: None };
            let why = self.memory.holds.get(&guard).map(|hold| &hold.why);
            matches!(why, Some(Why::MassChange { what, .. }) if what.contains(ONE_ERROR))
        };
        let failed =
            self.memory.marks.values().filter(|mark| stopped(&mark.id.pair)).filter_map(|mark| match &mark.kind {
                MarkKind::Failed { reason, .. } | MarkKind::Refused { reason, .. } => {
                    Some((mark.id.clone(), reason.clone()))
                }
                _ => None,
            });
        for (hold, reason) in failed.collect::<Vec<_>>() {
            self.note_failure(&hold, &reason, now);
        }
    }

    /// A field is held because its value was refused, perhaps before the last start.
    pub(in crate::engine) fn note_refusal(&mut self, hold: &HoldId, reason: &str) {
        let at = self.memory.marks_on(hold).find(|mark| matches!(mark.kind, MarkKind::Refused { .. })).map(|it| it.at);
        if let Some(at) = at {
            self.note_failure(hold, reason, at);
        }
    }

    pub(super) fn count_failing(&mut self, name: &PairName, now: Timestamp, question: &mut Question) {
        let Some(guards) = self.guards.get_mut(name) else { return };
        if guards.failing.values().all(|failing| failing.len() <= FAILING.least) {
            return;
        }
        let ties = self.memory.pair(name).map_or(0, |pair| pair.ties.len());
        let asked = &guards.asked.failing;
        for (print, failing) in &mut guards.failing {
            // What was asked about stays until somebody answers or mends it.
            failing.retain(|hold, at| {
                let lately = now.duration_since(*at) < COUNTED || asked.contains(&(print.clone(), hold.clone()));
                lately && self.memory.marks_on(hold).next().is_some()
            });
            let records: std::collections::BTreeSet<Option<&RecordId>> =
                failing.keys().map(|hold| hold.crm.as_ref()).collect();
            if FAILING.is_over(records.len(), ties) {
                question.what.push(format!(
                    "{} records {ONE_ERROR} ({print}): this looks like a mapping error, not like \
                     bad data; mend it and try again",
                    records.len()
                ));
                question.failing.extend(failing.keys().map(|hold| (print.clone(), hold.clone())));
            }
        }
        guards.failing.retain(|_, failing| !failing.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn an_error_is_the_same_whatever_record_it_is_about() {
        let one = fingerprint("Stage is not a status. The option \"Won (3)\" of page 7f3 doesn't exist: 12 > 10");
        let other = fingerprint("Stage is not a status.  The option \"Lost\" of page 9f8 doesn't exist: 1 > 100");
        assert_eq!(one, other);
        assert_ne!(one, fingerprint("Amount is not a status. The option \"Lost\" of page 9f8 doesn't exist: 1 > 100"));
    }

    #[test]
    fn ids_make_no_error_another_one() {
        let of =
            |id: &str| fingerprint(&format!("Could not find page with ID: {id}. Make sure it is shared (code E-{id})"));
        let one = of("1f2e3d4c-aaaa-bbbb-cccc-0123456789ab");
        assert_eq!(one, of("ffeeddcc-1234-abcd-beef-aabbccddeeff"));
        assert_eq!(one, of("7"));
        assert_eq!(one, "could not find page with id: . make sure it is shared (code )");
    }

    #[test]
    fn a_quote_that_never_ends_hides_nothing() {
        assert_eq!(fingerprint("a 5\" pipe is too long"), "a \" pipe is too long");
    }
}
