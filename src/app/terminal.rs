//! A page in a terminal that is drawn over itself, and leaves the terminal as it was.
//!
//! Escape sequences of ECMA-48 and xterm's other screen, which every terminal of today knows. The keyboard is left alone.

use std::io::{self, IsTerminal, Write};

/// The other screen of a terminal, as long as it lives.
pub(super) struct Terminal(io::Stdout);

impl Terminal {
    /// `None` when standard output is no terminal.
    pub(super) fn enter() -> io::Result<Option<Self>> {
        if !io::stdout().is_terminal() {
            return Ok(None);
        }
        let mut terminal = Self(io::stdout());
        terminal.write(ENTER)?;
        Ok(Some(terminal))
    }

    /// Columns and lines, as they are now.
    pub(super) fn size(&self) -> (usize, usize) {
        let size = rustix::termios::tcgetwinsize(&self.0);
        let size = size.map_or((0, 0), |size| (size.ws_col.into(), size.ws_row.into()));
        // A serial line does not tell.
        if size.0 == 0 || size.1 == 0 { TYPICAL } else { size }
    }

    /// Shows `lines`, which fit.
    pub(super) fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        self.write(&frame(lines))
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes())?;
        self.0.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that is gone needs no order.
        let _ = self.write(LEAVE);
    }
}

/// What draws `lines` over what was there. After the last line no other begins: a full page would roll up.
fn frame(lines: &[String]) -> String {
    let cleared: Vec<_> = lines.iter().map(|line| format!("{line}{CLEAR_LINE}")).collect();
    format!("{HOME}{}{CLEAR_BELOW}", cleared.join("\r\n"))
}

/// The other screen, and no cursor.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l";
/// The cursor, and the screen of before.
const LEAVE: &str = "\u{1b}[?25h\u{1b}[?1049l";
const HOME: &str = "\u{1b}[H";
/// Empties the rest of the line.
const CLEAR_LINE: &str = "\u{1b}[K";
/// Empties the lines below.
const CLEAR_BELOW: &str = "\u{1b}[J";
/// Columns and lines of a terminal that does not tell.
const TYPICAL: (usize, usize) = (80, 24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_drawn_over_the_one_before_and_does_not_roll() {
        let lines = ["one".to_owned(), "two".to_owned()];
        assert_eq!(frame(&lines), "\u{1b}[Hone\u{1b}[K\r\ntwo\u{1b}[K\u{1b}[J");
    }
}
