//! An engine and its fate: after the first failure, every later call gets the same answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jiff::civil::Date;

use crate::model::Event;
use crate::seam::kv::Rows;
use crate::seam::{Batch, Kv, KvError};

use super::image::Image;
use super::segments::{Filed, Filing, Old, Segment, SegmentError, Segments};
use super::{record, trees};

pub(super) struct Core {
    /// `None` once closed.
    kv: Option<Box<dyn Kv>>,
    fate: Option<KvError>,
    /// The journal's older days, where they are kept in files.
    segments: Option<Segments>,
    /// What is read as it was, as long as somebody goes on reading it.
    image: Weak<Mutex<Image>>,
}

impl Core {
    pub(super) fn new(kv: Box<dyn Kv>, segments: Option<Segments>) -> Self {
        Self { kv: Some(kv), fate: None, segments, image: Weak::new() }
    }

    /// Runs something with the engine, unless it has failed or was closed before.
    pub(super) fn with<T>(&mut self, work: impl FnOnce(&mut dyn Kv) -> Result<T, KvError>) -> Result<T, KvError> {
        if let Some(fate) = &self.fate {
            return Err(fate.clone());
        }
        let Some(kv) = &mut self.kv else { return Err(closed()) };
        let answer = work(kv.as_mut());
        match &answer {
            // A wrong name is the caller's mistake and says nothing about the disk.
            Ok(_) | Err(KvError::NoSuchTree(_)) => {}
            Err(error @ KvError::Failed(_)) => self.fate = Some(error.clone()),
        }
        answer
    }

    pub(super) fn commit(&mut self, batch: &Batch) -> Result<(), KvError> {
        let image = self.image.upgrade();
        self.with(|kv| {
            if let Some(image) = image {
                locked(&image).changes(kv, batch)?;
            }
            kv.apply(batch)?;
            kv.flush()
        })
    }

    pub(super) fn get(&mut self, tree: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        self.with(|kv| kv.get(tree, key))
    }

    pub(super) fn scan(
        &mut self,
        tree: &'static str,
        prefix: &[u8],
        from: Option<&[u8]>,
        limit: usize,
    ) -> Result<Rows, KvError> {
        self.with(|kv| kv.scan(tree, prefix, from, limit))
    }

    /// Commits a mark, and from then on what is in the store can be read as it is now, whatever others write; the image before
    /// is given up. With the names of the files of older days.
    pub(super) fn begin_image(&mut self, mark: &Batch) -> Result<(Arc<Mutex<Image>>, Vec<String>), KvError> {
        self.commit(mark)?;
        let days = self.segments.iter().flat_map(|segments| segments.all()).filter_map(Segment::name);
        let image = Arc::new(Mutex::new(Image::default()));
        self.image = Arc::downgrade(&image);
        Ok((image, days.map(str::to_owned).collect()))
    }

    /// Looks at so many rows more; see [`Image::some`].
    pub(super) fn image_some(
        &mut self,
        image: &Mutex<Image>,
        rows: usize,
    ) -> Result<Option<(&'static str, Rows)>, KvError> {
        self.with(|kv| locked(image).some(kv, rows))
    }

    /// What the files reach over and take.
    pub(super) fn filed(&self) -> Option<Filed> {
        let segments = self.segments.as_ref()?;
        let (first, last) = segments.reach().unwrap_or((0, 0));
        Some(Filed { first, last, bytes: segments.bytes(), newest: segments.newest() })
    }

    /// The lines of the journal from one number to another, both included: of the older days from their files, of the others
    /// from the store. What lies in both counts once.
    pub(super) fn journal(&mut self, from: u64, to: u64) -> Result<Vec<Event>, KvError> {
        let filed = self.filed().map_or(0, |filed| filed.last);
        let mut lines = match &mut self.segments {
            Some(segments) if from <= filed => segments.lines(from, to.min(filed)),
            _ => Vec::new(),
        };
        let from = from.max(filed + 1);
        if from <= to {
            let rows = usize::try_from(to - from).unwrap_or(usize::MAX).saturating_add(1);
            let found = self.scan(trees::JOURNAL, b"", Some(&from.to_be_bytes()), rows)?;
            let found = found.iter().filter_map(|(_, bytes)| record::open::<Event>(bytes).ok());
            lines.extend(found.take_while(|event| event.seq <= to));
        }
        Ok(lines)
    }

    /// A step towards the file of the oldest day. Trouble with the file is no trouble with the store.
    pub(super) fn write_some(&mut self, old: Old, lines: usize) -> Result<Filing, SegmentError> {
        let Some(mut segments) = self.segments.take() else { return Ok(Filing::Nothing) };
        let old = Old { from: old.from.max(segments.reach().map_or(0, |(_, last)| last + 1)), ..old };
        let written = self.with(|kv| match segments.write_some(kv, &old, lines) {
            Err(SegmentError::Kv(error)) => Err(error),
            other => Ok(other),
        });
        self.segments = Some(segments);
        written?
    }

    pub(super) fn forget_days(&mut self, day: Date, most: u64) -> Result<usize, SegmentError> {
        self.segments.as_mut().map_or(Ok(0), |segments| segments.forget(day, most))
    }

    /// Flushes and gives the engine back. A second time there is nothing to do.
    pub(super) fn close(&mut self) -> Result<(), KvError> {
        let answer = if self.kv.is_some() { self.with(|kv| kv.flush()) } else { Ok(()) };
        self.kv = None;
        answer
    }
}

fn locked(image: &Mutex<Image>) -> MutexGuard<'_, Image> {
    image.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn closed() -> KvError {
    KvError::Failed("it was closed".to_owned())
}
