//! The file of an export, as it is written.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::seam::KvError;

use super::export::{self, ExportError, FORMAT, Line, Row, file_error};
use super::files::{self, Temporary};
use super::lines;

/// What one is called until it is whole.
pub(super) const TEMPORARY: &str = ".export.tmp";

/// A file that is begun and no export yet.
#[derive(Debug)]
pub struct Exporting {
    dir: PathBuf,
    temporary: Temporary,
    target: PathBuf,
    out: BufWriter<File>,
    rows: u64,
    number: u64,
}

impl Exporting {
    /// Begins one in `dir`, which is made if need be. `at` names it, and it names the files of older days that lie beside
    /// the store. Its number is above that one and all in the folder. One alone is written into a folder.
    ///
    /// # Errors
    /// [`ExportError::File`] when the folder cannot be made or written to.
    pub fn begin(dir: &Path, at: Timestamp, above: u64, days: Vec<String>) -> Result<Self, ExportError> {
        files::new_dir(dir).map_err(file_error(dir))?;
        let number = export::newest(dir).map_err(file_error(dir))?.max(above) + 1;
        let temporary = Temporary::at(dir.join(TEMPORARY));
        let target = dir.join(export::file_name(at));
        let out = BufWriter::new(files::private_file(temporary.path()).map_err(file_error(temporary.path()))?);
        let mut export = Self { dir: dir.to_owned(), temporary, target, out, rows: 0, number };
        export.line(&Line::Export { format: FORMAT, at, number, days })?;
        Ok(export)
    }

    /// Which one of its folder it is.
    pub fn number(&self) -> u64 {
        self.number
    }

    fn line(&mut self, line: &Line) -> Result<(), ExportError> {
        let text = serde_json::to_string(line).map_err(|error| KvError::Failed(error.to_string()))?;
        let line = lines::framed(&text).ok_or_else(|| KvError::Failed("a row is no object".to_owned()))?;
        writeln!(self.out, "{line}").map_err(file_error(self.temporary.path()))
    }

    /// Writes a row.
    ///
    /// # Errors
    /// [`ExportError::File`] when it cannot be written.
    pub fn row(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<(), ExportError> {
        self.rows += 1;
        self.line(&Line::Row(Row::of(tree, key, value)))
    }

    /// All rows are written: the end too, durably, and the file gets its name, which this gives.
    ///
    /// # Errors
    /// [`ExportError::File`] when it cannot be written; the file is then no export.
    pub fn end(mut self) -> Result<PathBuf, ExportError> {
        self.line(&Line::End { rows: self.rows })?;
        let Self { dir, temporary, target, out, .. } = self;
        let file = out.into_inner().map_err(|error| file_error(temporary.path())(error.into_error()))?;
        file.sync_all().map_err(file_error(temporary.path()))?;
        temporary.become_file(&target).map_err(file_error(&target))?;
        files::sync_dir(&dir).map_err(file_error(&dir))?;
        Ok(target)
    }
}
