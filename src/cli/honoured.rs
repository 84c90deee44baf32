//! Whether a system does what its lists are asked: what cannot match gives nothing, and what must match gives something. A portal
//! may pass over a condition in silence, and a sync that believed it would read too much, or miss edits until the next sweep.

use jiff::Timestamp;

use crate::model::{Entity, Presence};
use crate::remote::{Fetched, Lane, Listing, RemoteError, Since, System};

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Honoured {
    /// What is to be mended.
    pub bad: Vec<String>,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// How many filters were tried.
    pub tried: usize,
}

/// Tries the filter by the time of the last edit, which increments rely on, and the pair's own. `key` is what the pair's own is
/// called in the configuration.
///
/// # Errors
/// [`RemoteError`] of any question.
pub(super) async fn look(system: &dyn System, entity: &Entity, key: &str) -> Result<Honoured, RemoteError> {
    let mut found = Honoured::default();
    // Which fields are asked for says nothing about filters.
    let narrow = Entity { fields: Vec::new(), ..entity.clone() };
    let all = Entity { filter: None, ..narrow.clone() };
    let any = first_page(system, &all, Since::Ever).await?;
    let Some(edited) = any.iter().filter_map(|(_, edited)| *edited).max() else {
        found.notes.push("there is no record yet to try filters on".to_owned());
        return Ok(found);
    };
    found.tried += 1;
    if !first_page(system, &all, Since::At(far_ahead())).await?.is_empty() {
        found.bad.push(
            "it passes over the filter by the time of the last edit, so that every look would read everything; ask its support"
                .to_owned(),
        );
    } else if first_page(system, &all, Since::At(edited)).await?.is_empty() {
        found.bad.push(
            "it does not find a record by the time of its last edit, so that edits would be seen by sweeps alone; ask its support"
                .to_owned(),
        );
    }
    let Some(filter) = &entity.filter else { return Ok(found) };
    for (name, contradiction) in system.contradictions(filter) {
        found.tried += 1;
        let asked = Entity { filter: Some(contradiction), ..narrow.clone() };
        if !first_page(system, &asked, Since::Ever).await?.is_empty() {
            found.bad.push(format!(
                "it passes over the condition on `{name}` in `{key}` in silence: records that it should leave out come through; \
                 take the condition away, or filter by another field"
            ));
        }
    }
    match first_page(system, &narrow, Since::Ever).await?.first() {
        None => found.notes.push(format!("no record passes `{key}` today")),
        Some((id, _)) => {
            let read = system.get(&narrow, std::slice::from_ref(id), Lane::Probe).await?;
            let outside = |it: &Fetched| matches!(it, Fetched::Record(record) if record.presence == Presence::Outside);
            if read.iter().any(|(_, it)| outside(it)) {
                found.bad.push(format!(
                    "a list says that record {id} passes `{key}`, and asked for that record alone it says no; simplify the filter"
                ));
            }
        }
    }
    Ok(found)
}

type Row = (crate::model::RecordId, Option<Timestamp>);

async fn first_page(system: &dyn System, entity: &Entity, since: Since) -> Result<Vec<Row>, RemoteError> {
    let listing = Listing { entity, since, next: None, lane: Lane::Probe, counts: false };
    let changes = system.list(listing).await?;
    Ok(changes.records.into_iter().map(|record| (record.id, record.edited_at)).collect())
}

/// Nothing was edited after this.
fn far_ahead() -> Timestamp {
    // 2200-01-01T00:00:00Z
    Timestamp::from_second(7_258_118_400).unwrap_or(Timestamp::MAX)
}
