//! One write a frame, by a thread that may wait for a slow line while the loop goes on. Only one frame is out at a
//! time: a frame is a difference to the one before, so none may be dropped once it was drawn.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use tokio::sync::mpsc;

use super::session::Session;
use super::slim::slim;
use crate::control::Mode;
use crate::tui::model::{Model, text};
use crate::tui::view::view;

/// Begin and end of a synchronised update; terminals that do not know it ignore it.
const SYNC: (&[u8], &[u8]) = (b"\x1b[?2026h", b"\x1b[?2026l");

/// Collects what a frame writes; flushing does nothing.
#[derive(Debug, Clone, Default)]
struct FrameBuf(Arc<Mutex<Vec<u8>>>);

impl FrameBuf {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for FrameBuf {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Plain style, and every cell blank: what a terminal of ours believes it starts from.
const WIPE: &[u8] = b"\x1b[0m\x1b[2J";

/// Bytes that move the terminal's cursor to a cell.
fn moving((x, y): (u16, u16)) -> usize {
    let digits = |n: u16| (n + 1).to_string().len();
    "\x1b[;H".len() + digits(x) + digits(y)
}

/// What has to be sent, and of what stands there already as much as is shorter than to skip it: between two words that change
/// there is often a space that does not.
fn bridged<'b>(changed: Vec<(u16, u16, &'b Cell)>, now: &'b Buffer) -> Vec<(u16, u16, &'b Cell)> {
    let style = |cell: &Cell| (cell.fg, cell.bg, cell.modifier);
    let narrow = |cell: &Cell| text::width(cell.symbol()) == 1;
    let mut sent: Vec<(u16, u16, &Cell)> = Vec::with_capacity(changed.len());
    for (x, y, cell) in changed {
        if let Some((left, row, last)) = sent.last().copied()
            && row == y
            && narrow(last)
            && (left + 2..left + 10).contains(&x)
        {
            let gap: Vec<(u16, u16, &Cell)> =
                (left + 1..x).filter_map(|between| Some((between, y, now.cell((between, y))?))).collect();
            let bytes: usize = gap.iter().map(|(.., cell)| cell.symbol().len()).sum();
            // A style of its own would have to be sent, too.
            let like = |one: &Cell| gap.iter().all(|(.., cell)| style(cell) == style(one));
            if bytes < moving((x, y)) && gap.iter().all(|(.., cell)| narrow(cell)) && (like(last) || like(cell)) {
                sent.extend(gap);
            }
        }
        sent.push((x, y, cell));
    }
    sent
}

/// Cells of a terminal's title.
const TITLE: usize = 60;

/// Which workspace this is, for whoever has several terminals open. It is written outside the cells, so that no control may be
/// left in it.
fn title(model: &Model) -> String {
    let Some(snapshot) = &model.snapshot else { return String::new() };
    let name = match (snapshot.mode, snapshot.workspace.as_str()) {
        (Mode::Demo, _) => "demo",
        (Mode::Live, name) => name,
    };
    let title = if name.is_empty() { "crosstie".to_owned() } else { format!("{name} - crosstie") };
    let title = text::fit(&text::one_line(&title, " "), TITLE, model.theme.glyphs.ellipsis);
    title.chars().filter(|c| !c.is_control()).collect()
}

/// Turns models into bytes: each frame holds only what changed since the one before.
#[derive(Debug)]
pub struct Screen {
    backend: CrosstermBackend<FrameBuf>,
    buffer: FrameBuf,
    size: (u16, u16),
    extra: Vec<u8>,
    /// What stands in the terminal's own title, if anything does.
    titled: String,
    /// What the terminal shows, and where its caret is; `None` if it must be drawn from nothing.
    shown: Option<(Buffer, Option<(u16, u16)>)>,
}

