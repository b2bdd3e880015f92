//! Lines of GPIO chips, by the kernel's character device (`/dev/gpiochipN`, Linux 5.10).
//!
//! [`Output`] is a line that the box drives, [`Input`] one that it waits for. A line is found by its name among all chips,
//! letter case does not matter, or by its chip and place ([`Line`]). Bias follows from what a switch needs to be read; a
//! chip that has none leaves it out. Debouncing is the kernel's: it does so with a timer where a chip cannot.
//!
//! A line belongs to who has asked for it, until that is dropped or the process ends, however it does. What its pin does
//! then is up to the chip's driver.

use core::fmt;
use core::task::{Context, Poll};
use core::time::Duration;
use std::path::{Path, PathBuf};

use gpiocdev::line::{Bias, EdgeDetection, Value};
use gpiocdev::request::Builder;
use gpiocdev::{Chip, Request};
use nix::errno::Errno;

use crate::config::Line;
use crate::net::Watched;

/// A line that is on or off: high or low.
#[derive(Debug)]
pub struct Output {
    request: Request,
}

impl Output {
    /// Takes `line`, off.
    ///
    /// # Errors
    ///
    /// See [`LineError`].
    pub fn open(line: &Line) -> Result<Self, LineError> {
        let request = take(line, |builder| builder.as_output(Value::Inactive))?;
        Ok(Self { request })
    }

    /// Switches it.
    ///
    /// # Errors
    ///
    /// When the chip is gone, or does not answer.
    pub fn set(&self, is_on: bool) -> Result<(), LineError> {
        let value = if is_on { Value::Active } else { Value::Inactive };
        self.request.set_lone_value(value).map_err(|error| LineError::of(errno(&error)))
    }
}

/// A line with a switch.
#[derive(Debug)]
pub struct Input {
    request: Watched<Request>,
}

impl Input {
    /// Takes `line`, which is high while the switch is closed if `is_high` says so, and counts when it has been so for
    /// `debounce`.
    ///
    /// # Errors
    ///
    /// See [`LineError`].
    pub fn open(line: &Line, is_high: bool, debounce: Duration) -> Result<Self, LineError> {
        let request = take(line, |builder| {
            let builder = builder.as_input().with_edge_detection(EdgeDetection::RisingEdge);
            if is_high {
                builder.as_active_high().with_bias(Bias::PullDown);
            } else {
                builder.as_active_low().with_bias(Bias::PullUp);
            }
            if debounce.is_zero() { builder } else { builder.with_debounce_period(debounce) }
        })?;
        Ok(Self { request: Watched::new(request) })
    }

    /// Ready once for each time that the switch is closed; several that were not waited for count as one.
    ///
    /// # Errors
    ///
    /// When the chip is gone.
    pub fn poll_closed(&self, context: &mut Context<'_>) -> Poll<Result<(), LineError>> {
        loop {
            match self.request.poll_readable(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(LineError::of(error.raw_os_error()))),
                Poll::Pending => return Poll::Pending,
            }
            match self.drain() {
                Ok(false) => {}
                outcome => {
                    return Poll::Ready(outcome.map(drop).map_err(|error| LineError::of(errno(&error))));
                }
            }
        }
    }

    /// Whether there was any.
    fn drain(&self) -> Result<bool, gpiocdev::Error> {
        let request = self.request.io();
        for count in 0..EDGES {
            // Reading waits where there is nothing to read.
            if !request.has_edge_event()? {
                return Ok(count > 0);
            }
            request.read_edge_event()?;
        }
        Ok(true)
    }
}

/// Why a line cannot be had. It prints with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineError {
    /// The machine has no lines, or not yet.
    NoChip,
    /// It has no such chip.
    UnknownChip {
        /// Its name.
        chip: String,
    },
    /// No chip has such a line.
    UnknownLine {
        /// The line.
        line: String,
    },
    /// The program may not open the chip.
    Forbidden {
        /// Its file.
        chip: PathBuf,
    },
    /// Something else has it: another program, or a driver.
    Taken {
        /// What; empty where it does not say.
        owner: String,
    },
    /// The kernel refuses: the chip is gone, or cannot do what is asked.
    Refused(Errno),
}

impl LineError {
    fn of(number: Option<i32>) -> Self {
        Self::Refused(number.map_or(Errno::UnknownErrno, Errno::from_raw))
    }
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoChip => f.write_str("this machine has no GPIO lines (/dev/gpiochip0)"),
            Self::UnknownChip { chip } => {
                write!(f, "there is no GPIO chip {}: gpioinfo shows which there are", chip.escape_debug())
            }
            Self::UnknownLine { line } => {
                write!(f, "no GPIO chip has a line {}: gpioinfo shows which there are", line.escape_debug())
            }
            Self::Forbidden { chip } => {
                write!(
                    f,
                    "{} may not be opened: expected the user of the box in its group, gpio",
                    chip.display()
                )
            }
            Self::Taken { owner } if owner.is_empty() => {
                f.write_str("something else has the line: expected one that is free")
            }
            Self::Taken { owner } => {
                write!(f, "{} has the line: expected one that is free", owner.escape_debug())
            }
            Self::Refused(error) => write!(f, "the GPIO chip refuses: {}", error.desc()),
        }
    }
}

