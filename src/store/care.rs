//! Care for a store that nobody has open: looking it over, putting an export in its place, and making it smaller.
//!
//! A store that takes another's place is built whole beside it and then renamed, as in `rebuild`: a power cut leaves the
//! one or the other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::seam::{Batch, Kv, KvError};

use super::check::{self, BrokenRow, CheckError, every_row};
use super::export::{self, EXPORTED, ExportError, Exported};
use super::lock::Lock;
use super::open::patiently;
use super::rebuild::{self, Home};
use super::segments::{self, SegmentError};
use super::sled_kv::SledKv;
use super::{OpenError, Resync, files, record, trees};

/// Rows written in one transaction.
const ROWS: usize = 256;

/// What a look over a store has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Rows by tree.
    pub rows: BTreeMap<&'static str, u64>,
    /// Rows that fail their check.
    pub broken: Vec<BrokenRow>,
    /// Durable writes that its file lacks: it was shortened, or replaced by an older one.
    pub lost: u64,
}

/// Reads every row of the store in `home` and checks it, on a copy in `scratch`, which is made: not one byte of the store
/// changes. `None` where there is no store.
///
/// # Errors
/// [`OpenError`]: in use, not readable, or damaged so that it does not open; starting the program mends that.
pub fn inspect(home: &Path, scratch: &Path) -> Result<Option<Inspection>, OpenError> {
    super::copy(home, scratch)?;
    let copied = Home::new(scratch);
    if !copied.sled.exists() {
        return Ok(None);
    }
    let kv = patiently(&copied.sled)?.map_err(OpenError::Unusable)?;
    let mut rows = BTreeMap::new();
    for tree in trees::ALL {
        let mut count = 0;
        every_row(&kv, tree, |_, _| -> Result<(), KvError> {
            count += 1;
            Ok(())
        })?;
        rows.insert(tree, count);
    }
    Ok(Some(Inspection { rows, broken: sound(&kv)?, lost: kv.lost() }))
}

/// What an import has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// When the export was made.
    pub at: Timestamp,
    /// Where the files are that were there before, if there were any.
    pub aside: Option<PathBuf>,
    /// Files of older days of the journal that the export names and that lie neither beside it nor beside the store.
    pub missing: Vec<String>,
}

/// Puts an export in the place of the store, whose files are kept aside. A full comparison of both sides is owed then. Days of the
/// journal that lie beside the export take the place of those beside the store; where none lie there, these stay.
///
/// # Errors
/// [`OpenError`]: in use, or the export is not whole and sound; nothing has changed then.
pub fn import(home: &Path, from: &Path, now: Timestamp) -> Result<Imported, OpenError> {
    let home = Home::new(home);
    home.io(files::private_dir(&home.root))?;
    let _lock = Lock::take(&home.root.join("lock"))?;
    rebuild::finish(&home, now)?;
    let at = export::verify(from).map_err(unusable)?;
    let named = export::days(from).map_err(unusable)?;
    let days = from.with_file_name(segments::FOLDER);
    let days = segments::list(&days).map_err(unreadable)?.into_iter().next().map(|_| days);
    for day in days.iter().map(|days| segments::list(days).map_err(unreadable)).collect::<Result<Vec<_>, _>>()?.concat()
    {
        segments::verify(&day.path).map_err(unreadable)?;
    }
    let mut kv = rebuild::begin(&home)?;
    export::restore(&mut kv, from).map_err(unusable)?;
    let mut batch = Batch::new();
    let why = format!("the store was replaced by the export {}, made at {at}.", from.display());
    Resync { since: now, why }.mark(&mut batch)?;
    let exported = home.io(Exported::of(from, &home.exports))?;
    record::put(&mut batch, trees::META, EXPORTED, &exported).map_err(KvError::from)?;
    kv.apply(&batch)?;
    // By whatever name they are called: those that lie beside the store stay where they are.
    let whole = |path: &Path| path.canonicalize().ok();
    if let Some(days) = days.filter(|days| whole(days) != whole(&home.root.join(segments::FOLDER))) {
        rebuild::begin_days(&home, &days).map_err(unreadable)?;
    }
    rebuild::ready(&home, kv)?;
    home.io(rebuild::ready_days(&home))?;
    let aside = home.io(rebuild::replace(&home, now))?;
    let there = segments::list(&home.root.join(segments::FOLDER)).map_err(unreadable)?;
    let is_there = |name: &String| there.iter().any(|day| day.name() == Some(name));
    Ok(Imported { at, aside, missing: named.into_iter().filter(|name| !is_there(name)).collect() })
}

/// Writes the store anew without what its file holds of the past; gives the bytes before and after.
///
/// # Errors
/// [`OpenError`]: in use, or not plainly sound; nothing has changed then.
pub fn compact(home: &Path, now: Timestamp) -> Result<(u64, u64), OpenError> {
    let home = Home::new(home);
    if !home.sled.exists() {
        return Err(OpenError::Failed("there is no store yet".to_owned()));
    }
    let _lock = Lock::take(&home.root.join("lock"))?;
    rebuild::finish(&home, now)?;
    let old = plainly(&home.sled)?;
    if old.lost() > 0 {
        let lost = old.lost();
        return Err(OpenError::Failed(format!(
            "the last {lost} writes of this store are missing: a start of crosstie sets that right, by comparing both sides in \
             full, and then it can be made smaller"
        )));
    }
    if let Some(row) = sound(&old)?.first() {
        return Err(OpenError::Failed(format!(
            "{row}: a start of crosstie sets that aside, and then it can be made smaller"
        )));
    }
    let mut kv = rebuild::begin(&home)?;
    let mut batch = Batch::new();
    for tree in trees::ALL {
        every_row(&old, tree, |key, value| {
            batch.put(tree, key, value);
            if batch.ops.len() < ROWS {
                return Ok(());
            }
            kv.apply(&std::mem::take(&mut batch))
        })?;
    }
    kv.apply(&batch)?;
    drop(old);
    rebuild::ready(&home, kv)?;
    let before = home.io(files::size(&home.sled))?;
    let place = home.io(rebuild::replace(&home, now))?;
    let after = home.io(files::size(&home.sled))?;
    // The same rows are in the new one, durably.
    if let Some(place) = place {
        home.io(rebuild::remove(&place))?;
    }
    Ok((before, after))
}

/// Opens files that must be well.
fn plainly(path: &Path) -> Result<SledKv, OpenError> {
    patiently(path)?.map_err(OpenError::Failed)
}

fn sound(kv: &(dyn Kv + Sync)) -> Result<Vec<BrokenRow>, OpenError> {
    check::deep::<()>(kv).map(|(broken, ())| broken).map_err(|error| match error {
        CheckError::Newer(row) => OpenError::Newer(row),
        CheckError::Kv(error) => OpenError::Kv(error),
    })
}

fn unreadable(error: SegmentError) -> OpenError {
    match error {
        SegmentError::File { path, error } => OpenError::Files { path, error },
        other => OpenError::Failed(other.to_string()),
    }
}

fn unusable(error: ExportError) -> OpenError {
    match error {
        ExportError::File { path, error } => OpenError::Files { path, error },
        damaged @ ExportError::Damaged { .. } => OpenError::Unsound(damaged.to_string()),
        ExportError::Kv(error) => OpenError::Kv(error),
    }
}