impl Screen {
    /// A screen of this size, of which nothing has been drawn.
    ///
    /// # Errors
    /// Never in practice: nothing is written to a terminal here.
    pub fn new(size: (u16, u16)) -> io::Result<Self> {
        let buffer = FrameBuf::default();
        let backend = CrosstermBackend::new(buffer.clone());
        Ok(Self { backend, buffer, size, extra: Vec::new(), titled: String::new(), shown: None })
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// The next frame is drawn from nothing. ratatui's `Terminal::clear` would ask the terminal where its cursor is, and its
    /// `resize` would send a blank for every cell: as much again as the whole frame.
    ///
    /// # Errors
    /// Never in practice.
    pub fn repaint(&mut self) -> io::Result<()> {
        self.shown = None;
        // Whoever had the terminal meanwhile may have named it.
        self.titled.clear();
        if !self.extra.starts_with(WIPE) {
            self.extra.splice(0..0, WIPE.iter().copied());
        }
        Ok(())
    }

    /// Puts text into the operator's clipboard with the next frame (OSC 52, write only).
    ///
    /// # Errors
    /// Never in practice.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let command = crossterm::clipboard::CopyToClipboard::to_clipboard_from(text);
        crossterm::queue!(self.extra, command)
    }

    /// Draws a model; returns the bytes of the whole frame, or nothing if it looks as what is shown: even a frame
    /// without a change would be 25 bytes, and an idle dashboard sends none.
    ///
    /// # Errors
    /// Never in practice.
    pub fn frame(&mut self, model: &Model) -> io::Result<Option<Vec<u8>>> {
        if self.size != model.size {
            self.size = model.size;
            self.repaint()?;
        }
        let title = title(model);
        if title != self.titled {
            self.extra.extend_from_slice(format!("\x1b]2;{title}\x07").as_bytes());
            self.titled = title;
        }
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        let caret = view(model, &mut buffer);
        let drawn = (buffer, caret);
        if self.shown.as_ref() == Some(&drawn) && self.extra.is_empty() {
            return Ok(None);
        }
        let nothing = Buffer::empty(drawn.0.area);
        let (before, was) = self.shown.as_ref().map_or((&nothing, None), |(buffer, caret)| (buffer, Some(*caret)));
        self.backend.draw(bridged(before.diff(&drawn.0), &drawn.0).into_iter())?;
        match caret {
            Some((x, y)) => {
                self.backend.show_cursor()?;
                self.backend.set_cursor_position(Position { x, y })?;
            }
            None if was != Some(None) => self.backend.hide_cursor()?,
            None => {}
        }
        self.shown = Some(drawn);
        let mut bytes = SYNC.0.to_vec();
        bytes.append(&mut self.extra);
        bytes.extend(slim(&self.buffer.take()));
        bytes.extend(SYNC.1);
        Ok(Some(bytes))
    }
}

/// The terminal, as long as it is ours.
struct Tty(std::fs::File);

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if Session::is_active() { self.0.write(bytes) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The thread that writes.
#[derive(Debug)]
pub struct Writer {
    frames: std::sync::mpsc::SyncSender<Vec<u8>>,
    done: mpsc::UnboundedReceiver<io::Result<()>>,
    /// A frame is out.
    pub busy: bool,
}

impl Writer {
    /// Starts it.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn new(mut out: impl Write + Send + 'static) -> io::Result<Self> {
        let (frames, queue) = std::sync::mpsc::sync_channel::<Vec<u8>>(1);
        let (tell, done) = mpsc::unbounded_channel();
        std::thread::Builder::new().name("crosstie-frames".to_owned()).spawn(move || {
            while let Ok(frame) = queue.recv() {
                let result = out.write_all(&frame).and_then(|()| out.flush());
                let failed = result.is_err();
                if tell.send(result).is_err() || failed {
                    break;
                }
            }
        })?;
        Ok(Self { frames, done, busy: false })
    }

    /// Standard output, unbuffered: one `write` a frame.
    ///
    /// # Errors
    /// If there is no standard output.
    pub fn stdout() -> io::Result<Self> {
        Self::new(Tty(std::fs::File::from(rustix::io::dup(rustix::stdio::stdout())?)))
    }

    /// Sends a frame; call only while none is out.
    ///
    /// # Errors
    /// If the thread has ended: the terminal is gone.
    pub fn send(&mut self, frame: Vec<u8>) -> io::Result<()> {
        self.busy = true;
        self.frames.try_send(frame).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Comes back when the frame that is out was written. Safe to drop and call again.
    ///
    /// # Errors
    /// What the write said: the terminal is gone.
    pub async fn written(&mut self) -> io::Result<()> {
        let result = self.done.recv().await.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()));
        self.busy = false;
        result
    }
}
