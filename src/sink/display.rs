//! Draws a table on a terminal and redraws it in place.
//!
//! Between two frames the terminal is in its normal state: the cursor is visible at the beginning of the line below the
//! table, and no mode is changed. So nothing needs to be restored, however the program ends, and other output appears
//! below. Each frame is one write; terminals with synchronized updates show it at once.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use console::{measure_text_width, truncate_str};

/// Draws lines over the ones drawn before.
pub struct Display {
    out: Box<dyn Write + Send>,
    size: Box<dyn Fn() -> Option<Size> + Send>,
    /// The width of each line on the screen, from the top.
    drawn: Vec<usize>,
    /// The width of the terminal at that time.
    columns: usize,
    /// The terminal is gone: drawing has no effect.
    is_gone: bool,
}

/// The size of a terminal, in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Cells per line.
    pub columns: usize,
    /// Number of lines.
    pub rows: usize,
}

/// Terminal control sequences.
const BEGIN: &str = "\x1b[?2026h\x1b[?25l"; // nothing is shown before the end; no cursor
const END: &str = "\x1b[?25h\x1b[?2026l";
const CLEAR_LINE: &str = "\x1b[K"; // from the cursor on
const CLEAR_BELOW: &str = "\x1b[J";
const PLAIN: &str = "\x1b[0m";

impl Display {
    /// Makes a display that writes to `out`. `size` returns the size of the terminal, or `None` if the display must not
    /// write now.
    pub fn new(out: Box<dyn Write + Send>, size: Box<dyn Fn() -> Option<Size> + Send>) -> Display {
        Display { out, size, drawn: Vec::new(), columns: 0, is_gone: false }
    }

    /// Makes a display on a terminal.
    pub fn on(terminal: File) -> io::Result<Display> {
        let asked = terminal.try_clone()?;
        Ok(Display::new(Box::new(terminal), Box::new(move || size_in_foreground(&asked))))
    }

    /// Returns the size of the terminal, or `None` while we are a background job and must not draw.
    pub fn size(&self) -> Option<Size> {
        let size = (!self.is_gone).then(|| (self.size)()).flatten();
        size.filter(|size| size.rows > 1 && size.columns > 0)
    }

    /// Draws lines over the ones drawn before and omits those that do not fit into `size`. A failed write is ignored:
    /// no one can see the terminal.
    pub fn draw<'l>(&mut self, lines: impl Iterator<Item = &'l str>, size: Size) {
        let mut frame = String::from(BEGIN);
        self.go_up(size, &mut frame);
        self.drawn.clear();
        for line in lines.take(size.rows - 1) {
            let line = truncate_str(line, size.columns, "");
            let width = measure_text_width(&line);
            frame.push_str(&line);
            if line.contains('\x1b') {
                frame.push_str(PLAIN);
            }
            if width < size.columns {
                frame.push_str(CLEAR_LINE); // in the last column this would erase a character
            }
            frame.push('\n');
            self.drawn.push(width);
        }
        self.columns = size.columns;
        frame.push_str(CLEAR_BELOW);
        frame.push_str(END);
        self.write(&frame);
    }

    /// Erases the table before other output is written.
    pub fn erase(&mut self) {
        if self.drawn.is_empty() {
            return;
        }
        let size = self.size().unwrap_or(Size { columns: self.columns, rows: self.drawn.len() + 1 });
        let mut frame = String::from(BEGIN);
        self.go_up(size, &mut frame);
        frame.push_str(CLEAR_BELOW);
        frame.push_str(END);
        self.drawn.clear();
        self.write(&frame);
    }

    /// Leaves the drawn lines where they are, because other output follows them.
    pub fn leave(&mut self) {
        self.drawn.clear();
    }

    /// Moves to the first drawn line. If the terminal has become narrower, it has wrapped the lines that no longer fit.
    fn go_up(&self, size: Size, frame: &mut String) {
        let rows = |width: &usize| width.div_ceil(size.columns).max(1);
        let up: usize = self.drawn.iter().map(rows).sum();
        frame.push('\r');
        if up > 0 {
            frame.push_str(&format!("\x1b[{}A", up.min(size.rows - 1)));
        }
    }

    fn write(&mut self, frame: &str) {
        if self.is_gone {
            return;
        }
        let written = self.out.write_all(frame.as_bytes());
        self.is_gone = written.and_then(|()| self.out.flush()).is_err();
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.erase();
    }
}

impl std::fmt::Debug for Display {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Display")
    }
}

/// Returns the size of a terminal, or `None` if this process is a background job.
fn size_in_foreground(terminal: &File) -> Option<Size> {
    let foreground = rustix::termios::tcgetpgrp(terminal.as_fd());
    if foreground.is_ok_and(|group| group != rustix::process::getpgrp()) {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(terminal.as_fd()).ok()?;
    Some(Size { columns: usize::from(size.ws_col), rows: usize::from(size.ws_row) })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Collects what was written.
    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl Screen {
        fn take(&self) -> String {
            let written = std::mem::take(&mut *self.0.lock().expect("no thread panics"));
            let text = String::from_utf8(written).expect("text");
            text.replace(BEGIN, "<").replace(END, ">")
        }
    }

    impl Write for Screen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no thread panics").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn display() -> (Display, Screen) {
        let screen = Screen::default();
        let out = Box::new(screen.clone());
        (Display::new(out, Box::new(|| Some(size(8, 4)))), screen)
    }

    fn size(columns: usize, rows: usize) -> Size {
        Size { columns, rows }
    }

    #[test]
    fn a_frame_is_drawn_over_the_one_before() {
        let (mut display, screen) = display();
        display.draw(["a", "b"].into_iter(), size(8, 4));
        assert_eq!(screen.take(), "<\ra\x1b[K\nb\x1b[K\n\x1b[J>");
        display.draw(["c"].into_iter(), size(8, 4));
        assert_eq!(screen.take(), "<\r\x1b[2Ac\x1b[K\n\x1b[J>");
        display.erase();
        assert_eq!(screen.take(), "<\r\x1b[1A\x1b[J>");
        display.erase();
        assert_eq!(screen.take(), "");
        display.draw(["d"].into_iter(), size(8, 4));
        display.leave();
        screen.take();
        drop(display);
        assert_eq!(screen.take(), "");
    }

    #[test]
    fn a_frame_fits() {
        let (mut display, screen) = display();
        let lines = ["\x1b[1mabcdefghij\x1b[0m", "日本語です", "c", "d"];
        display.draw(lines.into_iter(), size(8, 4));
        let drawn = "<\r\x1b[1mabcdefgh\x1b[0m\n日本語で\nc\x1b[K\n\x1b[J>";
        assert_eq!(screen.take().replace("\x1b[0m\x1b[0m", "\x1b[0m"), drawn);
        // Half as wide: the terminal has broken the first two lines.
        display.draw(["e"].into_iter(), size(4, 9));
        assert_eq!(screen.take(), "<\r\x1b[5Ae\x1b[K\n\x1b[J>");
    }
}
