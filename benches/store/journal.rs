//! A journal of many days, as a sync that runs for as long would have written it.

use std::path::Path;

use crosstie::model::{Event, Happening, Side, Tie, Value};
use crosstie::seam::{Batch, Kv};
use crosstie::store::{MemoryKv, Segments, SledKv, record, trees};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

/// Copies everything but the journal.
pub fn copy_all(from: &MemoryKv, to: &mut SledKv, rows: usize) {
    for tree in trees::ALL.into_iter().filter(|tree| *tree != trees::JOURNAL) {
        let all = from.scan(tree, b"", None, usize::MAX).unwrap();
        for some in all.chunks(rows) {
            let mut batch = Batch::new();
            some.iter().for_each(|(key, value)| batch.put(tree, key.clone(), value.clone()));
            to.apply(&batch).unwrap();
        }
    }
}

/// So many lines a day: an edit is seen on one side and written to the other. Gives how many there are.
pub fn fill(kv: &mut SledKv, days: usize, lines: usize, rows: usize) -> usize {
    let prefix = b"deals\0";
    let ties = kv.scan(trees::TIES, prefix, None, 1_000).unwrap();
    let ties: Vec<Tie> = ties.iter().map(|(_, bytes)| record::open(bytes).unwrap()).collect();
    let count = days * lines;
    let now = Timestamp::now();
    let (mut batch, mut bytes) = (Batch::new(), 0);
    for n in 0..count {
        let tie = &ties[(n / 2) % ties.len()];
        let ago = SignedDuration::from_hours(24 * days as i64) * i32::try_from(count - n).unwrap() / count as i32;
        let at = now - ago;
        let note =
            |round: usize| Value::text(format!("Asked for two references from the same industry (note {round})"));
        let wrote = n % 2 == 1;
        let event = Event {
            seq: n as u64 + 1,
            at,
            what: if wrote { Happening::Wrote } else { Happening::Seen },
            pair: Some(tie.pair.clone()),
            side: Some(if wrote { Side::Notion } else { Side::Crm }),
            crm: Some(tie.crm.clone()),
            notion: Some(tie.notion.clone()),
            field: Some("COMMENTS".into()),
            before: Some(note(n / 2)),
            after: Some(note(n / 2 + 1)),
            window: wrote.then(|| (at - SignedDuration::from_millis(180), at)),
            who: String::new(),
            note: String::new(),
            edit: None,
        };
        record::put(&mut batch, trees::JOURNAL, event.seq.to_be_bytes(), &event).unwrap();
        bytes += batch.ops.last().unwrap().2.as_ref().unwrap().len();
        if batch.ops.len() == rows {
            kv.apply(&std::mem::take(&mut batch)).unwrap();
        }
    }
    let mut counters: Json = record::open(&kv.get(trees::META, b"counters").unwrap().unwrap()).unwrap();
    counters["event"] = count.into();
    counters["first"] = 1.into();
    counters["bytes"] = bytes.into();
    record::put(&mut batch, trees::META, b"counters".to_vec(), &counters).unwrap();
    kv.apply(&batch).unwrap();
    count
}

/// Moves the older days to their files, as a daemon has done day by day.
pub fn file(kv: &mut SledKv, dir: &Path, rows: usize) {
    let mut files = Segments::open(dir).unwrap();
    let until = (Timestamp::now() - SignedDuration::from_hours(48)).to_zoned(TimeZone::UTC).date();
    let mut from = 1;
    while let Some(day) = files.write_day(kv, from, until).unwrap() {
        let all: Vec<u64> = (day.first..=day.last).collect();
        for some in all.chunks(rows) {
            let mut batch = Batch::new();
            some.iter().for_each(|seq| batch.remove(trees::JOURNAL, seq.to_be_bytes().to_vec()));
            kv.apply(&batch).unwrap();
        }
        from = day.last + 1;
    }
    let mut counters: Json = record::open(&kv.get(trees::META, b"counters").unwrap().unwrap()).unwrap();
    counters["first"] = from.into();
    let left = kv.scan(trees::JOURNAL, b"", None, usize::MAX).unwrap();
    counters["bytes"] = left.iter().map(|(_, value)| value.len()).sum::<usize>().into();
    let mut batch = Batch::new();
    record::put(&mut batch, trees::META, b"counters".to_vec(), &counters).unwrap();
    kv.apply(&batch).unwrap();
}