impl std::error::Error for LineError {}

/// Where a line is.
struct Found {
    chip: PathBuf,
    offset: u32,
    /// Who has it.
    owner: Option<String>,
}

fn take(line: &Line, shape: impl FnOnce(&mut Builder) -> &mut Builder) -> Result<Request, LineError> {
    let Found { chip, offset, owner } = find(line)?;
    let mut builder = Request::builder();
    shape(builder.on_chip(&chip).with_consumer(CONSUMER).with_line(offset));
    builder.request().map_err(|error| match (errno(&error), owner) {
        (Some(libc::EBUSY), owner) => LineError::Taken { owner: owner.unwrap_or_default() },
        (Some(libc::EACCES | libc::EPERM), _) => LineError::Forbidden { chip },
        (number, _) => LineError::of(number),
    })
}

/// The first line that is called so.
fn find(line: &Line) -> Result<Found, LineError> {
    let chips = chips();
    let mut forbidden = None;
    for path in &chips {
        let chip = match Chip::from_path(path) {
            Ok(chip) => chip,
            Err(error) if errno(&error) == Some(libc::EACCES) => {
                forbidden = forbidden.or(Some(path.clone()));
                continue;
            }
            // It has gone in the meantime, or is none.
            Err(_) => continue,
        };
        if let Some(found) = on_chip(&chip, line)? {
            return Ok(found);
        }
    }
    Err(match (forbidden, line) {
        _ if chips.is_empty() => LineError::NoChip,
        (Some(chip), _) => LineError::Forbidden { chip },
        (None, Line::Named(name)) => LineError::UnknownLine { line: name.clone() },
        (None, Line::Placed { chip, .. }) => LineError::UnknownChip { chip: chip.clone() },
    })
}

fn on_chip(chip: &Chip, line: &Line) -> Result<Option<Found>, LineError> {
    let info = match line {
        Line::Named(name) => {
            let infos = chip.line_info_iter().into_iter().flatten();
            infos.filter_map(Result::ok).find(|info| info.name.eq_ignore_ascii_case(name))
        }
        Line::Placed { chip: wanted, offset } => {
            let label = chip.info().map(|info| info.label).unwrap_or_default();
            if ![chip.name(), label].iter().any(|name| name.eq_ignore_ascii_case(wanted)) {
                return Ok(None);
            }
            let info = chip.line_info(*offset);
            Some(info.map_err(|_| LineError::UnknownLine { line: line.to_string() })?)
        }
    };
    Ok(info.map(|info| Found {
        chip: chip.path().to_owned(),
        offset: info.offset,
        owner: Some(info.consumer).filter(|_| info.used),
    }))
}

/// The files of all chips, in the order of their numbers.
fn chips() -> Vec<PathBuf> {
    let is_chip = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_prefix("gpiochip").is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let entries = std::fs::read_dir("/dev").into_iter().flatten();
    let mut chips: Vec<_> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| is_chip(path)).collect();
    chips.sort_by(|one, other| gpiocdev::chip::path_compare(one, other));
    chips
}

fn errno(error: &gpiocdev::Error) -> Option<i32> {
    match error {
        gpiocdev::Error::Os(errno) | gpiocdev::Error::Uapi(_, gpiocdev_uapi::Error::Os(errno)) => {
            Some(errno.0)
        }
        _ => None,
    }
}

/// How the lines of the box are marked, for gpioinfo(1).
const CONSUMER: &str = "paging";
/// Edges read in one go: what the kernel keeps of one line.
const EDGES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// Where these tests run there may be chips or none, with rights or without: a line of no chip is never had.
    #[test]
    fn a_line_that_is_nowhere_is_told_with_what_to_do() {
        for line in [
            Line::Named("no such line".to_owned()),
            Line::Placed { chip: "no such chip".to_owned(), offset: 1 },
        ] {
            let error = Output::open(&line).unwrap_err();
            assert!(!matches!(error, LineError::Taken { .. } | LineError::Refused(_)), "{error}");
            assert_eq!(Input::open(&line, false, Duration::ZERO).unwrap_err(), error);
        }
    }

    #[test]
    fn errors_print_as_sentences() {
        let (line, chip) = ("GPIO99".to_owned(), "x\u{7}".to_owned());
        for (error, expected) in [
            (
                LineError::UnknownLine { line },
                "no GPIO chip has a line GPIO99: gpioinfo shows which there are",
            ),
            (
                LineError::UnknownChip { chip },
                "there is no GPIO chip x\\u{7}: gpioinfo shows which there are",
            ),
            (
                LineError::Taken { owner: "spi0 CS1".to_owned() },
                "spi0 CS1 has the line: expected one that is free",
            ),
            (LineError::of(Some(libc::ENODEV)), "the GPIO chip refuses: No such device"),
        ] {
            assert_eq!(error.to_string(), expected);
        }
    }
}
